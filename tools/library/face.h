// What the tools' C face adds to base/c_face.h: failures of the command line become a status, bytes and texts are handed
// over. The functions are described in minnow/minnow_tools.h.
#pragma once

#include <cstring>
#include <span>

#include "base/aligned.h"
#include "base/c_face.h"
#include "exit.h"
#include "minnow/minnow_tools.h"

namespace minnow::c {

/// Files are read elsewhere: what fails in the words of the command line is what was given.
inline ErrorCode codeOf(tool::Exit exit) {
  return exit == tool::Exit::Unsupported ? ErrorCode::Unsupported : ErrorCode::InvalidArgument;
}

/// As checked(), for what calls the command line's rooms, which throw Failure.
template <class Body>
minnow_status checkedTool(Body&& body) noexcept {
  return checked([&]() -> minnow_status {
    try {
      return body();
    } catch (const tool::Failure& failure) {
      return failed(codeOf(failure.exit), failure.what());
    }
  });
}

/// A copy where models may lie, with a zero behind it.
inline Result<minnow_bytes> copyOf(std::span<const std::byte> bytes) {
  auto block = base::alignedBlock(base::blockBytes(bytes.size()), base::Clear::No);
  if (!block) return fail(ErrorCode::OutOfMemory, "no memory for ", bytes.size(), " bytes");
  if (!bytes.empty()) std::memcpy(block.get(), bytes.data(), bytes.size());
  block[bytes.size()] = std::byte{0};
  return minnow_bytes{block.release(), bytes.size()};
}

inline minnow_status handOver(std::span<const std::byte> bytes, minnow_bytes* given) {
  const auto copy = copyOf(bytes);
  if (!copy) return failed(copy.error());
  *given = *copy;
  return MINNOW_OK;
}

}  // namespace minnow::c
