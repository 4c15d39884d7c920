// What drawings share: text that is safe in XML, colours for light and dark pages, round numbers on
// axes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minnow::tool {

/// Text for XML and HTML: markup characters become entities, what is no UTF-8 or a control
/// character becomes U+FFFD.
std::string escaped(std::string_view text);
/// The same, line by line.
std::string escapedLines(std::string_view text);

/// The style sheet of all drawings and pages; follows the reader's preference for light or dark.
std::string_view drawingStyle();

/// An <svg> element of that size in pixels, which scales with its place; `style` to make it a file
/// of its own.
std::string svgDocument(double width, double height, std::string_view content, bool style);

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

/// A horizontal line through the frame, its label left of it.
std::string gridLine(const Box& frame, double y, std::string_view label);

struct LegendEntry {
  const char *kind, *text;  ///< kind: a class of the style sheet
  double width;             ///< in pixels, to the next entry
  bool line = false;        ///< a line, not a patch
};
double legendWidth(std::span<const LegendEntry> entries);
std::string legend(std::span<const LegendEntry> entries, double x, double baseline);

/// Round numbers from 0 to `end`, both included if round: at most `most` steps of 1, 2 or 5 × 10^n.
std::vector<double> ticks(double end, int most);

}  // namespace minnow::tool
