// Runtime, Interpreter, Session and Frame: ownership and life cycle around a plan.
#include "minnow/runtime.h"

#include <atomic>
#include <map>
#include <mutex>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "base/threads.h"
#include "format/read.h"
#include "memory/arena_pool.h"
#include "runtime/graphviz.h"
#include "runtime/plan.h"

namespace minnow {

const char* version() { return "0.1.0"; }

// Runtime
// -------------------------------------------------------------------------------------------

struct Runtime::Impl {
  explicit Impl(const RuntimeOptions& chosen)
      : options(chosen), threads(chosen.threads), arenas(chosen.concurrency) {}

  RuntimeOptions options;
  base::ThreadPool threads;
  memory::ArenaPool arenas;
  std::mutex mutex;
  size_t modelBytes = 0;  // of all interpreters alive
};

Runtime::Runtime(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&&) noexcept = default;
Runtime::~Runtime() = default;

Result<Runtime> Runtime::create(const RuntimeOptions& options) {
  if (options.threads < 1 || options.threads > 1024)
    return fail(ErrorCode::InvalidArgument, "threads is ", options.threads, ", expected 1 to 1024");
  if (options.concurrency < 1 || options.concurrency > 1024)
    return fail(ErrorCode::InvalidArgument, "concurrency is ", options.concurrency,
                ", expected 1 to 1024");
  return Runtime(std::make_shared<Impl>(options));
}

const RuntimeOptions& Runtime::options() const { return impl_->options; }
size_t Runtime::arenaBytes() const { return impl_->arenas.plannedBytes(); }

// Interpreter
// ---------------------------------------------------------------------------------------

struct Interpreter::Impl {
  static Result<std::shared_ptr<Impl>> create(Runtime::Impl& runtime,
                                              std::span<const std::byte> model,
                                              std::string_view source);
  ~Impl() {
    if (!runtime) return;
    const std::lock_guard lock(runtime->mutex);
    runtime->modelBytes -= modelBytes;
  }

  std::shared_ptr<Runtime::Impl> runtime;
  std::shared_ptr<const base::MappedFile> file;  // null for models in the caller's buffer
  ir::Graph graph;
  std::vector<TensorInfo> inputs, outputs;
  size_t modelBytes = 0;
  size_t weightBytes = 0;
};

Interpreter::Interpreter(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;
Interpreter::~Interpreter() = default;

namespace {

Result<void> checkBudget(const Runtime::Impl& runtime, size_t moreModel, size_t morePlan) {
  const size_t budget = runtime.options.memoryBudget;
  if (budget == 0) return {};
  const size_t weights = runtime.modelBytes + moreModel;
  const size_t arenas = runtime.arenas.plannedBytesWith(morePlan);
  if (weights + arenas <= budget) return {};
  return fail(ErrorCode::OutOfMemory, "the memory budget of ", budget,
              " bytes does not suffice: models take ", weights, " and arenas ", arenas, " bytes, ",
              weights + arenas - budget, " too many");
}

}  // namespace

Result<std::shared_ptr<Interpreter::Impl>> Interpreter::Impl::create(
    Runtime::Impl& runtime, std::span<const std::byte> model, std::string_view source) {
  auto graph = format::read(model, source);
  if (!graph) return std::unexpected(graph.error());
  const std::lock_guard lock(runtime.mutex);
  if (auto ok = checkBudget(runtime, model.size(), 0); !ok)
    return fail(ok.error().code, source, ": ", ok.error().message);
  auto impl = std::make_shared<Impl>();
  impl->modelBytes = model.size();
  runtime.modelBytes += model.size();
  impl->graph = std::move(*graph);
  for (ir::ValueId id : impl->graph.inputs) {
    const ir::Value& value = impl->graph.values[id];
    impl->inputs.push_back({value.name, value.type.type, value.type.shape});
  }
  for (size_t i = 0; i < impl->graph.outputs.size(); ++i) {
    const ir::Value& value = impl->graph.values[impl->graph.outputs[i]];
    impl->outputs.push_back({impl->graph.outputNames[i], value.type.type, value.type.shape});
  }
  // Equal constants lie in the file once.
  std::map<const std::byte*, size_t> constants;
  for (const ir::Value& value : impl->graph.values)
    if (value.isConstant())
      constants.emplace(value.constant->bytes.data(), value.constant->bytes.size());
  for (const auto& [data, bytes] : constants) impl->weightBytes += bytes;
  return impl;
}

Result<Interpreter> Interpreter::createFromBuffer(Runtime& runtime,
                                                  std::span<const std::byte> model) {
  auto impl = Impl::create(*runtime.impl_, model, "model in memory");
  if (!impl) return std::unexpected(impl.error());
  (*impl)->runtime = runtime.impl_;
  return Interpreter(std::move(*impl));
}

Result<Interpreter> Interpreter::createFromFile(Runtime& runtime,
                                                const std::filesystem::path& path) {
  auto file = base::MappedFile::open(path);
  if (!file) return std::unexpected(file.error());
  auto impl = Impl::create(*runtime.impl_, (*file)->bytes(), path.string());
  if (!impl) return std::unexpected(impl.error());
  (*impl)->runtime = runtime.impl_;
  (*impl)->file = std::move(*file);
  return Interpreter(std::move(*impl));
}

const std::string& Interpreter::name() const { return impl_->graph.name; }
std::span<const TensorInfo> Interpreter::inputs() const { return impl_->inputs; }
std::span<const TensorInfo> Interpreter::outputs() const { return impl_->outputs; }
std::string Interpreter::graphviz() const { return runtime::graphviz(impl_->graph); }

void Interpreter::releaseModel() {
  if (impl_->file) impl_->file->dropPages();
}

// Session
// -------------------------------------------------------------------------------------------

struct Session::Impl {
  ~Impl() { model->runtime->arenas.forget(plan.arenaBytes); }

  std::shared_ptr<Interpreter::Impl> model;
  SessionOptions options;
  runtime::Plan plan;
  std::atomic<bool> framed = false;  // a frame of this session is alive
};

Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Interpreter::createSession(const SessionOptions& options) const {
  std::vector<TensorType> types;
  for (const ir::Value& value : impl_->graph.values) types.push_back(value.type);
  auto plan =
      runtime::makePlan(impl_->graph, std::move(types),
                        {impl_->runtime->options.threads, options.fastKernels, options.strips});
  if (!plan) return std::unexpected(plan.error());
  const std::lock_guard lock(impl_->runtime->mutex);
  if (auto ok = checkBudget(*impl_->runtime, 0, plan->arenaBytes); !ok)
    return std::unexpected(ok.error());
  auto session = std::make_shared<Session::Impl>();
  session->model = impl_;
  session->options = options;
  session->plan = std::move(*plan);
  impl_->runtime->arenas.announce(session->plan.arenaBytes);
  return Session(std::move(session));
}

std::span<const TensorInfo> Session::inputs() const { return impl_->plan.inputInfo; }
std::span<const TensorInfo> Session::outputs() const { return impl_->plan.outputInfo; }
std::span<const OperatorInfo> Session::operators() const { return impl_->plan.operators; }

MemoryReport Session::memory() const {
  MemoryReport report;
  report.modelBytes = impl_->model->modelBytes;
  report.staticBytes = impl_->model->weightBytes;
  report.dynamicBytes = impl_->plan.arenaBytes;
  report.lowerBoundBytes = impl_->plan.lowerBoundBytes;
  report.metadataBytes = report.modelBytes - std::min(report.modelBytes, report.staticBytes);
  return report;
}

std::vector<PlannedMemory> Session::memoryPlan() const {
  return runtime::describeMemory(impl_->model->graph, impl_->plan);
}

Result<void> Session::resizeInput(std::string_view name, const Shape& shape) {
  const std::pair<std::string, Shape> one{std::string(name), shape};
  return resizeInputs({&one, 1});
}

Result<void> Session::resizeInputs(std::span<const std::pair<std::string, Shape>> shapes) {
  Impl& self = *impl_;
  if (self.framed)
    return fail(ErrorCode::Busy, "inputs cannot be resized while a frame of the session is alive");
  const ir::Graph& graph = self.model->graph;
  std::vector<TensorType> types = self.plan.types;
  bool changed = false;
  for (const auto& [name, shape] : shapes) {
    ir::ValueId id = ir::kNoValue;
    for (ir::ValueId in : graph.inputs)
      if (graph.values[in].name == name) id = in;
    if (id == ir::kNoValue) return fail(ErrorCode::NotFound, "the model has no input '", name, "'");
    if (auto ok = ops::checkShape(shape); !ok) return ok;
    changed = changed || types[id].shape != shape;
    types[id].shape = shape;
  }
  if (!changed) return {};
  if (!graph.foldedShapeNodes.empty())
    return fail(ErrorCode::Unsupported, "the shape arithmetic of this model (node '",
                graph.foldedShapeNodes.front(), "' and ", graph.foldedShapeNodes.size() - 1,
                " more) was folded at conversion; convert the model again with --shape");
  if (auto ok = runtime::inferTypes(graph, types); !ok) return ok;
  const auto& options = self.model->runtime->options;
  auto plan = runtime::makePlan(graph, std::move(types),
                                {options.threads, self.options.fastKernels, self.options.strips});
  if (!plan) return std::unexpected(plan.error());
  const std::lock_guard lock(self.model->runtime->mutex);
  auto& arenas = self.model->runtime->arenas;
  arenas.forget(self.plan.arenaBytes);
  if (auto ok = checkBudget(*self.model->runtime, 0, plan->arenaBytes); !ok) {
    arenas.announce(self.plan.arenaBytes);
    return ok;
  }
  self.plan = std::move(*plan);
  arenas.announce(self.plan.arenaBytes);
  return {};
}

// Frame
// ---------------------------------------------------------------------------------------------

struct Frame::Impl {
  ~Impl() { session->framed = false; }

  std::shared_ptr<Session::Impl> session;
  memory::ArenaLease lease;
};

Frame::Frame(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Frame::Frame(Frame&&) noexcept = default;
Frame& Frame::operator=(Frame&&) noexcept = default;
Frame::~Frame() = default;

Result<Frame> Session::begin() {
  if (impl_->framed.exchange(true))
    return fail(ErrorCode::Busy,
                "a frame of this session is alive; end it, or create a second session");
  auto frame = std::make_unique<Frame::Impl>();
  frame->session = impl_;
  auto lease =
      impl_->model->runtime->arenas.lease(impl_->plan.arenaBytes, impl_->options.waitForArena);
  if (!lease) return std::unexpected(lease.error());
  frame->lease = std::move(*lease);
  impl_->plan.bind(frame->lease.data());
  return Frame(std::move(frame));
}

namespace {

TensorView named(std::span<const TensorInfo> infos, const std::vector<TensorView>& tensors,
                 std::string_view name) {
  for (size_t i = 0; i < infos.size(); ++i)
    if (infos[i].name == name) return tensors[i];
  return {};
}

}  // namespace

TensorView Frame::input(std::string_view name) const {
  const runtime::Plan& plan = impl_->session->plan;
  return named(plan.inputInfo, plan.boundInputs, name);
}

TensorView Frame::input(size_t index) const {
  const auto& inputs = impl_->session->plan.boundInputs;
  return index < inputs.size() ? inputs[index] : TensorView{};
}

TensorView Frame::output(std::string_view name) const {
  const runtime::Plan& plan = impl_->session->plan;
  return named(plan.outputInfo, plan.boundOutputs, name);
}

TensorView Frame::output(size_t index) const {
  const auto& outputs = impl_->session->plan.boundOutputs;
  return index < outputs.size() ? outputs[index] : TensorView{};
}

Result<void> Frame::run() { return runWithCallback({}, {}); }

Result<void> Frame::runWithCallback(const OpCallback& before, const OpCallback& after) {
  runtime::Plan& plan = impl_->session->plan;
  base::ThreadPool& pool = impl_->session->model->runtime->threads;
  const base::DenormalsFlushed flushed;
  for (runtime::Plan::Position at; !plan.isDone(at); plan.advance(at)) {
    const OperatorInfo& info = plan.operators[at.step];
    const auto stopped = [&] {
      return fail(ErrorCode::Stopped, "a callback stopped the run at node '", info.name, "'");
    };
    plan.open(at);
    if (!plan.hasWork(at)) continue;
    if (before && before(info, plan.visibleInputs(at)) == CallbackVerdict::Stop) return stopped();
    if (auto ok = plan.run(at, pool); !ok)
      return fail(ok.error().code, "node '", info.name, "' (", info.type,
                  "): ", ok.error().message);
    if (after && after(info, plan.visibleOutputs(at)) == CallbackVerdict::Stop) return stopped();
  }
  return {};
}

}  // namespace minnow
