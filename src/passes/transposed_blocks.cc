// Result f of a whole transposed convolution adds x[f / stride - t] * w[f % stride + stride * t], t = 0, 1, …. A block is as
// many results along either axis, the least multiple of both strides; it reads x from its first place less the most t on.
#include "passes/transposed_blocks.h"

#include <limits>
#include <numeric>

namespace minnow::passes {

std::vector<int8_t> TransposedBlocks::weights(std::span<const int8_t> from, const Shape& shape,
                                              int8_t none) const {
  const int64_t inputs = shape[0], own = shape[1], height = shape[2], width = shape[3];
  const int64_t rows = window.kernel[0], columns = window.kernel[1], block = spread.block;
  std::vector<int8_t> all(static_cast<size_t>(outputs() * own * inputs * rows * columns), none);
  const auto at = [](int64_t a, int64_t b, int64_t c, int64_t d, int64_t B, int64_t C, int64_t D) {
    return static_cast<size_t>(((a * B + b) * C + c) * D + d);
  };
  for (int64_t i = 0; i < outputs(); ++i)
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        const int64_t y = tapOf(0, i / block, row), x = tapOf(1, i % block, column);
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        for (int64_t o = 0; o < own; ++o)
          for (int64_t c = 0; c < inputs; ++c)
            all[at(i * own + o, c, row, column, inputs, rows, columns)] =
                from[at(c, o, y, x, own, height, width)];
      }
  return all;
}

int64_t TransposedBlocks::tapOf(size_t axis, int64_t place, int64_t read) const {
  const int64_t stride = strides[axis];
  return place % stride + stride * (place / stride + window.padsBegin[axis] - read);
}

std::optional<TransposedBlocks> transposedBlocks(const ops::ConvTranspose& op, const Shape& x) {
  if (x.rank() != 4 || op.groups != 1 || !op.outputShape.empty() || op.strides.size() != 2 ||
      op.dilations != std::vector<int64_t>{1, 1})
    return std::nullopt;
  TransposedBlocks blocks;
  blocks.strides = op.strides;
  const int64_t block = blocks.spread.block = std::lcm(op.strides[0], op.strides[1]);
  if (block > 64) return std::nullopt;
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t in = x[axis + 2], stride = op.strides[static_cast<size_t>(axis)];
    const ops::SlidingWindow along = op.along(axis, in);
    const int64_t taps = (along.kernel + stride - 1) / stride, step = block / stride;
    const int64_t end = in * stride + along.kernel - stride - along.padEnd;  // of what is kept
    const int64_t count = std::max<int64_t>((end + block - 1) / block, 1);
    const int64_t kernel = step - 1 + taps;
    const int64_t after = std::max<int64_t>((count - 1) * step + kernel - in - (taps - 1), 0);
    const int64_t rest = (in + after) * stride - end;  // of one step, whatever in is
    if (along.padBegin < 0) return std::nullopt;
    blocks.window.kernel.push_back(kernel);
    blocks.window.strides.push_back(step);
    blocks.window.padsBegin.push_back(taps - 1), blocks.window.padsEnd.push_back(after);
    blocks.cut.starts.push_back(along.padBegin);
    blocks.cut.ends.push_back(step > 1   ? end
                              : rest > 0 ? -rest
                                         : std::numeric_limits<int64_t>::max());
    blocks.cut.axes.push_back(axis + 2), blocks.cut.steps.push_back(1);
  }
  blocks.window.dilations = {1, 1};
  return blocks;
}

}  // namespace minnow::passes
