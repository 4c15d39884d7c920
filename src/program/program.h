// What a model does for one set of input shapes: where every value lies, which prepared kernel runs
// each step, how much memory that takes. Made once and never written again: sessions and frames of
// the same model, shapes and options share it. What changes while a frame runs is in
// runtime::Bindings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backend/backend.h"
#include "base/heap_bytes.h"
#include "ir/graph.h"
#include "minnow/runtime.h"
#include "planning/strip_cursor.h"
#include "program/guards.h"
#include "program/lane.h"

namespace minnow {

inline size_t heapBytes(const TensorInfo& info) { return heapBytes(info.name); }

namespace program {

/// No buffer, no size from data.
inline constexpr int32_t kNone = -1;

/// Where a value lies: in a buffer of the arena, or in a constant's bytes.
struct Place {
  int32_t buffer = kNone;   ///< index into Program::buffers
  int32_t strides = kNone;  ///< index into Program::strides
  int32_t actual = kNone;   ///< counts the values of which data decide an extent
  Packing packing = Packing::None;
  union {
    size_t byteOffset = 0;  ///< in the buffer
    std::byte* constant;    ///< without one: in a constant's bytes, which kernels do not write
  };
};

/// A stretch of the arena that one or several values share.
struct Buffer : planning::Buffer {
  size_t offset = 0;       ///< in the arena, or the block
  int32_t device = kNone;  ///< in whose block it lies: index into Program::devices
};

/// What runs a node of the graph. Its operands are the node's.
struct Step {
  const backend::Backend* backend = nullptr;
  std::unique_ptr<const backend::Kernel> kernel;  ///< null for a view: nothing is computed
  int32_t workspace = kNone;                      ///< a buffer
  /// For an operator that sees nothing but strips of its tensors, the index into
  /// Program::stripAxes of its first operand's; inputs, then outputs.
  int32_t stripAxes = kNone;
  bool sizedByData = false;  ///< data decide an extent of an operand
  int8_t device = kNone;     ///< index into Program::devices
  /// Counts the operators that take attributes from their inputs in each run.
  int32_t settled = kNone;
};

struct Options {
  int threads = 1;
  bool inStrips = true;
  /// Devices, whose memory is their own, come first, whoever asks for them.
  backend::BackendList backends;
  size_t restDevices = SIZE_MAX;  ///< how many of them may compute what is in no path
  std::span<const Path> paths = {};
  bool inHalves = false;  ///< whether a device stores float32 as float16
};

struct Program {
  const ir::Graph* graph = nullptr;  ///< outlives the program, or is `placed`
  /// The model's with the steps that take tensors from one memory to another, and in the order of
  /// lanes, where there are any.
  std::shared_ptr<const ir::Graph> placed;
  /// Of values that `placed` has more than the model: of which value each is a copy.
  std::vector<ir::ValueId> crossed;
  /// By step, what each back-end before its own says against it; empty where none is before.
  std::vector<std::string> refusals;
  backend::BackendList devices;   ///< that something is on: a frame has a block of each
  bool inHalves = false;          ///< float32 is stored as float16 there
  std::vector<TensorType> types;  ///< by value; none if they are the graph's own
  std::vector<Place> places;      ///< by value
  std::vector<Strides> strides;   ///< of several places each
  std::vector<Buffer> buffers;
  std::vector<Step> steps;  ///< step n is node n
  Guards guards;
  std::vector<Lane> lanes;  ///< in order of steps
  /// By operand: the axis of which a step sees one strip; kWhole for all of the tensor.
  std::vector<int8_t> stripAxes;
  planning::StripTables strips;
  std::vector<ir::ValueId> sizedByData;  ///< by Place::actual
  std::vector<TensorInfo> inputs, outputs;
  size_t settledSteps = 0;         ///< that have Step::settled
  size_t placedBytes = 0;          ///< of the arena
  std::vector<size_t> blockBytes;  ///< by device, of a frame's block of its memory
  size_t lowerBoundBytes = 0;      ///< of any arena for these buffers
  size_t mostOperands = 0;         ///< of a step, inputs and outputs

  const TensorType& typeOf(ir::ValueId id) const {
    return types.empty() ? graph->values[id].type : types[id];
  }
  /// Of these values; Undefined for absent ones.
  std::vector<TensorType> typesOf(std::span<const ir::ValueId> ids) const;
  /// Of all values of the model: copies on another side come after them.
  std::vector<TensorType> allTypes() const;
  /// The type of its elements in memory.
  DataType storedAs(ir::ValueId id) const {
    const DataType type = typeOf(id).type;
    return inHalves && type == DataType::Float32 && isOnDevice(id) ? DataType::Float16 : type;
  }
  /// A value as planned, of the type that it is stored as. It has data if it is constant; absent for
  /// kNoValue.
  TensorView viewOf(ir::ValueId id) const;
  /// The same, written to `view`: steps do it for every operand of every strip.
  void bindView(ir::ValueId id, TensorView& view) const;
  /// True if a step of a chain is given whole tensors and the rows to compute; others see strips.
  bool computesRowsOfWhole(int step) const;
  /// The lanes of the stage that begins with a step; none where none does.
  std::span<const Lane> lanesFrom(size_t step) const;
  /// The lane of a step, null for one that stands alone.
  const Lane* laneAt(size_t step) const;
  size_t mostLanes() const;
  /// The value of the model that it is, or is a copy of.
  ir::ValueId modelsOwn(ir::ValueId id) const {
    const size_t models = places.size() - crossed.size(), at = static_cast<size_t>(id);
    return at < models ? id : crossed[at - models];
  }
  /// In whose memory it lies: index into `devices`.
  int32_t deviceOf(ir::ValueId id) const {
    return backend::kHasDevices && !devices.empty() && id != ir::kNoValue &&
                   places[id].buffer != kNone
               ? buffers[places[id].buffer].device
               : kNone;
  }
  bool isOnDevice(ir::ValueId id) const { return deviceOf(id) != kNone; }
  size_t heapBytes() const;
  /// Bytes of a device's memory that its kernels hold, and of all devices'; blocks are the frames'.
  size_t weightBytesOn(size_t device) const;
  size_t deviceBytes() const;
};

/// `types` are the types of all values, inferred for the session's input shapes.
Result<std::shared_ptr<const Program>> build(const ir::Graph& graph, std::vector<TensorType> types,
                                             const Options& options);

// Descriptions ------------------------------------------------------------------------------------

/// The step as callbacks and listings see it, without rows.
OperatorInfo describeOperator(const Program& program, size_t step);
/// Every used buffer with the name of the last value written to it.
std::vector<PlannedMemory> describeMemory(const Program& program);
/// What the step reads and writes. Names lie in `names`: the program's graph, or the one it was
/// settled from, which lives longer.
Operands describeOperands(const Program& program, size_t step, const ir::Graph& names);

}  // namespace program
}  // namespace minnow
