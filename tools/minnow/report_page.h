// A report as one HTML page: the finding, what was compared, the errors along the network, the
// worst operators in pictures, and every operator in a table.
#pragma once

#include <string>

#include "analysis/report.h"

namespace minnow::tool {

/// Reads the tensors of a few operators. Needs no other file, and no script to be read.
std::string asPage(const analysis::Report& report);

}  // namespace minnow::tool
