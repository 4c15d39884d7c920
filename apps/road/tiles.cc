// Squares spread evenly over both axes.
#include "tiles.h"

#include <algorithm>
#include <cmath>

namespace road {

namespace {
constexpr double kStep = 0.75;  // of a square's side

/// First pixels of squares of `side` that cover `extent`.
std::vector<int> starts(int extent, int side) {
  const int count = std::max(1, static_cast<int>(std::ceil((extent - side) / (kStep * side))) + 1);
  std::vector<int> out;
  for (int i = 0; i < count; ++i)
    out.push_back(count == 1 ? 0 : static_cast<int>(int64_t{extent - side} * i / (count - 1)));
  return out;
}
}  // namespace

std::vector<minnow::vision::Rect> makeTiles(int width, int height, int across) {
  std::vector<minnow::vision::Rect> tiles;
  if (across < 2) return tiles;
  const int shorter = std::min(width, height);
  const int side = std::max(1, static_cast<int>(std::ceil(shorter / (1 + kStep * (across - 1)))));
  for (const int y : starts(height, side))
    for (const int x : starts(width, side)) tiles.push_back({x, y, side, side});
  return tiles;
}

}  // namespace road
