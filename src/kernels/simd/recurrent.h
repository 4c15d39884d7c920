// Recurrent cells with weights in panels: lanes run over hidden units.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// RNN, GRU and LSTM of any direction, without peepholes and coupled gates, with the usual
/// activations.
bool acceptsRecurrent(const ops::Operator& op, std::span<const TensorView> inputs,
                      std::span<const TensorView> outputs);
size_t recurrentWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs, const CallShape& call);
Result<void> runRecurrent(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
