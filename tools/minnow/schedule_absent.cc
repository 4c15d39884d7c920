// In place of schedule.cc in builds without schedules.
#include "verbs.h"

namespace minnow::tool {

void addSchedule(CLI::App&) {}

}  // namespace minnow::tool
