// Reductions over any set of axes (ONNX ReduceSum, ReduceMean, …).
// Input: x of any rank. Output: x's type, with the reduced axes of extent 1 or dropped.
//
// Order of accumulation: let i count the reduced elements of one output in row-major order of the
// logical axes. If the tensor's last axis is among the reduced ones, element i goes into partial i
// mod 16, and then partials j and j+8, j+4, j+2, j+1 are joined (the striped sum); otherwise there
// is one partial. Partials start from the function's neutral element. Squares are added by fused
// multiply-add. An integer sum wraps; an integer mean is rounded towards zero.
//
// That is a block: no partial takes more than 512 elements, for a long chain of additions loses
// digits. Where there are more, they are cut into blocks of 512 elements a partial (8192 or 512
// elements), each with partials of its own, and the results of blocks are joined in pairs: a block
// with its neighbour, a pair with the next pair, and so on (kernels/pairwise.h).
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

enum class ReduceFn : uint8_t {
  Sum,
  Mean,
  Max,  ///< NaN if any is NaN; a zero result is +0
  Min,
  Prod,
  L1,
  L2,
  LogSum,
  LogSumExp,  ///< log(sum(exp(x - m))) + m, m the maximum
  SumSquare,
  kCount
};

const char* reduceFnName(ReduceFn fn);

struct Reduce final : OperatorBase<Reduce> {
  static constexpr OpKind kKind = OpKind::Reduce;
  ReduceFn fn = ReduceFn::Sum;
  std::vector<int64_t> axes;  ///< not negative, each once; none: each element by itself
  bool keepDims = true;

  template <class V>
  void fields(V& v) {
    v("fn", fn, static_cast<int>(ReduceFn::kCount));
    v("axes", axes);
    v("keepDims", keepDims);
  }
  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Trend trend(int index) const MINNOW_CONVERSION_OVERRIDE;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// The axes as a bit mask; fails unless each lies in [0, rank) and comes once.
Result<uint32_t> axisMask(std::span<const int64_t> axes, int rank);

}  // namespace minnow::ops
