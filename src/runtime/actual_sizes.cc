// Steps of whose tensors data decide an extent. What they read and write lies in buffers of its own
// (planning/storage.h), as large as the largest sizes; in a frame, row-major at their beginning.
#include "base/fail.h"
#include "runtime/runner.h"

namespace minnow::runtime {

using program::kNone;

Result<void> Runner::bindActualSizes() {
  std::vector<TensorType> read;
  for (size_t i = 0; i < node().inputs.size(); ++i) {
    const ir::ValueId id = node().inputs[i];
    TensorView& view = inputs()[i];
    if (view && program().places[id].actual != kNone)
      view = bindings_->actual[program().places[id].actual];
    read.push_back({view.type, view.shape});
  }
  const auto written = node().op->inferShape(read);
  if (!written) return std::unexpected(written.error());
  for (size_t i = 0; i < node().outputs.size(); ++i)
    if (TensorView& view = outputs()[i])
      if (auto ok = bindOutput(node().outputs[i], (*written)[i].shape, view); !ok) return ok;
  return {};
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
  view.strides = plainStrides(shape);
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
