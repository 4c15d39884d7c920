// Which operators take an input packed in panels, and how: the one answer for the pass that packs
// and the reader that checks.
#pragma once

#include <optional>
#include <span>

#include "kernels/packing.h"
#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::kernels {

/// The packed form of input `index` with this shape, or nullopt if the operator takes no panels
/// there. The shape has passed the operator's inferShape.
std::optional<PanelShape> operatorPanels(const ops::Operator& op, size_t index, const Shape& shape);

/// Packs such an input; `out` takes as many floats as operatorPanels says.
void packOperatorInput(const ops::Operator& op, const TensorView& weights, std::span<float> out);

}  // namespace minnow::kernels
