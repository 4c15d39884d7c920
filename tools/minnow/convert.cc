// minnow convert: an ONNX file becomes a .minnow file.
#include <fmt/format.h>

#include <memory>

#include "arguments.h"
#include "base/whole_file.h"
#include "convert_report.h"
#include "converter/convert.h"
#include "exit.h"
#include "json_output.h"
#include "model.h"
#include "outputs.h"
#include "progress.h"
#include "verbs.h"
#include "words.h"

namespace minnow::tool {
namespace {

struct Arguments {
  std::string onnx, output;
  std::vector<std::string> shapes;
  ConvertSettings settings;
  bool listPasses = false, json = false;
};

/// What the converted model will need, found by planning it.
MemoryReport plannedMemory(std::span<const std::byte> model) {
  Runtime runtime = need(Runtime::create());
  const AlignedBytes aligned(model);
  const Interpreter interpreter = need(Interpreter::createFromBuffer(runtime, aligned.span()));
  return need(interpreter.createSession()).memory();
}

void printReport(const Arguments& args, const converter::ConvertReport& report,
                 const MemoryReport& memory, size_t fileBytes) {
  fmt::print("{} -> {} (opset {})\n", args.onnx, args.output, report.opset);
  fmt::print("operators  {} -> {}\n", report.operatorsBefore, report.operatorsAfter);
  fmt::print("file       {}\n", bytesInWords(fileBytes));
  fmt::print(
      "peak       {} predicted ({} weights, {} feature maps and workspace); {} metadata beside\n",
      bytesInWords(predictedPeak(memory)), bytesInWords(memory.staticBytes),
      bytesInWords(memory.dynamicBytes), bytesInWords(memory.metadataBytes));
  for (const auto& [pass, changes] : report.passes)
    if (changes > 0) fmt::print("pass       {}: {} changes\n", pass, changes);
}

nlohmann::json reportJson(const Arguments& args, const converter::ConvertReport& report,
                          const MemoryReport& memory, size_t fileBytes) {
  nlohmann::json passes = nlohmann::json::object();
  for (const auto& [pass, changes] : report.passes) passes[pass] = changes;
  return {{"model", args.onnx},
          {"output", args.output},
          {"opset", report.opset},
          {"operators_before", report.operatorsBefore},
          {"operators_after", report.operatorsAfter},
          {"weight_bytes", report.weightBytes},
          {"file_bytes", fileBytes},
          {"predicted_peak_bytes", predictedPeak(memory)},
          {"passes", passes},
          {"warnings", report.warnings}};
}

nlohmann::json unsupportedJson(const Arguments& args, const converter::ConvertReport& report) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const auto& node : report.unsupported) {
    nodes.push_back({{"node", node.node},
                     {"operator", node.op},
                     {"opset", node.opset},
                     {"reason", node.reason},
                     {"fixable_inputs", node.fixableInputs}});
  }
  return {{"model", args.onnx}, {"unsupported", nodes}};
}

void listPasses(bool json) {
  const auto passes = converter::passNames();
  if (json) return printJson(nlohmann::json(passes));
  for (const std::string& pass : passes) fmt::print("{}\n", pass);
}

std::vector<std::string> filesRead(const Arguments& args) {
  std::vector<std::string> files{args.onnx};
  for (const std::string& value : args.settings.values)
    files.push_back(splitArgument(value, "--value").second);
  return files;
}

void convert(Arguments& args) {
  if (args.listPasses) return listPasses(args.json);
  if (args.onnx.empty()) throw Failure(Exit::Usage, "convert: MODEL.onnx is missing");
  if (args.output.empty()) {
    args.output = std::filesystem::path(args.onnx).replace_extension(".minnow").string();
  }
  refuseToOverwrite({args.output}, filesRead(args));
  args.settings.shapes = shapesFor(args.onnx, args.shapes);
  args.settings.progress = terminalProgress();
  converter::ConvertReport report;
  const auto bytes =
      converter::convertFile(args.onnx, convertOptions(args.onnx, args.settings), report);
  for (const std::string& warning : report.warnings)
    fmt::print(stderr, "minnow: {}: {}\n", args.onnx, warning);
  if (!bytes) {
    if (args.json) printJson(unsupportedJson(args, report));
    throw conversionFailure(bytes.error(), report);
  }
  const MemoryReport memory = plannedMemory(*bytes);
  need(base::writeFile(args.output, *bytes));
  if (args.json) {
    printJson(reportJson(args, report, memory, bytes->size()));
  } else {
    printReport(args, report, memory, bytes->size());
  }
}

}  // namespace

void addConvert(CLI::App& app) {
  auto args = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("convert", "Turn an ONNX file into a .minnow file");
  verb->add_option("MODEL", args->onnx, "The .onnx file");
  verb->add_option("-o,--output", args->output, "The file to write (default: MODEL.minnow)");
  verb->add_option("--shape", args->shapes, "NAME=1,3,320,320: an input's shape (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--value", args->settings.values,
                   "NAME=1,2,3 or NAME=FILE.npy: makes an input a constant (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--bound", args->settings.bounds,
                   "NAME=300: the most that a size can be which data decide (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--disable", args->settings.disabledPasses, "PASS: leave it out (repeatable)")
      ->allow_extra_args(false);
  verb->add_flag("--list-passes", args->listPasses, "Print the names of all passes");
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "Examples:\n"
      "  minnow convert yolox.onnx -o yolox.minnow\n"
      "  minnow convert det.onnx -o det.minnow --shape x=1,3,640,640\n"
      "  minnow convert net.onnx -o net.minnow --value sizes=1,64 --disable fold-batch-norm\n"
      "Exit code 3 and a list of nodes when something in the model is not supported.");
  verb->callback([args] { convert(*args); });
}

}  // namespace minnow::tool
