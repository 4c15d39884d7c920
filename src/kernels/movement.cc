// Movement operators as strided copies.
#include "kernels/movement.h"

#include <cstring>

#include "kernels/elementwise.h"
#include "kernels/indices.h"
#include "ops/concat.h"
#include "ops/depth_space.h"
#include "ops/expand.h"
#include "ops/gather.h"
#include "ops/index_fill.h"
#include "ops/pad.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "ops/split.h"
#include "ops/transpose.h"

namespace minnow::kernels {

TensorView shifted(const TensorView& tensor, int64_t elements) {
  TensorView view = tensor;
  view.data = tensor.as<std::byte>() + elements * static_cast<int64_t>(elementSize(tensor.type));
  return view;
}

TensorView partOf(const TensorView& tensor, int axis, int64_t start, int64_t count) {
  TensorView part = count > 0 ? shifted(tensor, start * tensor.strides[axis]) : tensor;
  part.shape[axis] = count;
  return part;
}

TensorView withoutAxis(const TensorView& tensor, int axis) {
  TensorView view = tensor;
  view.shape = {};
  for (int i = 0; i < tensor.shape.rank(); ++i) {
    if (i == axis) continue;
    view.strides[view.shape.rank()] = tensor.strides[i];
    view.shape.push_back(tensor.shape[i]);
  }
  return view;
}

namespace {

TensorView withStorage(const TensorView& tensor, const Shape& shape, const ops::Storage& storage) {
  TensorView view = shifted(tensor, storage.offset);
  view.shape = shape;
  view.strides = storage.strides;
  return view;
}

/// Copies elements in row-major order between views of different shapes.
void copyRowMajor(const TensorView& from, const TensorView& to) {
  const size_t size = elementSize(from.type);
  std::array<int64_t, kMaxRank> at{};
  forEachIndex(from.shape, [&](const auto& index) {
    const int64_t source = offsetOf(index, from.strides, from.shape.rank());
    const int64_t target = offsetOf(at, to.strides, to.shape.rank());
    std::memcpy(to.as<std::byte>() + target * static_cast<int64_t>(size),
                from.as<std::byte>() + source * static_cast<int64_t>(size), size);
    for (int axis = to.shape.rank() - 1; axis >= 0; --axis) {
      if (++at[axis] < to.shape[axis]) break;
      at[axis] = 0;
    }
  });
}

}  // namespace

Result<void> moveReshape(const ops::Operator&, const KernelArgs& args, CopyFn copy) {
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  if (const auto view = ops::reshapeStorage(x.shape, {x.strides, 0}, y.shape))
    copy(withStorage(x, y.shape, *view), y, *args.team);
  else if (const auto back = ops::reshapeStorage(y.shape, {y.strides, 0}, x.shape))
    copy(x, withStorage(y, x.shape, *back), *args.team);
  else
    copyRowMajor(x, y);
  return {};
}

Result<void> moveTranspose(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  copy(withStorage(x, y.shape, *op.viewOf(x.shape, {x.strides, 0}, 0)), y, *args.team);
  return {};
}

Result<void> moveRelayout(const ops::Operator&, const KernelArgs& args, CopyFn copy) {
  copy(args.inputs[0], args.outputs[0], *args.team);
  return {};
}

Result<void> moveSlice(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  TensorView x = args.inputs[0];
  const auto ranges = static_cast<const ops::Slice&>(op).ranges(x.shape);
  if (!ranges) return passOn(ranges);
  if (args.outputs[0].elements() == 0) return {};
  int64_t offset = 0;
  for (int i = 0; i < x.shape.rank(); ++i) {
    const ops::Slice::Range& range = (*ranges)[i];
    offset += range.start * x.strides[i];
    x.strides[i] *= range.step;
    x.shape[i] = range.count;
  }
  copy(shifted(x, offset), args.outputs[0], *args.team);
  return {};
}

Result<void> moveConcat(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  const TensorView& y = args.outputs[0];
  const auto axis = ops::normaliseAxis(static_cast<const ops::Concat&>(op).axis, y.shape.rank());
  if (!axis) return passOn(axis);
  int64_t start = 0;
  for (const TensorView& input : args.inputs) {
    const TensorView target = partOf(y, *axis, start, input.shape[*axis]);
    // A producer may have written into its part already.
    if (input.data != target.data || input.strides != target.strides)
      copy(input, target, *args.team);
    start += input.shape[*axis];
  }
  return {};
}

Result<void> moveSplit(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  const auto& split = static_cast<const ops::Split&>(op);
  const TensorView& x = args.inputs[0];
  const auto axis = ops::normaliseAxis(split.axis, x.shape.rank());
  if (!axis) return passOn(axis);
  for (size_t i = 0; i < args.outputs.size(); ++i) {
    const TensorView& y = args.outputs[i];
    if (!y) continue;
    const int64_t start = split.startOf(x.shape[*axis], static_cast<int>(i));
    copy(partOf(x, *axis, start, y.shape[*axis]), y, *args.team);
  }
  return {};
}

Result<void> moveExpand(const ops::Operator&, const KernelArgs& args, CopyFn copy) {
  const TensorView& y = args.outputs[0];
  TensorView x = args.inputs[0];
  x.strides = broadcastStrides(x, y.shape);
  x.shape = y.shape;
  copy(x, y, *args.team);
  return {};
}

namespace {

/// A tensor as a Tile with the axes of extent 1 already repeated (they are repeated by stride 0).
Result<void> tileBlocks(const TensorView& x, const TensorView& y, CopyFn copy, base::Team& team) {
  Shape blocks;
  for (int i = 0; i < y.shape.rank(); ++i) blocks.push_back(y.shape[i] / x.shape[i]);
  forEachIndex(blocks, [&](const auto& block) {
    int64_t offset = 0;
    for (int i = 0; i < y.shape.rank(); ++i) offset += block[i] * x.shape[i] * y.strides[i];
    TensorView target = shifted(y, offset);
    target.shape = x.shape;
    copy(x, target, team);
  });
  return {};
}

}  // namespace

Result<void> moveTile(const ops::Operator&, const KernelArgs& args, CopyFn copy) {
  const TensorView& y = args.outputs[0];
  TensorView x = args.inputs[0];
  if (y.elements() == 0) return {};
  for (int i = 0; i < y.shape.rank(); ++i)
    if (x.shape[i] == 1) x.shape[i] = y.shape[i], x.strides[i] = 0;
  return tileBlocks(x, y, copy, *args.team);
}

namespace {

/// Pads axis by axis: once the inner block is written, each border slab is a copy of one slab of
/// what is there already (or of the constant).
class Padder {
 public:
  Padder(const ops::Pad& pad, const KernelArgs& args, CopyFn copy)
      : pad_(pad), x_(args.inputs[0]), y_(args.outputs[0]), copy_(copy), team_(*args.team) {
    if (args.inputs.size() > 1 && args.inputs[1]) {
      const size_t size = elementSize(x_.type);
      std::memcpy(&constant_, args.inputs[1].data, size);
    }
  }

  void run() {
    if (y_.elements() == 0) return;
    TensorView from = x_, to = y_;
    for (int i = 0; i < y_.shape.rank(); ++i) {
      first_[i] = std::clamp<int64_t>(pad_.padsBegin[i], 0, y_.shape[i]);
      last_[i] = std::min(y_.shape[i], y_.shape[i] - std::max<int64_t>(pad_.padsEnd[i], 0));
      last_[i] = std::max(last_[i], first_[i]);
      const int64_t skip = std::max<int64_t>(-pad_.padsBegin[i], 0);
      from = partOf(from, i, skip, last_[i] - first_[i]);
      to = partOf(to, i, first_[i], last_[i] - first_[i]);
    }
    if (to.elements() > 0) copy_(from, to, team_);
    for (int i = 0; i < y_.shape.rank(); ++i) padAxis(i);
  }

 private:
  void padAxis(int axis) {
    TensorView slab = y_;
    for (int i = axis + 1; i < y_.shape.rank(); ++i)
      slab = partOf(slab, i, first_[i], last_[i] - first_[i]);
    if (pad_.mode == ops::PadMode::Constant) {
      fill(partOf(slab, axis, 0, first_[axis]));
      fill(partOf(slab, axis, last_[axis], y_.shape[axis] - last_[axis]));
      return;
    }
    for (int64_t i = 0; i < y_.shape[axis]; ++i) {
      if (i >= first_[axis] && i < last_[axis]) continue;
      const int64_t skip = std::max<int64_t>(-pad_.padsBegin[axis], 0);
      const int64_t at = pad_.source(axis, i, x_.shape[axis]) - skip + first_[axis];
      copy_(partOf(slab, axis, at, 1), partOf(slab, axis, i, 1), team_);
    }
  }

  void fill(const TensorView& to) {
    if (to.elements() == 0) return;
    TensorView from = to;
    from.data = &constant_;
    from.strides = {};
    copy_(from, to, team_);
  }

  const ops::Pad& pad_;
  const TensorView& x_;
  const TensorView& y_;
  CopyFn copy_;
  base::Team& team_;
  uint64_t constant_ = 0;
  std::array<int64_t, kMaxRank> first_{}, last_{};  // the inner block
};

}  // namespace

Result<void> movePad(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  Padder(static_cast<const ops::Pad&>(op), args, copy).run();
  return {};
}

// Gather: one copy an index.
Result<void> moveGather(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
  const auto axis = ops::normaliseAxis(static_cast<const ops::Gather&>(op).axis, x.shape.rank());
  if (!axis) return passOn(axis);
  TensorView to = y;
  for (int i = 0; i < indices.shape.rank(); ++i) to = withoutAxis(to, *axis);
  const TensorView from = withoutAxis(x, *axis);
  const Strides steps = [&] {
    Strides s{};
    for (int i = 0; i < indices.shape.rank(); ++i) s[i] = y.strides[*axis + i];
    return s;
  }();
  Result<void> result;
  forEachIndex(indices.shape, [&](const auto& at) {
    const int64_t index =
        indexAt(indices, offsetOf(at, indices.strides, indices.shape.rank()), x.shape[*axis]);
    if (index < 0)
      result = indexOutOfRange(x.shape[*axis]);
    else
      copy(shifted(from, index * x.strides[*axis]),
           shifted(to, offsetOf(at, steps, indices.shape.rank())), *args.team);
  });
  return result;
}

namespace {

/// The blocks of a tensor as six axes: N, row in block, column in block, channel, H/b, W/b.
TensorView asBlocks(const TensorView& pixels, int64_t b) {
  const Shape& s = pixels.shape;
  TensorView view = pixels;
  view.shape = {s[0], b, b, s[1], s[2] / b, s[3] / b};
  const Strides& t = pixels.strides;
  view.strides = {t[0], t[2], t[3], t[1], t[2] * b, t[3] * b};
  return view;
}

/// The same six axes of the tensor that holds blocks as channels.
TensorView asChannels(const TensorView& depth, int64_t b, ops::DepthOrder order) {
  const Shape& s = depth.shape;
  const int64_t channels = s[1] / (b * b);
  TensorView view = depth;
  view.shape = {s[0], b, b, channels, s[2], s[3]};
  const Strides& t = depth.strides;
  if (order == ops::DepthOrder::DepthFirst)
    view.strides = {t[0], b * channels * t[1], channels * t[1], t[1], t[2], t[3]};
  else
    view.strides = {t[0], b * t[1], t[1], b * b * t[1], t[2], t[3]};
  return view;
}

}  // namespace

Result<void> moveDepthToSpace(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  const auto& d2s = static_cast<const ops::DepthToSpace&>(op);
  const TensorView from = asChannels(args.inputs[0], d2s.block, d2s.order);
  const TensorView to = asBlocks(args.outputs[0], d2s.block);
  const OutputRows rows = args.rows.within(args.outputs[0].shape[2]);
  // Row i of a block is row b * block + i of the output.
  for (int64_t i = 0; i < d2s.block; ++i) {
    const int64_t first = (rows.begin - i + d2s.block - 1) / d2s.block;
    const int64_t end = (rows.end - i + d2s.block - 1) / d2s.block;
    const auto part = [&](const TensorView& view) {
      return partOf(partOf(view, 1, i, 1), 4, first, end - first);
    };
    if (end > first) copy(part(from), part(to), *args.team);
  }
  return {};
}

Result<void> moveSpaceToDepth(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  const auto& s2d = static_cast<const ops::SpaceToDepth&>(op);
  const OutputRows rows = args.rows.within(args.outputs[0].shape[2]);
  const auto part = [&](const TensorView& view) {
    return partOf(view, 4, rows.begin, rows.end - rows.begin);
  };
  copy(part(asBlocks(args.inputs[0], s2d.block)),
       part(asChannels(args.outputs[0], s2d.block, s2d.order)), *args.team);
  return {};
}

Result<void> moveReverseSequence(const ops::Operator& op, const KernelArgs& args, CopyFn copy) {
  const auto& reverse = static_cast<const ops::ReverseSequence&>(op);
  const TensorView &x = args.inputs[0], &lengths = args.inputs[1], &y = args.outputs[0];
  const auto batch = ops::normaliseAxis(reverse.batchAxis, x.shape.rank());
  const auto time = ops::normaliseAxis(reverse.timeAxis, x.shape.rank());
  if (!batch || !time) return fail(ErrorCode::Internal, "axes were not validated");
  for (int64_t b = 0; b < x.shape[*batch]; ++b) {
    const int64_t length = lengths.as<const int64_t>()[b * lengths.strides[0]];
    if (length < 0 || length > x.shape[*time])
      return fail(ErrorCode::InvalidArgument, "a length of ", length, " in a sequence of ",
                  x.shape[*time]);
    const TensorView from = partOf(x, *batch, b, 1), to = partOf(y, *batch, b, 1);
    if (length > 0) {
      TensorView backwards = partOf(from, *time, length - 1, 1);
      backwards.shape[*time] = length;
      backwards.strides[*time] *= -1;
      copy(backwards, partOf(to, *time, 0, length), *args.team);
    }
    const int64_t rest = x.shape[*time] - length;
    if (rest > 0)
      copy(partOf(from, *time, length, rest), partOf(to, *time, length, rest), *args.team);
  }
  return {};
}

}  // namespace minnow::kernels
