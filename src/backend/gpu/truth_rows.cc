// Comparisons, truth values, and choices by them.
#include <vector>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "kernels/broadcast.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace minnow::backend::gpu {
namespace {

using ops::BinaryFn;
using ops::UnaryFn;

/// As kernels/truth.cl has it.
struct Truth {
  int32_t items, blocks, rank, extent[8], y[8], a[8], b[8], c[8];
};

/// Without strides an operand is one element for all.
Truth truthOf(const TensorView& y, const std::array<Strides, 3>& operands, int lanes) {
  const Axes<4> axes(y.shape, {y.strides, operands[0], operands[1], operands[2]});
  Truth g{};
  g.blocks = (axes.last() + lanes - 1) / lanes;
  g.items = axes.rows() * g.blocks;
  g.rank = axes.rank;
  fill(axes.extent, g.extent), fill(axes.strides[0], g.y), fill(axes.strides[1], g.a);
  fill(axes.strides[2], g.b), fill(axes.strides[3], g.c);
  return g;
}

/// Of all inputs, in their order; of a single one twice.
Result<void> addTruth(const Work& work, const Device& device, const char* function,
                      const std::string& options, Launches& launches) {
  std::array<Strides, 3> strides{};
  std::vector<Operand> operands;
  const size_t count = std::max<size_t>(2, work.inputs.size());
  for (size_t i = 0; i < count; ++i) {
    const size_t input = std::min(i, work.inputs.size() - 1);
    strides[i] = kernels::broadcastStrides(work.inputs[input], work.outputs[0].shape);
    const auto operand = launches.operand(work, static_cast<int>(input));
    if (!operand) return passOn(operand);
    operands.push_back(*operand);
  }
  operands.push_back({Operand::In::Outputs});
  return launches.add({"truth", function, options}, std::move(operands),
                      truthOf(work.outputs[0], strides, device.lanes()));
}

Result<void> supportsComparison(const Work& work, const Device& device) {
  const auto& binary = static_cast<const ops::Binary&>(work.op);
  if (binary.fn >= BinaryFn::kFirstComparison) return {};
  return notWritten(binary.name(), device);
}

Result<void> prepareComparison(const Work& work, Device& device, Launches& launches) {
  const BinaryFn fn = static_cast<const ops::Binary&>(work.op).fn;
  return addTruth(work, device, "compare", text("-D COMPARE=", ops::binaryFnName(fn)), launches);
}

Result<void> supportsDecision(const Work& work, const Device& device) {
  const auto& binary = static_cast<const ops::Binary&>(work.op);
  if (binary.fn == BinaryFn::Equal || (binary.fn >= BinaryFn::And && binary.fn <= BinaryFn::Xor))
    return {};
  return notWritten(binary.name(), device);
}

Result<void> prepareDecision(const Work& work, Device& device, Launches& launches) {
  const BinaryFn fn = static_cast<const ops::Binary&>(work.op).fn;
  const char* name = fn == BinaryFn::Equal ? "Same" : ops::binaryFnName(fn);
  return addTruth(work, device, "decide", text("-D DECIDE=", name), launches);
}

template <UnaryFn fn>
Result<void> supportsFunction(const Work& work, const Device& device) {
  const auto& unary = static_cast<const ops::Unary&>(work.op);
  if (unary.fn == fn) return {};
  return notWritten(unary.name(), device);
}

Result<void> prepareIsNan(const Work& work, Device& device, Launches& launches) {
  return addTruth(work, device, "compare", "-D COMPARE=IsNaN", launches);
}

Result<void> prepareNot(const Work& work, Device& device, Launches& launches) {
  return addTruth(work, device, "decide", "-D DECIDE=Not", launches);
}

Result<void> prepareWhere(const Work& work, Device& device, Launches& launches) {
  return addTruth(work, device, "choose", "", launches);
}

/// True is 1, false 0.
Result<void> prepareCast(const Work& work, Device& device, Launches& launches) {
  const auto truth = launches.operand(work, 0);
  if (!truth) return passOn(truth);
  const float numbers[] = {1, 0};
  const auto index = launches.addNumbers(numbers);
  if (!index) return passOn(index);
  const Operand one{Operand::In::Constants, *index}, zero{Operand::In::Constants, *index, 1};
  return launches.add({"truth", "choose", ""}, {*truth, one, zero, {Operand::In::Outputs}},
                      truthOf(work.outputs[0], {work.inputs[0].strides}, device.lanes()));
}

}  // namespace

std::span<const Row> truthRows() {
  using ops::OpKind;
  using enum DataType;
  static constexpr Row kRows[] = {
      {OpKind::Binary, "compare", "truth", supportsComparison, prepareComparison, {.gives = Bool}},
      {OpKind::Binary, "decide", "truth", supportsDecision, prepareDecision, {Bool, Bool, Bool}},
      {OpKind::Unary,
       "is-nan",
       "truth",
       supportsFunction<UnaryFn::IsNaN>,
       prepareIsNan,
       {.gives = Bool}},
      {OpKind::Unary,
       "not",
       "truth",
       supportsFunction<UnaryFn::Not>,
       prepareNot,
       {Bool, Bool, Bool}},
      {OpKind::Where, "where", "truth", always, prepareWhere, {.first = Bool}},
      {OpKind::Cast, "cast", "truth", always, prepareCast, {.first = Bool}},
  };
  return kRows;
}

}  // namespace minnow::backend::gpu
