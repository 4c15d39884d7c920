// Reading and sealing the header.
#include "format/header.h"

#include <bit>
#include <cstring>

#include "base/aligned.h"
#include "base/fail.h"

namespace minnow::format {

static_assert(std::endian::native == std::endian::little, "the file is used in place");

namespace {

constexpr size_t kChecked = offsetof(Header, headerChecksum);

uint64_t headerChecksum(const Header& header) {
  return checksum(std::as_bytes(std::span(&header, 1)).first(kChecked));
}

Result<void> checkVersion(const Header& header, std::string_view source) {
  if (header.version == kFormatVersion) return {};
  return fail(ErrorCode::VersionMismatch, source, ": written in format version ", header.version,
              ", this engine reads version ", kFormatVersion, "; ",
              header.version > kFormatVersion ? "update the engine, or " : "",
              "convert the model again with this version's converter: "
              "minnow convert MODEL.onnx -o MODEL.minnow");
}

/// True if the parts follow each other and lie inside the file.
bool partsFit(const Header& header, size_t fileBytes) {
  const uint64_t room = fileBytes - sizeof(Header);
  if (header.headerBytes != sizeof(Header) || header.metadataBytes > room) return false;
  if (header.weightsOffset != base::alignUp(sizeof(Header) + header.metadataBytes)) return false;
  return header.weightsOffset <= fileBytes &&
         header.weightsBytes == fileBytes - header.weightsOffset;
}

}  // namespace

Result<Header> readHeader(std::span<const std::byte> file, std::string_view source) {
  Header header;
  if (file.size() < sizeof header)
    return fail(ErrorCode::BadModel, source, ": ", file.size(),
                " bytes are too few for a .minnow file; is the download complete?");
  std::memcpy(&header, file.data(), sizeof header);
  if (header.magic != kMagic)
    return fail(ErrorCode::BadModel, source,
                ": not a .minnow file; make one from an ONNX model with 'minnow convert'");
  if (auto ok = checkVersion(header, source); !ok) return passOn(ok);
  if (header.headerChecksum != headerChecksum(header))
    return fail(ErrorCode::BadModel, source, ": the header is damaged");
  if (!partsFit(header, file.size()))
    return fail(ErrorCode::BadModel, source, ": ", file.size(), " bytes, the header promises ",
                header.weightsOffset + header.weightsBytes, "; is the download complete?");
  return header;
}

void seal(std::span<std::byte> file) {
  Header header;
  if (file.size() < sizeof header) return;
  std::memcpy(&header, file.data(), sizeof header);
  if (partsFit(header, file.size())) {
    const size_t weights = header.weightsOffset;
    header.metadataChecksum = checksum(file.subspan(sizeof header, weights - sizeof header));
    header.weightsChecksum = checksum(file.subspan(weights));
  }
  header.headerChecksum = headerChecksum(header);
  std::memcpy(file.data(), &header, sizeof header);
}

}  // namespace minnow::format
