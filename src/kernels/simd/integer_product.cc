// Products of 8-bit integers. Less their zero points they have 16 bits. One factor is brought into
// panels of 16 columns, all of it, at each run; of the other, 24 rows at a time are brought together,
// and multiplied by every panel. Of a convolution columns are output channels and rows pixels.
#include "kernels/simd/integer_product.h"

#include <algorithm>

#include "base/aligned.h"
#include "kernels/elementwise.h"
#include "kernels/matrix.h"
#include "kernels/simd/integer_tile.h"
#include "kernels/simd/scratch.h"
#include "ops/integer_product.h"
#include "ops/matmul.h"

namespace minnow::kernels::simd {
namespace {

using Index = std::array<int64_t, kMaxRank>;
constexpr int64_t kRows = kIntegerRows, kPanel = kIntegerPanel;

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// 8-bit integers of either kind.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(const TensorView& view)
      : data_(view.as<const uint8_t>()), flip_(view.type == DataType::Int8 ? 0x80 : 0) {}
  /// A signed byte is an unsigned one of 128 more, less 128.
  int16_t at(int64_t offset, int zero) const {
    return static_cast<int16_t>((data_[offset] ^ flip_) - flip_ - zero);
  }
  void copy(int64_t offset, int64_t step, int64_t n, int zero, int16_t* to) const {
    if (step == 1)
      for (int64_t i = 0; i < n; ++i) to[i] = at(offset + i, zero);
    else
      for (int64_t i = 0; i < n; ++i) to[i] = at(offset + i * step, zero);
  }

 private:
  const uint8_t* data_ = nullptr;
  int flip_ = 0;
};

/// The zero point at place `i` of a list, or the only one, or 0.
int zeroAt(const KernelArgs& args, size_t input, int64_t i) {
  if (!args.has(input)) return 0;
  const TensorView& view = args.inputs[input];
  return Bytes(view).at(view.elements() > 1 ? i * view.strides[0] : 0, 0);
}

/// How much there is of a product, and where its parts lie in workspace.
struct Extents {
  int64_t rows = 0, columns = 0, terms = 0;

  int64_t pairs() const { return ceilDiv(terms, 2); }
  int64_t panels() const { return ceilDiv(columns, kPanel); }
  int64_t tiles() const { return ceilDiv(rows, kRows); }
  int64_t panelTerms() const { return pairs() * 2 * kPanel; }
  size_t panelBytes() const {
    return base::alignUp(static_cast<size_t>(panels() * panelTerms()) * sizeof(int16_t));
  }
  size_t rowBytes() const {
    return base::alignUp(static_cast<size_t>(pairs() * 2 * kRows) * sizeof(int16_t));
  }
  static constexpr size_t kSumBytes = sizeof(int32_t) * kRows * kPanel;
};

/// Element `k` of row `r`, as a tile has them.
int16_t& termAt(int16_t* x, int64_t k, int64_t r) { return x[(k / 2 * kRows + r) * 2 + k % 2]; }

/// The panel that begins at `column`. offsetOf(k) is asked once for each term, value(offset, c) of
/// every column that exists; the rest is 0.
template <class OffsetOf, class Value>
void packPanel(const Extents& extents, int64_t column, int16_t* to, OffsetOf&& offsetOf,
               Value&& value) {
  const int64_t columns = std::min(kPanel, extents.columns - column);
  std::fill_n(to, extents.panelTerms(), int16_t{0});
  for (int64_t k = 0; k < extents.terms; ++k) {
    const int64_t offset = offsetOf(k);
    int16_t* pair = to + k / 2 * kPanel * 2 + k % 2;
    for (int64_t c = 0; c < columns; ++c) pair[c * 2] = value(offset, c);
  }
}

/// A tile's sums for every panel: take(column, sums) of each that exists, whose rows lie kPanel apart.
template <class Take>
void multiplyRows(const Extents& extents, const int16_t* panels, const int16_t* x, int32_t* sums,
                  Take&& take) {
  for (int64_t panel = 0; panel < extents.panels(); ++panel) {
    multiplyTile({x, panels + panel * extents.panelTerms(), extents.pairs(), sums});
    const int64_t column = panel * kPanel;
    for (int64_t c = 0; c < std::min(kPanel, extents.columns - column); ++c)
      take(column + c, sums + c);
  }
}

// Convolution -------------------------------------------------------------------------------------

/// Where a tap reads a channel for the pixels of a tile: in runs, which end where rows do. What no
/// run has lies on padding.
struct TapRuns {
  struct Run {
    int64_t offset;  ///< of the first element; the next ones follow at the convolution's step
    int32_t row, rows;
  };
  int64_t count = 0;
  Run runs[kRows];

  void add(int64_t row, int64_t offset, int64_t step) {
    if (count > 0) {
      Run& last = runs[count - 1];
      if (last.row + last.rows == row && last.offset + last.rows * step == offset) {
        ++last.rows;
        return;
      }
    }
    runs[count++] = {offset, static_cast<int32_t>(row), 1};
  }
};

/// One image and one group at a time; a group's panels begin anew.
struct ConvExtents : Extents {
  int64_t groups, channels, taps, images;  ///< channels and columns of a group

  ConvExtents(const ops::ConvInteger& op, const TensorView& w, const TensorView& y)
      : groups(op.groups), channels(w.shape[1]), taps(1), images(y.shape[0]) {
    rows = 1;
    for (int axis = 2; axis < y.shape.rank(); ++axis) rows *= y.shape[axis], taps *= w.shape[axis];
    columns = w.shape[0] / groups;
    terms = channels * taps;
  }
  size_t scratchBytes() const {
    return rowBytes() + kSumBytes + static_cast<size_t>(taps) * sizeof(TapRuns);
  }
  size_t weightBytes() const { return static_cast<size_t>(groups) * panelBytes(); }
};

/// A convolution while it runs.
class Convolution {
 public:
  Convolution(const ops::ConvInteger& op, const KernelArgs& args)
      : op_(op), args_(args), x_(args.inputs[0]), w_(args.inputs[1]), y_(args.outputs[0]),
        extents_(op, w_, y_), windows_(ops::windowsOver(op, x_.shape)),
        values_(x_), xZero_(zeroAt(args, 2, 0)),
        step_(windows_[x_.shape.rank() - 3].stride * x_.strides[x_.shape.rank() - 1]),
        panels_(reinterpret_cast<int16_t*>(args.workspace.data())) {}

  void run() {
    pack();
    const auto scratches = args_.workspace.subspan(extents_.weightBytes());
    const int64_t perImage = extents_.groups * extents_.tiles();
    forEachItem(*args_.team, extents_.images * perImage, scratches, extents_.scratchBytes(),
                [&](int64_t item, std::byte* scratch) {
                  const int64_t tile = item % extents_.tiles();
                  runTile(item / perImage, item % perImage / extents_.tiles(), tile * kRows, scratch);
                });
  }

 private:
  void pack() {
    const int64_t perGroup = extents_.panels();
    args_.team->parallelFor(extents_.groups * perGroup, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) packPanelOf(i / perGroup, i % perGroup);
    });
  }
  int16_t* panelsOf(int64_t group) const {
    return panels_ + group * static_cast<int64_t>(extents_.panelBytes() / sizeof(int16_t));
  }
  void packPanelOf(int64_t group, int64_t panel) {
    const Bytes weights(w_);
    const int64_t first = group * extents_.columns + panel * kPanel;
    int zeros[kPanel] = {};
    for (int64_t c = 0; c < kPanel && first + c < w_.shape[0]; ++c)
      zeros[c] = zeroAt(args_, 3, first + c);
    packPanel(
        extents_, panel * kPanel, panelsOf(group) + panel * extents_.panelTerms(),
        [&](int64_t k) { return first * w_.strides[0] + weightOffset(k); },
        [&](int64_t offset, int64_t c) {
          return weights.at(offset + c * w_.strides[0], zeros[c]);
        });
  }
  /// Of term k, whose channel goes slower than its tap.
  int64_t weightOffset(int64_t k) const {
    int64_t tap = k % extents_.taps, offset = k / extents_.taps * w_.strides[1];
    for (int axis = w_.shape.rank() - 1; axis >= 2; --axis) {
      offset += tap % w_.shape[axis] * w_.strides[axis];
      tap /= w_.shape[axis];
    }
    return offset;
  }

  void findTaps(int64_t pixel, int64_t rows, TapRuns* taps) const {
    Index firsts[kRows];  // what tap 0 reads, of each spatial axis
    for (int64_t r = 0; r < rows; ++r) firsts[r] = firstTap(pixel + r);
    Index tap{};
    for (int64_t t = 0; t < extents_.taps; ++t, next(tap)) {
      taps[t].count = 0;
      for (int64_t r = 0; r < rows; ++r)
        if (const int64_t offset = tapOffset(tap, firsts[r]); offset >= 0)
          taps[t].add(r, offset, step_);
    }
  }
  Index firstTap(int64_t pixel) const {
    Index at{};
    for (int axis = x_.shape.rank() - 1; axis >= 2; --axis) {
      at[axis] = windows_[axis - 2].tapAt(pixel % y_.shape[axis], 0);
      pixel /= y_.shape[axis];
    }
    return at;
  }
  void next(Index& tap) const {
    for (int axis = w_.shape.rank() - 1; axis >= 2; --axis) {
      if (++tap[axis] < w_.shape[axis]) return;
      tap[axis] = 0;
    }
  }
  /// -1 on padding.
  int64_t tapOffset(const Index& tap, const Index& first) const {
    int64_t offset = 0;
    for (int axis = 2; axis < x_.shape.rank(); ++axis) {
      const int64_t at = first[axis] + tap[axis] * windows_[axis - 2].dilation;
      if (at < 0 || at >= x_.shape[axis]) return -1;
      offset += at * x_.strides[axis];
    }
    return offset;
  }

  void runTile(int64_t image, int64_t group, int64_t pixel, std::byte* scratch) const {
    auto* terms = reinterpret_cast<int16_t*>(scratch);
    auto* sums = reinterpret_cast<int32_t*>(scratch + extents_.rowBytes());
    auto* taps = reinterpret_cast<TapRuns*>(scratch + extents_.rowBytes() + Extents::kSumBytes);
    const int64_t rows = std::min(kRows, extents_.rows - pixel);
    findTaps(pixel, rows, taps);
    gather(image * x_.strides[0] + group * extents_.channels * x_.strides[1], taps, terms);
    const int64_t firstColumn = group * extents_.columns;
    int32_t* out = y_.as<int32_t>() + image * y_.strides[0] + firstColumn * y_.strides[1];
    int64_t places[kRows];
    for (int64_t r = 0; r < rows; ++r) places[r] = outputOffset(pixel + r);
    multiplyRows(extents_, panelsOf(group), terms, sums, [&](int64_t column, const int32_t* from) {
      const auto bias = args_.bias<uint32_t>(4, firstColumn + column);
      int32_t* to = out + column * y_.strides[1];
      for (int64_t r = 0; r < rows; ++r)
        to[places[r]] = static_cast<int32_t>(bias + static_cast<uint32_t>(from[r * kPanel]));
    });
  }
  int64_t outputOffset(int64_t pixel) const {
    int64_t offset = 0;
    for (int axis = y_.shape.rank() - 1; axis >= 2; --axis) {
      offset += pixel % y_.shape[axis] * y_.strides[axis];
      pixel /= y_.shape[axis];
    }
    return offset;
  }

  void gather(int64_t from, const TapRuns* taps, int16_t* terms) const {
    int16_t term[2][kRows];
    for (int64_t k = 0; k < extents_.pairs() * 2; ++k) {
      std::fill_n(term[k % 2], kRows, int16_t{0});
      if (k < extents_.terms)
        gatherTerm(from + k / extents_.taps * x_.strides[1], taps[k % extents_.taps], term[k % 2]);
      if (k % 2 != 0)
        for (int64_t r = 0; r < kRows; ++r)
          terms[k * kRows - kRows + r * 2] = term[0][r], terms[k * kRows - kRows + r * 2 + 1] = term[1][r];
    }
  }
  void gatherTerm(int64_t from, const TapRuns& tap, int16_t* term) const {
    for (const auto& run : std::span(tap.runs, static_cast<size_t>(tap.count)))
      values_.copy(from + run.offset, step_, run.rows, xZero_, term + run.row);
  }

  const ops::ConvInteger& op_;
  const KernelArgs& args_;
  const TensorView &x_, &w_, &y_;
  ConvExtents extents_;
  std::array<ops::SlidingWindow, 3> windows_;
  Bytes values_;
  int xZero_;
  int64_t step_;  ///< from what a tap reads for a pixel to what it reads for the next
  int16_t* panels_;
};

// Matrix product ----------------------------------------------------------------------------------

/// A factor less its zero points, which are spread over it.
class Factor {
 public:
  Factor(const KernelArgs& args, size_t input, bool row)
      : values_(args.inputs[input]), matrices_(args.inputs[input], false, row) {
    if (!args.has(input + 2)) return;
    TensorView zeros = args.inputs[input + 2];
    zeros.strides = broadcastStrides(zeros, args.inputs[input].shape);
    zeros.shape = args.inputs[input].shape;
    zeros_ = Bytes(zeros);
    zeroMatrices_ = Matrices(zeros, false, row);
    hasZeros_ = true;
  }
  void use(const Index& batch, int rank) {
    at_ = matrices_.offset(batch, rank);
    zeroAt_ = zeroMatrices_.offset(batch, rank);
  }
  int16_t at(int64_t row, int64_t column) const {
    const auto place = [&](const Matrices& m) { return row * m.rowStride + column * m.columnStride; };
    const int zero = hasZeros_ ? zeros_.at(zeroAt_ + place(zeroMatrices_), 0) : 0;
    return values_.at(at_ + place(matrices_), zero);
  }

 private:
  Bytes values_, zeros_;
  Matrices matrices_, zeroMatrices_;
  bool hasZeros_ = false;
  int64_t at_ = 0, zeroAt_ = 0;
};

struct ProductExtents : Extents {
  explicit ProductExtents(const ops::MatMulExtents& of) : Extents{of.m, of.n, of.k} {}
  size_t scratchBytes() const { return rowBytes() + kSumBytes; }
};

/// One matrix of the output.
void multiply(const ProductExtents& extents, const Factor& left, const Factor& right,
              const Matrices& out, int32_t* y, const KernelArgs& args) {
  auto* panels = reinterpret_cast<int16_t*>(args.workspace.data());
  args.team->parallelFor(extents.panels(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; ++panel)
      packPanel(
          extents, panel * kPanel, panels + panel * extents.panelTerms(),
          [](int64_t k) { return k; },
          [&](int64_t k, int64_t c) { return right.at(k, panel * kPanel + c); });
  });
  const auto runTile = [&](int64_t tile, std::byte* scratch) {
    auto* terms = reinterpret_cast<int16_t*>(scratch);
    auto* sums = reinterpret_cast<int32_t*>(scratch + extents.rowBytes());
    const int64_t first = tile * kRows, rows = std::min(kRows, extents.rows - first);
    std::fill_n(terms, extents.pairs() * 2 * kRows, int16_t{0});
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t k = 0; k < extents.terms; ++k) termAt(terms, k, r) = left.at(first + r, k);
    multiplyRows(extents, panels, terms, sums, [&](int64_t column, const int32_t* from) {
      for (int64_t r = 0; r < rows; ++r)
        y[(first + r) * out.rowStride + column * out.columnStride] = from[r * kPanel];
    });
  };
  forEachItem(*args.team, extents.tiles(), args.workspace.subspan(extents.panelBytes()),
              extents.scratchBytes(), runTile);
}

}  // namespace

bool acceptsConvInteger(const ops::Operator&, std::span<const TensorView>,
                        std::span<const TensorView>) {
  return true;
}

size_t convIntegerWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                            std::span<const TensorView> outputs, const CallShape& call) {
  const ConvExtents extents(static_cast<const ops::ConvInteger&>(op), inputs[1], outputs[0]);
  return extents.weightBytes() + scratchWorkspace(extents.scratchBytes(), call.threads);
}

Result<void> runConvInteger(const ops::Operator& op, const KernelArgs& args) {
  Convolution(static_cast<const ops::ConvInteger&>(op), args).run();
  return {};
}

bool acceptsMatMulInteger(const ops::Operator&, std::span<const TensorView>,
                          std::span<const TensorView>) {
  return true;
}

size_t matMulIntegerWorkspace(const ops::Operator&, std::span<const TensorView> inputs,
                              std::span<const TensorView>, const CallShape& call) {
  const auto of = ops::matMulExtents(inputs[0].shape, inputs[1].shape, false, false);
  if (!of) return 0;
  const ProductExtents extents(*of);
  return extents.panelBytes() + scratchWorkspace(extents.scratchBytes(), call.threads);
}

Result<void> runMatMulInteger(const ops::Operator&, const KernelArgs& args) {
  const TensorView &a = args.inputs[0], &b = args.inputs[1], &y = args.outputs[0];
  const auto of = ops::matMulExtents(a.shape, b.shape, false, false);
  if (!of) return std::unexpected(of.error());
  const ProductExtents extents(*of);
  Factor left(args, 0, /*row=*/true), right(args, 1, /*row=*/false);
  const Matrices out = outputMatrices(y, a.shape.rank() > 1, b.shape.rank() > 1);
  const int rank = of->batch.rank();
  forEachIndex(of->batch, [&](const Index& batch) {
    left.use(batch, rank), right.use(batch, rank);
    multiply(extents, left, right, out, y.as<int32_t>() + out.offset(batch, rank), args);
  });
  return {};
}

}  // namespace minnow::kernels::simd
