// What an import function sees: attributes, constant inputs, emission of nodes.
#include "converter/onnx/node_context.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "base/half.h"
#include "converter/onnx/compose.h"
#include "converter/onnx/import_state.h"
#include "ops/shape_of.h"

namespace minnow::converter {
namespace {

template <class T>
std::vector<int64_t> widen(const ir::Value& value) {
  std::vector<int64_t> out;
  for (const T element : value.elements<T>()) out.push_back(static_cast<int64_t>(element));
  return out;
}

}  // namespace

std::optional<std::vector<int64_t>> wholeNumbers(const ir::Value& value) {
  switch (value.type.type) {
    case DataType::Int64:
      return widen<int64_t>(value);
    case DataType::Int32:
      return widen<int32_t>(value);
    case DataType::Int16:
      return widen<int16_t>(value);
    case DataType::Int8:
      return widen<int8_t>(value);
    case DataType::Uint8:
    case DataType::Bool:
      return widen<uint8_t>(value);
    case DataType::Uint16:
      return widen<uint16_t>(value);
    case DataType::Uint32:
      return widen<uint32_t>(value);
    case DataType::Uint64:
      return widen<uint64_t>(value);
    default:
      return std::nullopt;
  }
}

const ::onnx::AttributeProto* NodeContext::find(std::string_view name) const {
  for (const auto& attribute : proto_.attribute())
    if (attribute.name() == name) return state_.resolved(attribute);
  return nullptr;
}

int NodeContext::opset() const {
  const std::string& domain = proto_.domain();
  const auto found = state_.opsets.find(domain == "ai.onnx" ? "" : domain);
  return found == state_.opsets.end() ? 1 : found->second;
}

bool NodeContext::has(const char* attribute) const { return find(attribute) != nullptr; }

int64_t NodeContext::integer(const char* attribute) const {
  if (!has(attribute)) broken(text("attribute '", attribute, "' is missing"));
  return integer(attribute, 0);
}

int64_t NodeContext::integer(const char* attribute, int64_t otherwise) const {
  const auto* found = find(attribute);
  if (!found) return otherwise;
  if (found->type() != ::onnx::AttributeProto::INT)
    broken(text("attribute '", attribute, "' is no integer"));
  return found->i();
}

float NodeContext::number(const char* attribute, float otherwise) const {
  const auto* found = find(attribute);
  if (!found) return otherwise;
  if (found->type() != ::onnx::AttributeProto::FLOAT)
    broken(text("attribute '", attribute, "' is no float"));
  return found->f();
}

std::string NodeContext::string(const char* attribute, const std::string& otherwise) const {
  const auto* found = find(attribute);
  if (!found) return otherwise;
  if (found->type() != ::onnx::AttributeProto::STRING)
    broken(text("attribute '", attribute, "' is no string"));
  return found->s();
}

std::vector<int64_t> NodeContext::integers(const char* attribute,
                                           std::vector<int64_t> otherwise) const {
  const auto* found = find(attribute);
  if (!found) return otherwise;
  if (found->type() != ::onnx::AttributeProto::INTS)
    broken(text("attribute '", attribute, "' is no integer list"));
  return {found->ints().begin(), found->ints().end()};
}

std::vector<float> NodeContext::numbers(const char* attribute, std::vector<float> otherwise) const {
  const auto* found = find(attribute);
  if (!found) return otherwise;
  if (found->type() != ::onnx::AttributeProto::FLOATS)
    broken(text("attribute '", attribute, "' is no float list"));
  return {found->floats().begin(), found->floats().end()};
}

std::vector<std::string> NodeContext::strings(const char* attribute) const {
  const auto* found = find(attribute);
  if (!found) return {};
  if (found->type() != ::onnx::AttributeProto::STRINGS)
    broken(text("attribute '", attribute, "' is no string list"));
  return {found->strings().begin(), found->strings().end()};
}

ir::ValueId NodeContext::tensor(const char* attribute) {
  const auto* found = find(attribute);
  if (!found || found->type() != ::onnx::AttributeProto::TENSOR)
    broken(text("attribute '", attribute, "' is missing or no tensor"));
  return state_.addTensor(found->t(), state_.freshName(state_.nodeName + "." + attribute));
}

const ::onnx::GraphProto& NodeContext::graph(const char* attribute) const {
  const auto* found = find(attribute);
  if (!found || found->type() != ::onnx::AttributeProto::GRAPH)
    broken(text("attribute '", attribute, "' is missing or no graph"));
  return found->g();
}

ir::ValueId NodeContext::input(int i) const {
  if (i >= proto_.input_size() || proto_.input(i).empty()) return ir::kNoValue;
  return state_.computable(state_.scopes.find(proto_.input(i)));
}

const TensorType& NodeContext::typeOf(ir::ValueId id) const {
  if (id == ir::kNoValue) broken("a required input is missing");
  return state_.graph.values[static_cast<size_t>(id)].type;
}

const Shape& NodeContext::shape(int i) const {
  const Shape& largest = largestShape(i);
  for (int axis = 0; axis < largest.rank(); ++axis)
    if (isFromData(i, axis))
      throw ImportError(text("the size of axis ", axis, " of input ", i, " (at most ",
                             largest[axis],
                             ") depends on data, so that the shape is not known at "
                             "conversion; let the model end before this node"));
  return largest;
}

bool NodeContext::isFromData(int i, int64_t axis) const {
  return state_.dataSizes.of(input(i))[static_cast<size_t>(axis)] != 0;
}

bool NodeContext::isConstant(ir::ValueId id) const {
  return id != ir::kNoValue && state_.graph.values[static_cast<size_t>(id)].isConstant();
}

std::vector<int64_t> NodeContext::constantInts(int i) const {
  return knownInts(input(i), text("input ", i));
}

const ir::Value& NodeContext::expectConstant(ir::ValueId id, const std::string& what) const {
  if (id == ir::kNoValue) broken(what + " is missing");
  const ir::Value& value = state_.graph.values[static_cast<size_t>(id)];
  if (value.isConstant()) return value;
  const std::string name = value.name.starts_with("~") ? "" : " ('" + value.name + "')";
  throw NeedsValue(what + name + " must be known at conversion", state_.sourceInputs(id));
}

const ir::Value& NodeContext::known(ir::ValueId id, const std::string& what) const {
  const ir::Value& value = expectConstant(id, what);
  state_.sizes.assume(id, state_.nodeName, state_.nodeOp);
  return value;
}

bool NodeContext::follows(ir::ValueId id) const { return state_.sizes.follows(id); }

std::vector<int64_t> NodeContext::settingInts(const ops::Operator& op, const char* attribute,
                                              int i) {
  return settingInts(op, attribute, input(i), text("input ", i));
}

std::vector<int64_t> NodeContext::settingInts(const ops::Operator& op, const char* attribute,
                                              ir::ValueId id, const std::string& what) {
  id = setInRun(op, attribute, id, what);
  const ir::Value& value = expectConstant(id, what);
  follow(op, attribute, id);
  return intsOf(value, what);
}

ir::ValueId NodeContext::setInRun(const ops::Operator& op, const char* attribute, ir::ValueId value,
                                  const std::string& what) {
  if (value == ir::kNoValue || isConstant(value) || !op.maySetInRun(attribute)) return value;
  ir::ValueId least = value, most = value;
  if (const auto* bounds = state_.bounds.of(value)) {
    least = bounds->least, most = bounds->most;
  } else if (!op.sizesFollow(attribute) && !state_.dataSizes.isFromData(value)) {
    const Composer c(*this);  // any numbers will do
    least = most = c.cast(state_.addZeros(typeOf(value).shape), typeOf(value).type);
  } else {
    expectBounded(value, what);
    return value;
  }
  state_.inRun[&op].push_back({attribute, value, least});
  return most;
}

void NodeContext::expectBounded(int i) const { expectBounded(input(i), text("input ", i)); }

void NodeContext::expectBounded(ir::ValueId id, const std::string& what) const {
  if (id == ir::kNoValue || isConstant(id) || state_.bounds.of(id)) return;
  const std::string_view name = state_.graph.values[static_cast<size_t>(id)].name;
  if (name.starts_with('~') || state_.dataSizes.isFromData(id)) return;
  throw NeedsValue(text(what, " ('", name,
                        "') must be known at conversion, or the most that it can be: --bound ",
                        state_.nameForBound(id), "=N"),
                   state_.sourceInputs(id));
}

std::vector<int64_t> NodeContext::settingInRun(const ops::Operator& op, const char* attribute,
                                               ir::ValueId value, ir::ValueId most) {
  state_.inRun[&op].push_back({attribute, value, state_.bounds.of(value)->least});
  follow(op, attribute, most);
  return intsOf(expectConstant(most, attribute), attribute);
}

void NodeContext::noteAxes(ir::ValueId value, ir::ValueId numbers) {
  state_.bounds.noteAxes(value, numbers);
}

bool NodeContext::isBounded(ir::ValueId id) const { return state_.bounds.of(id) != nullptr; }

ir::ValueId NodeContext::mostOf(ir::ValueId id) const {
  const auto* bounds = state_.bounds.of(id);
  return bounds ? bounds->most : id;
}

std::optional<NodeContext::InRun> NodeContext::inRun(ir::ValueId id, ir::ValueId of) const {
  const auto* bounds = state_.bounds.of(id);
  if (!bounds) return std::nullopt;
  const auto ints = [&](ir::ValueId value) {
    return intsOf(expectConstant(value, "a size"), "a size");
  };
  InRun numbers{ints(bounds->least), ints(bounds->most), {}};
  numbers.isOwnAxis.assign(numbers.most.size(), 0);
  if (bounds->extents == ir::kNoValue) return numbers;
  const std::vector<int64_t> extents = ints(bounds->extents);
  const ops::DataAxes& axes = state_.dataSizes.of(of);
  for (size_t i = 0; i < std::min(extents.size(), axes.size()); ++i)
    numbers.isOwnAxis[i] = extents[i] != 0 && extents[i] == axes[i];
  return numbers;
}

int64_t NodeContext::settingInt(const ops::Operator& op, const char* attribute, int i) {
  const std::vector<int64_t> values = settingInts(op, attribute, i);
  if (values.size() != 1) broken(text("input ", i, " is not one number"));
  return values[0];
}

std::vector<float> NodeContext::settingFloats(const ops::Operator& op, const char* attribute,
                                              ir::ValueId id, const std::string& what) {
  if (id != ir::kNoValue && !isConstant(id)) id = Composer(*this).cast(id, DataType::Float32);
  id = setInRun(op, attribute, id, what);
  const ir::Value& value = expectConstant(id, what);
  follow(op, attribute, id);
  return floatsOf(value, what);
}

void NodeContext::follow(const ops::Operator& op, const char* attribute, ir::ValueId id) {
  if (!follows(id)) return;
  const DataType type = typeOf(id).type;
  if (type == DataType::Int64 || type == DataType::Int32 || type == DataType::Float32)
    state_.settings[&op].push_back({attribute, id});
  else
    state_.sizes.assume(id, state_.nodeName, state_.nodeOp);
}

ir::ValueId NodeContext::spread(ir::ValueId row, const std::vector<int64_t>& places,
                                int64_t otherwise) {
  const Composer c(*this);
  const int64_t count = typeOf(row).shape.elements();
  if (typeOf(row).shape.rank() != 1) row = c.reshape(row, {-1});
  std::vector<int64_t> from = places;
  for (int64_t& place : from)
    if (place < 0) place = count;
  const ir::ValueId rest = c.cast(constantIntRow({otherwise}), typeOf(row).type);
  return c.gather(c.concat({row, rest}, 0), constantIntRow(from), 0);
}

std::vector<int64_t> NodeContext::knownInts(ir::ValueId id, const std::string& what) const {
  return intsOf(known(id, what), what);
}

std::vector<int64_t> NodeContext::intsOf(const ir::Value& value, const std::string& what) const {
  const auto numbers = wholeNumbers(value);
  if (!numbers) broken(text(what, " must be integer, it is ", value.type.type));
  return *numbers;
}

std::vector<float> NodeContext::constantFloats(int i) const {
  const std::string what = text("input ", i);
  return floatsOf(known(input(i), what), what);
}

ir::ValueId NodeContext::resultScale(int i) {
  const ir::ValueId id = input(i);
  if (!isConstant(id)) return id;
  for (const float scale : constantFloats(i))
    if (scale != 0 && std::abs(scale) < std::numeric_limits<float>::min())
      unsupported("a scale below 1.2e-38");
  return id;
}

std::vector<float> NodeContext::floatsOf(const ir::Value& value, const std::string& what) const {
  if (value.type.type == DataType::Float16) {
    std::vector<float> floats;
    for (uint16_t half : value.elements<uint16_t>()) floats.push_back(base::floatFromHalf(half));
    return floats;
  }
  if (value.type.type != DataType::Float32)
    broken(text(what, " must be float32 or float16, it is ", value.type.type));
  const auto elements = value.elements<float>();
  return {elements.begin(), elements.end()};
}

ir::ValueId NodeContext::emit(std::unique_ptr<ops::Operator> op, std::vector<ir::ValueId> inputs) {
  return state_.emit(std::move(op), std::move(inputs), 1)[0];
}

ir::ValueId NodeContext::emitForPasses(std::unique_ptr<ops::Operator> op,
                                       std::vector<ir::ValueId> inputs) {
  return state_.emit(std::move(op), std::move(inputs), 1, /*mayEvaluate=*/false)[0];
}

std::vector<ir::ValueId> NodeContext::emitMany(std::unique_ptr<ops::Operator> op,
                                               std::vector<ir::ValueId> inputs, int count) {
  return state_.emit(std::move(op), std::move(inputs), count);
}

ir::ValueId NodeContext::constantOf(TensorType type, std::span<const std::byte> bytes) {
  return state_.addConstant(state_.freshName(state_.nodeName + ".constant"), type, bytes);
}

ir::ValueId NodeContext::constantFloat(float value) { return constantFloatTensor({}, {value}); }

ir::ValueId NodeContext::constantDouble(double value) {
  return constantOf({DataType::Float64, {}}, std::as_bytes(std::span(&value, 1)));
}

ir::ValueId NodeContext::constantFloatTensor(Shape shape, const std::vector<float>& values) {
  return constantOf({DataType::Float32, shape}, std::as_bytes(std::span(values)));
}

ir::ValueId NodeContext::constantIntRow(const std::vector<int64_t>& values) {
  return constantIntTensor({std::ssize(values)}, values);
}

ir::ValueId NodeContext::constantIntTensor(Shape shape, const std::vector<int64_t>& values) {
  return constantOf({DataType::Int64, shape}, std::as_bytes(std::span(values)));
}

void NodeContext::setOutput(int i, ir::ValueId value) {
  if (!wantsOutput(i)) return;
  const std::string& name = proto_.output(i);
  if (!state_.scopes.add(name, value)) broken("tensor '" + name + "' is written twice");
  state_.noteName(name, value);
  // The first ONNX name a computed value gets is its name from here on; later ones are aliases.
  ir::Value& ours = state_.graph.values[static_cast<size_t>(value)];
  if (ours.name.starts_with("~")) ours.name = state_.prefix + name;
}

void NodeContext::noteShapeDependence() {
  for (int i = 0; i < inputs(); ++i)
    if (state_.sizes.varies(input(i), state_.graph))
      state_.sizes.assume(emit(std::make_unique<ops::ShapeOf>(), {input(i)}), state_.nodeName,
                          state_.nodeOp);
}

void NodeContext::unsupported(const std::string& what) const {
  throw ImportError(what + " is not supported");
}

void NodeContext::broken(const std::string& what) const {
  throw ImportError("the model is broken here: " + what);
}

}  // namespace minnow::converter
