// Filling inputs and reading outputs for a schedule.
#include "live.h"

#include <fmt/format.h>

#include <algorithm>

#include "agree.h"
#include "crop.h"
#include "network.h"
#include "pipeline.h"
#include "tiles.h"

namespace road {

using minnow::ModelRun;
using minnow::vision::Image;

namespace {

constexpr size_t kKept = 32;  // results of a model: more than a frame waits to be shown

LiveFrame& frameOf(ModelRun& run) {  // made as one that can be changed
  return *const_cast<LiveFrame*>(static_cast<const LiveFrame*>(run.captured().picture.get()));
}

std::vector<minnow::TensorView> outputsOf(const LiveModel& model, const minnow::Frame& frame) {
  std::vector<minnow::TensorView> outputs;
  for (const std::string& name : model.entry.outputs) outputs.push_back(frame.output(name));
  if (outputs.empty()) outputs.push_back(frame.output(0));
  return outputs;
}

/// The table's, or of several shapes the one that shows a picture largest, of a reader's the first.
std::pair<std::string, minnow::Shape> shapeFor(const ModelEntry& entry, int width, int height) {
  if (entry.live->shape.rank() > 0) return {entry.input, entry.live->shape};
  const auto scale = [&](const minnow::Shape& shape) {
    const auto extent = pictureExtent(entry.input, shape, entry.pre);
    return extent ? std::min(double(extent->first) / width, double(extent->second) / height) : 0;
  };
  const auto best = std::ranges::max_element(entry.shapes, {}, scale);
  return {entry.input, entry.of.empty() ? *best : entry.shapes.front()};
}

minnow::Result<minnow::vision::Placement> write(const Image& picture,
                                                const std::optional<minnow::vision::Rect>& crop,
                                                const ModelEntry& entry, ModelRun& run) {
  auto pre = preFor(run.inputs(), entry.input, entry.pre);
  if (!pre) return std::unexpected(std::move(pre.error()));
  pre->crop = crop;
  return minnow::vision::writeImage(picture.view(), *pre, run.frame().input(entry.input));
}

minnow::Result<void> fillWhole(LiveModel& model, ModelRun& run) {
  std::optional<minnow::vision::Rect> tile;
  if (!model.tiles.empty()) tile = model.tiles[static_cast<size_t>(run.crop())];
  auto placement = write(*frameOf(run).picture, tile, model.entry, run);
  if (!placement) return std::unexpected(std::move(placement.error()));
  model.placement = *placement;
  return {};
}

/// The feature that a reader's run is about; none while it is measured.
std::optional<Feature> featureOf(const LiveModel& model, ModelRun& run) {
  LiveFrame& frame = frameOf(run);
  const std::lock_guard lock(frame.mutex);
  const auto& features = frame.toRead[model.entry.name];
  const auto crop = static_cast<size_t>(run.crop());
  return crop < features.size() ? std::optional(features[crop]) : std::nullopt;
}

minnow::Result<void> fillCrop(LiveModel& model, ModelRun& run) {
  const std::optional<Feature> feature = featureOf(model, run);
  if (!feature) return fillWhole(model, run);
  const Image crop = cropFeature(*frameOf(run).picture, *feature, model.entry.margin);
  auto placement = write(crop, {}, model.entry, run);
  if (!placement) return std::unexpected(std::move(placement.error()));
  return {};
}

minnow::Result<std::vector<Feature>> decode(const LiveModel& model, ModelRun& run) {
  const Image& picture = *frameOf(run).picture;
  const auto outputs = outputsOf(model, run.frame());
  const auto extent =
      pictureExtent(model.entry.input, run.frame().input(model.entry.input).shape, model.entry.pre);
  if (!extent) return std::unexpected(extent.error());
  auto features = model.kind->decode({outputs, model.placement, extent->first, extent->second,
                                      picture.width, picture.height, model.entry.post});
  if (!features) return features;
  for (Feature& feature : *features) feature.model = model.network;
  return features;
}

/// What a reader is to read of what was found: the surest first, as many as can be cut out.
std::vector<Feature> forReader(const LiveModel& reader, const std::vector<Feature>& found) {
  std::vector<Feature> features;
  for (const Feature& feature : found)
    if (isMeant(reader.entry.of, feature)) features.push_back(feature);
  std::ranges::stable_sort(features, std::greater(), &Feature::score);
  return features;
}

using Readers = std::vector<const LiveModel*>;

minnow::Result<void> found(const LiveModel& model, const Readers& readers, Board& board,
                           ModelRun& run) {
  auto features = decode(model, run);
  if (!features) return std::unexpected(std::move(features.error()));
  LiveFrame& frame = frameOf(run);
  for (const LiveModel* reader : readers) {
    if (reader->looksAtTiles()) {
      const auto tiles = static_cast<int>(reader->tiles.size());
      if (auto ok = run.trigger(reader->entry.name, tiles); !ok) return ok;
      continue;
    }
    auto theirs = forReader(*reader, *features);
    const int crops = static_cast<int>(theirs.size());
    {
      const std::lock_guard lock(frame.mutex);
      frame.toRead[reader->entry.name] = std::move(theirs);
    }
    if (auto ok = run.trigger(reader->entry.name, crops); !ok) return ok;
    // A text box in which nothing was read is no text.
    if (reader->entry.kind == "text-line")
      std::erase_if(*features, [](const Feature& f) { return f.kind == "text"; });
    if (crops == 0) board.put(reader->entry.name, frame, {});
  }
  board.put(model.entry.name, frame, std::move(*features));
  return {};
}

/// Neighbours see the same things, which are told once all tiles were looked at.
minnow::Result<void> foundInTile(const LiveModel& model, Board& board, ModelRun& run) {
  auto features = decode(model, run);
  if (!features) return std::unexpected(std::move(features.error()));
  LiveFrame& frame = frameOf(run);
  std::vector<Feature> all;
  {
    const std::lock_guard lock(frame.mutex);
    auto& sofar = frame.read[model.entry.name];
    sofar.insert(sofar.end(), features->begin(), features->end());
    for (Shown& once : mergeAgreeing(sofar)) all.push_back(std::move(once.feature));
  }
  if (run.crop() + 1 == static_cast<int>(model.tiles.size()))
    board.put(model.entry.name, frame, std::move(all));
  return {};
}

minnow::Result<void> read(const LiveModel& model, Board& board, ModelRun& run) {
  std::optional<Feature> feature = featureOf(model, run);
  if (!feature) return {};
  const auto outputs = outputsOf(model, run.frame());
  std::vector<Feature> appended;
  if (auto ok = model.kind->read({outputs, model.entry.post}, *feature, appended); !ok) return ok;
  if (feature->kind == "text" && !feature->text.empty()) appended.push_back(*feature);
  for (Feature& one : appended) one.model = model.entry.name;
  LiveFrame& frame = frameOf(run);
  std::vector<Feature> all;
  {
    const std::lock_guard lock(frame.mutex);
    auto& read = frame.read[model.entry.name];
    read.insert(read.end(), appended.begin(), appended.end());
    all = read;
  }
  board.put(model.entry.name, frame, std::move(all));
  return {};
}

minnow::Result<LiveModel> openModel(ModelEntry entry,
                                    std::span<const std::filesystem::path> folders) {
  LiveModel model;
  model.file = findFile(folders, entry.convertedName());
  if (model.file.empty())
    return std::unexpected(minnow::Error{minnow::ErrorCode::NotFound,
                                         entry.convertedName() + " is in no --models-dir"});
  if (auto ok = readLabels(entry, folders); !ok) return std::unexpected(std::move(ok.error()));
  model.kind = findKind(entry.kind);
  model.entry = std::move(entry);
  return model;
}

}  // namespace

void Board::put(const std::string& model, const LiveFrame& frame, std::vector<Feature> features) {
  const std::lock_guard lock(mutex_);
  std::deque<Finding>& results = results_[model];
  if (!results.empty() && results.back().frame == frame.number) results.pop_back();
  results.push_back({frame.number, frame.captured, frame.scene, std::move(features)});
  if (results.size() > kKept) results.pop_front();
}

std::optional<Finding> Board::newest(const std::string& model, const LiveFrame& frame,
                                     std::chrono::duration<double> most) const {
  const std::lock_guard lock(mutex_);
  const auto results = results_.find(model);
  if (results == results_.end()) return std::nullopt;
  for (auto one = results->second.rbegin(); one != results->second.rend(); ++one) {
    if (one->frame > frame.number) continue;
    if (one->scene != frame.scene || frame.captured - one->captured > most) return std::nullopt;
    return *one;
  }
  return std::nullopt;
}

minnow::Result<LiveModels> LiveModels::open(const std::vector<ModelEntry>& table,
                                            std::span<const std::filesystem::path> folders,
                                            double streamRate,
                                            const std::function<void(const std::string&)>& say) {
  LiveModels out;
  for (const ModelEntry& entry : table) {
    if (!entry.live) continue;
    auto model = openModel(entry, folders);
    if (model && !entry.live->of.empty() && out.entryOf(entry.live->of) == nullptr)
      model = std::unexpected(
          minnow::Error{minnow::ErrorCode::NotFound,
                        "it reads what " + entry.live->of + " finds, which is not there"});
    if (!model) {
      say(fmt::format("left out: {} ({})", entry.name, model.error().message));
      continue;
    }
    const double rate =
        entry.live->of.empty() ? entry.live->rate : out.entryOf(entry.live->of)->live->rate;
    model->rate = std::min(rate, streamRate);
    model->network = entry.name;
    out.models_.push_back(std::move(*model));
  }
  out.addTiles();
  if (!out.models_.empty()) return out;
  return std::unexpected(minnow::Error{
      minnow::ErrorCode::NotFound, "no model of the table for streams is in the folders given"});
}

/// One of the same file for each that is to look at tiles too.
void LiveModels::addTiles() {
  for (size_t m = 0, count = models_.size(); m < count; ++m) {
    const auto after = std::ranges::find(models_, models_[m].entry.live->tilesAfter,
                                         [](const LiveModel& other) { return other.entry.name; });
    if (after == models_.end()) continue;
    LiveModel tiles = models_[m];
    tiles.entry.name = tiles.entry.task + " tiles";
    tiles.entry.live->rate = 0;
    tiles.entry.live->of = after->entry.name;
    tiles.entry.live->tilesAfter.clear();
    tiles.rate = after->rate;
    models_.push_back(std::move(tiles));
  }
}

const ModelEntry* LiveModels::entryOf(const std::string& name) const {
  for (const LiveModel& model : models_)
    if (model.entry.name == name) return &model.entry;
  return nullptr;
}

std::vector<minnow::ScheduledModel> LiveModels::scheduled(int width, int height, Board& board) {
  std::vector<minnow::ScheduledModel> out;
  for (LiveModel& model : models_) {
    const LiveEntry& live = *model.entry.live;
    if (model.looksAtTiles()) model.tiles = makeTiles(width, height, model.entry.tiles);
    minnow::ScheduledModel& one = out.emplace_back();
    one.name = model.entry.name;
    one.file = model.file;
    if (!model.entry.shapes.empty()) one.shapes = {shapeFor(model.entry, width, height)};
    one.rate = live.of.empty() ? model.rate : 0;
    one.deadlineMs = live.deadlineMs;
    one.priority = live.priority;
    one.of = live.of;
    one.mostCrops = live.of.empty() ? 1 : live.crops;
    one.evictable = live.evictable;
    if (model.kind->read != nullptr) {
      one.fill = [&model](ModelRun& run) { return fillCrop(model, run); };
      one.done = [&model, &board](ModelRun& run) { return read(model, board, run); };
      continue;
    }
    one.fill = [&model](ModelRun& run) { return fillWhole(model, run); };
    if (model.looksAtTiles()) {
      one.mostCrops = static_cast<int>(std::max<size_t>(model.tiles.size(), 1));
      one.done = [&model, &board](ModelRun& run) { return foundInTile(model, board, run); };
      continue;
    }
    Readers readers;
    for (const LiveModel& other : models_)
      if (other.entry.live->of == model.entry.name) readers.push_back(&other);
    one.done = [&model, &board, readers](ModelRun& run) {
      return found(model, readers, board, run);
    };
  }
  return out;
}

}  // namespace road
