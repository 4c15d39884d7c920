// What computes the operators of a program. A back-end says which operators it supports, and why
// not the others; estimates what one costs; prepares a kernel once for a step of a program; and
// runs it on the tensors of a frame, at once or later.
//
// Back-ends come as a list (runtime/backends.h). A program gives each step to the cheapest that
// supports it, so an operator that one lacks falls to the next; the scalar reference supports every
// operator. What a back-end with memory of its own supports goes there wherever it stands first in
// the list (program/placement.h). To add one: docs/add-a-backend.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/kernel.h"
#include "minnow/device.h"
#include "minnow/runtime.h"
#include "minnow/status.h"
#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::backend {

#ifdef MINNOW_WITHOUT_DEVICES
inline constexpr bool kHasDevices = false;
#else
/// False in builds in which no back-end has memory of its own: what serves those goes away.
inline constexpr bool kHasDevices = true;
#endif

/// A stretch of a device's memory; gives it back when it goes.
class DeviceBlock {
 public:
  virtual ~DeviceBlock() = default;
};

/// The distance that a view on a device holds as its address.
inline size_t deviceOffset(const TensorView& view) {
  return static_cast<size_t>(reinterpret_cast<uintptr_t>(view.data));
}

/// An operator with the tensors that a step of a program gives it. Constants have their data, all
/// other views have none yet. In strips a step comes in several such forms, which differ in rows.
struct Work {
  const ops::Operator& op;
  std::span<const TensorView> inputs;   ///< an absent optional input is a view that tests false
  std::span<const TensorView> outputs;  ///< likewise an output that nobody wants
  /// Theirs, as operators are asked of them. A view's type is how its elements are stored: in a back-end
  /// with memory of its own that may be float16 for what holds float32.
  std::span<const TensorType> inputTypes, outputTypes;
  /// Threads of the team and, for operators that are given whole tensors and the rows to compute,
  /// the most rows of a call.
  kernels::CallShape call;
  /// True if data decide an extent: views have the most that it can be, the kernel gets the actual.
  bool sizedByData = false;
  /// By input, true if it lies in its part of output 0 already, as a concatenation's may; empty where
  /// none does.
  std::span<const char> joined = {};
  /// True if the kernel is one of a program's, whose back-end is told of all of them (join()).
  bool inProgram = false;
};

/// Work that was begun and may not be done. 0 is done; what the other numbers mean is the
/// back-end's.
using Event = uint64_t;
inline constexpr Event kDone = 0;

/// What prepare() chose for a step, with all that can be decided before data are there. Immutable from
/// its first run on: frames on several threads run it at a time. It refers to the operator and the
/// constants.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// For traces and benchmarks: "conv-panels".
  virtual const char* name() const = 0;
  /// Bytes of workspace that run() is to be given, 64-byte aligned; the program plans them.
  virtual size_t workspaceBytes() const = 0;
  /// Computes the outputs, or begins to. What it reads and writes must stay until the event is
  /// done. Errors are of data: an index outside a tensor. Allocates nothing.
  virtual Result<Event> run(const kernels::KernelArgs& args) const = 0;
  /// Bytes of this object and of what it holds, on the heap.
  virtual size_t heapBytes() const = 0;
  /// Bytes of the back-end's own memory that it holds: weights.
  virtual size_t deviceBytes() const { return 0; }
  /// Kernels of a device that a run() starts; of several steps that are started as one the first one's.
  virtual size_t launches() const { return 0; }
};

/// A step of a program for join(): its kernel, null for a step of another back-end, and what each frame
/// will give to it.
struct PlacedKernel {
  Kernel* kernel = nullptr;
  std::span<const TensorView> inputs = {}, outputs = {};
  std::span<std::byte> workspace = {};
};

/// Memory of a back-end that is not the process's own, as a GPU's. A program plans one block of it
/// for each frame; the address of a view on the device is a distance in bytes from the block's
/// beginning. Tensors cross by steps of the program, once for each value.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  virtual Result<std::unique_ptr<DeviceBlock>> allocate(size_t bytes) const = 0;
  /// Copies a tensor between the process's memory and a block, after all that was begun before, or
  /// begins to: both must stay until the event is done. Equal shapes, any strides; equal types, or
  /// float16 there for float32 here.
  virtual Result<Event> upload(const TensorView& from, DeviceBlock& block,
                               const TensorView& to) const = 0;
  virtual Result<Event> download(DeviceBlock& block, const TensorView& from,
                                 const TensorView& to) const = 0;
  /// Kernels to run in place of a crossing: they copy from what an application has on this device
  /// to output 0 of the call, or from input 0 of it to there. `ours` is that tensor as planned.
  virtual Result<std::unique_ptr<const Kernel>> from(const DeviceTensor&, const TensorView&) const {
    return takesNothing();
  }
  virtual Result<std::unique_ptr<const Kernel>> from(const DevicePicture&,
                                                     const TensorView&) const {
    return takesNothing();
  }
  virtual Result<std::unique_ptr<const Kernel>> to(const DeviceTensor&, const TensorView&) const {
    return takesNothing();
  }
  /// Nanoseconds that a tensor takes across by estimate.
  virtual double crossingCost(size_t bytes) const {
    return 10'000 + static_cast<double>(bytes) / 4;
  }

 private:
  static std::unexpected<Error> takesNothing() {
    return std::unexpected(
        Error{ErrorCode::Unsupported, "this back-end takes nothing of an application's"});
  }
};

/// One for each process. Everything is const and may be called on several threads at a time.
class Backend {
 public:
  virtual ~Backend() = default;
  /// As a user asks for it: "cpu".
  virtual const char* name() const = 0;
  /// For a user: name, the machine's device with its driver, or why there is none and what to
  /// install. Words live as long as the process.
  virtual BackendInfo info() const { return {name()}; }
  /// Where its kernels find tensors, workspace included; null for the process's own memory, where
  /// views hold addresses.
  virtual const DeviceMemory* memory() const { return nullptr; }
  /// Where it may keep from process to process what it compiled, tested and measured; "" leaves it
  /// as it is. `engine` is what writes it, with its version. Opens no device: called before one is.
  virtual void keepIn(std::string_view folder, std::string_view engine) const {
    (void)folder, (void)engine;
  }
  /// Measures what work costs, once, if that is kept; `host` computes on the CPU, for comparison.
  /// Called before a program is made.
  virtual void measure(const Backend& host) const { (void)host; }
  /// True if it stopped working: it supports nothing any more, and programs on it are not shared.
  virtual bool hasFailed() const { return false; }
  /// False where the machine's device does not round as the CPU does: float32 results are near the
  /// CPU's, to 1e-4 of the largest, and not its bits.
  virtual bool hasSameBits() const { return true; }
  /// Success, or an error that says in words for a user why not ("float64 is not computed here").
  /// A back-end with memory of its own is asked before it is known where tensors lie: its answer
  /// does not depend on strides.
  virtual Result<void> supports(const Work& work) const = 0;
  /// Nanoseconds that it takes by estimate, for comparing back-ends. Asked for supported work.
  virtual double cost(const Work& work) const = 0;
  /// A kernel for a step that is called in each of these forms, all of them supported; there is at
  /// least one.
  virtual Result<std::unique_ptr<Kernel>> prepare(std::span<const Work> forms) const = 0;
  /// All kernels that were prepared for a program, in the order of its steps, none of which has run: a
  /// back-end may start neighbours together. Results are the same, each step's own, when they are
  /// waited for.
  virtual Result<void> join(std::span<const PlacedKernel> steps) const {
    (void)steps;
    return {};
  }
  /// Waits until what an event of this back-end stands for, and all that was begun before, is done.
  /// Other back-ends and callers see its results only then. kDone stands for nothing itself.
  virtual Result<void> wait(Event event) const = 0;
};

/// In order of preference where costs are equal.
using BackendList = std::vector<const Backend*>;

/// The cheapest back-end of the list that supports all forms, or what each says against it.
Result<const Backend*> choose(std::span<const Backend* const> list, std::span<const Work> forms);

}  // namespace minnow::backend
