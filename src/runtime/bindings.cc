// Binding a step's tensors and running it.
#include "runtime/bindings.h"

#include <cstdint>
#include <cstring>

#include "base/heap_bytes.h"
#include "kernels/movement.h"

namespace minnow::runtime {

using program::kNone;

Bindings::Bindings(std::shared_ptr<const program::Program> program)
    : program_(std::move(program)),
      cursor_(program_->strips),
      operands_(program_->mostOperands),
      actual_(program_->sizedByData.size()) {
  settled_.reserve(program_->settledSteps);
  for (size_t n = 0; n < program_->steps.size(); ++n)
    if (program_->steps[n].settled != kNone)
      settled_.push_back(program_->graph->nodes[n].op->clone());
}

size_t Bindings::heapBytes() const {
  size_t bytes = minnow::heapBytes(operands_) + minnow::heapBytes(actual_) +
                 settled_.capacity() * sizeof(settled_[0]);
  for (const auto& op : settled_) bytes += op->heapBytes();
  return bytes;
}

void Bindings::bind(std::byte* arena) {
  arena_ = arena;
  begin();
}

/// What the last run made smaller is as planned again.
void Bindings::begin() {
  cursor_ = planning::StripCursor(program_->strips);
  for (size_t a = 0; a < actual_.size(); ++a) actual_[a] = planned(program_->sizedByData[a]);
}

/// A whole tensor outside strips, in its planned size.
TensorView Bindings::planned(ir::ValueId id) const {
  const program::Place& place = program_->places[id];
  TensorView view = program_->viewOf(id);
  if (place.buffer != kNone)
    view.data = arena_ + program_->buffers[place.buffer].offset + place.byteOffset;
  return view;
}

/// In this frame's size.
TensorView Bindings::tensor(ir::ValueId id) const {
  const int32_t actual = program_->places[id].actual;
  return actual == kNone ? planned(id) : actual_[actual];
}

/// A tensor, or its strip along `axis`, at this place of the run. Its row 0 may lie outside the
/// arena, so addresses are computed on integers.
void Bindings::bindStrip(ir::ValueId id, int axis, TensorView& view) const {
  view = program_->viewOf(id);
  if (id == ir::kNoValue) return;
  const program::Place& place = program_->places[id];
  auto address = reinterpret_cast<uintptr_t>(view.data);
  if (place.buffer != kNone)
    address = reinterpret_cast<uintptr_t>(arena_) + program_->buffers[place.buffer].offset +
              static_cast<uintptr_t>(cursor_.rowZero(place.buffer, place.byteOffset));
  if (axis >= 0) {
    const ops::Rows rows = cursor_.rows();
    view.shape[axis] = rows.end - rows.begin;
    address += static_cast<uintptr_t>(rows.begin * view.strides[axis] *
                                      static_cast<int64_t>(elementSize(view.type)));
  }
  view.data = reinterpret_cast<void*>(address);
}

Result<void> Bindings::open() {
  slideWindows();
  if (!hasWork()) return {};
  int32_t axis = plannedStep().stripAxes;
  const auto bindAll = [&](std::span<const ir::ValueId> ids, std::span<TensorView> views) {
    for (size_t i = 0; i < ids.size(); ++i)
      bindStrip(ids[i], axis == kNone ? kNone : program_->stripAxes[axis++], views[i]);
  };
  bindAll(node().inputs, inputs());
  bindAll(node().outputs, outputs());
  return plannedStep().sizedByData ? bindActualSizes() : Result<void>();
}

/// Moves the rows that are still needed to the beginning of their buffers.
void Bindings::slideWindows() {
  cursor_.forEachSlide([&](const planning::Slide& slide) {
    std::byte* to = arena_ + program_->buffers[slide.buffer].offset;
    std::memmove(to, to + slide.fromByte, slide.bytes);
  });
}

Result<void> Bindings::run(base::Team& team) {
  const program::Step& step = plannedStep();
  if (!step.kernel) return {};
  if (busy_ != step.backend)
    if (auto ok = finish(); !ok) return ok;
  kernels::KernelArgs args{inputs(), outputs(), {}, &team};
  if (step.workspace != kNone) {
    const program::Buffer& buffer = program_->buffers[step.workspace];
    args.workspace = {arena_ + buffer.offset, buffer.bytes};
  }
  if (step.settled != kNone) args.settled = settled_[static_cast<size_t>(step.settled)].get();
  if (program_->computesRowsOfWhole(cursor_.step())) {
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

Result<void> Bindings::finish() {
  if (busy_ == nullptr) return {};
  const backend::Backend& backend = *busy_;
  busy_ = nullptr;
  return backend.wait(begun_);
}

// Callbacks ---------------------------------------------------------------------------------------

OperatorInfo Bindings::info() const {
  OperatorInfo info = program::describeOperator(*program_, step());
  const ops::Rows rows = cursor_.rows();
  if (rows.axis == ops::Rows::kWhole) return info;
  info.rowBegin = rows.begin;
  info.rowEnd = rows.end;
  return info;
}

std::vector<TensorView> Bindings::visibleInputs() const {
  std::vector<TensorView> views(operands_.data(), operands_.data() + node().inputs.size());
  if (!program_->computesRowsOfWhole(cursor_.step())) return views;
  const auto in = program_->typesOf(node().inputs), out = program_->typesOf(node().outputs);
  for (size_t i = 0; i < views.size(); ++i) {
    if (!views[i]) continue;
    const auto read = node().op->rowsRead(static_cast<int>(i), cursor_.rows(), in, out);
    if (read && read->axis >= 0)
      views[i] = kernels::partOf(views[i], read->axis, read->begin, read->end - read->begin);
  }
  return views;
}

std::vector<TensorView> Bindings::visibleOutputs() const {
  const TensorView* first = operands_.data() + node().inputs.size();
  std::vector<TensorView> views(first, first + node().outputs.size());
  if (!program_->computesRowsOfWhole(cursor_.step())) return views;
  const ops::Rows rows = cursor_.rows();
  for (TensorView& view : views)
    if (view) view = kernels::partOf(view, rows.axis, rows.begin, rows.end - rows.begin);
  return views;
}

}  // namespace minnow::runtime
