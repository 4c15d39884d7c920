// Three copies of each node: float, in integers from the float copy's results, and in integers from
// integers. They are computed one after another, so that one layer's tensors are kept at a time.
#include "quantise/measure.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/fail.h"
#include "quantise/writer.h"

namespace minnow::quantise {
namespace {

using ir::kNoValue;
using ir::ValueId;

constexpr const char* kSingle = "#single";
constexpr const char* kEntire = "#entire";

/// All copies in one graph; the last results of single layers are outputs, so that they are computed.
ir::Graph beside(const ir::Graph& graph, const Plan& plan, const std::vector<ValueId>& layers) {
  ir::Graph to = graph.clone();
  to.nodes.clear();
  Writer original(graph, to, nullptr, ""), single(graph, to, &plan, kSingle),
      entire(graph, to, &plan, kEntire);
  for (size_t i = 0; i < graph.values.size(); ++i)
    for (Writer* writer : {&original, &single, &entire})
      writer->share(static_cast<ValueId>(i), static_cast<ValueId>(i));
  std::vector<ValueId> results;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto n = static_cast<int>(i);
    original.add(n);
    entire.add(n);
    const bool isInteger = plan.isInteger[i] != 0;
    if (isInteger) single.add(n);
    for (const ValueId id : graph.nodes[i].outputs) {
      if (id == kNoValue || plan.isInner[at(id)]) continue;
      if (isInteger && id == layers[i] && plan.by[at(id)]) results.push_back(single.integers(id));
      single.takeReal(id, original.real(id));
    }
  }
  for (ValueId& id : to.outputs) id = original.real(id);
  for (size_t i = 0; i < graph.outputs.size(); ++i)
    results.push_back(entire.real(graph.outputs[i]));
  for (const ValueId id : results) {
    to.outputs.push_back(id);
    to.outputNames.push_back("#" + std::to_string(to.outputs.size()));
  }
  return to;
}

/// Sums of squares.
struct Sums {
  double error = 0, original = 0;
  double relative() const {
    return original > 0 ? std::sqrt(error / original) : error > 0 ? 1.0 : 0.0;
  }
};

std::vector<float> floatsOf(const TensorView& view) {
  std::vector<float> floats(static_cast<size_t>(view.elements()));
  copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, floats.data()});
  return floats;
}

std::vector<float> dequantised(const TensorView& view, const ops::Quantisation& by) {
  std::vector<uint8_t> bytes(static_cast<size_t>(view.elements()));
  copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, bytes.data()});
  std::vector<float> floats(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i)
    floats[i] = static_cast<float>(bytes[i] - by.zero) * by.scale;
  return floats;
}

class Comparison {
 public:
  Comparison(const ir::Graph& graph, const Plan& plan) : plan_(plan) {
    const std::string single = kSingle, entire = kEntire;
    const auto producers = graph.producers();
    for (size_t i = 0; i < graph.values.size(); ++i) {
      const auto id = static_cast<ValueId>(i);
      if (!isReal(graph, id) || graph.values[i].isConstant()) continue;
      const std::string name = graph.values[i].name.str();
      copies_.emplace(name, Copy{id, nullptr});
      copies_.emplace(name + entire, Copy{id, &entire_});
      // What a layer in float puts out is not what its readers round it to.
      const int producer = producers[i];
      if (!plan.by[i] || producer < 0 || !plan.isInteger[static_cast<size_t>(producer)]) continue;
      copies_.emplace(name + single + "#integers", Copy{id, &single_});
      copies_.emplace(name + entire + "#integers", Copy{id, &entire_});
    }
    single_.resize(graph.values.size()), entire_.resize(graph.values.size());
  }

  void look(const std::string& name, const TensorView& tensor) {
    const auto found = copies_.find(name);
    if (found == copies_.end()) return;
    const auto [id, sums] = found->second;
    if (tensor.type == DataType::Uint8 && sums)
      compare((*sums)[at(id)], originals_[id], dequantised(tensor, *plan_.by[at(id)]));
    else if (tensor.type == DataType::Float32 && sums)
      compare((*sums)[at(id)], originals_[id], floatsOf(tensor));
    else if (tensor.type == DataType::Float32)
      originals_[id] = floatsOf(tensor);
  }
  void nextPicture() { originals_.clear(); }

  double single(ValueId id) const { return single_[at(id)].relative(); }
  double entire(ValueId id) const { return entire_[at(id)].relative(); }

 private:
  /// A value of the graph, in which copy it is.
  struct Copy {
    ValueId id;
    std::vector<Sums>* sums;  ///< null for the original
  };

  static void compare(Sums& sums, const std::vector<float>& original,
                      const std::vector<float>& now) {
    if (original.size() != now.size()) return;  // data decide it
    for (size_t i = 0; i < now.size(); ++i) {
      const double error = double{now[i]} - original[i];
      sums.error += error * error, sums.original += double{original[i]} * original[i];
    }
  }

  const Plan& plan_;
  std::unordered_map<std::string, Copy> copies_;
  std::unordered_map<ValueId, std::vector<float>> originals_;
  std::vector<Sums> single_, entire_;
};

}  // namespace

Result<Costs> measure(const ir::Graph& graph, const Plan& plan, const Samples& samples, size_t most,
                      int threads, const Progress& progress) {
  const auto layers = layersOf(graph);
  auto observed = Observed::create(beside(graph, plan, layers), threads);
  if (!observed) return passOn(observed);
  Comparison comparison(graph, plan);
  const size_t count = std::min(samples.count, most);
  for (size_t i = 0; i < count; ++i) {
    const size_t sample = i * samples.count / count;
    if (progress) progress(static_cast<double>(i) / static_cast<double>(count), "costs of layers");
    comparison.nextPicture();
    const auto look = [&](const std::string& name, const TensorView& tensor) -> Result<void> {
      comparison.look(name, tensor);
      return {};
    };
    if (auto ok = observed->run(samples, sample, look); !ok) return passOn(ok);
  }
  Costs costs;
  std::set<ValueId> known;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    const ValueId id = layers[n];
    if (id == kNoValue || node.op->choosesElements(0) || !isReal(graph, id) ||
        !known.insert(id).second)
      continue;
    costs.layers.push_back({id, node.name.str(), node.op->name(), plan.isInteger[n] != 0,
                            comparison.single(id), comparison.entire(id)});
  }
  for (const ValueId id : graph.outputs)
    if (isReal(graph, id)) costs.output = std::max(costs.output, comparison.entire(id));
  return costs;
}

}  // namespace minnow::quantise
