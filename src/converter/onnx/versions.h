// Which version of an ONNX operator a model means, and which of them the importer knows.
#pragma once

#include <string_view>

namespace minnow::converter {

/// The newest opset of which every change is known (versions.inc).
inline constexpr int kNewestOpset =
#define MINNOW_NEWEST_OPSET(opset) opset
#define MINNOW_VERSIONS(...)
#include "converter/onnx/versions.inc"
#undef MINNOW_NEWEST_OPSET
#undef MINNOW_VERSIONS
    ;

/// The version of an operator of the default domain that holds in an opset: the newest one that is
/// not newer than the opset. 0 where there is none.
int versionOf(std::string_view op, int opset);

/// The newest version of an operator whose rules the importer knows (import_list.inc); 0 if none.
int newestKnown(std::string_view op);

}  // namespace minnow::converter
