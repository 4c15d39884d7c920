// Several models that say the same are shown once.
#pragma once

#include "feature.h"

namespace road {

struct Shown {
  Feature feature;                  ///< the one with the best score
  std::vector<std::string> models;  ///< all that say it
};

/// Boxes of one kind and class that overlap by half, and lines of which one covers the other,
/// become one. The rest stays as it is, in order.
std::vector<Shown> mergeAgreeing(const std::vector<Feature>& features);

/// Whether two features would be drawn over each other.
bool agree(const Feature& a, const Feature& b);

}  // namespace road
