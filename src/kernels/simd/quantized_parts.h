// What kernels of quantised convolutions and products share: a convolution's shape, what belongs to
// each channel, and the way from sums to results.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/aligned.h"
#include "kernels/simd/byte_rows.h"
#include "kernels/simd/byte_tile.h"
#include "kernels/simd/conv_plan.h"
#include "kernels/simd/epilogue_rows.h"
#include "ops/conv.h"
#include "ops/quantized.h"

namespace minnow::kernels::simd {

inline int64_t blocksOf(int64_t n, int64_t size) { return (n + size - 1) / size; }

inline void applyTo(const ops::Epilogue& epilogue, float* y, int64_t n) {
  if (epilogue.fn != ops::UnaryFn::Identity) applyEpilogueRows(epilogue, y, 1, n, n);
}

/// What the sums of channels begin with, their factors, and what is added to real results, or the rest
/// of a factor (setTfliteFactor): found once a run, at the beginning of the workspace, channels in the
/// order of panels.
class Channels {
 public:
  static size_t bytes(const BytePanels& panels) {
    return base::alignUp(3 * sizeof(int32_t) * static_cast<size_t>(room(panels)));
  }
  Channels(const BytePanels& panels, const KernelArgs& args, int32_t xZero, int64_t wZero,
           const ops::QuantisedResult& y)
      : start_(reinterpret_cast<int32_t*>(args.workspace.data())),
        factors_(reinterpret_cast<float*>(start_ + room(panels))),
        bias_(factors_ + room(panels)),
        scratches_(args.workspace.subspan(bytes(panels))) {
    std::memset(start_, 0, bytes(panels));
    const auto* sums = args.inputs[1].as<const uint32_t>();
    const auto zeros = static_cast<uint32_t>(panels.depthwise ? panels.depth * wZero : 0);
    for (int64_t c = 0; c < panels.channels(); ++c)
      start_[c] = static_cast<int32_t>(static_cast<uint32_t>(-xZero) * (sums[c] - zeros));
    if (y.isReal())
      forEachChannel(panels, [&](int64_t c, int64_t to) { bias_[to] = args.bias(2, c); });
    else if (args.has(2))
      addBias(panels, args.inputs[2]);
    const int64_t mostOfX = panels.depthwise && args.inputs[0].type == DataType::Uint8 ? 255 : 128;
    const auto most = static_cast<float>(panels.depth * mostOfX * 128);
    const TensorView& factors = args.inputs[3];
    y.isTflite() ? setFactors(panels, factors.as<const double>(), step(factors), y.rule, most)
                 : setFactors(panels, factors.as<const float>(), step(factors), most);
    areNarrow_ = areSmall_ && wZero == 0 && greatest_ < 32000;
  }

  const int32_t* start() const { return start_; }
  const float* factors() const { return factors_; }
  const float* bias() const { return bias_; }
  bool factorsAreSmall() const { return areSmall_; }
  bool resultsAreNarrow() const { return areNarrow_; }
  std::span<std::byte> scratches() const { return scratches_; }

 private:
  /// Calls fn(channel, its place).
  template <class F>
  static void forEachChannel(const BytePanels& panels, F&& fn) {
    const bool isDense = panels.depthwise || panels.groups == 1;
    const int64_t outputs = panels.outputs, count = panels.groups * outputs;
    for (int64_t c = 0; c < count; ++c)
      fn(c, isDense ? c : panels.channel(c / outputs, c % outputs));
  }
  void addBias(const BytePanels& panels, const TensorView& bias) {
    forEachChannel(panels, [start = start_, all = bias.as<const uint32_t>(),
                            step = bias.strides[0]](int64_t c, int64_t to) {
      start[to] = static_cast<int32_t>(static_cast<uint32_t>(start[to]) + all[c * step]);
    });
  }
  static int64_t step(const TensorView& factors) {
    return factors.elements() == 1 ? 0 : factors.strides[0];
  }
  /// TensorFlow Lite's. `most` is what no sum is farther from its start, whatever x is: tiles read x as int8; the starts
  /// of depthwise convolutions are for x as it is.
  void setFactors(const BytePanels& panels, const double* all, int64_t step,
                  ops::QuantisationRule rule, float most) {
    areSmall_ = true;
    forEachChannel(panels, [=, this](int64_t c, int64_t to) {
      const double factor = all[c * step];
      setTfliteFactor(rule, factor, factors_[to], bias_[to]);
      areSmall_ &= isSmallExponent(std::bit_cast<int32_t>(bias_[to]));
      see(to, static_cast<float>(factor), most);
    });
  }
  void setFactors(const BytePanels& panels, const float* all, int64_t step, float most) {
    forEachChannel(panels, [=, this](int64_t c, int64_t to) {
      factors_[to] = all[c * step];
      see(to, factors_[to], most);
    });
    areSmall_ = areSmall(factors_, room(panels));
  }
  /// Keeps the greatest product of a sum and its factor.
  void see(int64_t channel, float factor, float most) {
    greatest_ = std::max(greatest_,
                         (std::abs(static_cast<float>(start_[channel])) + most) * std::abs(factor));
  }
  /// With a panel more, as tiles read pairs of them.
  static int64_t room(const BytePanels& panels) { return panels.channels() + BytePanels::kOutputs; }

  int32_t* start_;
  float *factors_, *bias_;
  std::span<std::byte> scratches_;
  float greatest_ = 0;
  bool areSmall_ = false, areNarrow_ = false;
};

/// From sums to the results of a convolution or a product.
class ByteResults {
 public:
  template <class Product>
  ByteResults(const Product& op, const BytePanels& panels, const KernelArgs& args, int32_t xZero)
      : channels_(panels, args, xZero, op.wZero, op.y),
        epilogue_(op.epilogue),
        to_(op.y),
        type_(op.y.dataType()),
        y_(args.outputs[0].data) {}

  const Channels& channels() const { return channels_; }
  bool areReal() const { return type_ == DataType::Float32; }
  /// True if tiles may store bytes.
  bool suit(const ByteTiles& tiles) const {
    return tiles.bytes && !areReal() && tiles.suits(toBytes(nullptr, 0, 0, nullptr, 0, 0));
  }
  /// Rows of sums whose results begin at y + places[r]; their first channel is number `channel`.
  SumsToBytes toBytes(const int32_t* sums, int64_t channel, int64_t y, const int64_t* places,
                      int64_t rows, int64_t columns) const {
    return {sums,
            channels_.factors() + channel,
            channels_.bias() + channel,
            to_,
            channels_.factorsAreSmall(),
            type_ == DataType::Int8,
            static_cast<uint8_t*>(y_) + y,
            places,
            rows,
            columns,
            channels_.resultsAreNarrow()};
  }
  /// Up to kRowsOfSums rows.
  void store(const int32_t* sums, int64_t channel, int64_t y, const int64_t* places, int64_t rows,
             int64_t columns) const {
    areReal() ? storeReals(sums, channel, y, places, rows, columns)
              : storeSums(toBytes(sums, channel, y, places, rows, columns));
  }

 private:
  void storeReals(const int32_t* sums, int64_t channel, int64_t y, const int64_t* places,
                  int64_t rows, int64_t columns) const {
    alignas(64) float reals[kRowsOfSums * kByteColumns];
    for (int64_t r = 0; r < rows; ++r)
      scaleSums({sums + r * kByteColumns, channels_.factors() + channel, channels_.bias() + channel,
                 reals + r * columns, columns});
    applyTo(epilogue_, reals, rows * columns);
    for (int64_t r = 0; r < rows; ++r)
      std::copy_n(reals + r * columns, columns, static_cast<float*>(y_) + places[r] + y);
  }

  Channels channels_;
  ops::Epilogue epilogue_;
  Requantiser to_;
  DataType type_;
  void* y_;
};

/// Where pixels of the output lie, and what they read.
struct ConvShape {
  Image x, y;
  ops::SlidingWindow windows[3];  ///< z, y, x
  int64_t groups, channels;       ///< channels of a group
  int64_t firstRow, rows;         ///< of each plane
  BytePanels panels;

  ConvShape(const ops::QuantizedConv& op, const TensorView& in, const TensorView& w,
            const TensorView& out, const OutputRows& asked)
      : x(in),
        y(out),
        groups(op.groups),
        channels(w.shape[1]),
        firstRow(0),
        rows(y.height),
        panels(ops::convWeights(op.groups, w.shape, w.strides)) {
    const auto all = ops::windowsOver(op, in.shape);
    const int spatial = in.shape.rank() - 2;
    for (int axis = 0; axis < spatial; ++axis) windows[3 - spatial + axis] = all[axis];
    if (out.shape.rank() != 4) return;
    const OutputRows within = asked.within(y.height);
    firstRow = within.begin, rows = within.end - within.begin;
  }
  int64_t pixels() const { return y.depth * rows * y.width; }
  int64_t taps() const { return windows[0].kernel * windows[1].kernel * windows[2].kernel; }
  /// Output columns whose windows lie within the input's: [first, end).
  std::pair<int64_t, int64_t> inner() const {
    const ops::SlidingWindow& along = windows[2];
    const int64_t first = std::min((along.padBegin + along.stride - 1) / along.stride, y.width);
    const int64_t room = x.width - along.reach() + along.padBegin;
    return {first, std::clamp(room < 0 ? 0 : room / along.stride + 1, first, y.width)};
  }
  /// A pixel's bytes lie side by side, and pixels at equal distances.
  bool readsInPlace() const {
    const bool isPointwise = taps() == 1 && std::ranges::all_of(windows, [](const auto& w) {
                               return w.stride == 1 && w.padBegin == 0 && w.padEnd == 0;
                             });
    return isPointwise && channels % BytePanels::kSteps == 0 && x.channelsAdjacent() &&
           (x.height == 1 || x.rowStride == x.width * x.pixelStride) &&
           (x.depth == 1 || x.planeStride == x.height * x.rowStride);
  }
};

inline ConvShape shapeOf(const ops::Operator& op, std::span<const TensorView> inputs,
                         std::span<const TensorView> outputs, const OutputRows& rows) {
  return {static_cast<const ops::QuantizedConv&>(op), inputs[0], inputs[1], outputs[0], rows};
}

}  // namespace minnow::kernels::simd
