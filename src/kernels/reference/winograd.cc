// Convolution by Winograd's F(4,3), one tile of a few output channels at a time: inputs are taken to
// the 36 points along y and then along x, taps likewise; at every point the products are summed by
// fused multiply-add over the channels from 0; sums are brought back along y and then along x, and
// the bias is added last.
#include "kernels/reference/winograd.h"

#include <cstring>

#include "kernels/elementwise.h"
#include "kernels/reference/one_lane.h"
#include "kernels/reference/scalar_math.h"
#include "kernels/winograd.h"

namespace minnow::kernels::reference {
namespace {

#define MINNOW_INLINE inline
#include "kernels/winograd.inc"
#undef MINNOW_INLINE

constexpr int kTile = WinogradAxis::kTile, kPatch = WinogradAxis::kPatch;
/// Computed together: taking inputs to the points takes three times as long as the products of one.
constexpr int64_t kOutputs = 16;
using Patch = WinogradPatch;

void transposed(const Patch& from, Patch& to) {
  for (int i = 0; i < kPatch; ++i)
    for (int j = 0; j < kPatch; ++j) to[j][i] = from[i][j];
}

void inputsAtPoints(Patch& patch) {
  Patch columns, at;
  transposed(patch, columns);
  for (int j = 0; j < kPatch; ++j) winogradInputs(One(), columns[j], at[j]);
  transposed(at, patch);
  for (auto& row : patch) {
    float points[kPatch];
    winogradInputs(One(), row, points);
    std::copy_n(points, kPatch, row);
  }
}

void resultsOf(const Patch& sums, float (&results)[kTile][kTile]) {
  float rows[kTile][kPatch];
  for (int j = 0; j < kPatch; ++j) {
    float column[kPatch], ends[kTile];
    for (int i = 0; i < kPatch; ++i) column[i] = sums[i][j];
    winogradResults(One(), column, ends);
    for (int i = 0; i < kTile; ++i) rows[i][j] = ends[i];
  }
  for (int i = 0; i < kTile; ++i) winogradResults(One(), rows[i], results[i]);
}

/// The taps of one output and one input channel, row-major, at all points.
void tapsAtPoints(const float* taps, WinogradPatch& at) {
  float columns[3][kPatch];
  for (int k = 0; k < 3; ++k) winogradTaps(One(), {taps[k], taps[3 + k], taps[6 + k]}, columns[k]);
  for (int i = 0; i < kPatch; ++i)
    winogradTaps(One(), {columns[0][i], columns[1][i], columns[2][i]}, at[i]);
}

class Layer {
 public:
  Layer(const ops::Conv& conv, const KernelArgs& args)
      : conv_(conv),
        args_(args),
        matrices_(*conv.weightMatrices(1, args.inputs[1].shape, args.inputs[1].strides)),
        y_(conv.along(0, x().shape[2]), x().shape[2], out().shape[2]),
        x_(conv.along(1, x().shape[3]), x().shape[3], out().shape[3]) {}

  void run() const {
    const OutputRows rows = args_.rows.within(y_.outputs);
    if (rows.begin == rows.end) return;
    const Shape tiles{out().shape[0], (out().shape[1] + kOutputs - 1) / kOutputs,
                      (rows.end + kTile - 1) / kTile, x_.tiles()};
    const int64_t first = rows.begin / kTile;
    forEachIndex(tiles, [&](const auto& tile) {
      if (tile[2] >= first) runTile(tile, rows);
    });
  }

 private:
  using Index = std::array<int64_t, kMaxRank>;
  const TensorView& x() const { return args_.inputs[0]; }
  const TensorView& out() const { return args_.outputs[0]; }

  void readPatch(const Index& tile, int64_t channel, Patch& patch) const {
    for (int i = 0; i < kPatch; ++i)
      for (int j = 0; j < kPatch; ++j) {
        const int64_t row = y_.input(tile[2], i), column = x_.input(tile[3], j);
        patch[i][j] =
            row < 0 || column < 0
                ? 0.0f
                : x().as<const float>()[offsetOf({tile[0], channel, row, column}, x().strides, 4)];
      }
  }

  void addProducts(int64_t output, int64_t channel, const Patch& inputs, Patch& sums) const {
    Patch taps;
    WinogradWeights(matrices_, args_.inputs[1], output).read(channel, taps);
    for (int i = 0; i < kPatch; ++i)
      for (int j = 0; j < kPatch; ++j) sums[i][j] = std::fma(inputs[i][j], taps[i][j], sums[i][j]);
  }

  void runTile(const Index& tile, const OutputRows& rows) const {
    const int64_t begin = tile[1] * kOutputs, end = std::min(begin + kOutputs, out().shape[1]);
    Patch sums[kOutputs]{};
    for (int64_t c = 0; c < x().shape[1]; ++c) {
      Patch inputs;
      readPatch(tile, c, inputs);
      inputsAtPoints(inputs);
      for (int64_t o = begin; o < end; ++o) addProducts(o, c, inputs, sums[o - begin]);
    }
    for (int64_t o = begin; o < end; ++o) writeTile(tile, o, sums[o - begin], rows);
  }

  void writeTile(const Index& tile, int64_t output, const Patch& sums,
                 const OutputRows& rows) const {
    float results[kTile][kTile];
    resultsOf(sums, results);
    const float bias = args_.bias(2, output);
    for (int i = 0; i < kTile; ++i)
      for (int j = 0; j < kTile; ++j) {
        const Index at{tile[0], output, tile[2] * kTile + i, tile[3] * kTile + j};
        if (at[2] >= rows.begin && at[2] < rows.end && at[3] < x_.outputs)
          out().as<float>()[offsetOf(at, out().strides, 4)] =
              apply(conv_.epilogue, results[i][j] + bias);
      }
  }

  const ops::Conv& conv_;
  const KernelArgs& args_;
  ops::WeightMatrices matrices_;
  WinogradAxis y_, x_;
};

}  // namespace

void WinogradWeights::read(int64_t channel, WinogradPatch& at) const {
  float taps[kPatch * kPatch];
  const int count = atPoints_ ? kPatch * kPatch : 9;
  for (int k = 0; k < count; ++k) taps[k] = weights_[k * channels_ + channel];
  if (!atPoints_) return tapsAtPoints(taps, at);
  std::memcpy(at, taps, sizeof at);
}

Result<void> runWinograd(const ops::Conv& conv, const KernelArgs& args) {
  Layer(conv, args).run();
  return {};
}

}  // namespace minnow::kernels::reference
