// What a pass is: a rewriting of the graph that keeps its outputs (within rounding), and can be
// left out.
#pragma once

#include "ir/graph.h"
#include "minnow/status.h"

namespace minnow::passes {

struct Pass {
  const char* name;                ///< as the command line takes it: "fold-batch-norm"
  const char* summary;             ///< one sentence for help and reports
  Result<int> (*run)(ir::Graph&);  ///< how many places it changed
};

}  // namespace minnow::passes
