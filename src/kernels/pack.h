// Packing weights into the panels of packing.h: done once, at conversion.
#pragma once

#include <span>

#include "kernels/packing.h"
#include "minnow/tensor.h"

namespace minnow::kernels {

/// The packed form of convolution weights [O, I/groups, kernel…] with one to three spatial axes.
PanelShape convPanels(const Shape& weights, int64_t groups);
/// The packed form of transposed convolution's weights [I, O/groups, kernel…]: the form that the
/// equivalent gathering convolution would have, with depth = ky, kx, input channel of the group.
PanelShape convTransposePanels(const Shape& weights, int64_t groups);
/// The packed form of a matrix product's right side, [batch…, K, N], or [batch…, N, K] if
/// `transposed`: every matrix of the batch is a group of its own.
PanelShape matMulPanels(const Shape& b, bool transposed);

/// Packs plain or strided float32 weights; `out` takes convPanels(…).floats() numbers. Whatever is
/// padding becomes zero.
void packConv(const TensorView& weights, int64_t groups, std::span<float> out);
/// The same for transposed convolution; `out` takes convTransposePanels(…).floats() numbers.
void packConvTranspose(const TensorView& weights, int64_t groups, std::span<float> out);
/// Packs matrices; `out` takes matMulPanels(…).floats() numbers.
void packMatMul(const TensorView& b, bool transposed, std::span<float> out);

}  // namespace minnow::kernels
