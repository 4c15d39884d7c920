// Steps of whose tensors data decide an extent. What they read and write lies in buffers of its own
// (planning/storage.h), as large as the largest sizes; in a frame, row-major at their beginning.
#include "base/fail.h"
#include "runtime/bindings.h"

namespace minnow::runtime {

using program::kNone;

Result<void> Bindings::bindActualSizes() {
  std::vector<TensorType> read;
  for (size_t i = 0; i < node().inputs.size(); ++i) {
    const ir::ValueId id = node().inputs[i];
    TensorView& view = inputs()[i];
    if (view && program_->places[id].actual != kNone) view = actual_[program_->places[id].actual];
    read.push_back({view.type, view.shape});
  }
  const auto op = settledOperator();
  if (!op) return std::unexpected(op.error());
  const auto written = (*op)->inferShape(read);
  if (!written) return std::unexpected(written.error());
  for (size_t i = 0; i < node().outputs.size(); ++i)
    if (TensorView& view = outputs()[i])
      if (auto ok = bindOutput(node().outputs[i], (*written)[i].shape, view); !ok) return ok;
  return {};
}

/// The step's operator with the attributes that its inputs hold.
Result<const ops::Operator*> Bindings::settledOperator() {
  const int32_t settled = plannedStep().settled;
  if (settled == kNone) return node().op.get();
  if (auto ok = finish(); !ok) return std::unexpected(ok.error());
  ops::Operator& own = *settled_[static_cast<size_t>(settled)];
  if (auto ok = own.takeAttributes(inputs()); !ok) return std::unexpected(ok.error());
  return &own;
}

/// No extent may be larger than planned, and none another where data decide none.
Result<void> Bindings::bindOutput(ir::ValueId id, const Shape& shape, TensorView& view) const {
  const Shape& most = program_->typeOf(id).shape;
  const bool fromData = program_->places[id].actual != kNone;
  bool fits = shape.rank() == most.rank();
  for (int i = 0; fits && i < shape.rank(); ++i)
    fits = fromData ? shape[i] <= most[i] : shape[i] == most[i];
  if (!fits)
    return fail(ErrorCode::Internal, "its result is of ", shape, ", ", most, " was planned",
                fromData ? " at most" : "");
  if (!fromData) return {};
  view.shape = shape;
  view.strides = plainStrides(shape);
  return {};
}

void Bindings::noteActualSizes() {
  for (size_t i = 0; i < node().outputs.size(); ++i) {
    const ir::ValueId id = node().outputs[i];
    if (id != ir::kNoValue && program_->places[id].actual != kNone)
      actual_[program_->places[id].actual] = outputs()[i];
  }
}

}  // namespace minnow::runtime
