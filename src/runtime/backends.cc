// The one list of back-ends.
#include "runtime/backends.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>

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
#include "memory/arena_pool.h"
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

static_assert(std::size(kNamed) <= memory::kMostDevices + 1, "a frame has a block of each device");

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

namespace {

/// Up to the CPU, each once.
Result<backend::BackendList> named(std::string_view name, std::string_view backups) {
  backend::BackendList list;
  for (bool all = false;;) {
    const backend::Backend* one = find(name);
    if (one == nullptr) return unknown(name);
    if (!all && std::ranges::find(list, one) == list.end()) list.push_back(one);
    all |= one->memory() == nullptr;
    if (backups.empty()) return list;
    name = backups.substr(0, backups.find(','));
    backups.remove_prefix(std::min(name.size() + 1, backups.size()));
  }
}

/// Words that live as long as the process: of lists there are few.
std::string_view kept(std::string words) {
  static std::mutex mutex;
  static std::set<std::string> all;
  const std::lock_guard lock(mutex);
  return *all.insert(std::move(words)).first;
}

}  // namespace

Result<backend::BackendList> backendsAsked(std::string_view name, std::string_view backups,
                                           std::string_view kernelCache) {
  for (const auto one : kNamed) one().keepIn(kernelCache, text("minnow ", version()));
  auto list = named(name, backups);
  if (list && list->front()->memory() != nullptr)
    std::erase_if(*list, [](const auto* one) { return one->memory() == nullptr; });
  return list;
}

std::string_view namesBehind(const backend::BackendList& list) {
  std::string words;
  for (const backend::Backend* one : std::span(list).subspan(1))
    words += text(words.empty() ? "" : ",", one->name());
  return words.empty() ? "" : kept(std::move(words));
}

backend::BackendList devicesNamed(std::string_view first, std::string_view backups) {
  auto list = named(first, backups).value_or(backend::BackendList());
  std::erase_if(list, [](const auto* one) { return one->memory() == nullptr; });
  return list;
}

bool isHere(const backend::Backend& backend) {
  return *backend.info().missing == '\0' && !backend.hasFailed();
}

bool isOnDevice(std::string_view name) {
  return backend::kHasDevices && find(name)->memory() != nullptr;
}

backend::BackendList backendsFor(const SessionOptions& options) {
  backend::BackendList list;
  const auto add = [&](std::string_view first, std::string_view backups) {
    for (const backend::Backend* one : devicesNamed(first, backups))
      if (std::ranges::find(list, one) == list.end()) list.push_back(one);
  };
  add(options.backend, options.backups);
  for (const PathOptions& path : options.paths) add(path.backend, path.backups);
  std::ranges::copy(backends(options.fastKernels), std::back_inserter(list));
  return list;
}

}  // namespace minnow
