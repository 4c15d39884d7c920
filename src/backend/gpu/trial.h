// One operator with tensors of its own: what a back-end makes of them, and how long it takes.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.h"

namespace minnow::backend::gpu {

class Trial {
 public:
  /// Of the kind of `work`: its operator and constants, and inputs of these types in the order of
  /// its own. An error if the operator cannot have them.
  static Result<Trial> make(const Work& work, std::span<const TensorType> inputs);

  /// The same with results of its own.
  Trial copy() const;
  /// As a back-end is asked of it.
  Work work() const;
  /// Computed so many times, on a host with tensors of their own types; nanoseconds of all of them together, waiting included.
  Result<double> run(const Backend& backend, int times = 1);
  /// What was computed last, in the process's memory.
  std::span<const TensorView> outputs() const { return outputs_; }

 private:
  explicit Trial(const ops::Operator& op) : op_(&op) {}
  TensorView tensorLike(const TensorDesc& original, const TensorType& type);
  Result<double> timed(const Backend& backend, const Kernel& kernel, kernels::KernelArgs args,
                       int times) const;
  Result<double> onHost(const Backend& backend, const Kernel& kernel, int times);
  Result<double> onDevice(const Backend& backend, const Kernel& kernel, int times);

  const ops::Operator* op_;
  std::vector<TensorType> inputTypes_, outputTypes_;
  std::vector<TensorView> inputs_, outputs_;       // in the process's memory
  std::vector<TensorView> freeInputs_, freeOuts_;  // without data but that of constants
  std::vector<std::shared_ptr<std::byte[]>> memory_;
};

/// The largest difference of two tensors of one type and shape, in terms of the largest magnitude
/// of `right`. Elements that are no finite numbers in `right` are left out; `compared` counts the
/// others.
double errorOf(const TensorView& left, const TensorView& right, int64_t& compared);

}  // namespace minnow::backend::gpu
