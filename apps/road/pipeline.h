// All models of the table over one picture, in the table's order: models that look at the whole
// picture find features, models with `of` read crops of features found before them.
#pragma once

#include <functional>

#include "feature.h"
#include "network.h"
#include "post/kinds.h"

namespace road {

/// A model and what it has done so far.
struct Worker {
  ModelEntry entry;
  const Kind* kind = nullptr;
  Network network;
  int runs = 0;
  double milliseconds = 0;
};

/// A model of the table, made from this file; its labels lie beside the table or in the folders.
minnow::Result<Worker> openWorker(minnow::Runtime& runtime, ModelEntry entry,
                                  const std::filesystem::path& file,
                                  std::span<const std::filesystem::path> folders);
/// Appends what a model finds in the picture and in its tiles.
minnow::Result<void> findFeatures(Worker& worker, const minnow::vision::ImageView& picture,
                                  std::vector<Feature>& features);
/// A model reads crops of the features meant for it: it changes them and appends others.
minnow::Result<void> readFeatures(Worker& worker, const minnow::vision::Image& picture,
                                  std::vector<Feature>& features);

/// Whether a model that reads such features reads this one.
bool isMeant(const std::vector<std::string>& of, const Feature& feature);
/// Candidates have served their purpose when all models have run; what another model seconds stays.
void dropCandidates(std::vector<Feature>& features,
                    const std::function<const ModelEntry*(const std::string& model)>& entryOf);

class Pipeline {
 public:
  /// Loads what is there. `say` gets a line for each model that is left out, and why.
  static minnow::Result<Pipeline> open(minnow::Runtime& runtime, std::vector<ModelEntry> table,
                                       std::span<const std::filesystem::path> folders,
                                       const std::function<void(const std::string&)>& say);
  /// `progress` gets each model's name before it runs; a model that fails says so and is passed
  /// over.
  std::vector<Feature> process(const minnow::vision::Image& picture,
                               const std::function<void(const std::string&)>& progress,
                               const std::function<void(const std::string&)>& say);
  const std::vector<Worker>& workers() const { return workers_; }

 private:
  std::vector<Worker> workers_;
};

}  // namespace road
