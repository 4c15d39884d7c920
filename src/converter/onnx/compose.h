// Operators that ONNX defines by others, written as expressions:
//
//   const Composer c(node);
//   node.setOutput(0, c(BinaryFn::Mul, c(UnaryFn::Swish, gate, alpha), value));
#pragma once

#include <optional>
#include <vector>

#include "converter/onnx/node_context.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"

namespace minnow::converter {

/// For an operator whose composition is made of its inputs' extents: all of them must be known.
void needShapes(const NodeContext& node);

class Composer {
 public:
  using Value = ir::ValueId;
  using Dims = std::vector<int64_t>;

  explicit Composer(NodeContext& node) : node_(node) {}

  Value operator()(ops::UnaryFn fn, Value x, float alpha = 0) const;
  Value operator()(ops::BinaryFn fn, Value a, Value b) const;
  Value product(Value a, Value b) const;                        ///< of matrices: MatMul
  Value reduce(ops::ReduceFn fn, Value x, int64_t axis) const;  ///< the axis stays, of extent 1
  Value softmax(Value x) const;                                 ///< along the last axis
  Value choose(Value condition, Value yes, Value no) const;     ///< Where
  Value cast(Value x, DataType to) const;
  Value reshape(Value x, Dims shape) const;  ///< as ONNX: 0 keeps an extent, -1 takes what is left
  Value transpose(Value x, Dims perm) const;
  Value expand(Value x, Dims shape) const;
  Value concat(std::vector<Value> parts, int64_t axis) const;
  Value slice(Value x, int64_t axis, int64_t start, int64_t end, int64_t step = 1) const;
  Value gather(Value x, Value indices, int64_t axis) const;
  Value gatherElements(Value x, Value indices, int64_t axis) const;
  /// A float scalar, in `type` if that is another one.
  Value number(float value, DataType type = DataType::Float32) const;
  Value integer(int64_t value) const;
  /// 0, 1, … n - 1 as int64, shaped for broadcasting.
  Value range(int64_t n, const Shape& shape) const;

 private:
  NodeContext& node_;
};

}  // namespace minnow::converter
