// From an ONNX or TensorFlow Lite file to the bytes of a .minnow file. The only room that knows protobuf and these formats; may
// throw inside, never across these functions: an allocation that fails is OutOfMemory. What
// `progress` throws is an error too.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/asked_shape.h"
#include "ir/graph.h"
#include "minnow/status.h"
#include "minnow/tensor.h"
#include "passes/byte_inputs.h"
#include "passes/store_points.h"
#include "sizes/budget.h"

namespace minnow::converter {

/// A value given for a graph input at conversion, which makes it a constant.
struct FixedInput {
  TensorType type;
  std::vector<std::byte> bytes;  ///< row-major
};

struct ConvertOptions {
  /// Shapes of inputs, by name; needed for sizes that the model leaves open (symbolic, absent or
  /// negative). A range is converted for its most. Axes keep the model's own name (dim_param) where
  /// they are given no other; the name of an axis stands here too, with a shape of one axis: what
  /// all axes of that name are. Open sizes that nobody says become 1 when they are the first axis
  /// (batch) and an error otherwise. A name that the model has not is an error.
  std::map<std::string, AskedShape> shapes;
  /// Inputs whose values are fixed at conversion (shapes, axes… that a model takes as inputs; a
  /// value that the model itself gives an input is replaced).
  std::map<std::string, FixedInput> fixedInputs;
  /// Integer or float32 tensors by name, and the most that their elements can be, none of which is
  /// negative: what the model computes from data, or takes as an input, and makes a size of. A frame
  /// in which one is more fails. A name that the model has not is an error.
  std::map<std::string, int64_t> bounds;
  /// Bits are the same either way.
  enum class Optimise {
    Memory,
    Speed,  ///< may spend static bytes: weights of Winograd's tiles are stored at their points
  };
  Optimise optimise = Optimise::Memory;
  /// What float16 holds exactly is stored so either way.
  enum class Weights {
    AsTheyAre,
    Float16,  ///< rounded once, to the nearest; computed with in float32
  };
  Weights weights = Weights::AsTheyAre;
  /// Float32 inputs that the model rounds to bytes are these bytes (passes/byte_inputs.h), which
  /// ConvertReport::byteInputs tells the meaning of. An error where there is none.
  bool byteInputs = false;
  /// Names of passes to leave out (passes/pass_list.h).
  std::vector<std::string> disabledPasses;
  /// Called with 0 … 1 and what is being done.
  std::function<void(double, const std::string&)> progress;
  /// What conversion may make of the model: nodes of functions and loops, computed constants. More
  /// is an error, or stays to be computed by the engine.
  sizes::Budget budget = {};
};

/// A node that cannot be converted.
struct UnsupportedNode {
  std::string node, op;
  int opset = 0;       ///< of TensorFlow Lite: the operator's version
  std::string reason;  ///< what is not supported and what to do
  std::vector<std::string>
      fixableInputs;  ///< graph inputs whose fixed values would make it convertible
};

struct ConvertReport {
  int operatorsBefore = 0, operatorsAfter = 0;
  size_t weightBytes = 0;
  std::string format = "opset";  ///< what `opset` counts
  int opset = 0;
  std::vector<passes::ByteInput> byteInputs;
  std::vector<std::string> warnings;
  std::vector<UnsupportedNode>
      unsupported;  ///< all of them; then the result is ErrorCode::Unsupported
  std::vector<std::pair<std::string, int>> passes;  ///< pass name, changes made
};

/// What a .minnow file spends so that weights need not be transformed while it runs.
Result<passes::StoredPoints> storedPoints(std::span<const std::byte> model,
                                          std::string_view sourceName);

/// Reads a model from memory into a graph, ONNX or TensorFlow Lite by its first bytes; `folder` is
/// where external data files lie.
Result<ir::Graph> importOnnx(std::span<const std::byte> model, const std::filesystem::path& folder,
                             const ConvertOptions& options, ConvertReport& report);

/// The same from a file.
Result<ir::Graph> importFile(const std::filesystem::path& file, const ConvertOptions& options,
                             ConvertReport& report);
/// Passes, and the bytes of a .minnow file.
Result<std::vector<std::byte>> finish(ir::Graph graph, const ConvertOptions& options,
                                      ConvertReport& report);

/// Import, passes, and the bytes of a .minnow file. Errors name the file.
Result<std::vector<std::byte>> convertFile(const std::filesystem::path& onnx,
                                           const ConvertOptions& options, ConvertReport& report);
Result<std::vector<std::byte>> convertBuffer(std::span<const std::byte> model,
                                             const std::filesystem::path& folder,
                                             const ConvertOptions& options, ConvertReport& report);

/// Names of all passes in the order in which they run: what ConvertOptions::disabledPasses may
/// hold.
std::vector<std::string> passNames();

}  // namespace minnow::converter
