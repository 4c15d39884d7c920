// minnow info: what a model is and what it will need.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "arguments.h"
#include "backends.h"
#include "base/mapped_file.h"
#include "budget.h"
#include "exit.h"
#include "extents.h"
#include "graph_page.h"
#include "json_output.h"
#include "memory_facts.h"
#include "model.h"
#include "outputs.h"
#include "paths.h"
#include "transformed.h"
#include "verbs.h"
#include "words.h"

namespace minnow::tool {
namespace {

struct InfoArguments {
  std::string model, graph, page, budget, backends, kernelCache;
  Precision precision = Precision::High;
  std::vector<std::string> shapes, paths;
  int threads = 1;
  bool json = false, operators = false, quantised = false, verify = false;
};

struct Facts {
  std::map<std::string, int> operators;
  int64_t multiplyAdds = 0;
  size_t steps = 0;
};

Facts factsOf(const Session& session) {
  Facts facts;
  for (const OperatorInfo& op : session.operators()) {
    ++facts.operators[op.type];
    facts.multiplyAdds += op.multiplyAdds;
    ++facts.steps;
  }
  return facts;
}

/// Along which axes an input can be resized, found by trying: each alone (with those of its name),
/// to twice its length, or to the least of its range where that is too much.
struct Sizes {
  std::vector<size_t> axes;
  std::vector<std::string> refused;  ///< what was said of the others: "axis 1: …"
};

int64_t anotherSize(const ExtentInfo& extent, int64_t size) {
  return size > extent.most / 2 ? extent.least : 2 * size;
}

/// The shape with another size along an axis.
Shape resizedAlong(const Interpreter& model, size_t input, int axis, Shape shape) {
  const ExtentInfo extent = model.extent(input, axis);
  const int64_t size = anotherSize(extent, shape[axis]);
  for (int other = 0; other < shape.rank(); ++other)
    if (other == axis || (!extent.name.empty() && model.extent(input, other).name == extent.name))
      shape[other] = size;
  return shape;
}

Sizes sizesOf(const Interpreter& model, Session& session, size_t index) {
  const TensorInfo input = session.inputs()[index];
  Sizes sizes;
  for (int axis = 0; axis < input.shape.rank(); ++axis) {
    const Shape shape = resizedAlong(model, index, axis, input.shape);
    const auto tried = session.resizeInput(input.name, shape);
    if (tried)
      sizes.axes.push_back(static_cast<size_t>(axis));
    else
      sizes.refused.push_back(fmt::format("axis {}: {}", axis, tried.error().message));
    need(session.resizeInput(input.name, input.shape));
  }
  return sizes;
}

std::vector<Sizes> sizesOf(const Interpreter& model, Session& session) {
  std::vector<Sizes> all;
  for (size_t i = 0; i < session.inputs().size(); ++i) all.push_back(sizesOf(model, session, i));
  return all;
}

nlohmann::json quantisationJson(const Quantisation& by) {
  return {{"scales", std::vector<float>(by.scales.begin(), by.scales.end())},
          {"zero_points", std::vector<int32_t>(by.zeroPoints.begin(), by.zeroPoints.end())},
          {"axis", by.axis},
          {"rule", ruleName(by.rule)}};
}

/// Of inputs, and of what operators read and write, each once; weights among them.
std::vector<TensorInfo> quantisedTensors(const Session& session) {
  std::vector<TensorInfo> found;
  std::set<std::string> seen;
  const auto add = [&](std::string_view name, DataType type, const Shape& shape,
                       const Quantisation& by) {
    if (by && seen.emplace(name).second) found.push_back({std::string(name), type, shape, by});
  };
  for (const TensorInfo& input : session.inputs())
    add(input.name, input.type, input.shape, input.quantisation);
  for (const OperatorInfo& op : session.operators()) {
    const Operands operands = session.operands(op.index);
    for (const auto* list : {&operands.inputs, &operands.outputs})
      for (const OperandInfo& one : *list) add(one.name, one.type, one.shape, one.quantisation);
  }
  return found;
}

nlohmann::json tensorsJson(std::span<const TensorInfo> tensors) {
  nlohmann::json out = nlohmann::json::array();
  for (const TensorInfo& info : tensors) {
    const auto dims = info.shape.dims();
    out.push_back({{"name", info.name},
                   {"type", dataTypeName(info.type)},
                   {"shape", std::vector<int64_t>(dims.begin(), dims.end())}});
    if (info.quantisation) out.back()["quantisation"] = quantisationJson(info.quantisation);
  }
  return out;
}

nlohmann::json sizesJson(std::span<const TensorInfo> inputs, std::span<const Sizes> sizes) {
  nlohmann::json out = nlohmann::json::object();
  for (size_t i = 0; i < inputs.size(); ++i)
    out[inputs[i].name] = {{"axes", sizes[i].axes}, {"refused", sizes[i].refused}};
  return out;
}

void printSizes(std::span<const TensorInfo> inputs, std::span<const Sizes> sizes) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto& [axes, refused] = sizes[i];
    if (axes.empty())
      fmt::print("resizable      {}: no\n", inputs[i].name);
    else
      fmt::print("resizable      {}: ax{} {}\n", inputs[i].name, axes.size() == 1 ? "is" : "es",
                 fmt::join(axes, ", "));
    for (const std::string& reason : refused) fmt::print("               not {}\n", reason);
  }
}

/// What is said of the model's ranges and names.
struct Ranges {
  std::vector<Extent> extents;
  std::optional<Smallest> smallest;
  std::string refused;  ///< why the smallest cannot be
};

Ranges rangesOf(const Interpreter& model, Session& session) {
  Ranges ranges{extentsOf(model), std::nullopt, {}};
  auto smallest = smallestOf(session, ranges.extents);
  if (smallest)
    ranges.smallest = std::move(*smallest);
  else
    ranges.refused = smallest.error().message;
  return ranges;
}

void printSmallest(const Ranges& ranges) {
  if (ranges.smallest)
    fmt::print("smallest       {}: {} predicted, static + dynamic\n",
               shapesInWords(*ranges.smallest),
               bytesInWords(predictedPeak(ranges.smallest->memory)));
  if (!ranges.refused.empty()) fmt::print("smallest       refused: {}\n", ranges.refused);
}

using Needs = std::vector<ModelNeeds>;

/// Of an .onnx file none: conversion in memory spends nothing for speed.
Transformed transformedIn(const InfoArguments& args) {
  if (isSource(args.model)) return {};
  return tool::transformedIn(need(base::MappedFile::open(args.model))->bytes());
}

Needs needsOf(const InfoArguments& args, const Session& session) {
  return {budgetNeedsOf(std::filesystem::path(args.model).stem().string(), session.memory(),
                        session.deviceMemory())};
}

nlohmann::json asJson(const InfoArguments& args, const Model& model, const Session& session,
                      std::span<const Sizes> sizes, const Ranges& ranges,
                      const std::optional<Verdict>& verdict) {
  const Facts facts = factsOf(session);
  const MemoryReport memory = session.memory();
  nlohmann::json out = {{"model", args.model},
                        {"name", model.interpreter.name()},
                        {"inputs", tensorsJson(session.inputs())},
                        {"outputs", tensorsJson(session.outputs())},
                        {"resizable", sizesJson(session.inputs(), sizes)},
                        {"extents", toJson(ranges.extents)},
                        {"smallest", ranges.smallest ? toJson(*ranges.smallest) : nlohmann::json()},
                        {"operator_count", facts.steps},
                        {"operators", facts.operators},
                        {"multiply_adds", facts.multiplyAdds},
                        {"checksum", model.interpreter.checksum()},
                        {"weights_verified", args.verify},
                        {"weight_bytes", memory.staticBytes},
                        {"transformed", toJson(transformedIn(args))},
                        {"memory",
                         {{"model_bytes", memory.modelBytes},
                          {"static_bytes", memory.staticBytes},
                          {"dynamic_bytes", memory.dynamicBytes},
                          {"lower_bound_bytes", memory.lowerBoundBytes},
                          {"ratio", planRatio(memory)},
                          {"metadata_bytes", memory.metadataBytes},
                          {"device_bytes", memory.deviceBytes},
                          {"devices", devicesJson(session.deviceMemory())},
                          {"predicted_peak_bytes", predictedPeak(memory)}}}};
  if (args.quantised) out["quantised"] = tensorsJson(quantisedTensors(session));
  if (!args.backends.empty()) out["placement"] = placementJson(session);
  if (!args.paths.empty()) out["lanes"] = lanesJson(session);
  if (verdict) out["budget"] = toJson(*verdict, needsOf(args, session));
  return out;
}

void printText(const InfoArguments& args, const Model& model, const Session& session,
               std::span<const Sizes> sizes, const Ranges& ranges,
               const std::optional<Verdict>& verdict) {
  const Facts facts = factsOf(session);
  const MemoryReport memory = session.memory();
  fmt::print("{} ({})\n", args.model, model.interpreter.name());
  for (const TensorInfo& info : session.inputs())
    fmt::print("input          {}: {}\n", info.name, typeInWords(info));
  for (const TensorInfo& info : session.outputs())
    fmt::print("output         {}: {}\n", info.name, typeInWords(info));
  fmt::print("{}", inWords(ranges.extents));
  printSizes(session.inputs(), sizes);
  std::string operators;
  for (const auto& [type, count] : facts.operators)
    operators += fmt::format("{}{} {}", operators.empty() ? "" : ", ", count, type);
  fmt::print("operators      {}: {}\n", facts.steps, operators);
  if (args.quantised)
    for (const TensorInfo& info : quantisedTensors(session))
      fmt::print("quantised      {}: {}\n", info.name, typeInWords(info));
  fmt::print("multiply-adds  {}\n", countInWords(static_cast<double>(facts.multiplyAdds)));
  fmt::print("static         {} of weights and constants\n", bytesInWords(memory.staticBytes));
  if (const Transformed transformed = transformedIn(args); transformed.layers > 0)
    fmt::print("speed          {}\n", inWords(transformed));
  fmt::print("dynamic        {} of feature maps and workspace; lower bound {}, ratio {:.3f}\n",
             bytesInWords(memory.dynamicBytes), bytesInWords(memory.lowerBoundBytes),
             planRatio(memory));
  fmt::print("metadata       {}, and {} of the file until releaseModel\n",
             bytesInWords(memory.metadataBytes), bytesInWords(memory.modelBytes));
  fmt::print("peak           {} predicted, static + dynamic\n",
             bytesInWords(predictedPeak(memory)));
  for (const DeviceMemoryReport& device : session.deviceMemory())
    fmt::print("device         {} of {}'s own memory: {} of weights, {} for a frame\n",
               bytesInWords(device.total()), device.backend, bytesInWords(device.weightBytes),
               bytesInWords(device.blockBytes));
  printSmallest(ranges);
  fmt::print("{}", lanesInWords(session));
  if (!args.backends.empty()) fmt::print("{}", placementInWords(session));
  fmt::print("checksum       {}{}\n", model.interpreter.checksum(),
             args.verify ? ", verified" : ", as the file states; --verify reads the weights");
  if (verdict)
    fmt::print("{}  {}", verdictInWords(needsOf(args, session), *verdict),
               categoriesInWords(memory));
}

void info(const InfoArguments& args) {
  const ConvertSettings settings{.shapes = shapesFor(args.model, args.shapes)};
  std::optional<size_t> budget;
  if (!args.budget.empty()) budget = parseBytes(args.budget, "--budget");
  refuseToOverwrite({args.graph, args.page}, {args.model});
  Runtime runtime =
      need(Runtime::create({.threads = args.threads, .kernelCache = args.kernelCache}));
  const Model model = openModel(runtime, args.model, settings, {.verifyWeights = args.verify});
  if (!args.graph.empty() && writeOrPrint(args.graph, model.interpreter.graphviz())) return;
  if (args.operators) {
    for (const std::string& kind : model.interpreter.operatorKinds()) fmt::print("{}\n", kind);
    return;
  }
  Session session = openSession(
      model, args.model, settings,
      withBackends({.precision = args.precision, .paths = parsePaths(args.paths)}, args.backends));
  const bool printed =
      !args.page.empty() && writeOrPrint(args.page, graphPage(args.model, session));
  if (args.backends.empty()) warnOfDevices({}, parsePaths(args.paths));  // else they are listed
  const std::vector<Sizes> sizes = sizesOf(model.interpreter, session);
  const Ranges ranges = rangesOf(model.interpreter, session);
  std::optional<Verdict> verdict;
  if (budget) verdict = judge(needsOf(args, session), 1, *budget);
  if (args.json && !printed) {
    printJson(asJson(args, model, session, sizes, ranges, verdict));
  } else if (!printed) {
    printText(args, model, session, sizes, ranges, verdict);
  }
  if (verdict && !verdict->fits()) throw CLI::RuntimeError(static_cast<int>(Exit::OverBudget));
}

}  // namespace

void addInfo(CLI::App& app) {
  auto args = std::make_shared<InfoArguments>();
  CLI::App* verb = app.add_subcommand("info", "Inputs, outputs, operators, cost and memory");
  verb->add_option("MODEL", args->model, "A .minnow, .onnx or .tflite file")->required();
  verb->add_option("--shape", args->shapes, "NAME=1,3,320,320: an input's shape (repeatable)")
      ->allow_extra_args(false);
  addBackendOptions(verb, args->backends, args->kernelCache);
  addPrecisionOption(verb, args->precision);
  addPathOption(verb, args->paths);
  verb->add_option("-t,--threads", args->threads, "Threads that the plan is for")
      ->check(CLI::Range(1, 256));
  verb->add_option("--graph", args->graph, "FILE: write the graph in Graphviz' language; - prints");
  verb->add_option("--html", args->page,
                   "FILE: the graph as a page to zoom in and click on: shapes, memory, time, bits; "
                   "- prints. Runs the model");
  verb->add_option("-b,--budget", args->budget,
                   "24MB: also answer whether the model fits; exit code 4 if not");
  verb->add_flag("--operators", args->operators,
                 "Print only the kinds of operators, one a line (for MINNOW_MODELS)");
  verb->add_flag("--quantised", args->quantised,
                 "List all quantised tensors, weights too, with scales and zero points");
  verb->add_flag("--verify", args->verify,
                 "Read all weights and compare their checksum; exit code 1 if they are damaged");
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "Examples:\n"
      "  minnow info signs.minnow\n"
      "  minnow info signs.minnow --verify\n"
      "  minnow info signs.minnow --graph signs.dot && dot -Tsvg signs.dot -o signs.svg\n"
      "  minnow info signs.minnow --html signs.html\n"
      "  minnow info signs.minnow --backend cl,cpu\n"
      "  minnow info signs_int8.minnow --quantised\n"
      "  minnow info det.onnx --shape x=1,3,640,640 --json\n"
      "  minnow info signs.minnow --budget 24MB");
  verb->callback([args] { info(*args); });
}

}  // namespace minnow::tool
