// The kernels' texts, which are compiled when a program runs.
#include "backend/gpu/device.h"
#include "backend/gpu/sources.h"

namespace minnow::backend::gpu {

std::string_view kernelText(std::string_view file) {
  for (const Source& source : kSources)
    if (file == source.name) return source.text;
  return {};
}

std::string definitions(std::string_view options) {
  constexpr std::string_view kDefine = "-D ";
  std::string lines;
  for (size_t at = options.find(kDefine); at != std::string_view::npos;) {
    const size_t next = options.find(kDefine, at + kDefine.size());
    std::string line(options.substr(at + kDefine.size(), next - at - kDefine.size()));
    if (const size_t equals = line.find('='); equals != std::string::npos) line[equals] = ' ';
    lines += "#define " + line + "\n";
    at = next;
  }
  return lines;
}

}  // namespace minnow::backend::gpu
