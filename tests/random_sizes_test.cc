// Random graphs with shape arithmetic, as exporters write it and worse: each is converted for one
// shape and its session resized to others. It then gives the bits of a fresh conversion, or is
// refused by node; how often, may not grow.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/onnx_model.h"

namespace minnow {
namespace {

using test::OnnxModel;
using test::OnnxSession;
using test::PlainTensor;
using test::setInt;
using test::setInts;
using test::setString;

constexpr auto kInt64 = onnx::TensorProto::INT64;
constexpr auto kFloat = onnx::TensorProto::FLOAT;
constexpr int64_t kChannels = 4;

/// A float tensor of rank 4.
struct Map {
  std::string name;
  bool ownChannels = false;  ///< axis 1 has kChannels
};

class RandomSizes {
 public:
  explicit RandomSizes(unsigned seed) : model(17), random_(seed) {
    maps_.push_back({"x", true});
    for (int i = 0, steps = 3 + pick(7); i < steps; ++i) addStep();
    model.node("Identity", {maps_.back().name});
    model.dropUnread();
  }

  OnnxModel model;

 private:
  using Names = std::vector<std::string>;

  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string fresh() { return "t" + std::to_string(next_++); }
  const Map& any() {
    return maps_[pick(2) ? maps_.size() - 1
                         : static_cast<size_t>(pick(static_cast<int>(maps_.size())))];
  }
  std::string emit(const std::string& type, const Names& inputs) {
    const std::string out = fresh();
    last_ = &model.node(type, inputs, out);
    return out;
  }
  std::string row(const std::vector<double>& values) {
    const std::string name = fresh();
    model.constant(name, {static_cast<int64_t>(values.size())}, values, kInt64);
    return name;
  }
  std::string scalar(double value, onnx::TensorProto::DataType type = kInt64) {
    const std::string name = fresh();
    model.constant(name, {}, {value}, type);
    return name;
  }
  std::string cast(const std::string& x, onnx::TensorProto::DataType type) {
    const std::string out = emit("Cast", {x});
    setInt(*last_, "to", type);
    return out;
  }

  // Sizes: rows of one integer ------------------------------------------------------------------

  std::string shapeOf(const std::string& x) { return emit("Shape", {x}); }

  /// An extent, as exporters spell it.
  std::string extent(const std::string& x, int axis) {
    switch (pick(4)) {
      case 0:
        return emit("Gather", {shapeOf(x), row({static_cast<double>(axis)})});
      case 1: {
        const std::string one = emit("Gather", {shapeOf(x), scalar(axis)});
        return emit("Unsqueeze", {one, row({0})});
      }
      case 2:
        return emit("Slice", {shapeOf(x), row({static_cast<double>(axis)}),
                              row({static_cast<double>(axis + 1)}), row({0})});
      default: {
        const std::string out = emit("Shape", {x});
        setInt(*last_, "start", axis);
        setInt(*last_, "end", axis + 1);
        return out;
      }
    }
  }

  std::string atLeastOne(const std::string& size) { return emit("Max", {size, row({1})}); }

  /// Something near a size; at least 1.
  std::string changed(const std::string& size) {
    switch (pick(6)) {
      case 0:
        return emit("Mul", {size, row({2})});
      case 1:
        return emit("Div", {emit("Add", {size, row({1})}), row({2})});
      case 2:
        return emit("Add", {size, row({static_cast<double>(1 + pick(3))})});
      case 3: {
        const std::string half = scalar(0.5, kFloat);
        const std::string scaled = emit("Mul", {cast(size, kFloat), half});
        return cast(emit(pick(2) ? "Ceil" : "Round", {emit("Max", {scaled, scalar(1, kFloat)})}),
                    kInt64);
      }
      case 4:
        return atLeastOne(emit("Sub", {size, row({1})}));
      default:
        return size;
    }
  }

  std::string join(const Names& parts) {
    const std::string out = emit("Concat", parts);
    setInt(*last_, "axis", 0);
    return out;
  }

  Names extents(const std::string& x) {
    Names all;
    for (int axis = 0; axis < 4; ++axis) all.push_back(extent(x, axis));
    return all;
  }

  // Steps ---------------------------------------------------------------------------------------

  void add(std::string name, bool ownChannels = false) {
    maps_.push_back({std::move(name), ownChannels});
  }

  void addStep() {
    static constexpr void (RandomSizes::* kSteps[])() = {
        &RandomSizes::plain,      &RandomSizes::plain,       &RandomSizes::linear,
        &RandomSizes::reshape,    &RandomSizes::reshapeBack, &RandomSizes::slice,
        &RandomSizes::expand,     &RandomSizes::resizeTo,    &RandomSizes::resizeBy,
        &RandomSizes::padToGrid,  &RandomSizes::tile,        &RandomSizes::filled,
        &RandomSizes::positions,  &RandomSizes::split,       &RandomSizes::scaled,
        &RandomSizes::largest,    &RandomSizes::crop,        &RandomSizes::indexed,
        &RandomSizes::clipped,    &RandomSizes::torchExpand, &RandomSizes::grid,
        &RandomSizes::normalised, &RandomSizes::padBefore,   &RandomSizes::sizeOfAll,
        &RandomSizes::decided};
    (this->*kSteps[pick(static_cast<int>(std::size(kSteps)))])();
  }

  void plain() {
    const Map x = any();
    static constexpr const char* kFunctions[] = {"Relu", "Sigmoid", "Neg", "Tanh"};
    if (pick(3)) return add(emit(kFunctions[pick(4)], {x.name}), x.ownChannels);
    const std::string out = emit("Transpose", {x.name});
    setInts(*last_, "perm", {0, 1, 3, 2});
    add(out, x.ownChannels);
  }

  void linear() {
    const Map x = any();
    if (!x.ownChannels) return plain();
    const int64_t kernel = 1 + 2 * pick(2);
    std::vector<double> weights(static_cast<size_t>(kChannels * kChannels * kernel * kernel));
    for (double& w : weights) w = pick(7) - 3;
    const std::string name = fresh();
    model.constant(name, {kChannels, kChannels, kernel, kernel}, weights);
    const std::string out = emit("Conv", {x.name, name});
    setInts(*last_, "pads", std::vector<int64_t>(4, kernel / 2));
    if (pick(2)) setInts(*last_, "strides", {2, 2});
    add(out, true);
  }

  /// Two axes become one, and an axis of extent 1 goes before or after.
  void reshape() {
    const Map x = any();
    Names e = extents(x.name);
    const int first = pick(3);
    e[static_cast<size_t>(first)] =
        pick(2) ? emit("Mul", {e[static_cast<size_t>(first)], e[static_cast<size_t>(first) + 1]})
                : row({-1});
    e.erase(e.begin() + first + 1);
    e.insert(pick(2) ? e.begin() : e.end(), row({1}));
    add(emit("Reshape", {x.name, join(e)}));
  }

  void reshapeBack() {
    const Map x = any();
    const std::string flat = emit("Reshape", {x.name, row({0, -1})});
    add(emit("Relu", {emit("Reshape", {flat, shapeOf(x.name)})}), x.ownChannels);
  }

  void slice() {
    const Map x = any();
    const int axis = pick(4);
    const std::string end = pick(3) ? changed(extent(x.name, axis)) : row({-1});
    const std::string start = pick(2) ? row({0}) : emit("Div", {extent(x.name, axis), row({3})});
    add(emit("Slice", {x.name, start, end, row({static_cast<double>(axis)})}),
        x.ownChannels && axis != 1);
  }

  void expand() {
    const Map x = any();
    const std::string mean = emit("ReduceMean", {x.name});
    setInts(*last_, "axes", {2, 3});
    add(emit("Expand", {mean, pick(2) ? shapeOf(x.name) : join(extents(x.name))}), x.ownChannels);
  }

  void resizeTo() {
    const Map x = any(), like = any();
    const std::string outer = emit("Slice", {shapeOf(x.name), row({0}), row({2}), row({0})});
    const std::string inner =
        pick(2) ? emit("Slice", {shapeOf(like.name), row({2}), row({4}), row({0})})
                : join({changed(extent(x.name, 2)), changed(extent(x.name, 3))});
    const std::string out = emit("Resize", {x.name, "", "", join({outer, inner})});
    resizeMode();
    add(out, x.ownChannels);
  }

  void resizeBy() {
    const Map x = any(), like = any();
    const auto ratio = [&](int axis) {
      return emit("Div",
                  {cast(extent(like.name, axis), kFloat), cast(extent(x.name, axis), kFloat)});
    };
    const std::string one = fresh();
    model.constant(one, {1}, {1});
    const std::string out = emit("Resize", {x.name, "", join({one, one, ratio(2), ratio(3)})});
    resizeMode();
    add(out, x.ownChannels);
  }

  void resizeMode() {
    setString(*last_, "mode", pick(2) ? "linear" : "nearest");
    setString(*last_, "coordinate_transformation_mode",
              pick(2) ? "asymmetric" : "pytorch_half_pixel");
  }

  /// (4 - n % 4) % 4
  std::string toGrid(const std::string& size) {
    const std::string over = emit("Mod", {size, row({4})});
    return emit("Mod", {emit("Sub", {row({4}), over}), row({4})});
  }

  std::string pads(const std::string& x) {
    return join({row({0, 0, 0, 0, 0, 0}), toGrid(extent(x, 2)), toGrid(extent(x, 3))});
  }

  void padToGrid() {
    const Map x = any();
    const std::string out = emit("Pad", {x.name, pads(x.name)});
    if (pick(3) == 0) setString(*last_, "mode", "edge");
    add(out, x.ownChannels);
  }

  void padBefore() {
    const Map x = any();
    if (!x.ownChannels) return padToGrid();
    const std::string padded = emit("Pad", {emit("Relu", {x.name}), pads(x.name)});
    const std::string out = emit(pick(2) ? "MaxPool" : "AveragePool", {padded});
    setInts(*last_, "kernel_shape", {2, 2});
    setInts(*last_, "strides", {2, 2});
    add(out, true);
  }

  void tile() {
    const Map x = any();
    const std::string times = emit("Min", {changed(extent(x.name, 3)), row({2})});
    add(emit("Tile", {x.name, join({row({1, 1}), times, row({1})})}), x.ownChannels);
  }

  void filled() {
    const Map x = any();
    const std::string fill = emit("ConstantOfShape", {shapeOf(x.name)});
    auto* value = last_->add_attribute();
    value->set_name("value");
    value->set_type(onnx::AttributeProto::TENSOR);
    value->mutable_t()->set_data_type(kFloat);
    value->mutable_t()->add_dims(1);
    value->mutable_t()->add_float_data(0.75f);
    add(emit(pick(2) ? "Add" : "Mul", {x.name, fill}), x.ownChannels);
  }

  std::string counted(const std::string& x, int axis) {
    const std::string end = emit("Squeeze", {extent(x, axis), row({0})});
    if (pick(2)) return cast(emit("Range", {scalar(0), end, scalar(1)}), kFloat);
    return emit("Range", {scalar(0.5, kFloat), cast(end, kFloat), scalar(1, kFloat)});
  }

  void positions() {
    const Map x = any();
    add(emit("Add", {x.name, counted(x.name, 3)}), x.ownChannels);
  }

  /// A grid of places, as anchors are made.
  void grid() {
    const Map x = any();
    const std::string column = emit("Reshape", {counted(x.name, 2), join({row({-1}), row({1})})});
    const std::string plane = emit("Add", {column, counted(x.name, 3)});
    add(emit("Mul", {x.name, plane}), x.ownChannels);
  }

  void split() {
    const Map x = any();
    const std::string all = extent(x.name, 2), half = emit("Div", {all, row({2})});
    const std::string first = fresh(), second = fresh();
    onnx::NodeProto& node =
        model.node("Split", {x.name, join({half, emit("Sub", {all, half})})}, first);
    node.add_output(second);
    setInt(node, "axis", 2);
    const std::string out = emit("Concat", {second, first});
    setInt(*last_, "axis", 2);
    add(out, x.ownChannels);
  }

  void scaled() {
    const Map x = any();
    const std::string size = cast(extent(x.name, 2 + pick(2)), kFloat);
    static constexpr const char* kFunctions[] = {"Mul", "Add", "Div", "Sub"};
    add(emit(kFunctions[pick(4)], {x.name, size}), x.ownChannels);
  }

  /// Box coordinates are clipped to the image.
  void clipped() {
    const Map x = any();
    const std::string size = emit("Squeeze", {extent(x.name, 3), row({0})});
    add(emit("Clip", {x.name, scalar(-1, kFloat), cast(size, kFloat)}), x.ownChannels);
  }

  void largest() {
    const Map x = any();
    const std::string count = emit("Min", {extent(x.name, 3), row({3})});
    const std::string values = emit("TopK", {x.name, count});
    last_->add_output(fresh());
    add(values, x.ownChannels);
  }

  void crop() {
    const Map x = any();
    const std::string out = emit("CenterCropPad", {x.name, join({row({5}), extent(x.name, 3)})});
    setInts(*last_, "axes", {2, 3});
    add(out, x.ownChannels);
  }

  /// The last row.
  void indexed() {
    const Map x = any();
    const std::string at = emit("Sub", {extent(x.name, 2), row({1})});
    const std::string out = emit("Gather", {x.name, at});
    setInt(*last_, "axis", 2);
    add(out, x.ownChannels);
  }

  /// -1 in a shape to expand to keeps the extent.
  void torchExpand() {
    const Map x = any();
    const std::string mean = emit("ReduceMax", {x.name});
    setInts(*last_, "axes", {3});
    const std::string wanted = join({row({-1, -1, -1}), extent(x.name, 3)});
    const std::string ones = emit("ConstantOfShape", {shapeOf(wanted)});
    auto* value = last_->add_attribute();
    value->set_name("value");
    value->set_type(onnx::AttributeProto::TENSOR);
    value->mutable_t()->set_data_type(kInt64);
    value->mutable_t()->add_dims(1);
    value->mutable_t()->add_int64_data(1);
    const std::string isFree = emit("Equal", {wanted, emit("Mul", {ones, row({-1})})});
    add(emit("Expand", {mean, emit("Where", {isFree, ones, wanted})}), x.ownChannels);
  }

  /// Scale and shift a channel, which passes fold where they may.
  void normalised() {
    const Map x = any();
    if (!x.ownChannels) return scaled();
    const std::string scale = fresh(), shift = fresh();
    model.constant(scale, {1, kChannels, 1, 1}, {1, 2, -1, 0.5});
    model.constant(shift, {1, kChannels, 1, 1}, {3, -2, 0, 1});
    add(emit("Add", {emit("Mul", {x.name, scale}), shift}), true);
  }

  void sizeOfAll() {
    const Map x = any();
    add(emit("Div", {x.name, cast(emit("Size", {x.name}), kFloat)}), x.ownChannels);
  }

  /// A branch by a size.
  void decided() {
    const Map x = any();
    const std::string wide = emit("Greater", {extent(x.name, 3), row({3})});
    const std::string out = fresh();
    onnx::NodeProto& branch = model.node("If", {emit("Squeeze", {wide, row({0})})}, out);
    for (const char* name : {"then_branch", "else_branch"}) {
      auto* attribute = branch.add_attribute();
      attribute->set_name(name);
      attribute->set_type(onnx::AttributeProto::GRAPH);
      onnx::NodeProto& inner = *attribute->mutable_g()->add_node();
      inner.set_op_type(name[0] == 't' ? "Relu" : "Neg");
      inner.add_input(x.name);
      inner.add_output(out + name);
      attribute->mutable_g()->add_output()->set_name(out + name);
      attribute->mutable_g()->set_name(name);
    }
    add(out, x.ownChannels);
  }

  std::mt19937 random_;
  std::vector<Map> maps_;
  onnx::NodeProto* last_ = nullptr;
  int next_ = 0;
};

struct Counts {
  int same = 0, impossible = 0;
  std::map<std::string, int> refused;  ///< by operator
};

/// The operator that a message names.
std::string operatorOf(const std::string& message) {
  const size_t op = message.find("' ("), end = message.find(')', op);
  return op == std::string::npos ? message : message.substr(op + 3, end - op - 3);
}

void check(unsigned seed, Counts& counts) {
  RandomSizes graph(seed);
  std::mt19937 random(seed);
  const auto shape = [&] {
    const auto extent = [&](int most) { return static_cast<int64_t>(1 + random() % most); };
    return Shape{extent(2), kChannels, extent(9), extent(9)};
  };
  const Shape from = shape();
  auto resized = OnnxSession::create(graph.model, from);
  if (!resized) {
    ++counts.impossible;
    return;
  }
  for (int i = 0; i < 3; ++i) {
    const Shape to = shape();
    SCOPED_TRACE(text("seed ", seed, " from ", from, " to ", to));
    auto fresh = OnnxSession::create(graph.model, to);
    const auto ok = resized->session().resizeInput("x", to);
    if (!fresh) {
      EXPECT_FALSE(ok) << fresh.error().message;
      ++counts.impossible;
      continue;
    }
    if (!ok) {
      ++counts.refused[operatorOf(ok.error().message)];
      EXPECT_EQ(ok.error().code, ErrorCode::Unsupported) << ok.error().message;
      EXPECT_NE(ok.error().message.find("node '"), std::string::npos) << ok.error().message;
      continue;
    }
    ASSERT_EQ(resized->run(), fresh->run());
    ++counts.same;
  }
}

TEST(RandomSizes, ResizedAsConverted) {
  Counts counts;
  for (unsigned seed = 0; seed < 2000 && !HasFailure(); ++seed) check(seed, counts);
  EXPECT_GT(counts.same, 5600);
  EXPECT_LT(counts.impossible, 50);
  // Branches are chosen at conversion; nothing else may be refused.
  for (const auto& [reason, times] : counts.refused) EXPECT_EQ(reason, "If") << times << " times";
  EXPECT_LT(counts.refused["If"], 300);
}

}  // namespace
}  // namespace minnow
