// Parts of a model that are computed in their own way, as a program knows them: what was asked for,
// and which steps came of it.
#pragma once

#include <string>
#include <vector>

#include "backend/backend.h"

namespace minnow::program {

#ifdef MINNOW_WITHOUT_PATHS
inline constexpr bool kHasPaths = false;
#else
/// False in builds in which all of a model is one path: what serves others goes away.
inline constexpr bool kHasPaths = true;
#endif

/// A part of the model (PathOptions in minnow/runtime.h).
struct Path {
  std::vector<std::string> to, from;
  backend::BackendList devices;  ///< where it may be computed, in their order
  int threads = 0;               ///< that share its loops; 0: its share of what there are
};

/// Steps that one thread goes through from the first to the last, beside the other lanes of a
/// stage.
struct Lane {
  int first = 0, end = 0;  ///< steps
  int stageEnd = 0;        ///< the step after the stage
  int threads = 1;         ///< that share its loops
  int path = -1;           ///< index into Options::paths; -1: what no path claims
};

}  // namespace minnow::program
