// Every operator on the inputs that a reference says it should have had: the error it makes itself
// stands apart from what it inherits.
#pragma once

#include "analysis/report.h"
#include "minnow/runtime.h"

namespace minnow::analysis {

/// Runs the session twice from the reference's model inputs: once as it is (ReportRow::total), and
/// once with each operator's inputs replaced by the reference's tensors of those names before it
/// runs (ReportRow::own). An input that the reference lacks (fused away there, or a step of our
/// own) is what the operators before it computed in the same way, so that an own error is that of
/// the group since the last tensors the reference knows.
///
/// How much of an own error rounding explains: against another engine (n + 16) * max(u * s, t).
/// n: terms that are added up for an element, over the group. u: the type's unit roundoff. t: its
/// least normal number, below which Minnow flushes to 0. s: the largest value of the reference's
/// tensor and of those that it has on the way there from the tensors of this model (what a fused
/// activation clips, say); at least 1 where a function ends in [-1, 1], for engines compute
/// sigmoids to an absolute error. Integers of 8 bits may be off by one where another engine rounds
/// otherwise. Against Minnow nothing is explained: bits are a promise.
///
/// The session must run layer by layer (SessionOptions::strips false). `self` describes it. An
/// error where the reference lacks the elements of the model's inputs, has them in other shapes,
/// has nothing that this model computes, or is Minnow's trace of another model; it says what to do.
/// The report reads from the reference, which must outlive it.
Result<Report> replay(const Runtime& runtime, const Interpreter& model, Session& session,
                      const Trace& reference, const Tolerance& tolerance = {});

}  // namespace minnow::analysis
