// Weights that a .minnow file holds transformed, for speed (convert --optimise speed).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "json_output.h"

namespace minnow::tool {

struct Transformed {
  int layers = 0;
  size_t bytes = 0;    ///< that they take beyond their plain form
  double savings = 0;  ///< of a run's instructions, by estimate
};
/// None where this build has no converter, which counts instructions.
Transformed transformedIn(std::span<const std::byte> model);

/// "4 layers' weights take 1.77 MB more, and save 2.2 % of the instructions by estimate"
std::string inWords(const Transformed& transformed);
nlohmann::json toJson(const Transformed& transformed);

}  // namespace minnow::tool
