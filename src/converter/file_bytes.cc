// Reading in growing pieces.
#include "converter/file_bytes.h"

#include <fstream>

#include "base/fail.h"

namespace minnow::converter {
namespace {

constexpr uintmax_t kMost = INT32_MAX;

std::unexpected<Error> tooLarge(const std::filesystem::path& path) {
  return fail(ErrorCode::Unsupported, path.string(), " has more than ", kMost,
              " bytes, which is all that protobuf reads; save the model with its weights as "
              "external data (onnx.save(…, save_as_external_data=True))");
}

}  // namespace

Result<std::vector<std::byte>> fileBytes(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return fail(ErrorCode::Io, path.string(), " is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::NotFound, path.string(), " cannot be opened");
  const uintmax_t expected = std::filesystem::file_size(path, error);
  if (!error && expected > kMost) return tooLarge(path);
  std::vector<std::byte> bytes(error ? 1 << 16 : static_cast<size_t>(expected) + 1);
  size_t filled = 0;
  while (file) {
    if (filled > kMost) return tooLarge(path);
    if (filled == bytes.size()) bytes.resize(2 * bytes.size());
    file.read(reinterpret_cast<char*>(bytes.data() + filled),
              static_cast<std::streamsize>(bytes.size() - filled));
    filled += static_cast<size_t>(file.gcount());
  }
  if (!file.eof()) return fail(ErrorCode::Io, path.string(), " cannot be read");
  bytes.resize(filled);
  return bytes;
}

}  // namespace minnow::converter
