// Binding a step's tensors and running it.
#include "runtime/runner.h"

#include <cstdint>
#include <cstring>

#include "base/aligned.h"
#include "base/fail.h"
#include "kernels/movement.h"

namespace minnow::runtime {

using program::kNone;

int Runner::bandsHere() const {
  const planning::ChainSchedule* chain = program().strips.chainAt(cursor_.step());
  const bool begins = chain != nullptr && chain->first == cursor_.step();
  return begins && cursor_.strip() == 0 && cursor_.band() + 1 == chain->band.count
             ? chain->band.count
             : 1;
}

/// A tensor, or rows of it, at this place of the run. Its row 0 may lie outside the arena, so
/// addresses are computed on integers.
void Runner::bindStrip(ir::ValueId id, const ops::Rows& rows, TensorView& view) const {
  program().bindView(id, view);
  if (id == ir::kNoValue) return;
  const program::Place& place = program().places[id];
  auto address = reinterpret_cast<uintptr_t>(view.data);
  if (place.buffer != kNone)
    address = reinterpret_cast<uintptr_t>(bufferAt(cursor_.bufferHere(place.buffer))) +
              static_cast<uintptr_t>(cursor_.rowZero(place.buffer, place.byteOffset));
  if (rows.axis >= 0) {
    view.shape[rows.axis] = rows.end - rows.begin;
    address += static_cast<uintptr_t>(rows.begin * view.strides[rows.axis] *
                                      static_cast<int64_t>(elementSize(view.type)));
  }
  view.data = reinterpret_cast<void*>(address);
}

Result<void> Runner::open(bool watched) {
  slideRows();
  if (auto ok = findSkipped(); !ok) return ok;
  const program::Step& step = plannedStep();
  if (!hasWork() || !(watched || step.kernel || step.sizedByData)) return {};
  int32_t axis = step.stripAxes;
  ops::Rows rows = cursor_.rows();
  const auto bindAll = [&](std::span<const ir::ValueId> ids, std::span<TensorView> views) {
    for (size_t i = 0; i < ids.size(); ++i) {
      rows.axis = axis == kNone ? ops::Rows::kWhole : program().stripAxes[axis++];
      bindStrip(ids[i], rows, views[i]);
    }
  };
  bindAll(node().inputs, inputs());
  bindAll(node().outputs, outputs());
  return step.sizedByData ? bindActualSizes() : Result<void>();
}

/// Whoever reads the condition may not have computed it yet.
Result<void> Runner::findSkipped() {
  const program::Guards& guards = program().guards;
  const int32_t guard = guards.ofStep.empty() ? kNone : guards.ofStep[step()];
  skipped_ = false;
  if (guard == kNone) return {};
  if (auto ok = finish(); !ok) return ok;
  skipped_ = !isAllowed(guard);
  return {};
}

bool Runner::isAllowed(int32_t guard) const {
  if (guard == kNone) return true;
  const program::Guard& one = program().guards.all[guard];
  return isAllowed(one.outer) && *bindings_->tensor(one.condition).as<const bool>() == one.wanted;
}

/// Moves the rows that are still needed to the beginning of their buffers.
void Runner::slideRows() {
  cursor_.forEachSlide([&](const planning::Slide& slide) {
    std::byte* to = bufferAt(slide.buffer);
    std::memmove(to, to + slide.fromByte, slide.bytes);
  });
}

Result<void> Runner::advance() {
  const planning::ChainSchedule* chain = program().strips.chainAt(cursor_.step(), cursor_.band());
  if (chain != nullptr && chain->band.count > 1)
    if (auto ok = endStepOf(*chain); !ok) return ok;
  cursor_.advance();
  return {};
}

/// Of a chain in bands.
Result<void> Runner::endStepOf(const planning::ChainSchedule& chain) {
  bool any = false;
  cursor_.forEachHandover([&](const planning::Handover&) { any = true; });
  if (any)  // rows are copied here, so they have to be there
    if (auto ok = finish(); !ok) return ok;
  cursor_.forEachHandover([&](const planning::Handover& rows) { handOver(rows); });
  noteProgress(progressAt(chain, cursor_.strip(), cursor_.step()));
  return {};
}

/// How many steps of a band are done after this one, those of all strips counted.
int Runner::progressAt(const planning::ChainSchedule& chain, int strip, int step) {
  return strip * (chain.last + 1 - chain.first) + step + 1 - chain.first;
}

void Runner::noteProgress(int done) {
  std::atomic<int>& mine = bindings_->progress[cursor_.band()];
  mine.store(done, std::memory_order_release);
  mine.notify_all();
}

/// Copies rows between a line buffer and a border's buffer.
void Runner::handOver(const planning::Handover& handover) {
  if (handover.taken) waitFor(handover);
  const ir::ValueId id = handover.border->value;
  TensorView here;
  bindStrip(id, handover.rows, here);
  TensorView there = here;
  there.data = bufferAt(handover.border->buffer) +
               handover.byteAt(handover.rows.begin, program().places[id].byteOffset);
  handover.taken ? copyTensor(there, here) : copyTensor(here, there);
}

void Runner::waitFor(const planning::Handover& handover) const {
  const int next = cursor_.band() + 1, step = cursor_.step();
  const planning::StripTables& strips = program().strips;
  const int needed = progressAt(*strips.chainAt(step, next),
                                strips.stripThatReaches(step, next, handover.rows.end), step);
  const std::atomic<int>& progress = bindings_->progress[next];
  for (int seen; (seen = progress.load(std::memory_order_acquire)) < needed;) progress.wait(seen);
}

/// Each band has its own.
std::span<std::byte> Runner::workspace() const {
  if (plannedStep().workspace == kNone) return {};
  const int32_t buffer = plannedStep().workspace + cursor_.band();
  return {bufferAt(buffer), program().buffers[buffer].bytes};
}

Result<void> Runner::run(base::Team& team) {
  const program::Step& step = plannedStep();
  const int here = cursor_.step();
  if (!step.kernel) return {};
  if (busy_ != step.backend)
    if (auto ok = finish(); !ok) return ok;
  kernels::KernelArgs args{inputs(), outputs(), workspace(), &team};
  if (program().computesRowsOfWhole(cursor_.step())) {
    const ops::Rows rows = cursor_.rows();
    args.rows = {rows.begin, rows.end};
  }
  if (backend::kHasDevices && step.device != kNone) args.block = bindings_->blocks[step.device];
  if (step.settled != kNone) args.settled = bindings_->settled[step.settled].get();
  const auto event = bindings_->kernelOf(this->step())->run(args);
  if (!event || *event != backend::kDone) {  // what failed may have begun something
    if (busy_ == nullptr) firstBegun_ = here;
    busy_ = step.backend;
    begun_ = event ? *event : backend::kDone;
    lastBegun_ = here;
  }
  if (!event) return withBegun(event.error());
  if (step.sizedByData) noteActualSizes();
  return {};
}

Result<void> Runner::finish() {
  if (busy_ == nullptr) return {};
  const backend::Backend& backend = *busy_;
  auto done = backend.wait(begun_);
  if (!done) done = withBegun(done.error());
  busy_ = nullptr;
  return done;
}

/// What a device begins it may fail in later: names the steps of which it can be.
std::unexpected<Error> Runner::withBegun(const Error& error) const {
  if (!backend::kHasDevices || busy_->memory() == nullptr) return std::unexpected(error);
  const auto nameOf = [&](int step) {
    return text("node '", program().graph->nodes[step].name, "' (",
                program().graph->nodes[step].op->name(), ")");
  };
  return fail(error.code, error.message, "; begun and not waited for: ",
              firstBegun_ == lastBegun_ ? "" : text(nameOf(firstBegun_), " to "),
              nameOf(lastBegun_));
}

// Callbacks ---------------------------------------------------------------------------------------

OperatorInfo Runner::info() const {
  OperatorInfo info = program::describeOperator(program(), step());
  const ops::Rows rows = cursor_.rows();
  if (rows.axis == ops::Rows::kWhole) return info;
  info.rowBegin = rows.begin;
  info.rowEnd = rows.end;
  return info;
}

std::vector<TensorView> Runner::visibleInputs() const {
  std::vector<TensorView> views(operands_.data(), operands_.data() + node().inputs.size());
  if (!program().computesRowsOfWhole(cursor_.step())) return views;
  const auto in = program().typesOf(node().inputs), out = program().typesOf(node().outputs);
  for (size_t i = 0; i < views.size(); ++i) {
    if (!views[i]) continue;
    const auto read = node().op->rowsRead(static_cast<int>(i), cursor_.rows(), in, out);
    if (read && read->axis >= 0)
      views[i] = kernels::partOf(views[i], read->axis, read->begin, read->end - read->begin);
  }
  return views;
}

std::vector<TensorView> Runner::visibleOutputs() const {
  const TensorView* first = operands_.data() + node().inputs.size();
  std::vector<TensorView> views(first, first + node().outputs.size());
  if (!program().computesRowsOfWhole(cursor_.step())) return views;
  const ops::Rows rows = cursor_.rows();
  for (TensorView& view : views)
    if (view) view = kernels::partOf(view, rows.axis, rows.begin, rows.end - rows.begin);
  return views;
}

namespace {

Result<void> settle(const backend::Backend& backend, const Result<backend::Event>& begun) {
  if (!begun) return passOn(begun);
  return *begun == backend::kDone ? Result<void>() : backend.wait(*begun);
}

}  // namespace

Result<void> Runner::OnHost::take(const Bindings& bindings, std::span<const ir::ValueId> ids,
                                  std::span<TensorView> views) {
  bindings_ = &bindings;
  for (size_t i = 0; i < views.size(); ++i) {
    TensorView& view = views[i];
    const int32_t at = bindings.program->deviceOf(ids[i]);
    if (at == kNone) continue;
    const TensorView device = view;
    view.type = bindings.program->typeOf(ids[i]).type;
    auto bytes = base::alignedBytes(view.bytes());
    if (!bytes)
      return fail(ErrorCode::OutOfMemory, "no memory for a copy of ", view.bytes(),
                  " bytes that a callback can see");
    view.strides = plainStrides(view.shape);
    view.data = bytes.get();
    copies_.push_back({at, device, view, std::move(bytes)});
    const backend::Backend& there = *bindings.program->devices[at];
    const auto begun = there.memory()->download(*bindings.blocks[at], device, view);
    if (auto ok = settle(there, begun); !ok) return ok;
  }
  return {};
}

Result<void> Runner::OnHost::giveBack() const {
  for (const Copy& copy : copies_) {
    const backend::Backend& there = *bindings_->program->devices[copy.at];
    const auto begun = there.memory()->upload(copy.host, *bindings_->blocks[copy.at], copy.device);
    if (auto ok = settle(there, begun); !ok) return ok;
  }
  return {};
}

}  // namespace minnow::runtime
