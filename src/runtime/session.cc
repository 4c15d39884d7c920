// A model made ready for the sizes of its inputs.
#include <algorithm>

#include "base/fail.h"
#include "base/guarded.h"
#include "ir/extents.h"
#include "minnow/cpu.h"
#include "program/placement.h"
#include "runtime/backends.h"
#include "runtime/impl.h"

namespace minnow {

Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

bool SharedProgram::fits(std::span<const TensorType> types, const SessionOptions& asked) const {
  if (asked.inStrips != options.inStrips || asked.fastKernels != options.fastKernels ||
      asked.backend != options.backend || asked.backups != options.backups ||
      asked.precision != options.precision ||
      (program::kHasPaths && asked.paths != options.paths) || cpuTarget != minnow::cpuTarget())
    return false;
  if (std::ranges::any_of(program->devices, &backend::Backend::hasFailed)) return false;
  const auto same = [&](ir::ValueId in) { return program->typeOf(in) == types[in]; };
  return std::ranges::all_of(program->graph->inputs, same);
}

namespace {

std::vector<program::Path> pathsFor(const SessionOptions& options) {
  std::vector<program::Path> paths;
  if (!program::kHasPaths) return paths;
  for (const PathOptions& path : options.paths)
    paths.push_back({path.to, path.from, devicesNamed(path.backend, path.backups), path.threads});
  return paths;
}

}  // namespace

Result<std::shared_ptr<SharedProgram>> Interpreter::Impl::programFor(std::vector<TensorType> types,
                                                                     const SessionOptions& asked) {
  {
    const std::lock_guard lock(runtime->mutex);
    for (const auto& known : programs)
      if (auto shared = known.lock(); shared && shared->fits(types, asked)) return shared;
  }
  const backend::BackendList list = backendsFor(asked);
  const size_t devices = backend::kHasDevices ? program::devicesIn(list) : 0;
  for (size_t device = 0; device < devices; ++device) list[device]->measure(*list[devices]);
  auto settled = runtime::settleTypes(graph, types);
  if (!settled) return passOn(settled);
  const std::vector<program::Path> paths = pathsFor(asked);
  auto program = program::build(*settled ? (*settled)->graph : graph, std::move(types),
                                {runtime->options.threads, asked.inStrips, list,
                                 devicesNamed(asked.backend, asked.backups).size(), paths,
                                 asked.precision == Precision::Low});
  if (!program) return passOn(program);
  // Not make_shared: the list's weak reference would keep its memory when no session uses it any
  // more.
  std::shared_ptr<SharedProgram> shared(new SharedProgram);
  shared->settled = std::move(*settled);
  shared->options = asked;
  shared->cpuTarget = minnow::cpuTarget();
  shared->program = std::move(*program);
  const std::lock_guard lock(runtime->mutex);
  std::erase_if(programs, [](const auto& known) { return known.expired(); });
  programs.push_back(shared);
  return shared;
}

size_t heapBytes(const SessionOptions& options) {
  size_t bytes = options.paths.capacity() * sizeof(PathOptions);
  if (!program::kHasPaths) return bytes;
  for (const PathOptions& path : options.paths)
    bytes += heapBytes(path.to) + heapBytes(path.from) + heapBytes(path.backend) +
             heapBytes(path.backups);
  return bytes;
}

namespace {

size_t heapBytes(const SharedProgram& shared) {
  return heapBytes(shared.options) + kSharedHeader + sizeof(SharedProgram) + kSharedHeader +
         sizeof(program::Program) + shared.program->heapBytes() +
         (shared.settled ? runtime::heapBytes(*shared.settled) : 0);
}

/// The session's own: frames and their bindings.
size_t heapBytes(const Session::Impl& session, std::span<const Frame::Impl> frames) {
  size_t bytes = kSharedHeader + sizeof(session) + heapBytes(session.options) + frames.size_bytes();
  for (const Frame::Impl& frame : frames) bytes += frame.heapBytes();
  return bytes;
}

Result<memory::ArenaBlock> allocateBlock(const void* memory, size_t bytes) {
  auto block = static_cast<const backend::DeviceMemory*>(memory)->allocate(bytes);
  if (!block) return passOn(block);
  return memory::ArenaBlock(block->release(),
                            [](void* gone) { delete static_cast<backend::DeviceBlock*>(gone); });
}

/// What a plan asks the pool for.
memory::ArenaPool::Claim claimOf(const program::Program& program, const std::string& model,
                                 int frames) {
  memory::ArenaPool::Claim claim;
  static_cast<memory::ArenaShelf::Claim&>(claim) = {memory::arenaBytes(program.placedBytes),
                                                    memory::arenaBytes(program.lowerBoundBytes),
                                                    &model, frames};
  for (size_t device = 0; backend::kHasDevices && device < program.devices.size(); ++device) {
    const memory::ArenaSource source{program.devices[device]->memory(), allocateBlock,
                                     &MemoryLedger::deviceBytes};
    claim.blocks[device].bytes = std::max(program.blockBytes[device], base::kAlignment);
    claim.blocks[device].source = source;
  }
  return claim;
}

/// What programs and sessions take.
void add(const MemoryLedger& one, MemoryLedger& sum) {
  sum.heapBytes += one.heapBytes;
  sum.deviceBytes += one.deviceBytes;
}

}  // namespace

Result<void> Session::Impl::use(std::shared_ptr<SharedProgram> next) {
  Runtime::Impl& runtime = *model->runtime;
  std::vector<Frame::Impl> newFrames(static_cast<size_t>(options.frames));
  for (Frame::Impl& frame : newFrames) frame.use(*this, next->program);
  const memory::ArenaPool::Claim claim = claimOf(*next->program, model->source, options.frames);
  const memory::ArenaPool::Claim* last = announced.model ? &announced : nullptr;
  const MemoryLedger own{.heapBytes = heapBytes(*this, newFrames)};
  const MemoryLedger programs{.heapBytes = heapBytes(*next),
                              .deviceBytes = next->program->deviceBytes()};
  const std::lock_guard lock(runtime.mutex);
  MemoryLedger less = heap.amount(), more = own;
  if (shared.use_count() == 1) add(shared->heap.amount(), less);
  if (next.use_count() == 1) add(programs, more);
  if (auto ok = askBudget(runtime, less, more, runtime.arenas.need(0, &claim, last)); !ok)
    return fail(ok.error().code, model->source, ": ", ok.error().message);
  runtime.arenas.announce(claim, last);
  announced = claim;
  frames = std::move(newFrames);
  shared = std::move(next);  // what nobody uses any more leaves the ledger before
  shared->heap.set(runtime.ledger, programs);
  heap.set(runtime.ledger, own);
  return {};
}

namespace {

/// Takes the words of paths as they are meant, and refuses what this build or runtime has not.
Result<void> checkPaths(SessionOptions& options, const RuntimeOptions& runtime) {
  const int threads = runtime.threads;
  if (options.paths.empty() && (program::kHasPaths || !options.autoPaths)) return {};
  if (!program::kHasPaths)
    return fail(ErrorCode::Unsupported,
                "this build computes a model as one path; -DMINNOW_PATHS=ON builds for more");
  for (size_t p = 0; p < options.paths.size(); ++p) {
    PathOptions& path = options.paths[p];
    const auto list = backendsAsked(path.backend, path.backups, runtime.kernelCache);
    if (!list) return fail(list.error().code, "path ", p + 1, ": ", list.error().message);
    path.backend = list->front()->name();
    path.backups = namesBehind(*list);
    if (path.threads < 0 || path.threads > threads)
      return fail(ErrorCode::InvalidArgument, "path ", p + 1, ": threads is ", path.threads,
                  ", expected 0 to ", threads, ", the runtime's");
  }
  return {};
}

Result<SessionOptions> checked(SessionOptions options, const RuntimeOptions& runtime) {
  const int concurrency = runtime.concurrency;
  if (options.frames < 0 || options.frames > concurrency)
    return fail(ErrorCode::InvalidArgument, "frames is ", options.frames, ", expected 0 to ",
                concurrency, ", the runtime's concurrency");
  if (options.frames == 0) options.frames = concurrency;
  const auto list = backendsAsked(options.backend, options.backups, runtime.kernelCache);
  if (!list) return passOn(list);
  options.backend = list->front()->name();  // the caller's words may go
  options.backups = namesBehind(*list);
  if (auto ok = checkPaths(options, runtime); !ok) return passOn(ok);
  return options;
}

std::vector<TensorType> typesOf(const ir::Graph& graph) {
  std::vector<TensorType> types;
  types.reserve(graph.values.size());
  for (const ir::Value& value : graph.values) types.push_back(value.type);
  return types;
}

std::unexpected<Error> noInput(const ir::Graph& graph, const std::string& name) {
  std::string known;
  for (ir::ValueId in : graph.inputs) known += (known.empty() ? "" : ", ") + graph.values[in].name;
  return fail(ErrorCode::NotFound, "the model has no input '", name, "'; it has: ", known);
}

Result<ir::ValueId> inputOf(const ir::Graph& graph, const std::string& name, const Shape& shape) {
  for (const ir::ValueId id : graph.inputs) {
    const ir::Value& value = graph.values[id];
    if (value.name != name) continue;
    if (auto ok = ops::checkShape(shape); !ok) return passOn(ok);
    if (shape.rank() == value.type.shape.rank()) return id;
    return fail(ErrorCode::ShapeMismatch, "input '", name, "' has ", value.type.shape.rank(),
                " axes, the shape ", shape, " has ", shape.rank());
  }
  return noInput(graph, name);
}

/// Gives inputs their new shapes, and others the extents that they have in common with them.
Result<void> setShapes(const ir::Graph& graph, InputShapes shapes, std::vector<TensorType>& types) {
  std::vector<ir::ValueId> asked;
  for (const auto& [name, shape] : shapes) {
    const auto id = inputOf(graph, name, shape);
    if (!id) return passOn(id);
    types[*id].shape = shape;
    asked.push_back(*id);
  }
  ir::spreadExtents(graph, asked, types);
  return ir::checkExtents(graph, types);
}

}  // namespace

Result<Session> Interpreter::createSession(const SessionOptions& options) const {
  return createSession(options, {});
}

Result<Session> Interpreter::createSession(const SessionOptions& options,
                                           InputShapes shapes) const {
  return guarded(impl_->source, [&]() -> Result<Session> {
    if (program::kHasPaths && options.autoPaths) {
      const auto choice = choosePaths(options, shapes);
      return choice ? createSession(choice->options, shapes) : passOn(choice);
    }
    auto taken = checked(options, impl_->runtime->options);
    if (!taken) return passOn(taken);
    std::vector<TensorType> types = typesOf(impl_->graph);
    if (auto ok = setShapes(impl_->graph, shapes, types); !ok)
      return fail(ok.error().code, impl_->source, ": ", ok.error().message);
    auto program = impl_->programFor(std::move(types), *taken);
    if (!program) return fail(program.error().code, impl_->source, ": ", program.error().message);
    auto session = std::make_shared<Session::Impl>();
    session->model = impl_;
    session->options = *taken;
    if (auto ok = session->use(std::move(*program)); !ok) return passOn(ok);
    return Session(std::move(session));
  });
}

std::span<const TensorInfo> Session::inputs() const { return impl_->program().inputs; }
std::span<const TensorInfo> Session::outputs() const { return impl_->program().outputs; }
std::vector<OperatorInfo> Session::operators() const {
  return guarded(impl_->model->source,
                 [&]() -> Result<std::vector<OperatorInfo>> {
                   std::vector<OperatorInfo> all;
                   const program::Program& program = impl_->program();
                   for (size_t step = 0; step < program.steps.size(); ++step)
                     all.push_back(program::describeOperator(program, step));
                   return all;
                 })
      .value_or(std::vector<OperatorInfo>());
}

Operands Session::operands(size_t index) const {
  if (index >= impl_->program().steps.size()) return {};
  return guarded(impl_->model->source,
                 [&]() -> Result<Operands> {
                   return program::describeOperands(impl_->program(), index, impl_->model->graph);
                 })
      .value_or(Operands());
}

MemoryReport Session::memory() const {
  const Interpreter::Impl& model = *impl_->model;
  const std::lock_guard lock(model.runtime->mutex);  // other interpreters share the file's charge
  const MemoryLedger file = model.model->charge.amount();
  MemoryLedger held = model.heap.amount();
  add(impl_->shared->heap.amount(), held);
  add(impl_->heap.amount(), held);
  return {file.modelBytes,        file.staticBytes,
          impl_->announced.bytes, impl_->announced.lowerBound,
          held.heapBytes,         held.deviceBytes + impl_->announced.deviceBytes()};
}

std::vector<DeviceMemoryReport> Session::deviceMemory() const {
  std::vector<DeviceMemoryReport> all;
  const program::Program& program = impl_->program();
  for (size_t i = 0; backend::kHasDevices && i < program.devices.size(); ++i)
    all.push_back(
        {program.devices[i]->name(), program.weightBytesOn(i), impl_->announced.blocks[i].bytes});
  return all;
}

std::vector<PlannedMemory> Session::memoryPlan() const {
  return guarded(impl_->model->source,
                 [&]() -> Result<std::vector<PlannedMemory>> {
                   return program::describeMemory(impl_->program());
                 })
      .value_or(std::vector<PlannedMemory>());
}

Result<void> Session::resizeInput(std::string_view name, const Shape& shape) {
  return guarded(impl_->model->source, [&] {
    const std::pair<std::string, Shape> one{std::string(name), shape};
    return resizeInputs({&one, 1});
  });
}

Result<std::shared_ptr<SharedProgram>> Session::Impl::programFor(InputShapes shapes) const {
  const ir::Graph& graph = model->graph;
  std::vector<TensorType> types = program().allTypes();
  if (auto ok = setShapes(graph, shapes, types); !ok) return passOn(ok);
  const auto same = [&](ir::ValueId in) { return program().typeOf(in) == types[in]; };
  if (std::ranges::all_of(graph.inputs, same)) return nullptr;
  return model->programFor(std::move(types), options);
}

Result<void> Session::resizeInputs(InputShapes shapes) {
  const std::string& source = impl_->model->source;
  return guarded(source, [&]() -> Result<void> {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->alive > 0)
      return fail(ErrorCode::Busy,
                  "inputs cannot be resized while a frame of the session is alive");
    auto program = impl_->programFor(shapes);
    if (!program) return fail(program.error().code, source, ": ", program.error().message);
    if (!*program) return {};
    return impl_->use(std::move(*program));
  });
}

// Frames ------------------------------------------------------------------------------------------

Result<void> Session::Impl::enter() {
  const std::lock_guard lock(mutex);
  if (alive == options.frames)
    return fail(ErrorCode::Busy, options.frames == 1 ? "a frame" : "every frame",
                " of this session is alive; end one, or create a second session");
  ++alive;
  return {};
}

void Session::Impl::leave() {
  const std::lock_guard lock(mutex);
  --alive;
}

/// One that is free: there is one for each that entered.
Frame::Impl& Session::Impl::takeFrame() {
  const std::lock_guard lock(mutex);
  Frame::Impl& free = *std::ranges::find(frames, false, &Frame::Impl::taken);
  free.taken = true;
  return free;
}

void Session::Impl::giveBack(Frame::Impl& frame) {
  if (std::exchange(frame.underWay, false)) (void)frame.runner->finish();
  frame.bindings->bound = {};
  frame.lease = {};
  frame.missing = {};
  const std::lock_guard lock(mutex);
  frame.taken = false;
  --alive;
}

Result<Frame> Session::begin() {
  return guarded(impl_->model->source, [&]() -> Result<Frame> {
    if (auto ok = impl_->enter(); !ok) return passOn(ok);
    auto lease = impl_->model->runtime->arenas.lease(impl_->announced, impl_->options.waitForArena);
    if (!lease) {
      impl_->leave();
      return fail(lease.error().code, impl_->model->source, ": ", lease.error().message);
    }
    Frame::Impl& frame = impl_->takeFrame();
    frame.lease = std::move(*lease);
    frame.bindings->bind(frame.lease.data(), frame.lease.blocks());
    return Frame(std::shared_ptr<Frame::Impl>(impl_, &frame));
  });
}

}  // namespace minnow
