// Looking for the module.
#include "video.h"

#include <dlfcn.h>

#include <filesystem>

#include "base/fail.h"

namespace minnow::frames {
namespace {

constexpr const char* kModule = "minnow_video.so";

}  // namespace

/// Beside the program, as in a build folder; or where it is installed.
Result<const VideoModule*> videoModule() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place : {folder / kModule, folder / ".." / "lib" / "minnow" / kModule}) {
    if (!fs::exists(place, error)) continue;
    void* module = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) return fail(ErrorCode::Unsupported, "no video: ", dlerror());
    const auto get = reinterpret_cast<const VideoModule* (*)()>(dlsym(module, "minnowVideoModule"));
    if (get == nullptr) return fail(ErrorCode::Unsupported, "no video: ", dlerror());
    return get();
  }
  return fail(
      ErrorCode::Unsupported,
      "this build has no video: install libavdevice-dev, libavformat-dev, libavcodec-dev and "
      "libswscale-dev (scripts/setup.sh video) and configure it anew; there is no ",
      kModule, " in ", folder.string());
}

Result<std::unique_ptr<Reader>> readVideo(const std::string& from, double rate) {
  auto module = videoModule();
  if (!module) return fail(module.error().code, from, ": ", module.error().message);
  return (*module)->read(from, rate);
}

Result<std::unique_ptr<VideoWriter>> writeVideo(const std::string& path, int width, int height,
                                                double rate) {
  auto module = videoModule();
  if (!module) return fail(module.error().code, path, ": ", module.error().message);
  return (*module)->write(path, width, height, rate);
}

}  // namespace minnow::frames
