// The stages of a life as bars: what the ledger holds beside what the system sees.
#pragma once

#include <span>
#include <string>

#include "memory_facts.h"

namespace minnow::tool {

/// Part of a page that has drawingStyle(). The system's figures are differences to the first stage;
/// those that fell are drawn as 0.
std::string drawStages(std::span<const Stage> stages);

}  // namespace minnow::tool
