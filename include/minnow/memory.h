// The accounts of memory: what the library holds (the ledger) and what it will hold (the report),
// in bytes and by the same categories (docs/design.md, memory).
#pragma once

#include <cstddef>

namespace minnow {

/// What a runtime and everything made from it hold.
struct MemoryLedger {
  /// Everything in model files and buffers except weights: header, metadata, padding. Needed while
  /// a model is loaded; Interpreter::releaseModel() gives it back.
  size_t modelBytes = 0;
  /// Weights and other constants, where they lie in the mapping or in the caller's buffer.
  size_t staticBytes = 0;
  /// Arenas that are allocated: feature maps and workspace.
  size_t dynamicBytes = 0;
  /// Graphs, plans and names of interpreters and sessions.
  size_t heapBytes = 0;
  /// Of a device's own memory (a GPU's): weights, and the blocks that are allocated for frames. Not
  /// what the driver takes beside it.
  size_t deviceBytes = 0;

  size_t total() const { return modelBytes + staticBytes + dynamicBytes + heapBytes + deviceBytes; }
  bool operator==(const MemoryLedger&) const = default;
};

/// The ledger of this moment, and at the moment of its largest total.
struct LedgerReport {
  MemoryLedger now, peak;
};

/// What is needed: by a session with its model, or by all of them (Runtime::predicted).
struct MemoryReport {
  size_t modelBytes = 0;   ///< as in MemoryLedger; 0 after releaseModel()
  size_t staticBytes = 0;  ///< as in MemoryLedger
  /// The arena of the session's plan as it is allocated; for several, the largest arenas, as many
  /// as frames may be under way.
  size_t dynamicBytes = 0;
  /// No arena can be smaller: the largest sum of feature maps and workspace alive at one step.
  size_t lowerBoundBytes = 0;
  size_t metadataBytes = 0;  ///< MemoryLedger::heapBytes
  /// Weights on the device, and the block of the session's plan; for several, the largest blocks.
  size_t deviceBytes = 0;

  size_t total() const {
    return modelBytes + staticBytes + dynamicBytes + metadataBytes + deviceBytes;
  }
};

/// A session's share of MemoryReport::deviceBytes on one device.
struct DeviceMemoryReport {
  const char* backend = "";  ///< "cl"
  size_t weightBytes = 0;    ///< which sessions of the same model, shapes and options share
  size_t blockBytes = 0;     ///< of a frame's block, which all sessions' frames share in turn
  size_t total() const { return weightBytes + blockBytes; }
};

}  // namespace minnow
