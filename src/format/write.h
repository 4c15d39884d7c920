// Writing a graph as a .minnow file (header.h). The same graph gives the same bytes.
#pragma once

#include <cstddef>
#include <vector>

#include "ir/graph.h"
#include "minnow/status.h"

namespace minnow::format {

/// The file's bytes. Constants with equal bytes are stored once.
Result<std::vector<std::byte>> write(const ir::Graph& graph);

}  // namespace minnow::format
