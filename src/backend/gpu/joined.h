// Neighbouring steps of a program that are started as one kernel: one work-group computes them one
// after another. To start a kernel takes a device longer than a step of a few pixels.
//
// A program's parts, the launches of such steps in their order, are a table on the device. A step that is
// run is noted, no more, and what was noted is started when something else is to be enqueued or waited
// for (Device::note): so a callback, which waits before it looks, sees each step's results, and steps
// that are left out or interrupted need nothing of their own.
#pragma once

#include <memory>
#include <span>

#include "backend/gpu/device.h"

namespace minnow::backend::gpu {

class Launches;

class Joined {
 public:
  Joined(Device& device, std::unique_ptr<Call> call, std::unique_ptr<Buffer> constants,
         std::unique_ptr<Buffer> table)
      : device_(device),
        call_(std::move(call)),
        constants_(std::move(constants)),
        table_(std::move(table)) {}
  ~Joined() { device_.forget(*this); }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;

  /// Parts from `first` to before `end`, of a frame's block.
  Result<void> enqueue(const Buffer& block, int first, int end) const;
  size_t heapBytes() const;
  size_t deviceBytes() const { return constants_->bytes() + table_->bytes(); }

 private:
  Device& device_;
  std::unique_ptr<Call> call_;
  std::unique_ptr<Buffer> constants_, table_;
};

/// True if the device joins such a step to neighbours.
bool mayJoin(const Device& device, const Launches& launches);

/// Joins those neighbours among these steps, and compiles what has none.
Result<void> join(Device& device, std::span<const PlacedKernel> steps);

}  // namespace minnow::backend::gpu
