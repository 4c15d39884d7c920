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
#include "minnow/device.h"

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

Result<ClDevice> clDevice(const ClDevice& own) {
#ifdef MINNOW_OPENCL
  return guarded("OpenCL", [&] { return backend::openClDevice(own); });
#else
  (void)own;
  return fail(ErrorCode::Unsupported,
              "this build has no OpenCL; -DMINNOW_OPENCL=ON builds with it");
#endif
}

Result<GlDevice> glDevice() {
#ifdef MINNOW_OPENGL
  return guarded("OpenGL ES", [] { return backend::openGlDevice(); });
#else
  return fail(ErrorCode::Unsupported,
              "this build has no OpenGL ES; -DMINNOW_OPENGL=ON builds with it");
#endif
}

backend::BackendList backends(bool fast) {
  if (!fast) return {&backend::referenceBackend()};
  return {&backend::cpuBackend(), &backend::referenceBackend()};
}

Result<const backend::Backend*> firstBackend(std::string_view name, std::string_view backups,
                                             std::string_view kernelCache) {
  for (const auto one : kNamed) one().keepIn(kernelCache, text("minnow ", version()));
  const backend::Backend* first = find(name);
  if (first == nullptr) return unknown(name);
  const backend::Backend* there = isHere(*first) ? first : nullptr;
  for (std::string_view rest = backups; !rest.empty();) {
    const size_t end = std::min(rest.find(','), rest.size());
    const backend::Backend* next = find(rest.substr(0, end));
    if (next == nullptr) return unknown(rest.substr(0, end));
    if (next->memory() == nullptr) next = first;  // on the CPU: which says why it is not there
    if (there == nullptr && (next == first || isHere(*next))) there = next;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return there != nullptr ? there : first;
}

bool isOnDevice(std::string_view name) {
  return backend::kHasDevices && find(name)->memory() != nullptr;
}

namespace {

/// The name of the first device that is there of those that the session or a path asks for, else of
/// the first; "" where none does.
std::string_view deviceAsked(const SessionOptions& options) {
  std::string_view first;
  const auto take = [&](std::string_view name) {
    if (!isOnDevice(name)) return false;
    if (first.empty() || isHere(*find(name))) first = name;
    return isHere(*find(name));
  };
  if (!take(options.backend)) (void)std::ranges::any_of(options.paths, take, &PathOptions::backend);
  return first;
}

}  // namespace

Result<void> onOneDevice(SessionOptions& options) {
  const std::string device(deviceAsked(options));
  if (isOnDevice(options.backend) && options.backend != device) options.backend = "cpu";
  for (PathOptions& path : options.paths) {
    if (!isOnDevice(path.backend) || path.backend == device) continue;
    if (isHere(*find(path.backend)))
      return fail(ErrorCode::Unsupported,
                  "a session computes on one device, and its paths ask for ", device, " and ",
                  path.backend, "; give them the same one, or the CPU");
    path.backend = "cpu";
  }
  return {};
}

backend::BackendList backendsFor(const SessionOptions& options) {
  backend::BackendList list = backends(options.fastKernels);
  if (const auto device = deviceAsked(options); !device.empty())
    list.insert(list.begin(), find(device));
  return list;
}

}  // namespace minnow
