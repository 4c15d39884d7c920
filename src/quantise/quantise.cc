// Import, calibrate, plan, measure, convert.
#include "quantise/quantise.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/fail.h"
#include "base/guarded.h"
#include "format/write.h"
#include "ops/matmul.h"
#include "passes/pass_list.h"
#include "quantise/equalise.h"
#include "quantise/writer.h"

namespace minnow::quantise {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// Passes that make of the model what layers are taken from: those before activations are fused.
std::vector<std::string> laterPasses() {
  std::vector<std::string> names{"fuse-quantised"};
  bool isLater = false;
  for (const passes::Pass& pass : passes::allPasses())
    if (isLater |= pass.name == std::string_view("fuse-activation")) names.emplace_back(pass.name);
  return names;
}

/// True of a node that computes with integers of 8 bits: beside them it has scales, or of two of them it
/// makes sums of 32 bits or of a scale. What moves or casts bytes, as those of a picture, does neither.
bool isQuantised(const ir::Graph& graph, const ir::Node& node) {
  const auto count = [&](std::span<const ValueId> ids, auto... types) {
    return std::ranges::count_if(ids, [&](ValueId id) {
      return id != kNoValue && ((graph.values[at(id)].type.type == types) || ...);
    });
  };
  using enum DataType;
  const auto read = count(node.inputs, Uint8, Int8), given = count(node.outputs, Uint8, Int8);
  const auto reals = count(node.inputs, Float32, Float16, Float64) +
                     count(node.outputs, Float32, Float16, Float64);
  return (read + given > 0 && reals >= 2) || (read >= 2 && reals + count(node.outputs, Int32) > 0);
}

Result<void> refuseQuantised(const ir::Graph& graph) {
  for (const ir::Node& node : graph.nodes)
    if (isQuantised(graph, node))
      return fail(
          ErrorCode::Unsupported, "node '", node.name, "' (", node.op->name(),
          ") computes with integers of 8 bits, so that the model is quantised already: "
          "`minnow convert` takes it as it is; quantise the float model that it was made of");
  return {};
}

class Quantiser {
 public:
  Quantiser(ir::Graph graph, const Samples& samples, const Options& options)
      : graph_(std::move(graph)), samples_(samples), options_(options) {}

  Result<ir::Graph> run(Report& report) {
    if (auto ok = calibrate(); !ok) return passOn(ok);
    if (options_.equalise) {
      report.equalised = equalise(graph_, seen_);
      if (report.equalised > 0)
        if (auto ok = calibrate(); !ok) return passOn(ok);
    }
    if (needsBins(options_.plan.ranges))
      if (auto ok = look("distributions", addBins); !ok) return passOn(ok);
    candidates_ = candidates(graph_, seen_, options_.plan);
    auto found = chosen(report);
    if (!found) return passOn(found);
    return quantised(graph_, *found);
  }

 private:
  using Add = Result<void> (*)(Statistics&, const ir::Value&, std::span<const float>, bool);

  // Calibration ------------------------------------------------------------------------------------

  static Result<void> addSeen(Statistics& to, const ir::Value& value, std::span<const float> x,
                              bool rowsAreFirst) {
    const Shape& shape = value.type.shape;
    const int axis = rowsAreFirst || shape.rank() < 2 ? shape.rank() - 1 : 1;
    int64_t inner = 1;
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
    const int64_t channels = shape.rank() > 0 ? shape[axis] : 1;
    if (addExtremes(to, x, channels, inner)) return {};
    return fail(ErrorCode::InvalidArgument, "tensor '", value.name,
                "' has an infinity or NaN, which no integer stands for; look at what is fed "
                "(--mean, --scale), or leave this picture out; if all "
                "have one, the model makes it itself and stays in float");
  }
  static Result<void> addBins(Statistics& to, const ir::Value&, std::span<const float> x, bool) {
    addToBins(to, x);
    return {};
  }

  Result<void> calibrate() {
    seen_.assign(graph_.values.size(), {});
    return look("ranges", addSeen);
  }

  /// True of a value whose channels, for products, are along its last axis.
  std::vector<char> rows() const {
    std::vector<char> found(graph_.values.size());
    for (const ir::Node& node : graph_.nodes)
      if (node.as<ops::MatMul>()) found[at(node.inputs[0])] = 1;
    return found;
  }

  Result<void> look(const char* what, Add add) {
    auto observed = Observed::create(graph_, options_.threads);
    if (!observed) return passOn(observed);
    const auto isRow = rows();
    std::map<std::string, size_t> ids;
    for (size_t id = 0; id < graph_.values.size(); ++id)
      if (isReal(graph_, static_cast<ValueId>(id)) && !graph_.values[id].isConstant())
        ids.emplace(graph_.values[id].name, id);
    const Look one = [&](const std::string& name, const TensorView& view) -> Result<void> {
      const auto found = ids.find(name);
      if (found == ids.end() || view.type != DataType::Float32 || view.elements() == 0) return {};
      const size_t id = found->second;
      const auto& value = graph_.values[id];
      if (value.type.shape != view.shape) return {};  // data decide it
      floats_.resize(static_cast<size_t>(view.elements()));
      copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, floats_.data()});
      return add(seen_[id], value, floats_, isRow[id] != 0);
    };
    for (size_t i = 0; i < samples_.count; ++i) {
      if (options_.progress)
        options_.progress(static_cast<double>(i) / static_cast<double>(samples_.count), what);
      if (auto ok = observed->run(samples_, i, one); !ok) return ok;
    }
    return {};
  }

  // Which layers -----------------------------------------------------------------------------------

  Result<Plan> measured(const std::set<ValueId>& kept, Costs& costs) {
    auto found = settled(graph_, candidates_, kept);
    if (!found) return found;
    auto now =
        measure(graph_, *found, samples_, options_.measured, options_.threads, options_.progress);
    if (!now) return passOn(now);
    costs = std::move(*now);
    return found;
  }

  Result<Plan> chosen(Report& report) {
    auto all = measured({}, report.costs);
    if (!all || (options_.keep == 0 && options_.maxError <= 0)) return all;
    candidates_ = *all;  // what has no operator on integers is not asked for again
    std::vector<const LayerCost*> worst;
    const Costs first = report.costs;
    for (const LayerCost& layer : first.layers)
      if (layer.isInteger) worst.push_back(&layer);
    std::ranges::stable_sort(worst, std::greater(), &LayerCost::single);
    const auto keeping = [&](size_t n) {
      std::set<ValueId> kept;
      for (size_t i = 0; i < std::min(n, worst.size()); ++i) kept.insert(worst[i]->result);
      return measured(kept, report.costs);
    };
    if (options_.maxError <= 0) return keeping(options_.keep);
    return leastKept(std::move(*all), report, worst.size(), keeping);
  }

  /// The fewest layers, `keep` at least, with which the outputs' error is as small as asked for.
  template <class Keeping>
  Result<Plan> leastKept(Plan none, Report& report, size_t most, Keeping keeping) {
    size_t low = options_.keep, high = most;
    if (low == 0 && report.costs.output <= options_.maxError) return none;
    std::optional<std::pair<Plan, Costs>> found;  // of `high` layers
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      auto tried = keeping(middle);
      if (!tried) return tried;
      if (report.costs.output > options_.maxError) {
        low = middle + 1;
        continue;
      }
      high = middle;
      found.emplace(std::move(*tried), report.costs);
    }
    if (!found) return keeping(low);
    report.costs = std::move(found->second);
    return std::move(found->first);
  }

  ir::Graph graph_;
  const Samples& samples_;
  const Options& options_;
  Seen seen_;
  Plan candidates_;
  std::vector<float> floats_;
};

Result<std::vector<std::byte>> quantiseModel(const std::filesystem::path& model,
                                             const converter::ConvertOptions& conversion,
                                             const Samples& samples, const Options& options,
                                             Report& report) {
  auto graph = converter::importFile(model, conversion, report.conversion);
  if (!graph) return passOn(graph);
  auto done = quantiseGraph(std::move(*graph), samples, options, report);
  if (!done) return passOn(done);
  return converter::finish(std::move(*done), conversion, report.conversion);
}

}  // namespace

Result<ir::Graph> quantiseGraph(ir::Graph graph, const Samples& samples, const Options& options,
                                Report& report) {
  if (auto ok = refuseQuantised(graph); !ok) return passOn(ok);
  if (auto ok = passes::runPasses(graph, laterPasses()); !ok) return passOn(ok);
  return Quantiser(std::move(graph), samples, options).run(report);
}

Result<std::vector<std::byte>> quantiseFile(const std::filesystem::path& model,
                                            const converter::ConvertOptions& conversion,
                                            const Samples& samples, const Options& options,
                                            Report& report) {
  return guarded(model.native(), [&]() -> Result<std::vector<std::byte>> {
    auto result = quantiseModel(model, conversion, samples, options, report);
    if (!result) return fail(result.error().code, model.string(), ": ", result.error().message);
    return result;
  });
}

}  // namespace minnow::quantise
