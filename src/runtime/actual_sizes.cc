// Steps of whose tensors data decide an extent. What they read and write lies in buffers of its own
// (planning/storage.h), as large as the largest sizes; in a frame they lie at the beginning, in their
// storage order, without gaps.
#include "base/fail.h"
#include "runtime/runner.h"

namespace minnow::runtime {

using program::kNone;

Result<void> Runner::bindActualSizes() {
  types_.clear();
  for (size_t i = 0; i < node().inputs.size(); ++i) {
    const ir::ValueId id = node().inputs[i];
    TensorView& view = inputs()[i];
    if (view && program().places[id].actual != kNone)
      view = bindings_->actual[program().places[id].actual];
    types_.push_back({view.type, view.shape});
  }
  const auto op = settledOperator();
  if (!op) return passOn(op);
  const size_t read = types_.size();
  types_.resize(read + node().outputs.size());  // room for every step's operands is there
  const std::span written(types_.begin() + static_cast<ptrdiff_t>(read), types_.end());
  if (auto ok = (*op)->inferInto(std::span(types_).first(read), written); !ok) return ok;
  for (size_t i = 0; i < written.size(); ++i)
    if (TensorView& view = outputs()[i])
      if (auto ok = bindOutput(node().outputs[i], written[i].shape, view); !ok) return ok;
  return {};
}

/// The step's operator with the attributes that its inputs hold.
Result<const ops::Operator*> Runner::settledOperator() {
  if (plannedStep().settled == kNone) return node().op.get();
  if (auto ok = finish(); !ok) return passOn(ok);
  ops::Operator& own = *bindings_->settled[plannedStep().settled];
  if (auto ok = own.takeAttributes(inputs()); !ok) return passOn(ok);
  return &own;
}

/// No extent may be larger than planned, and none another where data decide none.
Result<void> Runner::bindOutput(ir::ValueId id, const Shape& shape, TensorView& view) const {
  const Shape& most = program().typeOf(id).shape;
  const bool fromData = program().places[id].actual != kNone;
  bool fits = shape.rank() == most.rank();
  for (int i = 0; fits && i < shape.rank(); ++i)
    fits = fromData ? shape[i] <= most[i] : shape[i] == most[i];
  if (!fits)
    return fail(ErrorCode::Internal, "its result is of ", shape, ", ", most, " was planned",
                fromData ? " at most" : "");
  if (!fromData) return {};
  view.shape = shape;
  view.strides = stridesIn(program().graph->values[id].order, shape);
  return {};
}

void Runner::noteActualSizes() {
  for (size_t i = 0; i < node().outputs.size(); ++i) {
    const ir::ValueId id = node().outputs[i];
    if (id != ir::kNoValue && program().places[id].actual != kNone)
      bindings_->actual[program().places[id].actual] = outputs()[i];
  }
}

}  // namespace minnow::runtime
