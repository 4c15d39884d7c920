// The kernels' texts, which are compiled when a program runs.
#include "backend/gpu/device.h"
#include "backend/gpu/sources.h"

namespace minnow::backend::gpu {

std::string_view kernelText(std::string_view file) {
  for (const Source& source : kSources)
    if (file == source.name) return source.text;
  return {};
}

}  // namespace minnow::backend::gpu
