// fuse-pad: a padding before a convolution or pooling becomes part of it, where that means the
// same: zeros before a convolution or an average that counts padding; zeros before a maximum of
// what is not negative.
#include <limits>

#include "ops/conv.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "passes/match.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// A constant padding of spatial axes that takes nothing away.
struct Padding {
  ValueId x = kNoValue;
  double value = 0;
  std::vector<int64_t> begin, end;  ///< one a spatial axis
};

std::optional<Padding> paddingOf(const Rewriter& graph, ValueId id) {
  const auto* pad = graph.producedBy<ops::Pad>(id);
  if (!pad || pad->mode != ops::PadMode::Constant || pad->padsBegin.size() < 3) return std::nullopt;
  const ir::Node& node = graph.node(graph.producer(id));
  if (!node.settings.empty()) return std::nullopt;
  Padding padding{node.inputs[0], 0, {}, {}};
  if (graph.value(padding.x).type.type != DataType::Float32) return std::nullopt;
  if (node.inputs.size() > 1 && node.inputs[1] != kNoValue) {
    const auto value = scalarConstant(graph, node.inputs[1]);
    if (!value) return std::nullopt;
    padding.value = *value;
  }
  for (size_t axis = 0; axis < pad->padsBegin.size(); ++axis) {
    const int64_t begin = pad->padsBegin[axis], end = pad->padsEnd[axis];
    if (begin < 0 || end < 0 || (axis < 2 && begin + end > 0)) return std::nullopt;
    if (axis < 2) continue;
    padding.begin.push_back(begin);
    padding.end.push_back(end);
  }
  return padding;
}

template <class Op>
void widen(Op& op, const Padding& padding) {
  for (size_t i = 0; i < padding.begin.size(); ++i) {
    op.padsBegin[i] += padding.begin[i];
    op.padsEnd[i] += padding.end[i];
  }
}

bool isNeverNegative(const Rewriter& graph, ValueId id) {
  const auto* unary = graph.producedBy<ops::Unary>(id);
  if (!unary) return false;
  const bool clipped = unary->fn == ops::UnaryFn::Clip && unary->alpha >= 0;
  return clipped || unary->fn == ops::UnaryFn::Relu || unary->fn == ops::UnaryFn::Sigmoid ||
         unary->fn == ops::UnaryFn::HardSigmoid;
}

/// True if every window has a tap that is no padding.
bool everyWindowReaches(const ops::Pool& pool, const Padding& padding) {
  for (size_t i = 0; i < padding.begin.size(); ++i)
    if (pool.dilations[i] != 1 || pool.padsBegin[i] + padding.begin[i] >= pool.kernel[i] ||
        pool.padsEnd[i] + padding.end[i] >= pool.kernel[i])
      return false;
  return true;
}

bool sameForPool(const Rewriter& graph, const ops::Pool& pool, const Padding& padding) {
  if (pool.global || pool.ceilMode || pool.indices || pool.autoPad != ops::AutoPad::None ||
      pool.padsBegin.size() != padding.begin.size())
    return false;
  if (pool.fn == ops::PoolFn::Average) {
    const auto none = [](const auto& pads) {
      return std::ranges::all_of(pads, [](int64_t p) { return p == 0; });
    };
    return padding.value == 0 &&
           (pool.countIncludePad || (none(pool.padsBegin) && none(pool.padsEnd)));
  }
  if (pool.fn != ops::PoolFn::Max || !everyWindowReaches(pool, padding)) return false;
  return padding.value == -std::numeric_limits<double>::infinity() ||
         (padding.value == 0 && isNeverNegative(graph, padding.x));
}

bool fusePadAt(Rewriter& graph, int n) {
  ir::Node& node = graph.node(n);
  if (node.outputs.empty() || node.inputs.empty()) return false;
  auto* conv = node.as<ops::Conv>();
  auto* pool = node.as<ops::Pool>();
  if (!conv && !pool) return false;
  const auto padding = paddingOf(graph, node.inputs[0]);
  if (!padding) return false;
  if (conv ? padding->value != 0 : !sameForPool(graph, *pool, *padding)) return false;
  if (conv) widen(*conv, *padding);
  if (pool) {
    pool->countIncludePad |= pool->fn == ops::PoolFn::Average;
    widen(*pool, *padding);
  }
  std::vector<ValueId> inputs = node.inputs;
  inputs[0] = padding->x;
  graph.setInputs(n, std::move(inputs));
  return true;
}

}  // namespace

Result<int> fusePad(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += fusePadAt(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
