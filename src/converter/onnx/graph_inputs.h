// The model's inputs: their shapes, given or declared, and those that are fixed at conversion.
#pragma once

#include "converter/onnx/import_state.h"

namespace minnow::converter {

/// Declares every input that is no initialiser. Throws ImportError, whose text says which --shape
/// would help, for sizes that nobody gives and for names and shapes given that do not fit the
/// model.
void declareInputs(const ::onnx::GraphProto& graph, ImportState& state);

}  // namespace minnow::converter
