// Recurrent cells: directions, optional inputs, activations and sequence lengths.
#include "ops/recurrent.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

using ops::CellActivation;
using ops::CellFn;

struct Extents {
  int64_t steps = 4, batch = 3, inputs = 5, hidden = 6;
};

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

enum class Given { Weights, Bias, All };

std::vector<OpInput> inputsOf(const ops::Recurrent& op, Given given, const Extents& e = {}) {
  const int64_t d = op.directions(), g = op.gates();
  const bool first = op.batchFirst;
  const Shape state = first ? Shape{e.batch, d, e.hidden} : Shape{d, e.batch, e.hidden};
  std::vector<OpInput> inputs{
      {.shape = first ? Shape{e.batch, e.steps, e.inputs} : Shape{e.steps, e.batch, e.inputs}},
      {.shape = {d, g * e.hidden, e.inputs}, .weights = true},
      {.shape = {d, g * e.hidden, e.hidden}, .weights = true}};
  if (given == Given::Weights) return inputs;
  inputs.push_back({.shape = {d, 2 * g * e.hidden}});
  if (given == Given::Bias) return inputs;
  inputs.push_back(
      {.shape = {e.batch}, .type = DataType::Int32, .fill = Fill::Given, .given = {4, 0, 2}});
  inputs.push_back({.shape = state});
  if (op.cell == CellFn::Lstm) {
    inputs.push_back({.shape = state});
    inputs.push_back({.shape = {d, 3 * e.hidden}});
  }
  return inputs;
}

/// Every remainder of sequences, steps, and hidden units.
void addExtents(CaseList& cases) {
  const Extents extents[] = {{19, 1, 7, 150}, {3, 6, 3, 20},  {5, 9, 4, 37},
                             {17, 2, 33, 64}, {40, 1, 1, 16}, {2, 4, 130, 3}};
  for (CellFn cell : {CellFn::Rnn, CellFn::Gru, CellFn::Lstm})
    for (const Extents& e : extents)
      for (bool before : {false, true}) {
        auto op = cellOf(
            cell, e.batch % 2 ? ops::SequenceDirection::Both : ops::SequenceDirection::Reverse);
        op->linearBeforeReset = op->batchFirst = before;
        op->clip = before ? 0.5f : 0.0f;
        const std::string name = text(op->name(), "_", e.steps, "x", e.batch, "x", e.hidden);
        cases.push_back({name + (before ? "_before" : ""), op, inputsOf(*op, Given::Bias, e)});
        if (before) continue;
        // Lengths and states, but no peepholes.
        OpCase c{name + "_lengths", op, inputsOf(*op, Given::All, e)};
        if (c.inputs.size() > 7) c.inputs.pop_back();
        c.inputs[4].given = {static_cast<double>(e.steps), 1, 0};
        cases.push_back(c);
      }
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
                         inputsOf(*op, all ? Given::All : Given::Weights)});
      }
  for (int i = 0; i < static_cast<int>(CellActivation::kCount); ++i) {
    auto op = cellOf(CellFn::Lstm, ops::SequenceDirection::Forward);
    op->activations[1] = op->activations[2] = i;
    cases.push_back({text("LSTM_", ops::cellActivationName(static_cast<CellActivation>(i))), op,
                     inputsOf(*op, Given::Weights)});
  }
  auto wrong = cellOf(CellFn::Gru, ops::SequenceDirection::Forward);
  cases.push_back({"GRU_wrong_length", wrong, inputsOf(*wrong, Given::All), true});
  cases.back().inputs[4].given = {4, 5, 2};
  addExtents(cases);
  return cases;
}

}  // namespace minnow::optest
