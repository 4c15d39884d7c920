// Runtime, Interpreter, Session and Frame: ownership and life cycle around a plan.
#include "minnow/runtime.h"

#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <mutex>

#include "base/fail.h"
#include "base/guarded.h"
#include "base/mapped_file.h"
#include "base/threads.h"
#include "format/header.h"
#include "format/read.h"
#include "memory/arena_pool.h"
#include "runtime/graphviz.h"
#include "runtime/heap_bytes.h"
#include "runtime/plan.h"
#include "runtime/settled.h"

namespace minnow {

const char* version() { return "0.1.0"; }

// Runtime -----------------------------------------------------------------------------------------

namespace {

/// A model's bytes, mapped or the caller's. Interpreters of the same bytes share it, so that they
/// are counted once.
struct ModelBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const base::MappedFile> file;  // null for the caller's bytes
  memory::Charge charge;
};

}  // namespace

struct Runtime::Impl {
  explicit Impl(const RuntimeOptions& chosen)
      : options(chosen), threads(chosen.threads), arenas(chosen.concurrency, ledger) {}

  RuntimeOptions options;
  memory::Ledger ledger;
  base::ThreadPool threads;
  memory::ArenaPool arenas;
  std::mutex mutex;  // whoever asks the budget holds it until the charge is made
  std::vector<std::weak_ptr<ModelBytes>> models;
};

Runtime::Runtime(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&&) noexcept = default;
Runtime::~Runtime() = default;

Result<Runtime> Runtime::create(const RuntimeOptions& options) {
  return guarded("the runtime", [&]() -> Result<Runtime> {
    if (options.threads < 1 || options.threads > 1024)
      return fail(ErrorCode::InvalidArgument, "threads is ", options.threads,
                  ", expected 1 to 1024");
    if (options.concurrency < 1 || options.concurrency > 1024)
      return fail(ErrorCode::InvalidArgument, "concurrency is ", options.concurrency,
                  ", expected 1 to 1024");
    auto impl = std::make_shared<Impl>(options);
    if (impl->threads.threads() < options.threads)
      return fail(ErrorCode::OutOfMemory, "the system started ", impl->threads.threads() - 1,
                  " of ", options.threads - 1, " worker threads; ask for fewer");
    return Runtime(std::move(impl));
  });
}

const RuntimeOptions& Runtime::options() const { return impl_->options; }
size_t Runtime::arenaBytes() const { return impl_->arenas.need().bytes; }
LedgerReport Runtime::ledger() const { return impl_->ledger.report(); }
void Runtime::resetPeak() { impl_->ledger.resetPeak(); }

MemoryReport Runtime::predicted(int concurrency) const {
  const MemoryLedger now = impl_->ledger.report().now;
  const memory::ArenaPool::Need need = impl_->arenas.need(concurrency);
  return {now.modelBytes, now.staticBytes, need.bytes, need.lowerBound, now.heapBytes};
}

// Budget ------------------------------------------------------------------------------------------

namespace {

/// "17.9 MB", or "1234 bytes" of what is less than 0.1 MB.
std::string inWords(size_t bytes) {
  if (bytes < 100'000) return text(bytes, " bytes");
  const size_t tenths = (bytes + 50'000) / 100'000;
  return text(tenths / 10, ".", tenths % 10, " MB");
}

std::unexpected<Error> overBudget(size_t budget, const MemoryLedger& held,
                                  const memory::ArenaPool::Need& arenas) {
  const size_t needed = held.total() + arenas.bytes;
  std::string largest;
  if (arenas.largest.model != nullptr)
    largest = text("; largest plan: ", *arenas.largest.model, " ", inWords(arenas.largest.bytes));
  return fail(ErrorCode::OutOfMemory, "over the memory budget: needs ", inWords(needed), " of ",
              inWords(budget), ": weights ", inWords(held.staticBytes), ", feature maps ",
              inWords(arenas.bytes), ", metadata ", inWords(held.heapBytes), ", model files ",
              inWords(held.modelBytes), "; ", inWords(needed - budget), " short", largest);
}

/// Refuses what would leave the budget: charges `less` replaced by `more`, and the pool in need of
/// `arenas`.
Result<void> askBudget(const Runtime::Impl& runtime, const MemoryLedger& less,
                       const MemoryLedger& more, const memory::ArenaPool::Need& arenas) {
  const size_t budget = runtime.options.memoryBudget;
  if (budget == 0) return {};
  MemoryLedger held = runtime.ledger.report().now;
  held.modelBytes += more.modelBytes - less.modelBytes;
  held.staticBytes += more.staticBytes - less.staticBytes;
  held.heapBytes += more.heapBytes - less.heapBytes;
  held.dynamicBytes = 0;  // what is allocated is part of what the pool needs
  if (held.total() + arenas.bytes <= budget) return {};
  return overBudget(budget, held, arenas);
}

}  // namespace

// Interpreter -------------------------------------------------------------------------------------

struct Interpreter::Impl {
  std::shared_ptr<Runtime::Impl> runtime;
  std::shared_ptr<ModelBytes> model;
  std::string source;  // the file's name
  ir::Graph graph;
  std::vector<TensorInfo> inputs, outputs;
  memory::Charge heap;

  static Result<std::shared_ptr<Impl>> create(std::shared_ptr<Runtime::Impl> runtime,
                                              std::shared_ptr<ModelBytes> model, std::string source,
                                              const InterpreterOptions& options);
  bool shareBytes();
  Result<void> enterAccounts();
  void nameInputsAndOutputs();
  size_t heapBytes() const;
};

Interpreter::Interpreter(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;
Interpreter::~Interpreter() = default;

Result<std::shared_ptr<Interpreter::Impl>> Interpreter::Impl::create(
    std::shared_ptr<Runtime::Impl> runtime, std::shared_ptr<ModelBytes> model, std::string source,
    const InterpreterOptions& options) {
  auto graph = format::read(model->bytes, source);
  if (!graph) return std::unexpected(std::move(graph.error()));
  if (options.verifyWeights)
    if (auto ok = format::verifyWeights(model->bytes, source); !ok)
      return std::unexpected(std::move(ok.error()));
  auto impl = std::make_shared<Impl>();
  impl->runtime = std::move(runtime);
  impl->model = std::move(model);
  impl->source = std::move(source);
  impl->graph = std::move(*graph);
  impl->nameInputsAndOutputs();
  if (auto ok = impl->enterAccounts(); !ok) return std::unexpected(std::move(ok.error()));
  return impl;
}

void Interpreter::Impl::nameInputsAndOutputs() {
  inputs.reserve(graph.inputs.size());
  outputs.reserve(graph.outputs.size());
  for (ir::ValueId id : graph.inputs) {
    const ir::Value& value = graph.values[id];
    inputs.push_back({value.name, value.type.type, value.type.shape});
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const ir::Value& value = graph.values[graph.outputs[i]];
    outputs.push_back({graph.outputNames[i], value.type.type, value.type.shape});
  }
}

size_t Interpreter::Impl::heapBytes() const {
  return kSharedHeader + sizeof(Impl) + kSharedHeader + sizeof(ModelBytes) +
         minnow::heapBytes(source) + ir::heapBytes(graph) + minnow::heapBytes(inputs) +
         minnow::heapBytes(outputs);
}

/// Uses the bytes that another interpreter has already entered, if there is one.
bool Interpreter::Impl::shareBytes() {
  std::erase_if(runtime->models, [](const auto& known) { return known.expired(); });
  for (const auto& known : runtime->models)
    if (auto same = known.lock(); same && same->bytes.data() == model->bytes.data()) {
      model = std::move(same);
      return true;
    }
  return false;
}

/// Asks the budget and charges file, weights and metadata.
Result<void> Interpreter::Impl::enterAccounts() {
  const auto header = format::readHeader(model->bytes, source);
  if (!header) return std::unexpected(header.error());
  const std::lock_guard lock(runtime->mutex);
  const bool shared = shareBytes();
  const MemoryLedger metadata{.heapBytes = heapBytes()};
  const auto modelBytes = static_cast<size_t>(header->weightsOffset);
  const MemoryLedger file{.modelBytes = modelBytes,
                          .staticBytes = model->bytes.size() - modelBytes};
  const MemoryLedger more{file.modelBytes, file.staticBytes, 0, metadata.heapBytes};
  if (auto ok = askBudget(*runtime, model->charge.amount(), more, runtime->arenas.need()); !ok)
    return fail(ok.error().code, source, ": ", ok.error().message);
  if (!shared) runtime->models.push_back(model);
  model->charge.set(runtime->ledger, file);
  heap.set(runtime->ledger, metadata);
  return {};
}

Result<Interpreter> Interpreter::createFromBuffer(Runtime& runtime,
                                                  std::span<const std::byte> model,
                                                  const InterpreterOptions& options) {
  return guarded("model in memory", [&]() -> Result<Interpreter> {
    auto bytes = std::make_shared<ModelBytes>();
    bytes->bytes = model;
    auto impl = Impl::create(runtime.impl_, std::move(bytes), "model in memory", options);
    if (!impl) return std::unexpected(std::move(impl.error()));
    return Interpreter(std::move(*impl));
  });
}

Result<Interpreter> Interpreter::createFromFile(Runtime& runtime, const std::filesystem::path& path,
                                                const InterpreterOptions& options) {
  return guarded(path.native(), [&]() -> Result<Interpreter> {
    auto file = base::MappedFile::open(path);
    if (!file) return std::unexpected(std::move(file.error()));
    auto bytes = std::make_shared<ModelBytes>();
    bytes->bytes = (*file)->bytes();
    bytes->file = std::move(*file);
    auto impl = Impl::create(runtime.impl_, std::move(bytes), path.native(), options);
    if (!impl) return std::unexpected(std::move(impl.error()));
    return Interpreter(std::move(*impl));
  });
}

const std::string& Interpreter::name() const { return impl_->graph.name; }
std::span<const TensorInfo> Interpreter::inputs() const { return impl_->inputs; }
std::span<const TensorInfo> Interpreter::outputs() const { return impl_->outputs; }
std::string Interpreter::graphviz() const {
  return guarded(impl_->source,
                 [&]() -> Result<std::string> { return runtime::graphviz(impl_->graph); })
      .value_or(std::string());
}

std::vector<std::string> Interpreter::operatorKinds() const {
  return guarded(impl_->source, [&] { return runtime::operatorKinds(impl_->graph); })
      .value_or(std::vector<std::string>());
}

std::string Interpreter::checksum() const {
  return guarded(impl_->source,
                 [&]() -> Result<std::string> {
                   const auto header = format::readHeader(impl_->model->bytes, impl_->source);
                   if (!header) return std::unexpected(header.error());
                   char digits[33];
                   std::snprintf(digits, sizeof digits, "%016" PRIx64 "%016" PRIx64,
                                 header->metadataChecksum, header->weightsChecksum);
                   return std::string(digits);
                 })
      .value_or(std::string());
}

void Interpreter::releaseModel() {
  const std::lock_guard lock(impl_->runtime->mutex);
  ModelBytes& model = *impl_->model;
  model.charge.set({.staticBytes = model.charge.amount().staticBytes});
  if (model.file) model.file->dropPages();
}

// Session -----------------------------------------------------------------------------------------

struct Frame::Impl {
  Session::Impl* session = nullptr;
  memory::ArenaLease lease;
  std::string missing;  // what the last view that was not there says
};

struct Session::Impl {
  ~Impl() {
    if (announced.model != nullptr) model->runtime->arenas.forget(announced);
  }

  std::shared_ptr<Interpreter::Impl> model;
  std::unique_ptr<const sizes::Settled> settled;  // null where the model's own graph fits the sizes
  SessionOptions options;
  runtime::Plan plan;
  memory::ArenaPool::Plan announced;  // the plan as the pool knows it
  memory::Charge heap;
  std::atomic<bool> framed = false;  // a frame of this session is alive
  Frame::Impl frame;

  const ir::Graph& graph() const { return settled ? settled->graph : model->graph; }
  Result<void> resize(std::span<const std::pair<std::string, Shape>> shapes);
  Result<void> replacePlan(runtime::Plan newPlan, std::unique_ptr<const sizes::Settled> newGraph);
};

Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

namespace {

std::vector<TensorType> typesOf(const ir::Graph& graph) {
  std::vector<TensorType> types;
  types.reserve(graph.values.size());
  for (const ir::Value& value : graph.values) types.push_back(value.type);
  return types;
}

}  // namespace

/// Makes a plan the session's own, if the budget allows; else nothing changes.
Result<void> Session::Impl::replacePlan(runtime::Plan newPlan,
                                        std::unique_ptr<const sizes::Settled> newGraph) {
  Runtime::Impl& runtime = *model->runtime;
  const memory::ArenaPool::Plan next{memory::arenaBytes(newPlan.arenaBytes),
                                     memory::arenaBytes(newPlan.lowerBoundBytes), &model->source};
  const memory::ArenaPool::Plan* last = announced.model ? &announced : nullptr;
  const MemoryLedger metadata{.heapBytes = kSharedHeader + sizeof(Impl) +
                                           runtime::heapBytes(newPlan) +
                                           (newGraph ? runtime::heapBytes(*newGraph) : 0)};
  const std::lock_guard lock(runtime.mutex);
  if (auto ok = askBudget(runtime, heap.amount(), metadata, runtime.arenas.need(0, &next, last));
      !ok)
    return fail(ok.error().code, model->source, ": ", ok.error().message);
  runtime.arenas.announce(next, last);
  announced = next;
  plan = std::move(newPlan);
  settled = std::move(newGraph);
  heap.set(runtime.ledger, metadata);
  return {};
}

Result<Session> Interpreter::createSession(const SessionOptions& options) const {
  return guarded(impl_->source, [&]() -> Result<Session> {
    auto plan =
        runtime::makePlan(impl_->graph, typesOf(impl_->graph),
                          {impl_->runtime->options.threads, options.fastKernels, options.strips});
    if (!plan) return std::unexpected(std::move(plan.error()));
    auto session = std::make_shared<Session::Impl>();
    session->model = impl_;
    session->options = options;
    session->frame.session = session.get();
    if (auto ok = session->replacePlan(std::move(*plan), nullptr); !ok)
      return std::unexpected(std::move(ok.error()));
    return Session(std::move(session));
  });
}

std::span<const TensorInfo> Session::inputs() const { return impl_->plan.inputInfo; }
std::span<const TensorInfo> Session::outputs() const { return impl_->plan.outputInfo; }
std::span<const OperatorInfo> Session::operators() const { return impl_->plan.operators; }

Operands Session::operands(size_t index) const {
  if (index >= impl_->plan.steps.size()) return {};
  return guarded(impl_->model->source,
                 [&]() -> Result<Operands> {
                   return runtime::describeOperands(impl_->graph(), impl_->plan, index);
                 })
      .value_or(Operands());
}

MemoryReport Session::memory() const {
  const Interpreter::Impl& model = *impl_->model;
  const std::lock_guard lock(model.runtime->mutex);  // other interpreters share the file's charge
  const MemoryLedger file = model.model->charge.amount();
  return {file.modelBytes, file.staticBytes, impl_->announced.bytes, impl_->announced.lowerBound,
          model.heap.amount().heapBytes + impl_->heap.amount().heapBytes};
}

std::vector<PlannedMemory> Session::memoryPlan() const {
  return guarded(impl_->model->source,
                 [&]() -> Result<std::vector<PlannedMemory>> {
                   return runtime::describeMemory(impl_->graph(), impl_->plan);
                 })
      .value_or(std::vector<PlannedMemory>());
}

Result<void> Session::resizeInput(std::string_view name, const Shape& shape) {
  return guarded(impl_->model->source, [&] {
    const std::pair<std::string, Shape> one{std::string(name), shape};
    return resizeInputs({&one, 1});
  });
}

namespace {

std::unexpected<Error> noInput(const ir::Graph& graph, const std::string& name) {
  std::string known;
  for (ir::ValueId in : graph.inputs) known += (known.empty() ? "" : ", ") + graph.values[in].name;
  return fail(ErrorCode::NotFound, "the model has no input '", name, "'; it has: ", known);
}

/// Gives inputs their new shapes; false if they had them.
Result<bool> setShapes(const ir::Graph& graph,
                       std::span<const std::pair<std::string, Shape>> shapes,
                       std::vector<TensorType>& types) {
  bool changed = false;
  for (const auto& [name, shape] : shapes) {
    ir::ValueId id = ir::kNoValue;
    for (ir::ValueId in : graph.inputs)
      if (graph.values[in].name == name) id = in;
    if (id == ir::kNoValue) return noInput(graph, name);
    if (auto ok = ops::checkShape(shape); !ok) return std::unexpected(std::move(ok.error()));
    changed = changed || types[id].shape != shape;
    types[id].shape = shape;
  }
  return changed;
}

}  // namespace

/// Nothing changes if the inputs have these shapes, or if an error is returned.
Result<void> Session::Impl::resize(std::span<const std::pair<std::string, Shape>> shapes) {
  std::vector<TensorType> types = plan.types;
  const auto changed = setShapes(model->graph, shapes, types);
  if (!changed) return std::unexpected(changed.error());
  if (!*changed) return {};
  auto own = runtime::settleTypes(model->graph, types);
  if (!own) return std::unexpected(own.error());
  auto newPlan =
      runtime::makePlan(*own ? (*own)->graph : model->graph, std::move(types),
                        {model->runtime->options.threads, options.fastKernels, options.strips});
  if (!newPlan) return std::unexpected(newPlan.error());
  return replacePlan(std::move(*newPlan), std::move(*own));
}

Result<void> Session::resizeInputs(std::span<const std::pair<std::string, Shape>> shapes) {
  const std::string& source = impl_->model->source;
  return guarded(source, [&]() -> Result<void> {
    if (impl_->framed)
      return fail(ErrorCode::Busy,
                  "inputs cannot be resized while a frame of the session is alive");
    if (auto ok = impl_->resize(shapes); !ok)
      return fail(ok.error().code, source, ": ", ok.error().message);
    return {};
  });
}

// Frame -------------------------------------------------------------------------------------------

Frame::Frame(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Frame::Frame(Frame&&) noexcept = default;

Frame& Frame::operator=(Frame&& other) noexcept {
  Frame ended(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

Frame::~Frame() {
  if (!impl_) return;
  impl_->lease = {};
  impl_->missing = {};
  impl_->session->framed = false;
}

Result<Frame> Session::begin() {
  return guarded(impl_->model->source, [&]() -> Result<Frame> {
    if (impl_->framed.exchange(true))
      return fail(ErrorCode::Busy,
                  "a frame of this session is alive; end it, or create a second session");
    Frame frame(std::shared_ptr<Frame::Impl>(impl_, &impl_->frame));
    auto lease =
        impl_->model->runtime->arenas.lease(impl_->announced.bytes, impl_->options.waitForArena);
    if (!lease) return std::unexpected(std::move(lease.error()));
    impl_->frame.lease = std::move(*lease);
    impl_->plan.bind(impl_->frame.lease.data());
    return frame;
  });
}

namespace {

/// A frame's inputs or outputs.
struct Tensors {
  const char* kind;
  std::span<const TensorInfo> infos;
  const std::vector<TensorView>& views;

  /// A view that tests false; `words` keeps what it says.
  TensorView none(TextPart asked, std::string& words) const {
    auto why = guarded(kind, [&]() -> Result<void> {
      std::string names;
      for (const TensorInfo& info : infos) names += (names.empty() ? "" : ", ") + info.name;
      return fail(ErrorCode::NotFound, "the model has no ", kind, " '", asked,
                  "'; it has: ", names);
    });
    words = std::move(why.error().message);
    TensorView view;
    view.missing = words.c_str();
    return view;
  }
  TensorView named(std::string_view name, std::string& words) const {
    for (size_t i = 0; i < infos.size(); ++i)
      if (infos[i].name == name) return views[i];
    return none(name, words);
  }
  TensorView at(size_t index, std::string& words) const {
    return index < views.size() ? views[index] : none(index, words);
  }
};

Tensors inputsOf(const runtime::Plan& plan) { return {"input", plan.inputInfo, plan.boundInputs}; }
Tensors outputsOf(const runtime::Plan& plan) {
  return {"output", plan.outputInfo, plan.boundOutputs};
}

}  // namespace

TensorView Frame::input(std::string_view name) const {
  return inputsOf(impl_->session->plan).named(name, impl_->missing);
}
TensorView Frame::input(size_t index) const {
  return inputsOf(impl_->session->plan).at(index, impl_->missing);
}
TensorView Frame::output(std::string_view name) const {
  return outputsOf(impl_->session->plan).named(name, impl_->missing);
}
TensorView Frame::output(size_t index) const {
  return outputsOf(impl_->session->plan).at(index, impl_->missing);
}

namespace {

/// In the engine's floating-point mode; callbacks run in the caller's.
Result<void> runStep(runtime::Plan& plan, const runtime::Plan::Position& at,
                     base::ThreadPool& pool) {
  const base::DenormalsFlushed flushed;
  return plan.run(at, pool);
}

Result<void> stoppedAt(const OperatorInfo& info) {
  return fail(ErrorCode::Stopped, "a callback stopped the run at node '", info.name, "'");
}

}  // namespace

Result<void> Frame::run() { return runWithCallback({}, {}); }

Result<void> Frame::runWithCallback(const OpCallback& before, const OpCallback& after) {
  return guarded(impl_->session->model->source, [&]() -> Result<void> {
    runtime::Plan& plan = impl_->session->plan;
    base::ThreadPool& pool = impl_->session->model->runtime->threads;
    plan.restart();
    for (runtime::Plan::Position at; !plan.isDone(at); plan.advance(at)) {
      const OperatorInfo& planned = plan.operators[at.step];
      const auto failed = [&](const Error& error) {
        return fail(error.code, "node '", planned.name, "' (", planned.type, "): ", error.message);
      };
      if (auto ok = plan.open(at); !ok) return failed(ok.error());
      if (!plan.hasWork(at)) continue;
      if (before && before(plan.infoAt(at), plan.visibleInputs(at)) == CallbackVerdict::Stop)
        return stoppedAt(planned);
      if (auto ok = runStep(plan, at, pool); !ok) return failed(ok.error());
      if (after && after(plan.infoAt(at), plan.visibleOutputs(at)) == CallbackVerdict::Stop)
        return stoppedAt(planned);
    }
    return {};
  });
}

}  // namespace minnow
