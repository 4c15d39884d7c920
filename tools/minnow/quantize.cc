// minnow quantize: a float model and a folder of pictures become a model in integers.
#include "quantise/quantise.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/whole_file.h"
#include "convert_report.h"
#include "exit.h"
#include "inference.h"
#include "json_output.h"
#include "model.h"
#include "number_check.h"
#include "outputs.h"
#include "progress.h"
#include "report_table.h"
#include "verbs.h"
#include "words.h"

namespace minnow::tool {
namespace {

namespace fs = std::filesystem;

struct QuantizeArguments {
  std::string model, folder, output, report;
  std::vector<std::string> inputs, shapes;
  PictureOptions picture;
  std::string ranges = "squares", equalise = "on", correctBias = "on";
  quantise::Options options;
  double maxErrorPercent = 0;
  bool json = false, byteInputs = false;
};

bool isSample(const fs::path& path) {
  const std::string end = endingOf(path);
  return end == ".jpg" || end == ".jpeg" || end == ".png" || end == ".bmp" || end == ".npy";
}

/// By name, so that they are the same on every file system.
std::vector<std::string> samplesIn(const std::string& folder) {
  std::error_code error, unknown;
  std::vector<std::string> files;
  // Links that lead nowhere are taken too: that they cannot be read is said of them by name.
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    if (isSample(entry->path()) && !entry->is_directory(unknown))
      files.push_back(entry->path().string());
  if (error) throw Failure(Exit::Error, fmt::format("--calibrate {}: {}", folder, error.message()));
  if (files.empty())
    throw Failure(Exit::Error,
                  fmt::format("--calibrate {}: no pictures (.jpg, .png, .bmp) or arrays (.npy) in "
                              "this folder; some tens of such as the model will see do",
                              folder));
  std::ranges::sort(files);
  return files;
}

/// The input that samples are for: the one that --input says nothing of.
std::string sampledInput(const QuantizeArguments& args, std::span<const TensorInfo> inputs) {
  std::vector<std::string> free;
  for (const TensorInfo& info : inputs)
    if (std::ranges::none_of(args.inputs, [&](const std::string& spec) {
          return spec.starts_with(info.name + "=");
        }))
      free.push_back(info.name);
  if (free.size() == 1) return free[0];
  throw Failure(Exit::Usage,
                fmt::format("--calibrate feeds one input, but {} have no value ({}): give all but "
                            "one by --input NAME=SPEC",
                            free.size(), fmt::join(free, ", ")));
}

Result<void> fill(const QuantizeArguments& args, const std::string& file, const Frame& frame,
                  std::span<const TensorInfo> inputs) {
  try {
    std::vector<std::string> specs = args.inputs;
    specs.push_back(fmt::format("{}={}", sampledInput(args, inputs), file));
    InputSpecs(specs, args.picture).fill(frame, inputs);
    return {};
  } catch (const Failure& failure) {
    return std::unexpected(Error{ErrorCode::InvalidArgument, failure.what()});
  }
}

quantise::Samples samplesOf(const QuantizeArguments& args, const std::vector<std::string>& files) {
  return {files.size(),
          [&](size_t i, const Frame& frame, std::span<const TensorInfo> inputs) {
            return fill(args, files[i], frame, inputs);
          },
          [&](size_t i) { return files[i]; }};
}

quantise::RangeRule rangeRule(const std::string& name) {
  using enum quantise::RangeRule;
  if (name == "minmax") return MinMax;
  if (name == "percentile") return Percentile;
  return name == "squares" ? Squares : Divergence;
}

// What has so large an error holds more error than answer.
constexpr double kLost = 1;
constexpr const char* kWhatToDo =
    "Look at whether the pictures are fed as in real use (--mean, --scale, --color) and are many "
    "and various enough; then try --ranges minmax or percentile, and --max-error or --keep, which "
    "leave the worst layers in float";

std::vector<std::string> warningsOf(const quantise::Costs& costs) {
  std::vector<std::string> warnings;
  for (const quantise::LayerCost& layer : costs.layers)
    if (layer.isInteger && layer.single >= kLost)
      warnings.push_back(
          fmt::format("layer '{}' ({}) by itself errs by {:.0f} %: its range is wrong, "
                      "or its results cancel. {}",
                      layer.name, layer.type, layer.single * 100, kWhatToDo));
  if (costs.output >= kLost)
    warnings.push_back(
        fmt::format("the outputs err by {:.0f} %, more than they say, unless they are "
                    "all but 0 for these pictures (a detector that finds nothing). {}",
                    costs.output * 100, kWhatToDo));
  return warnings;
}

nlohmann::json reportJson(const QuantizeArguments& args, const quantise::Report& report,
                          size_t pictures, size_t fileBytes) {
  nlohmann::json layers = nlohmann::json::array();
  for (const quantise::LayerCost& layer : report.costs.layers)
    layers.push_back({{"layer", layer.name},
                      {"operator", layer.type},
                      {"integer", layer.isInteger},
                      {"single", layer.single},
                      {"entire", layer.entire}});
  return {{"model", args.model},
          {"output", args.output},
          {"pictures", pictures},
          {"file_bytes", fileBytes},
          {"weight_bytes", report.conversion.weightBytes},
          {"byte_inputs", toJson(report.conversion.byteInputs)},
          {"equalised", report.equalised},
          {"output_error", report.costs.output},
          {"warnings", warningsOf(report.costs)},
          {"layers", layers}};
}

void printReport(const QuantizeArguments& args, const quantise::Report& report, size_t pictures,
                 size_t fileBytes) {
  const auto& layers = report.costs.layers;
  size_t width = 5;
  for (const auto& layer : layers) width = std::max(width, std::min<size_t>(layer.name.size(), 48));
  fmt::print("{:<{}}  {:<16}  {:>8}  {:>8}\n", "layer", width, "operator", "single", "entire");
  for (const auto& layer : layers)
    fmt::print("{:<{}}  {:<16}  {:>8}  {:>7.2f}%\n", shortened(layer.name, width), width,
               layer.type, layer.isInteger ? fmt::format("{:.2f}%", layer.single * 100) : "float",
               layer.entire * 100);
  const auto integers = std::ranges::count_if(layers, &quantise::LayerCost::isInteger);
  fmt::print("{} -> {}\n", args.model, args.output);
  fmt::print("layers     {} of {} in integers, {} pairs equalised\n", integers, layers.size(),
             report.equalised);
  fmt::print("file       {}\n", bytesInWords(fileBytes));
  for (const auto& input : report.conversion.byteInputs)
    fmt::print("input      {}\n", tool::inWords(input));
  fmt::print("error      {:.2f} % of the outputs, on {} of {} pictures\n",
             report.costs.output * 100, std::min(pictures, args.options.measured), pictures);
  for (const std::string& warning : warningsOf(report.costs))
    fmt::print("warning    {}\n", warning);
}

void quantize(QuantizeArguments& args) {
  if (args.output.empty()) args.output = fs::path(args.model).replace_extension(".minnow").string();
  const std::vector<std::string> files = samplesIn(args.folder);
  std::vector<std::string> read = files;
  read.push_back(args.model);
  refuseToOverwrite({args.output, args.report}, read);
  const ConvertSettings settings{.shapes = shapesFor(args.model, args.shapes),
                                 .byteInputs = args.byteInputs};
  args.options.plan.ranges.rule = rangeRule(args.ranges);
  args.options.plan.correctBias = args.correctBias == "on";
  args.options.equalise = args.equalise == "on";
  args.options.maxError = args.maxErrorPercent / 100;
  args.options.progress = terminalProgress();
  quantise::Report report;
  const auto bytes = quantise::quantiseFile(args.model, convertOptions(args.model, settings),
                                            samplesOf(args, files), args.options, report);
  if (args.options.progress) args.options.progress(1, "");
  for (const std::string& warning : report.conversion.warnings)
    fmt::print(stderr, "minnow: {}: {}\n", args.model, warning);
  if (!bytes) throw conversionFailure(bytes.error(), report.conversion);
  need(base::writeFile(args.output, *bytes));
  const auto json = reportJson(args, report, files.size(), bytes->size());
  if (!args.report.empty()) need(base::writeFile(args.report, jsonText(json)));
  if (args.json)
    printJson(json);
  else
    printReport(args, report, files.size(), bytes->size());
}

}  // namespace

void addQuantize(CLI::App& app) {
  auto args = std::make_shared<QuantizeArguments>();
  CLI::App* verb =
      app.add_subcommand("quantize", "Turn a float model into one that runs in integers");
  verb->add_option("MODEL", args->model, "A float .onnx or .tflite file")->required();
  verb->add_option("--calibrate", args->folder,
                   "Folder of pictures (or .npy arrays) such as the model will see; from them the "
                   "ranges of its tensors are taken")
      ->required();
  verb->add_option("-o,--output", args->output, "The file to write (default: MODEL.minnow)");
  verb->add_option("-i,--input", args->inputs,
                   "NAME=SPEC (repeatable): what the other inputs have, as in `minnow run`")
      ->allow_extra_args(false);
  verb->add_option("--shape", args->shapes, "NAME=1,3,320,320: an input's shape (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--ranges", args->ranges,
                   "minmax|percentile|squares|divergence: which part of what was seen integers "
                   "stand for (default: squares, the least squared error)")
      ->check(CLI::IsMember({"minmax", "percentile", "squares", "divergence"}));
  verb->add_option("--percentile", args->options.plan.ranges.percentile,
                   "Of --ranges percentile (default: 99.99)")
      ->check(within(50, 100));
  verb->add_option("--equalise,--equalize", args->equalise,
                   "on|off: whether channels are made equally large across layers (default: on)")
      ->check(CLI::IsMember({"on", "off"}));
  verb->add_option("--correct-bias", args->correctBias,
                   "on|off: whether biases take the mean of what rounding weights costs "
                   "(default: on)")
      ->check(CLI::IsMember({"on", "off"}));
  verb->add_option("--keep", args->options.keep,
                   "N: leave the N layers in float that cost most by themselves")
      ->check(CLI::Range(0, 1000000));
  verb->add_option("--max-error", args->maxErrorPercent,
                   "E: leave as few layers in float as bring the outputs' error to E percent")
      ->check(within(1e-9, 1e9));
  verb->add_option("--measured", args->options.measured,
                   "Pictures that the report is taken from (default: 16)")
      ->check(CLI::Range(1, 1000000));
  verb->add_flag("--byte-inputs", args->byteInputs,
                 "Inputs that become bytes at once are these bytes, as of `minnow convert`");
  verb->add_option("--report", args->report, "FILE.json: the report, layer by layer");
  verb->add_option("-t,--threads", args->options.threads, "Threads")->check(CLI::Range(1, 256));
  addPictureOptions(verb, args->picture);
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "Examples:\n"
      "  minnow quantize signs.onnx --calibrate streets -o signs.minnow --scale 0.00392157\n"
      "  minnow quantize yolox.onnx --calibrate streets -o yolox.minnow --color bgr --resize "
      "letterbox\n"
      "  minnow quantize net.onnx --calibrate arrays -o net.minnow --max-error 5\n"
      "Of each layer the report says what integers cost it by themselves (single) and with all\n"
      "layers before it in integers (entire), as a part of its results' size.");
  verb->callback([args] { quantize(*args); });
}

}  // namespace minnow::tool
