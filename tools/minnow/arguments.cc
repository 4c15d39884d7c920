// Parsing of arguments that CLI11 hands over as text.
#include "arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

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
    throw Failure(Exit::Usage, fmt::format("{}: '{}' is no number", option, text));
  }
  return number;
}

}  // namespace

std::pair<std::string, std::string> splitArgument(const std::string& argument, const char* option) {
  const size_t at = argument.find('=');
  if (at == std::string::npos || at == 0) {
    throw Failure(Exit::Usage, fmt::format("{}: '{}' is not NAME=VALUE", option, argument));
  }
  return {argument.substr(0, at), argument.substr(at + 1)};
}

Shape parseShape(const std::string& text, const char* option) {
  std::string commas = text;
  std::replace(commas.begin(), commas.end(), 'x', ',');
  const auto dims = pieces(commas, ',');
  if (dims.size() > kMaxRank) {
    throw Failure(Exit::Usage, fmt::format("{}: at most {} axes are supported", option, kMaxRank));
  }
  constexpr int64_t kMaxElements = int64_t{1} << 40;
  Shape shape;
  int64_t elements = 1;
  for (const std::string& dim : dims) {
    const auto extent = parseNumber<int64_t>(dim, option);
    if (extent < 0 || (extent > 0 && elements > kMaxElements / extent)) {
      throw Failure(Exit::Usage, fmt::format("{}: '{}' is no possible shape", option, text));
    }
    elements *= extent;
    shape.push_back(extent);
  }
  return shape;
}

std::vector<double> parseNumbers(const std::string& text, const char* option) {
  std::vector<double> numbers;
  for (const std::string& piece : pieces(text, ','))
    numbers.push_back(parseNumber<double>(piece, option));
  return numbers;
}

}  // namespace minnow::tool
