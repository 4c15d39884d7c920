// A trace: what every operator of one inference put out, and under which circumstances. On disk an
// .npz archive (archive.h) of one entry `NAME.npy` for each model input and each operator's output,
// NAME being the tensor's name in the ONNX file, and one entry `minnow.json`:
//
//   {"format": "minnow-trace", "format_version": 1,
//    "engine": {"name": "minnow", "version": "0.1.0", "target": "avx3", "threads": 1},
//    "model": {"name": "signs", "checksum": "8f…"},
//    "inputs": ["images"], "outputs": ["scores"],
//    "operators": [{"name": "Conv_0", "type": "Conv", "kernel": "conv-panels", "backend": "cpu",
//                   "inputs": ["images"], "outputs": ["relu0"]}, …],        in execution order
//    "tensors": {"relu0": {"type": "float32", "shape": [1,16,112,112], "hash": "…", "min": 0, …}}}
//
// A quantised tensor has its integers in the archive; "scale" and "zero_point" are told beside their figures, and as
// "real" the same figures of what they stand for.
//
// An operator's inputs are those that are computed or fed, not constants. A fused operator appears
// under the tensor it ends in. A summary has no .npy entries. An archive without minnow.json (from
// numpy.savez) is a trace of which only the tensors are known. In Python: z = numpy.load(path);
// z["relu0"]; json.loads(z["minnow.json"]).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "analysis/archive.h"
#include "analysis/host_tensor.h"

namespace minnow::analysis {

/// What a summary keeps of a tensor. Figures over the elements that are finite; NaN where there are
/// none (null in the file).
struct TensorRecord {
  TensorType type;
  std::string hash;  ///< hash.h; empty if unknown
  double min = 0, max = 0, mean = 0, deviation = 0;
  int64_t nans = 0, infinities = 0;
  Meaning meaning = {};  ///< of the integers, whose figures these are
};
TensorRecord recordOf(const HostTensor& tensor);

struct OperatorRecord {
  std::string name, type, kernel;
  std::vector<std::string> inputs, outputs;  ///< names of tensors, constants left out
  std::string backend = {};                  ///< that computed it; empty if unknown
};

struct TraceInfo {
  std::string engine, version, target;  ///< empty where nothing is known
  int threads = 0;
  std::string model, checksum;
  std::vector<std::string> inputs, outputs;
  std::vector<OperatorRecord> operators;        ///< in execution order
  std::map<std::string, TensorRecord> tensors;  ///< of all archives that were written by us
};

/// The entries' names.
inline constexpr const char* kTraceEntry = "minnow.json";
std::string entryOf(const std::string& tensor);

std::string toJson(const TraceInfo& info);
Result<TraceInfo> traceInfoFrom(std::string_view json, const std::string& source);

/// A trace to read.
class Trace {
 public:
  static Result<Trace> open(const std::filesystem::path& path);

  const std::string& name() const { return name_; }  ///< the path, for messages
  const TraceInfo& info() const { return info_; }
  /// True if the tensor's elements are in the archive, not only its summary.
  bool has(const std::string& tensor) const;
  /// Names of the tensors whose elements are in the archive.
  std::vector<std::string> tensors() const;
  Result<HostTensor> tensor(const std::string& name) const;

 private:
  Trace(std::string name, ArchiveReader archive, TraceInfo info);

  std::string name_;
  ArchiveReader archive_;
  TraceInfo info_;
};

}  // namespace minnow::analysis
