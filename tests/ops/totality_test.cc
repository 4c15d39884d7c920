// Files are hostile: shape inference of every operator kind must answer any attributes and any
// input types with types in range or an error, never with a crash (run it under the sanitizers).
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "kernels/kernel.h"
#include "ops/data_axes.h"
#include "ops/in_run.h"
#include "ops/reshape.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

class Garbage {
 public:
  explicit Garbage(uint64_t seed) : random_(seed) {}

  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  /// Mostly plausible, sometimes as bad as can be.
  int64_t integer() {
    static constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    static constexpr int64_t kNasty[] = {
        kMax,       kMax - 1,         -kMax - 1,        -kMax,
        kMax / 2,   int64_t{1} << 62, int64_t{1} << 40, int64_t{1} << 32,
        2147483647, -2147483648,      1 << 30};
    const int64_t kind = below(8);
    if (kind == 0) return kNasty[below(std::size(kNasty))];
    if (kind == 1) return below(64) - 32;
    return below(5) - (kind == 2 ? 3 : 0);
  }

  float number() {
    static constexpr float kNumbers[] = {0.0f,
                                         1.0f,
                                         -1.0f,
                                         0.5f,
                                         2.0f,
                                         1e38f,
                                         -1e38f,
                                         1e-40f,
                                         std::numeric_limits<float>::infinity(),
                                         -std::numeric_limits<float>::infinity(),
                                         std::numeric_limits<float>::quiet_NaN()};
    return kNumbers[below(std::size(kNumbers))];
  }

  void replace(int64_t& v) { v = integer(); }
  void replace(float& v) { v = number(); }
  void replace(std::string& v) {
    static constexpr const char* kTexts[] = {"",   "ij,jk->ik",       "...i,->", "linear",
                                             "->", "aaaaaaaaaaaa->a", "\xFF,"};
    v = kTexts[below(std::size(kTexts))];
  }
  template <class T>
  void replace(std::vector<T>& v) {
    v.resize(static_cast<size_t>(below(8) == 0 ? below(20) : below(5)));
    for (T& element : v) replace(element);
  }

  TensorType type() {
    TensorType type;
    type.type = below(3) ? DataType::Float32 : static_cast<DataType>(below(15));
    const int64_t rank = below(4) ? below(6) : below(kMaxRank + 1);
    for (int64_t axis = 0; axis < rank; ++axis) type.shape.push_back(extent());
    while (!ops::checkShape(type.shape)) type.shape = Shape{extent()};
    return type;
  }

  std::vector<TensorType> types() {
    std::vector<TensorType> all(static_cast<size_t>(below(8) ? 1 + below(5) : 0));
    for (TensorType& type : all) type = this->type();
    if (all.size() > 1 && below(2)) all[1].shape = all[0].shape;
    return all;
  }

 private:
  int64_t extent() {
    const int64_t kind = below(12);
    if (kind == 0) return 0;
    if (kind == 1) return int64_t{1} << below(41);
    return 1 + below(6);
  }

  std::mt19937_64 random_;
};

/// The attributes may be refused; what they leave behind must still be safe.
void scramble(ops::Operator& op, Garbage& garbage) {
  ops::AttributeMap map = op.attributes();
  for (auto& [name, value] : map)
    if (garbage.below(4)) std::visit([&](auto& v) { garbage.replace(v); }, value);
  (void)op.setAttributes(std::move(map));
}

/// Strips of the output, one after another: what they read lies inside and never goes back.
void askForRows(const ops::Operator& op, std::span<const TensorType> inputs,
                std::span<const TensorType> outputs, int axis) {
  const int64_t extent = outputs[0].shape[axis], height = extent / 3 + 1;
  for (int input = 0; input < static_cast<int>(inputs.size()); ++input) {
    if (inputs[input].type == DataType::Undefined) continue;
    ops::Rows before;
    for (int64_t begin = 0; begin < extent; begin += height) {
      const auto rows =
          op.rowsRead(input, {axis, begin, std::min(begin + height, extent)}, inputs, outputs);
      if (!rows || rows->axis == ops::Rows::kWhole) break;
      ASSERT_GE(rows->axis, 0) << op.name();
      ASSERT_LT(rows->axis, inputs[input].shape.rank()) << op.name();
      ASSERT_LE(rows->end, inputs[input].shape[rows->axis]) << op.name();
      ASSERT_LE(rows->begin, rows->end) << op.name();
      ASSERT_LE(before.begin, rows->begin) << op.name();
      ASSERT_LE(before.end, rows->end) << op.name();
      before = *rows;
    }
  }
}

void askEverything(const ops::Operator& op, std::span<const TensorType> inputs) {
  const auto outputs = op.inferShape(inputs);
  if (!outputs) {
    EXPECT_FALSE(outputs.error().message.empty()) << op.name();
    return;
  }
  for (const TensorType& output : *outputs) {
    EXPECT_TRUE(ops::checkShape(output.shape)) << op.name() << " " << output.shape.toString();
    EXPECT_TRUE(output.type == DataType::Undefined || elementSize(output.type) > 0) << op.name();
  }
  EXPECT_GE(op.multiplyAdds(inputs, *outputs), 0) << op.name();
  EXPECT_GE(op.elementsVisited(inputs, *outputs), 0) << op.name();
  (void)op.isIdentity(inputs);
  if (const auto axes = op.linearAxes(inputs, *outputs)) {
    ASSERT_GE(inputs.size(), 2U) << op.name();
    const Shape &weights = inputs[1].shape, &y = outputs->front().shape;
    ASSERT_TRUE(axes->weights >= 0 && axes->weights < weights.rank()) << op.name();
    ASSERT_TRUE(axes->output >= 0 && axes->output < y.rank()) << op.name();
    EXPECT_EQ(weights[axes->weights] * axes->groups, y[axes->output]) << op.name();
  }
  (void)op.mayRunInPlace(0);
  for (int axis = 0; axis < outputs->front().shape.rank(); ++axis)
    askForRows(op, inputs, *outputs, axis);
  if (inputs.empty()) return;
  const ops::Storage storage{plainStrides(inputs[0].shape), 0};
  for (size_t i = 0; i < outputs->size(); ++i)
    (void)op.viewOf(inputs[0].shape, storage, static_cast<int>(i));
}

/// A number that a run sets: an element of an attribute, from `least` to `most` in steps.
struct Settable {
  std::string attribute;
  size_t index = 0;
  double least = 0, most = 0, step = 1;
  double now = 0;
};

/// What Operator::dataAxes promises, held against every extent that data may decide and every
/// number that a run may set.
class Promise {
 public:
  /// Axes get numbers at random; axes of one number have one extent.
  Promise(const ops::Operator& op, std::span<const TensorType> types, Garbage& garbage)
      : op_(op), types_(types.begin(), types.end()), axes_(types.size(), ops::DataAxes{}) {
    for (size_t i = 0; i < types_.size(); ++i)
      for (int axis = 0; axis < types_[i].shape.rank(); ++axis) {
        if (garbage.below(3) != 0) continue;
        const int64_t extent = types_[i].shape[axis];
        const auto number = static_cast<int32_t>(2 * extent + 1 + garbage.below(2));
        axes_[i][axis] = number;
        extents_[number] = extent;
      }
  }

  /// Lets runs set some elements of the attributes of which they may.
  void setInRun(Garbage& garbage) {
    held_.op = op_.clone();
    map_ = op_.attributes();
    for (auto& [name, value] : map_)
      if (op_.maySetInRun(name) && garbage.below(2) == 0)
        std::visit([&](auto& v) { setInRun(name, v, garbage); }, value);
  }

  /// False if none was given.
  bool check() {
    if (extents_.empty() && settable_.empty() && !op_.facts().sizesFromData) return false;
    const ops::Operator& op = settable_.empty() ? op_ : held_;
    int32_t last = 1000;
    const auto most = op.largestOutputs({types_, axes_, last});
    if (!most) return false;
    const auto axes = op.dataAxes({types_, axes_, last});
    if (!axes) return false;
    most_ = *most, promised_ = *axes;
    own_ = held_.own(std::span<const TensorType>(types_)).size();
    room_ = workspace(op_, types_, most_, true);
    tryFrom(extents_.begin());
    return true;
  }

 private:
  using Extents = std::map<int32_t, int64_t>;

  void setInRun(const std::string& name, std::vector<int64_t>& list, Garbage& garbage) {
    std::vector<int64_t> least = list;
    for (size_t i = 0; i < list.size(); ++i) {
      const int64_t less = garbage.below(4) ? 0 : garbage.below(5);
      if (least[i] >= INT64_MIN + less) least[i] -= less;
      addSettable({name, i, static_cast<double>(least[i]), static_cast<double>(list[i])});
    }
    addParameter(name, DataType::Int64, least);
  }
  void setInRun(const std::string& name, int64_t& one, Garbage& garbage) {
    std::vector<int64_t> list{one};
    setInRun(name, list, garbage);
  }
  void setInRun(const std::string& name, std::vector<float>& list, Garbage& garbage) {
    std::vector<float> least = list;
    for (size_t i = 0; i < list.size(); ++i) {
      if (garbage.below(2)) least[i] *= static_cast<float>(garbage.below(4)) / 4;
      const double step = std::max(1e-3, (static_cast<double>(list[i]) - least[i]) / 5);
      addSettable({name, i, least[i], list[i], step});
    }
    addParameter(name, DataType::Float32, least);
  }
  template <class T>
  void setInRun(const std::string&, T&, Garbage&) {}

  void addSettable(const Settable& one) {
    if (std::fabs(one.most) < 1e6 && one.least < one.most) settable_.push_back(one);
  }
  template <class T>
  void addParameter(const std::string& name, DataType type, const std::vector<T>& least) {
    held_.parameters.push_back({name, least});
    types_.push_back({type, {std::ssize(least)}});
    axes_.push_back({});
  }

  /// Every extent of every number, up to the types'.
  void tryFrom(Extents::iterator next) {
    if (testing::Test::HasFailure()) return;
    if (next == extents_.end()) return setFrom(settable_.begin());
    const int64_t most = next->second;
    const auto after = std::next(next);
    for (next->second = 0; next->second <= most; ++next->second) tryFrom(after);
    next->second = most;
  }

  void setFrom(std::vector<Settable>::iterator next) {
    if (testing::Test::HasFailure()) return;
    if (next == settable_.end()) return hold();
    for (double now = next->least; now < next->most; now += next->step)
      next->now = now, setFrom(next + 1);
    next->now = next->most, setFrom(next + 1);
  }

  /// The operator with what a run has set.
  std::unique_ptr<ops::Operator> settled() const {
    ops::AttributeMap map = op_.attributes();
    for (const Settable& one : settable_)
      for (auto& [name, value] : map) {
        if (name != one.attribute) continue;
        if (auto* ints = std::get_if<std::vector<int64_t>>(&value))
          (*ints)[one.index] = static_cast<int64_t>(one.now);
        if (auto* floats = std::get_if<std::vector<float>>(&value))
          (*floats)[one.index] = static_cast<float>(one.now);
        if (auto* number = std::get_if<int64_t>(&value)) *number = static_cast<int64_t>(one.now);
      }
    auto op = op_.clone();
    EXPECT_TRUE(op->setAttributes(std::move(map))) << op_.name();
    return op;
  }

  static size_t workspace(const ops::Operator& op, std::span<const TensorType> inputs,
                          const ops::TensorTypes& outputs, bool atMost) {
    const auto bytes = kernels::reference::findWorkspace(op.kind());
    std::vector<TensorView> in, out;
    const auto view = [](const TensorType& type) {
      return TensorView{{type.type, type.shape, plainStrides(type.shape)}, nullptr};
    };
    for (const TensorType& type : inputs) in.push_back(view(type));
    for (const TensorType& type : outputs) out.push_back(view(type));
    kernels::CallShape call(2);
    call.atMost = atMost;
    const bool empty = std::ranges::all_of(
        outputs, [](const TensorType& type) { return type.shape.elements() == 0; });
    return !bytes || (empty && !op.facts().sizesFromData) ? 0 : bytes(op, in, out, call);
  }

  void hold() const {
    std::vector<TensorType> actual(types_.begin(), types_.begin() + static_cast<ptrdiff_t>(own_));
    for (size_t i = 0; i < actual.size(); ++i)
      for (int axis = 0; axis < actual[i].shape.rank(); ++axis)
        if (axes_[i][axis] != 0) actual[i].shape[axis] = extents_.at(axes_[i][axis]);
    const auto op = settled();
    const auto outputs = op->inferShape(actual);
    if (!outputs) return;  // the model contradicts itself
    ASSERT_EQ(outputs->size(), most_.size());
    Extents known = extents_;
    for (size_t i = 0; i < outputs->size(); ++i)
      holdOutput((*outputs)[i].shape, most_[i].shape, known);
    ASSERT_LE(workspace(*op, actual, *outputs, false), room_) << op_.name();
    std::vector<TensorType> into(outputs->size());
    ASSERT_TRUE(op->inferInto(actual, into)) << op_.name();
    ASSERT_TRUE(std::ranges::equal(into, *outputs)) << op_.name();
  }

  void holdOutput(const Shape& shape, const Shape& most, Extents& known) const {
    ASSERT_EQ(shape.rank(), most.rank()) << op_.name();
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const int32_t number = promised_[axis];
      ASSERT_LE(shape[axis], most[axis]) << op_.name() << ", axis " << axis;
      if (number == 0) {
        ASSERT_EQ(shape[axis], most[axis]) << op_.name() << ", axis " << axis;
      } else if (number != ops::kOwnOfEach && !op_.facts().sizesFromData) {
        ASSERT_EQ(known.try_emplace(number, shape[axis]).first->second, shape[axis])
            << op_.name() << ", axis " << axis;
      }
    }
  }

  const ops::Operator& op_;
  std::vector<TensorType> types_;
  size_t own_ = 0;  // inputs before those that set attributes
  ops::InRun held_;
  std::vector<Settable> settable_;
  ops::AttributeMap map_;
  ops::TensorTypes most_;
  std::vector<ops::DataAxes> axes_;
  ops::DataAxes promised_{};
  size_t room_ = 0;
  Extents extents_;  // by number
};

bool isSmall(std::span<const TensorType> types) {
  return std::ranges::all_of(types, [](const TensorType& type) {
    return std::ranges::all_of(type.shape, [](int64_t extent) { return extent <= 7; });
  });
}

}  // namespace

TEST(Totality, ShapeInferenceAnswersAnything) {
  for (int kind = 0; kind < static_cast<int>(ops::OpKind::kCount); ++kind) {
    Garbage garbage(static_cast<uint64_t>(kind));
    for (int round = 0; round < 20000; ++round) {
      const auto op = ops::makeOperator(static_cast<ops::OpKind>(kind));
      scramble(*op, garbage);
      const auto types = garbage.types();
      askEverything(*op, types);
      if (HasFailure()) FAIL() << op->name() << ", round " << round;
    }
  }
}

// Smaller inputs never give larger outputs, nor smaller numbers that a run sets, and what is said to
// be known is. No kernel wants more workspace then.
TEST(Totality, WhatIsPromisedOfSizesFromDataHoldsForEverySize) {
  std::set<std::string> promised, set;
  const auto hold = [&](const ops::Operator& op, std::span<const TensorType> types,
                        Garbage& garbage) {
    if (Promise(op, types, garbage).check()) promised.insert(op.name());
    Promise inRun(op, types, garbage);
    inRun.setInRun(garbage);
    if (inRun.check()) set.insert(op.name());
  };
  for (int kind = 0; kind < static_cast<int>(ops::OpKind::kCount); ++kind) {
    Garbage garbage(static_cast<uint64_t>(kind));
    for (int round = 0; round < 20000; ++round) {
      const auto op = ops::makeOperator(static_cast<ops::OpKind>(kind));
      scramble(*op, garbage);
      const auto types = garbage.types();
      if (isSmall(types)) hold(*op, types, garbage);
      if (HasFailure()) FAIL() << op->name() << ", round " << round;
    }
  }
  Garbage garbage(1);
  for (const OpCase& c : allCases()) {
    std::vector<TensorType> types;
    for (const OpInput& input : c.inputs)
      types.push_back(input.absent ? TensorType{} : TensorType{input.type, input.shape});
    for (int round = 0; round < 20 && isSmall(types); ++round) hold(*c.op, types, garbage);
    if (HasFailure()) FAIL() << c.name;
  }
  EXPECT_GT(promised.size(), 60U) << "operators are no longer asked";
  for (const char* name :
       {"Slice", "Reshape", "Resize", "Expand", "Tile", "Pad", "Split", "TopK", "OneHot", "Trilu"})
    EXPECT_TRUE(set.contains(name)) << name;
}

// Where an axis that a run copies is empty, -1 is what the others hold.
TEST(Totality, LargestReshapeBesideAnEmptyAxis) {
  ops::Reshape op;
  op.shape = {0, 0, 2};
  const TensorType type{DataType::Float32, {6, 6, 0, 6}};
  int held = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Garbage garbage(seed);
    Promise promise(op, {&type, 1}, garbage);
    promise.setInRun(garbage);
    held += promise.check();
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(held, 300);
}

}  // namespace minnow::optest
