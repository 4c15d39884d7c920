// File in, bytes out: import, passes, format.
#include "converter/convert.h"

#include "base/fail.h"
#include "base/guarded.h"
#include "converter/file_bytes.h"
#include "converter/onnx/import.h"
#include "converter/tflite/import.h"
#include "format/read.h"
#include "format/write.h"
#include "passes/halve_weights.h"
#include "passes/pass_list.h"

namespace minnow::converter {
namespace {

Result<ir::Graph> imported(std::span<const std::byte> model, const std::filesystem::path& folder,
                           const ConvertOptions& options, ConvertReport& report,
                           sizes::Budget& budget) {
  return isTflite(model) ? importTflite(model, options, report, budget)
                         : importModel(model, folder, options, report, budget);
}

Result<std::vector<std::byte>> finished(ir::Graph graph, const ConvertOptions& options,
                                        ConvertReport& report, const sizes::Budget& budget) {
  std::vector<std::string> disabled = options.disabledPasses;
  if (options.optimise == ConvertOptions::Optimise::Memory) disabled.emplace_back("store-points");
  std::vector<passes::PassReport> passReports;
  if (auto ok = passes::runPasses(graph, disabled, &passReports, budget); !ok) return passOn(ok);
  for (const passes::PassReport& pass : passReports)
    report.passes.emplace_back(pass.name, pass.changes);
  if (options.byteInputs) {
    report.byteInputs = passes::takeBytes(graph);
    if (report.byteInputs.empty())
      return fail(ErrorCode::InvalidArgument,
                  "no input can be bytes: none is float32 and goes to one QuantizeLinear of one "
                  "scale, which rounds halves to even, and nowhere else");
    if (auto ok = passes::runPasses(graph, disabled, nullptr, budget); !ok) return passOn(ok);
    report.passes.emplace_back("byte-inputs", static_cast<int>(report.byteInputs.size()));
  }
  if (options.weights == ConvertOptions::Weights::Float16) {
    const auto halved = passes::halveWeights(graph);
    if (!halved) return passOn(halved);
    report.passes.emplace_back("halve-weights", *halved);
  }
  if (graph.quantisations.leftOut() > 0)
    report.warnings.emplace_back(
        "the model has more than 65535 different scales: not all tensors show what their integers "
        "stand for; results are right");
  report.operatorsAfter = static_cast<int>(graph.nodes.size());
  report.weightBytes = passes::weightBytes(graph);
  return format::write(graph);
}

Result<std::vector<std::byte>> converted(std::span<const std::byte> model,
                                         const std::filesystem::path& folder,
                                         const ConvertOptions& options, ConvertReport& report) {
  sizes::Budget budget = options.budget;
  auto graph = imported(model, folder, options, report, budget);
  if (!graph) return passOn(graph);
  return finished(std::move(*graph), options, report, budget);
}

}  // namespace

Result<ir::Graph> importOnnx(std::span<const std::byte> model, const std::filesystem::path& folder,
                             const ConvertOptions& options, ConvertReport& report) {
  return guarded("conversion", [&]() -> Result<ir::Graph> {
    sizes::Budget budget = options.budget;
    return imported(model, folder, options, report, budget);
  });
}

Result<ir::Graph> importFile(const std::filesystem::path& file, const ConvertOptions& options,
                             ConvertReport& report) {
  return guarded(file.native(), [&]() -> Result<ir::Graph> {
    const auto bytes = fileBytes(file);
    if (!bytes) return passOn(bytes);
    sizes::Budget budget = options.budget;
    return imported(*bytes, file.parent_path(), options, report, budget);
  });
}

Result<std::vector<std::byte>> finish(ir::Graph graph, const ConvertOptions& options,
                                      ConvertReport& report) {
  return guarded("conversion",
                 [&] { return finished(std::move(graph), options, report, options.budget); });
}

Result<std::vector<std::byte>> convertBuffer(std::span<const std::byte> model,
                                             const std::filesystem::path& folder,
                                             const ConvertOptions& options, ConvertReport& report) {
  return guarded("conversion", [&] { return converted(model, folder, options, report); });
}

Result<std::vector<std::byte>> convertFile(const std::filesystem::path& onnx,
                                           const ConvertOptions& options, ConvertReport& report) {
  return guarded(onnx.native(), [&]() -> Result<std::vector<std::byte>> {
    const auto bytes = fileBytes(onnx);
    if (!bytes) return passOn(bytes);
    auto result = converted(*bytes, onnx.parent_path(), options, report);
    if (!result) return fail(result.error().code, onnx.string(), ": ", result.error().message);
    return result;
  });
}

Result<passes::StoredPoints> storedPoints(std::span<const std::byte> model,
                                          std::string_view sourceName) {
  const auto graph = format::read(model, sourceName);
  if (!graph) return passOn(graph);
  return passes::storedPoints(*graph);
}

std::vector<std::string> passNames() {
  std::vector<std::string> names;
  for (const passes::Pass& pass : passes::allPasses()) names.emplace_back(pass.name);
  return names;
}

}  // namespace minnow::converter
