// Parsing of arguments that CLI11 hands over as text.
#include "arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string_view>
#include <utility>

#include "exit.h"

namespace minnow::tool {
namespace {

std::vector<std::string> pieces(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::stringstream stream(text);
  for (std::string piece; std::getline(stream, piece, separator);) out.push_back(piece);
  if (!text.empty() && text.back() == separator) out.emplace_back();
  return out;
}

template <class Number>
Number parseNumber(const std::string& text, const char* option) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) {
    throw Failure(Exit::Usage,
                  text.empty()
                      ? fmt::format("{}: a number is missing", option)
                      : fmt::format("{}: '{}' is no number{}", option, text,
                                    error == std::errc::result_out_of_range ? " that fits" : ""));
  }
  return number;
}

/// Bytes of one unit; 0 for what is none.
double unitBytes(std::string_view unit) {
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  std::string lower;
  for (const char c : unit) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},     {"b", 1},       {"kb", 1e3},        {"mb", 1e6},
      {"gb", 1e9}, {"kib", 1024.}, {"mib", 1048576.0}, {"gib", 1073741824.0}};
  for (const auto& [name, bytes] : kUnits)
    if (lower == name) return bytes;
  return 0;
}

}  // namespace

std::pair<std::string, std::string> splitArgument(const std::string& argument, const char* option) {
  const size_t at = argument.find('=');
  if (at == std::string::npos || at == 0) {
    throw Failure(Exit::Usage, fmt::format("{}: '{}' is not NAME=VALUE", option, argument));
  }
  return {argument.substr(0, at), argument.substr(at + 1)};
}

std::map<std::string, std::string> byName(const std::vector<std::string>& arguments,
                                          const char* option) {
  std::map<std::string, std::string> values;
  for (const std::string& argument : arguments) {
    const auto [added, isNew] = values.insert(splitArgument(argument, option));
    if (!isNew)
      throw Failure(Exit::Usage,
                    fmt::format("{}: '{}' is given twice; give it once", option, added->first));
  }
  return values;
}

namespace {

bool startsName(const std::string& text) {
  const char c = text.empty() ? '\0' : text[0];
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Axes stand between commas; "1x3x320x320", which begins with a number and has none, is cut at x.
std::vector<std::string> axesOf(const std::string& text) {
  const bool cut = !startsName(text) && text.find(',') == std::string::npos;
  return pieces(text, cut ? 'x' : ',');
}

int64_t parseExtent(const std::string& text, const char* option) {
  const auto extent = parseNumber<int64_t>(text, option);
  if (extent >= 0) return extent;
  throw Failure(Exit::Usage, fmt::format("{}: '{}' holds {}; say how large each axis shall be, "
                                         "as in 1,3,320,320",
                                         option, text, extent));
}

/// "320" or "32..960"
AskedExtent parseSize(const std::string& text, const char* option) {
  const size_t dots = text.find("..");
  if (dots == std::string::npos) return {.converted = parseExtent(text, option)};
  const int64_t least = parseExtent(text.substr(0, dots), option);
  const int64_t most = parseExtent(text.substr(dots + 2), option);
  if (least > most)
    throw Failure(Exit::Usage,
                  fmt::format("{}: the range '{}' is empty; the smaller number comes first, as in "
                              "32..960",
                              option, text));
  return {.converted = most, .least = least, .most = most};
}

/// A size, "H", or "H=" and a size.
AskedExtent parseAxis(const std::string& text, const char* option) {
  if (!startsName(text)) return parseSize(text, option);
  const size_t equals = text.find('=');
  AskedExtent extent;
  if (equals != std::string::npos) extent = parseSize(text.substr(equals + 1), option);
  extent.name = text.substr(0, equals);
  return extent;
}

void checkElements(const AskedShape& shape, const std::string& text, const char* option) {
  constexpr int64_t kMaxElements = int64_t{1} << 40;
  int64_t elements = 1;
  for (const AskedExtent& extent : shape.axes) {
    const int64_t factor = std::max<int64_t>(extent.converted, 1);  // of 0 it hides no others
    if (elements > kMaxElements / factor)
      throw Failure(Exit::Usage,
                    fmt::format("{}: '{}' has more elements than are supported", option, text));
    elements *= factor;
  }
}

}  // namespace

AskedShape parseShape(const std::string& text, const char* option) {
  const auto axes = axesOf(text);
  if (axes.size() > kMaxRank) {
    throw Failure(Exit::Usage, fmt::format("{}: '{}' has {} axes, at most {} are supported", option,
                                           text, axes.size(), kMaxRank));
  }
  AskedShape shape;
  for (const std::string& axis : axes) shape.axes.push_back(parseAxis(axis, option));
  checkElements(shape, text, option);
  return shape;
}

std::vector<double> parseNumbers(const std::string& text, const char* option) {
  std::vector<double> numbers;
  for (const std::string& piece : pieces(text, ','))
    numbers.push_back(parseNumber<double>(piece, option));
  return numbers;
}

size_t parseBytes(const std::string& text, const char* option) {
  double number = 0;
  const char* end = text.data() + text.size();
  const bool digitFirst = !text.empty() && text[0] >= '0' && text[0] <= '9';
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const double unit = unitBytes(std::string_view(rest, static_cast<size_t>(end - rest)));
  const double bytes = std::round(number * unit);
  constexpr double kLargest = 9007199254740992.0;  // 2^53: every whole number up to it is exact
  if (!digitFirst || error != std::errc() || bytes < 1 || bytes > kLargest) {
    throw Failure(Exit::Usage,
                  fmt::format("{} {}: expected a number above 0 and B, KB, MB, GB (powers of 1000) "
                              "or KiB, MiB, GiB (powers of 1024), as in 24MB",
                              option, text));
  }
  return static_cast<size_t>(bytes);
}

}  // namespace minnow::tool
