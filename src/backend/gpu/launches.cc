// Enqueuing.
#include "backend/gpu/launches.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/gpu/joined.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "base/half.h"
#include "kernels/packing.h"

namespace minnow::backend::gpu {
namespace {

constexpr const char* kHalves = " -D HALF=1";

}  // namespace

Reach::Reach(const TensorView& view) : high(view.elements() > 0 ? 0 : -1) {
  for (int axis = 0; axis < view.shape.rank() && high >= 0; ++axis) {
    const int64_t reach = (view.shape[axis] - 1) * view.strides[axis];
    (reach < 0 ? low : high) += reach;
  }
}

std::span<const float> numbersOf(const Work& work, int input) {
  const TensorView& view = work.inputs[static_cast<size_t>(input)];
  if (view.packing == Packing::F16x16) return {};
  if (view.packing != Packing::None) {
    const auto matrices = *work.op.weightMatrices(input, view.shape, view.strides);
    const int64_t bytes = kernels::packedBytes(view.packing, matrices);
    return {view.as<const float>(), static_cast<size_t>(bytes) / sizeof(float)};
  }
  const Reach reach(view);
  return {view.as<const float>() + reach.low, static_cast<size_t>(reach.elements())};
}

bool storesHalves(const Work& work) {
  const auto isHalf = [](const TensorView& view) { return view.type == DataType::Float16; };
  return std::ranges::any_of(work.inputs, isHalf) || std::ranges::any_of(work.outputs, isHalf);
}

Launches::Launches(Device& device, const char* name, bool halves, Constants constants)
    : device_(device),
      name_(text(device.backend(), "-", name)),
      halves_(halves),
      keepsConstants_(constants == Constants::Kept) {}

Result<int> Launches::addConstant(std::span<const std::byte> bytes, size_t size) {
  auto made = device_.constant(bytes);
  if (!made) return passOn(made);
  constants_.push_back({std::move(*made), static_cast<int64_t>(size)});
  return static_cast<int>(constants_.size()) - 1;
}

Result<int> Launches::addConstant(std::span<const std::byte> bytes) {
  return addConstant(bytes, sizeof(float));
}

Result<int> Launches::addNumbers(std::span<const float> numbers) {
  if (!halves_ || keepsConstants_) return addConstant(std::as_bytes(numbers));
  const std::vector<base::Half> halves(numbers.begin(), numbers.end());
  return addConstant(std::as_bytes(std::span(halves)), sizeof(base::Half));
}

Result<int> Launches::addWeights(std::span<const float> weights) {
  std::vector<float> flushed(weights.begin(), weights.end());
  for (float& weight : flushed)
    if (std::fabs(weight) < std::numeric_limits<float>::min()) weight = std::copysign(0.0F, weight);
  return addNumbers(flushed);
}

Result<Operand> Launches::operand(const Work& work, int input) {
  const TensorView& view = work.inputs[static_cast<size_t>(input)];
  if (view.data == nullptr) return Operand{Operand::In::Inputs, input};
  const Reach reach(view);
  if (view.type == DataType::Float32) {
    const auto index = addNumbers(numbersOf(work, input));
    if (!index) return passOn(index);
    return Operand{Operand::In::Constants, *index, -reach.low};
  }
  const size_t size = elementSize(view.type), before = static_cast<size_t>(-reach.low) * size;
  const std::span bytes(view.as<const std::byte>() - before,
                        static_cast<size_t>(reach.elements()) * size);
  std::vector<std::byte> padded((sizeof(float) - before % sizeof(float)) % sizeof(float));
  const size_t first = padded.size() + before;  // element 0 lies at a whole number of four bytes
  if (!padded.empty()) padded.insert(padded.end(), bytes.begin(), bytes.end());
  const auto index = addConstant(padded.empty() ? bytes : std::span<const std::byte>(padded));
  if (!index) return passOn(index);
  return Operand{Operand::In::Constants, *index, static_cast<int64_t>(first / sizeof(float))};
}

bool Launches::isKept(const Operand& operand) const {
  return operand.in == Operand::In::Theirs ||
         (keepsConstants_ && operand.in == Operand::In::Constants);
}

/// As kernels/vocabulary has it.
KernelName Launches::inHalves(KernelName name, std::span<const Operand> operands) const {
  int kept = 0;
  for (size_t i = 0; i < operands.size(); ++i) kept |= (isKept(operands[i]) ? 1 : 0) << i;
  if (kept != 0) name.options += text(" -D KEPT=", kept);
  return name;
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
  launches_.push_back(
      {std::make_unique<Described>(halves_ ? inHalves(name, operands) : name,
                                   std::vector(geometry.begin(), geometry.end()), items),
       std::move(operands)});
  return {};
}

Result<void> Launches::compile() {
  for (Launch& launch : launches_) {
    if (launch.call) continue;
    const Described& it = *launch.described;
    KernelName name = it.name;
    if (halves_) name.options += kHalves;
    auto call = device_.call(name, launch.operands.size(), it.geometry, it.items);
    if (!call) return passOn(call);
    launch.call = std::move(*call);
    launch.described.reset();
  }
  return {};
}

void Launches::becomeParts(std::shared_ptr<Joined> joined, int first, bool begins) {
  joined_ = std::move(joined);
  firstPart_ = first, parts_ = static_cast<int>(launches_.size());
  begins_ = begins;
  constants_.clear(), launches_.clear();
  constants_.shrink_to_fit(), launches_.shrink_to_fit();
}

size_t Launches::heapBytes() const {
  size_t bytes = sizeof *this + minnow::heapBytes(name_) +
                 constants_.capacity() * sizeof(Constant) + (theirs_ ? theirs_->heapBytes() : 0) +
                 launches_.capacity() * sizeof(Launch);
  for (const Constant& constant : constants_) bytes += constant.buffer->heapBytes();
  for (const Launch& launch : launches_)
    bytes += launch.call->heapBytes() + minnow::heapBytes(launch.operands);
  return bytes + (holdsJoined() ? joined_->heapBytes() : 0);
}

size_t Launches::deviceBytes() const {
  size_t bytes = 0;
  for (const Constant& constant : constants_) bytes += constant.buffer->bytes();
  return bytes + (holdsJoined() ? joined_->deviceBytes() : 0);
}

Pointer Launches::resolve(const Operand& operand, const kernels::KernelArgs& args) const {
  if (operand.in == Operand::In::Theirs) return {theirs_.get(), operand.shift};
  const auto index = static_cast<size_t>(operand.index);
  if (operand.in == Operand::In::Constants)
    return {constants_[index].buffer.get(), operand.shift, constants_[index].size};
  const auto* block = static_cast<const Buffer*>(args.block);
  if (operand.in == Operand::In::Workspace) {
    const auto byte = reinterpret_cast<uintptr_t>(args.workspace.data());
    return {block, static_cast<int64_t>(byte / sizeof(float)) + operand.shift};
  }
  const TensorView& view =
      operand.in == Operand::In::Inputs ? args.inputs[index] : args.outputs[index];
  const size_t size = view.type == DataType::Float16 ? sizeof(base::Half) : sizeof(float);
  return {block, static_cast<int64_t>(deviceOffset(view) / size) + operand.shift,
          static_cast<int64_t>(size)};
}

Result<void> Launches::enqueue(const Launch& launch, const kernels::KernelArgs& args) const {
  Pointer pointers[kMostPointers];
  size_t count = 0;
  for (const Operand& operand : launch.operands) pointers[count++] = resolve(operand, args);
  return launch.call->enqueue({pointers, count});
}

Result<void> Launches::enqueue(const kernels::KernelArgs& args) const {
  auto ok = launches_.empty() ? Result<void>() : device_.startNotedHere();
  for (const Launch& launch : launches_)
    if (ok) ok = enqueue(launch, args);
  return ok;
}

Result<void> Launches::note(const kernels::KernelArgs& args) const {
  const auto* block = static_cast<const Buffer*>(args.block);
  return device_.note({joined_.get(), block, firstPart_, firstPart_ + parts_});
}

Result<Event> Launches::run(const kernels::KernelArgs& args) const {
  return device_.ran(begin(args));
}

Result<Event> Launches::begin(const kernels::KernelArgs& args) const {
  const std::lock_guard lock(device_.mutex());
  auto turn = Turn::take(device_);
  if (!turn) return passOn(turn);
  if (auto ok = joined_ ? note(args) : enqueue(args); !ok) return passOn(ok);
  if (auto ok = turn->end(); !ok) return passOn(ok);
  return kDone + 1;
}

}  // namespace minnow::backend::gpu
