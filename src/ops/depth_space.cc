// DepthToSpace and SpaceToDepth: shape rules.
#include "ops/depth_space.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeDepthToSpace() { return std::make_unique<DepthToSpace>(); }
std::unique_ptr<Operator> makeSpaceToDepth() { return std::make_unique<SpaceToDepth>(); }

namespace {
constexpr int64_t kMostBlock = 1 << 15;

Result<void> expectBlocks(std::span<const TensorType> inputs, int64_t block) {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return ok;
  if (inputs[0].shape.rank() != 4)
    return fail(ErrorCode::ShapeMismatch, "expected N,C,H,W, found ", inputs[0].shape);
  if (block < 1 || block > kMostBlock)
    return fail(ErrorCode::BadModel, "a block of ", block, " pixels");
  return checkShape(inputs[0].shape);
}
}  // namespace

Result<TensorTypes> DepthToSpace::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectBlocks(inputs, block); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (x[1] % (block * block) != 0)
    return fail(ErrorCode::ShapeMismatch, x[1], " channels do not divide by ", block * block);
  if (std::max(x[2], x[3]) > kMaxExtent) return fail(ErrorCode::ShapeMismatch, x, " is too large");
  return oneOutput(inputs[0].type, {x[0], x[1] / (block * block), x[2] * block, x[3] * block});
}

Result<TensorTypes> SpaceToDepth::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectBlocks(inputs, block); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (x[2] % block != 0 || x[3] % block != 0)
    return fail(ErrorCode::ShapeMismatch, x, " does not divide into blocks of ", block);
  if (x[1] > kMaxExtent) return fail(ErrorCode::ShapeMismatch, x, " is too large");
  return oneOutput(inputs[0].type, {x[0], x[1] * block * block, x[2] / block, x[3] / block});
}

std::optional<Rows> DepthToSpace::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                           std::span<const TensorType> outputs) const {
  if (!isImageStrip(output, outputs)) return std::nullopt;
  return Rows{output.axis, output.begin / block, (output.end + block - 1) / block};
}

std::optional<Rows> SpaceToDepth::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                           std::span<const TensorType> outputs) const {
  if (!isImageStrip(output, outputs)) return std::nullopt;
  return Rows{output.axis, output.begin * block, output.end * block};
}

std::optional<DataAxes> DepthToSpace::dataAxes(const DataInputs& in) const {
  return axesOfInput(in, 1U);  // N
}

std::optional<DataAxes> SpaceToDepth::dataAxes(const DataInputs& in) const {
  return axesOfInput(in, 1U);  // N
}

}  // namespace minnow::ops
