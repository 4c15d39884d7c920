// Steps that need not run: what a branch of an If is computed from and nobody else reads, where the
// condition chooses the other one. Such a step may fail on data that the branch is not made for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "planning/order.h"

namespace minnow::program {

/// A step that has one runs if the condition is as `wanted`, and its outer one lets it.
struct Guard {
  ir::ValueId condition = ir::kNoValue;  ///< one bool
  bool wanted = true;
  int32_t outer = -1;  ///< index of a guard before this one, -1 for none
};

struct Guards {
  std::vector<Guard> all;
  std::vector<int32_t> ofStep;  ///< by step, -1 for none; empty where no step has one
};

/// Steps of chains have none: threads go through them at their own pace. Nor has a step whose
/// condition another lane computes at the same time.
Guards findGuards(const ir::Graph& graph, std::span<const int> chainOf,
                  const planning::Order& order = {});

}  // namespace minnow::program
