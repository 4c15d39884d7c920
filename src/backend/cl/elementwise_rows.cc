// Functions of one and of two elements, and the epilogues of all kernels.
#include <algorithm>

#include "backend/cl/axes.h"
#include "backend/cl/rows.h"
#include "base/fail.h"
#include "kernels/broadcast.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace minnow::backend::cl {
namespace {

using ops::BinaryFn;

/// As kernels/elementwise.cl has it.
struct Elementwise {
  cl_int items, blocks, rank, extent[8], a[8], b[8], y[8];
  cl_float alpha, beta;
};

Elementwise geometryOf(const TensorView& a, const TensorView& b, const TensorView& y,
                       const ops::Epilogue& epilogue) {
  const Axes<3> axes(y.shape, {y.strides, kernels::broadcastStrides(a, y.shape),
                               kernels::broadcastStrides(b, y.shape)});
  Elementwise g{};
  g.blocks = (axes.last() + kLanes - 1) / kLanes;
  g.items = axes.rows() * g.blocks;
  g.rank = axes.rank;
  fill(axes.extent, g.extent);
  fill(axes.strides[0], g.y), fill(axes.strides[1], g.a), fill(axes.strides[2], g.b);
  g.alpha = epilogue.alpha, g.beta = epilogue.beta;
  return g;
}

/// One operand stands for both.
Result<void> prepare(const Work& work, Launches& launches, const std::string& function,
                     const ops::Epilogue& epilogue) {
  const int second = work.inputs.size() > 1 ? 1 : 0;
  const auto a = launches.operand(work, 0);
  if (!a) return std::unexpected(a.error());
  const auto b = second == 0 ? a : launches.operand(work, second);
  if (!b) return std::unexpected(b.error());
  return launches.add(
      {"elementwise", "elementwise", "-D BINARY=" + function + " " + epilogueOption(epilogue.fn)},
      {*a, *b, {Operand::In::Outputs}},
      geometryOf(work.inputs[0], work.inputs[static_cast<size_t>(second)], work.outputs[0],
                 epilogue));
}

Result<void> supportsUnary(const Work& work) {
  const auto& unary = static_cast<const ops::Unary&>(work.op);
  if (unary.fn < ops::UnaryFn::kEpilogueCount) return {};
  return fail(ErrorCode::Unsupported, unary.name(), " is not written for OpenCL");
}

Result<void> prepareUnary(const Work& work, Device&, Launches& launches) {
  const auto& unary = static_cast<const ops::Unary&>(work.op);
  return prepare(work, launches, "First", {unary.fn, unary.alpha, unary.beta});
}

Result<void> supportsBinary(const Work& work) {
  const auto& binary = static_cast<const ops::Binary&>(work.op);
  if (binary.fn <= BinaryFn::PRelu) return {};
  return fail(ErrorCode::Unsupported, binary.name(), " is not written for OpenCL");
}

Result<void> prepareBinary(const Work& work, Device&, Launches& launches) {
  const auto& binary = static_cast<const ops::Binary&>(work.op);
  return prepare(work, launches, ops::binaryFnName(binary.fn), binary.epilogue);
}

}  // namespace

std::string epilogueOption(ops::UnaryFn fn) { return text("-D EPILOGUE=", ops::unaryFnName(fn)); }

std::span<const Row> elementwiseRows() {
  static constexpr Row kRows[] = {
      {ops::OpKind::Unary, "cl-unary", supportsUnary, prepareUnary},
      {ops::OpKind::Binary, "cl-binary", supportsBinary, prepareBinary},
  };
  return kRows;
}

}  // namespace minnow::backend::cl
