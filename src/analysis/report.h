// What a comparison of two traces found, and what a replay found: rows of a table, the operator to
// look at, and access to the tensors, for whoever prints or draws them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/figures.h"
#include "analysis/trace.h"
#include "minnow/status.h"

namespace minnow::analysis {

/// One tensor in A and in the reference B.
struct TensorComparison {
  enum class State {
    Equal,    ///< the same bits, but for NaN and NaN
    Within,   ///< differs, within the tolerance
    Differs,  ///< beyond it
    Unlike,   ///< of another type or shape
    OnlyInA,
    OnlyInB,
    Unknown,  ///< in neither
  };
  std::string tensor;
  State state = State::Unknown;
  TensorType type{};                 ///< in A; where A lacks it, in B
  std::optional<Figures> figures{};  ///< where both have elements of one type and shape
  std::string note{};                ///< what else is to be said, such as "float32 1x3 against 1x4"

  bool compared() const { return state <= State::Unlike; }
  bool differs() const { return state == State::Differs || state == State::Unlike; }
};

/// "equal", "within the tolerance", "differs", "only in A", …
const char* nameOf(TensorComparison::State state);

/// A kernel, with the back-end that it is of where that is not the CPU: "cl: convolution".
std::string kernelInWords(const std::string& backend, const std::string& kernel);

/// One output of one operator; of traces without operators one tensor.
struct ReportRow {
  size_t step = 0;  ///< in execution order; outputs of one operator share it
  std::string name{}, type{}, kernel{};
  /// In a diff: A against B. In a replay: the whole inference against the reference, inherited
  /// errors included.
  TensorComparison entire{};
  std::vector<TensorComparison> inputs{};  ///< of the operator, constants left out

  // In a replay:
  std::optional<TensorComparison> single{};  ///< computed from the reference's inputs
  /// Operators before this one whose outputs the reference does not have: their errors are in
  /// `single` too.
  std::vector<std::string> group{};
  double explained = 0;  ///< the absolute error that rounding can explain; 0 where nothing differs
  /// Single error by what rounding explains: above 1 it is large. 0 where nothing differs, infinite
  /// where nothing is explained.
  double excess = 0;
};

struct Report {
  enum class Kind { Diff, Replay };
  Kind kind = Kind::Diff;
  std::string nameA, nameB;  ///< the traces' files; A of a replay is the model
  TraceInfo a, b;            ///< `operators` and `tensors` are empty: the rows say it all
  Tolerance tolerance;
  std::vector<TensorComparison> inputs;  ///< of the model
  std::vector<ReportRow> rows;           ///< in execution order
  std::vector<std::string> outputs;      ///< of the model
  /// Index into rows: of a diff the first that differs, of a replay the one whose single error is
  /// farthest above what rounding explains. -1 if there is none.
  int culprit = -1;

  /// The tensor's elements, for drawings. `tensorOwn` is null in a diff.
  std::function<Result<HostTensor>(const std::string& tensor)> tensorA, tensorB, tensorOwn;

  bool inputsDiffer() const;
  /// Nothing differs beyond the tolerance; of a replay: no single error is large.
  bool equal() const;
  /// The finding in sentences, the inputs first where they differ.
  std::string finding() const;
};

/// Everything but the tensors.
std::string toJson(const Report& report);

}  // namespace minnow::analysis
