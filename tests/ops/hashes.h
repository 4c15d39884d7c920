// What every machine has to make of the operator cases: hashes.tsv, one line a case. A change that
// alters a hash says so and why in its commit. A name with @arm at its end is for ARM alone: cases
// of tiny numbers whose result rounding lifts to 2^-126, the corner that docs/design.md tells of. One
// with @unflushed is for machines that cannot flush denormals: what x86 makes of them unflushed.
#pragma once

#include <span>
#include <string>

#include "minnow/tensor.h"

namespace minnow::optest {

/// Fails the running test unless the outputs have the case's hash. With MINNOW_WRITE_HASHES=FILE in
/// the environment the hashes of all cases that run are written there instead.
void expectHash(const std::string& name, std::span<const TensorView> outputs);

}  // namespace minnow::optest
