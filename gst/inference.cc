// Opening a model by its entry of a table, and running it as the demo's pipeline does.
#include "inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "minnow/elements.h"
#include "picture.h"

namespace minnowgst {

using minnow::Error;
using minnow::ErrorCode;
using minnow::Result;
using road::Feature;
using road::ModelEntry;
namespace fs = std::filesystem;

namespace {

std::unexpected<Error> wrong(const std::string& message) {
  return std::unexpected(Error{ErrorCode::InvalidArgument, message});
}

/// The table's entry of this file, or its only one.
Result<ModelEntry> entryFor(const fs::path& model, const fs::path& config) {
  auto table = road::readTable(config);
  if (!table) return std::unexpected(table.error());
  const auto entry = std::ranges::find_if(
      *table, [&](const ModelEntry& e) { return e.convertedName() == model.filename(); });
  if (entry != table->end()) return *entry;
  if (table->size() == 1) return table->front();
  std::string names;
  for (const ModelEntry& e : *table) names += "\n  " + e.convertedName();
  return wrong(fmt::format("{} has no entry for a model file `{}`; it has them for{}",
                           config.string(), model.filename().string(), names));
}

/// Without a table: the model's first input takes the picture, stretched, 0 to 255.
ModelEntry entryWithoutTable(const fs::path& model) {
  ModelEntry entry;
  entry.name = model.stem();
  entry.kind = "tensors";
  return entry;
}

Result<std::shared_ptr<minnow::Runtime>> newRuntime(const Settings& settings) {
  auto runtime =
      minnow::Runtime::create({.threads = settings.threads, .memoryBudget = settings.budget});
  if (!runtime) return std::unexpected(runtime.error());
  return std::make_shared<minnow::Runtime>(std::move(*runtime));
}

/// The process's runtime of that name, while somebody has it.
Result<std::shared_ptr<minnow::Runtime>> runtimeFor(const Settings& settings) {
  if (settings.runtime.empty()) return newRuntime(settings);
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<minnow::Runtime>> named;
  const std::lock_guard lock(mutex);
  std::weak_ptr<minnow::Runtime>& slot = named[settings.runtime];
  if (auto shared = slot.lock()) {
    const minnow::RuntimeOptions& options = shared->options();
    if (options.threads == settings.threads && options.memoryBudget == settings.budget)
      return shared;
    return wrong(
        fmt::format("runtime `{}` has threads={} budget={}, this element wants threads={} "
                    "budget={}: elements that share a runtime say the same",
                    settings.runtime, options.threads, options.memoryBudget, settings.threads,
                    settings.budget));
  }
  auto made = newRuntime(settings);
  if (made) slot = *made;
  return made;
}

Result<Output> copyOf(const std::string& name, const minnow::TensorView& view) {
  Output out{name, view.type, view.shape, std::vector<std::byte>(view.bytes())};
  if (auto ok = minnow::readTensor(view, out.bytes); !ok) return std::unexpected(ok.error());
  return out;
}

}  // namespace

Result<Model> Model::open(const Settings& settings) {
  if (settings.model.empty()) return wrong("property `model` has to name a .minnow file");
  const fs::path file = settings.model, config = settings.config;
  auto entry = settings.config.empty() ? entryWithoutTable(file) : entryFor(file, config);
  if (!entry) return std::unexpected(entry.error());
  auto runtime = runtimeFor(settings);
  if (!runtime) return std::unexpected(runtime.error());
  const std::vector<fs::path> folders{config.parent_path(), file.parent_path()};
  auto worker = road::openWorker(**runtime, std::move(*entry), file, folders);
  if (!worker) return std::unexpected(worker.error());
  return Model(std::move(*runtime), std::move(*worker));
}

Result<Found> Model::tensors(const minnow::vision::ImageView& picture) {
  auto inference = worker_.network.run(picture);
  if (!inference) return std::unexpected(inference.error());
  Found found;
  for (size_t i = 0; i < inference->outputs.size(); ++i) {
    auto output = copyOf(worker_.network.outputs()[i], inference->outputs[i]);
    if (!output) return std::unexpected(output.error());
    found.outputs.push_back(std::move(*output));
  }
  return found;
}

Result<Found> Model::run(const minnow::vision::ImageView& picture, std::vector<Feature> before) {
  if (entry().kind == "tensors") return tensors(picture);
  Found found;
  if (worker_.kind->decode != nullptr) {
    if (auto ok = road::findFeatures(worker_, picture, found.features); !ok)
      return std::unexpected(ok.error());
    // what another model seconds stays
    found.features.insert(found.features.begin(), before.begin(), before.end());
    road::dropCandidates(found.features, [&](const std::string& name) {
      return name == entry().name ? &entry() : nullptr;
    });
    found.features.erase(found.features.begin(),
                         found.features.begin() + static_cast<ptrdiff_t>(before.size()));
    return found;
  }
  const auto rgb = rgbOf(picture);
  if (!rgb) return std::unexpected(rgb.error());
  const size_t count = before.size();
  if (auto ok = road::readFeatures(worker_, *rgb, before); !ok) return std::unexpected(ok.error());
  found.features.assign(before.begin() + static_cast<ptrdiff_t>(count), before.end());
  before.resize(count);
  found.changed = std::move(before);
  return found;
}

}  // namespace minnowgst
