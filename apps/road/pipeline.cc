// Opening the table's models and running them over a picture.
#include "pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agree.h"
#include "crop.h"
#include "tiles.h"

namespace road {

using minnow::Result;
using minnow::vision::Image;
using minnow::vision::ImageView;

bool isMeant(const std::vector<std::string>& of, const Feature& feature) {
  return std::any_of(of.begin(), of.end(), [&](const std::string& what) {
    return what == feature.kind || (feature.kind == "object" && what == feature.text);
  });
}

void dropCandidates(std::vector<Feature>& features,
                    const std::function<const ModelEntry*(const std::string&)>& entryOf) {
  const std::vector<Feature> all = features;
  const auto isSeconded = [&](const Feature& f) {
    return std::any_of(all.begin(), all.end(), [&](const Feature& other) {
      return other.model != f.model && agree(f, other);
    });
  };
  std::erase_if(features, [&](const Feature& f) {
    const ModelEntry* entry = entryOf(f.model);
    if (entry == nullptr || f.score >= entry->sure) return false;
    return f.score < entry->seconded || !isSeconded(f);
  });
}

namespace {

/// One inference over the whole picture or a part of it.
Result<void> decodePart(Worker& worker, const ImageView& picture,
                        std::optional<minnow::vision::Rect> part, std::vector<Feature>& found) {
  auto inference = worker.network.run(picture, part);
  if (!inference) return std::unexpected(inference.error());
  ++worker.runs;
  worker.milliseconds += inference->milliseconds;
  const Decoding decoding{inference->outputs,     inference->placement, inference->inputWidth,
                          inference->inputHeight, picture.width,        picture.height,
                          worker.entry.post};
  auto features = worker.kind->decode(decoding);
  if (!features) return std::unexpected(features.error());
  for (Feature& feature : *features) {
    feature.model = worker.entry.name;
    found.push_back(std::move(feature));
  }
  return {};
}

}  // namespace

Result<void> findFeatures(Worker& worker, const ImageView& picture,
                          std::vector<Feature>& features) {
  std::vector<Feature> found;
  if (auto ok = decodePart(worker, picture, std::nullopt, found); !ok) return ok;
  const auto tiles = makeTiles(picture.width, picture.height, worker.entry.tiles);
  for (const minnow::vision::Rect& tile : tiles)
    if (auto ok = decodePart(worker, picture, tile, found); !ok) return ok;
  if (tiles.empty()) {
    features.insert(features.end(), found.begin(), found.end());
  } else {  // neighbours see the same things
    for (Shown& once : mergeAgreeing(found)) features.push_back(std::move(once.feature));
  }
  return {};
}

Result<void> readFeatures(Worker& worker, const Image& picture, std::vector<Feature>& features) {
  std::vector<Feature> appended;
  for (Feature& feature : features) {
    if (!isMeant(worker.entry.of, feature)) continue;
    const Image crop = cropFeature(picture, feature, worker.entry.margin);
    if (crop.pixels.empty()) continue;
    auto inference = worker.network.run(crop.view());
    if (!inference) return std::unexpected(inference.error());
    ++worker.runs;
    worker.milliseconds += inference->milliseconds;
    const Reading reading{inference->outputs, worker.entry.post};
    const size_t before = appended.size();
    if (auto ok = worker.kind->read(reading, feature, appended); !ok) return ok;
    if (!feature.text.empty() && feature.kind == "text") feature.model = worker.entry.name;
    for (size_t i = before; i < appended.size(); ++i) appended[i].model = worker.entry.name;
  }
  for (Shown& once : mergeAgreeing(appended)) features.push_back(std::move(once.feature));
  return {};
}

namespace {

/// A text box in which nothing could be read is no text.
void dropUnread(std::vector<Feature>& features, bool textIsRead) {
  if (!textIsRead) return;
  std::erase_if(features, [](const Feature& f) { return f.kind == "text" && f.text.empty(); });
}

Result<Worker> findWorker(minnow::Runtime& runtime, ModelEntry entry,
                          std::span<const std::filesystem::path> folders) {
  const std::filesystem::path file = findFile(folders, entry.convertedName());
  if (!file.empty()) return openWorker(runtime, std::move(entry), file, folders);
  return std::unexpected(
      minnow::Error{minnow::ErrorCode::NotFound, entry.convertedName() + " is in no --models-dir"});
}

}  // namespace

Result<Worker> openWorker(minnow::Runtime& runtime, ModelEntry entry,
                          const std::filesystem::path& file,
                          std::span<const std::filesystem::path> folders) {
  if (auto ok = readLabels(entry, folders); !ok) return std::unexpected(ok.error());
  auto network = Network::open(runtime, entry, file);
  if (!network) return std::unexpected(network.error());
  const Kind* kind = findKind(entry.kind);
  return Worker{std::move(entry), kind, std::move(*network), 0, 0};
}

Result<Pipeline> Pipeline::open(minnow::Runtime& runtime, std::vector<ModelEntry> table,
                                std::span<const std::filesystem::path> folders,
                                const std::function<void(const std::string&)>& say) {
  Pipeline pipeline;
  for (ModelEntry& entry : table) {
    const std::string name = entry.name;
    auto worker = findWorker(runtime, std::move(entry), folders);
    if (worker)
      pipeline.workers_.push_back(std::move(*worker));
    else
      say(fmt::format("left out: {} ({})", name, worker.error().message));
  }
  if (pipeline.workers_.empty())
    return std::unexpected(minnow::Error{minnow::ErrorCode::NotFound,
                                         "no model of the table is in the folders given"});
  return pipeline;
}

std::vector<Feature> Pipeline::process(const Image& picture,
                                       const std::function<void(const std::string&)>& progress,
                                       const std::function<void(const std::string&)>& say) {
  std::vector<Feature> features;
  bool textIsRead = false;
  for (Worker& worker : workers_) {
    progress(worker.entry.name);
    const auto ok = worker.kind->decode ? findFeatures(worker, picture.view(), features)
                                        : readFeatures(worker, picture, features);
    if (!ok) say(fmt::format("{}: {}", worker.entry.name, ok.error().message));
    textIsRead = textIsRead || (ok && worker.entry.kind == "text-line");
  }
  dropUnread(features, textIsRead);
  dropCandidates(features, [&](const std::string& name) -> const ModelEntry* {
    const auto worker = std::find_if(workers_.begin(), workers_.end(),
                                     [&](const Worker& w) { return w.entry.name == name; });
    return worker == workers_.end() ? nullptr : &worker->entry;
  });
  return features;
}

}  // namespace road
