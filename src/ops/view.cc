// Reshaping without copying, and shared checks.
#include "ops/view.h"

#include <algorithm>

namespace minnow::ops {
namespace {

/// The axes that matter: those of extent other than 1.
struct Axes {
  std::array<int64_t, kMaxRank> extent{}, stride{};
  int count = 0;
};

Axes dropOnes(const Shape& shape, const Strides& strides) {
  Axes axes;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    axes.extent[axes.count] = shape[i];
    axes.stride[axes.count++] = strides[i];
  }
  return axes;
}

/// Axes first … last-1 lie one inside the other without gaps.
bool isRun(const Axes& axes, int first, int last) {
  for (int i = first; i + 1 < last; ++i)
    if (axes.stride[i] != axes.stride[i + 1] * axes.extent[i + 1]) return false;
  return true;
}

}  // namespace

std::optional<Storage> reshapeStorage(const Shape& from, const Storage& input, const Shape& to) {
  if (to.elements() == 0) return Storage{plainStrides(to), input.offset};
  const Axes in = dropOnes(from, input.strides);
  const Axes out = dropOnes(to, Strides{});
  std::array<int64_t, kMaxRank> strides{};
  // Groups of old and new axes with equal products; each group must be one run in memory.
  for (int i = 0, o = 0; i < in.count && o < out.count;) {
    int iEnd = i + 1, oEnd = o + 1;
    int64_t inProduct = in.extent[i], outProduct = out.extent[o];
    while (inProduct != outProduct) {
      if (inProduct < outProduct) {
        if (iEnd == in.count) return std::nullopt;
        inProduct *= in.extent[iEnd++];
      } else {
        if (oEnd == out.count) return std::nullopt;
        outProduct *= out.extent[oEnd++];
      }
    }
    if (!isRun(in, i, iEnd)) return std::nullopt;
    int64_t step = in.stride[iEnd - 1];
    for (int axis = oEnd - 1; axis >= o; --axis) {
      strides[axis] = step;
      step *= out.extent[axis];
    }
    i = iEnd, o = oEnd;
  }
  Storage view{{}, input.offset};
  int64_t step = 1;
  for (int axis = to.rank() - 1, o = out.count; axis >= 0; --axis) {
    view.strides[axis] = to[axis] == 1 ? step : strides[--o];
    step = view.strides[axis] * to[axis];
  }
  return view;
}

Result<void> expectMovable(std::span<const TensorType> inputs, size_t least, size_t most) {
  if (auto ok = expectInputs(inputs, least, most); !ok) return ok;
  if (elementSize(inputs[0].type) == 0)
    return fail(ErrorCode::Unsupported, "elements of type ", static_cast<int>(inputs[0].type));
  return {};
}

Result<std::array<bool, kMaxRank>> markAxes(std::span<const int64_t> axes, int rank) {
  std::array<bool, kMaxRank> marked{};
  for (int64_t given : axes) {
    const auto axis = normaliseAxis(given, rank);
    if (!axis) return passOn(axis);
    if (marked[*axis]) return fail(ErrorCode::BadModel, "axis ", given, " is given twice");
    marked[*axis] = true;
  }
  return marked;
}

Result<TensorTypes> oneOutput(DataType type, const Shape& shape) {
  if (auto ok = checkShape(shape); !ok) return passOn(ok);
  return TensorTypes{TensorType{type, shape}};
}

bool allAre(std::span<const int64_t> list, int64_t number) {
  return std::ranges::all_of(list, [&](int64_t one) { return one == number; });
}

}  // namespace minnow::ops
