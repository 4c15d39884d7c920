// Softmax and its kin, one normalised set at a time.
#include "ops/softmax.h"

#include <bit>
#include <limits>

#include "kernels/kernel.h"
#include "kernels/quantized.h"
#include "kernels/reference/folding.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

/// Writes fn(x) for every element of a set.
template <class T, class F>
void mapSet(const Axes& in, const Axes& out, const T* x, T* y, F&& fn) {
  forEachIndex(in.shape, [&](const auto& index) {
    const int rank = in.shape.rank();
    y[offsetOf(index, out.strides, rank)] = fn(x[offsetOf(index, in.strides, rank)]);
  });
}

template <class T>
void normalise(ops::SoftmaxFn fn, const Axes& in, const Axes& out, bool striped, const T* x, T* y) {
  const T max = foldMax(in, striped, x);
  if (fn == ops::SoftmaxFn::Hardmax) {
    bool found = false;
    return mapSet(in, out, x, y, [&](T v) {
      const bool first = !found && equals(v, max);
      found |= first;
      return first ? T{1} : T{0};
    });
  }
  const T sum = foldExponentials(in, striped, x, max);
  if (fn == ops::SoftmaxFn::LogSoftmax) {
    const T logOfSum = log(sum);
    return mapSet(in, out, x, y, [&](T v) { return (v - max) - logOfSum; });
  }
  const T inverse = 1 / sum;
  mapSet(in, out, x, y, [&](T v) { return exp(v - max) * inverse; });
}

template <class T>
void normaliseAll(const ops::Softmax& softmax, const TensorView& x, const TensorView& y) {
  const uint32_t mask = softmax.mask(x.shape.rank());
  const bool striped = isStriped(mask, x.shape.rank());
  const Axes keptIn = axesOf(x, mask, false), keptOut = axesOf(y, mask, false);
  const Axes in = axesOf(x, mask, true), out = axesOf(y, mask, true);
  forEachIndex(keptIn.shape, [&](const auto& index) {
    const int rank = keptIn.shape.rank();
    normalise(softmax.fn, in, out, striped, x.as<const T>() + offsetOf(index, keptIn.strides, rank),
              y.as<T>() + offsetOf(index, keptOut.strides, rank));
  });
}

// Of 8 bits ---------------------------------------------------------------------------------------

int32_t oneNumber(const TensorView& view) {
  return view.type == DataType::Int8 ? int32_t{*view.as<const int8_t>()}
                                     : int32_t{*view.as<const uint8_t>()};
}

/// Sets of bytes. It is no oracle of a faster kernel, but the only one: rows are shared among threads.
class ByteSoftmax {
 public:
  ByteSoftmax(const KernelArgs& args, int axis)
      : count_(args.inputs[0].shape[axis]),
        xStep_(args.inputs[0].strides[axis]),
        yStep_(args.outputs[0].strides[axis]),
        flip_(args.inputs[0].type == DataType::Int8 ? 0x80 : 0),
        zero_(oneNumber(args.inputs[2])),
        least_(args.inputs[2].type == DataType::Int8 ? -128 : 0) {
    if (args.inputs[1].type == DataType::Int32) {
      fixed_ = args.inputs[1].as<const int32_t>();
      return;
    }
    const double scale = *args.inputs[1].as<const float>();
    const float part = std::numeric_limits<float>::max() / static_cast<float>(count_);
    const double most = (double{in_double::toFloat(in_double::log(double{part}))} - 5) / scale;
    for (int i = 0; i < 256; ++i) real_[i] = in_double::toFloat(in_double::exp((most - i) * scale));
    steps_ = std::floor(1 / *args.inputs[3].as<const float>());
  }

  void run(const uint8_t* x, uint8_t* y) const {
    int max = 0;
    for (int64_t i = 0; i < count_; ++i) max = std::max(max, x[i * xStep_] ^ flip_);
    int64_t whole = 0;
    float sum = 0;
    for (int64_t i = 0; i < count_; ++i) {
      const int below = max - (x[i * xStep_] ^ flip_);
      fixed_ ? whole += (int64_t{fixed_[below]} + (1 << 11)) >> 12 : sum += real_[below];
    }
    whole = std::max<int64_t>(whole, 0);  // tables of files may hold anything
    const int bits = std::max(63 - std::countl_zero(static_cast<uint64_t>(whole)), 0);
    const int64_t top = bits > 31 ? whole >> (bits - 31) : whole << (31 - bits);
    const int64_t inverse = fixedReciprocal(top - (int64_t{1} << 31));
    for (int64_t i = 0; i < count_; ++i) {
      const int below = max - (x[i * xStep_] ^ flip_);
      const int64_t share = fixed_ ? ofFixed(fixed_[below], inverse, bits) : ofReal(below, sum);
      y[i * yStep_] = static_cast<uint8_t>(std::clamp<int64_t>(share, least_, least_ + 255));
    }
  }

 private:
  int64_t ofFixed(int32_t power, int64_t inverse, int bits) const {
    return ((highProduct(inverse, power) + (int64_t{8} << bits)) >> (bits + 4)) + zero_;
  }
  int64_t ofReal(int below, float sum) const {
    const double share = double{real_[below]} * double{steps_} / double{sum} + zero_;
    return share > least_ ? static_cast<int64_t>(in_double::nearest(std::min(share, 255.0)))
                          : least_;
  }

  int64_t count_, xStep_, yStep_;
  uint8_t flip_;
  int32_t zero_, least_;
  const int32_t* fixed_ = nullptr;  ///< of TensorFlow Lite's rule
  std::array<float, 256> real_{};
  float steps_ = 0;
};

void softmaxOfBytes(const ops::Softmax& softmax, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const ByteSoftmax sets(args, static_cast<int>(softmax.axis));
  const uint32_t mask = softmax.mask(x.shape.rank());
  const Axes from = axesOf(x, mask, false), to = axesOf(y, mask, false);
  args.team->parallelFor(from.shape.elements(), 64, [&](int64_t begin, int64_t end) {
    for (int64_t set = begin; set < end; ++set) {
      int64_t rest = set, in = 0, out = 0;
      for (int i = from.shape.rank() - 1; i >= 0; rest /= from.shape[i--]) {
        in += rest % from.shape[i] * from.strides[i];
        out += rest % from.shape[i] * to.strides[i];
      }
      sets.run(x.as<const uint8_t>() + in, y.as<uint8_t>() + out);
    }
  });
}

}  // namespace

Result<void> runSoftmax(const ops::Operator& op, const KernelArgs& args) {
  const auto& softmax = static_cast<const ops::Softmax&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  if (x.elements() == 0) return {};
  if (elementSize(x.type) == 1) {
    softmaxOfBytes(softmax, args);
    return {};
  }
  withReal(x.type, [&]<class T>(T) { normaliseAll<T>(softmax, x, y); });
  return {};
}

}  // namespace minnow::kernels::reference
