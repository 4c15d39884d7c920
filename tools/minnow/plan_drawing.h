// A session's memory plan as a picture: time to the right, the arena's offsets upwards, one
// rectangle a tensor.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "minnow/runtime.h"
#include "svg.h"

namespace minnow::tool {

/// Size of a drawing, in pixels.
inline constexpr double kPlanWidth = 1200, kPlanHeight = 640;

struct PlanPicture {
  std::string title;
  std::span<const PlannedMemory> plan;
  std::span<const std::string> steps;  ///< names of the session's operators
  size_t arenaBytes = 0, lowerBoundBytes = 0;
};

/// Where each stretch of the plan is drawn within `frame`. Steps are columns of equal width; a
/// buffer fills its first to its last. Nothing is enlarged to be seen, so boxes overlap where the
/// plan does and nowhere else.
std::vector<Box> planBoxes(const PlanPicture& picture, const Box& frame);

/// Bytes alive at each step, each buffer rounded up to the arena's grain as the lower bound counts
/// it.
std::vector<size_t> bytesByStep(const PlanPicture& picture);

/// With `style` a file of its own, without it a part of a page that has drawingStyle().
std::string drawPlan(const PlanPicture& picture, bool style = true);

}  // namespace minnow::tool
