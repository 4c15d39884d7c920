// Two traces, tensor by tensor: which operator is the first that differs, and were its inputs
// equal?
#pragma once

#include <string>

#include "analysis/report.h"

namespace minnow::analysis {

/// Holds trace A against the reference B: the model's inputs, then the outputs of A's operators in
/// execution order (of B's, if A lists none; all of B's tensors in its order, if neither does).
/// Tensors are the same if their names are. Where one trace is a summary, hashes decide; with a
/// tolerance that is not exact, whether minimum, maximum, mean and deviation lie within it.
///
/// An error where the two cannot be compared: inputs of other types or shapes, two of Minnow's own
/// traces of different models, no tensor in common, a damaged file. It says what to do. The report
/// reads tensors from both traces, which must outlive it.
Result<Report> compare(const Trace& a, const Trace& b, const Tolerance& tolerance = {});

/// An error if both are Minnow's and of different models; `names` are those of the two.
Result<void> checkSameModel(const TraceInfo& a, const TraceInfo& b, const std::string& names);

/// One tensor; null for a side that does not have it.
TensorComparison compare(const std::string& tensor, const HostTensor* a, const HostTensor* b,
                         const Tolerance& tolerance);

}  // namespace minnow::analysis
