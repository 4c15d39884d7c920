// Enqueuing.
#include "backend/gpu/launches.h"

#include <cmath>
#include <limits>

#include "base/fail.h"

namespace minnow::backend::gpu {

Launches::Launches(Device& device, const char* name)
    : device_(device), name_(text(device.backend(), "-", name)) {}

Result<int> Launches::addConstant(std::span<const std::byte> bytes) {
  auto made = device_.constant(bytes);
  if (!made) return std::unexpected(made.error());
  constants_.push_back(std::move(*made));
  return static_cast<int>(constants_.size()) - 1;
}

Result<int> Launches::addWeights(std::span<const float> weights) {
  std::vector<float> flushed(weights.begin(), weights.end());
  for (float& weight : flushed)
    if (std::fabs(weight) < std::numeric_limits<float>::min()) weight = std::copysign(0.0F, weight);
  return addConstant(std::as_bytes(std::span(flushed)));
}

Result<Operand> Launches::operand(const Work& work, int input) {
  const TensorView& view = work.inputs[static_cast<size_t>(input)];
  if (view.data == nullptr) return Operand{Operand::In::Inputs, input};
  int64_t low = 0, high = 0;  // a view of a constant may have gaps, and go backwards
  for (int axis = 0; axis < view.shape.rank(); ++axis) {
    const int64_t reach = (view.shape[axis] - 1) * view.strides[axis];
    (reach < 0 ? low : high) += reach;
  }
  const size_t size = elementSize(view.type), before = static_cast<size_t>(-low) * size;
  const size_t count = view.elements() > 0 ? static_cast<size_t>(high - low) + 1 : 0;
  const std::span bytes(view.as<const std::byte>() - before, count * size);
  std::vector<std::byte> padded((sizeof(float) - before % sizeof(float)) % sizeof(float));
  const size_t first = padded.size() + before;  // element 0 lies at a whole number of four bytes
  if (!padded.empty()) padded.insert(padded.end(), bytes.begin(), bytes.end());
  const auto index = addConstant(padded.empty() ? bytes : std::span<const std::byte>(padded));
  if (!index) return std::unexpected(index.error());
  return Operand{Operand::In::Constants, *index, static_cast<int64_t>(first / sizeof(float))};
}

Operand Launches::theirs(std::unique_ptr<Buffer> buffer) {
  theirs_ = std::move(buffer);
  return {Operand::In::Theirs};
}

Result<void> Launches::add(const KernelName& name, std::vector<Operand> operands,
                           std::span<const std::byte> geometry, size_t items) {
  if (items == 0) return {};
  if (operands.size() > kMostPointers)
    return fail(ErrorCode::Unsupported, name.function, " takes ", operands.size(), " tensors, of ",
                kMostPointers, " that a kernel may");
  auto call = device_.call(name, operands.size(), geometry, items);
  if (!call) return std::unexpected(call.error());
  launches_.push_back({std::move(*call), std::move(operands)});
  return {};
}

size_t Launches::heapBytes() const {
  size_t bytes = sizeof *this + minnow::heapBytes(name_) +
                 constants_.capacity() * sizeof constants_[0] + constants_.size() * sizeof(Buffer) +
                 (theirs_ ? sizeof(Buffer) : 0) + launches_.capacity() * sizeof(Launch);
  for (const Launch& launch : launches_)
    bytes += launch.call->heapBytes() + minnow::heapBytes(launch.operands);
  return bytes;
}

size_t Launches::deviceBytes() const {
  size_t bytes = 0;
  for (const auto& constant : constants_) bytes += constant->bytes();
  return bytes;
}

Pointer Launches::resolve(const Operand& operand, const kernels::KernelArgs& args) const {
  if (operand.in == Operand::In::Constants)
    return {constants_[static_cast<size_t>(operand.index)].get(), operand.shift};
  if (operand.in == Operand::In::Theirs) return {theirs_.get(), operand.shift};
  const auto index = static_cast<size_t>(operand.index);
  const size_t byte = operand.in == Operand::In::Workspace
                          ? static_cast<size_t>(reinterpret_cast<uintptr_t>(args.workspace.data()))
                          : deviceOffset(operand.in == Operand::In::Inputs ? args.inputs[index]
                                                                           : args.outputs[index]);
  return {static_cast<const Buffer*>(args.block),
          static_cast<int64_t>(byte / sizeof(float)) + operand.shift};
}

Result<void> Launches::enqueue(const Launch& launch, const kernels::KernelArgs& args) const {
  Pointer pointers[kMostPointers];
  size_t count = 0;
  for (const Operand& operand : launch.operands) pointers[count++] = resolve(operand, args);
  return launch.call->enqueue({pointers, count});
}

Result<Event> Launches::run(const kernels::KernelArgs& args) const {
  return device_.ran(begin(args));
}

Result<Event> Launches::begin(const kernels::KernelArgs& args) const {
  const std::lock_guard lock(device_.mutex());
  auto turn = Turn::take(device_);
  if (!turn) return std::unexpected(turn.error());
  for (const Launch& launch : launches_)
    if (auto ok = enqueue(launch, args); !ok) return std::unexpected(ok.error());
  if (auto ok = turn->end(); !ok) return std::unexpected(ok.error());
  return kDone + 1;
}

}  // namespace minnow::backend::gpu
