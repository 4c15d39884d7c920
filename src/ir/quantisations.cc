// The table of a graph that is being made.
#include "ir/quantisations.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <vector>

namespace minnow::ir {
namespace {

struct Kept {
  Quantisation what;  ///< spans of the two below
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;
};
using Table = std::deque<Kept>;  // nothing in it moves

Quantisation readKept(const void* table, size_t index) {
  return (*static_cast<const Table*>(table))[index].what;
}

bool isSame(const Quantisation& a, const Quantisation& b) {
  return a.axis == b.axis && a.rule == b.rule && std::ranges::equal(a.scales, b.scales) &&
         std::ranges::equal(a.zeroPoints, b.zeroPoints);
}

}  // namespace

uint16_t Quantisations::add(const Quantisation& quantisation) {
  if (!quantisation) return 0;
  if (!table_) table_ = std::make_shared<Table>(), read_ = &readKept;
  auto& table = *static_cast<Table*>(const_cast<void*>(table_.get()));
  const auto known = std::ranges::find_if(
      table, [&](const Kept& kept) { return isSame(kept.what, quantisation); });
  if (known != table.end()) return static_cast<uint16_t>(known - table.begin() + 1);
  if (table.size() == std::numeric_limits<uint16_t>::max()) return 0;
  Kept& kept = table.emplace_back();
  kept.scales.assign(quantisation.scales.begin(), quantisation.scales.end());
  kept.zeroPoints.assign(quantisation.zeroPoints.begin(), quantisation.zeroPoints.end());
  kept.what = {kept.scales, kept.zeroPoints, quantisation.axis, quantisation.rule};
  return static_cast<uint16_t>(table.size());
}

}  // namespace minnow::ir
