// Inputs that an application has on the session's device, and outputs that it wants there: kernels
// of a frame's own, in place of the steps that take them across.
#include <algorithm>

#include "base/fail.h"
#include "base/guarded.h"
#include "minnow/device.h"
#include "runtime/impl.h"

namespace minnow {
#ifndef MINNOW_WITHOUT_DEVICES
namespace {

using ir::ValueId;

std::unexpected<Error> onTheCpu(const program::Program& program, const char* kind,
                                const std::string& name, size_t step, const char* does) {
  const OperatorInfo op = program::describeOperator(program, step);
  return fail(ErrorCode::Unsupported, kind, " '", name, "' is ", does, " ", op.type, " '", op.name,
              "' on the CPU", op.refused.empty() ? "" : text(" (", op.refused, ")"),
              ", so that it lies in the process's memory: use Frame::", kind, "() for it");
}

/// Steps that have a value among their inputs, or outputs.
std::vector<size_t> stepsWith(const ir::Graph& graph, ir::Ids ir::Node::* ids, ValueId id) {
  std::vector<size_t> steps;
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    if (std::ranges::count(graph.nodes[n].*ids, id) > 0) steps.push_back(n);
  return steps;
}

bool crosses(const program::Program& program, size_t step) {
  return program::describeOperator(program, step).crosses();
}

/// The step that takes an input to the device, if that is all that reads it.
Result<size_t> entryOf(const program::Program& program, ValueId id, const std::string& name) {
  const std::vector<size_t> readers = stepsWith(*program.graph, &ir::Node::inputs, id);
  for (const size_t step : readers)
    if (!crosses(program, step)) return onTheCpu(program, "input", name, step, "read by");
  if (!readers.empty()) return readers.front();
  return fail(ErrorCode::Unsupported, "nothing reads the input '", name, "'");
}

/// The step that takes an output from the device, if nothing else reads what it writes.
Result<size_t> exitOf(const program::Program& program, ValueId id, const std::string& name) {
  const std::vector<size_t> writers = stepsWith(*program.graph, &ir::Node::outputs, id);
  const std::vector<size_t> readers = stepsWith(*program.graph, &ir::Node::inputs, id);
  if (!readers.empty()) return onTheCpu(program, "output", name, readers.front(), "read by");
  if (writers.empty())
    return fail(ErrorCode::Unsupported, "the output '", name, "' is an input, or a constant");
  if (crosses(program, writers.front())) return writers.front();
  return onTheCpu(program, "output", name, writers.front(), "computed by");
}

Result<size_t> indexOf(std::span<const TensorInfo> infos, const char* kind, std::string_view name) {
  std::string known;
  for (size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].name == name) return i;
    known += (known.empty() ? "" : ", ") + infos[i].name;
  }
  return fail(ErrorCode::NotFound, "the model has no ", kind, " '", name, "'; it has: ", known);
}

using Made = Result<std::unique_ptr<const backend::Kernel>>;

template <class Make>
Made makeAt(const program::Program& program, ValueId id, const Make& make) {
  TensorView view = program.viewOf(id);
  if (!program.isOnDevice(id))
    return fail(ErrorCode::Unsupported, "it is a constant, which lies in the process's memory");
  if (const DataType type = program.typeOf(id).type; type != DataType::Float32)
    return fail(ErrorCode::Unsupported, "float32 alone is bound on a device, not ", type,
                ": use Frame::input() and Frame::output() for it");
  view.data = nullptr;
  return make(*program.devices[program.deviceOf(id)]->memory(), view);
}

/// `make(memory, view)` makes the kernel, or null to have the step's own again.
template <class Make>
Result<void> bindAt(Frame::Impl& frame, bool isInput, std::string_view name, const Make& make) {
  const program::Program& program = frame.session->program();
  const auto index =
      indexOf(isInput ? program.inputs : program.outputs, isInput ? "input" : "output", name);
  if (!index) return passOn(index);
  const ValueId id = isInput ? program.graph->inputs[*index] : program.graph->outputs[*index];
  const auto step =
      isInput ? entryOf(program, id, std::string(name)) : exitOf(program, id, std::string(name));
  if (!step) return passOn(step);
  const ir::Node& node = program.graph->nodes[*step];
  const ValueId there = isInput ? node.outputs[0] : node.inputs[0];
  auto kernel = makeAt(program, there, make);
  if (!kernel)
    return fail(kernel.error().code, isInput ? "input '" : "output '", name,
                "': ", kernel.error().message);
  return frame.bind(*step, std::move(*kernel));
}

template <class Make>
Result<void> bindGuarded(Frame::Impl& frame, bool isInput, std::string_view name,
                         const Make& make) {
  const std::string& source = frame.session->model->source;
  return guarded(source, [&]() -> Result<void> {
    auto ok = bindAt(frame, isInput, name, make);
    return ok ? ok : fail(ok.error().code, source, ": ", ok.error().message);
  });
}

bool isNone(const DeviceTensor& tensor) { return tensor.cl == nullptr && tensor.gl == 0; }
bool isNone(const DevicePicture& picture) {
  return picture.cl == nullptr && picture.texture == 0 && picture.image == nullptr;
}

}  // namespace

Result<void> Frame::Impl::bind(size_t step, std::unique_ptr<const backend::Kernel> kernel) {
  using Own = runtime::Bound::Kernel;
  const auto bytesOf = [](const auto& one) { return sizeof(Own) + one->heapBytes(); };
  auto& [kernels, heap] = bindings->bound;
  const auto last = std::ranges::find(kernels, step, &Own::step);
  MemoryLedger more = heap.amount();
  if (last != kernels.end()) more.heapBytes -= bytesOf(last->kernel);
  if (kernel) more.heapBytes += bytesOf(kernel);
  Runtime::Impl& runtime = *session->model->runtime;
  const std::lock_guard lock(runtime.mutex);
  if (auto ok = askBudget(runtime, heap.amount(), more, runtime.arenas.need()); !ok) return ok;
  if (last != kernels.end()) kernels.erase(last);
  kernels.reserve(kernels.size() + 1);
  if (kernel) kernels.push_back({step, std::move(kernel)});
  kernels.shrink_to_fit();
  heap.set(runtime.ledger, more);
  return {};
}

Result<void> Frame::bindInput(std::string_view name, const DeviceTensor& tensor) {
  return bindGuarded(*impl_, true, name,
                     [&](const backend::DeviceMemory& memory, const TensorView& view) {
                       return isNone(tensor) ? Made() : memory.from(tensor, view);
                     });
}

Result<void> Frame::bindInput(std::string_view name, const DevicePicture& picture) {
  return bindGuarded(*impl_, true, name,
                     [&](const backend::DeviceMemory& memory, const TensorView& view) {
                       return isNone(picture) ? Made() : memory.from(picture, view);
                     });
}

Result<void> Frame::bindOutput(std::string_view name, const DeviceTensor& tensor) {
  return bindGuarded(*impl_, false, name,
                     [&](const backend::DeviceMemory& memory, const TensorView& view) {
                       return isNone(tensor) ? Made() : memory.to(tensor, view);
                     });
}

#else
namespace {

Result<void> noDevice() { return fail(ErrorCode::Unsupported, "this build computes on no device"); }

}  // namespace

Result<void> Frame::bindInput(std::string_view, const DeviceTensor&) { return noDevice(); }
Result<void> Frame::bindInput(std::string_view, const DevicePicture&) { return noDevice(); }
Result<void> Frame::bindOutput(std::string_view, const DeviceTensor&) { return noDevice(); }

#endif
}  // namespace minnow
