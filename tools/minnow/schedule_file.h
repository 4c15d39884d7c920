// A schedule as a TOML file: models with their rates, deadlines and priorities (docs/scheduling.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "minnow/image.h"
#include "minnow/schedule.h"
#include "model.h"

namespace minnow::tool {

struct ScheduleEntry {
  ScheduledModel model;  ///< without callbacks
  vision::PreProcess picture;
  std::vector<std::string> shapes;  ///< as --shape has them, for an ONNX file
  AlignedBytes bytes;               ///< of one that was converted
};

struct ScheduleFile {
  ScheduleOptions options;
  std::vector<ScheduleEntry> models;
};

/// Failure that names file, line and key, what is there and what was expected. Paths are relative to
/// the file.
ScheduleFile readScheduleFile(const std::filesystem::path& path);

}  // namespace minnow::tool
