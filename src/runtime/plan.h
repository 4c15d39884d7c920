// A session's plan: where every value lies, which kernel runs each step, and how much memory that
// takes. Built once for one set of shapes; running it touches nothing but memory that the plan
// names.
#pragma once

#include <cstddef>
#include <vector>

#include "backend/cpu/kernel_table.h"
#include "ir/graph.h"
#include "memory/planner.h"
#include "minnow/runtime.h"

namespace minnow::runtime {

/// A tensor of the plan: a view whose data pointer is an offset into the arena until a frame binds
/// it.
struct PlannedTensor {
  TensorView view;  ///< data is set here for constants, and by bind() for the rest
  ir::ValueId value = ir::kNoValue;
  int buffer = kConstant;  ///< index into Plan::buffers
  size_t byteOffset = 0;   ///< within the buffer
  static constexpr int kConstant = -1;
};

/// A stretch of arena that one or several values share.
struct PlannedBuffer {
  size_t bytes = 0;
  int first = 0, last = 0;  ///< steps; see memory::Interval
  size_t offset = 0;        ///< in the arena
};

struct Step {
  int node = 0;
  const ops::Operator* op = nullptr;
  /// Null for a view: nothing is computed.
  kernels::KernelFn run = nullptr;
  std::vector<PlannedTensor> inputs, outputs;
  std::vector<TensorView> boundInputs, boundOutputs;
  int workspace = PlannedTensor::kConstant;  ///< a buffer, or none
  std::span<std::byte> boundWorkspace;
};

struct Plan {
  std::vector<Step> steps;
  std::vector<OperatorInfo> operators;  ///< one a step
  std::vector<PlannedBuffer> buffers;
  std::vector<PlannedTensor> inputs, outputs;
  std::vector<TensorView> boundInputs, boundOutputs;
  std::vector<TensorInfo> inputInfo, outputInfo;
  size_t arenaBytes = 0;
  size_t lowerBoundBytes = 0;

  /// Points every view into an arena.
  void bind(std::byte* arena);
  /// Runs step `s`. Where an operator's result turned out smaller than planned (NonZero, …), what
  /// follows is given the true shapes; only then does this allocate.
  Result<void> runStep(size_t s, base::ThreadPool& pool);

 private:
  Result<void> adaptStep(Step& step);
  void noteActualShapes(const Step& step);

  /// Values that are smaller than planned in this frame, by value; empty as a rule.
  std::vector<std::pair<ir::ValueId, TensorView>> smaller_;
};

struct PlanOptions {
  int threads = 1;
  bool fastKernels = true;
};

/// `types` are the types of all values, inferred for the session's input shapes.
Result<Plan> makePlan(const ir::Graph& graph, const std::vector<TensorType>& types,
                      const PlanOptions& options);

/// Every used buffer with the name of the last value written to it.
std::vector<PlannedMemory> describeMemory(const ir::Graph& graph, const Plan& plan);

/// The types of all values when inputs have the types given in `types` (entries of other values are
/// overwritten).
Result<void> inferTypes(const ir::Graph& graph, std::vector<TensorType>& types);

}  // namespace minnow::runtime
