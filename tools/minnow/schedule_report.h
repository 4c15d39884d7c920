// A schedule's admission and status as tables of text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "minnow/schedule.h"

namespace minnow::tool {

/// A line for each model, and what they ask for together.
std::string admissionInWords(const Schedule& schedule, const std::vector<Admission>& admission);
std::string statusInWords(const Schedule& schedule, const ScheduleStatus& status);

nlohmann::ordered_json scheduleJson(const Schedule& schedule,
                                    const std::vector<Admission>& admission,
                                    const ScheduleStatus& status);

}  // namespace minnow::tool
