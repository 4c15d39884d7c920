// Running one operator on constants with the scalar reference, at conversion.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace minnow::passes {

/// One computed constant.
struct Evaluated {
  TensorType type;
  std::shared_ptr<const ir::Constant> constant;
};

/// The operator's outputs for constant Plain inputs (kNoValue for an absent one).
Result<std::vector<Evaluated>> evaluate(const ir::Graph& graph, const ops::Operator& op,
                                        std::span<const ir::ValueId> inputs);

}  // namespace minnow::passes
