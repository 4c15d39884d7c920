// The one list of back-ends.
#include "runtime/backends.h"

#include <algorithm>

#include "backend/cpu/cpu.h"
#ifdef MINNOW_OPENCL
#include "backend/cl/cl.h"
#endif
#include "backend/reference/reference.h"
#include "base/fail.h"
#include "base/guarded.h"

namespace minnow {
namespace {

/// In the order in which an error lists them.
backend::BackendList named() {
  return {
#ifdef MINNOW_OPENCL
      &backend::clBackend(),
#endif
      &backend::cpuBackend(),
  };
}

Result<const backend::Backend*> find(const std::string& name) {
  const backend::BackendList all = named();
  const auto found =
      std::ranges::find_if(all, [&](const backend::Backend* one) { return name == one->name(); });
  if (found != all.end()) return *found;
  std::string known;
  for (const backend::Backend* one : all) known += text(known.empty() ? "" : ", ", one->name());
  return fail(ErrorCode::InvalidArgument, "there is no back-end '", name,
              "'; this build has: ", known);
}

}  // namespace

std::vector<BackendInfo> backendsHere() {
  return guarded("the list of back-ends",
                 []() -> Result<std::vector<BackendInfo>> {
                   std::vector<BackendInfo> all;
                   for (const backend::Backend* one : named()) {
                     const auto device = one->device();
                     all.push_back({one->name(), device.value_or(std::string()),
                                    device ? std::string() : device.error().message});
                   }
                   return all;
                 })
      .value_or(std::vector<BackendInfo>());
}

backend::BackendList backends(bool fast) {
  if (!fast) return {&backend::referenceBackend()};
  return {&backend::cpuBackend(), &backend::referenceBackend()};
}

Result<backend::BackendList> backendsFor(const SessionOptions& options) {
  backend::BackendList list;
  const auto take = [&](const std::string& name) -> Result<void> {
    const auto one = find(name);
    if (!one) return std::unexpected(one.error());
    const bool behind = !list.empty() && list.back() == &backend::cpuBackend();
    if (!behind && std::ranges::find(list, *one) == list.end()) list.push_back(*one);
    return {};
  };
  if (auto ok = take(options.backend); !ok) return std::unexpected(ok.error());
  for (const std::string& name : options.backups)
    if (auto ok = take(name); !ok) return std::unexpected(ok.error());
  std::erase(list, &backend::cpuBackend());
  for (const backend::Backend* one : backends(options.fastKernels)) list.push_back(one);
  return list;
}

}  // namespace minnow
