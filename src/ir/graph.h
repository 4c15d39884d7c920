// The one graph of the house: what the importer builds, passes rewrite, the file stores and a
// session plans. Values keep ONNX axes whatever their storage; nodes are in execution order.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/heap_bytes.h"
#include "ir/ids.h"
#include "ir/name.h"
#include "ir/quantisations.h"
#include "minnow/status.h"
#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::ir {

/// An optional input that is absent.
inline constexpr ValueId kNoValue = -1;

/// Bytes of a constant; `owner` keeps them alive (a heap block, a mapped file, or nothing for the
/// caller's bytes).
struct Constant {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};
/// Those of a file: they lie side by side, and each keeps all of them alive.
using Constants = std::vector<Constant>;
inline constexpr size_t kConstantsHeader = kSharedHeader + sizeof(Constants);
/// A constant on the heap, 64-byte aligned, with a copy of `bytes`.
std::shared_ptr<const Constant> makeConstant(std::span<const std::byte> bytes);

struct Value {
  Name name;  ///< the ONNX tensor's; made up for values that passes add
  TensorType type;
  ops::StorageOrder order = ops::StorageOrder::Plain;
  Packing packing = Packing::None;  ///< of a constant
  uint16_t quantisation = 0;        ///< what its integers stand for, in Graph::quantisations
  /// The value of the size graph (Graph::sizes) that says what this one holds, where that follows
  /// from the extents of the graph's inputs: a constant for the converted ones alone.
  ValueId size = kNoValue;
  std::shared_ptr<const Constant> constant = {};  ///< null for what is computed or fed

  bool isConstant() const { return constant != nullptr; }
  /// A constant whatever the extents of the graph's inputs.
  bool isFixed() const { return isConstant() && size == kNoValue; }
  /// True if the elements lie row-major.
  bool isPlain() const { return order == ops::StorageOrder::Plain && packing == Packing::None; }
  /// The constant's elements, row-major; only for a plain constant of type T.
  template <class T>
  std::span<const T> elements() const {
    return {reinterpret_cast<const T*>(constant->bytes.data()), constant->bytes.size() / sizeof(T)};
  }
  /// A view of the constant; the data must not be written.
  TensorView view() const;
};

/// An attribute that follows from the extents of the graph's inputs; the operator has it for the
/// converted ones.
struct Setting {
  std::string attribute;
  ValueId size = kNoValue;  ///< of the size graph: all of its elements, or its only one
  bool operator==(const Setting&) const = default;
};

struct Node {
  Name name;  ///< the ONNX node's
  std::unique_ptr<ops::Operator> op;
  Ids inputs;   ///< kNoValue for an absent optional input
  Ids outputs;  ///< kNoValue for an output nobody wants
  /// The ONNX operators it stands for, in order: "Conv+BatchNormalization+Relu". For traces.
  Name source = {};
  std::vector<Setting> settings = {};

  template <class Op>
  const Op* as() const {
    return ops::cast<Op>(std::as_const(*op));
  }
  template <class Op>
  Op* as() {
    return ops::cast<Op>(*op);
  }
};

/// Nodes that are executed together in strips (src/planning/strips.h): nodes [first, end), `rows`
/// rows of the last node's output at a time.
struct Chain {
  int first = 0, end = 0;
  int64_t rows = 0;
  bool operator==(const Chain&) const = default;
};

/// What conversion took for granted of a value of the size graph: that it is as it was.
struct Assumption {
  ValueId value = kNoValue, expected = kNoValue;  ///< `expected` is a constant
  std::string node;                               ///< the ONNX node for which it was
  std::string op;                                 ///< its operator
  bool operator==(const Assumption&) const = default;
};

/// An axis of a graph's input.
struct InputAxis {
  int32_t input = 0;  ///< index into Graph::inputs
  int32_t axis = 0;
  bool operator==(const InputAxis&) const = default;
};

/// What sessions may make of some axes: one extent at all of them, from `least` to `most`. What is
/// in no list may be anything. See ir/extents.h.
struct Extent {
  std::string name;  ///< "" for a range of a single axis that nobody named
  int64_t least = 0, most = kAnyExtent;
  std::vector<InputAxis> axes;
  bool operator==(const Extent&) const = default;
};

struct Graph {
  std::string name;
  std::string producer;  ///< what made the model, free text
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs, outputs;
  /// The model's names of its outputs, beside `outputs`: passes may change which value an output
  /// is, never its name.
  std::vector<std::string> outputNames;
  /// A size graph, as a file of its own (format/write.h); null where nothing but types follows from
  /// the inputs' extents. It has this graph's inputs, after them the operands of which it knows only
  /// the types, and as outputs all size values that somebody wants. Nodes whose elements nobody
  /// wants are there for their types (sizes/settle.h).
  std::shared_ptr<const Constant> sizes = {};
  std::vector<Assumption> assumptions = {};  ///< of a size graph
  std::vector<Extent> extents = {};          ///< of the inputs
  Quantisations quantisations = {};

  /// In order, without overlaps. A pass chooses them last; a pass that changes nodes clears them.
  std::vector<Chain> chains;

  /// A copy that shares the constants.
  Graph clone() const;

  ValueId addValue(Value value);
  /// A plain constant with a fresh name derived from `name`.
  ValueId addConstant(Name name, TensorType type, std::span<const std::byte> bytes);
  ValueId addFloats(Name name, Shape shape, std::span<const float> values);
  Quantisation quantisationOf(ValueId id) const {
    return quantisations.at(values[static_cast<size_t>(id)].quantisation);
  }
  /// Not in a graph out of a file.
  void quantise(ValueId id, const Quantisation& by) {
    values[static_cast<size_t>(id)].quantisation = quantisations.add(by);
  }

  /// Indices of the nodes that read each value, by value; graph outputs are not counted.
  std::vector<std::vector<int>> consumers() const;
  /// Index of the node that writes each value, -1 for inputs and constants.
  std::vector<int> producers() const;
  bool isOutput(ValueId id) const;
  /// Drops nodes whose outputs nobody reads, then values nobody names, and renumbers. Graph inputs
  /// stay.
  void removeDead();
  /// Types of a node's inputs; Undefined for an absent one.
  std::vector<TensorType> inputTypes(const Node& node) const;
  /// Infers the types of what nodes give from those that inputs and constants have in `types`, which
  /// are by value.
  Result<void> inferTypes(std::vector<TensorType>& types) const;
  /// The same in the graph itself.
  Result<void> inferTypes();
  /// Every id in range, every value written once and before it is read, types as inference gives
  /// them; extents as ir/extents.h wants them; where data decide an extent, operators that are
  /// right for any (ir/data_sizes.h).
  Result<void> verify() const;
};

/// What these hold on the heap, weights not counted.
size_t heapBytes(const Value& value);
size_t heapBytes(const Setting& setting);
size_t heapBytes(const Assumption& assumption);
size_t heapBytes(const Extent& extent);
size_t heapBytes(const Node& node);
/// Of a graph out of a file.
size_t heapBytes(const Graph& graph);

}  // namespace minnow::ir
