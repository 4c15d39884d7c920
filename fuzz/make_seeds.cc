// make_seeds ONNX-FOLDER MODEL-FOLDER: converts every model, for seeds of the model file.
#include <cstdio>

#include "base/whole_file.h"
#include "converter/convert.h"
#include "format/write.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::filesystem::create_directories(argv[2]);
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    minnow::converter::ConvertReport report;
    const auto bytes = minnow::converter::convertFile(entry.path(), {}, report);
    if (!bytes && bytes.error().code == minnow::ErrorCode::Unsupported) continue;
    const auto path = std::filesystem::path(argv[2]) / entry.path().stem().concat(".minnow");
    const auto done =
        bytes ? minnow::base::writeFile(path, *bytes) : std::unexpected(bytes.error());
    if (!done) return std::fprintf(stderr, "%s\n", done.error().message.c_str()), 1;
  }
  return 0;
}
