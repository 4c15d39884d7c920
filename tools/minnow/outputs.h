// What a verb writes: never over what it reads.
#pragma once

#include <string>
#include <vector>

namespace minnow::tool {

/// Failure (usage) where an output is one of the inputs, or a file in which an ONNX model among them
/// keeps its weights, under another name or through a link too, or two outputs are one file. To be
/// asked before anything is read or written. Empty names count for nothing.
void refuseToOverwrite(const std::vector<std::string>& outputs,
                       const std::vector<std::string>& inputs);

}  // namespace minnow::tool
