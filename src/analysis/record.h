// Writing a trace of a run, tensor by tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "analysis/trace.h"
#include "minnow/runtime.h"

namespace minnow::analysis {

struct RecordOptions {
  /// Only outputs of operators whose name or type, or tensors whose name, match this glob (* ?
  /// [a]); the model's inputs besides, which comparing starts from. Empty: everything.
  std::string only;
  /// Figures and hashes instead of elements.
  bool summary = false;
};

struct Recorded {
  size_t tensors = 0;
  uint64_t bytes = 0;  ///< of the file
};

/// What a trace says of who made it; operators and tensors are left to the run.
TraceInfo describe(const Runtime& runtime, const Interpreter& model, const Session& session);

/// Runs a frame whose inputs are filled and writes what every operator put out to `path` (trace.h),
/// needing the memory of one tensor more than the run itself. The session is to work layer by layer
/// (SessionOptions::strips false). On error there is no file.
Result<Recorded> recordTrace(const Runtime& runtime, const Interpreter& model,
                             const Session& session, Frame& frame, const RecordOptions& options,
                             const std::filesystem::path& path);

}  // namespace minnow::analysis
