// GridSample, AffineGrid, Col2Im: shape rules.
#include "ops/grid.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeGridSample() { return std::make_unique<GridSample>(); }
std::unique_ptr<Operator> makeAffineGrid() { return std::make_unique<AffineGrid>(); }
std::unique_ptr<Operator> makeCol2Im() { return std::make_unique<Col2Im>(); }

namespace {
Result<void> expectFloats(std::span<const TensorType> inputs, size_t count) {
  if (auto ok = expectInputs(inputs, count, count); !ok) return ok;
  for (const TensorType& input : inputs)
    if (input.type != DataType::Float32)
      return fail(ErrorCode::Unsupported, "sampling of ", input.type, " (float32 is supported)");
  return {};
}
}  // namespace

Result<TensorTypes> GridSample::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectFloats(inputs, 2); !ok) return passOn(ok);
  const Shape &x = inputs[0].shape, &grid = inputs[1].shape;
  const int spatial = x.rank() - 2;
  if (spatial < 1 || spatial > 3 || grid.rank() != x.rank() || grid[0] != x[0] ||
      grid[spatial + 1] != spatial)
    return fail(ErrorCode::ShapeMismatch, "a grid of ", grid, " over ", x);
  if (mode == ResizeMode::Cubic && spatial > 2)
    return fail(ErrorCode::Unsupported, "cubic interpolation in three dimensions");
  Shape y{x[0], x[1]};
  for (int i = 0; i < spatial; ++i) {
    if (x[i + 2] < 1) return fail(ErrorCode::ShapeMismatch, "nothing to sample in ", x);
    y.push_back(grid[i + 1]);
  }
  return oneOutput(DataType::Float32, y);
}

Result<TensorTypes> AffineGrid::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectFloats(inputs, 1); !ok) return passOn(ok);
  const auto spatial = static_cast<int64_t>(size.size()) - 2;
  if ((spatial != 2 && spatial != 3) || inputs[0].shape != Shape{size[0], spatial, spatial + 1})
    return fail(ErrorCode::ShapeMismatch, "theta is ", inputs[0].shape, " for a size of ",
                size.size(), " axes");
  Shape y{size[0]};
  for (int64_t i = 0; i < spatial; ++i) y.push_back(size[static_cast<size_t>(i + 2)]);
  y.push_back(spatial);
  return oneOutput(DataType::Float32, y);
}

int64_t Col2Im::places(int axis) const {
  const int64_t reach = (kernel[axis] - 1) * dilations[axis] + 1;
  const int64_t room = image[axis] + padsBegin[axis] + padsEnd[axis] - reach;
  return room < 0 ? 0 : room / strides[axis] + 1;
}

Result<TensorTypes> Col2Im::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectFloats(inputs, 1); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  const size_t spatial = image.size();
  if (x.rank() != 3 || spatial < 1 || spatial > kMaxRank - 2)
    return fail(ErrorCode::ShapeMismatch, "columns ", x, " for an image of ", spatial, " axes");
  Shape taps, windows, y{x[0], 1};
  for (const auto* list : {&kernel, &strides, &dilations, &padsBegin, &padsEnd})
    if (list->size() != spatial)
      return fail(ErrorCode::BadModel, "expected ", spatial, " numbers a spatial attribute");
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t least =
        std::min({kernel[i], strides[i], dilations[i], padsBegin[i] < 0 ? int64_t{0} : 1,
                  padsEnd[i] < 0 ? int64_t{0} : 1, image[i] < 0 ? int64_t{0} : 1});
    const int64_t most =
        std::max({kernel[i], strides[i], dilations[i], padsBegin[i], padsEnd[i], image[i]});
    if (least < 1 || most > kMaxExtent)
      return fail(ErrorCode::BadModel, "attributes of spatial axis ", i, " are out of range");
    taps.push_back(kernel[i]);
    windows.push_back(places(static_cast<int>(i)));
    y.push_back(image[i]);
  }
  for (const Shape* shape : {&taps, &windows})
    if (auto ok = checkShape(*shape); !ok) return passOn(ok);
  if (x[1] % taps.elements() != 0 || x[2] != windows.elements())
    return fail(ErrorCode::ShapeMismatch, "columns ", x, ", expected a multiple of ",
                taps.elements(), " and ", windows.elements());
  y[1] = x[1] / taps.elements();
  return oneOutput(DataType::Float32, y);
}

}  // namespace minnow::ops
