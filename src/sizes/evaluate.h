// Running one operator on constants with the scalar reference: at conversion, and where a session
// settles its sizes.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "sizes/budget.h"

namespace minnow::sizes {

/// One computed constant.
struct Evaluated {
  TensorType type;
  std::shared_ptr<const ir::Constant> constant;
};

/// The operator's outputs for constant Plain inputs (kNoValue for an absent one; an operator that
/// reads no elements takes any). Unsupported, and
/// nothing computed, if that takes more than the budget has left.
Result<std::vector<Evaluated>> evaluate(const ir::Graph& graph, const ops::Operator& op,
                                        std::span<const ir::ValueId> inputs, Budget& budget);

}  // namespace minnow::sizes
