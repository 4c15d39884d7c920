// Convolutions that are computed by Winograd's tiles: the order that every other kernel reproduces.
#pragma once

#include "kernels/kernel.h"
#include "ops/conv.h"

namespace minnow::kernels::reference {

Result<void> runWinograd(const ops::Conv& conv, const KernelArgs& args);

}  // namespace minnow::kernels::reference
