// The one list of back-ends.
#include "runtime/backends.h"

#include <algorithm>
#include <array>

#include "backend/cpu/cpu.h"
#ifdef MINNOW_OPENCL
#include "backend/cl/cl.h"
#endif
#include "backend/reference/reference.h"
#include "base/fail.h"

namespace minnow {
namespace {

/// In the order in which they are worth trying; the CPU, which supports everything, is the last.
constexpr const backend::Backend& (*kNamed[])() = {
#ifdef MINNOW_OPENCL
    &backend::clBackend,
#endif
    &backend::cpuBackend,
};

const backend::Backend* find(std::string_view name) {
  for (const auto one : kNamed)
    if (name == one().name()) return &one();
  return nullptr;
}

std::unexpected<Error> unknown(std::string_view name) {
  std::string known;
  for (const auto one : kNamed) known += text(known.empty() ? "" : ", ", one().name());
  return fail(ErrorCode::InvalidArgument, "there is no back-end '", name,
              "'; this build has: ", known);
}

}  // namespace

std::span<const BackendInfo> backendsHere() {
  static const auto all = [] {
    std::array<BackendInfo, std::size(kNamed)> infos;
    std::ranges::transform(kNamed, infos.begin(), [](const auto one) { return one().info(); });
    return infos;
  }();
  return all;
}

backend::BackendList backends(bool fast) {
  if (!fast) return {&backend::referenceBackend()};
  return {&backend::cpuBackend(), &backend::referenceBackend()};
}

Result<const backend::Backend*> firstBackend(std::string_view first, std::string_view backups) {
  const backend::Backend* found = find(first);
  if (found == nullptr) return unknown(first);
  for (std::string_view rest = backups; !rest.empty();) {
    const size_t end = std::min(rest.find(','), rest.size());
    if (find(rest.substr(0, end)) == nullptr) return unknown(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return found;
}

bool isOnDevice(std::string_view name) {
  return backend::kHasDevices && find(name)->memory() != nullptr;
}

namespace {

/// The name of a device that the session or a path asks for, "" where none does.
std::string_view deviceAsked(const SessionOptions& options) {
  if (isOnDevice(options.backend)) return options.backend;
  const auto found = std::ranges::find_if(options.paths, isOnDevice, &PathOptions::backend);
  return found == options.paths.end() ? std::string_view() : found->backend;
}

}  // namespace

Result<void> onOneDevice(const SessionOptions& options) {
  const std::string_view device = deviceAsked(options);
  for (const PathOptions& path : options.paths)
    if (isOnDevice(path.backend) && path.backend != device)
      return fail(ErrorCode::Unsupported,
                  "a session computes on one device, and its paths ask for ", device, " and ",
                  path.backend, "; give them the same one, or the CPU");
  return {};
}

backend::BackendList backendsFor(const SessionOptions& options) {
  backend::BackendList list = backends(options.fastKernels);
  if (const auto device = deviceAsked(options); !device.empty())
    list.insert(list.begin(), find(device));
  return list;
}

}  // namespace minnow
