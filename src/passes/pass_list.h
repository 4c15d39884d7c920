// The passes in their order, and running them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "passes/pass.h"

namespace minnow::passes {

/// Every pass, in the order they run.
std::span<const Pass> allPasses();

/// What one pass did.
struct PassReport {
  std::string name;
  int changes = 0;
  int operatorsBefore = 0, operatorsAfter = 0;
  size_t weightBytesBefore = 0, weightBytesAfter = 0;
};

/// Bytes of a graph's constants, shared ones counted once.
size_t weightBytes(const ir::Graph& graph);

/// Forgets the graph's chains, runs all passes but those named in `disabled` (an unknown name is an
/// error), drops what they left behind, and verifies the graph after each. Together they make no
/// more of constants than `budget` allows.
Result<void> runPasses(ir::Graph& graph, std::span<const std::string> disabled,
                       std::vector<PassReport>* report = nullptr, sizes::Budget budget = {});

}  // namespace minnow::passes
