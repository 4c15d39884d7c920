// Versions of ONNX operators: two tables and a look-up.
#include "converter/onnx/versions.h"

#include <algorithm>
#include <array>

namespace minnow::converter {

int versionOf(std::string_view op, int opset) {
  struct Row {
    std::string_view name;
    std::array<int, 16> versions;  ///< rising, then zeros
  };
  static constexpr Row kRows[] = {
#define MINNOW_NEWEST_OPSET(opset)
#define MINNOW_VERSIONS(name, ...) {#name, {__VA_ARGS__}},
#include "converter/onnx/versions.inc"
#undef MINNOW_NEWEST_OPSET
#undef MINNOW_VERSIONS
  };
  int holds = 0;
  for (const Row& row : kRows)
    if (row.name == op)
      for (const int version : row.versions)
        if (version <= opset) holds = std::max(holds, version);
  return holds;
}

int newestKnown(std::string_view op) {
  struct Row {
    std::string_view name;
    int known;
  };
  static constexpr Row kRows[] = {
#define MINNOW_IMPORT(name, function, known) {#name, known},
#define MINNOW_IMPORT_HERE(name, known) {#name, known},
#include "converter/onnx/import_list.inc"
#undef MINNOW_IMPORT
  };
  for (const Row& row : kRows)
    if (row.name == op) return row.known;
  return 0;
}

}  // namespace minnow::converter
