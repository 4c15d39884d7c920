// Tensors are written as they come; what describes them comes last.
#include "analysis/record.h"

#include <fnmatch.h>

#include <algorithm>

#include "analysis/archive.h"
#include "analysis/host_tensor.h"
#include "analysis/npy.h"
#include "analysis/trace.h"
#include "base/fail.h"
#include "minnow/cpu.h"

namespace minnow::analysis {
namespace {

std::vector<std::string> namesOf(std::span<const TensorInfo> infos) {
  std::vector<std::string> names;
  for (const TensorInfo& info : infos) names.push_back(info.name);
  return names;
}

/// Names of what is computed or fed, without constants and absent operands.
std::vector<std::string> namesOf(std::span<const OperandInfo> operands) {
  std::vector<std::string> names;
  for (const OperandInfo& operand : operands)
    if (operand.type != DataType::Undefined && !operand.constant) names.emplace_back(operand.name);
  return names;
}

class Recorder {
 public:
  Recorder(ArchiveWriter archive, const RecordOptions& options, TraceInfo info)
      : archive_(std::move(archive)), options_(options), info_(std::move(info)) {}

  Result<void> keep(const std::string& name, const TensorView& view, const Quantisation& by) {
    const HostTensor tensor = HostTensor::copyOf(view, meaningOf(by));
    info_.tensors.insert_or_assign(name, recordOf(tensor));
    if (options_.summary) return {};
    return archive_.add(entryOf(name), npyHeader(tensor.type), tensor.bytes);
  }

  /// The outputs of one operator.
  Result<void> keep(const OperatorInfo& op, const Operands& operands,
                    std::span<const TensorView> outputs) {
    if (op.crosses()) return {};  // the same tensor elsewhere
    info_.operators.push_back({op.name, op.type, op.kernel, namesOf(operands.inputs),
                               namesOf(operands.outputs), op.backend});
    const bool all = matches(op.name) || matches(op.type);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::string name(operands.outputs[i].name);
      if (!outputs[i] || (!all && !matches(name))) continue;
      const auto kept = keep(name, outputs[i], operands.outputs[i].quantisation);
      if (!kept) return kept;
    }
    return {};
  }

  /// What is put out under another name than it was computed, or was computed at conversion.
  Result<void> keepOutputs(const Frame& frame, std::span<const TensorInfo> outputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::string& name = outputs[i].name;
      if (info_.tensors.contains(name) || !matches(name)) continue;
      const auto kept = keep(name, frame.output(i), outputs[i].quantisation);
      if (!kept) return kept;
    }
    return {};
  }

  Result<Recorded> finish() {
    const std::string json = toJson(info_);
    if (const auto added = archive_.add(kTraceEntry, std::as_bytes(std::span(json))); !added)
      return passOn(added);
    if (const auto done = archive_.finish(); !done) return passOn(done);
    return Recorded{info_.tensors.size(), archive_.bytes()};
  }

 private:
  bool matches(const std::string& name) const {
    return options_.only.empty() || fnmatch(options_.only.c_str(), name.c_str(), 0) == 0;
  }

  ArchiveWriter archive_;
  const RecordOptions& options_;
  TraceInfo info_;
};

}  // namespace

TraceInfo describe(const Runtime& runtime, const Interpreter& model, const Session& session) {
  return {.engine = "minnow",
          .version = version(),
          .target = std::string(cpuTarget()),
          .threads = runtime.options().threads,
          .model = model.name(),
          .checksum = model.checksum(),
          .inputs = namesOf(session.inputs()),
          .outputs = namesOf(session.outputs()),
          .operators = {},
          .tensors = {}};
}

Result<Recorded> recordTrace(const Runtime& runtime, const Interpreter& model,
                             const Session& session, Frame& frame, const RecordOptions& options,
                             const std::filesystem::path& path) {
  auto archive = ArchiveWriter::create(path);
  if (!archive) return passOn(archive);
  Recorder recorder(std::move(*archive), options, describe(runtime, model, session));
  Result<void> kept;
  for (const TensorInfo& input : session.inputs())
    if (kept) kept = recorder.keep(input.name, frame.input(input.name), input.quantisation);
  if (!kept) return passOn(kept);

  const auto ran =
      frame.runWithCallback({}, [&](const OperatorInfo& op, std::span<const TensorView> outputs) {
        kept = recorder.keep(op, session.operands(op.index), outputs);
        return kept ? CallbackVerdict::Continue : CallbackVerdict::Stop;
      });
  if (!kept) return passOn(kept);
  if (!ran) return passOn(ran);
  kept = recorder.keepOutputs(frame, session.outputs());
  if (!kept) return passOn(kept);
  return recorder.finish();
}

}  // namespace minnow::analysis
