// How values and errors are distributed, with counts on a logarithmic axis: a few elements matter
// among many.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/host_tensor.h"

namespace minnow::tool {

struct Histogram {
  struct Counts {
    const char* kind;  ///< class of the style sheet
    std::string name;
    std::vector<int64_t> bins;
    int64_t zero = 0;     ///< drawn apart, with `zeroName`
    int64_t special = 0;  ///< what is no number, drawn apart
  };
  std::string title;
  std::vector<std::string> axis;  ///< labels at equal distances, first and last at the ends
  std::string zeroName{};         ///< empty: zeros are in the bins
  std::vector<Counts> counts;
};

/// Values of both sides, in bins of equal width.
Histogram valuesOf(const analysis::HostTensor& a, const analysis::HostTensor& b,
                   const std::string& nameA, const std::string& nameB);
/// |a - b| in bins of equal width on a logarithmic axis.
Histogram errorsOf(const analysis::HostTensor& a, const analysis::HostTensor& b);

/// Part of a page that has drawingStyle().
std::string drawHistogram(const Histogram& histogram);

}  // namespace minnow::tool
