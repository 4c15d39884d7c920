// Comparing places: by the system where both files exist, else by their names.
#include "outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/whole_file.h"
#include "exit.h"
#include "model.h"

namespace minnow::tool {
namespace {

namespace fs = std::filesystem;

/// Devices and pipes may be named as often as one likes.
bool isSameFile(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return false;
  std::error_code error;
  if (fs::exists(a, error) && fs::exists(b, error))
    return fs::is_regular_file(a, error) && fs::equivalent(a, b, error);
  return fs::weakly_canonical(a, error) == fs::weakly_canonical(b, error) && !error;
}

/// The files themselves, and those in which ONNX models among them keep their weights. (What comes
/// through a pipe can be read but once.)
std::vector<std::string> withExternalFiles(std::vector<std::string> files) {
  std::error_code error;
  for (size_t i = 0, named = files.size(); i < named; ++i)
    if (isSource(files[i]) && fs::is_regular_file(files[i], error))
      for (std::string& file : externalFilesOfOnnx(files[i])) files.push_back(std::move(file));
  return files;
}

}  // namespace

void refuseToOverwrite(const std::vector<std::string>& outputs,
                       const std::vector<std::string>& inputs) {
  const auto refuse = [](const std::string& output, const std::string& other, const char* what) {
    throw Failure(Exit::Usage, fmt::format("{} would be written over {}, which is {}; name another "
                                           "file for the output",
                                           output, output == other ? "itself" : other, what));
  };
  if (std::ranges::all_of(outputs, &std::string::empty)) return;
  const std::vector<std::string> read = withExternalFiles(inputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (const std::string& input : read)
      if (isSameFile(outputs[i], input)) refuse(outputs[i], input, "also read");
    for (size_t j = 0; j < i; ++j)
      if (isSameFile(outputs[i], outputs[j])) refuse(outputs[i], outputs[j], "another output");
  }
}

bool writeOrPrint(const std::string& file, const std::string& text) {
  const bool prints = file == "-";
  if (prints)
    fmt::print("{}", text);
  else
    need(base::writeFile(file, text));
  return prints;
}

}  // namespace minnow::tool
