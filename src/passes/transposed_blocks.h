// A transposed convolution as one that gives a block of stride x stride results for each of its inputs, which
// DepthToSpace lays out, and Slice cuts to size. Of a kernel that is a multiple of the stride nothing is multiplied with
// blanks.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ops/conv_transpose.h"
#include "ops/depth_space.h"
#include "ops/slice.h"

namespace minnow::passes {

struct TransposedBlocks {
  ops::WindowAttributes
      window;  ///< of the convolution; its outputs are (row, column in block, output)
  ops::DepthToSpace spread;
  ops::Slice cut;
  std::vector<int64_t> strides;  ///< the operator's own

  int64_t outputs() const {
    return spread.block * spread.block;
  }  ///< for each of the operator's own
  /// Weights [O * outputs(), C, kernel…] of those [C, O, kernel…]; `none` where a block reads no tap.
  std::vector<int8_t> weights(std::span<const int8_t> from, const Shape& shape, int8_t none) const;

 private:
  /// The tap by which a place in a block is multiplied with what the convolution's tap reads.
  int64_t tapOf(size_t axis, int64_t place, int64_t read) const;
};

/// nullopt unless it has two axes, one group, no dilations, and a size that follows from x's. Where both strides are equal
/// the answer is right for x of any size.
std::optional<TransposedBlocks> transposedBlocks(const ops::ConvTranspose& op, const Shape& x);

}  // namespace minnow::passes
