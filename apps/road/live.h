// The table's models on a stream, by a schedule: what each found, and when.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "feature.h"
#include "minnow/schedule.h"
#include "post/kinds.h"
#include "table.h"

namespace road {

/// A frame under way. Readers read what was found in it.
struct LiveFrame {
  std::shared_ptr<const minnow::vision::Image> picture;
  std::chrono::steady_clock::time_point captured;
  uint64_t number = 0;
  int scene = 0;  ///< another one after a cut: what was found before belongs to something else

  std::mutex mutex;
  std::map<std::string, std::vector<Feature>> toRead;  ///< by reader
  std::map<std::string, std::vector<Feature>> read;
};

/// What a model found in a frame.
struct Finding {
  uint64_t frame = 0;
  std::chrono::steady_clock::time_point captured;
  int scene = 0;
  std::vector<Feature> features;
};

/// The newest results of every model. Any thread.
class Board {
 public:
  void put(const std::string& model, const LiveFrame& frame, std::vector<Feature> features);
  /// The newest that was found in this frame, or in one of its scene before it and no longer than `most` ago.
  std::optional<Finding> newest(const std::string& model, const LiveFrame& frame,
                                std::chrono::duration<double> most) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Finding>> results_;
};

/// A model of the table with what its callbacks need.
struct LiveModel {
  ModelEntry entry;
  std::string network;  ///< whose findings these are: two may be of one
  const Kind* kind = nullptr;
  std::filesystem::path file;
  double rate = 0;                      ///< that it has on this stream; of a reader its finder's
  minnow::vision::Placement placement;  ///< of the run that is under way
  std::vector<minnow::vision::Rect>
      tiles{};  ///< at which it looks one by one, in place of the whole frame

  /// After another model's frames.
  bool looksAtTiles() const { return kind->read == nullptr && !entry.live->of.empty(); }
};

class LiveModels {
 public:
  /// Those of the table that have a place in a stream and a file. `say` gets a line for each that is left out.
  static minnow::Result<LiveModels> open(const std::vector<ModelEntry>& table,
                                         std::span<const std::filesystem::path> folders,
                                         double streamRate,
                                         const std::function<void(const std::string&)>& say);

  /// For a schedule of frames whose `picture` is a LiveFrame, of this size. Both live as long as it does.
  std::vector<minnow::ScheduledModel> scheduled(int width, int height, Board& board);

  const std::deque<LiveModel>& all() const { return models_; }
  const ModelEntry* entryOf(const std::string& name) const;

 private:
  void addTiles();
  std::deque<LiveModel> models_;  // callbacks point to them
};

}  // namespace road
