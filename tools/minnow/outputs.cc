// Comparing places: by the system where both files exist, else by their names.
#include "outputs.h"

#include <fmt/format.h>

#include <filesystem>

#include "exit.h"

namespace minnow::tool {
namespace {

namespace fs = std::filesystem;

/// What this run of the program writes, as refuseToOverwrite() was told.
std::vector<std::string>& outputsOfThisRun() {
  static std::vector<std::string> outputs;
  return outputs;
}

/// Devices and pipes may be named as often as one likes.
bool isSameFile(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return false;
  std::error_code error;
  if (fs::exists(a, error) && fs::exists(b, error))
    return fs::is_regular_file(a, error) && fs::equivalent(a, b, error);
  return fs::weakly_canonical(a, error) == fs::weakly_canonical(b, error) && !error;
}

}  // namespace

void refuseToOverwrite(const std::vector<std::string>& outputs,
                       const std::vector<std::string>& inputs) {
  const auto refuse = [](const std::string& output, const std::string& other, const char* what) {
    throw Failure(Exit::Usage, fmt::format("{} would be written over {}, which is {}; name another "
                                           "file for the output",
                                           output, output == other ? "itself" : other, what));
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (const std::string& input : inputs)
      if (isSameFile(outputs[i], input)) refuse(outputs[i], input, "also read");
    for (size_t j = 0; j < i; ++j)
      if (isSameFile(outputs[i], outputs[j])) refuse(outputs[i], outputs[j], "another output");
  }
  outputsOfThisRun() = outputs;
}

void refuseToOverwriteAlso(const std::vector<std::string>& inputs) {
  refuseToOverwrite(std::vector(outputsOfThisRun()), inputs);
}

}  // namespace minnow::tool
