// The OpenCL device of this process: its context, its one queue, where work is done in order, and
// the kernels compiled for it so far.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "backend/backend.h"
#include "backend/cl/api.h"

namespace minnow::backend::cl {

/// A buffer of the device; released when it goes.
class Buffer final : public DeviceBlock {
 public:
  Buffer(const Api& api, cl_mem memory, size_t bytes) : api_(api), memory_(memory), bytes_(bytes) {}
  ~Buffer() override { api_.clReleaseMemObject(memory_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  cl_mem get() const { return memory_; }
  size_t bytes() const { return bytes_; }

 private:
  const Api& api_;
  cl_mem memory_;
  size_t bytes_;
};

/// Which of the sources is compiled, and how.
struct KernelName {
  std::string file;      ///< of the room's folder kernels/, without its ending
  std::string function;  ///< of that file
  std::string options;   ///< "-D EPILOGUE=Relu"
  auto operator<=>(const KernelName&) const = default;
};

class Device {
 public:
  /// The process's, opened once: the first GPU of all platforms, else the first device. An error
  /// says what to install.
  static Result<Device*> get();

  const Api& api() const { return api_; }
  const std::string& name() const { return name_; }
  /// Floats that a vector register holds, by its own account.
  int vectorWidth() const { return vectorWidth_; }

  Result<std::unique_ptr<Buffer>> buffer(size_t bytes) const;
  /// That holds these bytes, and some more, undefined, that a vector may read.
  Result<std::unique_ptr<Buffer>> constant(std::span<const std::byte> bytes) const;
  /// A kernel of one's own, compiled if that program is not known yet.
  Result<cl_kernel> kernel(const KernelName& name);

  /// Held while arguments are set and work is enqueued.
  std::mutex& mutex() { return mutex_; }
  cl_command_queue queue() const { return queue_; }

 private:
  Device(const Api& api, cl_device_id id) : api_(api), id_(id) {}
  static Result<std::unique_ptr<Device>> open();
  Result<void> start();
  Result<cl_program> program(const KernelName& name);
  Result<cl_program> compile(const KernelName& name) const;
  std::string buildLog(cl_program program) const;

  const Api& api_;
  cl_device_id id_;
  cl_context context_ = nullptr;
  cl_command_queue queue_ = nullptr;
  std::string name_, options_;
  int vectorWidth_ = 4;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, cl_program> programs_;  // by file and options
};

}  // namespace minnow::backend::cl
