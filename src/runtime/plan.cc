// Building and binding a plan.
#include "runtime/plan.h"

#include <algorithm>

#include "base/aligned.h"
#include "base/fail.h"
#include "runtime/storage.h"

namespace minnow::runtime {
namespace {

using ir::kNoValue;
using ir::ValueId;

constexpr int kUnused = 1 << 30;

class PlanBuilder {
 public:
  PlanBuilder(const ir::Graph& graph, const std::vector<TensorType>& types,
              const PlanOptions& options)
      : graph_(graph), types_(types), options_(options), storage_(assignStorage(graph, types)) {
    for (size_t bytes : storage_.bufferBytes) plan_.buffers.push_back({bytes, kUnused, -1});
  }

  Plan build() {
    for (ValueId in : graph_.inputs) {
      plan_.inputs.push_back(planned(in));
      plan_.inputInfo.push_back({graph_.values[in].name, types_[in].type, types_[in].shape});
      touch(plan_.inputs.back(), 0);
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) addStep(static_cast<int>(n));
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      const ValueId out = graph_.outputs[i];
      plan_.outputs.push_back(planned(out));
      plan_.outputInfo.push_back({graph_.outputNames[i], types_[out].type, types_[out].shape});
      touch(plan_.outputs.back(), static_cast<int>(graph_.nodes.size()));
    }
    placeBuffers();
    return std::move(plan_);
  }

 private:
  PlannedTensor planned(ValueId id) const {
    if (id == kNoValue) return {};
    const Place& place = storage_.places[id];
    const TensorType& type = types_[id];
    PlannedTensor tensor;
    tensor.value = id;
    tensor.view = {type.type, type.shape, place.storage.strides, nullptr,
                   graph_.values[id].layout == ir::Layout::Panels};
    tensor.byteOffset = static_cast<size_t>(place.storage.offset) * elementSize(type.type);
    tensor.buffer = place.buffer;
    if (place.constant != kNoValue)
      tensor.view.data =
          const_cast<std::byte*>(graph_.values[place.constant].constant->bytes.data()) +
          tensor.byteOffset;
    return tensor;
  }

  void touch(const PlannedTensor& tensor, int step) {
    if (tensor.buffer < 0) return;
    PlannedBuffer& buffer = plan_.buffers[tensor.buffer];
    buffer.first = std::min(buffer.first, step);
    buffer.last = std::max(buffer.last, step);
  }

  void addStep(int n) {
    const ir::Node& node = graph_.nodes[n];
    Step step;
    step.node = n;
    step.op = node.op.get();
    for (ValueId id : node.inputs) step.inputs.push_back(planned(id));
    for (ValueId id : node.outputs) step.outputs.push_back(planned(id));
    for (const auto* list : {&step.inputs, &step.outputs})
      for (const PlannedTensor& tensor : *list) touch(tensor, n);
    for (const PlannedTensor& tensor : step.inputs) step.boundInputs.push_back(tensor.view);
    for (const PlannedTensor& tensor : step.outputs) step.boundOutputs.push_back(tensor.view);
    OperatorInfo info{node.name, node.op->name(), "view", 0, static_cast<size_t>(n)};
    if (!storage_.isView[n]) {
      chooseKernel(step, info, n);
      info.multiplyAdds = node.op->multiplyAdds(graph_.inputTypes(node), outputTypes(node));
    }
    plan_.operators.push_back(std::move(info));
    plan_.steps.push_back(std::move(step));
  }

  std::vector<TensorType> outputTypes(const ir::Node& node) const {
    std::vector<TensorType> types;
    for (ValueId id : node.outputs) types.push_back(id == kNoValue ? TensorType{} : types_[id]);
    return types;
  }

  void chooseKernel(Step& step, OperatorInfo& info, int n) {
    backend::cpu::KernelRow row = backend::cpu::referenceRow(step.op->kind());
    if (options_.fastKernels)
      row = backend::cpu::chooseKernel(*step.op, step.boundInputs, step.boundOutputs);
    step.run = row.run;
    info.kernel = row.name;
    const size_t bytes = row.workspace ? row.workspace(*step.op, step.boundInputs,
                                                       step.boundOutputs, options_.threads)
                                       : 0;
    if (bytes == 0) return;
    step.workspace = static_cast<int>(plan_.buffers.size());
    plan_.buffers.push_back({bytes, n, n});
  }

  void placeBuffers() {
    std::vector<memory::Interval> intervals;
    std::vector<int> used;
    for (size_t b = 0; b < plan_.buffers.size(); ++b) {
      const PlannedBuffer& buffer = plan_.buffers[b];
      if (buffer.first == kUnused) continue;
      intervals.push_back({buffer.bytes, buffer.first, buffer.last});
      used.push_back(static_cast<int>(b));
    }
    const memory::Plan arena = memory::planArena(intervals);
    for (size_t i = 0; i < used.size(); ++i) plan_.buffers[used[i]].offset = arena.offsets[i];
    plan_.arenaBytes = arena.bytes;
    plan_.lowerBoundBytes = arena.lowerBound;
  }

  const ir::Graph& graph_;
  const std::vector<TensorType>& types_;
  PlanOptions options_;
  StoragePlan storage_;
  Plan plan_;
};

}  // namespace

void Plan::bind(std::byte* arena) {
  const auto address = [&](const PlannedTensor& tensor) {
    TensorView view = tensor.view;
    if (tensor.buffer >= 0) view.data = arena + buffers[tensor.buffer].offset + tensor.byteOffset;
    return view;
  };
  smaller_.clear();
  boundInputs.resize(inputs.size());
  boundOutputs.resize(outputs.size());
  std::ranges::transform(inputs, boundInputs.begin(), address);
  std::ranges::transform(outputs, boundOutputs.begin(), address);
  for (Step& step : steps) {
    std::ranges::transform(step.inputs, step.boundInputs.begin(), address);
    std::ranges::transform(step.outputs, step.boundOutputs.begin(), address);
    if (step.workspace >= 0)
      step.boundWorkspace = {arena + buffers[step.workspace].offset, buffers[step.workspace].bytes};
  }
}

Result<void> Plan::runStep(size_t s, base::ThreadPool& pool) {
  Step& step = steps[s];
  if (!smaller_.empty())
    if (auto ok = adaptStep(step); !ok) return ok;
  if (!step.run) return {};
  auto ok = step.run(*step.op, {step.boundInputs, step.boundOutputs, step.boundWorkspace, &pool});
  if (ok) noteActualShapes(step);
  return ok;
}

// Gives a step that reads a smaller value its true input and output shapes.
Result<void> Plan::adaptStep(Step& step) {
  bool changed = false;
  std::vector<TensorType> types;
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    for (const auto& [value, view] : smaller_)
      if (value == step.inputs[i].value) step.boundInputs[i] = view, changed = true;
    types.push_back({step.boundInputs[i].type, step.boundInputs[i].shape});
  }
  if (!changed) return {};
  const auto outTypes = step.op->inferShape(types);
  if (!outTypes) return std::unexpected(outTypes.error());
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    TensorView& out = step.boundOutputs[i];
    if (!out) continue;
    out.shape = (*outTypes)[i].shape;
    const TensorView& source = step.boundInputs[0];
    const auto view = step.run
                          ? std::nullopt
                          : step.op->viewOf(source.shape, {source.strides, 0}, static_cast<int>(i));
    if (!step.run && !view)
      return fail(ErrorCode::Unsupported,
                  "a tensor whose size depends on data cannot be viewed here");
    out.strides = view ? view->strides : plainStrides(out.shape);
    if (view)
      out.data = static_cast<std::byte*>(source.data) +
                 view->offset * static_cast<int64_t>(elementSize(out.type));
  }
  if (step.run) step.run = kernels::reference::find(step.op->kind());
  noteActualShapes(step);
  return {};
}

void Plan::noteActualShapes(const Step& step) {
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    const TensorView& actual = step.boundOutputs[i];
    if (!actual || actual.shape == step.outputs[i].view.shape) continue;
    std::erase_if(smaller_,
                  [&](const auto& known) { return known.first == step.outputs[i].value; });
    smaller_.emplace_back(step.outputs[i].value, actual);
    for (size_t o = 0; o < outputs.size(); ++o)
      if (outputs[o].value == step.outputs[i].value) boundOutputs[o] = actual;
  }
}

Result<Plan> makePlan(const ir::Graph& graph, const std::vector<TensorType>& types,
                      const PlanOptions& options) {
  return PlanBuilder(graph, types, options).build();
}

std::vector<PlannedMemory> describeMemory(const ir::Graph& graph, const Plan& plan) {
  std::vector<std::string> names(plan.buffers.size());
  for (const PlannedTensor& input : plan.inputs)
    if (input.buffer >= 0) names[input.buffer] = graph.values[input.value].name;
  for (const Step& step : plan.steps) {
    for (const PlannedTensor& output : step.outputs)
      if (output.buffer >= 0) names[output.buffer] = graph.values[output.value].name;
    if (step.workspace >= 0) names[step.workspace] = "workspace of " + graph.nodes[step.node].name;
  }
  std::vector<PlannedMemory> memory;
  for (size_t b = 0; b < plan.buffers.size(); ++b) {
    const PlannedBuffer& buffer = plan.buffers[b];
    if (buffer.first == kUnused) continue;
    memory.push_back({names[b], buffer.offset, buffer.bytes, static_cast<size_t>(buffer.first),
                      static_cast<size_t>(buffer.last), false});
  }
  return memory;
}

Result<void> inferTypes(const ir::Graph& graph, std::vector<TensorType>& types) {
  std::vector<TensorType> in;
  for (const ir::Node& node : graph.nodes) {
    in.clear();
    for (ValueId id : node.inputs) in.push_back(id == kNoValue ? TensorType{} : types[id]);
    auto out = node.op->inferShape(in);
    if (!out)
      return fail(out.error().code, "node '", node.name, "' (", node.op->name(),
                  "): ", out.error().message);
    for (size_t i = 0; i < node.outputs.size() && i < out->size(); ++i)
      if (node.outputs[i] != kNoValue) types[node.outputs[i]] = (*out)[i];
  }
  return {};
}

}  // namespace minnow::runtime
