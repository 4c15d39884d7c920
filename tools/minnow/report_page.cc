// The sections of the page, in reading order; the table is in report_rows.cc.
#include "report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "error_chart.h"
#include "error_map.h"
#include "histogram.h"
#include "page.h"
#include "report_rows.h"
#include "report_table.h"
#include "svg.h"

namespace minnow::tool {
namespace {

using analysis::Figures;
using analysis::Report;
using analysis::ReportRow;
using analysis::TensorComparison;
using State = TensorComparison::State;

constexpr const char* kStyle = R"(
:root { --a: #1f6fc4; --b: #e08a1e; --good: #2c8a4b; --bad: #b3123f; --equal: #e3e7ec; }
@media (prefers-color-scheme: dark) {
  :root { --a: #5aa7f0; --b: #f0a94d; --good: #58c27a; --bad: #f0406a; --equal: #2a323c; }
}
svg .a { fill: var(--a); } svg .b { fill: var(--b); } svg .c { fill: var(--soft); }
svg .curve { fill: none; stroke-width: 1.2; opacity: 0.6; }
svg .curve.a { stroke: var(--a); } svg .curve.b { stroke: var(--b); } svg .curve.c { stroke: var(--soft); }
svg .hit { fill: transparent; } svg .hit:hover { fill: var(--ink); opacity: 0.12; }
svg .found { fill: var(--bound); font-weight: 600; }
svg .stairs { fill-opacity: 0.3; stroke-width: 1.2; }
svg .stairs.a { stroke: var(--a); } svg .stairs.b { stroke: var(--b); }
svg .equal { fill: var(--equal); } svg .special { fill: #ff00c8; }
svg .map { image-rendering: pixelated; }
svg .ring { fill: none; stroke: var(--ink); stroke-width: 1.5; paint-order: stroke; }
.finding { border-left: 5px solid var(--bad); padding: 0.2rem 1rem; }
.finding.equal { border-color: var(--good); }
.finding p { white-space: pre-line; overflow-wrap: anywhere; margin: 0.4rem 0; }
h1, h3 { overflow-wrap: anywhere; } h3 a { color: inherit; } h3 { margin: 2.2rem 0 0.3rem; }
.wide > svg { min-width: 760px; }
.drawings { display: flex; flex-wrap: wrap; gap: 1.2rem 1.1rem; align-items: flex-start; }
.rows { max-height: 85vh; overflow: auto; border: 1px solid var(--line); }
.rows table { margin: 0; width: 100%; font-size: 13px; }
.rows th { position: sticky; top: 0; background: var(--page); box-shadow: inset 0 -1px var(--line); cursor: pointer; }
.rows th, .rows td { padding: 0.2rem 0.5rem; vertical-align: top; white-space: nowrap; }
.rows .text { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 12ch; }
.rows small { color: var(--soft); }
.rows tr.differs td:first-child { box-shadow: inset 4px 0 var(--bad); }
.rows tr.within td:first-child { box-shadow: inset 4px 0 var(--b); }
.rows tr.culprit { background: color-mix(in srgb, var(--bad) 14%, transparent); }
.rows tr:target { outline: 2px solid var(--a); outline-offset: -2px; }
.facts td { text-align: left; overflow-wrap: anywhere; min-width: 9ch; } .facts th { text-align: left; }
dt { font-weight: 600; } dd { margin: 0 0 0.4rem 1.5rem; }
@media print {
  :root { --page: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb; }
  .rows { max-height: none; overflow: visible; border: 0; } .rows th { position: static; }
  .rows table { font-size: 8px; } .wide > svg { min-width: 0; }
  .operator, svg, tr { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)";

/// Not needed to read the page: a click on a column's head sorts.
constexpr const char* kScript = R"(<script>
for (const head of document.querySelectorAll('.rows th')) head.addEventListener('click', () => {
  const body = head.closest('table').tBodies[0], i = head.cellIndex;
  const down = head.dataset.down = head.dataset.down === '1' ? '0' : '1';
  const value = row => { const cell = row.cells[i];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v); };
  const order = (p, q) => { const x = value(p), y = value(q); return x < y ? -1 : x > y ? 1 : 0; };
  body.append(...[...body.rows].sort((p, q) => down === '1' ? order(q, p) : order(p, q)));
});
</script>
)";

bool isReplay(const Report& report) { return report.kind == Report::Kind::Replay; }

std::string operatorName(const ReportRow& row) {
  if (row.type.empty() && row.name.empty()) return shortened(row.entire.tensor, 60);
  return row.type + (row.name.empty() ? "" : " " + shortened(row.name, 60));
}

// --- the finding ---------------------------------------------------------------------------------

std::string headline(const Report& report) {
  const std::string inputs = report.inputsDiffer() ? "The inputs differ. " : "";
  if (report.culprit >= 0)
    return inputs + (isReplay(report) ? "Look at " : "The first that differs: ") +
           operatorName(report.rows[static_cast<size_t>(report.culprit)]);
  if (!inputs.empty()) return "The inputs differ, what was computed from them does not";
  if (isReplay(report)) return "No operator errs by more than rounding explains";
  const bool equal = std::ranges::none_of(
      report.rows, [](const ReportRow& row) { return row.entire.state == State::Within; });
  return equal ? "Equal" : "Equal within the tolerance";
}

std::string findingSection(const Report& report) {
  return fmt::format("<div class=\"finding{}\">\n<h1>{}</h1>\n<p>{}</p>\n</div>\n",
                     report.equal() ? " equal" : "", escaped(headline(report)),
                     escapedLines(report.finding()));
}

// --- what was compared ---------------------------------------------------------------------------

std::string engineInWords(const analysis::TraceInfo& info) {
  if (info.engine.empty()) return "unknown";
  std::string words = info.engine + " " + info.version;
  if (!info.target.empty()) words += ", " + info.target;
  if (info.threads > 0)
    words += fmt::format(", {} thread{}", info.threads, info.threads == 1 ? "" : "s");
  return words;
}

std::string toleranceInWords(const analysis::Tolerance& tolerance) {
  if (tolerance.exact()) return "none: the same bits, NaN for NaN";
  return fmt::format("|a − b| ≤ {:g} + {:g}·|b|", tolerance.absolute, tolerance.relative);
}

std::string said(const TensorComparison& comparison) {
  if (comparison.figures && comparison.state != State::Equal) return inWords(*comparison.figures);
  return nameOf(comparison.state) + (comparison.note.empty() ? "" : ", " + comparison.note);
}

std::string sidesSection(const Report& report) {
  std::vector<std::vector<std::string>> inputs;
  for (const TensorComparison& input : report.inputs)
    inputs.push_back({shortened(input.tensor, 80), typeOf(input), said(input)});
  const auto side = [](const char* letter, const std::string& name,
                       const analysis::TraceInfo& info) {
    return std::vector<std::string>{letter, name, engineInWords(info), info.model, info.checksum};
  };
  return "<h2>What was compared</h2>\n<div class=\"facts\">" +
         htmlTable({"", "file", "engine", "model", "checksum"},
                   {side(isReplay(report) ? "A, replayed" : "A", report.nameA, report.a),
                    side("B, the reference", report.nameB, report.b)}) +
         (inputs.empty() ? "" : htmlTable({"input", "type", "A against B"}, inputs)) +
         fmt::format("<p>Tolerance: {}.</p></div>\n", toleranceInWords(report.tolerance));
}

// --- errors along the network --------------------------------------------------------------------

std::string hoverText(const ReportRow& row) {
  std::string text = fmt::format("step {} {}\n{}, {}\n", row.step, operatorName(row),
                                 shortened(row.entire.tensor, 80), typeOf(row.entire));
  if (row.single) text += "single: " + said(*row.single) + "\nentire: ";
  return text + said(row.entire);
}

using Errors = std::vector<std::optional<double>>;

Errors errorsAlong(const Report& report, double (*of)(const ReportRow&),
                   const TensorComparison* (*comparison)(const ReportRow&)) {
  Errors errors;
  for (const ReportRow& row : report.rows) {
    const TensorComparison* compared = comparison(row);
    if (compared == nullptr || !compared->compared())
      errors.emplace_back();
    else if (compared->state == State::Equal)
      errors.emplace_back(0);
    else if (!compared->figures || compared->figures->specialInOne > 0)
      errors.emplace_back(INFINITY);
    else
      errors.emplace_back(of(row));
  }
  return errors;
}

std::vector<ErrorSeries> seriesOf(const Report& report) {
  const auto entire = [](const ReportRow& row) { return &row.entire; };
  const auto single = [](const ReportRow& row) { return row.single ? &*row.single : nullptr; };
  const auto entireOfScale = [](const ReportRow& row) { return row.entire.figures->ofScale(); };
  if (!isReplay(report))
    return {{"b", "by the largest |b|", errorsAlong(report, entireOfScale, entire)},
            {"a", "largest |a − b|",
             errorsAlong(
                 report, [](const ReportRow& row) { return row.entire.figures->maxAbsolute; },
                 entire)}};
  return {
      {"c", "entire: of the whole inference", errorsAlong(report, entireOfScale, entire)},
      {"a", "single: on the reference's inputs",
       errorsAlong(
           report, [](const ReportRow& row) { return row.single->figures->ofScale(); }, single)}};
}

std::string alongSection(const Report& report) {
  if (report.rows.empty()) return {};
  ErrorChart chart{.series = seriesOf(report), .titles = {}, .link = "row", .mark = {}};
  for (const ReportRow& row : report.rows) chart.titles.push_back(hoverText(row));
  chart.marked = report.culprit;
  if (report.culprit >= 0)
    chart.mark = (isReplay(report) ? "single error: " : "first that differs: ") +
                 operatorName(report.rows[static_cast<size_t>(report.culprit)]);
  return fmt::format(
      "<h2>Errors along the network</h2>\n<p class=\"soft\">{}</p>\n<div class=\"wide\">{}</div>\n",
      isReplay(report) ? "The largest error of each output by the largest value of the reference. "
                         "Where both curves meet, the operator makes the error itself; where only "
                         "the upper one rises, it inherits it."
                       : "The largest error of each output, and the same by the largest value of "
                         "the reference.",
      drawErrors(chart));
}

// --- the worst operators -------------------------------------------------------------------------

double badness(const Report& report, const ReportRow& row) {
  if (isReplay(report)) return row.excess;
  if (!row.entire.figures || row.entire.state == State::Equal) return 0;
  return row.entire.figures->specialInOne > 0 ? INFINITY : row.entire.figures->ofScale();
}

/// The one that was found first, then by badness.
std::vector<const ReportRow*> worstOf(const Report& report) {
  constexpr size_t kMost = 5;
  std::vector<const ReportRow*> rows;
  for (const ReportRow& row : report.rows)
    if (shownOf(row).figures && badness(report, row) > 0) rows.push_back(&row);
  std::ranges::stable_sort(rows, [&](const ReportRow* p, const ReportRow* q) {
    return badness(report, *p) > badness(report, *q);
  });
  const ReportRow* culprit = report.culprit < 0 ? nullptr : &report.rows[report.culprit];
  if (const auto at = std::ranges::find(rows, culprit); at != rows.end())
    std::rotate(rows.begin(), at, at + 1);
  rows.resize(std::min(rows.size(), kMost));
  return rows;
}

std::string drawingsOf(const analysis::HostTensor& a, const analysis::HostTensor& b,
                       const Figures& figures, const char* nameA) {
  std::string out = "<div class=\"drawings\">\n" + drawHistogram(errorsOf(a, b)) +
                    drawHistogram(valuesOf(a, b, nameA, "reference"));
  const auto maps = errorMapsOf(a, b, figures.worst);
  for (const ErrorMap& map : maps) out += drawErrorMap(map, largestOf(maps));
  return out + "</div>\n";
}

std::string inputsLine(const ReportRow& row) {
  std::string words;
  for (const TensorComparison& input : row.inputs)
    words += (words.empty() ? "Inputs: " : "; ") + shortened(input.tensor, 80) + " " + said(input);
  return words.empty() ? "" : "<br>" + escaped(words);
}

std::string operatorPart(const Report& report, const ReportRow& row) {
  const TensorComparison& shown = shownOf(row);
  const auto& readA = row.single ? report.tensorOwn : report.tensorA;
  std::string out = fmt::format(
      "<div class=\"operator\"><h3><a href=\"#row{}\">{}</a></h3>\n<p>Tensor {}, {}: {}.{}</p>\n",
      &row - report.rows.data(), escaped(operatorName(row)),
      escaped(shortened(row.entire.tensor, 80)), escaped(typeOf(shown)), escaped(said(shown)),
      inputsLine(row));
  if (readA && report.tensorB) {
    const auto a = readA(row.entire.tensor), b = report.tensorB(row.entire.tensor);
    if (a && b && a->type == b->type)
      out += drawingsOf(*a, *b, *shown.figures, row.single ? "single" : "A");
    else
      out += fmt::format("<p class=\"soft\">No pictures: {}</p>\n",
                         escaped(!a   ? a.error().message
                                 : !b ? b.error().message
                                      : "the types differ"));
  }
  return out + "</div>\n";
}

std::string worstSection(const Report& report) {
  const auto rows = worstOf(report);
  if (rows.empty()) return {};
  std::string out = "<h2>The worst operators</h2>\n";
  if (!isReplay(report) && rows.size() > 1)
    out +=
        "<p class=\"soft\">The first that differs, then the largest errors by the largest value: "
        "those inherit.</p>\n";
  for (const ReportRow* row : rows) out += operatorPart(report, *row);
  return out;
}

constexpr const char* kReading = R"(<h2>How to read the figures</h2>
<dl>
<dt>max abs</dt><dd>the largest |a − b| of a tensor</dd>
<dt>of scale</dt><dd>that, by the largest |b|: what matters to whatever sums these values. Rounding gives 1e-7 to 1e-6 in float32</dd>
<dt>max rel</dt><dd>the largest |a − b| / |b| of one element; large where b is nearly 0, which is harmless in most sums</dd>
<dt>ULP</dt><dd>how many float32 numbers lie from a to b: 1 is the next number</dd>
<dt>cosine</dt><dd>of the angle between both tensors as vectors; 1 means the same direction</dd>
<dt>single, entire</dt><dd>(replay) the operator's error on the reference's inputs; its error in the whole inference, with all that it inherits</dd>
<dt>× explained</dt><dd>(replay) single error by what rounding can explain; above 1 look at the operator</dd>
</dl>
)";

}  // namespace

std::string asPage(const Report& report) {
  return htmlPage("Minnow: " + headline(report),
                  findingSection(report) + sidesSection(report) + alongSection(report) +
                      worstSection(report) + "<h2>Every operator</h2>\n" + rowsTable(report) +
                      kReading + kScript,
                  kStyle);
}

}  // namespace minnow::tool
