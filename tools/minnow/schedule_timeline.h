// What a schedule did when: a row for the frames that came, one for each unit, one for each model, with
// arrows from frames to results and a mark for every drop.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "minnow/schedule.h"

namespace minnow::tool {

class ScheduleTimeline {
 public:
  /// One after another.
  void note(const ScheduleEvent& event);
  /// With the names of models and units. The file's content, for Perfetto.
  std::string file(const std::string& schedule, const std::vector<std::string>& models,
                   const std::vector<std::string>& units) const;

 private:
  /// Pieces of one model's run that nothing went between.
  struct Stretch {
    ScheduleEvent event;
    int pieces = 0;
  };
  std::vector<Stretch> stretches_;
  std::map<int, size_t> last_;  // of each unit
  std::vector<ScheduleEvent> others_;
};

}  // namespace minnow::tool
