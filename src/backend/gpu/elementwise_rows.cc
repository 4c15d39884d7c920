// Functions of one and of two elements, and the epilogues of all kernels.
#include <algorithm>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "kernels/elementwise.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace minnow::backend::gpu {
namespace {

using ops::BinaryFn;

/// As kernels/elementwise.cl has it.
struct Elementwise {
  int32_t items, blocks, run, rowBlocks, rows, rank, extent[8], a[8], b[8], y[8];
  float alpha, beta;
};

/// Of a few neighbours alone most lanes would be idle: then the longest axis is walked along.
void preferLongAxis(Elementwise& g, int lanes) {
  const int last = g.rank - 1;
  if (g.extent[last] >= lanes / 2) return;
  const int longest = static_cast<int>(std::max_element(g.extent, g.extent + g.rank) - g.extent);
  for (auto* numbers : {&g.extent, &g.a, &g.b, &g.y})
    std::swap((*numbers)[longest], (*numbers)[last]);
  g.blocks = (g.extent[last] + g.run - 1) / g.run;
  g.items = g.blocks;
  for (int axis = 0; axis < last; ++axis) g.items *= g.extent[axis];
}

/// Short rows are taken several at a time: to find its place takes a work-item as long as some vectors.
void joinRows(Elementwise& g, int lanes) {
  const int last = g.rank - 1, extent = last > 0 ? g.extent[last - 1] : 1;
  g.rows = std::clamp(g.run / std::max(g.extent[last], lanes), 1, extent);
  g.rowBlocks = (extent + g.rows - 1) / g.rows;
  g.items = g.items / extent * g.rowBlocks;
}

Elementwise geometryOf(const TensorView& a, const TensorView& b, const TensorView& y,
                       const ops::Epilogue& epilogue, const Device& device) {
  const Axes<3> axes(y.shape, {y.strides, kernels::broadcastStrides(a, y.shape),
                               kernels::broadcastStrides(b, y.shape)});
  Elementwise g{};
  g.run = device.run();
  g.blocks = (axes.last() + g.run - 1) / g.run;
  g.items = axes.rows() * g.blocks;
  g.rank = axes.rank;
  fill(axes.extent, g.extent);
  fill(axes.strides[0], g.y), fill(axes.strides[1], g.a), fill(axes.strides[2], g.b);
  g.alpha = epilogue.alpha, g.beta = epilogue.beta;
  preferLongAxis(g, device.lanes());
  joinRows(g, device.lanes());
  return g;
}

/// One operand stands for both.
Result<void> prepare(const Work& work, const Device& device, Launches& launches,
                     const std::string& function, const ops::Epilogue& epilogue) {
  const int second = work.inputs.size() > 1 ? 1 : 0;
  const auto a = launches.operand(work, 0);
  if (!a) return passOn(a);
  const auto b = second == 0 ? a : launches.operand(work, second);
  if (!b) return passOn(b);
  return launches.add(
      {"elementwise", "elementwise", "-D BINARY=" + function + " " + epilogueOption(epilogue.fn)},
      {*a, *b, {Operand::In::Outputs}},
      geometryOf(work.inputs[0], work.inputs[static_cast<size_t>(second)], work.outputs[0],
                 epilogue, device));
}

Result<void> supportsUnary(const Work& work, const Device& device) {
  const auto& unary = static_cast<const ops::Unary&>(work.op);
  if (unary.fn < ops::UnaryFn::kEpilogueCount) return {};
  if (unary.fn < ops::UnaryFn::Not)
    return fail(ErrorCode::Unsupported, unary.name(),
                " is computed in float64 and rounded once, which is not done here");
  return notWritten(unary.name(), device);
}

Result<void> prepareUnary(const Work& work, Device& device, Launches& launches) {
  const auto& unary = static_cast<const ops::Unary&>(work.op);
  return prepare(work, device, launches, "First", {unary.fn, unary.alpha, unary.beta});
}

/// Others are computed in float64 (kernels/power.h).
bool isSimplePower(float exponent) {
  return exponent == 1 || exponent == 2 || exponent == 3 || exponent == 0.5F || exponent == -1;
}

Result<void> supportsPower(const TensorView& exponents) {
  bool simple = exponents.data != nullptr && exponents.type == DataType::Float32;
  if (simple)
    kernels::forEachIndex(exponents.shape, [&](const auto& at) {
      const int64_t offset = kernels::offsetOf(at, exponents.strides, exponents.shape.rank());
      simple = simple && isSimplePower(exponents.as<const float>()[offset]);
    });
  if (simple) return {};
  return fail(ErrorCode::Unsupported,
              "no exponents but constants of 1, 2, 3, 0.5 and -1 are computed here");
}

Result<void> supportsBinary(const Work& work, const Device& device) {
  const auto& binary = static_cast<const ops::Binary&>(work.op);
  if (binary.fn == BinaryFn::Pow) return supportsPower(work.inputs[1]);
  if (binary.fn <= BinaryFn::PRelu) return {};
  return notWritten(binary.name(), device);
}

Result<void> prepareBinary(const Work& work, Device& device, Launches& launches) {
  const auto& binary = static_cast<const ops::Binary&>(work.op);
  return prepare(work, device, launches, ops::binaryFnName(binary.fn), binary.epilogue);
}

}  // namespace

std::string epilogueOption(ops::UnaryFn fn) { return text("-D EPILOGUE=", ops::unaryFnName(fn)); }

Result<void> addElementwiseCopy(Launches& launches, const Device& device, Operand from,
                                const TensorView& x, Operand to, const TensorView& y) {
  constexpr ops::UnaryFn kSame = ops::UnaryFn::Identity;
  return launches.add({"elementwise", "elementwise", "-D BINARY=First " + epilogueOption(kSame)},
                      {from, from, to}, geometryOf(x, x, y, {kSame}, device));
}

std::span<const Row> elementwiseRows() {
  static constexpr Row kRows[] = {
      {ops::OpKind::Unary,
       "unary",
       "elementwise",
       supportsUnary,
       prepareUnary,
       {},
       Constants::Kept},
      {ops::OpKind::Binary,
       "binary",
       "elementwise",
       supportsBinary,
       prepareBinary,
       {},
       Constants::Kept},
  };
  return kRows;
}

}  // namespace minnow::backend::gpu
