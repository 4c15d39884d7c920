// Formatting shared by the verbs.
#include "words.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace minnow::tool {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Letters to be put in, left out or changed until a is b (Levenshtein), small or large.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t least = std::min<size_t>(word.size(), 4);  // further away it is another word
  for (const std::string& candidate : candidates) {
    const bool begins = word.size() >= 3 && candidate.starts_with(word);
    const size_t away = begins ? 1 : distance(word, candidate);
    if (away < least) best = candidate, least = away;
  }
  return best;
}

std::string bytesInWords(size_t bytes) {
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  if (bytes < 1000000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.2f} MB", static_cast<double>(bytes) / 1e6);
}

std::string countInWords(double count) {
  if (count < 1e4) return fmt::format("{:.0f}", count);
  if (count < 1e9) return fmt::format("{:.1f} M", count / 1e6);
  return fmt::format("{:.2f} G", count / 1e9);
}

std::string typeInWords(const TensorInfo& info) {
  const std::string type = fmt::format("{} {}", dataTypeName(info.type), info.shape.toString());
  return info.quantisation ? type + ", " + inWords(info.quantisation) : type;
}

const char* ruleName(Quantisation::Rule rule) {
  return rule == Quantisation::Rule::OnnxRuntime ? "ONNX Runtime" : "TensorFlow Lite";
}

namespace {

std::string zerosInWords(std::span<const int32_t> zeros) {
  const auto [least, most] = std::ranges::minmax(zeros);
  return least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most);
}

std::string scalesInWords(const Quantisation& by) {
  const std::string zeros = zerosInWords(by.zeroPoints);
  if (by.axis < 0) return fmt::format("(x - {}) * {:.9g}", zeros, by.scales[0]);
  const auto [least, most] = std::ranges::minmax(by.scales);
  return fmt::format("{} scales along axis {}, {:.3g} to {:.3g}, zero point {}", by.scales.size(),
                     by.axis, least, most, zeros);
}

}  // namespace

std::string inWords(const Quantisation& quantisation) {
  if (!quantisation) return "";
  return fmt::format("{} ({})", scalesInWords(quantisation), ruleName(quantisation.rule));
}

size_t predictedPeak(const MemoryReport& memory) {
  return memory.staticBytes + memory.dynamicBytes;
}

std::string categoriesInWords(const MemoryReport& memory) {
  const std::string devices =
      memory.deviceBytes > 0 ? ", on devices " + bytesInWords(memory.deviceBytes) : "";
  return fmt::format("weights {}, arenas {}, metadata {}, model buffers {}{}\n",
                     bytesInWords(memory.staticBytes), bytesInWords(memory.dynamicBytes),
                     bytesInWords(memory.metadataBytes), bytesInWords(memory.modelBytes), devices);
}

double planRatio(const MemoryReport& memory) {
  if (memory.lowerBoundBytes == 0) return 1;
  return static_cast<double>(memory.dynamicBytes) / static_cast<double>(memory.lowerBoundBytes);
}

}  // namespace minnow::tool
