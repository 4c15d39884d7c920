// Products of matrices and tensors, and recurrent cells.
#include <numeric>

#include "converter/onnx_export/node_writer.h"
#include "ops/det.h"
#include "ops/einsum.h"
#include "ops/matmul.h"
#include "ops/recurrent.h"

namespace minnow::converter::exported {
namespace {

/// The last two axes the other way round.
Name turned(NodeWriter& w, int i, bool turn) {
  if (!turn || w.rank(i) < 2) return w.x(i);
  std::vector<int64_t> axes(static_cast<size_t>(w.rank(i)));
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[axes.size() - 2], axes.back());
  return w.transposed(w.x(i), axes);
}

Name product(NodeWriter& w, const ops::MatMul& op) {
  const bool areMatrices = w.rank(0) == 2 && w.rank(1) == 2;
  if (areMatrices && (w.has(2) || op.transposeA || op.transposeB))
    return w.add("Gemm", {w.x(0), w.x(1), w.x(2)})
        .set("transA", int64_t{op.transposeA})
        .set("transB", int64_t{op.transposeB});
  const Name y = w.add("MatMul", {turned(w, 0, op.transposeA), turned(w, 1, op.transposeB)});
  return w.has(2) ? Name(w.add("Add", {y, w.x(2)})) : y;
}

}  // namespace

void write(NodeWriter& w, const ops::MatMul& op) {
  w.give(0, w.apply(op.epilogue, product(w, op)));
}

void write(NodeWriter& w, const ops::Einsum& op) {
  std::vector<Name> operands;
  for (int i = 0; w.has(i); ++i) operands.push_back(w.x(i));
  w.give(0, w.add("Einsum", operands).set("equation", op.equation.c_str()));
}

void write(NodeWriter& w, const ops::Det&) { w.give(0, w.add("Det", {w.x(0)})); }

namespace {

int parametersOf(ops::CellActivation fn) {
  using enum ops::CellActivation;
  if (fn == LeakyRelu || fn == ThresholdedRelu || fn == Elu) return 1;
  return fn == Affine || fn == ScaledTanh || fn == HardSigmoid ? 2 : 0;
}

void setActivations(Added& node, const ops::Recurrent& op) {
  std::vector<std::string> names;
  std::vector<float> alpha, beta;
  for (size_t i = 0; i < op.activations.size(); ++i) {
    const auto fn = static_cast<ops::CellActivation>(op.activations[i]);
    names.emplace_back(ops::cellActivationName(fn));
    if (parametersOf(fn) > 0) alpha.push_back(op.alpha[i]);
    if (parametersOf(fn) > 1) beta.push_back(op.beta[i]);
  }
  node.set("activations", std::span<const std::string>(names));
  if (!alpha.empty()) node.set("activation_alpha", alpha);
  if (!beta.empty()) node.set("activation_beta", beta);
}

constexpr int64_t kSwapped[] = {1, 0, 2}, kBatchFirst[] = {2, 0, 1, 3};

/// Sequences and states with the batch first are transposed: engines lack ONNX's `layout`.
std::vector<Name> operandsOf(NodeWriter& w, const ops::Recurrent& op) {
  std::vector<Name> operands;
  for (int i = 0; i < 8; ++i) {
    const bool hasBatch = i == 0 || i == 5 || i == 6;
    operands.push_back(op.batchFirst && hasBatch ? w.transposed(w.x(i), kSwapped) : w.x(i));
  }
  return operands;
}

}  // namespace

void write(NodeWriter& w, const ops::Recurrent& op) {
  static constexpr const char* kDirections[] = {"forward", "reverse", "bidirectional"};
  const int outputs = op.cell == ops::CellFn::Lstm ? 3 : 2;
  Added y = w.add(op.name().c_str(), operandsOf(w, op), outputs);
  setActivations(y, op);
  y.set("direction", kDirections[static_cast<size_t>(op.direction)]);
  y.set("hidden_size", w.type(2).shape[2]);
  if (op.clip > 0) y.set("clip", op.clip);
  if (op.cell == ops::CellFn::Gru) y.set("linear_before_reset", int64_t{op.linearBeforeReset});
  if (op.cell == ops::CellFn::Lstm) y.set("input_forget", int64_t{op.inputForget});
  for (int i = 0; i < outputs; ++i) {
    if (!w.wants(i)) continue;
    const auto axes = i == 0 ? std::span<const int64_t>(kBatchFirst) : kSwapped;
    w.give(i, op.batchFirst ? w.transposed(y.output(i), axes) : y.output(i));
  }
}

}  // namespace minnow::converter::exported
