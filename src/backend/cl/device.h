// The OpenCL device of this process: its context, its one queue, where work is done in order, and
// the kernels compiled for it so far.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "backend/cl/api.h"
#include "backend/gpu/gpu.h"

namespace minnow::backend::cl {

using gpu::KernelName;

class Device;

/// Released when it goes.
class Buffer final : public gpu::Buffer {
 public:
  Buffer(Device& device, cl_mem memory, size_t bytes)
      : gpu::Buffer(bytes), device_(device), memory_(memory) {}
  ~Buffer() override;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  cl_mem get() const { return memory_; }
  /// Which one it is of all that the process ever had, from 1: OpenCL gives names again.
  uint64_t number() const { return number_; }
  size_t heapBytes() const override { return sizeof *this; }

 private:
  static inline std::atomic<uint64_t> numbers = 0;

  Device& device_;
  cl_mem memory_;
  uint64_t number_ = ++numbers;
};

/// All of a call, and of these a group.
struct WorkItems {
  size_t all, group;
};

class Device final : public gpu::Device {
 public:
  /// The process's, opened once: the first GPU of all platforms, else the first device. An error
  /// says what to install.
  static const gpu::Opened& get();
  /// Another one, for tests of what the next process finds.
  static gpu::Opened open();
  /// The process's, opened in `own` where that has a context.
  static Result<ClDevice> shared(const ClDevice& own);

  const char* backend() const override { return "cl"; }
  const char* language() const override { return "OpenCL"; }
  const char* ending() const override { return ".cl"; }
  const std::string& name() const override { return name_; }
  int lanes() const override { return 16; }
  int run() const override { return vectorWidth_ >= 8 ? 256 : 16; }
  int pixels() const override { return vectorWidth_ >= 16 ? 8 : 4; }
  int panels() const override { return vectorWidth_ >= 16 ? 2 : 1; }
  const char* workGroups() const override { return "16x1x1"; }
  size_t mostBytes() const override { return mostBytes_; }
  bool hasSameBits() const override { return hasSameBits_; }

  Result<std::unique_ptr<gpu::Buffer>> buffer(size_t bytes) override;
  Result<std::unique_ptr<gpu::Buffer>> constant(std::span<const std::byte> bytes) override;
  Result<std::unique_ptr<gpu::Call>> call(const KernelName& name, size_t pointers,
                                          std::span<const std::byte> geometry,
                                          size_t items) override;
  bool joins(size_t items, double cost) const override;
  Result<std::unique_ptr<gpu::Call>> joined(std::span<const KernelName> kernels) override;
  Result<gpu::Theirs> theirs(const DeviceTensor& tensor, size_t bytes) override;
  Result<gpu::Theirs> theirs(const DevicePicture& picture) override;
  Result<void> finish() override;
  void keepWhatRan() override;
  bool copies() const override { return true; }
  Result<void> copy(const gpu::Buffer& buffer, size_t first, std::span<std::byte> host,
                    bool toDevice) override;
  Result<void*> map(const gpu::Buffer& buffer, size_t first, size_t bytes, bool toWrite) override;
  Result<void> unmap(const gpu::Buffer& buffer, void* there) override;

  const Api& api() const { return api_; }
  cl_command_queue queue() const { return queue_; }
  /// Something is about to be enqueued that finish() has to wait for.
  void noteBegun() { ++begun_; }

 private:
  Device(const Api& api, cl_device_id id) : api_(api), id_(id) {}
  static Result<cl_device_id> choose(const Api& api, const ClDevice& own);
  Result<void> start(const ClDevice& own);
  Result<void> makeQueue(const ClDevice& own);
  Result<void> waitForMarker() const;
  Result<gpu::Theirs> theirs(cl_mem memory, size_t bytes, void* ready);
  Result<void> checkTheirs(cl_mem memory, size_t bytes) const;
  /// Numbers below 2^-126 are 0 to the CPU: asks the device for the same, and the kernels for it
  /// where a trial shows that it does not do so.
  void settleTinyNumbers();
  bool flushesTiny();
  Result<void*> mapped(cl_mem memory, cl_map_flags flags, size_t first, size_t bytes) const;
  Result<void> unmapped(cl_mem memory, void* there) const;
  Result<std::unique_ptr<gpu::Call>> call(const KernelName& name, size_t pointers,
                                          std::span<const std::byte> geometry, WorkItems items);
  Result<cl_kernel> kernel(const KernelName& name);
  Result<cl_program> program(const KernelName& name);
  Result<cl_program> compile(const KernelName& name) const;
  Result<void> build(cl_program program, const KernelName& name) const;
  static std::array<std::string_view, 3> textsOf(const KernelName& name);
  std::string cacheKey(const KernelName& name) const;
  cl_program fromCache(const KernelName& name);
  std::string buildLog(cl_program program) const;

  const Api& api_;
  cl_device_id id_;
  cl_context context_ = nullptr;
  cl_command_queue queue_ = nullptr;
  std::string name_, options_;
  int vectorWidth_ = 4;  ///< floats that a vector register holds, by its own account
  size_t mostBytes_ = 0;
  bool isCpu_ = false, hasSameBits_ = false;
  std::map<std::array<std::string, 3>, cl_program> programs_;  // by file, options and text
  std::vector<std::pair<std::string, cl_program>> unkept_;     // by key of the cache: not there yet
  std::atomic<bool> hasUnkept_ = false;
  std::atomic<uint64_t> begun_ = 0, waitedFor_ = 0;  // commands, and of these the last
};

/// Released when it goes.
class Call final : public gpu::Call {
 public:
  Call(Device& device, cl_kernel kernel, WorkItems items)
      : device_(device), kernel_(kernel), items_(items) {}
  ~Call() override { device_.api().clReleaseKernel(kernel_); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  Result<void> enqueue(std::span<const gpu::Pointer> pointers) const override;
  size_t heapBytes() const override { return sizeof *this; }

 private:
  template <class Value>
  Result<void> set(size_t argument, const Value& value) const;

  Device& device_;
  cl_kernel kernel_;
  WorkItems items_;
  // What its arguments are set to, which from frame to frame are mostly the same: to set one takes as
  // long as a tenth of starting a kernel.
  mutable std::array<uint64_t, gpu::kMostPointers> buffers_{};  // by their numbers
  mutable std::array<cl_long, gpu::kMostPointers> places_{-1};
};

}  // namespace minnow::backend::cl
