// What computes on a GPU, as the rows of this room see it: OpenCL (backend/cl) and what is like it
// fulfil this interface, and nothing above asks which of them it is.
#pragma once

#include <atomic>
#include <compare>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "backend/backend.h"
#include "backend/gpu/cache.h"
#include "base/fail.h"

namespace minnow::backend::gpu {

/// A stretch of the device's memory; released when it goes.
class Buffer : public DeviceBlock {
 public:
  explicit Buffer(size_t bytes) : bytes_(bytes) {}
  size_t bytes() const { return bytes_; }
  /// Of this object.
  virtual size_t heapBytes() const = 0;

 private:
  size_t bytes_;
};

/// Which of the kernels' texts is compiled, and how.
struct KernelName {
  std::string file;       ///< of the folder kernels/, without its ending
  std::string function;   ///< of that file
  std::string options;    ///< "-D EPILOGUE=Relu"
  std::string text = {};  ///< in place of the file's, where it was made
  auto operator<=>(const KernelName&) const = default;
};

/// The text of a file of the folder kernels/, "conv.cl"; "" if there is none of that name.
std::string_view kernelText(std::string_view file);

/// "-D PIXELS=4" as a line "#define PIXELS 4", and so on.
std::string definitions(std::string_view options);

/// What an application has here, and what the kernel that reads it is compiled with.
struct Theirs {
  std::unique_ptr<Buffer> buffer;
  std::string options = {};
};

/// Where a kernel's pointer points: an element, counted from the buffer's beginning.
struct Pointer {
  const Buffer* buffer = nullptr;
  int64_t at = 0;
  int64_t size = sizeof(float);  ///< of an element, in bytes
};
/// OpenGL ES grants a shader no more.
inline constexpr int kMostPointers = 4;

/// A kernel of one's own with its geometry, which wants but its pointers.
class Call {
 public:
  virtual ~Call() = default;
  /// In order behind all that was enqueued before. On one thread at a time, in a turn.
  virtual Result<void> enqueue(std::span<const Pointer> pointers) const = 0;
  virtual size_t heapBytes() const = 0;
};

class Joined;

class Device {
 public:
  virtual ~Device() { forgetFailure(); }
  /// As a user asks for the back-end: "cl".
  virtual const char* backend() const = 0;
  /// What kernels are written for: "OpenCL".
  virtual const char* language() const = 0;
  /// The ending of their files: ".cl".
  virtual const char* ending() const = 0;
  /// The device's name with its driver's.
  virtual const std::string& name() const = 0;

  /// Neighbouring elements that a work-item computes, as kernels/vocabulary has it.
  virtual int lanes() const = 0;
  /// As many of them, vector after vector, where there is little to do for each.
  virtual int run() const { return lanes(); }
  /// Results of which a work-item of a convolution computes `lanes` channels each: as many sums as
  /// registers hold.
  virtual int pixels() const = 0;
  /// Times `lanes` channels of a convolution that a work-item computes, if there are as many.
  virtual int panels() const { return 1; }
  /// Turns of loops that a work-item may take in all; some drivers end a loop after them, in
  /// silence.
  virtual int64_t mostTurns() const { return INT64_MAX; }
  /// Work-items that are started together, for tables: "16x1x1".
  virtual const char* workGroups() const { return ""; }
  /// Of one tensor, workspace or constant.
  virtual size_t mostBytes() const = 0;
  /// True if fma, division and square root round correctly: then results are the CPU's bits.
  virtual bool hasSameBits() const = 0;

  virtual Result<std::unique_ptr<Buffer>> buffer(size_t bytes) = 0;
  /// That holds these bytes, and some more, undefined, that a vector may read.
  virtual Result<std::unique_ptr<Buffer>> constant(std::span<const std::byte> bytes) = 0;
  /// What an application has here, as a buffer that leaves it there when it goes; an error says
  /// what is wrong with it. What is begun from now on waits until it is ready.
  virtual Result<Theirs> theirs(const DeviceTensor& tensor, size_t bytes) = 0;
  virtual Result<Theirs> theirs(const DevicePicture& picture) = 0;
  /// Compiled if that program is not known yet. The geometry's first member is the number of
  /// work-items; there are so many pointers.
  virtual Result<std::unique_ptr<Call>> call(const KernelName& name, size_t pointers,
                                             std::span<const std::byte> geometry, size_t items) = 0;
  /// True if nothing is lost where one work-group computes a kernel alone: one of so many work-items, of
  /// a step of so many nanoseconds by a core's estimate (hostCost). False for all: kernels are started one
  /// by one.
  virtual bool joins(size_t /*items*/, double /*cost*/) const { return false; }
  /// One work-group that computes these kernels one after another. Its pointers are a block, constants
  /// and a table; it computes the parts of the table from the first pointer's place to the second's
  /// (joined.h).
  virtual Result<std::unique_ptr<Call>> joined(std::span<const KernelName> /*kernels*/) {
    return std::unexpected(Error{ErrorCode::Unsupported, "this device starts kernels one by one"});
  }
  /// Returns when all is done that was enqueued.
  virtual Result<void> finish() = 0;
  /// A frame has run: what was compiled for it goes to the cache. Some drivers compile when a
  /// kernel first runs, for its sizes, and keep that with the program; and to hand programs out may
  /// take them as long as to compile.
  virtual void keepWhatRan() {}

  // In a turn -------------------------------------------------------------------------------------

  /// True if copy() is there.
  virtual bool copies() const { return false; }
  /// Begins to copy between a stretch of a buffer and the process's memory, in order behind all that
  /// was enqueued before.
  virtual Result<void> copy(const Buffer&, size_t /*first*/, std::span<std::byte> /*host*/,
                            bool /*toDevice*/) {
    return std::unexpected(Error{ErrorCode::Unsupported, "this device copies nothing by itself"});
  }
  /// A stretch of a buffer in the process's memory, after all that was enqueued before; null with
  /// no error never comes.
  virtual Result<void*> map(const Buffer& buffer, size_t first, size_t bytes, bool toWrite) = 0;
  virtual Result<void> unmap(const Buffer& buffer, void* there) = 0;

  /// Held while work is enqueued: calls' arguments are the device's own.
  std::mutex& mutex() { return mutex_; }

  /// Parts to be started with those that follow them, of the same block, or when anything else is to be
  /// enqueued or waited for. In a turn, with the mutex held, as startNotedHere().
  struct Noted {
    const Joined* joined = nullptr;
    const Buffer* block = nullptr;
    int first = 0, end = 0;
  };
  Result<void> note(const Noted& parts);
  /// What fails to start stays noted: another frame may want it, and tries again when it waits.
  Result<void> startNotedHere();
  /// In a turn of its own.
  Result<void> startNoted();
  /// Parts that are no more.
  void forget(const Joined& joined);
  void forget(const Buffer& block);
  /// Whether the device joins steps rightly, as a trial says.
  enum class Joining : uint8_t { Untried, Works, Fails };
  void noteJoining(Joining joining, const std::string& why);
  Joining joining() const;
  /// Why steps were started one by one last; "" where none were for want of joining.
  std::string apart() const;

  /// For what it compiles; its keys need not say which device it is.
  Cache& cache() { return cache_; }

  /// Why it is not used any more: how it failed first; null as long as it works.
  const std::string* failure() const { return failure_.load(std::memory_order_acquire); }
  /// The result, noted if it is that the device failed.
  template <class T>
  Result<T> noted(Result<T> result) {
    if (!result && result.error().code == ErrorCode::DeviceFailed) giveUp(result.error());
    return result;
  }
  /// The same of what a frame does: what then goes wrong, but for short memory, is the device's.
  template <class T>
  Result<T> ran(Result<T> result) {
    if (!result && result.error().code != ErrorCode::OutOfMemory)
      result.error().code = ErrorCode::DeviceFailed;
    return noted(std::move(result));
  }
  /// As if it had not failed. For tests: one process has one device.
  void forgetFailure() { delete failure_.exchange(nullptr); }

 protected:
  friend class Turn;
  /// A thread comes and goes that calls what stands above. For devices bound to a thread.
  virtual Result<void> enter() { return {}; }
  virtual Result<void> leave() { return {}; }

 private:
  void giveUp(Error& error);

  mutable std::mutex mutex_;
  Noted noted_;
  Joining joining_ = Joining::Untried;
  std::string apart_;
  Cache cache_;
  std::atomic<const std::string*> failure_{nullptr};
};

/// This thread's turn on the device. What goes wrong with it shows at its end at the latest.
class Turn {
 public:
  static Result<Turn> take(Device& device) {
    if (auto ok = device.enter(); !ok) return passOn(ok);
    return Turn(device);
  }
  Turn(Turn&& other) noexcept : device_(std::exchange(other.device_, nullptr)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (device_ != nullptr) (void)device_->leave();
  }
  Result<void> end() { return std::exchange(device_, nullptr)->leave(); }

 private:
  explicit Turn(Device& device) : device_(&device) {}
  Device* device_;
};

}  // namespace minnow::backend::gpu
