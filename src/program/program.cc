// Looking things up in a program.
#include "program/program.h"

#include <algorithm>

#include "base/heap_bytes.h"

namespace minnow::program {
namespace {

/// What a copy of the model's graph shares with it.
size_t sharedBytes(const ir::Graph& graph) {
  size_t shared = ir::kConstantsHeader + (graph.sizes ? kSharedHeader + sizeof(ir::Constant) : 0);
  for (const ir::Value& value : graph.values) shared += value.constant ? sizeof(ir::Constant) : 0;
  return shared;
}

}  // namespace

TensorView Program::viewOf(ir::ValueId id) const {
  TensorView view;
  bindView(id, view);
  return view;
}

void Program::bindView(ir::ValueId id, TensorView& view) const {
  if (id == ir::kNoValue) {
    view = {};
    return;
  }
  const TensorType& type = typeOf(id);
  const Place& place = places[id];
  view.type = storedAs(id);
  view.shape = type.shape;
  view.strides = strides[place.strides];
  view.packing = place.packing;
  view.data = place.buffer == kNone ? place.constant : nullptr;
  view.missing = nullptr;
}

std::vector<TensorType> Program::typesOf(std::span<const ir::ValueId> ids) const {
  std::vector<TensorType> some;
  for (const ir::ValueId id : ids) some.push_back(id == ir::kNoValue ? TensorType{} : typeOf(id));
  return some;
}

std::vector<TensorType> Program::allTypes() const {
  std::vector<TensorType> all;
  const size_t count = graph->values.size() - crossed.size();
  all.reserve(count);
  for (size_t v = 0; v < count; ++v) all.push_back(typeOf(static_cast<int>(v)));
  return all;
}

bool Program::computesRowsOfWhole(int step) const {
  return strips.axisAt(step) != ops::Rows::kWhole && !graph->nodes[step].op->facts().rowsStandAlone;
}

std::span<const Lane> Program::lanesFrom(size_t step) const {
  if (!kHasPaths) return {};
  const auto first = std::ranges::find(lanes, static_cast<int>(step), &Lane::first);
  if (first == lanes.end() || (first != lanes.begin() && first[-1].stageEnd == first->stageEnd))
    return {};
  const auto other = [&](const Lane& lane) { return lane.stageEnd != first->stageEnd; };
  return {first, std::find_if(first, lanes.end(), other)};
}

const Lane* Program::laneAt(size_t step) const {
  if (!kHasPaths) return nullptr;
  const int at = static_cast<int>(step);
  for (const Lane& lane : lanes)
    if (at >= lane.first && at < lane.end) return &lane;
  return nullptr;
}

size_t Program::mostLanes() const {
  size_t most = 0;
  for (const Lane& lane : lanes)
    most = std::max(most, lanesFrom(static_cast<size_t>(lane.first)).size());
  return most;
}

size_t Program::heapBytes() const {
  size_t bytes =
      minnow::heapBytes(places) + minnow::heapBytes(strides) + minnow::heapBytes(buffers) +
      minnow::heapBytes(stripAxes) + minnow::heapBytes(guards.all) +
      minnow::heapBytes(guards.ofStep) + strips.heapBytes() + minnow::heapBytes(sizedByData) +
      minnow::heapBytes(inputs) + minnow::heapBytes(outputs) + minnow::heapBytes(types) +
      steps.capacity() * sizeof(Step) + minnow::heapBytes(crossed) + minnow::heapBytes(refusals) +
      minnow::heapBytes(lanes) + minnow::heapBytes(devices) + minnow::heapBytes(blockBytes);
  if (placed)
    bytes += kSharedHeader + sizeof(ir::Graph) + ir::heapBytes(*placed) - sharedBytes(*placed);
  for (const Step& step : steps)
    if (step.kernel) bytes += step.kernel->heapBytes();
  return bytes;
}

size_t Program::weightBytesOn(size_t device) const {
  size_t bytes = 0;
  for (const Step& step : steps)
    if (step.kernel && step.device == static_cast<int>(device)) bytes += step.kernel->deviceBytes();
  return bytes;
}

size_t Program::deviceBytes() const {
  size_t bytes = 0;
  for (size_t device = 0; device < devices.size(); ++device) bytes += weightBytesOn(device);
  return bytes;
}

}  // namespace minnow::program
