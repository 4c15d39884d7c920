// The free parameters of a kind of post-processing, as the table gives them.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace road {

struct Parameters {
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::vector<std::string>> texts;
  std::vector<std::string> labels;  ///< lines of the file that `labels` names

  double number(const std::string& name, double fallback) const {
    const auto it = numbers.find(name);
    return it == numbers.end() || it->second.empty() ? fallback : it->second[0];
  }
  std::vector<double> list(const std::string& name, std::vector<double> fallback) const {
    const auto it = numbers.find(name);
    return it == numbers.end() ? fallback : it->second;
  }
  std::vector<std::string> words(const std::string& name) const {
    const auto it = texts.find(name);
    return it == texts.end() ? std::vector<std::string>{} : it->second;
  }
  /// The class's name, or its number where there is none.
  std::string label(size_t index) const {
    return index < labels.size() ? labels[index] : std::to_string(index);
  }
};

}  // namespace road
