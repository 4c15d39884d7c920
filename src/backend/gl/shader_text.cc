// Making GLSL of what stands in OpenCL C.
#include "backend/gl/shader_text.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/fail.h"

namespace minnow::backend::gl {
namespace {

using std::string_view;

std::string withoutComments(string_view text) {
  std::string rest;
  while (!text.empty()) {
    const size_t comment = std::min(text.find("//"), text.size());
    rest += text.substr(0, comment);
    text.remove_prefix(std::min(text.find('\n', comment), text.size()));
  }
  return rest;
}

std::vector<std::string> splitAt(char separator, string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else if (!parts.back().empty() || std::isspace(static_cast<unsigned char>(c)) == 0)
      parts.back() += c;
  }
  return parts;
}

/// The members of "int items, taps[3];" and what reads them from the words.
struct Members {
  std::string declared, read;
  int words = 0;

  void add(const std::string& type, const std::string& member) {
    declared += type + " " + member + ";\n";
    addWords(type, member, "");
  }

 private:
  /// `extents`: "name[4][8]"; `index`: what is behind the name so far.
  void addWords(const std::string& type, const std::string& extents, const std::string& index) {
    const size_t bracket = extents.find('[');
    const std::string name = extents.substr(0, bracket);
    if (bracket == std::string::npos) return addWord(type, name + index);
    const size_t next = extents.find('[', bracket + 1);
    const std::string inner = next == std::string::npos ? "" : extents.substr(next);
    for (int i = 0; i < std::atoi(extents.c_str() + bracket + 1); ++i)
      addWords(type, name + inner, text(index, "[", i, "]"));
  }
  void addWord(const std::string& type, const std::string& member) {
    const std::string word = text("words[", words++, "]");
    read +=
        "g." + member + " = " + (type == "float" ? "intBitsToFloat(" + word + ")" : word) + ";\n";
  }
};

}  // namespace

std::string withDecimalNumbers(string_view text) {
  std::string made;
  while (true) {
    const size_t hex = std::min(text.find("0x1."), text.find("0x1p"));
    made += text.substr(0, hex);
    if (hex == string_view::npos) return made;
    text.remove_prefix(hex);
    const std::string rest(text.substr(0, 32));
    char* end = nullptr;
    char decimal[32];
    std::snprintf(decimal, sizeof decimal, "%.9e", std::strtod(rest.c_str(), &end));
    made += decimal;
    text.remove_prefix(static_cast<size_t>(end - rest.c_str()));
  }
}

std::string geometryText(string_view kernels, const std::string& function) {
  const std::string all = withoutComments(kernels);
  const size_t kernel = all.find("kernel void " + function + "(");
  const size_t end = all.find(')', kernel);
  if (kernel == std::string::npos || end == std::string::npos) return "";
  const std::vector<std::string> parameters =
      splitAt(',', string_view(all).substr(kernel, end - kernel));
  const std::string type = parameters.back().substr(0, parameters.back().find(' '));
  const size_t close = all.find("} " + type + ";");
  const size_t open = all.rfind("typedef struct {", close);
  if (close == std::string::npos || open == std::string::npos) return "";
  Members members;
  const size_t first = all.find('{', open) + 1;
  for (const std::string& line : splitAt(';', string_view(all).substr(first, close - first))) {
    const size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    for (const std::string& member : splitAt(',', string_view(line).substr(space)))
      members.add(line.substr(0, space), member);
  }
  return text("struct ", type, " {\n", members.declared, "};\nuniform int words[", members.words,
              "];\n", type, " g;\nvoid readGeometry() {\n", members.read, "}\n");
}

std::string shaderText(const gpu::KernelName& name) {
  const std::string geometry = geometryText(gpu::kernelText(name.file + ".cl"), name.function);
  const string_view shader = gpu::kernelText(name.file + ".glsl");
  if (geometry.empty() || shader.empty()) return "";
  const bool isExternal = name.options.contains("EXTERNAL");  // said before anything else
  return text("#version 310 es\n",
              isExternal ? "#extension GL_OES_EGL_image_external_essl3 : require\n" : "",
              "#define KERNEL_", name.function, "\n", gpu::definitions(name.options),
              gpu::kernelText("vocabulary.glsl"),
              withDecimalNumbers(gpu::kernelText("elementary.inc")), geometry, shader,
              "\nvoid main() {\n  readGeometry();\n  int i = workItem();\n  if (i < g.items) ",
              name.function, "(i);\n}\n");
}

}  // namespace minnow::backend::gl
