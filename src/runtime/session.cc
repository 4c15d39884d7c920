// A model made ready for the sizes of its inputs.
#include "base/fail.h"
#include "base/guarded.h"
#include "runtime/heap_bytes.h"
#include "runtime/impl.h"

namespace minnow {

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
Result<void> Session::Impl::replacePlan(runtime::Plan newPlan) {
  Runtime::Impl& runtime = *model->runtime;
  const memory::ArenaPool::Claim next{memory::arenaBytes(newPlan.placedBytes),
                                     memory::arenaBytes(newPlan.lowerBoundBytes), &model->source};
  const memory::ArenaPool::Claim* last = announced.model ? &announced : nullptr;
  const MemoryLedger metadata{.heapBytes =
                                  kSharedHeader + sizeof(Impl) + runtime::heapBytes(newPlan)};
  const std::lock_guard lock(runtime.mutex);
  if (auto ok = askBudget(runtime, heap.amount(), metadata, runtime.arenas.need(0, &next, last));
      !ok)
    return fail(ok.error().code, model->source, ": ", ok.error().message);
  runtime.arenas.announce(next, last);
  announced = next;
  plan = std::move(newPlan);
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
    if (auto ok = session->replacePlan(std::move(*plan)); !ok)
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
                   return runtime::describeOperands(impl_->model->graph, impl_->plan, index);
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
                   return runtime::describeMemory(impl_->model->graph, impl_->plan);
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

std::unexpected<Error> shapesAreFixed(const ir::Graph& graph) {
  const size_t others = graph.foldedShapeNodes.size() - 1;
  return fail(ErrorCode::Unsupported, "the shape arithmetic of this model (node '",
              graph.foldedShapeNodes.front(), "'",
              others > 0 ? text(" and ", others, " more") : std::string(),
              ") was folded at conversion; convert the ONNX file again with --shape");
}

}  // namespace

Result<std::optional<runtime::Plan>> Session::Impl::planFor(
    std::span<const std::pair<std::string, Shape>> shapes) const {
  const ir::Graph& graph = model->graph;
  std::vector<TensorType> types = plan.types;
  const auto changed = setShapes(graph, shapes, types);
  if (!changed) return std::unexpected(changed.error());
  if (!*changed) return std::nullopt;
  if (!graph.foldedShapeNodes.empty()) return shapesAreFixed(graph);
  if (auto ok = runtime::inferTypes(graph, types); !ok) return std::unexpected(ok.error());
  return runtime::makePlan(graph, std::move(types),
                           {model->runtime->options.threads, options.fastKernels, options.strips});
}

Result<void> Session::resizeInputs(std::span<const std::pair<std::string, Shape>> shapes) {
  const std::string& source = impl_->model->source;
  return guarded(source, [&]() -> Result<void> {
    if (impl_->framed)
      return fail(ErrorCode::Busy,
                  "inputs cannot be resized while a frame of the session is alive");
    auto plan = impl_->planFor(shapes);
    if (!plan) return fail(plan.error().code, source, ": ", plan.error().message);
    if (!*plan) return {};
    return impl_->replacePlan(std::move(**plan));
  });
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

}  // namespace minnow
