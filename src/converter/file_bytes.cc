// The limit of what protobuf reads.
#include "converter/file_bytes.h"

#include "base/fail.h"
#include "base/whole_file.h"

namespace minnow::converter {

Result<std::vector<std::byte>> fileBytes(const std::filesystem::path& path) {
  constexpr uint64_t kMost = INT32_MAX;
  auto bytes = base::readFile(path, kMost);
  if (bytes || bytes.error().code != ErrorCode::OutOfMemory) return bytes;
  return fail(ErrorCode::Unsupported, bytes.error().message,
              ", which is all that protobuf reads; save the model with its weights as external "
              "data (onnx.save(…, save_as_external_data=True))");
}

}  // namespace minnow::converter
