// Tables of comparisons. A column is a title, a width and what it says of a row.
#include "report_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "arguments.h"
#include "base/program.h"
#include "exit.h"
#include "json_output.h"
#include "outputs.h"
#include "report_page.h"

namespace minnow::tool {
namespace {

using analysis::Figures;
using analysis::Report;
using analysis::ReportRow;
using analysis::TensorComparison;

constexpr size_t kColumns = 100, kFewRows = 10;

struct Column {
  const char* title;
  int width;  // negative: to the left
  std::function<std::string(const ReportRow&)> text;
};

std::string number(double value) { return value == 0 ? "0" : fmt::format("{:.2e}", value); }

/// A column of figures; empty where there are none.
template <class Say>
Column figure(const char* title, int width, const TensorComparison& (*of)(const ReportRow&),
              Say say) {
  return {title, width, [of, say](const ReportRow& row) {
            const TensorComparison& comparison = of(row);
            return comparison.figures ? std::string(say(*comparison.figures)) : std::string();
          }};
}

const TensorComparison& entireOf(const ReportRow& row) { return row.entire; }
const TensorComparison& singleOf(const ReportRow& row) {
  return row.single ? *row.single : row.entire;
}

std::string absolute(const Figures& f) {
  return f.specialInOne > 0 ? "NaN/Inf" : number(f.maxAbsolute);
}
std::string ofScale(const Figures& f) { return number(f.ofScale()); }
std::string ulps(const Figures& f) { return fmt::format("{}", f.maxUlp); }

std::string specials(const Figures& f) {
  const int64_t a = f.nansA + f.infinitiesA, b = f.nansB + f.infinitiesB;
  return a == 0 && b == 0 ? "" : fmt::format("{}/{}", a, b);
}

std::vector<Column> columnsOf(Report::Kind kind) {
  std::vector<Column> columns = {
      {"step", 4, [](const ReportRow& row) { return fmt::format("{}", row.step); }},
      {"operator", -12, [](const ReportRow& row) { return shortened(row.type, 12); }},
      {"tensor", -25, [](const ReportRow& row) { return shortened(row.entire.tensor, 25); }}};
  if (kind == Report::Kind::Diff) {
    columns.push_back(figure("max abs", 8, entireOf, absolute));
    columns.push_back(figure("of scale", 8, entireOf, ofScale));
    columns.push_back(
        figure("max rel", 8, entireOf, [](const Figures& f) { return number(f.maxRelative); }));
    columns.push_back(figure("max ULP", 10, entireOf, ulps));
    columns.push_back(figure("cosine", 10, entireOf,
                             [](const Figures& f) { return fmt::format("{:.8f}", f.cosine); }));
    columns.push_back(figure("NaN+Inf", 7, entireOf, specials));
    return columns;
  }
  columns.push_back(figure("single", 8, singleOf, absolute));
  columns.push_back(figure("of scale", 8, singleOf, ofScale));
  columns.push_back(figure("ULP", 10, singleOf, ulps));
  columns.push_back({"excess", 8, [](const ReportRow& row) {
                       return row.excess == 0 ? "0" : fmt::format("{:.2g}", row.excess);
                     }});
  columns.push_back(figure("entire", 8, entireOf, absolute));
  columns.push_back(figure("of scale", 8, entireOf, ofScale));
  return columns;
}

std::string padded(const std::string& text, int width) {
  return width < 0 ? fmt::format("{:<{}}", text, -width) : fmt::format("{:>{}}", text, width);
}

std::string headerOf(const std::vector<Column>& columns) {
  std::string line;
  for (const Column& column : columns)
    line += (line.empty() ? "" : " ") + padded(column.title, column.width);
  return line + "\n";
}

/// Where there are no figures, what else there is to say takes their place.
std::string lineOf(const std::vector<Column>& columns, const ReportRow& row) {
  const TensorComparison& shown = singleOf(row);
  std::string line;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i == 3 && !shown.figures) {
      const size_t used = 4 + 12 + 25 + 3;
      return line + " " +
             shortened(nameOf(shown.state) + (shown.note.empty() ? "" : ": " + shown.note),
                       kColumns - used) +
             "\n";
    }
    line += (i == 0 ? "" : " ") + padded(columns[i].text(row), columns[i].width);
  }
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

bool isOutput(const Report& report, const ReportRow& row) {
  return std::ranges::find(report.outputs, row.entire.tensor) != report.outputs.end();
}

/// What is worth a line: of a diff what differs, in order; of a replay the largest single errors
/// first.
std::vector<const ReportRow*> rowsThatMatter(const Report& report) {
  std::vector<const ReportRow*> rows;
  const bool replay = report.kind == Report::Kind::Replay;
  for (const ReportRow& row : report.rows)
    if (replay ? row.excess > 0 : row.entire.differs()) rows.push_back(&row);
  if (replay)
    std::ranges::stable_sort(
        rows, [](const ReportRow* a, const ReportRow* b) { return a->excess > b->excess; });
  return rows;
}

std::string tableOf(const Report& report, bool all) {
  const std::vector<Column> columns = columnsOf(report.kind);
  std::string lines;
  if (all) {
    for (const ReportRow& row : report.rows) lines += lineOf(columns, row);
    return headerOf(columns) + lines;
  }
  const auto rows = rowsThatMatter(report);
  const size_t shown = std::min(rows.size(), kFewRows);
  for (size_t i = 0; i < shown; ++i) lines += lineOf(columns, *rows[i]);
  if (shown < rows.size())
    lines += fmt::format("{:>4} {} more; --all shows every operator\n", "…", rows.size() - shown);
  for (size_t i = shown; i < rows.size(); ++i)
    if (isOutput(report, *rows[i])) lines += lineOf(columns, *rows[i]);
  return lines.empty() ? "" : headerOf(columns) + lines;
}

std::string sideInWords(const char* side, const std::string& name,
                        const analysis::TraceInfo& info) {
  std::string words = fmt::format("{} {}", side, name);
  if (!info.engine.empty()) words += fmt::format(": {} {}", info.engine, info.version);
  if (!info.target.empty()) words += ", " + info.target;
  if (info.threads > 0)
    words += fmt::format(", {} thread{}", info.threads, info.threads == 1 ? "" : "s");
  return words + "\n";
}

/// Lines of at most kColumns characters, broken between words.
std::string wrapped(const std::string& text) {
  std::string out, word;
  size_t column = 0;
  const auto flush = [&] {
    if (word.empty()) return;
    if (column > 0 && column + 1 + word.size() > kColumns) out += '\n', column = 0;
    if (column > 0) out += ' ', ++column;
    out += word;
    column += word.size();
    word.clear();
  };
  for (const char c : text) {
    if (c != ' ' && c != '\n') {
      word += c;
      continue;
    }
    flush();
    if (c == '\n') out += '\n', column = 0;
  }
  flush();
  return out + "\n";
}

bool beginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

/// Failure (usage) for what is no tolerance.
analysis::Tolerance parseTolerance(const std::string& text) {
  const auto numbers = parseNumbers(text, "--tolerance");
  if (numbers.empty() || numbers.size() > 2 ||
      std::ranges::any_of(numbers, [](double x) { return !(x >= 0); }))
    throw Failure(Exit::Usage,
                  fmt::format("--tolerance: ABSOLUTE or ABSOLUTE,RELATIVE, not '{}'", text));
  return {numbers[0], numbers.size() == 2 ? numbers[1] : 0};
}

}  // namespace

std::string shortened(const std::string& text, size_t columns) {
  std::vector<std::string> characters;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (characters.empty() || beginsCharacter(c)) characters.emplace_back();
    characters.back() += control ? '?' : c;
  }
  const size_t n = characters.size();
  const size_t tail = columns / 2, head = columns - tail - 1;
  std::string out;
  for (size_t i = 0; i < n; ++i) {
    if (n > columns && i == head) out += "…";
    if (n <= columns || i < head || i >= n - tail) out += characters[i];
  }
  return out;
}

std::string reportInWords(const Report& report, bool all) {
  const std::string table = tableOf(report, all);
  return sideInWords("A", report.nameA, report.a) + sideInWords("B", report.nameB, report.b) +
         wrapped(report.finding()) + (table.empty() ? "" : "\n" + table);
}

void addReportOptions(CLI::App* verb, ReportOptions& options) {
  verb->add_option_function<std::string>(
          "--tolerance",
          [&options](const std::string& text) { options.tolerance = parseTolerance(text); },
          "|a - b| <= ABSOLUTE + RELATIVE * |b| passes. Default 0: the same bits, NaN for NaN")
      ->type_name("ABSOLUTE[,RELATIVE]");
  verb->add_flag("--all", options.all, "Every operator, not only those that matter most");
  verb->add_option("--html", options.html,
                   "FILE: a page with the errors along the network, every operator in a table, "
                   "and histograms and error maps of the worst; - prints");
  verb->add_flag("--json", options.json, "Report in JSON");
}

void showReport(const ReportOptions& options, const std::function<Report()>& make) {
  try {
    const Report report = make();
    const bool printed = !options.html.empty() && writeOrPrint(options.html, asPage(report));
    if (options.json && !printed)
      fmt::print("{}\n", toJson(report));
    else if (!printed)
      fmt::print("{}", reportInWords(report, options.all));
    need(base::flushOutput());
    if (!report.equal()) throw CLI::RuntimeError(static_cast<int>(Exit::Different));
  } catch (const CLI::Error&) {
    throw;
  } catch (const std::exception& error) {
    const nlohmann::ordered_json json = {{"result", "cannot compare"}, {"reason", error.what()}};
    if (options.json && std::ferror(stdout) == 0) printJson(json);
    throw Failure(Exit::CannotCompare, reasonOf(error));
  }
}

}  // namespace minnow::tool
