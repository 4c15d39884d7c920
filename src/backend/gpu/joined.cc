// Choosing steps that are started together, and their table.
#include "backend/gpu/joined.h"

#include <algorithm>
#include <array>
#include <vector>

#include "backend/gpu/launches.h"
#include "backend/gpu/rows.h"
#include "base/aligned.h"
#include "base/fail.h"
#include "base/heap_bytes.h"

namespace minnow::backend::gpu {

Result<void> Joined::enqueue(const Buffer& block, int first, int end) const {
  return call_->enqueue({{{&block, first, 1}, {constants_.get(), end, 1}, {table_.get(), 0}}});
}

size_t Joined::heapBytes() const {
  return kSharedHeader + sizeof *this + call_->heapBytes() + constants_->heapBytes() +
         table_->heapBytes();
}

Result<void> Device::note(const Noted& parts) {
  const bool follows =
      noted_.joined == parts.joined && noted_.block == parts.block && noted_.end == parts.first;
  if (follows) {
    noted_.end = parts.end;
    return {};
  }
  if (auto ok = startNotedHere(); !ok) return ok;
  noted_ = parts;
  return {};
}

Result<void> Device::startNotedHere() {
  if (noted_.joined == nullptr) return {};
  auto ok = noted_.joined->enqueue(*noted_.block, noted_.first, noted_.end);
  if (ok) noted_ = {};
  return ok;
}

Result<void> Device::startNoted() {
  const std::lock_guard lock(mutex_);
  if (noted_.joined == nullptr) return {};
  auto turn = Turn::take(*this);
  if (!turn) return passOn(turn);
  auto ok = startNotedHere();
  return ok ? turn->end() : ok;
}

void Device::noteJoining(Joining joining, const std::string& why) {
  const std::lock_guard lock(mutex_);
  joining_ = joining;
  if (!why.empty()) apart_ = why;
}

Device::Joining Device::joining() const {
  const std::lock_guard lock(mutex_);
  return joining_;
}

std::string Device::apart() const {
  const std::lock_guard lock(mutex_);
  return apart_;
}

void Device::forget(const Joined& joined) {
  const std::lock_guard lock(mutex_);
  if (noted_.joined == &joined) noted_ = {};
}

void Device::forget(const Buffer& block) {
  const std::lock_guard lock(mutex_);
  if (noted_.block == &block) noted_ = {};
}

/// Not in low precision: all would have to be compiled for halves, and the joined text is not.
bool mayJoin(const Device& device, const Launches& launches) {
  return !launches.inHalves() &&
         std::ranges::all_of(launches.all(), [&](const Launches::Launch& launch) {
           return device.joins(launch.described->items, launches.cost);
         });
}

namespace {

/// A step that may be joined to its neighbours.
struct Step {
  Launches* launches;
  kernels::KernelArgs args;
  bool begins = false;  // what is before it is none
};

/// Those that wait to be compiled and have a neighbour. One that starts nothing, as a concatenation in
/// place, is no step.
std::vector<Step> joinedSteps(std::span<const PlacedKernel> placed) {
  std::vector<Step> steps;
  bool begins = true;
  const auto endRun = [&] {
    if (!begins && steps.back().begins) steps.pop_back();
    begins = true;
  };
  for (const PlacedKernel& one : placed) {
    auto* launches = static_cast<Launches*>(one.kernel);
    if (launches != nullptr && launches->all().empty()) continue;
    if (launches == nullptr || launches->all().front().call) {
      endRun();
      continue;
    }
    const auto outputs = const_cast<TensorView*>(one.outputs.data());
    steps.push_back({launches, {one.inputs, {outputs, one.outputs.size()}, one.workspace}, begins});
    begins = false;
  }
  endRun();
  return steps;
}

/// The table of a program: how far each part is from its beginning; of a part its kernel, for each
/// pointer whether it is of the constants and where it points, and the kernel's geometry. Numbers are of 32 bits.
class Table {
 public:
  explicit Table(Device& device) : device_(device) {}

  Result<void> add(const Step& step) {
    for (const Launches::Launch& launch : step.launches->all())
      if (auto ok = add(*step.launches, launch, step.args); !ok) return ok;
    return {};
  }

  Result<std::shared_ptr<Joined>> make() const {
    auto call = device_.joined(kernels_);
    if (!call) return passOn(call);
    auto constants = device_.constant(constants_);
    if (!constants) return passOn(constants);
    const std::vector<int32_t> all = words();
    auto table = device_.constant(std::as_bytes(std::span(all)));
    if (!table) return passOn(table);
    return std::make_shared<Joined>(device_, std::move(*call), std::move(*constants),
                                    std::move(*table));
  }
  int parts() const { return static_cast<int>(starts_.size()); }

 private:
  Result<void> add(const Launches& launches, const Launches::Launch& launch,
                   const kernels::KernelArgs& args) {
    starts_.push_back(static_cast<int32_t>(words_.size()));
    words_.push_back(kernelOf(launch.described->name));
    const size_t end = words_.size() + 2 * kMostPointers;
    for (const Operand& operand : launch.operands) {
      const Pointer pointer = launches.resolve(operand, args);
      auto at = placeOf(pointer);
      if (!at) return passOn(at);
      words_.push_back(pointer.buffer != nullptr);
      words_.push_back(*at);
    }
    words_.resize(end);
    const std::vector<std::byte>& geometry = launch.described->geometry;
    words_.resize(end + geometry.size() / sizeof(int32_t));
    std::ranges::copy(geometry, reinterpret_cast<std::byte*>(words_.data() + end));
    return {};
  }

  int32_t kernelOf(const KernelName& name) {
    const auto known = std::ranges::find(kernels_, name);
    const auto index = static_cast<int32_t>(known - kernels_.begin());
    if (known == kernels_.end()) kernels_.push_back(name);
    return index;
  }

  /// In elements from the beginning of a block, or of all constants.
  Result<int32_t> placeOf(const Pointer& pointer) {
    int64_t at = pointer.at;
    if (pointer.buffer != nullptr) {
      const auto first = copied(*pointer.buffer);
      if (!first) return passOn(first);
      at += static_cast<int64_t>(*first) / pointer.size;
    }
    if (at >= INT32_MIN && at <= INT32_MAX) return static_cast<int32_t>(at);
    return std::unexpected(Error{ErrorCode::Unsupported, "too far from a buffer's beginning"});
  }

  /// Where among all constants these are now.
  Result<size_t> copied(const Buffer& buffer) {
    if (buffer_ == &buffer) return first_;
    auto turn = Turn::take(device_);
    if (!turn) return passOn(turn);
    const auto there = device_.map(buffer, 0, buffer.bytes(), false);
    if (!there) return passOn(there);
    buffer_ = &buffer, first_ = base::alignUp(constants_.size());
    constants_.resize(first_ + buffer.bytes());
    std::copy_n(static_cast<const std::byte*>(*there), buffer.bytes(), constants_.data() + first_);
    if (auto ok = device_.unmap(buffer, *there); !ok) return passOn(ok);
    if (auto ok = turn->end(); !ok) return passOn(ok);
    return first_;
  }

  std::vector<int32_t> words() const {
    std::vector<int32_t> all = starts_;
    for (int32_t& start : all) start += static_cast<int32_t>(starts_.size());
    all.insert(all.end(), words_.begin(), words_.end());
    return all;
  }

  Device& device_;
  std::vector<KernelName> kernels_;
  std::vector<int32_t> starts_, words_;
  std::vector<std::byte> constants_;
  const Buffer* buffer_ = nullptr;  // copied last
  size_t first_ = 0;
};

/// An error where the device does not do it.
Result<void> joinSteps(Device& device, std::span<const Step> steps) {
  Table table(device);
  std::vector<int> first;
  for (const Step& step : steps) {
    first.push_back(table.parts());
    if (auto ok = table.add(step); !ok) return ok;
  }
  const auto joined = table.make();
  if (!joined) return passOn(joined);
  for (size_t i = 0; i < steps.size(); ++i)
    steps[i].launches->becomeParts(*joined, first[i], steps[i].begins);
  return {};
}

// A trial -------------------------------------------------------------------------------------------

/// Numbers 0 to before kCount are reversed from the first place to the second, from there to the third and
/// so on: what a work-item reads, others have written.
constexpr int kCount = 1024, kPlaces = 4;

TensorView placeOfTrial(int place, bool reversed) {
  TensorView view;
  view.type = DataType::Float32, view.shape = Shape{kCount};
  view.strides = plainStrides(view.shape);
  int64_t first = int64_t{place} * kCount;
  if (reversed) first += kCount - 1, view.strides[0] = -1;
  view.data = reinterpret_cast<void*>(static_cast<uintptr_t>(first) * sizeof(float));
  return view;
}

/// Calls visit(numbers) for what a buffer holds.
template <class Visit>
Result<void> withNumbers(Device& device, const Buffer& buffer, bool toWrite, const Visit& visit) {
  auto turn = Turn::take(device);
  if (!turn) return passOn(turn);
  const auto there = device.map(buffer, 0, buffer.bytes(), toWrite);
  if (!there) return passOn(there);
  visit(std::span(static_cast<float*>(*there), buffer.bytes() / sizeof(float)));
  auto ok = device.unmap(buffer, *there);
  return ok ? turn->end() : ok;
}

/// An error where the device does not join, or does it wrongly.
Result<void> tryJoining(Device& device) {
  std::array<TensorView, kPlaces> in, out;
  std::vector<std::unique_ptr<Launches>> launches;
  std::vector<Step> steps;
  for (int place = 0; place + 1 < kPlaces; ++place) {
    in[place] = placeOfTrial(place, true), out[place] = placeOfTrial(place + 1, false);
    launches.push_back(std::make_unique<Launches>(device, "trial", false));
    if (auto ok = addElementwiseCopy(*launches.back(), device, {Operand::In::Inputs}, in[place],
                                     {Operand::In::Outputs}, out[place]);
        !ok)
      return ok;
    steps.push_back({launches.back().get(), {{&in[place], 1}, {&out[place], 1}, {}}, place == 0});
  }
  if (auto ok = joinSteps(device, steps); !ok) return ok;
  const auto block = device.buffer(kPlaces * kCount * sizeof(float));
  if (!block) return passOn(block);
  auto ok = withNumbers(device, **block, true, [](std::span<float> numbers) {
    for (int i = 0; i < kCount; ++i) numbers[static_cast<size_t>(i)] = static_cast<float>(i);
  });
  for (const Step& step : steps) {
    kernels::KernelArgs args = step.args;
    args.block = block->get();
    if (const auto begun = step.launches->run(args); ok && !begun) ok = passOn(begun);
  }
  if (ok) ok = device.startNoted();
  bool right = true;
  if (ok)
    ok = withNumbers(device, **block, false, [&](std::span<float> numbers) {
      for (int i = 0; i < kCount; ++i)
        right = right && numbers[static_cast<size_t>((kPlaces - 1) * kCount + i)] ==
                             static_cast<float>(kCount - 1 - i);
    });
  auto done = device.finish();
  if (!ok || !done) return ok ? done : ok;
  if (right) return {};
  return std::unexpected(Error{ErrorCode::Unsupported, "in a trial it computed them wrongly"});
}

bool isFatal(const Error& error) {
  return error.code == ErrorCode::OutOfMemory || error.code == ErrorCode::DeviceFailed;
}

/// Notes why steps are started one by one, unless it is worse than that.
Result<void> notedAs(Device& device, Device::Joining joining, Result<void> ok, const char* which) {
  if (!ok && isFatal(ok.error())) return ok;
  device.noteJoining(joining, ok ? "" : text(which, " started one by one: ", ok.error().message));
  return {};
}

/// With a trial before the first ones: where it fails, none are. A program that cannot be joined says
/// nothing of others.
Result<void> tryAndJoin(Device& device, std::span<const Step> steps) {
  using enum Device::Joining;
  if (device.joining() == Untried) {
    const auto tried = tryJoining(device);
    if (auto ok = notedAs(device, tried ? Works : Fails, tried, "steps are"); !ok) return ok;
  }
  if (device.joining() == Fails) return {};
  return notedAs(device, Works, joinSteps(device, steps), "some steps are");
}

}  // namespace

Result<void> join(Device& device, std::span<const PlacedKernel> steps) {
  std::vector<Step> all = joinedSteps(steps);
  const auto isOther = [&](const Step& step) {
    return step.launches->inHalves() != all.front().launches->inHalves();
  };
  if (std::ranges::any_of(all, isOther)) all.clear();
  if (!all.empty())
    if (auto ok = tryAndJoin(device, all); !ok) return ok;
  for (const PlacedKernel& one : steps)
    if (one.kernel != nullptr)
      if (auto ok = static_cast<Launches*>(one.kernel)->compile(); !ok) return ok;
  return {};
}

}  // namespace minnow::backend::gpu
