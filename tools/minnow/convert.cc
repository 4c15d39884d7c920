// minnow convert: an ONNX file becomes a .minnow file.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "arguments.h"
#include "base/whole_file.h"
#include "convert_report.h"
#include "converter/convert.h"
#include "exit.h"
#include "extents.h"
#include "json_output.h"
#include "model.h"
#include "outputs.h"
#include "progress.h"
#include "transformed.h"
#include "verbs.h"
#include "words.h"

namespace minnow::tool {
namespace {

struct ConvertArguments {
  std::string onnx, output;
  std::vector<std::string> shapes;
  ConvertSettings settings;
  std::string winograd = "on", optimise = "memory", weights = "as-they-are";
  bool listPasses = false, json = false;
};

/// What the converted model will need, found by planning it.
struct Planned {
  MemoryReport memory;
  std::optional<Smallest> smallest;  ///< where the model was converted for a range
  SizesWithin within;
  Transformed transformed;
};

Planned planned(std::span<const std::byte> model) {
  Runtime runtime = need(Runtime::create());
  const AlignedBytes aligned(model);
  const Interpreter interpreter = need(Interpreter::createFromBuffer(runtime, aligned.span()));
  Session session = need(interpreter.createSession());
  const auto extents = extentsOf(interpreter);
  auto smallest = smallestOf(session, extents);
  if (!smallest)
    throw Failure(Exit::Error,
                  fmt::format("the model cannot have the smallest sizes of the range: {}",
                              smallest.error().message));
  return {session.memory(), std::move(*smallest), trySizes(session, extents),
          transformedIn(aligned.span())};
}

/// What somebody who asked for a range would not expect.
void warnOfRange(const Planned& planned, std::vector<std::string>& warnings) {
  if (!planned.within.refused.empty()) warnings.push_back(planned.within.refused);
  if (planned.within.mostPeak > predictedPeak(planned.memory))
    warnings.push_back(fmt::format("a size within the range needs {}, more than the largest",
                                   bytesInWords(planned.within.mostPeak)));
}

void printWarnings(const ConvertArguments& args, const converter::ConvertReport& report) {
  for (const std::string& warning : report.warnings)
    fmt::print(stderr, "minnow: {}: {}\n", args.onnx, warning);
}

void printReport(const ConvertArguments& args, const converter::ConvertReport& report,
                 const Planned& planned, size_t fileBytes) {
  const MemoryReport& memory = planned.memory;
  fmt::print("{} -> {} ({} {})\n", args.onnx, args.output, report.format, report.opset);
  fmt::print("operators  {} -> {}\n", report.operatorsBefore, report.operatorsAfter);
  fmt::print("file       {}\n", bytesInWords(fileBytes));
  fmt::print(
      "peak       {} predicted ({} weights, {} feature maps and workspace); {} metadata beside\n",
      bytesInWords(predictedPeak(memory)), bytesInWords(memory.staticBytes),
      bytesInWords(memory.dynamicBytes), bytesInWords(memory.metadataBytes));
  if (planned.transformed.layers > 0) fmt::print("speed      {}\n", inWords(planned.transformed));
  if (planned.smallest)
    fmt::print("smallest   {} predicted for {}\n",
               bytesInWords(predictedPeak(planned.smallest->memory)),
               shapesInWords(*planned.smallest));
  for (const auto& input : report.byteInputs) fmt::print("input      {}\n", tool::inWords(input));
  for (const auto& [pass, changes] : report.passes)
    if (changes > 0) fmt::print("pass       {}: {} changes\n", pass, changes);
}

nlohmann::json reportJson(const ConvertArguments& args, const converter::ConvertReport& report,
                          const Planned& planned, size_t fileBytes) {
  nlohmann::json passes = nlohmann::json::object();
  for (const auto& [pass, changes] : report.passes) passes[pass] = changes;
  return {{"model", args.onnx},
          {"output", args.output},
          {"opset", report.opset},
          {"operators_before", report.operatorsBefore},
          {"operators_after", report.operatorsAfter},
          {"weight_bytes", report.weightBytes},
          {"file_bytes", fileBytes},
          {"predicted_peak_bytes", predictedPeak(planned.memory)},
          {"transformed", toJson(planned.transformed)},
          {"smallest", planned.smallest ? toJson(*planned.smallest) : nlohmann::json()},
          {"byte_inputs", toJson(report.byteInputs)},
          {"passes", passes},
          {"warnings", report.warnings}};
}

nlohmann::json unsupportedJson(const ConvertArguments& args,
                               const converter::ConvertReport& report) {
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

std::vector<std::string> filesRead(const ConvertArguments& args) {
  std::vector<std::string> files{args.onnx};
  for (const std::string& value : args.settings.values)
    files.push_back(splitArgument(value, "--value").second);
  return files;
}

void convert(ConvertArguments& args) {
  if (args.listPasses) return listPasses(args.json);
  if (args.onnx.empty())
    throw Failure(Exit::Usage, "convert: MODEL.onnx or MODEL.tflite is missing");
  if (args.output.empty()) {
    args.output = std::filesystem::path(args.onnx).replace_extension(".minnow").string();
  }
  refuseToOverwrite({args.output}, filesRead(args));
  args.settings.shapes = shapesFor(args.onnx, args.shapes);
  if (args.winograd == "off") args.settings.disabledPasses.push_back("choose-winograd");
  args.settings.forSpeed = args.optimise == "speed";
  args.settings.inHalves = args.weights == "float16";
  args.settings.progress = terminalProgress();
  converter::ConvertReport report;
  const auto bytes =
      converter::convertFile(args.onnx, convertOptions(args.onnx, args.settings), report);
  if (!bytes) {
    printWarnings(args, report);
    if (args.json) printJson(unsupportedJson(args, report));
    throw conversionFailure(bytes.error(), report);
  }
  const Planned plans = planned(*bytes);
  warnOfRange(plans, report.warnings);
  printWarnings(args, report);
  need(base::writeFile(args.output, *bytes));
  if (args.json) {
    printJson(reportJson(args, report, plans, bytes->size()));
  } else {
    printReport(args, report, plans, bytes->size());
  }
}

}  // namespace

void addConvert(CLI::App& app) {
  auto args = std::make_shared<ConvertArguments>();
  CLI::App* verb = app.add_subcommand("convert", "Turn an ONNX file into a .minnow file");
  verb->add_option("MODEL", args->onnx, "The .onnx or .tflite file");
  verb->add_option("-o,--output", args->output, "The file to write (default: MODEL.minnow)");
  verb->add_option("--shape", args->shapes,
                   "NAME=1,3,320,32..960: an input's shape; an axis may be a range, or have a "
                   "name (H=32..960), which is one extent wherever it stands (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--value", args->settings.values,
                   "NAME=1,2,3 or NAME=FILE.npy: makes an input a constant (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--bound", args->settings.bounds,
                   "NAME=300: the most that a size can be which data decide (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--disable", args->settings.disabledPasses, "PASS: leave it out (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--winograd", args->winograd,
                   "on|off: whether 3x3 convolutions may be computed by Winograd's tiles: less "
                   "time, and other bits (default: on)")
      ->check(CLI::IsMember({"on", "off"}));
  verb->add_option("--optimise", args->optimise,
                   "memory|speed: whether weights may take more memory where that saves time; bits "
                   "stay (default: memory)")
      ->check(CLI::IsMember({"memory", "speed"}));
  verb->add_option(
          "--weights", args->weights,
          "as-they-are|float16: whether weights are rounded to float16, which halves their "
          "bytes; what float16 holds exactly is stored so either way (default: as-they-are)")
      ->check(CLI::IsMember({"as-they-are", "float16"}));
  verb->add_flag("--byte-inputs", args->settings.byteInputs,
                 "Inputs that the model rounds to bytes at once are these bytes: what they stand "
                 "for is printed");
  verb->add_flag("--list-passes", args->listPasses, "Print the names of all passes");
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "Examples:\n"
      "  minnow convert yolox.onnx -o yolox.minnow\n"
      "  minnow convert det.onnx -o det.minnow --shape x=1,3,640,640\n"
      "  minnow convert read.onnx -o read.minnow --shape x=1,3,48,32..960\n"
      "  minnow convert net.onnx -o net.minnow --value sizes=1,64 --disable fold-batch-norm\n"
      "  minnow convert resnet.onnx -o resnet.minnow --optimise speed\n"
      "  minnow convert resnet.onnx -o resnet.minnow --weights float16\n"
      "  minnow convert resnet_int8.onnx -o resnet.minnow --byte-inputs\n"
      "Exit code 3 and a list of nodes when something in the model is not supported.");
  verb->callback([args] { convert(*args); });
}

}  // namespace minnow::tool
