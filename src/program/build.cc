// Making a program: memory as planning lays it out, kernels as back-ends prepare them, addresses as
// the planner gives them.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/aligned.h"
#include "base/fail.h"
#include "memory/planner.h"
#include "program/paths.h"
#include "program/placement.h"
#include "program/program.h"

namespace minnow::program {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// How many strides back an equal one is looked for.
constexpr ptrdiff_t kNeighbours = 8;

/// Copies a tensor across, or begins to.
class Crossing final : public backend::Kernel {
 public:
  Crossing(const backend::DeviceMemory& memory, bool fromDevice, bool toDevice)
      : memory_(memory), fromDevice_(fromDevice), toDevice_(toDevice) {}
  const char* name() const override { return toDevice_ ? "to-device" : "from-device"; }
  size_t workspaceBytes() const override { return 0; }
  size_t heapBytes() const override { return sizeof(Crossing); }
  Result<backend::Event> run(const kernels::KernelArgs& args) const override {
    const TensorView &from = args.inputs[0], &to = args.outputs[0];
    if (toDevice_) return memory_.upload(from, *args.block, to);
    if (fromDevice_) return memory_.download(*args.block, from, to);
    copyTensor(from, to);  // a view of a constant
    return backend::kDone;
  }

 private:
  const backend::DeviceMemory& memory_;
  bool fromDevice_, toDevice_;
};

class Builder {
 public:
  Builder(const ir::Graph& graph, std::span<const TensorType> types, const Options& options,
          const Placement& placement, std::span<const Lane> lanes, planning::MemoryLayout layout)
      : graph_(graph),
        graphTypes_(types),
        options_(options),
        placement_(placement),
        layout_(std::move(layout)) {
    program_.graph = &graph;
    program_.lanes.assign(lanes.begin(), lanes.end());
    const auto own = [](const ir::Value& value, const TensorType& type) {
      return value.type == type;
    };
    if (!std::ranges::equal(graph.values, types, own))
      program_.types.assign(types.begin(), types.end());
    program_.strips = planning::StripTables(layout_);
    for (const planning::Buffer& buffer : layout_.buffers) program_.buffers.push_back({buffer});
  }

  Result<std::shared_ptr<const Program>> build() {
    program_.placed = placement_.graph;
    if (backend::kHasDevices) placeOnDevice();
    placeValues();
    program_.guards = findGuards(graph_, layout_.chainOf, layout_.order);
    program_.inputs = infosOf(graph_.inputs);
    program_.outputs = infosOf(graph_.outputs);
    for (size_t i = 0; i < graph_.outputs.size(); ++i)
      program_.outputs[i].name = graph_.outputNames[i];
    program_.steps.resize(graph_.nodes.size());
    if (backend::kHasDevices) prepared_.resize(graph_.nodes.size());
    for (size_t n = 0; n < graph_.nodes.size(); ++n)
      if (auto ok = addStep(static_cast<int>(n)); !ok) return passOn(ok);
    placeBuffers();
    if (backend::kHasDevices)
      if (auto ok = joinSteps(); !ok) return passOn(ok);
    program_.buffers.shrink_to_fit();
    program_.strides.shrink_to_fit();
    program_.stripAxes.shrink_to_fit();
    return std::make_shared<const Program>(std::move(program_));
  }

 private:
  void placeOnDevice() {
    program_.refusals = placement_.refusals;
    if (placement_.sides.empty()) return;
    program_.crossed = placement_.crossed;
    for (const backend::Backend* device : options_.backends)
      if (device->memory() != nullptr && std::ranges::count(placement_.devices, device) > 0)
        program_.devices.push_back(device);
    program_.devices.shrink_to_fit();
    program_.inHalves = options_.inHalves;
    for (size_t n = 0; n < graph_.nodes.size(); ++n)
      for (const ValueId id : graph_.nodes[n].outputs)
        if (const int32_t buffer = bufferOf(id); buffer != kNone && writesDevice(n))
          program_.buffers[buffer].device = deviceAt(n);
  }

  /// Index into the program's devices.
  int8_t deviceAt(size_t n) const {
    if (sideOf(n) == Side::Host) return kNone;
    const auto found = std::ranges::find(program_.devices, placement_.devices[n]);
    return static_cast<int8_t>(found - program_.devices.begin());
  }

  Side sideOf(size_t n) const {
    return !backend::kHasDevices || placement_.sides.empty() ? Side::Host : placement_.sides[n];
  }
  bool writesDevice(size_t n) const {
    return sideOf(n) == Side::Device || sideOf(n) == Side::Entering;
  }
  int32_t bufferOf(ValueId id) const {
    return id == kNoValue ? kNone : layout_.storage.places[id].buffer;
  }

  void placeValues() {
    program_.places.resize(graph_.values.size());
    for (size_t v = 0; v < graph_.values.size(); ++v) placeValue(static_cast<ValueId>(v));
  }

  void placeValue(ValueId id) {
    const planning::Place& planned = layout_.storage.places[id];
    Place& place = program_.places[id];
    place.buffer = planned.buffer;
    const size_t offset =
        static_cast<size_t>(planned.storage.offset) * elementSize(program_.storedAs(id));
    if (planned.buffer != kNone)
      place.byteOffset = offset;
    else if (planned.constant != kNoValue)
      place.constant =
          const_cast<std::byte*>(graph_.values[planned.constant].constant->bytes.data()) + offset;
    place.strides = stridesIndex(planned.storage.strides);
    place.packing = graph_.values[id].packing;
    if (!layout_.dataSizes.isFromData(id)) return;
    place.actual = static_cast<int32_t>(program_.sizedByData.size());
    program_.sizedByData.push_back(id);
  }

  /// Many neighbours have the same.
  int32_t stridesIndex(const Strides& strides) {
    std::vector<Strides>& all = program_.strides;
    const auto last = all.rbegin(), end = last + std::min<ptrdiff_t>(kNeighbours, std::ssize(all));
    const auto found = std::find(last, end, strides);
    if (found != end) return static_cast<int32_t>(all.rend() - found) - 1;
    all.push_back(strides);
    return static_cast<int32_t>(all.size()) - 1;
  }

  std::vector<TensorInfo> infosOf(std::span<const ValueId> ids) const {
    std::vector<TensorInfo> infos;
    infos.reserve(ids.size());
    for (const ValueId id : ids) {
      const TensorType& type = program_.typeOf(id);
      infos.push_back(
          {graph_.values[id].name.str(), type.type, type.shape, graph_.quantisationOf(id)});
    }
    return infos;
  }

  Result<void> addStep(int n) {
    const ir::Node& node = graph_.nodes[n];
    Step& step = program_.steps[n];
    step.sizedByData = layout_.dataSizes.concerns(node);
    if (node.op->facts().takesAttributes)
      step.settled = static_cast<int32_t>(program_.settledSteps++);
    program_.mostOperands =
        std::max(program_.mostOperands, node.inputs.size() + node.outputs.size());
    joinChain(n);
    if (layout_.storage.isView[n]) return {};
    if (auto ok = prepare(n); !ok)
      return fail(ok.error().code, "node '", node.name, "' (", node.op->name(),
                  "): ", ok.error().message);
    return {};
  }

  /// Steps of operators that stand alone see nothing but a strip of their tensors.
  void joinChain(int n) {
    const ir::Node& node = graph_.nodes[n];
    if (layout_.chainOf[n] < 0 || !node.op->facts().rowsStandAlone) return;
    const planning::ChainSchedule& chain = layout_.chains[layout_.chainOf[n]];
    program_.steps[n].stripAxes = static_cast<int32_t>(program_.stripAxes.size());
    for (const planning::StripReads& read : chain.readsOf(n))
      program_.stripAxes.push_back(static_cast<int8_t>(read.axis));
    program_.stripAxes.insert(program_.stripAxes.end(), node.outputs.size(),
                              static_cast<int8_t>(chain.axis(n)));
  }

  Result<void> prepare(int n) {
    Step& step = program_.steps[n];
    findWorks(n);
    const auto backend = choose(n);
    if (!backend) return passOn(backend);
    auto kernel = prepare(n, **backend);
    if (!kernel) return passOn(kernel);
    step.backend = *backend;
    step.device = deviceAt(static_cast<size_t>(n));
    if (backend::kHasDevices && sideOf(n) == Side::Device) prepared_[n] = kernel->get();
    step.kernel = std::move(*kernel);
    addWorkspace(n);
    return {};
  }

  Result<const backend::Backend*> choose(int n) const {
    if (sideOf(n) != Side::Host) return placement_.devices[n];
    const std::span list(options_.backends);
    return backend::choose(list.subspan(backend::kHasDevices ? devicesIn(list) : 0), works_);
  }

  Result<std::unique_ptr<backend::Kernel>> prepare(int n, const backend::Backend& backend) {
    if (sideOf(n) == Side::Host || sideOf(n) == Side::Device) return backend.prepare(works_);
    const ir::Node& node = graph_.nodes[n];
    return std::make_unique<Crossing>(*backend.memory(), program_.isOnDevice(node.inputs[0]),
                                      program_.isOnDevice(node.outputs[0]));
  }

  /// A band is one thread's.
  int threadsAt(int n) const {
    return program_.strips.bandsAt(n) > 1 ? 1 : layout_.order.threadsAt(n, options_.threads);
  }

  /// One for each band, side by side.
  void addWorkspace(int n) {
    const size_t bytes = program_.steps[n].kernel->workspaceBytes();
    if (bytes == 0) return;
    const int bands = program_.strips.bandsAt(n);
    program_.steps[n].workspace = static_cast<int32_t>(program_.buffers.size());
    for (int band = 0; band < bands; ++band)
      program_.buffers.push_back(
          {{bytes, n, n, -1, bands > 1 ? band : planning::Buffer::kAll}, 0, deviceAt(n)});
  }

  /// What the operator is called on: whole tensors, or strips of each height that occurs.
  void findWorks(int n) {
    const ir::Node& node = graph_.nodes[n];
    heights_.assign(1, 0);
    if (program_.steps[n].stripAxes != kNone) heights_ = program_.strips.stripHeights(n);
    views_.clear(), types_.clear(), works_.clear();
    if (backend::kHasDevices)
      joined_ = planning::joinedInputs(node, graphTypes_, layout_.storage.places);
    for (const int64_t rows : heights_) addViews(n, rows);
    const size_t in = node.inputs.size(), out = node.outputs.size();
    for (size_t form = 0; form < heights_.size(); ++form) {
      const std::span views = std::span(views_).subspan(form * (in + out), in + out);
      const std::span types = std::span(types_).subspan(form * (in + out), in + out);
      works_.push_back({*node.op,
                        views.first(in),
                        views.last(out),
                        types.first(in),
                        types.last(out),
                        {threadsAt(n), mostRows(n)},
                        program_.steps[n].sizedByData,
                        joined_,
                        true});
    }
  }

  /// Of the operands; `rows` 0 for whole tensors.
  void addViews(int n, int64_t rows) {
    const ir::Node& node = graph_.nodes[n];
    int32_t axis = program_.steps[n].stripAxes;
    const auto add = [&](ValueId id) {
      TensorView& view = views_.emplace_back();
      program_.bindView(id, view);
      if (rows > 0 && program_.stripAxes[axis] >= 0) view.shape[program_.stripAxes[axis]] = rows;
      types_.push_back({id == kNoValue ? view.type : program_.typeOf(id).type, view.shape});
      axis += rows > 0;
    };
    std::ranges::for_each(node.inputs, add);
    std::ranges::for_each(node.outputs, add);
  }

  /// The most rows of whole tensors that a call computes.
  kernels::OutputRows mostRows(int n) const {
    if (!program_.computesRowsOfWhole(n)) return {};
    return {0, std::max<int64_t>(1, program_.strips.mostRows(n))};
  }

  void placeBuffers() {
    const memory::Placement arena = placeBuffers(kNone);
    program_.placedBytes = arena.bytes;
    program_.lowerBoundBytes = arena.lowerBound;
    program_.blockBytes.reserve(program_.devices.size());
    for (int32_t device = 0; device < std::ssize(program_.devices); ++device)
      program_.blockBytes.push_back(placeBuffers(device).bytes);
  }

  /// Tells each device of its kernels, and where their tensors lie.
  Result<void> joinSteps() {
    for (size_t device = 0; device < program_.devices.size(); ++device) {
      std::vector<backend::PlacedKernel> steps;
      std::vector<std::vector<TensorView>> views;  // that steps refer to
      views.reserve(graph_.nodes.size());
      for (size_t n = 0; n < graph_.nodes.size(); ++n)
        if (program_.steps[n].kernel) {
          const bool isThere = prepared_[n] && program_.steps[n].device == static_cast<int>(device);
          steps.push_back(isThere ? placedKernel(n, views.emplace_back())
                                  : backend::PlacedKernel{});
        }
      if (auto ok = program_.devices[device]->join(steps); !ok) return ok;
    }
    return {};
  }

  backend::PlacedKernel placedKernel(size_t n, std::vector<TensorView>& views) const {
    const ir::Node& node = graph_.nodes[n];
    const auto add = [&](ValueId id) {
      program_.bindView(id, views.emplace_back());
      if (id != kNoValue && bufferOf(id) != kNone)
        views.back().data = distance(bufferOf(id), program_.places[id].byteOffset);
    };
    std::ranges::for_each(node.inputs, add);
    std::ranges::for_each(node.outputs, add);
    const std::span all(views);
    backend::PlacedKernel placed{prepared_[n], all.first(node.inputs.size()),
                                 all.subspan(node.inputs.size())};
    if (const int32_t at = program_.steps[n].workspace; at != kNone)
      placed.workspace = {distance(at, 0), program_.buffers[at].bytes};
    return placed;
  }

  /// In a block.
  std::byte* distance(int32_t buffer, size_t offset) const {
    return reinterpret_cast<std::byte*>(program_.buffers[buffer].offset + offset);
  }

  memory::Placement placeBuffers(int32_t device) {
    const auto isOne = [&](const Buffer& buffer) {
      return buffer.first != planning::Buffer::kUnused && buffer.device == device;
    };
    std::vector<memory::Interval> intervals;
    std::vector<planning::Buffer> used;
    for (const Buffer& buffer : program_.buffers) {
      if (!isOne(buffer)) continue;
      intervals.push_back({buffer.bytes, buffer.first, buffer.last});
      used.push_back(buffer);
    }
    memory::Placement placed =
        memory::planArena(intervals, planning::besides(used, layout_.chainOf, layout_.order));
    auto offset = placed.offsets.begin();
    for (Buffer& buffer : program_.buffers)
      if (isOne(buffer)) buffer.offset = *offset++;
    return placed;
  }

  const ir::Graph& graph_;
  std::span<const TensorType> graphTypes_;
  const Options& options_;
  const Placement& placement_;
  planning::MemoryLayout layout_;
  Program program_;
  std::vector<int64_t> heights_;   // of strips that the step at hand makes; 0: whole tensors
  std::vector<TensorView> views_;  // of the step at hand, form by form
  std::vector<TensorType> types_;  // likewise
  std::vector<char> joined_;       // by input of the step at hand
  std::vector<backend::Kernel*> prepared_;  // by step of a device
  std::vector<backend::Work> works_;        // by form
};

/// All buffers side by side: no offset in an arena can be larger, so none wraps where size_t has 32
/// bits.
uint64_t bytesWithoutSharing(const Program& program) {
  uint64_t sum = 0;
  for (const Buffer& buffer : program.buffers) sum += buffer.bytes + base::kAlignment;
  return sum;
}

using Built = Result<std::shared_ptr<const Program>>;

/// Whole layers, and programs in strips that take no more memory.
class Choice {
 public:
  Choice(planning::Layouts& layouts, const Options& options, const Placement& placement,
         std::span<const Lane> lanes)
      : layouts_(layouts),
        options_(options),
        placement_(placement),
        lanes_(lanes),
        leastOfLayers_(std::ranges::max(planning::aliveBytes(layouts.layers()))) {}

  const Built& layers() {
    if (!layers_) layers_ = make(layouts_.layers());
    return *layers_;
  }

  /// The same where bands save threads from meeting, or strips save memory enough to meet at every
  /// layer of every strip: PP-OCR's recogniser saved 4 % of it and took 7 % longer, or 18 % on cores
  /// without a common cache.
  Built worthSharing(Built program) {
    constexpr size_t kLeastSaved = 8;  // an eighth
    if (!program || options_.threads == 1 || (*program)->strips.mostBands() > 1) return program;
    const bool saves = (*program)->placedBytes <= leastOfLayers_ - leastOfLayers_ / kLeastSaved;
    return saves ? program : layers();
  }

  /// Null if it takes more. To prepare kernels for whole layers takes as long as for strips, so that
  /// is done only where the sum of what they have alive does not tell.
  Built within(planning::MemoryLayout layout) {
    if (layout.chains.empty()) return layers();
    auto program = make(std::move(layout));
    if (!program || (*program)->placedBytes <= leastOfLayers_) return program;
    if (!layers()) return layers();
    return (*program)->placedBytes <= (*layers())->placedBytes ? program : nullptr;
  }

 private:
  Built make(planning::MemoryLayout layout) const {
    const ir::Graph& graph = layouts_.graph();
    auto program =
        Builder(graph, layouts_.types(), options_, placement_, lanes_, std::move(layout)).build();
    if (!program) return program;
    if (const uint64_t bytes = bytesWithoutSharing(**program); bytes > SIZE_MAX)
      return fail(ErrorCode::OutOfMemory, graph.name, ": its feature maps have ", bytes,
                  " bytes, this CPU addresses ", SIZE_MAX, "; give it smaller inputs");
    return program;
  }

  planning::Layouts& layouts_;
  const Options& options_;
  const Placement& placement_;
  std::span<const Lane> lanes_;
  size_t leastOfLayers_;
  std::optional<Built> layers_;
};

Built build(const ir::Graph& graph, const std::vector<TensorType>& types, const Options& options,
            const Placement& placement, Lanes lanes) {
  planning::Layouts layouts(graph, types, std::move(lanes.order),
                            placement.stored.empty() ? nullptr : &placement.stored);
  Choice choice(layouts, options, placement, lanes.lanes);
  if (!options.inStrips || graph.chains.empty()) return choice.layers();
  // A band for each thread if possible, else strips as tall as threads want them, but never at the
  // price of more memory than whole layers take.
  if (options.threads > 1)
    if (auto program = choice.within(layouts.inBands(options.threads)); !program || *program)
      return choice.worthSharing(std::move(program));
  for (int rowsFactor = options.threads; rowsFactor > 0; rowsFactor /= 2)
    if (auto program = choice.within(layouts.inStrips(rowsFactor)); !program || *program)
      return choice.worthSharing(std::move(program));
  return choice.layers();
}

/// By node, the devices where its path, or the session, would have it.
std::vector<std::span<const backend::Backend* const>> devicesWanted(size_t nodes,
                                                                    std::span<const int> pathOf,
                                                                    const Options& options) {
  const std::span list(options.backends);
  const auto rest = list.first(std::min(devicesIn(list), options.restDevices));
  std::vector<std::span<const backend::Backend* const>> wanted(nodes, rest);
  for (size_t n = 0; n < pathOf.size(); ++n)
    if (pathOf[n] >= 0) wanted[n] = options.paths[pathOf[n]].devices;
  return wanted;
}

/// Puts what is said by node into an order of nodes.
template <class T>
void reorder(std::vector<T>& all, std::span<const int> oldStep) {
  if (all.empty()) return;
  std::vector<T> ordered;
  for (const int n : oldStep) ordered.push_back(std::move(all[n]));
  all = std::move(ordered);
}

/// The placement's graph, or a copy of the model's, in the order of lanes.
Lanes putInLanes(const ir::Graph& graph, const std::vector<TensorType>& types,
                 std::vector<int> pathOf, const Options& options, Placement& placement) {
  if (backend::kHasDevices && placement.graph) {
    pathOf = pathsOfPlaced(*placement.graph, placement.sides, pathOf);
  } else {
    placement.graph = std::make_shared<ir::Graph>(graph.clone());
    placement.types = types;
  }
  Lanes lanes = putInLanes(*placement.graph, placement.types, options.paths, pathOf,
                           placement.sides, options.threads);
  reorder(placement.sides, lanes.oldStep);
  reorder(placement.devices, lanes.oldStep);
  reorder(placement.refusals, lanes.oldStep);
  return lanes;
}

}  // namespace

Result<std::shared_ptr<const Program>> build(const ir::Graph& graph, std::vector<TensorType> types,
                                             const Options& options) {
  // Sizes given anew may ask of an operator what it does not take.
  const auto sizes = ir::findDataSizes(graph, types);
  if (!sizes) return passOn(sizes);
  std::vector<int> pathOf;
  if (kHasPaths && !options.paths.empty()) {
    auto found = findPaths(graph, options.paths);
    if (!found) return passOn(found);
    pathOf = std::move(*found);
  }
  Placement placement;
  if (backend::kHasDevices && devicesIn(options.backends) > 0)
    placement = place(graph, types, options.backends, *sizes,
                      devicesWanted(graph.nodes.size(), pathOf, options), options.inHalves);
  Lanes lanes;
  if (kHasPaths && !pathOf.empty()) lanes = putInLanes(graph, types, pathOf, options, placement);
  return placement.graph
             ? build(*placement.graph, placement.types, options, placement, std::move(lanes))
             : build(graph, types, options, placement, std::move(lanes));
}

}  // namespace minnow::program
