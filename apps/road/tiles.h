// Overlapping squares over a picture, for models that see only what is large in their input.
#pragma once

#include <vector>

#include "minnow/image.h"

namespace road {

/// Squares of which `across` cover the shorter side, each overlapping the next by a quarter at
/// least; none for across < 2.
std::vector<minnow::vision::Rect> makeTiles(int width, int height, int across);

}  // namespace road
