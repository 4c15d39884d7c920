// What is written beside the annotated pictures: features.jsonl, one feature a line, and
// report.html, one page with everything in it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agree.h"
#include "minnow/image.h"
#include "pipeline.h"

namespace road {

/// One picture's results.
struct PictureResult {
  std::string name;
  int width = 0, height = 0;
  double milliseconds = 0;         ///< all models and their post-processing
  std::vector<std::byte> preview;  ///< the annotated picture as a JPEG
  std::vector<Feature> features;
  std::vector<Shown> shown;
};

/// {"model", "kind", "box" or "line" or "polygon", "text" or "class", "score"}
nlohmann::ordered_json toJson(const Feature& feature);
/// The same after "picture", and a newline.
std::string featureLine(const std::string& picture, const Feature& feature);

/// `held`: what the runtime held at most.
std::string reportPage(const std::vector<PictureResult>& pictures,
                       const std::vector<Worker>& workers, const minnow::MemoryLedger& held,
                       int threads);

}  // namespace road
