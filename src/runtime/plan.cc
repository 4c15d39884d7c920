// Building and binding a plan.
#include "runtime/plan.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/aligned.h"
#include "base/fail.h"
#include "kernels/movement.h"

namespace minnow::runtime {
namespace {

using ir::kNoValue;
using ir::ValueId;

class PlanBuilder {
 public:
  /// `strips`: see planning::layOut().
  PlanBuilder(const ir::Graph& graph, std::vector<TensorType> types, const PlanOptions& options,
              int strips)
      : graph_(graph), options_(options), layout_(planning::layOut(graph, types, strips)) {
    plan_.types = std::move(types);
    for (const planning::Buffer& buffer : layout_.buffers) plan_.buffers.push_back({buffer});
    plan_.chains = std::move(layout_.chains);
    plan_.windows = std::move(layout_.windows);
  }

  Plan build() {
    numberActual();
    for (ValueId in : graph_.inputs) {
      plan_.inputs.push_back(planned(in));
      plan_.boundInputs.push_back(viewOf(in));
      plan_.inputInfo.push_back({graph_.values[in].name, typeOf(in).type, typeOf(in).shape});
    }
    plan_.steps.reserve(graph_.nodes.size());
    plan_.operators.reserve(graph_.nodes.size());
    for (size_t n = 0; n < graph_.nodes.size(); ++n) addStep(static_cast<int>(n));
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      const ValueId out = graph_.outputs[i];
      plan_.outputs.push_back(planned(out));
      plan_.boundOutputs.push_back(viewOf(out));
      plan_.outputInfo.push_back({graph_.outputNames[i], typeOf(out).type, typeOf(out).shape});
    }
    placeBuffers();
    // What only planning needed is not kept.
    for (planning::ChainSchedule& chain : plan_.chains) {
      chain.reads.clear();
      chain.reads.shrink_to_fit();
    }
    plan_.buffers.shrink_to_fit();
    return std::move(plan_);
  }

 private:
  const TensorType& typeOf(ValueId id) const { return plan_.types[id]; }

  /// Values of which data decide an extent are counted.
  void numberActual() {
    actual_.assign(graph_.values.size(), -1);
    for (size_t v = 0; v < graph_.values.size(); ++v) {
      if (!layout_.dataSizes.isFromData(static_cast<ValueId>(v))) continue;
      actual_[v] = static_cast<int>(plan_.actual.size());
      plan_.actual.emplace_back();
    }
  }

  PlannedTensor planned(ValueId id) const {
    if (id == kNoValue) return {};
    const planning::Place& place = layout_.storage.places[id];
    PlannedTensor tensor;
    tensor.value = id;
    tensor.actual = actual_[id];
    tensor.byteOffset = static_cast<size_t>(place.storage.offset) * elementSize(typeOf(id).type);
    tensor.buffer = place.buffer;
    if (place.constant != kNoValue)
      tensor.constant =
          const_cast<std::byte*>(graph_.values[place.constant].constant->bytes.data()) +
          tensor.byteOffset;
    return tensor;
  }

  TensorView viewOf(ValueId id) const {
    if (id == kNoValue) return {};
    const planning::Place& place = layout_.storage.places[id];
    return {{typeOf(id).type, typeOf(id).shape, place.storage.strides, graph_.values[id].packing},
            planned(id).constant};
  }

  void addStep(int n) {
    const ir::Node& node = graph_.nodes[n];
    Step step;
    step.node = n;
    step.op = node.op.get();
    step.sizedByData = layout_.dataSizes.concerns(node);
    place(node.inputs, step.inputs, step.boundInputs);
    place(node.outputs, step.outputs, step.boundOutputs);
    OperatorInfo info{node.name, node.op->name(), "view", 0, static_cast<size_t>(n)};
    info.kind = ops::opKindName(node.op->kind());
    joinChain(step);
    if (!layout_.storage.isView[n]) {
      info.multiplyAdds =
          node.op->multiplyAdds(typesOf(step.boundInputs), typesOf(step.boundOutputs));
      chooseKernel(step, info);
    }
    plan_.operators.push_back(std::move(info));
    plan_.steps.push_back(std::move(step));
  }

  void place(const std::vector<ValueId>& ids, std::vector<PlannedTensor>& tensors,
             std::vector<TensorView>& views) const {
    tensors.reserve(ids.size());
    views.reserve(ids.size());
    for (ValueId id : ids) {
      tensors.push_back(planned(id));
      views.push_back(viewOf(id));
    }
  }

  static std::vector<TensorType> typesOf(std::span<const TensorView> views) {
    std::vector<TensorType> types;
    for (const TensorView& view : views) types.push_back({view.type, view.shape});
    return types;
  }

  /// Steps of operators that stand alone see nothing but a strip of their tensors.
  void joinChain(Step& step) {
    step.chain = layout_.chainOf[step.node];
    if (step.chain < 0 || !step.op->rowsStandAlone()) return;
    const planning::ChainSchedule& chain = plan_.chains[step.chain];
    for (PlannedTensor& out : step.outputs) out.rowAxis = chain.axis(step.node);
    for (size_t i = 0; i < step.inputs.size(); ++i)
      step.inputs[i].rowAxis = chain.readsOf(step.node)[i].axis;
  }

  void chooseKernel(Step& step, OperatorInfo& info) {
    size_t workspace = 0;
    for (int64_t rows : stripHeights(step)) {
      std::vector<TensorView> in = step.boundInputs, out = step.boundOutputs;
      if (rows > 0) cutRows(step.inputs, in, rows), cutRows(step.outputs, out, rows);
      backend::cpu::KernelRow row = backend::cpu::referenceRow(step.op->kind());
      // A fast kernel is chosen for known sizes; the reference takes any.
      if (options_.fastKernels && !step.sizedByData)
        row = backend::cpu::chooseKernel(*step.op, in, out);
      // A kernel that does not take every strip gives way to the reference, which takes any.
      if (step.run && step.run != row.run) row = backend::cpu::referenceRow(step.op->kind());
      step.run = row.run;
      info.kernel = row.name;
      step.takesWorkspace |= row.workspace != nullptr;
      if (row.workspace && !step.makesNothing())
        workspace = std::max(workspace,
                             row.workspace(*step.op, in, out, {options_.threads, mostRows(step)}));
    }
    if (workspace == 0) return;
    step.workspace = static_cast<int>(plan_.buffers.size());
    plan_.buffers.push_back({{workspace, step.node, step.node}});
  }

  /// The most rows of whole tensors that a call computes.
  kernels::OutputRows mostRows(const Step& step) const {
    if (!plan_.computesRowsOfWhole(step)) return {};
    kernels::OutputRows most{0, 1};
    for (int strip = 0; strip < plan_.chains[step.chain].strips; ++strip) {
      const kernels::OutputRows rows = plan_.rowsAt(step, strip);
      most.end = std::max(most.end, rows.end - rows.begin);
    }
    return most;
  }

  /// The different numbers of rows that a step's strips have; 0 where it sees whole tensors.
  std::vector<int64_t> stripHeights(const Step& step) const {
    if (step.chain < 0 || !step.op->rowsStandAlone()) return {0};
    const planning::ChainSchedule& chain = plan_.chains[step.chain];
    std::vector<int64_t> heights;
    for (int strip = 0; strip < chain.strips; ++strip) {
      const int64_t rows = chain.end(step.node, strip) - chain.end(step.node, strip - 1);
      if (rows > 0 && std::ranges::find(heights, rows) == heights.end()) heights.push_back(rows);
    }
    return heights;
  }

  static void cutRows(std::span<const PlannedTensor> tensors, std::vector<TensorView>& views,
                      int64_t rows) {
    for (size_t i = 0; i < views.size(); ++i)
      if (tensors[i].rowAxis >= 0) views[i].shape[tensors[i].rowAxis] = rows;
  }

  void placeBuffers() {
    std::vector<memory::Interval> intervals;
    std::vector<int> used;
    for (size_t b = 0; b < plan_.buffers.size(); ++b) {
      const PlannedBuffer& buffer = plan_.buffers[b];
      if (buffer.first == planning::Buffer::kUnused) continue;
      intervals.push_back({buffer.bytes, buffer.first, buffer.last});
      used.push_back(static_cast<int>(b));
    }
    const memory::Plan arena = memory::planArena(intervals);
    for (size_t i = 0; i < used.size(); ++i) plan_.buffers[used[i]].offset = arena.offsets[i];
    plan_.arenaBytes = arena.bytes;
    plan_.lowerBoundBytes = arena.lowerBound;
  }

  const ir::Graph& graph_;
  PlanOptions options_;
  planning::Layout layout_;
  std::vector<int> actual_;  // by value: index into Plan::actual
  Plan plan_;
};

}  // namespace

// Running -----------------------------------------------------------------------------------------

void Plan::restart() {
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (outputs[o].actual < 0) continue;
    boundOutputs[o].shape = outputInfo[o].shape;
    boundOutputs[o].strides = plainStrides(outputInfo[o].shape);
  }
}

void Plan::bind(std::byte* arena) {
  restart();
  arena_ = arena;
  const auto bindAll = [&](std::span<const PlannedTensor> tensors, std::span<TensorView> views) {
    for (size_t i = 0; i < tensors.size(); ++i)
      if (tensors[i].buffer >= 0) views[i].data = addressOf(tensors[i], 0);
  };
  bindAll(inputs, boundInputs);
  bindAll(outputs, boundOutputs);
  for (Step& step : steps) {
    bindAll(step.inputs, step.boundInputs);
    bindAll(step.outputs, step.boundOutputs);
    if (step.workspace >= 0)
      step.boundWorkspace = {arena + buffers[step.workspace].offset, buffers[step.workspace].bytes};
  }
}

void Plan::advance(Position& at) const {
  const int chain = steps[at.step].chain;
  if (chain >= 0 && static_cast<int>(at.step) == chains[chain].last) {
    if (++at.strip < chains[chain].strips) {
      at.step = static_cast<size_t>(chains[chain].first);
      return;
    }
    at.strip = 0;
  }
  ++at.step;
}

kernels::OutputRows Plan::rowsAt(const Step& step, int strip) const {
  const planning::ChainSchedule& chain = chains[step.chain];
  return {chain.end(step.node, strip - 1), chain.end(step.node, strip)};
}

bool Plan::computesRowsOfWhole(const Step& step) const {
  return step.chain >= 0 && !step.op->rowsStandAlone() && chains[step.chain].axis(step.node) >= 0;
}

/// Of row 0, whether or not there is memory for it in this strip. Computed on integers: it may lie
/// outside the arena.
std::byte* Plan::addressOf(const PlannedTensor& tensor, int strip) const {
  if (tensor.buffer < 0) return tensor.constant;
  const PlannedBuffer& buffer = buffers[tensor.buffer];
  auto address = reinterpret_cast<uintptr_t>(arena_) + buffer.offset + tensor.byteOffset;
  if (buffer.window >= 0) {
    const planning::Window& window = windows[buffer.window];
    address -= static_cast<uintptr_t>(window.low[strip]) * window.rowBytes;
  }
  return reinterpret_cast<std::byte*>(address);
}

bool Plan::hasWork(const Position& at) const {
  const Step& step = steps[at.step];
  if (step.chain < 0) return true;
  const kernels::OutputRows rows = rowsAt(step, at.strip);
  return rows.begin < rows.end;
}

Result<void> Plan::open(const Position& at) {
  Step& step = steps[at.step];
  if (step.sizedByData) return giveActualSizes(step);
  if (step.chain < 0) return {};
  if (step.node == chains[step.chain].first && at.strip > 0) slideWindows(step.chain, at.strip);
  const kernels::OutputRows rows = rowsAt(step, at.strip);
  for (size_t i = 0; i < step.inputs.size(); ++i)
    showStrip(step.inputs[i], step.boundInputs[i], at.strip, rows);
  for (size_t i = 0; i < step.outputs.size(); ++i)
    showStrip(step.outputs[i], step.boundOutputs[i], at.strip, rows);
  return {};
}

/// Moves the rows that are still needed to the beginning of their buffers.
void Plan::slideWindows(int chain, int strip) {
  for (const planning::Window& window : windows) {
    if (window.chain != chain || window.kept[strip] == 0) continue;
    std::byte* to = arena_ + buffers[window.buffer].offset;
    const auto moved = static_cast<size_t>(window.low[strip] - window.low[strip - 1]);
    std::memmove(to, to + moved * window.rowBytes,
                 static_cast<size_t>(window.kept[strip]) * window.rowBytes);
  }
}

void Plan::showStrip(const PlannedTensor& tensor, TensorView& view, int strip,
                     const kernels::OutputRows& rows) const {
  if (tensor.value == kNoValue) return;
  view.data = addressOf(tensor, strip);
  if (tensor.rowAxis < 0) return;
  view.shape[tensor.rowAxis] = rows.end - rows.begin;
  view.data = static_cast<std::byte*>(view.data) + rows.begin * view.strides[tensor.rowAxis] *
                                                       static_cast<int64_t>(elementSize(view.type));
}

Result<void> Plan::run(const Position& at, base::ThreadPool& pool) {
  Step& step = steps[at.step];
  if (!step.run) return {};
  kernels::KernelArgs args{step.boundInputs, step.boundOutputs, step.boundWorkspace, &pool};
  if (computesRowsOfWhole(step)) args.rows = rowsAt(step, at.strip);
  Result<void> ok;
  if (!step.takesWorkspace || !step.makesNothing()) ok = step.run(*step.op, args);
  if (ok && step.sizedByData) noteActualSizes(step);
  return ok;
}

// Callbacks ---------------------------------------------------------------------------------------

OperatorInfo Plan::infoAt(const Position& at) const {
  OperatorInfo info = operators[at.step];
  const Step& step = steps[at.step];
  if (step.chain < 0 || chains[step.chain].axis(step.node) < 0) return info;
  const kernels::OutputRows rows = rowsAt(step, at.strip);
  info.rowBegin = rows.begin;
  info.rowEnd = rows.end;
  return info;
}

std::vector<TensorView> Plan::visibleInputs(const Position& at) const {
  const Step& step = steps[at.step];
  std::vector<TensorView> views = step.boundInputs;
  if (!computesRowsOfWhole(step)) return views;
  std::vector<TensorType> in, out;
  for (const PlannedTensor& tensor : step.inputs)
    in.push_back(tensor.value == kNoValue ? TensorType{} : types[tensor.value]);
  for (const PlannedTensor& tensor : step.outputs)
    out.push_back(tensor.value == kNoValue ? TensorType{} : types[tensor.value]);
  const kernels::OutputRows rows = rowsAt(step, at.strip);
  const ops::Rows asked{chains[step.chain].axis(step.node), rows.begin, rows.end};
  for (size_t i = 0; i < views.size(); ++i) {
    if (!views[i]) continue;
    const auto read = step.op->rowsRead(static_cast<int>(i), asked, in, out);
    if (read && read->axis >= 0)
      views[i] = kernels::partOf(views[i], read->axis, read->begin, read->end - read->begin);
  }
  return views;
}

std::vector<TensorView> Plan::visibleOutputs(const Position& at) const {
  const Step& step = steps[at.step];
  std::vector<TensorView> views = step.boundOutputs;
  if (!computesRowsOfWhole(step)) return views;
  const kernels::OutputRows rows = rowsAt(step, at.strip);
  for (TensorView& view : views)
    if (view)
      view = kernels::partOf(view, chains[step.chain].axis(step.node), rows.begin,
                             rows.end - rows.begin);
  return views;
}

// Results whose size depends on data --------------------------------------------------------------

// What such a step reads and writes lies in buffers of its own (planning/storage.h), as large as
// the largest sizes; in a frame, row-major at their beginning.
Result<void> Plan::giveActualSizes(Step& step) {
  std::vector<TensorType> read;
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    if (step.inputs[i].actual >= 0) step.boundInputs[i] = actual[step.inputs[i].actual];
    read.push_back({step.boundInputs[i].type, step.boundInputs[i].shape});
  }
  const auto written = step.op->inferShape(read);
  if (!written) return std::unexpected(written.error());
  for (size_t i = 0; i < step.outputs.size(); ++i)
    if (step.boundOutputs[i])
      if (auto ok = giveOutput(step.outputs[i], (*written)[i].shape, step.boundOutputs[i]); !ok)
        return ok;
  const auto workspace = kernels::reference::findWorkspace(step.op->kind());
  if (workspace && !step.makesNothing() &&
      workspace(*step.op, step.boundInputs, step.boundOutputs, 1) > step.boundWorkspace.size())
    return fail(ErrorCode::Internal, "more workspace is wanted than was planned");
  return {};
}

/// No extent may be larger than planned, and none another where data decide none.
Result<void> Plan::giveOutput(const PlannedTensor& tensor, const Shape& shape,
                              TensorView& view) const {
  const Shape& most = types[tensor.value].shape;
  bool fits = shape.rank() == most.rank();
  for (int i = 0; fits && i < shape.rank(); ++i)
    fits = tensor.actual >= 0 ? shape[i] <= most[i] : shape[i] == most[i];
  if (!fits)
    return fail(ErrorCode::Internal, "its result is of ", shape, ", ", most, " was planned",
                tensor.actual >= 0 ? " at most" : "");
  if (tensor.actual < 0) return {};
  view.shape = shape;
  view.strides = plainStrides(shape);
  return {};
}

void Plan::noteActualSizes(const Step& step) {
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    if (step.outputs[i].actual < 0) continue;
    actual[step.outputs[i].actual] = step.boundOutputs[i];
    for (size_t o = 0; o < outputs.size(); ++o)
      if (outputs[o].value == step.outputs[i].value) boundOutputs[o] = step.boundOutputs[i];
  }
}

namespace {

/// All buffers side by side: no offset in an arena can be larger, so none wraps where size_t has 32
/// bits.
uint64_t bytesWithoutSharing(const Plan& plan) {
  uint64_t sum = 0;
  for (const PlannedBuffer& buffer : plan.buffers) sum += buffer.bytes + base::kAlignment;
  return sum;
}

}  // namespace

Result<Plan> makePlan(const ir::Graph& graph, std::vector<TensorType> types,
                      const PlanOptions& options) {
  // Sizes given anew may ask of an operator what it does not take.
  if (auto sizes = ir::findDataSizes(graph, types); !sizes) return std::unexpected(sizes.error());
  Plan layers = PlanBuilder(graph, types, options, 0).build();
  if (const uint64_t bytes = bytesWithoutSharing(layers); bytes > SIZE_MAX)
    return fail(ErrorCode::OutOfMemory, graph.name, ": its feature maps have ", bytes,
                " bytes, this CPU addresses ", SIZE_MAX, "; give it smaller inputs");
  if (!options.strips || graph.chains.empty()) return layers;
  // As tall as threads want them, but never at the price of more memory than whole layers take.
  for (int strips = options.threads; strips > 0; strips /= 2) {
    Plan plan = PlanBuilder(graph, types, options, strips).build();
    if (plan.chains.empty()) break;
    if (plan.arenaBytes <= layers.arenaBytes) return plan;
  }
  return layers;
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
    if (buffer.first == planning::Buffer::kUnused) continue;
    memory.push_back({names[b], buffer.offset, buffer.bytes, static_cast<size_t>(buffer.first),
                      static_cast<size_t>(buffer.last), buffer.window >= 0});
  }
  return memory;
}

Operands describeOperands(const ir::Graph& graph, const Plan& plan, size_t step) {
  const auto describe = [&](std::span<const PlannedTensor> tensors) {
    std::vector<OperandInfo> infos;
    for (const PlannedTensor& tensor : tensors) {
      OperandInfo& info = infos.emplace_back();
      if (tensor.value == kNoValue) continue;
      const auto& [type, shape] = plan.types[tensor.value];
      info = {graph.values[tensor.value].name, type, shape, tensor.buffer < 0};
    }
    return infos;
  };
  return {describe(plan.steps[step].inputs), describe(plan.steps[step].outputs)};
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
