// OneHot and Trilu (ReverseSequence is a list of copies: movement.cc).
#include "ops/index_fill.h"

#include "kernels/elementwise.h"
#include "kernels/indices.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {
namespace {

/// The index an element stands for, or -1 when it stands for none.
using HotIndexFn = int64_t (*)(const void* element, int64_t depth);

template <class T>
int64_t hotIndex(const void* element, int64_t depth) {
  const T value = *static_cast<const T*>(element);
  const auto least = static_cast<double>(-depth), most = static_cast<double>(depth);
  const auto number = static_cast<double>(value);
  if (!(number >= least && number < most)) return -1;
  const auto index = static_cast<int64_t>(value);
  return index < 0 ? index + depth : index;
}

}  // namespace

Result<void> runOneHot(const ops::Operator& op, const KernelArgs& args) {
  const auto& oneHot = static_cast<const ops::OneHot&>(op);
  const TensorView &indices = args.inputs[0], &values = args.inputs[1], &y = args.outputs[0];
  const auto axis = ops::normaliseAxis(oneHot.axis, y.shape.rank());
  if (!axis) return passOn(axis);
  Strides strides{};  // of the indices, seen with y's axes
  for (int i = 0, from = 0; i < y.shape.rank(); ++i)
    if (i != *axis) strides[i] = indices.strides[from++];
  HotIndexFn index = nullptr;
  withNumbers(indices.type, [&]<class I>(I) { index = hotIndex<I>; });
  withBytes(elementSize(y.type), [&]<class T>(T) {
    const T off = values.as<const T>()[0], on = values.as<const T>()[values.strides[0]];
    forEachIndex(y.shape, [&](const auto& at) {
      const void* element = elementAt(indices, offsetOf(at, strides, y.shape.rank()));
      y.as<T>()[offsetOf(at, y.strides, y.shape.rank())] =
          index(element, oneHot.depth) == at[*axis] ? on : off;
    });
  });
  return {};
}

Result<void> runTrilu(const ops::Operator& op, const KernelArgs& args) {
  const auto& trilu = static_cast<const ops::Trilu&>(op);
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const int rank = y.shape.rank();
  withBytes(elementSize(x.type), [&]<class T>(T) {
    forEachIndex(y.shape, [&](const auto& at) {
      const int64_t diagonal = at[rank - 1] - at[rank - 2];
      const bool kept = trilu.upper ? diagonal >= trilu.diagonal : diagonal <= trilu.diagonal;
      y.as<T>()[offsetOf(at, y.strides, rank)] =
          kept ? x.as<const T>()[offsetOf(at, x.strides, rank)] : T{};
    });
  });
  return {};
}

}  // namespace minnow::kernels::reference
