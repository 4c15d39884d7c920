// The table of a graph that is being made.
#include "ir/quantisations.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace minnow::ir {
namespace {

struct Kept {
  Quantisation what;  ///< spans of the two below
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;
};
struct Table {
  /// Nothing in it moves.
  std::deque<Kept> kept;
  std::unordered_multimap<size_t, uint16_t> numbers;  ///< by hash
  size_t leftOut = 0;
};

Quantisation readKept(const void* table, size_t index) {
  return static_cast<const Table*>(table)->kept[index].what;
}

template <class T>
size_t hashOf(std::span<const T> all) {
  const auto bytes = std::as_bytes(all);
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool isSame(const Quantisation& a, const Quantisation& b) {
  return a.axis == b.axis && a.rule == b.rule && std::ranges::equal(a.scales, b.scales) &&
         std::ranges::equal(a.zeroPoints, b.zeroPoints);
}

}  // namespace

uint16_t Quantisations::add(const Quantisation& quantisation) {
  if (!quantisation) return 0;
  if (!table_) table_ = std::make_shared<Table>(), read_ = &readKept;
  auto& [all, numbers, leftOut] = *static_cast<Table*>(const_cast<void*>(table_.get()));
  const size_t hash = hashOf(quantisation.scales) ^ hashOf(quantisation.zeroPoints) << 1;
  const auto [first, end] = numbers.equal_range(hash);
  for (auto known = first; known != end; ++known)
    if (isSame(at(known->second), quantisation)) return known->second;
  if (all.size() == std::numeric_limits<uint16_t>::max()) return ++leftOut, uint16_t{0};
  Kept& kept = all.emplace_back();
  kept.scales.assign(quantisation.scales.begin(), quantisation.scales.end());
  kept.zeroPoints.assign(quantisation.zeroPoints.begin(), quantisation.zeroPoints.end());
  kept.what = {kept.scales, kept.zeroPoints, quantisation.axis, quantisation.rule};
  return numbers.emplace(hash, static_cast<uint16_t>(all.size()))->second;
}

size_t Quantisations::leftOut() const {
  return read_ == &readKept ? static_cast<const Table*>(table_.get())->leftOut : 0;
}

}  // namespace minnow::ir
