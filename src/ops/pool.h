// Pooling over 1, 2 or 3 spatial axes (ONNX MaxPool, AveragePool, LpPool), and over the whole
// spatial extent (GlobalMaxPool, GlobalAveragePool, GlobalLpPool).
// Input: x [N,C,spatial…]. Outputs: y [N,C,spatial…] of x's type and, for Max on demand, the int64
// index of each maximum in the flattened row-major x. Taps on padding take no part. The taps of a
// window are visited row-major, one after another:
//   Max      the first of the largest values, where a NaN is larger than any number;
//            -infinity, or the least integer, where all taps are padding
//   Average  each row of taps (the last spatial axis) is summed from 0 by plain addition, then
//            the rows likewise, times the float reciprocal of the number of taps; 0 where there is
//            none. (One sum over a whole image loses digits: docs/own-errors.md.) Rows of more
//            than 512 taps, and more rows than 512, are added in blocks of 512, and these in pairs
//            (kernels/pairwise.h)
//   Lp       (sum of |x|^p)^(1/p); for p = 1 and 2 in float, squares by fused multiply-add, more
//            than 512 taps in blocks likewise; else in double
#pragma once

#include "ops/window.h"

namespace minnow::ops {

enum class PoolFn : uint8_t { Max, Average, Lp, kCount };

struct Pool final : OperatorBase<Pool>, WindowAttributes {
  static constexpr OpKind kKind = OpKind::Pool;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial, .rowsStandAlone = false};
  PoolFn fn = PoolFn::Max;
  bool global = false;    ///< the window is the whole spatial extent; the window's lists are empty
  bool ceilMode = false;  ///< a last, incomplete window counts, unless it begins in the end
                          ///< padding; also where it is the only one, larger than the padded input
  bool countIncludePad = false;  ///< Average: taps on padding count in the divisor
  int64_t p = 2;                 ///< Lp
  bool indices = false;          ///< Max: output 1 exists
  bool columnMajor = false;      ///< Max: indices count spatial axes in column-major order

  template <class V>
  void fields(V& v) {
    v("fn", fn, static_cast<int>(PoolFn::kCount));
    v("global", global);
    WindowAttributes::fields(v);
    v("ceilMode", ceilMode);
    v("countIncludePad", countIncludePad);
    v("p", p);
    v("indices", indices);
    v("columnMajor", columnMajor);
  }
  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  int64_t elementsVisited(std::span<const TensorType> inputs,
                          std::span<const TensorType> outputs) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
  bool choosesElements(int index) const MINNOW_CONVERSION_OVERRIDE {
    return fn == PoolFn::Max && index == 0;
  }

 private:
  Result<Shape> windowedShape(const Shape& x) const;
  int64_t windowsOn(const SlidingWindow& window, int64_t extent) const;
};

/// The window over one spatial axis at one output position: which taps fall on the input.
struct PoolSpan {
  int64_t first = 0;    ///< input position of the first tap that is no padding
  int64_t count = 0;    ///< number of such taps
  int64_t counted = 0;  ///< taps that count in an average that includes padding
};
/// `axis` counts spatial axes, `extent` is the input's. For a global pool: the whole extent.
PoolSpan poolSpan(const Pool& pool, int axis, int64_t extent, int64_t position);

}  // namespace minnow::ops
