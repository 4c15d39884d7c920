// The one list of back-ends.
#include "runtime/backends.h"

#include <algorithm>

#include "backend/cpu/cpu.h"
#ifdef MINNOW_OPENCL
#include "backend/cl/cl.h"
#endif
#ifdef MINNOW_OPENGL
#include "backend/gl/gl.h"
#endif
#include "backend/reference/reference.h"
#include "base/fail.h"
#include "base/guarded.h"

namespace minnow {
namespace {

/// In the order in which they are worth trying; the CPU, which supports everything, is the last.
constexpr const backend::Backend& (*kNamed[])() = {
#ifdef MINNOW_OPENCL
    &backend::clBackend,
#endif
#ifdef MINNOW_OPENGL
    &backend::glBackend,
#endif
    &backend::cpuBackend,
};

const backend::Backend* find(std::string_view name) {
  for (const auto one : kNamed)
    if (name == one().name()) return &one();
  return nullptr;
}

bool isHere(const backend::Backend& backend) {
  return *backend.info().missing == '\0' && !backend.hasFailed();
}

std::unexpected<Error> unknown(std::string_view name) {
  std::string known;
  for (const auto one : kNamed) known += text(known.empty() ? "" : ", ", one().name());
  return fail(ErrorCode::InvalidArgument, "there is no back-end '", name,
              "'; this build has: ", known);
}

}  // namespace

std::vector<BackendInfo> backendsHere() {
  return guarded("the list of back-ends",
                 []() -> Result<std::vector<BackendInfo>> {
                   std::vector<BackendInfo> infos;
                   for (const auto one : kNamed) infos.push_back(one().info());
                   return infos;
                 })
      .value_or(std::vector<BackendInfo>());
}

backend::BackendList backends(bool fast) {
  if (!fast) return {&backend::referenceBackend()};
  return {&backend::cpuBackend(), &backend::referenceBackend()};
}

Result<const backend::Backend*> firstBackend(const SessionOptions& options,
                                             std::string_view kernelCache) {
  for (const auto one : kNamed) one().keepIn(kernelCache, text("minnow ", version()));
  const backend::Backend* first = find(options.backend);
  if (first == nullptr) return unknown(options.backend);
  const backend::Backend* there = isHere(*first) ? first : nullptr;
  for (std::string_view rest = options.backups; !rest.empty();) {
    const size_t end = std::min(rest.find(','), rest.size());
    const backend::Backend* next = find(rest.substr(0, end));
    if (next == nullptr) return unknown(rest.substr(0, end));
    if (next->memory() == nullptr) next = first;  // on the CPU: which says why it is not there
    if (there == nullptr && (next == first || isHere(*next))) there = next;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return there != nullptr ? there : first;
}

backend::BackendList backendsFor(const SessionOptions& options) {
  backend::BackendList list = backends(options.fastKernels);
  const backend::Backend* first = find(options.backend);
  if (backend::kHasDevices && first->memory() != nullptr) list.insert(list.begin(), first);
  return list;
}

}  // namespace minnow
