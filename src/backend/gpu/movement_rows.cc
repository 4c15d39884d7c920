// Operators that only move elements. Which copies one is made of, kernels/movement.h says: it is
// asked with views whose addresses name operands, and what it would copy is noted.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "kernels/movement.h"

namespace minnow::backend::gpu {
namespace {

/// As kernels/reorder.cl has it: elements of one shape to those of another, both row-major.
struct Reorder {
  int32_t items, fromRank, toRank, fromExtent[8], from[8], toExtent[8], to[8];
};

void describe(const TensorView& view, int32_t& rank, int32_t (&extents)[8], int32_t (&strides)[8]) {
  rank = view.shape.rank();
  for (int axis = 0; axis < rank; ++axis) {
    extents[axis] = static_cast<int32_t>(view.shape[axis]);
    strides[axis] = static_cast<int32_t>(view.strides[axis]);
  }
}

Result<void> addReorder(Launches& launches, Operand from, const TensorView& x, Operand to,
                        const TensorView& y) {
  Reorder g{};
  g.items = static_cast<int32_t>(y.elements());
  describe(x, g.fromRank, g.fromExtent, g.from);
  describe(y, g.toRank, g.toExtent, g.to);
  return launches.add({"reorder", "reorder", ""}, {from, to}, g);
}

/// Inputs that hold no elements of the result are constants, which are read when it is prepared.
/// Operand n lies at (n + 1) << kOperandBits; whoever reads there at once is stopped by the system. Addresses of
/// 32 bits have no room for that: there all movements are refused.
constexpr bool kHasRoom = sizeof(void*) == 8;
constexpr int kOperandBits = kHasRoom ? 40 : 24;

struct Copy {
  TensorView from, to;
};
thread_local std::vector<Copy>* noted = nullptr;

void note(const TensorView& from, const TensorView& to, base::Team&) {
  if (to.elements() > 0) noted->push_back({from, to});
}

/// A constant whose elements are all the same, as zeros that pad channels are: it is read as one.
bool isOne(const TensorView& view) {
  if (view.data == nullptr || view.type != DataType::Float32) return false;
  const Reach reach(view);
  const std::span bits(view.as<const uint32_t>() + reach.low,
                       static_cast<size_t>(reach.elements()));
  return std::ranges::all_of(bits, [&](uint32_t one) { return one == bits[0]; });
}

TensorView named(TensorView view, size_t operand) {
  if (isOne(view)) view.strides = {};
  view.data = reinterpret_cast<void*>(static_cast<uintptr_t>(operand + 1) << kOperandBits);
  return view;
}

template <kernels::MoveFn Move>
Result<std::vector<Copy>> copiesOf(const Work& work) {
  std::vector<TensorView> inputs, outputs;
  for (const TensorView& view : work.inputs) {
    const bool moved = inputs.empty() || work.op.movesElements(static_cast<int>(inputs.size()));
    inputs.push_back(moved ? named(view, inputs.size()) : view.data ? view : TensorView{});
  }
  for (const TensorView& view : work.outputs)
    outputs.push_back(named(view, inputs.size() + outputs.size()));
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!work.outputs[i]) outputs[i] = {};
  base::Team alone;
  std::vector<Copy> copies;
  noted = &copies;
  const auto ok = Move(work.op, {inputs, outputs, {}, &alone}, note);
  noted = nullptr;
  if (!ok) return passOn(ok);
  return copies;
}

/// The operand that an address names, with the distance from its beginning. An address of something
/// else, a number to fill with, stands for the last operand.
Operand operandAt(const TensorView& view, std::span<const Operand> operands) {
  const auto where = reinterpret_cast<intptr_t>(view.data);
  constexpr intptr_t kHalf = intptr_t{1} << (kOperandBits - 1);  // distances may be negative
  const intptr_t number = (where + kHalf) >> kOperandBits;
  if (number < 1 || static_cast<size_t>(number) > operands.size()) return operands.back();
  Operand operand = operands[static_cast<size_t>(number) - 1];
  operand.shift +=
      (where - (number << kOperandBits)) / static_cast<intptr_t>(elementSize(view.type));
  return operand;
}

/// Inputs, outputs, and what fills: input 1 if it does, else 0.
Result<std::vector<Operand>> operandsOf(const Work& work, Launches& launches) {
  std::vector<Operand> operands;
  for (size_t i = 0; i < work.inputs.size(); ++i) {
    const bool onDevice = work.inputs[i] && work.inputTypes[i].type == DataType::Float32;
    const auto operand = onDevice ? launches.operand(work, static_cast<int>(i)) : Operand{};
    if (!operand) return passOn(operand);
    operands.push_back(*operand);
  }
  for (size_t i = 0; i < work.outputs.size(); ++i)
    operands.push_back({Operand::In::Outputs, static_cast<int>(i)});
  if (work.op.kind() != ops::OpKind::Pad) return operands;
  if (work.inputs.size() > 1 && work.inputs[1]) return operands.push_back(operands[1]), operands;
  const float zero = 0;
  const auto index = launches.addNumbers({&zero, 1});
  if (!index) return passOn(index);
  operands.push_back({Operand::In::Constants, *index});
  return operands;
}

/// Each copy is a kernel to start.
template <kernels::MoveFn Move>
Result<void> supportsCopies(const Work& work, const Device&) {
  constexpr size_t kMost = 64;
  if (!kHasRoom) return fail(ErrorCode::Unsupported, "copies are not made from 32-bit programs");
  const auto copies = copiesOf<Move>(work);
  if (!copies) return passOn(copies);
  if (copies->size() <= kMost) return {};
  return fail(ErrorCode::Unsupported, "more than ", kMost, " copies are not made here");
}

Result<void> supportsGather(const Work& work, const Device& device) {
  if (work.inputs[1].data == nullptr)
    return fail(ErrorCode::Unsupported, "indices that a run computes are not taken here");
  return supportsCopies<kernels::moveGather>(work, device);
}

/// True of what its producer wrote where the result wants it.
bool isJoined(const Work& work, const Operand& from) {
  return from.in == Operand::In::Inputs && !work.joined.empty() &&
         work.joined[static_cast<size_t>(from.index)];
}

template <kernels::MoveFn Move>
Result<void> prepareMove(const Work& work, Device& device, Launches& launches) {
  const auto operands = operandsOf(work, launches);
  if (!operands) return passOn(operands);
  const auto copies = copiesOf<Move>(work);
  if (!copies) return passOn(copies);
  for (const Copy& copy : *copies) {
    const Operand from = operandAt(copy.from, *operands);
    if (isJoined(work, from)) continue;
    if (auto ok =
            addCopy(launches, device, from, copy.from, operandAt(copy.to, *operands), copy.to);
        !ok)
      return ok;
  }
  return {};
}

/// The axes of a view, taken from the last one on in parts.
class Parts {
 public:
  explicit Parts(const TensorView& view) : view_(view), axis_(view.shape.rank()) { next(); }
  int64_t left() const { return left_; }
  int64_t stride() const { return stride_; }
  void take(int64_t extent) {
    left_ /= extent, stride_ *= extent;
    if (left_ == 1) next();
  }

 private:
  /// To an axis that is longer than 1, if there is one.
  void next() {
    while (left_ == 1 && --axis_ >= 0) left_ = view_.shape[axis_], stride_ = view_.strides[axis_];
  }
  const TensorView& view_;
  int axis_;
  int64_t left_ = 1, stride_ = 0;
};

/// Both as views of one shape, whose axes are parts of theirs; false where those do not divide.
bool alike(TensorView& x, TensorView& y) {
  std::vector<std::array<int64_t, 3>> axes;  // from the last: extent, and both strides
  Parts a(x), b(y);
  while (a.left() > 1 && b.left() > 1) {
    const int64_t extent = std::min(a.left(), b.left());
    if (a.left() % extent != 0 || b.left() % extent != 0) return false;
    axes.push_back({extent, a.stride(), b.stride()});
    a.take(extent), b.take(extent);
  }
  if (axes.size() > kMaxRank) return false;
  x.shape = y.shape = {};
  for (size_t i = axes.size(); i-- > 0;) {
    const auto axis = static_cast<size_t>(x.shape.rank());
    x.strides[axis] = axes[i][1], y.strides[axis] = axes[i][2];
    x.shape.push_back(axes[i][0]), y.shape.push_back(axes[i][0]);
  }
  return true;
}

/// Of one shape to another, without a question whether one is a view of the other.
Result<void> prepareReshape(const Work& work, Device& device, Launches& launches) {
  const auto from = launches.operand(work, 0);
  if (!from) return passOn(from);
  const Operand to{Operand::In::Outputs};
  TensorView x = work.inputs[0], y = work.outputs[0];
  if (y.elements() == 0) return {};
  return alike(x, y) ? addCopy(launches, device, *from, x, to, y)
                     : addReorder(launches, *from, x, to, y);
}

}  // namespace

std::span<const Row> movementRows() {
  using namespace kernels;
  using ops::OpKind;
  static constexpr Row kRows[] = {
      {OpKind::Reshape, "reshape", "reorder", always, prepareReshape},
      {OpKind::Flatten, "flatten", "reorder", always, prepareReshape},
      {OpKind::Squeeze, "squeeze", "reorder", always, prepareReshape},
      {OpKind::Unsqueeze, "unsqueeze", "reorder", always, prepareReshape},
      {OpKind::Relayout, "relayout", "reorder", always, prepareReshape},
      {OpKind::Transpose, "transpose", "reorder", always, prepareMove<moveTranspose>},
      {OpKind::Slice, "slice", "reorder", always, prepareMove<moveSlice>},
      {OpKind::Concat, "concat", "reorder", always, prepareMove<moveConcat>},
      {OpKind::Split, "split", "reorder", always, prepareMove<moveSplit>},
      {OpKind::Expand, "expand", "reorder", always, prepareMove<moveExpand>},
      {OpKind::Tile, "tile", "reorder", supportsCopies<moveTile>, prepareMove<moveTile>},
      {OpKind::Gather,
       "gather",
       "reorder",
       supportsGather,
       prepareMove<moveGather>,
       {.others = Types::kAny}},
      {OpKind::Pad, "pad", "reorder", supportsCopies<movePad>, prepareMove<movePad>},
      {OpKind::DepthToSpace, "depth-to-space", "reorder", always, prepareMove<moveDepthToSpace>},
      {OpKind::SpaceToDepth, "space-to-depth", "reorder", always, prepareMove<moveSpaceToDepth>},
  };
  return kRows;
}

}  // namespace minnow::backend::gpu
