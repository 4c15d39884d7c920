// A stream from its source to a video of what was found.
#pragma once

#include <filesystem>
#include <functional>
#include <span>

#include "table.h"

namespace road {

struct LiveOptions {
  std::string input;            ///< as frames::Source::open has it
  std::filesystem::path video;  ///< to be written
  double seconds = 0;           ///< 0: once through, or ten seconds of what has no end
  double hold = 2;              ///< seconds that a picture of a folder is shown
  double delay = 0.2;           ///< seconds from the capture until a frame is shown
  int threads = 1;
  size_t memoryBudget = 0;
};

/// `say` gets what people want to know, line by line.
minnow::Result<void> runLive(const std::vector<ModelEntry>& table,
                             std::span<const std::filesystem::path> folders,
                             const LiveOptions& options,
                             const std::function<void(const std::string&)>& say);

}  // namespace road
