// Convolutions that are computed by Winograd's tiles: the order that every other kernel reproduces.
#pragma once

#include "kernels/kernel.h"
#include "kernels/winograd.h"
#include "ops/conv.h"

namespace minnow::kernels::reference {

using WinogradPatch = float[WinogradAxis::kPatch][WinogradAxis::kPatch];
/// The taps of one output and one input channel, row-major, at all points.
void winogradTapsAtPoints(const float (&taps)[9], WinogradPatch& at);

Result<void> runWinograd(const ops::Conv& conv, const KernelArgs& args);

}  // namespace minnow::kernels::reference
