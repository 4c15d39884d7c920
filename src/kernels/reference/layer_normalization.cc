// Layer (and root-mean-square) normalisation, one normalised set at a time.
#include "ops/layer_normalization.h"

#include "kernels/element_types.h"
#include "kernels/kernel.h"
#include "kernels/reference/folding.h"

namespace minnow::kernels::reference {
namespace {

template <class T>
T read(const TensorView& view, const Strides& strides, const std::array<int64_t, kMaxRank>& index,
       int rank) {
  return view.as<const T>()[offsetOf(index, strides, rank)];
}

struct Tensors {
  const TensorView& x;
  const TensorView& y;
  const TensorView& scale;
  TensorView bias;
  Strides scaleStrides, biasStrides;
};

/// y of the set that starts at `start`.
template <class T>
void writeSet(const Tensors& t, const Shape& set, const std::array<int64_t, kMaxRank>& start,
              T mean, T inverse) {
  const int rank = t.x.shape.rank();
  forEachIndex(set, [&](auto index) {
    for (int axis = 0; axis < rank; ++axis) index[axis] += start[axis];
    const T unit = (read<T>(t.x, t.x.strides, index, rank) - mean) * inverse;
    const T scale = read<T>(t.scale, t.scaleStrides, index, rank);
    t.y.as<T>()[offsetOf(index, t.y.strides, rank)] =
        t.bias ? std::fma(unit, scale, read<T>(t.bias, t.biasStrides, index, rank)) : unit * scale;
  });
}

template <class T>
void normaliseLayers(const ops::LayerNormalization& norm, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  const int rank = x.shape.rank();
  Tensors tensors{x, args.outputs[0], args.inputs[1], {}, {}, {}};
  if (args.inputs.size() > 2) tensors.bias = args.inputs[2];
  tensors.scaleStrides = broadcastStrides(tensors.scale, x.shape);
  tensors.biasStrides = broadcastStrides(tensors.bias, x.shape);
  Shape sets = x.shape, set = x.shape;
  for (int axis = 0; axis < rank; ++axis) (axis < norm.axis ? set : sets)[axis] = 1;
  const Axes inSet = axesOf(x, ~0u << norm.axis, true);
  const auto n = static_cast<T>(inSet.shape.elements());
  forEachIndex(sets, [&](const auto& index) {
    const T* first = x.as<const T>() + offsetOf(index, x.strides, rank);
    const T mean = norm.centred ? foldSum(inSet, true, first) / n : T{0};
    const T variance = foldSquares(inSet, true, first, mean) / n;
    const T inverse = 1 / std::sqrt(variance + norm.epsilon);
    writeSet(tensors, set, index, mean, inverse);
    for (size_t i = 1; i < args.outputs.size(); ++i)
      if (args.outputs[i])
        args.outputs[i].template as<float>()[offsetOf(index, args.outputs[i].strides, rank)] =
            convert<float>(i == 1 ? mean : inverse);
  });
}

}  // namespace

Result<void> runLayerNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::LayerNormalization&>(op);
  const TensorView& x = args.inputs[0];
  if (x.elements() > 0) withReal(x.type, [&]<class T>(T) { normaliseLayers<T>(norm, args); });
  return {};
}

}  // namespace minnow::kernels::reference
