// Where in a tensor the differences lie: a feature map as a picture, seen through its channels and
// at its worst channel; any other tensor as a strip of its elements in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/host_tensor.h"

namespace minnow::tool {

/// Rows of cells. A cell is the largest |a - b| of the elements in it; 0 where all are equal (as
/// figures.h counts), NaN where one has no distance: NaN or an infinity on one side, say.
struct ErrorMap {
  std::string title;
  int64_t width = 0, height = 0;    ///< in elements of the feature map
  int64_t columns = 0, rows = 0;    ///< in cells
  int64_t worstX = -1, worstY = 0;  ///< cell of the worst element; -1: not in this map
  std::vector<double> cells;
};

/// Tensors of one type and shape; `worst`: figures.h. Two maps of what has four axes or the form of
/// a picture, else one strip; none of an empty tensor.
std::vector<ErrorMap> errorMapsOf(const analysis::HostTensor& a, const analysis::HostTensor& b,
                                  int64_t worst);

/// |a - b| of one element, as a cell counts it.
double differenceAt(const analysis::HostTensor& a, const analysis::HostTensor& b, int64_t index);

/// Part of a page that has drawingStyle(). Colours are logarithmic, over four decades at most below
/// `most`, the largest of all cells that are to be compared by eye.
std::string drawErrorMap(const ErrorMap& map, double most);
/// Over the cells that are numbers.
double largestOf(const std::vector<ErrorMap>& maps);

}  // namespace minnow::tool
