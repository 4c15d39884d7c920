// Matrix product: validation, shape rule and cost.
#include "ops/matmul.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {
namespace {

Shape batchOf(const Shape& shape) {
  return Shape(shape.dims().first(static_cast<size_t>(std::max(0, shape.rank() - 2))));
}

bool isNumber(DataType type) {
  return type == DataType::Float32 || type == DataType::Float64 || type == DataType::Int32 ||
         type == DataType::Int64 || type == DataType::Uint32 || type == DataType::Uint64;
}

}  // namespace

std::unique_ptr<Operator> makeMatMul() { return std::make_unique<MatMul>(); }

Result<MatMulExtents> matMulExtents(const Shape& a, const Shape& b, bool transposeA,
                                    bool transposeB) {
  if (a.rank() < 1 || b.rank() < 1 || (transposeA && a.rank() < 2) || (transposeB && b.rank() < 2))
    return fail(ErrorCode::ShapeMismatch, "matrix product of ", a, " and ", b, ": too few axes");
  MatMulExtents e;
  const int ra = a.rank(), rb = b.rank();
  e.m = ra == 1 ? 1 : a[transposeA ? ra - 1 : ra - 2];
  e.k = a[transposeA ? ra - 2 : ra - 1];
  e.n = rb == 1 ? 1 : b[transposeB ? rb - 2 : rb - 1];
  const int64_t depth = rb == 1 ? b[0] : b[transposeB ? rb - 1 : rb - 2];
  if (e.k != depth)
    return fail(ErrorCode::ShapeMismatch, "matrix product of ", a, " and ", b, ": depths ", e.k,
                " and ", depth, " differ");
  auto batch = broadcastShapes(batchOf(a), batchOf(b));
  if (!batch) return passOn(batch);
  e.batch = *batch;
  return e;
}

Shape matMulShape(const MatMulExtents& extents, const Shape& a, const Shape& b) {
  Shape y = extents.batch;
  if (a.rank() > 1) y.push_back(extents.m);
  if (b.rank() > 1) y.push_back(extents.n);
  return y;
}

Result<TensorTypes> MatMul::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 3); !ok) return passOn(ok);
  const DataType type = inputs[0].type;
  const bool biased = inputs.size() > 2 && inputs[2].type != DataType::Undefined;
  if (inputs[1].type != type || !isNumber(type))
    return fail(ErrorCode::Unsupported, "matrix product of ", type, " and ", inputs[1].type,
                " (float32 is supported)");
  const bool real = type == DataType::Float32 || type == DataType::Float64;
  if (!real && (biased || epilogue.fn != UnaryFn::Identity))
    return fail(ErrorCode::Unsupported, "matrix product of ", type, " with a bias or activation");
  if (type == DataType::Float64 && epilogue.fn != UnaryFn::Identity)
    return fail(ErrorCode::Unsupported, "matrix product of float64 with an activation");
  auto extents = matMulExtents(inputs[0].shape, inputs[1].shape, transposeA, transposeB);
  if (!extents) return passOn(extents);
  if (biased && (inputs[2].type != type || inputs[2].shape != Shape{extents->n}))
    return fail(ErrorCode::ShapeMismatch, "matrix product's bias is ", inputs[2].type, " ",
                inputs[2].shape, ", expected ", type, " ", extents->n);
  const Shape y = matMulShape(*extents, inputs[0].shape, inputs[1].shape);
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{type, y}};
}

int64_t MatMul::multiplyAdds(std::span<const TensorType> inputs,
                             std::span<const TensorType> outputs) const {
  const Shape& a = inputs[0].shape;
  return outputs[0].shape.elements() * a[transposeA ? a.rank() - 2 : a.rank() - 1];
}

std::optional<Rows> MatMul::rowsRead(int index, const Rows& output,
                                     std::span<const TensorType> inputs,
                                     std::span<const TensorType> outputs) const {
  const Shape &a = inputs[0].shape, &b = inputs[1].shape, &y = outputs[0].shape;
  const int ra = a.rank(), rb = b.rank(), batchRank = y.rank() - (ra > 1) - (rb > 1);
  if (output.axis < batchRank) {
    if (index == 2) return kAllRows;
    return rowsBroadcast(output, batchOf(inputs[index].shape),
                         Shape(y.dims().first(static_cast<size_t>(batchRank))));
  }
  const bool columns = rb > 1 && output.axis == y.rank() - 1;
  if (!columns) return index == 0 ? sameRows(output, transposeA ? ra - 1 : ra - 2) : kAllRows;
  if (index == 0) return kAllRows;
  return sameRows(output, index == 2 ? 0 : transposeB ? rb - 2 : rb - 1);
}

WeightMatrices rightSide(const Shape& b, const Strides& strides, bool transposed) {
  const int rank = b.rank();
  if (rank == 1) return {{1, b[0]}, {0, strides[0]}};
  WeightMatrices w;
  for (; w.groupAxes < rank - 2; ++w.groupAxes) w.addAxis(b[w.groupAxes], strides[w.groupAxes]);
  const int outputs = transposed ? rank - 2 : rank - 1, depth = transposed ? rank - 1 : rank - 2;
  w.addAxis(b[outputs], strides[outputs]);
  w.addAxis(b[depth], strides[depth]);
  return w;
}

/// A vector takes four times its memory in panels.
std::optional<WeightMatrices> MatMul::weightMatrices(int index, const Shape& shape,
                                                     const Strides& strides) const {
  if (index != 1 || shape.rank() < 2) return std::nullopt;
  return rightSide(shape, strides, transposeB);
}

std::optional<DataAxes> MatMul::dataAxes(const DataInputs& in) const {
  const int ra = in.shape(0).rank(), rb = in.shape(1).rank();
  const int rows = transposeA ? ra - 1 : ra - 2, columns = transposeB ? rb - 2 : rb - 1;
  const int32_t ofRows = ra > 1 ? in.at(0, rows) : 0, ofColumns = rb > 1 ? in.at(1, columns) : 0;
  if (in.count() > 2 && in.shape(2).rank() == 1 && in.at(2, 0) != ofColumns) return std::nullopt;
  DataAxes axes = axesBroadcast(in, 2, 2);
  int next = std::max({ra - 2, rb - 2, 0});
  if (ra > 1) axes[next++] = ofRows;
  if (rb > 1) axes[next] = ofColumns;
  return axes;
}

Result<TensorTypes> MatMul::largestOutputs(const DataInputs& in) const {
  const int ra = in.shape(0).rank(), rb = in.count() > 1 ? in.shape(1).rank() : 0;
  if (ra < 1 || rb < 1 || (transposeA && ra < 2) || (transposeB && rb < 2))
    return inferShape(in.types());
  AlikeAxes alike(in);
  const int deepA = transposeA ? ra - 2 : ra - 1, deepB = transposeB ? rb - 1 : rb - 2;
  alike.join(0, deepA, 1, std::max(deepB, 0));
  return inferShape(fittedToBroadcast(in.with(alike.types(), alike.allAxes()), 2, 2));
}

std::optional<LinearAxes> MatMul::linearAxes(std::span<const TensorType> inputs,
                                             std::span<const TensorType> outputs) const {
  const int rank = inputs[1].shape.rank();
  if (rank < 2) return std::nullopt;  // the output has no axis of channels
  return LinearAxes{outputs[0].shape.rank() - 1, rank - (transposeB ? 2 : 1)};
}

}  // namespace minnow::ops
