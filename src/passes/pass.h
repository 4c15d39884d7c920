// What a pass is: a rewriting of the graph that keeps its outputs (within rounding), and can be
// left out.
#pragma once

#include "ir/graph.h"
#include "minnow/status.h"
#include "sizes/budget.h"

#ifdef MINNOW_WITHOUT_CONVERSION
#error "passes ask operators what this build leaves out"
#endif

namespace minnow::passes {

struct Pass {
  const char* name;     ///< as the command line takes it: "fold-batch-norm"
  const char* summary;  ///< one sentence for help and reports
  /// How many places it changed. What it makes of constants it takes off the budget; where that
  /// does not suffice the graph stays as it is.
  Result<int> (*run)(ir::Graph&, sizes::Budget&);
};

}  // namespace minnow::passes
