// Convolutions and matrix products that are wrong: copies of the scalar kernels in which one thing
// can be replaced. With nothing replaced (fault "nothing") they must not show.
#include <algorithm>
#include <bit>
#include <cmath>

#include "faults/faults.h"
#include "kernels/elementwise.h"
#include "kernels/matrix.h"
#include "kernels/pack.h"
#include "kernels/reference/scalar_math.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/matmul.h"

namespace minnow::faults {
namespace {

using kernels::forEachIndex;
using kernels::KernelArgs;
using kernels::reference::apply;

/// What a fault replaces one line of.
struct Right {
  static constexpr bool kRepeatsBorder = false;
  static float start(float /*bias*/) { return 0; }
  static float multiplyAdd(float a, float b, float sum) { return std::fma(a, b, sum); }
  static float weight(float w) { return w; }
  static int64_t weightsOf(int64_t channel, int64_t /*channels*/) { return channel; }
  static int64_t column(int64_t position, int64_t /*out*/, int64_t /*width*/) { return position; }
  static float finish(const ops::Epilogue& epilogue, float sum, float bias) {
    return apply(epilogue, sum + bias);
  }
};

/// Two roundings where one is promised.
struct Unfused : Right {
  static float multiplyAdd(float a, float b, float sum) {
    const float product = a * b;
    return sum + product;
  }
};

/// The bias is where the sum starts, not what it ends with.
struct BiasFirst : Right {
  static float start(float bias) { return bias; }
  static float finish(const ops::Epilogue& epilogue, float sum, float) {
    return apply(epilogue, sum);
  }
};

/// The last column of the output reads its pixels one too far left.
struct ColumnTooFarLeft : Right {
  static int64_t column(int64_t position, int64_t out, int64_t width) {
    return out == width - 1 ? position - 1 : position;
  }
};

/// Padding is the pixel at the border, not zero.
struct BorderRepeated : Right {
  static constexpr bool kRepeatsBorder = true;
};

/// The last panel of channels is computed with the weights of the panel before.
struct StalePanel : Right {
  static int64_t weightsOf(int64_t channel, int64_t channels) {
    const int64_t last = (channels - 1) / kernels::kPanel * kernels::kPanel;
    return last > 0 && channel >= last ? channel - kernels::kPanel : channel;
  }
};

/// The activation is left out.
struct MissedClamp : Right {
  static float finish(const ops::Epilogue&, float sum, float bias) { return sum + bias; }
};

/// Weights cut to 16 bits, for a dot product that the other processor does not have.
struct ShortWeights : Right {
  static float weight(float w) {
    return std::bit_cast<float>(std::bit_cast<uint32_t>(w) & 0xffff0000u);
  }
};

/// A sigmoid that is good to three digits.
struct CheapSigmoid : Right {
  static float finish(const ops::Epilogue&, float sum, float bias) {
    const float h = std::clamp((sum + bias) / 2, -3.0f, 3.0f);
    return 0.5f + 0.5f * (h * (27 + h * h) / (27 + 9 * h * h));
  }
};

float biasOf(const KernelArgs& args, int64_t channel) {
  return args.has(2) ? at(args.inputs[2], {channel}) : 0.0f;
}

/// The pixel of channel index[1] at (row, column); zero outside.
template <class Fault>
float pixel(const TensorView& x, Index index, int64_t row, int64_t column) {
  index[2] = std::clamp<int64_t>(row, 0, x.shape[2] - 1);
  index[3] = std::clamp<int64_t>(column, 0, x.shape[3] - 1);
  const bool inside = index[2] == row && index[3] == column;
  return inside || Fault::kRepeatsBorder ? at(x, index) : 0.0f;
}

template <class Fault>
Result<void> convolve(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  const TensorView &x = args.inputs[0], &w = args.inputs[1], &y = args.outputs[0];
  const kernels::PanelShape panels = kernels::panelShape(conv, w);
  const int64_t depth = w.shape[1], perGroup = w.shape[0] / conv.groups;
  const auto windows = ops::windowsOver(conv, x.shape);
  forEachIndex(y.shape, [&](const Index& out) {
    const int64_t group = out[1] / perGroup;
    const int64_t weights = Fault::weightsOf(out[1], y.shape[1]);
    float sum = Fault::start(biasOf(args, out[1]));
    for (int64_t tap = 0; tap < w.shape[2] * w.shape[3]; ++tap) {
      const int64_t row = windows[0].tapAt(out[2], tap / w.shape[3]);
      const int64_t column =
          Fault::column(windows[1].tapAt(out[3], tap % w.shape[3]), out[3], y.shape[3]);
      for (int64_t c = 0; c < depth; ++c) {
        const float weight =
            w.as<float>()[panels.offset(weights / perGroup, weights % perGroup, tap * depth + c)];
        sum = Fault::multiplyAdd(pixel<Fault>(x, {out[0], group * depth + c}, row, column),
                                 Fault::weight(weight), sum);
      }
    }
    at(y, out) = Fault::finish(conv.epilogue, sum, biasOf(args, out[1]));
  });
  return {};
}

/// Without padding, and a stride as long as the kernel: every output element has one tap.
template <class Fault>
Result<void> spread(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::ConvTranspose&>(op);
  const TensorView &x = args.inputs[0], &w = args.inputs[1], &y = args.outputs[0];
  if (conv.groups != 1 || conv.kernel != conv.strides)
    return fail(ErrorCode::Unsupported, "this fault is for upsampling by a whole number");
  const kernels::PanelShape panels = kernels::panelShape(conv, w);
  forEachIndex(y.shape, [&](const Index& out) {
    const int64_t tap = out[2] % conv.kernel[0] * conv.kernel[1] + out[3] % conv.kernel[1];
    float sum = 0;
    for (int64_t c = 0; c < w.shape[0]; ++c)
      sum = Fault::multiplyAdd(at(x, {out[0], c, out[2] / conv.kernel[0], out[3] / conv.kernel[1]}),
                               w.as<float>()[panels.offset(0, out[1], tap * w.shape[0] + c)], sum);
    at(y, out) = Fault::finish(conv.epilogue, sum, biasOf(args, out[1]));
  });
  return {};
}

/// One matrix of constants on the right; a is […, M, K]. K is added up in two halves.
Result<void> multiplyInHalves(const ops::Operator& op, const KernelArgs& args) {
  const auto& matMul = static_cast<const ops::MatMul&>(op);
  const TensorView &a = args.inputs[0], &b = args.inputs[1], &y = args.outputs[0];
  if (b.packing != Packing::F32x16 || matMul.transposeA)
    return fail(ErrorCode::Unsupported, "this fault is for a product with weights");
  const kernels::PanelShape panels = kernels::panelShape(matMul, b);
  const int last = y.shape.rank() - 1;
  forEachIndex(y.shape, [&](const Index& out) {
    float halves[2] = {0, 0};
    Index left = out;
    for (int64_t k = 0; k < panels.depth; ++k) {
      left[last] = k;
      float& sum = halves[2 * k >= panels.depth];
      sum = std::fma(at(a, left), b.as<float>()[panels.offset(0, out[last], k)], sum);
    }
    at(y, out) = apply(matMul.epilogue, halves[0] + halves[1] + biasOf(args, out[last]));
  });
  return {};
}

}  // namespace

std::span<const Fault> sumFaults() {
  static constexpr Fault kFaults[] = {
      {"nothing", ops::OpKind::Conv, convolve<Right>},
      {"nothing", ops::OpKind::ConvTranspose, spread<Right>},
      {"unfused-multiply-add", ops::OpKind::Conv, convolve<Unfused>},
      {"bias-first", ops::OpKind::Conv, convolve<BiasFirst>},
      {"column-too-far-left", ops::OpKind::Conv, convolve<ColumnTooFarLeft>},
      {"border-repeated", ops::OpKind::Conv, convolve<BorderRepeated>},
      {"stale-panel", ops::OpKind::Conv, convolve<StalePanel>},
      {"missed-clamp", ops::OpKind::Conv, convolve<MissedClamp>},
      {"short-weights", ops::OpKind::Conv, convolve<ShortWeights>},
      {"unfused-multiply-add", ops::OpKind::ConvTranspose, spread<Unfused>},
      {"cheap-sigmoid", ops::OpKind::ConvTranspose, spread<CheapSigmoid>},
      {"two-halves", ops::OpKind::MatMul, multiplyInHalves},
  };
  return kFaults;
}

}  // namespace minnow::faults
