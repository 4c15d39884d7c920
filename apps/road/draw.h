// The annotated picture: areas tinted, faces blurred, lines, boxes, and labels that do not cover
// each other.
#pragma once

#include <array>
#include <functional>

#include "agree.h"
#include "minnow/image.h"

namespace road {

/// RGB.
using Colour = std::array<uint8_t, 3>;
using ColourOf = std::function<Colour(const std::string& model)>;

minnow::vision::Image annotate(const minnow::vision::Image& picture,
                               const std::vector<Shown>& features, const ColourOf& colourOf);

}  // namespace road
