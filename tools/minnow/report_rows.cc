// A column is a title and what it says of a row, as text and as a number to sort by.
#include "report_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "report_table.h"
#include "svg.h"

namespace minnow::tool {
namespace {

using analysis::Figures;
using analysis::Report;
using analysis::ReportRow;
using analysis::TensorComparison;
using State = TensorComparison::State;

struct Cell {
  std::string text;
  double order = -1;
};

struct Column {
  const char* title;
  std::function<Cell(const ReportRow&)> cell;
};

using Compared = const TensorComparison& (*)(const ReportRow&);
using Say = Cell (*)(const Figures&);

/// Empty where there are no figures.
Column figure(const char* title, Compared of, Say say) {
  return {title, [of, say](const ReportRow& row) {
            const auto& figures = of(row).figures;
            return figures ? say(*figures) : Cell{};
          }};
}

const TensorComparison& entireOf(const ReportRow& row) { return row.entire; }

Cell number(double value) {
  if (std::isnan(value)) return {"NaN", INFINITY};
  return {value == 0 ? "0" : fmt::format("{:.2e}", value), value};
}

Cell absolute(const Figures& f) {
  return f.specialInOne > 0 ? Cell{"NaN, Inf", INFINITY} : number(f.maxAbsolute);
}
Cell ofScale(const Figures& f) { return number(f.ofScale()); }
Cell relative(const Figures& f) { return number(f.maxRelative); }
Cell ulps(const Figures& f) { return {fmt::format("{}", f.maxUlp), static_cast<double>(f.maxUlp)}; }
Cell cosine(const Figures& f) {
  if (f.equal()) return {"1", 1};
  return {fmt::format("{:.9f}", f.cosine), f.cosine};
}
Cell differing(const Figures& f) {
  return {f.differing == 0 ? "0" : fmt::format("{} of {}", f.differing, f.elements),
          static_cast<double>(f.differing) / static_cast<double>(std::max<int64_t>(f.elements, 1))};
}
Cell specials(const Figures& f) {
  const int64_t a = f.nansA + f.infinitiesA, b = f.nansB + f.infinitiesB;
  return {a == 0 && b == 0 ? "" : fmt::format("{} / {}", a, b), static_cast<double>(a + b)};
}
Cell excess(const ReportRow& row) {
  return {row.excess == 0 ? "0" : fmt::format("{:.2g}", row.excess), row.excess};
}

std::vector<Column> columnsOf(Report::Kind kind) {
  if (kind == Report::Kind::Diff)
    return {figure("max abs", entireOf, absolute),      figure("of scale", entireOf, ofScale),
            figure("max rel", entireOf, relative),      figure("max ULP", entireOf, ulps),
            figure("cosine", entireOf, cosine),         figure("elements", entireOf, differing),
            figure("NaN+Inf A / B", entireOf, specials)};
  return {figure("single", shownOf, absolute),
          figure("of scale", shownOf, ofScale),
          figure("ULP", shownOf, ulps),
          {"× explained", excess},
          figure("entire", entireOf, absolute),
          figure("of scale", entireOf, ofScale),
          figure("NaN+Inf A / B", shownOf, specials)};
}

std::string cellOf(const Cell& cell) {
  return fmt::format("<td data-v=\"{}\">{}</td>",
                     std::isinf(cell.order) ? "1e999" : fmt::format("{}", cell.order),
                     escaped(cell.text));
}

std::string textCell(const std::string& html) {
  return fmt::format("<td class=\"text\">{}</td>", html);
}

std::string operatorCell(const ReportRow& row) {
  const std::string name = escaped(shortened(row.name, 80));
  const std::string kernel = row.kernel.empty() ? "" : ", " + escaped(row.kernel);
  return textCell(fmt::format("{}<br><small>{}{}</small>", escaped(row.type), name, kernel));
}

std::string tensorCell(const Report& report, const ReportRow& row) {
  const bool output = std::ranges::find(report.outputs, row.entire.tensor) != report.outputs.end();
  return textCell(
      fmt::format("{}{}<br><small>{}</small>", escaped(shortened(row.entire.tensor, 80)),
                  output ? " <small>(output)</small>" : "", escaped(typeOf(row.entire))));
}

std::string stateCell(const ReportRow& row) {
  const TensorComparison& shown = shownOf(row);
  const std::string note =
      shown.note.empty() ? "" : "<br><small>" + escaped(shown.note) + "</small>";
  return textCell(nameOf(shown.state) + note);
}

std::string classOf(const Report& report, size_t index) {
  const State state = shownOf(report.rows[index]).state;
  std::string kind = state == State::Differs || state == State::Unlike ? "differs"
                     : state == State::Within                          ? "within"
                                                                       : "";
  if (static_cast<int>(index) == report.culprit) kind += " culprit";
  return kind;
}

}  // namespace

std::string typeOf(const TensorComparison& comparison) {
  if (comparison.type.type == DataType::Undefined) return {};
  return fmt::format("{} {}", dataTypeName(comparison.type.type), comparison.type.shape.toString());
}

std::string rowsTable(const Report& report) {
  const std::vector<Column> columns = columnsOf(report.kind);
  std::string out =
      "<div class=\"rows\"><table>\n<thead><tr><th>step</th><th class=\"text\">operator</th>"
      "<th class=\"text\">tensor</th><th class=\"text\">state</th>";
  for (const Column& column : columns) out += fmt::format("<th>{}</th>", column.title);
  out += "</tr></thead>\n<tbody>\n";
  for (size_t i = 0; i < report.rows.size(); ++i) {
    const ReportRow& row = report.rows[i];
    out += fmt::format("<tr id=\"row{}\" class=\"{}\">", i, classOf(report, i)) +
           cellOf({std::to_string(row.step), static_cast<double>(row.step)}) + operatorCell(row) +
           tensorCell(report, row) + stateCell(row);
    for (const Column& column : columns) out += cellOf(column.cell(row));
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace minnow::tool
