// Slice: ranges, shape rule and view.
#include "ops/slice.h"

#include <limits>

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeSlice() { return std::make_unique<Slice>(); }

namespace {
/// ONNX Slice: starts and ends beyond the axis are clamped to it (to its last element, and one
/// before its first, when walking backwards).
Slice::Range clampRange(int64_t start, int64_t end, int64_t step, int64_t extent) {
  if (extent == 0) return {0, 0, 1};
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  step = std::clamp(step, -extent, extent);
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, extent);
    end = std::clamp<int64_t>(end, 0, extent);
    return {start, end > start ? (end - start - 1) / step + 1 : 0, step};
  }
  start = std::clamp<int64_t>(start, 0, extent - 1);
  end = std::clamp<int64_t>(end, -1, extent - 1);
  return {start, start > end ? (start - end - 1) / -step + 1 : 0, step};
}

/// Whether clamping leaves them as they are; the greatest end means the axis' own.
bool liesOn(int64_t start, int64_t end, int64_t extent) {
  constexpr int64_t kAxisEnd = std::numeric_limits<int64_t>::max();
  return start >= -extent && start < extent &&
         (end == kAxisEnd || (end >= -extent && end <= extent));
}
}  // namespace

Result<Slice::Ranges> Slice::ranges(const Shape& input) const {
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    return fail(ErrorCode::BadModel, "starts, ends, axes and steps are not of one length");
  if (auto ok = checkShape(input); !ok) return passOn(ok);
  if (const auto marked = markAxes(axes, input.rank()); !marked) return passOn(marked);
  Ranges all;
  for (int i = 0; i < input.rank(); ++i) all[i] = {0, input[i], 1};
  for (size_t i = 0; i < axes.size(); ++i) {
    if (steps[i] == 0) return fail(ErrorCode::BadModel, "a step of 0");
    const int axis = static_cast<int>(axes[i] < 0 ? axes[i] + input.rank() : axes[i]);
    if (exact && !liesOn(starts[i], ends[i], input[axis]))
      return fail(ErrorCode::ShapeMismatch, "indices from ", starts[i], " to below ", ends[i],
                  " are not all on an axis of ", input[axis]);
    all[axis] = clampRange(starts[i], ends[i], steps[i], input[axis]);
  }
  return all;
}

Result<TensorTypes> Slice::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  const auto all = ranges(inputs[0].shape);
  if (!all) return passOn(all);
  Shape y;
  for (int i = 0; i < inputs[0].shape.rank(); ++i) y.push_back((*all)[i].count);
  return oneOutput(inputs[0].type, y);
}

std::optional<Storage> Slice::viewOf(const Shape& inputShape, const Storage& input, int) const {
  const auto all = ranges(inputShape);
  if (!all) return std::nullopt;
  Storage view = input;
  for (int i = 0; i < inputShape.rank(); ++i) {
    const Range& range = (*all)[i];
    if (range.step < 0 && range.count > 1) return std::nullopt;
    if (range.count > 0) view.offset += range.start * input.strides[i];
    view.strides[i] *= std::max<int64_t>(range.step, 1);
  }
  return view;
}

std::optional<Rows> Slice::rowsRead(int, const Rows& output, std::span<const TensorType> inputs,
                                    std::span<const TensorType>) const {
  const auto all = ranges(inputs[0].shape);
  const Range& range = (*all)[output.axis];
  const bool whole =
      range.start == 0 && range.step == 1 && range.count == inputs[0].shape[output.axis];
  if (!whole) return std::nullopt;
  return output;
}

namespace {
struct Bounds {
  int64_t start, end, step;
};
/// How much of an axis a slice leaves. Unsure: more of a longer one, or less.
enum class Kept { All, Some, Unsure };

/// What is left of an axis that has any extent up to `most`. Some: more of a longer axis, never
/// less. [-5:8] is Unsure: it takes nothing of 20 elements, 5 of 6.
Kept keptOf(const Bounds& slice, int64_t most) {
  const auto [start, end, step] = slice;
  const bool toTheEnd = end >= most;
  if (step > 0) {
    if (start == 0 && step == 1 && toTheEnd) return Kept::All;
    return start >= 0 || end < 0 || toTheEnd ? Kept::Some : Kept::Unsure;
  }
  const bool backwards = (start == -1 || start >= most - 1) && end < -most;
  if (!backwards) return Kept::Unsure;
  return step == -1 ? Kept::All : Kept::Some;
}
}  // namespace

namespace {
/// Bounds that a run sets: Some where they can only leave less than those that the slice has.
Kept keptInRun(const Slice& slice, const DataInputs& in, size_t i) {
  const bool known =
      in.isKnown("starts", i, slice.starts[i]) && in.isKnown("steps", i, slice.steps[i]);
  const bool fromFront = known && slice.starts[i] >= 0 && slice.steps[i] > 0;
  return fromFront && in.least("ends", i, slice.ends[i]) >= 0 ? Kept::Some : Kept::Unsure;
}

bool isSetInRun(const Slice& slice, const DataInputs& in, size_t i) {
  return !in.isKnown("starts", i, slice.starts[i]) || !in.isKnown("ends", i, slice.ends[i]) ||
         !in.isKnown("steps", i, slice.steps[i]);
}

Kept keptOf(const Slice& slice, const DataInputs& in, size_t i) {
  const int rank = in.shape(0).rank();
  const auto axis = static_cast<int>(slice.axes[i] < 0 ? slice.axes[i] + rank : slice.axes[i]);
  if (isSetInRun(slice, in, i)) return keptInRun(slice, in, i);
  if (in.at(0, axis) == 0) return Kept::All;
  return keptOf({slice.starts[i], slice.ends[i], slice.steps[i]}, in.shape(0)[axis]);
}

/// True if a run says which axes are cut.
bool axesSetInRun(const Slice& slice, const DataInputs& in) {
  for (size_t i = 0; i < slice.axes.size(); ++i)
    if (!in.isKnown("axes", i, slice.axes[i])) return true;
  return false;
}
}  // namespace

std::optional<DataAxes> Slice::dataAxes(const DataInputs& in) const {
  DataAxes axesOut = in.axes(0);
  if (axesSetInRun(*this, in)) {
    for (int axis = 0; axis < in.shape(0).rank(); ++axis) axesOut[axis] = in.fresh();
    return axesOut;
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const int axis = static_cast<int>(axes[i] < 0 ? axes[i] + in.shape(0).rank() : axes[i]);
    if (exact && in.at(0, axis) != 0) return std::nullopt;
    if (keptOf(*this, in, i) != Kept::All) axesOut[axis] = in.fresh();
  }
  return axesOut;
}

/// Where more may give less, the whole axis may be left.
Result<TensorTypes> Slice::largestOutputs(const DataInputs& in) const {
  Slice most = *this;
  const auto takeAll = [&](size_t i) {
    most.starts[i] = 0, most.ends[i] = std::numeric_limits<int64_t>::max(), most.steps[i] = 1;
  };
  if (axesSetInRun(*this, in)) most.axes = most.starts = most.ends = most.steps = {};
  // What the least and the most are of a step may be 0 where none is that the run sets.
  for (size_t i = 0; i < most.steps.size(); ++i)
    if (!in.isKnown("steps", i, steps[i])) most.steps[i] = 1;
  if (auto ok = most.inferShape(in.types()); !ok) return ok;
  for (size_t i = 0; i < most.axes.size(); ++i)
    if (keptOf(*this, in, i) == Kept::Unsure) takeAll(i);
  return most.inferShape(in.types());
}

bool Slice::isIdentity(std::span<const TensorType>) const {
  // Ends beyond every extent mean "to the end" for any input.
  constexpr int64_t kAnyEnd = std::numeric_limits<int32_t>::max();
  return allAre(starts, 0) && allAre(steps, 1) &&
         std::ranges::all_of(ends, [](int64_t end) { return end >= kAnyEnd; });
}

}  // namespace minnow::ops
