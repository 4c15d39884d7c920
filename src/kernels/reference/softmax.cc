// Softmax and its kin, one normalised set at a time.
#include "ops/softmax.h"

#include "kernels/kernel.h"
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
  const T sum = foldSum<T>(in, striped, x, [&](T v) { return exp(v - max); });
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

}  // namespace

Result<void> runSoftmax(const ops::Operator& op, const KernelArgs& args) {
  const auto& softmax = static_cast<const ops::Softmax&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  if (x.elements() == 0) return {};
  withReal(x.type, [&]<class T>(T) { normaliseAll<T>(softmax, x, y); });
  return {};
}

}  // namespace minnow::kernels::reference
