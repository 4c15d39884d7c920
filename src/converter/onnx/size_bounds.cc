// Interval arithmetic by evaluating operators at the ends of intervals.
#include "converter/onnx/size_bounds.h"

#include <algorithm>
#include <optional>

#include "base/fail.h"
#include "converter/onnx/import_state.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/shape_of.h"

namespace minnow::converter {
namespace {

using ir::kNoValue;
using ir::ValueId;
using ops::BinaryFn;
using ops::Trend;

constexpr int64_t kMostElements = 4096;
/// Operands of which it is not known whether a result rises or falls with them.
constexpr int kMostEither = 2;

ValueId binary(ImportState& state, BinaryFn fn, ValueId a, ValueId b) {
  auto op = std::make_unique<ops::Binary>();
  op->fn = fn;
  return state.emit(std::move(op), {a, b}, 1)[0];
}

/// The elements of a constant, as doubles; none of a type that no size has.
std::optional<std::vector<double>> numbersOf(const ir::Value& value) {
  const auto all = [&]<class T>(T) {
    const auto elements = value.elements<T>();
    return std::vector<double>(elements.begin(), elements.end());
  };
  switch (value.type.type) {
    case DataType::Int64:
      return all(int64_t{});
    case DataType::Int32:
      return all(int32_t{});
    case DataType::Float32:
      return all(float{});
    case DataType::Float64:
      return all(double{});
    case DataType::Bool:
      return all(uint8_t{});
    default:
      return std::nullopt;
  }
}

bool mayBeNegative(const ir::Value& least) {
  const auto numbers = numbersOf(least);
  return !numbers || !std::ranges::all_of(*numbers, [](double number) { return number >= 0; });
}

bool mayBeZero(const ir::Value& least, const ir::Value& most) {
  const auto from = numbersOf(least), to = numbersOf(most);
  if (!from || !to) return true;
  return !std::ranges::equal(*from, *to, [](double a, double b) { return a > 0 || b < 0; });
}

bool isEither(Trend trend) { return trend == Trend::Either || trend == Trend::EitherSideOfZero; }

}  // namespace

const SizeBounds::Bounds* SizeBounds::of(ValueId id) const {
  const auto found = bounds_.find(id);
  return found == bounds_.end() ? nullptr : &found->second;
}

SizeBounds::Bounds SizeBounds::boundsOf(ValueId id) {
  if (const Bounds* found = of(id)) return *found;
  if (!isUnknownBool(id)) return {id, id, kNoValue};
  const TensorType type = state_.graph.values[static_cast<size_t>(id)].type;
  const Bounds either{filled(type, 0), filled(type, 1), kNoValue};
  return bounds_[id] = either;
}

/// A truth value is one of two, whatever it was computed from.
bool SizeBounds::isUnknownBool(ValueId id) const {
  if (id == kNoValue || of(id) || state_.dataSizes.isFromData(id)) return false;
  const ir::Value& value = state_.graph.values[static_cast<size_t>(id)];
  return !value.isConstant() && value.type.type == DataType::Bool &&
         value.type.shape.elements() <= kMostElements;
}

/// The extents of a tensor: those that data decide may be 0.
void SizeBounds::noteExtents(const ir::Node& node) {
  const ops::DataAxes& axes = state_.dataSizes.of(node.inputs[0]);
  const int rank = state_.graph.values[static_cast<size_t>(node.inputs[0])].type.shape.rank();
  const auto [first, end] = node.as<ops::ShapeOf>()->axesOf(rank);
  std::vector<int64_t> numbers, known;
  for (int axis = first; axis < end; ++axis) {
    numbers.push_back(axes[static_cast<size_t>(axis)]);
    known.push_back(numbers.back() == 0);
  }
  const ValueId most =
      state_.compute({node.name, node.op->clone(), node.inputs, {}, node.source}, 1)[0];
  const Bounds result{binary(state_, BinaryFn::Mul, most, state_.addInts("known", known)), most,
                      state_.addInts("extents", numbers)};
  bounds_[node.outputs[0]] = result;
}

void SizeBounds::noteEqual(const ir::Node& node) {
  const Bounds a = boundsOf(node.inputs[0]), b = boundsOf(node.inputs[1]);
  const auto both = [&](BinaryFn fn) {
    return binary(state_, BinaryFn::And, binary(state_, fn, a.least, b.most),
                  binary(state_, fn, b.least, a.most));
  };
  const Bounds result{both(BinaryFn::Equal), both(BinaryFn::LessOrEqual)};
  bounds_[node.outputs[0]] = result;
}

/// True if an operand with these bounds has this trend.
bool SizeBounds::holds(Trend trend, const Bounds& bounds) const {
  const ir::Value &least = state_.graph.values[static_cast<size_t>(bounds.least)],
                  &most = state_.graph.values[static_cast<size_t>(bounds.most)];
  if (trend == Trend::RisingFromZero) return !mayBeNegative(least);
  return trend != Trend::EitherSideOfZero || !mayBeZero(least, most);
}

/// True if the operands that are computed in the run have bounds and the result follows from them.
bool SizeBounds::isBounded(const ir::Node& node) const {
  const auto* comparison = node.as<ops::Binary>();
  const bool isEqual = comparison && comparison->fn == BinaryFn::Equal;
  int varying = 0, either = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId id = node.inputs[i];
    if (id == kNoValue || state_.graph.values[static_cast<size_t>(id)].isConstant()) continue;
    const Bounds* bounds = of(id);
    const Trend trend = isEqual ? Trend::Either : node.op->trend(static_cast<int>(i));
    if ((!bounds && !isUnknownBool(id)) || trend == Trend::Unknown) return false;
    if (bounds && !holds(trend, *bounds)) return false;
    ++varying;
    either += isEither(trend);
  }
  for (const ValueId id : node.outputs)
    if (state_.graph.values[static_cast<size_t>(id)].type.shape.elements() > kMostElements)
      return false;
  return varying > 0 && either <= kMostEither;
}

/// The results for operands at the ends of their intervals that give the most, or the least; bit n
/// of `either` chooses the end of the n-th operand with which a result may rise or fall.
std::vector<ValueId> SizeBounds::at(const ir::Node& node, bool most, unsigned either) {
  std::vector<ValueId> ends;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Bounds bounds = boundsOf(node.inputs[i]);
    bool high = most;
    if (bounds.least != bounds.most) {
      const Trend trend = node.op->trend(static_cast<int>(i));
      if (trend == Trend::Falling) high = !most;
      if (isEither(trend)) high = either & 1, either >>= 1;
    }
    ends.push_back(high ? bounds.most : bounds.least);
  }
  auto op = node.op->clone();
  if (!node.settings.empty()) state_.settings[op.get()] = node.settings;
  return state_.emit(std::move(op), ends, static_cast<int>(node.outputs.size()));
}

std::vector<ValueId> SizeBounds::farthest(const ir::Node& node, bool most) {
  unsigned ways = 1;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if ((of(node.inputs[i]) || isUnknownBool(node.inputs[i])) &&
        isEither(node.op->trend(static_cast<int>(i))))
      ways *= 2;
  std::vector<ValueId> results = at(node, most, 0);
  for (unsigned either = 1; either < ways; ++either) {
    const std::vector<ValueId> others = at(node, most, either);
    for (size_t i = 0; i < results.size(); ++i)
      results[i] = binary(state_, most ? BinaryFn::Max : BinaryFn::Min, results[i], others[i]);
  }
  return results;
}

/// Which extents the results' elements are: they go where elements go.
std::vector<ValueId> SizeBounds::extentsOf(const ir::Node& node) {
  std::vector<ValueId> numbers;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId id = node.inputs[i];
    const bool moved = node.op->movesElements(static_cast<int>(i));
    if (!moved && of(id)) return std::vector<ValueId>(node.outputs.size(), kNoValue);
    numbers.push_back(
        !moved ? id
        : of(id) && of(id)->extents != kNoValue
            ? of(id)->extents
            : state_.addZeros(state_.graph.values[static_cast<size_t>(id)].type.shape));
  }
  if (node.as<ops::Cast>()) return numbers;  // whole numbers stay what they are
  return state_.evaluate(*node.op, numbers, static_cast<int>(node.outputs.size()));
}

void SizeBounds::note(const ir::Node& node) {
  if (node.as<ops::ShapeOf>()) return noteExtents(node);
  const auto fromData = [&](ValueId id) { return state_.dataSizes.isFromData(id); };
  if (!isBounded(node) || std::ranges::any_of(node.outputs, fromData)) return;
  try {
    if (const auto* comparison = node.as<ops::Binary>();
        comparison && comparison->fn == BinaryFn::Equal)
      return noteEqual(node);
    const std::vector<ValueId> least = farthest(node, false), most = farthest(node, true);
    const std::vector<ValueId> extents = extentsOf(node);
    for (size_t i = 0; i < node.outputs.size(); ++i)
      bounds_[node.outputs[i]] = {least[i], most[i], extents[i]};
  } catch (const ImportError&) {  // what cannot be computed has no bounds
  }
}

ValueId SizeBounds::filled(const TensorType& type, int64_t number) {
  const auto filledWith = [&](auto element) {
    const std::vector all(static_cast<size_t>(type.shape.elements()), element);
    return state_.addConstant(state_.freshName("bound"), type, std::as_bytes(std::span(all)));
  };
  switch (type.type) {
    case DataType::Int64:
      return filledWith(number);
    case DataType::Int32:
      return filledWith(static_cast<int32_t>(std::min<int64_t>(number, INT32_MAX)));
    case DataType::Float32:
      return filledWith(static_cast<float>(number));
    default:
      return filledWith(static_cast<uint8_t>(number != 0));
  }
}

void SizeBounds::limit(ValueId id, int64_t most) {
  const ir::Value& value = state_.graph.values[static_cast<size_t>(id)];
  const TensorType type = value.type;
  if (type.type != DataType::Int64 && type.type != DataType::Int32 &&
      type.type != DataType::Float32)
    throw ImportError(
        text("'", value.name, "' is ", type.type, ", a bound is for int64, int32 and float32"));
  if (value.isConstant() || state_.dataSizes.isFromData(id) ||
      type.shape.elements() > kMostElements)
    return;
  const Bounds* found = of(id);
  const ValueId least = found ? found->least : filled(type, 0);
  const ValueId given = filled(type, most);
  bounds_[id] = {least, found ? binary(state_, BinaryFn::Min, found->most, given) : given,
                 found ? found->extents : kNoValue};
}

void SizeBounds::noteAxes(ValueId value, ValueId numbers) {
  const Bounds* bounds = of(numbers);
  if (!bounds || bounds->extents == kNoValue) return;
  const auto extents =
      state_.graph.values[static_cast<size_t>(bounds->extents)].elements<int64_t>();
  for (size_t i = 0; i < std::min(extents.size(), size_t{kMaxRank}); ++i)
    if (const int32_t number = state_.dataSizes.of(value)[i]; number != 0 && extents[i] != 0)
      state_.dataSizes.unite(number, static_cast<int32_t>(extents[i]));
}

ValueId SizeBounds::known(ValueId id) {
  const Bounds* found = of(id);
  if (!found) return id;
  const auto [least, most, extents] = *found;
  const auto bytes = [&](ValueId value) {
    return state_.graph.values[static_cast<size_t>(value)].constant->bytes;
  };
  if (!std::ranges::equal(bytes(least), bytes(most))) return id;
  const bool follows = state_.sizes.follows(least) || state_.sizes.follows(most);
  if (follows && least != most)
    state_.sizes.assume(binary(state_, BinaryFn::Equal, least, most), state_.nodeName,
                        state_.nodeOp);
  return most;
}

}  // namespace minnow::converter
