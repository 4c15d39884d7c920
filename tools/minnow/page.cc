// The frame of a page, its style sheet, and plain tables.
#include "page.h"

#include <fmt/format.h>

#include "svg.h"

namespace minnow::tool {
namespace {

constexpr const char* kPageStyle = R"(
html { color-scheme: light dark; }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif;
       max-width: 1200px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 3rem; }
p { max-width: 75ch; } .soft { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { text-align: right; padding: 0.2rem 0.8rem; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
pre { background: color-mix(in srgb, var(--line) 40%, transparent); padding: 0.8rem 1rem; white-space: pre-wrap; }
)";

std::string row(const char* cell, const std::vector<std::string>& cells) {
  std::string out = "<tr>";
  for (const std::string& text : cells) out += fmt::format("<{0}>{1}</{0}>", cell, escaped(text));
  return out + "</tr>\n";
}

}  // namespace

std::string htmlTable(const std::vector<std::string>& head,
                      const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<div class=\"wide\"><table>\n" + row("th", head);
  for (const auto& cells : rows) out += row("td", cells);
  return out + "</table></div>\n";
}

std::string htmlPage(std::string_view title, std::string_view body, std::string_view style) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n"
      "<style>{}{}{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      escaped(title), drawingStyle(), kPageStyle, style, body);
}

}  // namespace minnow::tool
