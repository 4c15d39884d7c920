// Tensors in their two forms.
#include "converter/tflite/operator.h"

#include <algorithm>
#include <cstring>

#include "base/fail.h"
#include "ops/cast.h"
#include "ops/shape_of.h"
#include "ops/transpose.h"

namespace minnow::converter {
namespace {

struct TypeRow {
  const char* name;
  DataType type;
};
/// By the format's numbers.
constexpr TypeRow kTypes[] = {
    {"FLOAT32", DataType::Float32},     {"FLOAT16", DataType::Float16},
    {"INT32", DataType::Int32},         {"UINT8", DataType::Uint8},
    {"INT64", DataType::Int64},         {"STRING", DataType::Undefined},
    {"BOOL", DataType::Bool},           {"INT16", DataType::Int16},
    {"COMPLEX64", DataType::Undefined}, {"INT8", DataType::Int8},
    {"FLOAT64", DataType::Float64},     {"COMPLEX128", DataType::Undefined},
    {"UINT64", DataType::Uint64},       {"RESOURCE", DataType::Undefined},
    {"VARIANT", DataType::Undefined},   {"UINT32", DataType::Uint32},
    {"UINT16", DataType::Uint16},       {"INT4", DataType::Int8},
    {"BFLOAT16", DataType::Undefined},
};

const TypeRow* rowOf(const tfl::Tensor& tensor) {
  const auto number = static_cast<size_t>(static_cast<uint8_t>(tensor.type()));
  return number < std::size(kTypes) ? &kTypes[number] : nullptr;
}

constexpr int64_t kToFirst[] = {0, 3, 1, 2}, kToFile[] = {0, 2, 3, 1};
std::vector<int64_t> permutation(const int64_t (&perm)[4]) { return {perm, perm + 4}; }

Shape inFileOrder(const Shape& first) { return {first[0], first[2], first[3], first[1]}; }

}  // namespace

DataType dataTypeOf(const tfl::Tensor& tensor) {
  const TypeRow* row = rowOf(tensor);
  return row ? row->type : DataType::Undefined;
}

std::string typeName(const tfl::Tensor& tensor) {
  const TypeRow* row = rowOf(tensor);
  return row ? row->name : text("type ", static_cast<int>(tensor.type()));
}

bool isQuantised(const tfl::Tensor& tensor) {
  const DataType type = dataTypeOf(tensor);
  if (typeName(tensor) == "INT4") return true;
  const bool small = type == DataType::Int8 || type == DataType::Uint8 || type == DataType::Int16;
  const auto* quantisation = tensor.quantization();
  return small && quantisation && quantisation->scale() && quantisation->scale()->size() > 0;
}

Shape declaredShape(const tfl::Tensor& tensor) {
  Shape shape;
  if (const auto* extents = tensor.shape())
    for (int64_t extent : *extents) shape.push_back(extent < 0 ? 1 : extent);
  if (auto ok = ops::checkShape(shape); !ok) throw ImportError(ok.error().message);
  return shape;
}

std::vector<int64_t> zeroPoints(const tfl::QuantizationParameters& by) {
  const auto* stored = by.zero_point();
  std::vector<int64_t> zeros(stored ? stored->size() : 0);
  if (!zeros.empty()) std::memcpy(zeros.data(), stored->Data(), zeros.size() * sizeof(int64_t));
  return zeros;
}

void noteQuantisation(ir::Graph& graph, ir::ValueId id, const tfl::Tensor& tensor, Axes axes) {
  if (!isQuantised(tensor) || !tensor.quantization() || !tensor.quantization()->scale()) return;
  const tfl::QuantizationParameters& by = *tensor.quantization();
  const std::vector<float> scales(by.scale()->begin(), by.scale()->end());
  if (scales.empty()) return;
  const std::vector<int64_t> declared = zeroPoints(by);
  std::vector<int32_t> zeros(declared.begin(), declared.end());
  if (zeros.size() != scales.size() || std::ranges::count(zeros, zeros[0]) == std::ssize(zeros))
    zeros = {zeros.empty() ? 0 : zeros[0]};
  const Shape& shape = graph.values[static_cast<size_t>(id)].type.shape;
  const int declaredAxis = by.quantized_dimension();
  if (scales.size() == 1)
    return graph.quantise(id, {scales, zeros, -1, Quantisation::Rule::TensorFlowLite});
  if (declaredAxis < 0 || declaredAxis >= shape.rank()) return;  // who computes with it says so
  const auto axis = static_cast<int>(TfliteOperator::place(declaredAxis, axes));
  if (std::cmp_equal(scales.size(), shape[axis]))
    graph.quantise(id, {scales, zeros, axis, Quantisation::Rule::TensorFlowLite});
}

ir::ValueId channelsLast(ImportState& state, ir::ValueId image) {
  auto op = std::make_unique<ops::Transpose>();
  op->perm = permutation(kToFile);
  return state.emit(std::move(op), {image}, 1)[0];
}

TfliteOperator::TfliteOperator(ImportState& state, std::vector<TfliteTensor>& tensors,
                               const tfl::Operator& op, std::string type)
    : state_(state), tensors_(tensors), op_(op), context_(state, stub_) {
  stub_.set_op_type(std::move(type));
}

std::span<const uint8_t> TfliteOperator::customOptions() const {
  const auto* bytes = op_.custom_options();
  return bytes ? std::span(bytes->data(), bytes->size()) : std::span<const uint8_t>();
}

TfliteTensor& TfliteOperator::tensor(int i) const {
  if (!hasInput(i)) broken(text("input ", i, " is missing"));
  return tensors_[index(op_.inputs()->Get(index(i)))];
}

TfliteTensor& TfliteOperator::output(int i) const {
  if (i >= outputs()) broken(text("output ", i, " is missing"));
  return tensors_[index(op_.outputs()->Get(index(i)))];
}

const tfl::Tensor& TfliteOperator::declaredOutput(int i) const { return *output(i).declared; }

bool TfliteOperator::dependsOnFailed() const {
  bool failed = false;
  for (int i = 0; i < inputs(); ++i) {
    if (!hasInput(i)) continue;
    const TfliteTensor& read = tensor(i);
    if (!read.failed && !read.isKnown())
      broken(text("input ", i, " ('", read.name, "') is written by no earlier operator"));
    failed |= read.failed;
  }
  return failed;
}

void TfliteOperator::markFailed() {
  for (int i = 0; i < outputs(); ++i) output(i).failed = true;
}

Shape TfliteOperator::shape(int i) const {
  const TfliteTensor& read = tensor(i);
  if (!read.sparse.empty()) unsupported(text("input ", i, " as a sparse tensor"));
  return read.file != ir::kNoValue ? type(read.file).shape
                                   : inFileOrder(type(read.channelsFirst).shape);
}

DataType TfliteOperator::typeOf(int i) const {
  const TfliteTensor& read = tensor(i);
  if (!read.sparse.empty()) unsupported(text("input ", i, " as a sparse tensor"));
  return type(read.file != ir::kNoValue ? read.file : read.channelsFirst).type;
}

int64_t TfliteOperator::axisOf(int64_t axis, int rank) const {
  const auto normal = ops::normaliseAxis(axis, rank);
  if (!normal) broken(normal.error().message);
  return *normal;
}

bool TfliteOperator::isConstant(int i) const {
  return hasInput(i) && tensor(i).file != ir::kNoValue && context_.isConstant(tensor(i).file);
}

std::vector<int64_t> TfliteOperator::ints(int i) {
  return context_.knownInts(in(i), text("input ", i));
}

std::vector<float> TfliteOperator::floats(int i) {
  if (!isConstant(i) || typeOf(i) != DataType::Float32)
    unsupported(text("input ", i, " that is no float32 constant"));
  const auto elements = state_.graph.values[index(in(i))].elements<float>();
  return {elements.begin(), elements.end()};
}

int64_t TfliteOperator::oneInt(int i) {
  const std::vector<int64_t> values = ints(i);
  if (values.size() != 1) broken(text("input ", i, " is not one number"));
  return values[0];
}

std::span<const std::byte> TfliteOperator::bytesOf(ir::ValueId constant) const {
  const ir::Value& value = state_.graph.values[index(constant)];
  if (!value.isFixed()) unsupported("a computed tensor where a constant is expected");
  return std::as_bytes(value.elements<uint8_t>());
}

ir::ValueId TfliteOperator::in(int i) {
  TfliteTensor& read = tensor(i);
  if (!read.sparse.empty()) unsupported(text("input ", i, " as a sparse tensor"));
  if (read.file == ir::kNoValue) read.file = channelsLast(state_, read.channelsFirst);
  return read.file;
}

ir::ValueId TfliteOperator::in(int i, Axes axes) {
  if (axes == Axes::File) return in(i);
  TfliteTensor& read = tensor(i);
  if (read.channelsFirst != ir::kNoValue) return read.channelsFirst;
  const Shape shape = type(read.file).shape;
  if (shape.elements() == 1 && shape.rank() < 4) return read.file;
  ir::ValueId value = read.file;
  if (shape.rank() < 4) {  // what broadcasts keeps the axes that it has not as ones
    std::vector<int64_t> whole(static_cast<size_t>(4 - shape.rank()), 1);
    for (int64_t extent : shape) whole.push_back(extent);
    if (!context_.isConstant(value)) assumeShape(i);
    value = compose().reshape(value, whole);
  }
  value = transposed(value, permutation(kToFirst));
  if (shape.rank() == 4) read.channelsFirst = value;
  return value;
}

ir::ValueId TfliteOperator::image(int i) {
  if (rank(i) != 4) broken(text("input ", i, " has ", rank(i), " axes, and 4 are expected"));
  return in(i, Axes::ChannelsFirst);
}

Axes TfliteOperator::axesOf(std::initializer_list<int> inputs) const {
  int most = 0;
  bool onlyFirst = false;
  for (int i : inputs) {
    most = std::max(most, rank(i));
    onlyFirst |= tensor(i).file == ir::kNoValue;
  }
  return onlyFirst && most == 4 ? Axes::ChannelsFirst : Axes::File;
}

Axes TfliteOperator::axesOfAll() const {
  Axes axes = Axes::File;
  for (int i = 0; i < inputs(); ++i) {
    if (rank(i) > 4) return Axes::File;
    if (tensor(i).file == ir::kNoValue) axes = Axes::ChannelsFirst;
  }
  return axes;
}

int64_t TfliteOperator::place(int64_t axis, Axes axes) {
  constexpr int64_t kPlaces[] = {0, 2, 3, 1};
  return axes == Axes::File ? axis : kPlaces[axis];
}

void TfliteOperator::set(int i, ir::ValueId value, Axes axes) {
  TfliteTensor& written = output(i);
  if (written.isKnown()) broken("tensor '" + written.name + "' is written twice");
  const DataType declared = dataTypeOf(*written.declared);
  if (declared != type(value).type)
    broken(text("output '", written.name, "' is declared as ", typeName(*written.declared),
                ", and the operator gives ", type(value).type));
  (axes == Axes::File ? written.file : written.channelsFirst) = value;
  state_.noteName(written.name, value);
  ir::Value& ours = state_.graph.values[index(value)];
  if (ours.name.starts_with("~")) ours.name = written.name;
  if (ours.quantisation == 0) noteQuantisation(state_.graph, value, *written.declared, axes);
}

void TfliteOperator::set(int i, ir::ValueId value, tfl::Activation activation, Axes axes) {
  const auto unary = [&](ops::UnaryFn fn, float least = 0, float most = 0) {
    auto op = std::make_unique<ops::Unary>();
    op->fn = fn;
    op->alpha = least;
    op->beta = most;
    set(i, emit(std::move(op), {value}), axes);
  };
  switch (activation) {
    case tfl::Activation::None:
      return set(i, value, axes);
    case tfl::Activation::Relu:
      return unary(ops::UnaryFn::Relu);
    case tfl::Activation::ReluN1To1:
      return unary(ops::UnaryFn::Clip, -1, 1);
    case tfl::Activation::Relu6:
      return unary(ops::UnaryFn::Clip, 0, 6);
    default:
      unsupported(text("fused activation ", static_cast<int>(activation)));
  }
}

ir::ValueId TfliteOperator::evaluated(std::unique_ptr<ops::Operator> op, ir::ValueId constant) {
  return state_.graph.values[index(constant)].isFixed() ? state_.evaluate(*op, {constant}, 1)[0]
                                                        : emit(std::move(op), {constant});
}

ir::ValueId TfliteOperator::transposed(ir::ValueId value, std::vector<int64_t> perm) {
  auto op = std::make_unique<ops::Transpose>();
  op->perm = perm;
  if (!context_.isConstant(value) || context_.follows(value)) return emit(std::move(op), {value});
  const ir::ValueId turned = evaluated(std::move(op), value);
  Quantisation by = state_.graph.quantisationOf(value);
  if (by.axis >= 0) by.axis = static_cast<int>(std::ranges::find(perm, by.axis) - perm.begin());
  state_.graph.quantise(turned, by);
  return turned;
}

void TfliteOperator::noteWeights(ir::ValueId weights, std::span<const float> scales, int64_t zero,
                                 int axis) {
  const auto rest = static_cast<int32_t>(zero);
  state_.graph.quantise(
      weights,
      {scales, {&rest, 1}, scales.size() == 1 ? -1 : axis, Quantisation::Rule::TensorFlowLite});
}

ir::ValueId TfliteOperator::widened(int i) {
  auto op = std::make_unique<ops::Cast>();
  op->to = DataType::Float32;
  return evaluated(std::move(op), in(i));
}

void TfliteOperator::assumeShape(int i) {
  const ir::ValueId value =
      tensor(i).file != ir::kNoValue ? tensor(i).file : tensor(i).channelsFirst;
  if (state_.sizes.varies(value, state_.graph))
    state_.sizes.assume(emit(std::make_unique<ops::ShapeOf>(), {value}), state_.nodeName,
                        state_.nodeOp);
}

}  // namespace minnow::converter
