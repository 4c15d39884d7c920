// What resizing may make of a model's inputs: names, ranges, and the memory of the smallest.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "json_output.h"
#include "minnow/runtime.h"

namespace minnow::tool {

struct Axis {
  std::string input;
  int axis = 0;
};

/// An extent that has a name or a range, and where it stands.
struct Extent {
  std::string name;
  int64_t least = 0, most = kAnyExtent;
  std::vector<Axis> axes;
};
std::vector<Extent> extentsOf(const Interpreter& model);

/// "H: 32..960, axis 2 of x", a line each.
std::string inWords(const std::vector<Extent>& extents);
nlohmann::json toJson(const std::vector<Extent>& extents);

/// The least of all ranges, beside sizes that have none.
struct Smallest {
  std::vector<std::pair<std::string, Shape>> shapes;
  MemoryReport memory;
};
/// Nothing where there is no range; an error where the model can have no such size. The session is
/// as it was afterwards.
Result<std::optional<Smallest>> smallestOf(Session& session, const std::vector<Extent>& extents);
/// What the sizes within a range came to when they were tried: each extent's alone, beside the
/// largest of the others.
struct SizesWithin {
  std::string refused;  ///< a sentence on those that the model cannot have; "" where there are none
  size_t mostPeak = 0;  ///< predicted bytes of the one that needs most
};
/// Tries all sizes, or so many of a wide range. The session is as it was afterwards.
SizesWithin trySizes(Session& session, const std::vector<Extent>& extents);

/// "x 1x3x48x32"
std::string shapesInWords(const Smallest& smallest);
nlohmann::json toJson(const Smallest& smallest);

}  // namespace minnow::tool
