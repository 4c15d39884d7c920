// A feature cut out of its picture and set upright.
#pragma once

#include "feature.h"
#include "minnow/image.h"

namespace road {

/// A four-cornered polygon is straightened (first corner upper left, clockwise), a box is cut;
/// `margin` is added on each side, as a part of the size. Other forms and slivers give an empty
/// picture.
minnow::vision::Image cropFeature(const minnow::vision::Image& picture, const Feature& feature,
                                  double margin);

}  // namespace road
