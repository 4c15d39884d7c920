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
#include "planning/layout.h"

namespace minnow::runtime {

/// Where a tensor of a step lies: in a buffer of the arena, or in a constant's bytes.
struct PlannedTensor {
  ir::ValueId value = ir::kNoValue;
  int buffer = kConstant;           ///< index into Plan::buffers
  size_t byteOffset = 0;            ///< within the buffer
  std::byte* constant = nullptr;    ///< the bytes of a constant
  int rowAxis = ops::Rows::kWhole;  ///< in a chain: the axis of which a step sees one strip
  int actual = -1;  ///< index into Plan::actual where data decide an extent, else -1
  static constexpr int kConstant = -1;
};

/// A stretch of arena that one or several values share.
struct PlannedBuffer : planning::Buffer {
  size_t offset = 0;  ///< in the arena
};

struct Step {
  int node = 0;
  int chain = -1;  ///< index into Plan::chains
  const ops::Operator* op = nullptr;
  /// Null for a view: nothing is computed.
  kernels::KernelFn run = nullptr;
  bool sizedByData = false;  ///< data decide an extent of an operand: bound when it is opened
  std::vector<PlannedTensor> inputs, outputs;
  std::vector<TensorView> boundInputs, boundOutputs;
  int workspace = PlannedTensor::kConstant;  ///< a buffer, or none
  std::span<std::byte> boundWorkspace;

  bool takesWorkspace = false;  ///< some kernel of this operator does, for some sizes
  bool makesNothing() const { return kernels::makesNothing(*op, boundOutputs); }
};

class Plan {
 public:
  std::vector<Step> steps;
  std::vector<OperatorInfo> operators;  ///< one a step
  std::vector<PlannedBuffer> buffers;
  std::vector<planning::ChainSchedule> chains;
  std::vector<planning::Window> windows;
  std::vector<TensorType> types;  ///< of all values
  std::vector<TensorView>
      actual;  ///< values of which data decide an extent, as this frame has them
  std::vector<PlannedTensor> inputs, outputs;
  std::vector<TensorView> boundInputs, boundOutputs;
  std::vector<TensorInfo> inputInfo, outputInfo;
  size_t arenaBytes = 0;
  size_t lowerBoundBytes = 0;

  /// Points every view into an arena.
  void bind(std::byte* arena);

  /// Outputs that the last run made smaller are as planned again.
  void restart();

  /// A place in the course of a run: a step, and within a chain the strip.
  struct Position {
    size_t step = 0;
    int strip = 0;
  };
  bool isDone(const Position& at) const { return at.step >= steps.size(); }
  void advance(Position& at) const;
  /// False for a step of a chain that makes no rows in this strip.
  bool hasWork(const Position& at) const;
  /// Makes the step's views show what it works on at that position. Positions are opened in order.
  /// Where data decided extents, they are those of this frame; an error, before anything is
  /// written, if one is larger than planned. Only there this allocates.
  Result<void> open(const Position& at);
  /// The step as callbacks see it, with the rows of the position.
  OperatorInfo infoAt(const Position& at) const;
  /// True if a step of a chain is given whole tensors and the rows to compute; others see strips.
  bool computesRowsOfWhole(const Step& step) const;
  /// The rows that a step of a chain makes in a strip.
  kernels::OutputRows rowsAt(const Step& step, int strip) const;
  /// Runs the step that was opened.
  Result<void> run(const Position& at, base::Team& team);
  /// What the opened step reads or has written, no more than exists: for callbacks.
  std::vector<TensorView> visibleInputs(const Position& at) const;
  std::vector<TensorView> visibleOutputs(const Position& at) const;

 private:
  std::byte* addressOf(const PlannedTensor& tensor, int strip) const;
  void slideWindows(int chain, int strip);
  void showStrip(const PlannedTensor& tensor, TensorView& view, int strip,
                 const kernels::OutputRows& rows) const;
  Result<void> giveActualSizes(Step& step);
  Result<void> giveOutput(const PlannedTensor& tensor, const Shape& shape, TensorView& view) const;
  void noteActualSizes(const Step& step);

  std::byte* arena_ = nullptr;
};

struct PlanOptions {
  int threads = 1;
  bool fastKernels = true;
  bool strips = true;
};

/// `types` are the types of all values, inferred for the session's input shapes.
Result<Plan> makePlan(const ir::Graph& graph, std::vector<TensorType> types,
                      const PlanOptions& options);

/// Every used buffer with the name of the last value written to it.
std::vector<PlannedMemory> describeMemory(const ir::Graph& graph, const Plan& plan);

/// What the step reads and writes.
Operands describeOperands(const ir::Graph& graph, const Plan& plan, size_t step);

/// The types of all values when inputs have the types given in `types` (entries of other values are
/// overwritten).
Result<void> inferTypes(const ir::Graph& graph, std::vector<TensorType>& types);

}  // namespace minnow::runtime
