// A comparison as text: the finding, then a table of at most 100 columns; and how the verbs that
// compare end.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "analysis/report.h"

namespace minnow::tool {

/// At most `columns` characters: the middle gives way to "…". What a terminal would take for a
/// command becomes '?'.
std::string shortened(const std::string& text, size_t columns);

/// `all`: every operator; else the ones that matter most and the model's outputs.
std::string reportInWords(const analysis::Report& report, bool all);

/// What comparing verbs have in common: what passes, and how the report is shown.
struct ReportOptions {
  analysis::Tolerance tolerance{};
  bool all = false, json = false;
  std::string html{};  ///< a file for the report as a page; empty: none
};
void addReportOptions(CLI::App* verb, ReportOptions& options);

/// Makes a report, prints it, writes its page, and ends the verb with exit code 0 (equal), 1
/// (different) or 2 (what could not be compared, and every other failure, with the reason).
void showReport(const ReportOptions& options, const std::function<analysis::Report()>& make);

}  // namespace minnow::tool
