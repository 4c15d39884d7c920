// Saying what stored transforms cost and save.
#include "transformed.h"

#include "words.h"

namespace minnow::tool {

std::string inWords(const Transformed& transformed) {
  return fmt::format(
      "{} layer{} weights take {} more, and save {:.1f} % of the instructions by estimate",
      transformed.layers, transformed.layers == 1 ? "'s" : "s'", bytesInWords(transformed.bytes),
      100 * transformed.savings);
}

nlohmann::json toJson(const Transformed& transformed) {
  return {{"layers", transformed.layers},
          {"bytes", transformed.bytes},
          {"savings", transformed.savings}};
}

}  // namespace minnow::tool
