// Binding a step's tensors and running it.
#include "runtime/runner.h"

#include <cstdint>
#include <cstring>

#include "kernels/movement.h"

namespace minnow::runtime {

using program::kNone;

int Runner::bandsHere() const {
  const planning::ChainSchedule* chain = program().strips.chainAt(cursor_.step());
  const bool begins = chain != nullptr && chain->first == cursor_.step();
  return begins && cursor_.band() == 0 && cursor_.strip() == 0 ? chain->band.count : 1;
}

/// A tensor, or its strip along `axis`, at this place of the run. Its row 0 may lie outside the
/// arena, so addresses are computed on integers.
void Runner::bindStrip(ir::ValueId id, int axis, TensorView& view) const {
  view = program().viewOf(id);
  if (id == ir::kNoValue) return;
  const program::Place& place = program().places[id];
  auto address = reinterpret_cast<uintptr_t>(view.data);
  if (place.buffer != kNone)
    address = reinterpret_cast<uintptr_t>(bufferAt(cursor_.bufferHere(place.buffer))) +
              static_cast<uintptr_t>(cursor_.rowZero(place.buffer, place.byteOffset));
  if (axis >= 0) {
    const ops::Rows rows = cursor_.rows();
    view.shape[axis] = rows.end - rows.begin;
    address += static_cast<uintptr_t>(rows.begin * view.strides[axis] *
                                      static_cast<int64_t>(elementSize(view.type)));
  }
  view.data = reinterpret_cast<void*>(address);
}

Result<void> Runner::open() {
  slideWindows();
  if (!hasWork()) return {};
  int32_t axis = plannedStep().stripAxes;
  const auto bindAll = [&](std::span<const ir::ValueId> ids, std::span<TensorView> views) {
    for (size_t i = 0; i < ids.size(); ++i)
      bindStrip(ids[i], axis == kNone ? kNone : program().stripAxes[axis++], views[i]);
  };
  bindAll(node().inputs, inputs());
  bindAll(node().outputs, outputs());
  return plannedStep().sizedByData ? bindActualSizes() : Result<void>();
}

/// Moves the rows that are still needed to the beginning of their buffers.
void Runner::slideWindows() {
  cursor_.forEachSlide([&](const planning::Slide& slide) {
    std::byte* to = bufferAt(slide.buffer);
    std::memmove(to, to + slide.fromByte, slide.bytes);
  });
}

/// Each band has its own.
std::span<std::byte> Runner::workspace() const {
  if (plannedStep().workspace == kNone) return {};
  const int32_t buffer = plannedStep().workspace + cursor_.band();
  return {bufferAt(buffer), program().buffers[buffer].bytes};
}

Result<void> Runner::run(base::Team& team) {
  const program::Step& step = plannedStep();
  if (!step.kernel) return {};
  if (busy_ != step.backend)
    if (auto ok = finish(); !ok) return ok;
  kernels::KernelArgs args{inputs(), outputs(), workspace(), &team};
  if (program().computesRowsOfWhole(cursor_.step())) {
    const ops::Rows rows = cursor_.rows();
    args.rows = {rows.begin, rows.end};
  }
  const auto event = step.kernel->run(args);
  if (!event) return std::unexpected(event.error());
  if (*event != backend::kDone) {
    busy_ = step.backend;
    begun_ = *event;
  }
  if (step.sizedByData) noteActualSizes();
  return {};
}

Result<void> Runner::finish() {
  if (busy_ == nullptr) return {};
  const backend::Backend& backend = *busy_;
  busy_ = nullptr;
  return backend.wait(begun_);
}

// Callbacks ---------------------------------------------------------------------------------------

OperatorInfo Runner::info() const {
  OperatorInfo info = program::describeOperator(program(), step());
  const ops::Rows rows = cursor_.rows();
  if (rows.axis == ops::Rows::kWhole) return info;
  info.rowBegin = rows.begin;
  info.rowEnd = rows.end;
  return info;
}

std::vector<TensorView> Runner::visibleInputs() const {
  std::vector<TensorView> views(operands_.data(), operands_.data() + node().inputs.size());
  if (!program().computesRowsOfWhole(cursor_.step())) return views;
  const auto in = program().typesOf(node().inputs), out = program().typesOf(node().outputs);
  for (size_t i = 0; i < views.size(); ++i) {
    if (!views[i]) continue;
    const auto read = node().op->rowsRead(static_cast<int>(i), cursor_.rows(), in, out);
    if (read && read->axis >= 0)
      views[i] = kernels::partOf(views[i], read->axis, read->begin, read->end - read->begin);
  }
  return views;
}

std::vector<TensorView> Runner::visibleOutputs() const {
  const TensorView* first = operands_.data() + node().inputs.size();
  std::vector<TensorView> views(first, first + node().outputs.size());
  if (!program().computesRowsOfWhole(cursor_.step())) return views;
  const ops::Rows rows = cursor_.rows();
  for (TensorView& view : views)
    if (view) view = kernels::partOf(view, rows.axis, rows.begin, rows.end - rows.begin);
  return views;
}

}  // namespace minnow::runtime
