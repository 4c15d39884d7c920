// A check of numbers that an option takes.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

namespace minnow::tool {

/// As CLI::Range, which lets NaN through: that is neither below the least nor above the most.
inline CLI::Validator within(double least, double most) {
  const auto check = [least, most](const std::string& text) {
    double number = 0;
    if (CLI::detail::lexical_cast(text, number) && number >= least && number <= most)
      return std::string();
    return fmt::format("{} is no number from {:g} to {:g}", text, least, most);
  };
  return {check, fmt::format("FLOAT in [{:g} - {:g}]", least, most)};
}

}  // namespace minnow::tool
