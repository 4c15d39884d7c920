// Reductions, and what normalises by them.
#include <vector>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "kernels/broadcast.h"
#include "ops/arg_reduce.h"
#include "ops/group_normalization.h"
#include "ops/layer_normalization.h"
#include "ops/lp_normalization.h"
#include "ops/mean_variance_normalization.h"
#include "ops/reduce.h"
#include "ops/softmax.h"

namespace minnow::backend::gpu {
namespace {

/// As kernels/fold.cl has it.
struct Fold {
  int32_t items, blocks, resultRank, rank;
  int32_t resultExtent[8], results[4][8], extent[8], strides[4][8];
  int32_t count;
  float number, epsilon;
};

/// Along the axes of the tensor that is folded; where one has no parameters, those stay 0.
struct FoldOperands {
  Shape shape;
  std::array<Strides, 4> strides{};  ///< y, x, scale, bias

  FoldOperands(const TensorView& x, const Strides& y) : shape(x.shape) {
    strides[0] = y, strides[1] = x.strides;
  }
  /// The axes of `mask`, or the others.
  FoldOperands(const FoldOperands& from, uint32_t mask) {
    for (int axis = 0; axis < from.shape.rank(); ++axis) {
      if (!(mask >> axis & 1)) continue;
      for (size_t o = 0; o < 4; ++o) strides[o][shape.rank()] = from.strides[o][axis];
      shape.push_back(from.shape[axis]);
    }
  }
};

Fold foldOf(const FoldOperands& operands, uint32_t mask, bool striped, int lanes) {
  const FoldOperands results(operands, ~mask), set(operands, mask);
  const Axes<4> over(results.shape, results.strides);
  const Axes<4> along(set.shape, set.strides, AxisOrder::Given);
  Fold g{};
  g.blocks = striped ? over.last() : (over.last() + lanes - 1) / lanes;
  g.items = over.rows() * g.blocks;
  g.resultRank = over.rank, g.rank = along.rank;
  fill(over.extent, g.resultExtent), fill(along.extent, g.extent);
  for (size_t o = 0; o < 4; ++o)
    fill(over.strides[o], g.results[o]), fill(along.strides[o], g.strides[o]);
  g.count = static_cast<int32_t>(set.shape.elements());
  g.number = static_cast<float>(g.count);
  return g;
}

bool isStriped(uint32_t mask, int rank) { return rank > 0 && (mask >> (rank - 1) & 1); }

std::string stripedOption(bool striped) { return striped ? "-D STRIPED=1" : "-D STRIPED=0"; }

uint32_t maskOf(std::span<const int64_t> axes) {
  uint32_t mask = 0;
  for (const int64_t axis : axes) mask |= 1U << axis;
  return mask;
}

// Which axes of input 0 make a set, by operator.
uint32_t setOfReduce(const Work& work) {
  return maskOf(static_cast<const ops::Reduce&>(work.op).axes);
}
uint32_t setOfArgReduce(const Work& work) {
  return 1U << static_cast<const ops::ArgReduce&>(work.op).axis;
}
uint32_t setOfSoftmax(const Work& work) {
  return static_cast<const ops::Softmax&>(work.op).mask(work.inputs[0].shape.rank());
}
uint32_t setOfLayer(const Work& work) {
  return ~0U << static_cast<const ops::LayerNormalization&>(work.op).axis;
}
uint32_t setOfGroup(const Work&) { return ~1U; }  // no more than an image
uint32_t setOfMeanVariance(const Work& work) {
  return maskOf(static_cast<const ops::MeanVarianceNormalization&>(work.op).axes);
}
uint32_t setOfNorm(const Work& work) {
  return 1U << static_cast<const ops::LpNormalization&>(work.op).axis;
}

/// Each set is walked through four times at most.
template <uint32_t (*SetOf)(const Work&)>
Result<void> takesSets(const Work& work, const Device& device) {
  const Shape& x = work.inputs[0].shape;
  if (x.elements() == 0)
    return fail(ErrorCode::Unsupported, "tensors without elements are not computed here");
  int64_t terms = 1;
  for (int axis = 0; axis < x.rank(); ++axis)
    if (SetOf(work) >> axis & 1) terms *= x[axis];
  return checkTurns(4 * terms, device);
}

/// A kernel of x and y.
Result<void> addFold(Launches& launches, const Work& work, const char* function,
                     const std::string& options, const Fold& g) {
  const auto x = launches.operand(work, 0);
  if (!x) return passOn(x);
  return launches.add({"fold", function, options}, {*x, {Operand::In::Outputs}}, g);
}

/// The output's strides along the input's axes, where it has one element for all along those of
/// `mask`.
Strides stridesOfResult(const TensorView& x, const TensorView& y, uint32_t mask, bool keepDims) {
  Strides strides{};
  for (int axis = 0, out = 0; axis < x.shape.rank(); ++axis) {
    const bool folded = mask >> axis & 1;
    if (!folded) strides[axis] = y.strides[out];
    if (!folded || keepDims) ++out;
  }
  return strides;
}

Result<void> prepareReduce(const Work& work, Device& device, Launches& launches) {
  const auto& reduce = static_cast<const ops::Reduce&>(work.op);
  const TensorView& x = work.inputs[0];
  const uint32_t mask = setOfReduce(work);
  const bool striped = isStriped(mask, x.shape.rank());
  const FoldOperands operands(x, stridesOfResult(x, work.outputs[0], mask, reduce.keepDims));
  return addFold(launches, work, "reduce",
                 text(stripedOption(striped), " -D REDUCE=", ops::reduceFnName(reduce.fn)),
                 foldOf(operands, mask, striped, device.lanes()));
}

/// The result's elements are two of the four bytes that kernels count in.
Result<void> prepareArgReduce(const Work& work, Device& device, Launches& launches) {
  const auto& arg = static_cast<const ops::ArgReduce&>(work.op);
  const uint32_t mask = setOfArgReduce(work);
  FoldOperands operands(work.inputs[0],
                        stridesOfResult(work.inputs[0], work.outputs[0], mask, arg.keepDims));
  for (int64_t& stride : operands.strides[0]) stride *= 2;
  return addFold(launches, work, "argReduce",
                 text(stripedOption(false), arg.max ? " -D BEATS=Gt" : " -D BEATS=Lt",
                      arg.selectLast ? " -D LAST=1" : " -D LAST=0"),
                 foldOf(operands, mask, false, device.lanes()));
}

Result<void> prepareSoftmax(const Work& work, Device& device, Launches& launches) {
  const auto& softmax = static_cast<const ops::Softmax&>(work.op);
  const Shape& shape = work.inputs[0].shape;
  const int rank = shape.rank();
  const uint32_t mask = setOfSoftmax(work);
  // Of two elements the order of the sum is the same: the sets of 16 results at a time.
  const bool striped = isStriped(mask, rank) && (mask != 1U << (rank - 1) || shape[rank - 1] > 2);
  constexpr const char* kNames[] = {"softmax", "logSoftmax", "hardmax"};
  return addFold(launches, work, kNames[static_cast<int>(softmax.fn)], stripedOption(striped),
                 foldOf({work.inputs[0], work.outputs[0].strides}, mask, striped, device.lanes()));
}

Result<void> prepareMeanVariance(const Work& work, Device& device, Launches& launches) {
  const uint32_t mask = setOfMeanVariance(work);
  const bool striped = isStriped(mask, work.inputs[0].shape.rank());
  return addFold(launches, work, "meanVariance", stripedOption(striped),
                 foldOf({work.inputs[0], work.outputs[0].strides}, mask, striped, device.lanes()));
}

Result<void> prepareLpNormalization(const Work& work, Device& device, Launches& launches) {
  const auto& lp = static_cast<const ops::LpNormalization&>(work.op);
  const uint32_t mask = setOfNorm(work);
  const bool striped = isStriped(mask, work.inputs[0].shape.rank());
  return addFold(launches, work, "norm",
                 text(stripedOption(striped), " -D REDUCE=Reduce", lp.p == 1 ? "L1" : "L2"),
                 foldOf({work.inputs[0], work.outputs[0].strides}, mask, striped, device.lanes()));
}

/// A kernel of x, scale, bias and y; without a bias x stands for it.
Result<void> addWithParameters(Launches& launches, const Work& work, const char* function,
                               const std::string& options, const Fold& g) {
  std::vector<Operand> operands;
  for (int input = 0; input < 3; ++input) {
    const bool there = work.inputs.size() > static_cast<size_t>(input) && work.inputs[input];
    const auto operand = launches.operand(work, there ? input : 0);
    if (!operand) return passOn(operand);
    operands.push_back(*operand);
  }
  operands.push_back({Operand::In::Outputs});
  return launches.add({"fold", function, options}, std::move(operands), g);
}

/// Mean and deviation as results, before y takes x's place.
Result<void> addMoments(const Work& work, const std::string& options, int lanes,
                        Launches& launches) {
  const auto& norm = static_cast<const ops::LayerNormalization&>(work.op);
  const uint32_t mask = setOfLayer(work);
  for (int output = 1; output < static_cast<int>(work.outputs.size()); ++output) {
    const TensorView& y = work.outputs[static_cast<size_t>(output)];
    if (!y) continue;
    const auto x = launches.operand(work, 0);
    if (!x) return passOn(x);
    Fold g =
        foldOf({work.inputs[0], stridesOfResult(work.inputs[0], y, mask, true)}, mask, true, lanes);
    g.epsilon = norm.epsilon;
    const char* function = output == 1 ? " -D REDUCE=ReduceCentre" : " -D REDUCE=ReduceInverse";
    if (auto ok = launches.add({"fold", "reduce", options + function},
                               {*x, {Operand::In::Outputs, output}}, g);
        !ok)
      return ok;
  }
  return {};
}

Result<void> prepareLayer(const Work& work, Device& device, Launches& launches) {
  const auto& norm = static_cast<const ops::LayerNormalization&>(work.op);
  const TensorView& x = work.inputs[0];
  const std::string options = text(stripedOption(true), " -D CENTRED=", norm.centred ? 1 : 0);
  if (auto ok = addMoments(work, options, device.lanes(), launches); !ok) return ok;
  FoldOperands operands(x, work.outputs[0].strides);
  const bool hasBias = work.inputs.size() > 2 && work.inputs[2];
  operands.strides[2] = kernels::broadcastStrides(work.inputs[1], x.shape);
  if (hasBias) operands.strides[3] = kernels::broadcastStrides(work.inputs[2], x.shape);
  Fold g = foldOf(operands, setOfLayer(work), true, device.lanes());
  g.epsilon = norm.epsilon;
  return addWithParameters(launches, work, "layer", text(options, " -D BIAS=", hasBias ? 1 : 0), g);
}

Result<void> supportsGroup(const Work& work, const Device& device) {
  if (work.inputs[0].shape.rank() == kMaxRank)
    return fail(ErrorCode::Unsupported, "groups of ", kMaxRank, " axes are not computed here");
  return takesSets<setOfGroup>(work, device);
}

/// Channels are two axes: of groups, and of those of a group.
Result<void> prepareGroup(const Work& work, Device& device, Launches& launches) {
  const auto& norm = static_cast<const ops::GroupNormalization&>(work.op);
  const TensorView& x = work.inputs[0];
  const int64_t groups = norm.groupsOf(x.shape), channels = x.shape[1] / groups;
  const FoldOperands whole(x, work.outputs[0].strides), image(whole, 1), places(whole, ~3U);
  FoldOperands operands(image);
  const auto append = [&](int64_t extent, const std::array<int64_t, 4>& strides) {
    for (size_t o = 0; o < 4; ++o) operands.strides[o][operands.shape.rank()] = strides[o];
    operands.shape.push_back(extent);
  };
  const auto parameter = [&](size_t input, bool ofGroup) {
    const TensorView& view = work.inputs[input];
    if (view.shape[0] == x.shape[1]) return view.strides[0] * (ofGroup ? channels : 1);
    return ofGroup ? view.strides[0] : 0;
  };
  const int64_t yStep = work.outputs[0].strides[1], xStep = x.strides[1];
  append(groups, {yStep * channels, xStep * channels, parameter(1, true), parameter(2, true)});
  append(channels, {yStep, xStep, parameter(1, false), parameter(2, false)});
  for (int axis = 0; axis < places.shape.rank(); ++axis)
    append(places.shape[axis], {places.strides[0][axis], places.strides[1][axis], 0, 0});
  Fold g = foldOf(operands, ~3U, true, device.lanes());
  g.epsilon = norm.epsilon;
  return addWithParameters(launches, work, "group", stripedOption(true), g);
}

}  // namespace

std::span<const Row> foldRows() {
  using ops::OpKind;
  static constexpr Row kRows[] = {
      {OpKind::Reduce, "reduce", "fold", takesSets<setOfReduce>, prepareReduce},
      {OpKind::ArgReduce,
       "arg-reduce",
       "fold",
       takesSets<setOfArgReduce>,
       prepareArgReduce,
       {.gives = DataType::Int64}},
      {OpKind::Softmax, "softmax", "fold", takesSets<setOfSoftmax>, prepareSoftmax},
      {OpKind::LayerNormalization, "layer-norm", "fold", takesSets<setOfLayer>, prepareLayer},
      {OpKind::GroupNormalization, "group-norm", "fold", supportsGroup, prepareGroup},
      {OpKind::MeanVarianceNormalization, "mean-variance", "fold", takesSets<setOfMeanVariance>,
       prepareMeanVariance},
      {OpKind::LpNormalization, "norm", "fold", takesSets<setOfNorm>, prepareLpNormalization},
  };
  return kRows;
}

}  // namespace minnow::backend::gpu
