// What people see of a stream: a frame with what the models found in it, and beside it a row for each model.
#pragma once

#include "live.h"

namespace road {

inline constexpr int kViewWidth = 1280, kViewHeight = 720;  // pixels

/// What a row says of a model: how old what is shown of it is, or that nothing is.
struct LiveRow {
  std::string name;
  std::array<uint8_t, 3> colour{};
  double rate = 0, reached = 0;  ///< frames a second
  std::optional<double> ageMs = {};
  uint64_t dropped = 0;
};

struct LiveView {
  const minnow::vision::Image& picture;
  std::vector<Feature> features;  ///< in the picture's pixels
  std::vector<LiveRow> rows;
  std::vector<std::string> facts;  ///< below the rows
};

minnow::vision::Image drawLive(const LiveView& view, const LiveModels& models);

}  // namespace road
