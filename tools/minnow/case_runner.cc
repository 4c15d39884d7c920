// Running a case. Inputs that decide shapes are tried as constants when the converter asks for it.
#include "case_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "analysis/host_tensor.h"
#include "compare.h"
#include "converter/convert.h"
#include "converter/onnx_export.h"
#include "converter/tensor_file.h"
#include "exit.h"
#include "minnow/runtime.h"
#include "model.h"

namespace minnow::tool {
namespace {

namespace fs = std::filesystem;
using Entry = converter::ModelSignature::Entry;
using NamedTensors = std::map<std::string, HostTensor>;

/// Ends a case early with a verdict.
struct Verdict {
  CaseResult result;
};
[[noreturn]] void verdict(const char* status, const std::string& detail) {
  throw Verdict{{status, detail}};
}
[[noreturn]] void verdict(const Error& error, const std::string& where) {
  verdict(error.code == ErrorCode::Unsupported ? "unsupported" : "fail",
          where + (where.empty() ? "" : ": ") + error.message);
}

/// input_0.pb, input_1.pb … as far as they go.
std::vector<converter::NamedTensor> readTensors(const fs::path& set, const char* prefix) {
  std::vector<converter::NamedTensor> tensors;
  for (int i = 0;; ++i) {
    const fs::path file = set / fmt::format("{}_{}.pb", prefix, i);
    if (!fs::exists(file)) return tensors;
    auto tensor = converter::readTensorFile(file);
    if (!tensor) verdict(tensor.error(), "");
    tensors.push_back(std::move(*tensor));
  }
}

/// Tensors by the name of the graph input or output they belong to: their own name where the model
/// knows it, else by position.
NamedTensors bind(std::vector<converter::NamedTensor> tensors, const std::vector<Entry>& entries) {
  NamedTensors bound;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const bool known = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return !entry.name.empty() && entry.name == tensors[i].name;
    });
    if (!known && i >= entries.size()) verdict("fail", "more tensors than the model has");
    const std::string& name = known ? tensors[i].name : entries[i].name;
    bound[name] = {tensors[i].type, std::move(tensors[i].bytes)};
  }
  return bound;
}

std::string unsupportedNodes(const converter::ConvertReport& report) {
  std::string text;
  for (const auto& node : report.unsupported) {
    text += fmt::format("{}{} (opset {}): {}", text.empty() ? "" : "; ", node.op, node.opset,
                        node.reason);
  }
  return text;
}

/// Adds the values of inputs that would help to the options; false when there is none to add.
bool fixInputs(const converter::ConvertReport& report, const NamedTensors& inputs,
               converter::ConvertOptions& options) {
  bool added = false;
  for (const auto& node : report.unsupported) {
    for (const std::string& name : node.fixableInputs) {
      const auto input = inputs.find(name);
      if (input == inputs.end() || options.fixedInputs.contains(name)) continue;
      options.fixedInputs[name] = {input->second.type, input->second.bytes};
      added = true;
    }
  }
  return added;
}

std::vector<std::byte> convert(const fs::path& model, const NamedTensors& inputs,
                               converter::ConvertOptions& options) {
  for (const auto& [name, tensor] : inputs) options.shapes[name] = tensor.type.shape;
  while (true) {
    converter::ConvertReport report;
    auto bytes = converter::convertFile(model, options, report);
    if (bytes) return std::move(*bytes);
    if (fixInputs(report, inputs, options)) continue;
    if (!report.unsupported.empty()) verdict("unsupported", unsupportedNodes(report));
    verdict(bytes.error(), "");
  }
}

template <class T>
T needOrVerdict(Result<T> result, const char* where) {
  if (!result) verdict(result.error(), where);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void feed(const Frame& frame, const Session& session, const NamedTensors& inputs) {
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    const auto input = inputs.find(session.inputs()[i].name);
    if (input == inputs.end()) verdict("fail", "no data for input " + session.inputs()[i].name);
    const TensorView to = frame.input(i);
    const TensorType& type = input->second.type;
    if (type.type != to.type || !(type.shape == to.shape)) {
      verdict("fail", fmt::format("input {} became {} {}", input->first, dataTypeName(to.type),
                                  to.shape.toString()));
    }
    if (!input->second.bytes.empty()) copyTensor(input->second.view(), to);
  }
}

/// Returns the largest error.
double compareOutputs(const Frame& frame, const NamedTensors& expected) {
  double largest = 0;
  for (const auto& [name, tensor] : expected) {
    const TensorView view = frame.output(name);
    if (!view) verdict("fail", "there is no output " + name);
    const Comparison comparison = compare(HostTensor::copyOf(view), tensor);
    if (!comparison.equal) verdict("fail", fmt::format("output {}: {}", name, comparison.problem));
    largest = std::max(largest, comparison.largestError);
  }
  return largest;
}

/// The model written as ONNX after its passes, and converted again.
std::vector<std::byte> exportedAndBack(const AlignedBytes& bytes) {
  const auto onnx = converter::exportOnnx(bytes.span(), "export");
  if (!onnx) verdict(onnx.error(), "");
  converter::ConvertReport report;
  auto again = converter::convertBuffer(*onnx, {}, {}, report);
  if (!again) verdict("fail", "export: " + again.error().message + unsupportedNodes(report));
  return std::move(*again);
}

double runSet(const fs::path& model, const fs::path& set,
              const converter::ModelSignature& signature, bool throughExport) {
  const NamedTensors inputs = bind(readTensors(set, "input"), signature.inputs);
  const NamedTensors expected = bind(readTensors(set, "output"), signature.outputs);
  converter::ConvertOptions options;
  AlignedBytes bytes(convert(model, inputs, options));
  if (throughExport) bytes = AlignedBytes(exportedAndBack(bytes));
  Runtime runtime = needOrVerdict(Runtime::create(), "runtime");
  const auto interpreter =
      needOrVerdict(Interpreter::createFromBuffer(runtime, bytes.span()), "load");
  Session session = needOrVerdict(interpreter.createSession(), "session");
  Frame frame = needOrVerdict(session.begin(), "begin");
  feed(frame, session, inputs);
  needOrVerdict(frame.run(), "run");
  return compareOutputs(frame, expected);
}

void requireTensors(const std::vector<Entry>& entries, const char* what) {
  for (const Entry& entry : entries) {
    if (!entry.tensor) {
      verdict("unsupported", fmt::format("{} {} is a sequence, optional or map", what, entry.name));
    }
  }
}

}  // namespace

CaseResult runCase(const fs::path& folder, bool throughExport) {
  try {
    const fs::path model = folder / "model.onnx";
    const auto signature = converter::readSignature(model);
    if (!signature) verdict(signature.error(), "");
    requireTensors(signature->inputs, "input");
    requireTensors(signature->outputs, "output");
    std::vector<fs::path> sets;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with("test_data_set_"))
        sets.push_back(entry.path());
    }
    std::sort(sets.begin(), sets.end());
    if (sets.empty()) verdict("fail", "there is no test_data_set_*");
    double largest = 0;
    for (const fs::path& set : sets)
      largest = std::max(largest, runSet(model, set, *signature, throughExport));
    return {"pass", fmt::format("largest error {:.3g}", largest)};
  } catch (const Verdict& verdict) {
    return verdict.result;
  } catch (const std::exception& error) {
    return {"fail", error.what()};
  }
}

}  // namespace minnow::tool
