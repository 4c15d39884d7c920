// Split: shape rule and views.
#include "ops/split.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeSplit() { return std::make_unique<Split>(); }

namespace {
constexpr int64_t kMostParts = 1 << 16;
int64_t partSize(int64_t extent, int64_t parts) { return (extent + parts - 1) / parts; }
}  // namespace

Result<int> Split::checkedAxis(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  if (auto ok = checkShape(inputs[0].shape); !ok) return passOn(ok);
  if (sizes.empty() && (parts < 1 || parts > kMostParts))
    return fail(ErrorCode::BadModel, "a split into ", parts, " parts");
  return normaliseAxis(axis, inputs[0].shape.rank());
}

Result<TensorTypes> Split::inferShape(std::span<const TensorType> inputs) const {
  if (const auto along = checkedAxis(inputs); !along) return passOn(along);
  TensorTypes outputs(count(), inputs[0]);
  if (auto ok = inferInto(inputs, {&outputs[0], outputs.size()}); !ok) return passOn(ok);
  return outputs;
}

Result<void> Split::inferInto(std::span<const TensorType> inputs,
                              std::span<TensorType> outputs) const {
  const auto along = checkedAxis(inputs);
  if (!along) return passOn(along);
  const Shape& x = inputs[0].shape;
  int64_t left = x[*along];
  for (size_t i = 0; i < count(); ++i) {
    const int64_t size = sizes.empty() ? std::min(left, partSize(x[*along], parts)) : sizes[i];
    if (size < 0 || size > left)
      return fail(ErrorCode::ShapeMismatch, "the parts do not fit axis ", *along, " of ", x);
    left -= size;
    if (i >= outputs.size()) continue;
    outputs[i] = inputs[0];
    outputs[i].shape[*along] = size;
  }
  if (left != 0)
    return fail(ErrorCode::ShapeMismatch, "the parts leave ", left, " of axis ", *along, " of ", x);
  return {};
}

int64_t Split::startOf(int64_t extent, int index) const {
  if (sizes.empty()) return std::min(extent, partSize(extent, parts) * index);
  // Parts that a run sets may be as large as numbers are, by what is known of them.
  int64_t start = 0;
  for (int i = 0; i < index; ++i) start += std::clamp<int64_t>(sizes[i], 0, extent - start);
  return start;
}

std::optional<Storage> Split::viewOf(const Shape& inputShape, const Storage& input,
                                     int index) const {
  const auto along = normaliseAxis(axis, inputShape.rank());
  if (!along || index < 0 || static_cast<size_t>(index) >= count()) return std::nullopt;
  Storage view = input;
  const int64_t start = startOf(inputShape[*along], index);
  // An empty part at the end may not point past the tensor.
  if (start < inputShape[*along]) view.offset += start * input.strides[*along];
  return view;
}

std::optional<Rows> Split::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                    std::span<const TensorType> outputs) const {
  const auto along = normaliseAxis(axis, outputs[0].shape.rank());
  return rowsUnlessMixed(output, 1u << *along);
}

std::optional<DataAxes> Split::dataAxes(const DataInputs& in) const {
  const int along = *normaliseAxis(axis, in.shape(0).rank());
  DataAxes axes = in.axes(0);
  const bool sized = !sizes.empty();
  if (sized || parts != 1) axes[along] = axes[along] == 0 || sized ? 0 : kOwnOfEach;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (in.least("sizes", i, sizes[i]) != sizes[i]) axes[along] = kOwnOfEach;
  return axes;
}

/// The run tells whether parts of known sizes are all of an axis; and the last of equal parts may
/// be the larger, the shorter the axis.
Result<TensorTypes> Split::largestOutputs(const DataInputs& in) const {
  const Shape& x = in.shape(0);
  const auto along = normaliseAxis(axis, x.rank());
  const bool known = along && in.at(0, *along) == 0;
  const bool setInRun = std::ranges::any_of(sizes, [&, i = size_t{0}](int64_t most) mutable {
    return in.least("sizes", i++, most) != most;
  });
  if (!along || in.count() != 1 || (known && !setInRun)) return inferShape(in.types());
  if (sizes.empty() && (parts < 1 || parts > kMostParts)) return inferShape(in.types());
  TensorTypes outputs(count(), in.types()[0]);
  for (size_t i = 0; i < outputs.size(); ++i)
    outputs[i].shape[*along] =
        sizes.empty() ? partSize(x[*along], parts) : std::clamp<int64_t>(sizes[i], 0, x[*along]);
  return outputs;
}

bool Split::isIdentity(std::span<const TensorType>) const { return sizes.empty() && parts == 1; }

}  // namespace minnow::ops
