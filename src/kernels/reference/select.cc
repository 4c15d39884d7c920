// TopK, NonZero, Compress, NonMaxSuppression and Choose.
#include "ops/select.h"

#include <algorithm>
#include <cstring>

#include "kernels/elementwise.h"
#include "kernels/indices.h"
#include "kernels/kernel.h"
#include "kernels/movement.h"

namespace minnow::kernels::reference {
namespace {

/// A total order of numbers: NaN is larger than everything and equal to itself.
template <class T>
bool larger(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    if (a != a || b != b) return b == b;
  return a > b;
}

/// The shape that data gave the output; row-major storage stays so, without gaps.
void setShape(TensorView& output, const Shape& shape) {
  if (output.isPlain()) output.strides = plainStrides(shape);
  output.shape = shape;
}

/// Which of two places of a row comes first. One sort for all types: sorting is much code.
struct Before {
  bool (*larger)(const void* a, const void* b);
  bool largestFirst;
  const std::byte* row;
  int64_t step;  ///< in bytes

  bool operator()(int64_t a, int64_t b) const {
    const std::byte *va = row + a * step, *vb = row + b * step;
    if (largestFirst ? larger(va, vb) : larger(vb, va)) return true;
    if (largestFirst ? larger(vb, va) : larger(va, vb)) return false;
    return a < b;
  }
};

void topOfRow(const Before& before, int64_t k, int64_t extent, int64_t* order) {
  for (int64_t i = 0; i < extent; ++i) order[i] = i;
  // nth_element and sort: partial_sort is slow when k is a good part of the row.
  if (k < extent) std::nth_element(order, order + k, order + extent, before);
  std::sort(order, order + k, before);
}

/// Writes the first k elements of a row and their places, where they are asked for.
void writeTop(const Before& before, std::span<const int64_t> order, int axis,
              const TensorView& values, const TensorView& places) {
  const auto size = static_cast<int64_t>(elementSize(values.type));
  auto* value = values.as<std::byte>();
  auto* place = places.as<int64_t>();
  for (const int64_t from : order) {
    if (values) std::memcpy(value, before.row + from * before.step, static_cast<size_t>(size));
    if (places) *place = from;
    value += values.strides[axis] * size;
    place += places.strides[axis];
  }
}

/// The same view with its first element `at`; one that is absent stays so.
TensorView from(const std::array<int64_t, kMaxRank>& at, TensorView view) {
  if (view) view.data = elementAt(view, offsetOf(at, view.strides, view.shape.rank()));
  return view;
}

}  // namespace

size_t topKBytes(const ops::Operator&, std::span<const TensorView> inputs,
                 std::span<const TensorView>, const CallShape&) {
  int64_t longest = 0;
  for (int64_t extent : inputs[0].shape.dims()) longest = std::max(longest, extent);
  return static_cast<size_t>(longest) * sizeof(int64_t);
}

Result<void> runTopK(const ops::Operator& op, const KernelArgs& args) {
  const auto& topK = static_cast<const ops::TopK&>(op);
  const TensorView& x = args.inputs[0];
  const auto axis = ops::normaliseAxis(topK.axis, x.shape.rank());
  if (!axis) return passOn(axis);
  const TensorView& values = args.outputs[0];
  const TensorView places = args.outputs.size() > 1 ? args.outputs[1] : TensorView{};
  auto* order = reinterpret_cast<int64_t*>(args.workspace.data());
  const auto size = static_cast<int64_t>(elementSize(x.type));
  Before before{nullptr, topK.largest, nullptr, x.strides[*axis] * size};
  withNumbers(x.type, [&]<class T>(T) {
    before.larger = [](const void* a, const void* b) {
      return larger(*static_cast<const T*>(a), *static_cast<const T*>(b));
    };
  });
  Shape rows = x.shape;
  rows[*axis] = 1;
  forEachIndex(rows, [&](const auto& at) {
    before.row = from(at, x).template as<const std::byte>();
    topOfRow(before, topK.k, x.shape[*axis], order);
    writeTop(before, {order, static_cast<size_t>(topK.k)}, *axis, from(at, values),
             from(at, places));
  });
  return {};
}

Result<void> runNonZero(const ops::Operator&, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  TensorView& y = args.outputs[0];
  const int rank = x.shape.rank();
  bool (*isSet)(const void* element) = nullptr;
  withNumbers(x.type, [&]<class T>(T) {
    isSet = [](const void* element) { return *static_cast<const T*>(element) != T{}; };
  });
  const auto isSetAt = [&](const auto& at) {
    return isSet(elementAt(x, offsetOf(at, x.strides, rank)));
  };
  int64_t count = 0, column = 0;
  forEachIndex(x.shape, [&](const auto& at) { count += isSetAt(at); });
  setShape(y, {rank, count});
  forEachIndex(x.shape, [&](const auto& at) {
    if (!isSetAt(at)) return;
    for (int axis = 0; axis < rank; ++axis)
      y.as<int64_t>()[axis * y.strides[0] + column * y.strides[1]] = at[axis];
    ++column;
  });
  return {};
}

namespace {

int64_t countTrue(const TensorView& condition, int64_t limit) {
  int64_t count = 0;
  for (int64_t i = 0; i < std::min(limit, condition.shape[0]); ++i)
    count += condition.as<const uint8_t>()[i * condition.strides[0]] != 0;
  return count;
}

void compressFlat(const TensorView& x, const TensorView& condition, TensorView& y) {
  setShape(y, {countTrue(condition, x.elements())});
  int64_t from = 0, to = 0;
  withBytes(elementSize(x.type), [&]<class T>(T) {
    forEachIndex(x.shape, [&](const auto& at) {
      const int64_t i = from++;
      if (i < condition.shape[0] && condition.as<const uint8_t>()[i * condition.strides[0]] != 0)
        y.as<T>()[to++ * y.strides[0]] = x.as<const T>()[offsetOf(at, x.strides, x.shape.rank())];
    });
  });
}

}  // namespace

Result<void> runCompress(const ops::Operator& op, const KernelArgs& args) {
  const auto& compress = static_cast<const ops::Compress&>(op);
  const TensorView &x = args.inputs[0], &condition = args.inputs[1];
  TensorView& y = args.outputs[0];
  if (compress.flat) {
    compressFlat(x, condition, y);
    return {};
  }
  const auto axis = ops::normaliseAxis(compress.axis, x.shape.rank());
  if (!axis) return passOn(axis);
  Shape shape = x.shape;
  shape[*axis] = countTrue(condition, x.shape[*axis]);
  setShape(y, shape);
  int64_t to = 0;
  for (int64_t i = 0; i < std::min(x.shape[*axis], condition.shape[0]); ++i)
    if (condition.as<const uint8_t>()[i * condition.strides[0]] != 0)
      copyTensor(partOf(x, *axis, i, 1), partOf(y, *axis, to++, 1));
  return {};
}

namespace {

struct Box {
  float top, left, bottom, right;
  float area() const { return (bottom - top) * (right - left); }
};

Box boxAt(const TensorView& boxes, int64_t batch, int64_t index, bool centred) {
  const float* p = boxes.as<const float>() + batch * boxes.strides[0] + index * boxes.strides[1];
  const int64_t step = boxes.strides[2];
  const float a = p[0], b = p[step], c = p[2 * step], d = p[3 * step];
  if (centred) return {b - d * 0.5f, a - c * 0.5f, b + d * 0.5f, a + c * 0.5f};
  return {std::min(a, c), std::min(b, d), std::max(a, c), std::max(b, d)};
}

bool overlaps(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0) || !(width > 0)) return false;
  const float common = height * width, all = a.area() + b.area() - common;
  return a.area() > 0 && b.area() > 0 && all > 0 && common / all > threshold;
}

/// Falling scores, a NaN last; equal ones by their place.
bool isBetter(float scoreA, int64_t a, float scoreB, int64_t b) {
  if (scoreA > scoreB || scoreB > scoreA) return scoreA > scoreB;
  const bool nanA = scoreA != scoreA, nanB = scoreB != scoreB;
  return nanA != nanB ? nanB : a < b;
}

/// The boxes of one class that stay, best first, at the front of `order`; returns how many.
int64_t suppress(const ops::NonMaxSuppression& op, const TensorView& boxes, int64_t batch,
                 const float* scores, int64_t step, int64_t* order) {
  int64_t candidates = 0;
  for (int64_t i = 0; i < boxes.shape[1]; ++i)
    if (!op.hasScoreThreshold || scores[i * step] > op.scoreThreshold) order[candidates++] = i;
  std::sort(order, order + candidates, [&](int64_t a, int64_t b) {
    return isBetter(scores[a * step], a, scores[b * step], b);
  });
  int64_t kept = 0;
  for (int64_t i = 0; i < candidates && kept < op.mostPerClass; ++i) {
    const Box box = boxAt(boxes, batch, order[i], op.centred);
    bool dropped = false;
    for (int64_t k = 0; k < kept && !dropped; ++k)
      dropped = overlaps(box, boxAt(boxes, batch, order[k], op.centred), op.iouThreshold);
    if (!dropped) order[kept++] = order[i];
  }
  return kept;
}

/// The operator with the limits that are inputs as its attributes.
ops::NonMaxSuppression withLimits(const ops::NonMaxSuppression& op, const KernelArgs& args) {
  ops::NonMaxSuppression limited = op;
  if (args.has(2)) limited.mostPerClass = *args.inputs[2].as<const int64_t>();
  if (args.has(3)) limited.iouThreshold = *args.inputs[3].as<const float>();
  if (args.has(4)) limited.scoreThreshold = *args.inputs[4].as<const float>();
  limited.hasScoreThreshold |= args.has(4);
  return limited;
}

}  // namespace

size_t nonMaxSuppressionBytes(const ops::Operator&, std::span<const TensorView> inputs,
                              std::span<const TensorView>, const CallShape&) {
  return static_cast<size_t>(inputs[0].shape[1]) * sizeof(int64_t);
}

Result<void> runNonMaxSuppression(const ops::Operator& op, const KernelArgs& args) {
  const auto nms = withLimits(static_cast<const ops::NonMaxSuppression&>(op), args);
  const TensorView &boxes = args.inputs[0], &scores = args.inputs[1];
  TensorView& y = args.outputs[0];
  auto* order = reinterpret_cast<int64_t*>(args.workspace.data());
  int64_t rows = 0;
  for (int64_t batch = 0; batch < scores.shape[0]; ++batch)
    for (int64_t category = 0; category < scores.shape[1]; ++category) {
      const float* row =
          scores.as<const float>() + batch * scores.strides[0] + category * scores.strides[1];
      const int64_t kept = suppress(nms, boxes, batch, row, scores.strides[2], order);
      for (int64_t k = 0; k < kept; ++k) {
        int64_t* out = y.as<int64_t>() + y.strides[0] * rows++;
        out[0] = batch, out[y.strides[1]] = category, out[2 * y.strides[1]] = order[k];
      }
    }
  setShape(y, {rows, 3});
  return {};
}

Result<void> runChoose(const ops::Operator&, const KernelArgs& args) {
  const bool yes = *args.inputs[0].as<bool>();
  const TensorView& chosen = args.inputs[yes ? 1 : 2];
  setShape(args.outputs[0], chosen.shape);
  copyTensor(chosen, args.outputs[0]);
  return {};
}

}  // namespace minnow::kernels::reference
