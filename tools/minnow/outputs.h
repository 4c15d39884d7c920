// What a verb writes: never over what it reads.
#pragma once

#include <string>
#include <vector>

namespace minnow::tool {

/// Failure (usage) where an output is one of the inputs, under another name or through a link too,
/// or two outputs are one file. To be asked before anything is read or written. Empty names count
/// for nothing.
void refuseToOverwrite(const std::vector<std::string>& outputs,
                       const std::vector<std::string>& inputs);

/// The same for files that turned out to be read later: an ONNX model names the files that hold its
/// weights. To be asked before anything is written.
void refuseToOverwriteAlso(const std::vector<std::string>& inputs);

}  // namespace minnow::tool
