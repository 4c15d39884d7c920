// File in, bytes out: import, passes, format.
#include "converter/convert.h"

#include "base/fail.h"
#include "base/whole_file.h"
#include "format/write.h"
#include "passes/pass_list.h"

namespace minnow::converter {
Result<std::vector<std::byte>> convertBuffer(std::span<const std::byte> model,
                                             const std::filesystem::path& folder,
                                             const ConvertOptions& options, ConvertReport& report) {
  auto graph = importOnnx(model, folder, options, report);
  if (!graph) return std::unexpected(graph.error());
  std::vector<passes::PassReport> passReports;
  if (auto ok = passes::runPasses(*graph, options.disabledPasses, &passReports); !ok)
    return std::unexpected(ok.error());
  for (const passes::PassReport& pass : passReports)
    report.passes.emplace_back(pass.name, pass.changes);
  report.operatorsAfter = static_cast<int>(graph->nodes.size());
  report.weightBytes = passes::weightBytes(*graph);
  return format::write(*graph);
}

Result<std::vector<std::byte>> convertFile(const std::filesystem::path& onnx,
                                           const ConvertOptions& options, ConvertReport& report) {
  auto bytes = base::readFile(onnx);
  if (!bytes) return std::unexpected(bytes.error());
  auto converted = convertBuffer(*bytes, onnx.parent_path(), options, report);
  if (!converted)
    return fail(converted.error().code, onnx.string(), ": ", converted.error().message);
  return converted;
}

std::vector<std::string> passNames() {
  std::vector<std::string> names;
  for (const passes::Pass& pass : passes::allPasses()) names.emplace_back(pass.name);
  return names;
}

}  // namespace minnow::converter
