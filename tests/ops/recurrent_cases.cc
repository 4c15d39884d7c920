// Recurrent cells: directions, optional inputs, activations and sequence lengths.
#include "ops/recurrent.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

using ops::CellActivation;
using ops::CellFn;

constexpr int64_t kSteps = 4, kBatch = 3, kInputs = 5, kHidden = 6;

std::shared_ptr<ops::Recurrent> cellOf(CellFn cell, ops::SequenceDirection direction) {
  auto op = std::make_shared<ops::Recurrent>();
  op->cell = cell;
  op->direction = direction;
  for (int64_t d = 0; d < op->directions(); ++d)
    for (int i = 0; i < op->activationsPerDirection(); ++i)
      op->activations.push_back(static_cast<int64_t>(
          i == 0 && cell != CellFn::Rnn ? CellActivation::Sigmoid : CellActivation::Tanh));
  op->alpha.assign(op->activations.size(), 0.5f);
  op->beta.assign(op->activations.size(), 0.25f);
  return op;
}

std::vector<OpInput> inputsOf(const ops::Recurrent& op, bool all) {
  const int64_t d = op.directions(), g = op.gates();
  const bool first = op.batchFirst;
  const Shape state = first ? Shape{kBatch, d, kHidden} : Shape{d, kBatch, kHidden};
  std::vector<OpInput> inputs{
      {.shape = first ? Shape{kBatch, kSteps, kInputs} : Shape{kSteps, kBatch, kInputs}},
      {.shape = {d, g * kHidden, kInputs}},
      {.shape = {d, g * kHidden, kHidden}}};
  if (!all) return inputs;
  inputs.push_back({.shape = {d, 2 * g * kHidden}});
  inputs.push_back(
      {.shape = {kBatch}, .type = DataType::Int32, .fill = Fill::Given, .given = {4, 0, 2}});
  inputs.push_back({.shape = state});
  if (op.cell == CellFn::Lstm) {
    inputs.push_back({.shape = state});
    inputs.push_back({.shape = {d, 3 * kHidden}});
  }
  return inputs;
}

}  // namespace

CaseList recurrentCases() {
  CaseList cases;
  for (CellFn cell : {CellFn::Rnn, CellFn::Gru, CellFn::Lstm})
    for (auto direction : {ops::SequenceDirection::Forward, ops::SequenceDirection::Reverse,
                           ops::SequenceDirection::Both})
      for (bool all : {false, true}) {
        auto op = cellOf(cell, direction);
        op->batchFirst = all && direction == ops::SequenceDirection::Both;
        op->linearBeforeReset = op->inputForget = all && !op->batchFirst;
        op->clip = all ? 0.75f : 0.0f;
        cases.push_back({text(op->name(), "_", static_cast<int>(direction), all ? "_all" : ""), op,
                         inputsOf(*op, all)});
      }
  for (int i = 0; i < static_cast<int>(CellActivation::kCount); ++i) {
    auto op = cellOf(CellFn::Lstm, ops::SequenceDirection::Forward);
    op->activations[1] = op->activations[2] = i;
    cases.push_back({text("LSTM_", ops::cellActivationName(static_cast<CellActivation>(i))), op,
                     inputsOf(*op, false)});
  }
  auto wrong = cellOf(CellFn::Gru, ops::SequenceDirection::Forward);
  cases.push_back({"GRU_wrong_length", wrong, inputsOf(*wrong, true), true});
  cases.back().inputs[4].given = {4, 5, 2};
  return cases;
}

}  // namespace minnow::optest
