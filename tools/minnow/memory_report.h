// What `minnow memory` says: for people, for programs, and as a page.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "budget.h"
#include "memory_facts.h"

namespace minnow::tool {

struct MemoryFindings {
  std::vector<ModelFacts> models{};
  std::optional<Life> resident{};  ///< of all models at once, where there are several and they ran
  size_t concurrency = 1;
  std::optional<Verdict> verdict{};
  std::string refusal{};  ///< the runtime's own words, where it was given a budget and refused

  /// Static and dynamic bytes at `concurrency`.
  size_t predictedPeak() const;
  /// The verdict and what its total is made of.
  std::string verdictInWords() const;
  /// The ledger's; nothing if nothing ran.
  std::optional<size_t> measuredPeak() const;
};

std::string asText(const MemoryFindings& findings);
nlohmann::json asJson(const MemoryFindings& findings);
/// One HTML file that needs no other.
std::string asPage(const MemoryFindings& findings);
/// The drawings of all models, one below the other.
std::string asSvg(const MemoryFindings& findings);

}  // namespace minnow::tool
