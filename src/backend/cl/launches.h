// A prepared kernel of this back-end: what is enqueued, one after another, for a step.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "backend/cl/device.h"

namespace minnow::backend::cl {

/// A pointer that a kernel is given, as a buffer and a distance in elements of four bytes.
struct Operand {
  enum class In : uint8_t { Inputs, Outputs, Workspace, Constants } in = In::Inputs;
  int index = 0;      ///< of a tensor, or of a constant of the step
  int64_t shift = 0;  ///< elements further on
};

class Launches final : public Kernel {
 public:
  Launches(Device& device, const char* name) : device_(device), name_(name) {}
  ~Launches() override;

  /// A further constant; its number.
  Result<int> addConstant(std::span<const std::byte> bytes);
  /// The same of weights, with 0 for numbers below 2^-126.
  Result<int> addWeights(std::span<const float> weights);
  /// An input as an operand: where the frame has it, or a constant's elements as they are.
  Result<Operand> operand(const Work& work, int input);
  void setWorkspace(size_t bytes) { workspaceBytes_ = bytes; }
  /// `items` work-items of a kernel that takes pointers, each with a distance, and a struct whose
  /// first member is their number.
  template <class Geometry>
  Result<void> add(const KernelName& name, std::vector<Operand> operands,
                   const Geometry& geometry) {
    return add(name, std::move(operands), &geometry, sizeof geometry,
               static_cast<size_t>(geometry.items));
  }

  const char* name() const override { return name_; }
  size_t workspaceBytes() const override { return workspaceBytes_; }
  size_t heapBytes() const override;
  size_t deviceBytes() const override;
  Result<Event> run(const kernels::KernelArgs& args) const override;

 private:
  struct Launch {
    cl_kernel kernel;
    std::vector<Operand> operands;
    size_t items;
  };
  Result<void> add(const KernelName& name, std::vector<Operand> operands, const void* geometry,
                   size_t size, size_t items);
  std::pair<cl_mem, cl_long> resolve(const Operand& operand, const kernels::KernelArgs& args) const;
  Result<void> enqueue(const Launch& launch, const kernels::KernelArgs& args) const;

  Device& device_;
  const char* name_;
  size_t workspaceBytes_ = 0;
  std::vector<std::unique_ptr<Buffer>> constants_;
  std::vector<Launch> launches_;
};

using Prepared = Result<std::unique_ptr<Launches>>;

}  // namespace minnow::backend::cl
