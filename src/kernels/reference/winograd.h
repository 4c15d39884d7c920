// Convolutions that are computed by Winograd's tiles: the order that every other kernel reproduces.
#pragma once

#include "kernels/kernel.h"
#include "kernels/reference/weights.h"
#include "kernels/winograd.h"
#include "ops/conv.h"

namespace minnow::kernels::reference {

using WinogradPatch = float[WinogradAxis::kPatch][WinogradAxis::kPatch];
/// The weights of one output at all points, whether they are stored there or as 3x3 taps.
class WinogradWeights {
 public:
  WinogradWeights(const ops::WeightMatrices& matrices, const TensorView& view, int64_t output)
      : weights_(matrices, view, 0, output),
        channels_(view.shape[1]),
        atPoints_(ops::Conv::areAtPoints(view.shape)) {}
  void read(int64_t channel, WinogradPatch& at) const;

 private:
  WeightsOfOutput<float> weights_;
  int64_t channels_;
  bool atPoints_;
};

Result<void> runWinograd(const ops::Conv& conv, const KernelArgs& args);

}  // namespace minnow::kernels::reference
