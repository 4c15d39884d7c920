// Errors along a network: execution order to the right, a logarithmic axis upwards, and bands of
// their own for zero and for what is no number.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace minnow::tool {

struct ErrorSeries {
  const char* kind;  ///< class of the style sheet
  const char* name;
  /// One an operator, >= 0; infinite or NaN where the error is no number; none where nothing was
  /// compared.
  std::vector<std::optional<double>> values;
};

struct ErrorChart {
  std::vector<ErrorSeries> series;  ///< the last is drawn on top
  std::vector<std::string> titles;  ///< shown where the mouse is, one an operator
  std::string link;                 ///< operator i leads to "#LINKi"; empty: nowhere
  int marked = -1;                  ///< an operator to mark, and what to write beside it
  std::string mark;
};

/// Part of a page that has drawingStyle().
std::string drawErrors(const ErrorChart& chart);

}  // namespace minnow::tool
