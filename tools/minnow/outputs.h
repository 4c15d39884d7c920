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

/// Writes a page or a drawing to a file, or to standard output where that is "-": then the answer is
/// true, and a report beside it would be in the way.
bool writeOrPrint(const std::string& file, const std::string& text);

}  // namespace minnow::tool
