// Every operator of a report as a row of an HTML table.
#pragma once

#include <string>

#include "analysis/report.h"

namespace minnow::tool {

/// What a row is judged by: its single error where there is one.
inline const analysis::TensorComparison& shownOf(const analysis::ReportRow& row) {
  return row.single ? *row.single : row.entire;
}

/// "float32 1x16x112x112"; empty where it is not known.
std::string typeOf(const analysis::TensorComparison& comparison);

/// Row i has the id "rowi". Cells carry what a script sorts by in data-v.
std::string rowsTable(const analysis::Report& report);

}  // namespace minnow::tool
