// Random graphs behind NonZero, Compress and NonMaxSuppression, whose consumers take sizes and
// parameters that data decide, as exporters write them.
#pragma once

#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/onnx_model.h"

namespace minnow::test {

inline constexpr auto kInt64 = onnx::TensorProto::INT64;
inline constexpr auto kFloat = onnx::TensorProto::FLOAT;

using Names = std::vector<std::string>;

/// Nodes of a graph on x, as exporters write them. Maps are tensors of rank 2 and of floats.
class RunSizesGraph {
 public:
  explicit RunSizesGraph(unsigned seed) : model(18, kFloat, 2), random_(seed) {
    model.constant("half", {}, {0.5});
    model.constant("zeros", {0}, {}, kInt64);
    maps = {found("x"), kept("x"), suppressed()};
  }

  OnnxModel model;
  Names maps;

  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  const std::string& any() {
    const auto size = static_cast<int>(maps.size());
    return maps[pick(3) ? size - 1 - pick(std::min(3, size)) : pick(size)];
  }
  std::string emit(const std::string& type, const Names& inputs) {
    const std::string out = "t" + std::to_string(next_++);
    last_ = &model.node(type, inputs, out);
    return out;
  }
  std::string emit(const std::string& type, const Names& inputs, const char* attribute,
                   int64_t value) {
    const std::string out = emit(type, inputs);
    setInt(*last_, attribute, value);
    return out;
  }
  std::string row(const std::vector<double>& values, onnx::TensorProto::DataType type = kInt64) {
    const std::string name = "c" + std::to_string(next_++);
    model.constant(name, {static_cast<int64_t>(values.size())}, values, type);
    return name;
  }
  std::string scalar(double value, onnx::TensorProto::DataType type = kInt64) {
    const std::string name = "c" + std::to_string(next_++);
    model.constant(name, {}, {value}, type);
    return name;
  }
  std::string floats(const std::vector<int64_t>& dims) {
    const std::string name = "c" + std::to_string(next_++);
    int64_t count = 1;
    for (const int64_t dim : dims) count *= dim;
    std::vector<double> values;
    for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<double>(wholeNumber(i)) / 4);
    model.constant(name, dims, values);
    return name;
  }
  std::string cast(const std::string& x, onnx::TensorProto::DataType type) {
    return emit("Cast", {x}, "to", type);
  }
  std::string asFloat(const std::string& x) { return cast(x, kFloat); }
  std::string shapeOf(const std::string& x) { return emit("Shape", {x}); }
  /// An extent as a row of one number, as exporters spell it.
  std::string extent(const std::string& x, int axis) {
    if (pick(2)) return emit("Gather", {shapeOf(x), row({static_cast<double>(axis)})});
    return emit("Unsqueeze", {emit("Gather", {shapeOf(x), scalar(axis)}), row({0})});
  }
  std::string join(const Names& parts, int64_t axis = 0) {
    return emit("Concat", parts, "axis", axis);
  }
  std::string above(const std::string& x) { return emit("Greater", {x, "half"}); }
  std::string single(const std::string& n) { return emit("Squeeze", {n}); }
  std::string image(const std::string& x) { return emit("Unsqueeze", {x, row({0, 1})}); }
  std::string matrix(const std::string& x) { return emit("Squeeze", {x, row({0, 1})}); }
  std::string atLeast(const std::string& n, double least) { return emit("Max", {n, row({least})}); }
  std::string atMost(const std::string& n, double most) { return emit("Min", {n, row({most})}); }
  std::string plus(const std::string& n, double by) { return emit("Add", {n, row({by})}); }
  std::string times(const std::string& n, double by) { return emit("Mul", {n, row({by})}); }
  std::string over(const std::string& n, double by) { return emit("Div", {n, row({by})}); }
  std::string column(const std::string& x) { return emit("Unsqueeze", {x, row({1})}); }
  std::string flat(const std::string& x) { return emit("Reshape", {x, row({-1})}); }
  std::string slice(const std::string& x, const std::string& from, const std::string& to) {
    return emit("Slice", {x, from, to, row({0})});
  }
  std::string firstColumn(const std::string& x) {
    return emit("Slice", {x, row({0}), row({1}), row({1})});
  }
  std::string ofSize(const std::string& shape) { return emit("ConstantOfShape", {shape}); }
  std::string reduced(const std::string& type, const std::string& x, double axis) {
    return emit(type, {x, row({axis})});
  }
  /// One of several outputs.
  std::string part(const std::string& type, const Names& inputs, int64_t axis, int count,
                   int wanted) {
    Names names{emit(type, inputs, "axis", axis)};
    for (int i = 1; i < count; ++i)
      names.push_back("t" + std::to_string(next_++)), last_->add_output(names.back());
    return names[wanted];
  }
  /// Resize of an image, by a row of scales or of sizes for its four axes.
  std::string resized(const std::string& x, const char* mode, const Names& scales,
                      const Names& sizes) {
    const std::string y = emit("Resize", {image(x), "", scales.empty() ? "" : join(scales),
                                          sizes.empty() ? "" : join(sizes)});
    setString(*last_, "mode", mode);
    return y;
  }

  // What data decide ------------------------------------------------------------------------------

  std::string found(const std::string& x) {
    return asFloat(emit("Transpose", {emit("NonZero", {above(x)})}));
  }
  /// The rows whose first element is above one half.
  std::string kept(const std::string& x) {
    return emit("Compress", {x, flat(above(firstColumn(x)))}, "axis", 0);
  }
  std::string suppressed() {
    const std::string boxes = emit("Reshape", {"x", row({1, -1, 4})});
    const std::string scores = emit("Reshape", {reduced("ReduceMax", "x", 1), row({1, 1, -1})});
    return asFloat(emit("NonMaxSuppression", {boxes, scores, row({4}), "half", "half"}));
  }

  // Consumers of several nodes --------------------------------------------------------------------

  std::string halves(const std::string& x, int wanted) {
    const std::string n = extent(x, 0), half = over(n, 2);
    return part("Split", {x, join({half, emit("Sub", {n, half})})}, 0, 2, wanted);
  }
  std::string twoParts(const std::string& x) {
    const std::string y = part("Split", {x}, 0, 2, pick(2));
    setInt(*last_, "num_outputs", 2);
    return y;
  }
  /// Of ten parts, more than types of outputs have room in place.
  std::string tenths(const std::string& x) {
    const std::string n = extent(x, 0);
    Names parts(9, over(n, 10));
    parts.push_back(emit("Sub", {n, times(parts[0], 9)}));
    return part("Split", {x, join(parts)}, 0, 10, pick(10));
  }
  std::string convolved(const std::string& x) {
    const std::string y = emit("Conv", {image(x), floats({1, 1, 3, 3})});
    setInts(*last_, "pads", {1, 1, 1, 1});
    return matrix(y);
  }
  std::string pooled(const std::string& x, const std::string& type) {
    const std::string y = emit(type, {image(x)});
    setInts(*last_, "kernel_shape", {2, 1});
    setString(*last_, "auto_pad", "SAME_UPPER");
    setInts(*last_, "strides", {2, 1});
    return matrix(y);
  }
  std::string scattered(const std::string& x) {
    const std::string n = extent(x, 0), wide = ofSize(join({plus(n, 1), extent(x, 1)}));
    return emit("ScatterND", {wide, column(range(scalar(0), single(n), scalar(1))), x});
  }
  std::string scatteredElements(const std::string& x) {
    const std::string zeros = ofSize(shapeOf(x));
    return emit("ScatterElements", {zeros, cast(emit("Mul", {x, zeros}), kInt64), x});
  }
  std::string range(const std::string& start, const std::string& limit, const std::string& delta) {
    return emit("Range", {start, limit, delta});
  }
  using Branch = std::vector<std::pair<const char*, Names>>;
  /// An If whose branches are nodes, one after another: "" is what the one before gives.
  std::string chosen(const std::string& condition, const Branch& yes, const Branch& no) {
    const std::string y = emit("If", {condition});
    onnx::NodeProto& node = *last_;
    addBranch(node, "then_branch", yes);
    addBranch(node, "else_branch", no);
    return y;
  }
  /// A Loop that adds row i of x to the sum of those before, and scans the sums: 0 is the last sum,
  /// 1 are all.
  std::string summed(const std::string& x, const std::string& trips, int wanted) {
    const std::string sum = ofSize(extent(x, 1)), last = emit("Loop", {trips, "", sum});
    onnx::NodeProto& node = *last_;
    node.add_output(last + "all");
    auto* attribute = node.add_attribute();
    attribute->set_name("body");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    onnx::GraphProto& body = *attribute->mutable_g();
    body.set_name("body");
    for (const char* input : {"i", "on", "sum"}) body.add_input()->set_name(last + input);
    const auto add = [&](const char* type, const Names& inputs, const char* output) {
      auto* inner = body.add_node();
      inner->set_op_type(type);
      for (const std::string& input : inputs) inner->add_input(input);
      inner->add_output(last + output);
    };
    add("Gather", {x, last + "i"}, "row");
    add("Add", {last + "sum", last + "row"}, "next");
    add("Identity", {last + "on"}, "goes on");
    for (const char* output : {"goes on", "next", "next"})
      body.add_output()->set_name(last + output);
    return wanted ? last + "all" : last;
  }
  std::string isEmpty(const std::string& x) {
    return emit("Equal", {emit("Size", {x}), scalar(0)});
  }
  /// The first four columns of a map that is as wide, each row a box.
  std::string fourColumns(const std::string& x) {
    return emit("Slice", {join({x, x, x, x}, 1), row({0}), row({4}), row({1})});
  }
  std::string aligned(const std::string& x) {
    const std::string rois = join({emit("Mul", {x, floats({1})}), emit("Add", {x, "half"})}, 1);
    const std::string batch = ofSize(extent(x, 0));
    const std::string y =
        emit("RoiAlign", {floats({1, 1, 5, 5}), fourColumns(rois), cast(batch, kInt64)});
    setInt(*last_, "output_height", 1);
    setInt(*last_, "output_width", 2);
    setInt(*last_, "sampling_ratio", 2);
    return emit("Reshape", {y, row({0, -1})});
  }
  std::string suppressedAgain(const std::string& x) {
    const std::string boxes = emit("Unsqueeze", {fourColumns(x), row({0})});
    const std::string scores =
        emit("Reshape", {reduced("ReduceMax", x, 1), join({row({1, 1}), extent(x, 0)})});
    return asFloat(emit("NonMaxSuppression", {boxes, scores, row({3}), "half"}));
  }
  /// Products of a few rows' first elements with those of another map, from a row of them all.
  std::string products(const std::string& x, const std::string& other) {
    const std::string a = slice(firstColumn(x), row({0}), atMost(extent(x, 0), 4));
    const std::string b = slice(firstColumn(other), row({0}), atMost(extent(other, 0), 3));
    const std::string all = flat(emit("MatMul", {a, emit("Transpose", {b})}));
    return emit("Reshape", {all, join({extent(a, 0), extent(b, 0)})});
  }
  /// Rows in pairs, one after another.
  std::string pairs(const std::string& x) {
    const std::string half = over(extent(x, 0), 2);
    const std::string even = slice(x, row({0}), times(half, 2));
    return emit("Reshape", {even, join({half, times(extent(x, 1), 2)})});
  }
  std::string strided(const std::string& x, double from, double to, const std::string& step) {
    return emit("Slice", {x, row({from}), row({to}), row({0}), step});
  }
  /// What a number of rows is of four, as a float that is not 0.
  std::string quarters(const std::string& n) {
    return emit("Div", {asFloat(atLeast(n, 1)), row({4}, kFloat)});
  }
  std::string scaled(const std::string& x, const char* mode, const std::string& scale) {
    return matrix(resized(x, mode, {row({1, 1}, kFloat), scale, row({2}, kFloat)}, {}));
  }
  std::string filtered(const std::string& x, const char* mode, const std::string& rows) {
    const std::string y = resized(x, mode, {}, {row({1, 1}), rows, row({3})});
    setInt(*last_, "antialias", 1);
    return matrix(y);
  }
  std::string proportional(const std::string& x, const char* policy) {
    const std::string y = resized(x, "linear", {}, {atLeast(extent(x, 0), 1), row({3})});
    setInts(*last_, "axes", {2, 3});
    setString(*last_, "keep_aspect_ratio_policy", policy);
    return matrix(y);
  }
  std::string cropped(const std::string& x) {
    const std::string end = emit("Div", {quarters(extent(x, 0)), row({8}, kFloat)});
    const std::string roi = join({row({0, 0, 0, 0, 1, 1}, kFloat), end, row({1}, kFloat)});
    const std::string y = emit("Resize", {image(floats({4, 3})), roi, "", row({1, 1, 3, 2})});
    setString(*last_, "mode", "linear");
    setString(*last_, "coordinate_transformation_mode", "tf_crop_and_resize");
    return matrix(y);
  }

 private:
  void addBranch(onnx::NodeProto& node, const char* name, const Branch& branch) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::GRAPH);
    attribute->mutable_g()->set_name(name);
    std::string last;
    for (const auto& [type, inputs] : branch) {
      auto* inner = attribute->mutable_g()->add_node();
      inner->set_op_type(type);
      for (const std::string& input : inputs) inner->add_input(input.empty() ? last : input);
      last = "t" + std::to_string(next_++);
      inner->add_output(last);
    }
    attribute->mutable_g()->add_output()->set_name(last);
  }

  std::mt19937 random_;
  onnx::NodeProto* last_ = nullptr;
  int next_ = 0;
};

/// A map, and its extents as rows of one number.
struct Map {
  std::string x, n, c;
};
struct Consumer {
  const char* name;
  std::string (*add)(RunSizesGraph& g, const Map& map);
};

#define CONSUMER(name, ...)                                    \
  {name, [](RunSizesGraph& g, const Map& map) -> std::string { \
     const auto& [x, n, c] = map;                              \
     (void)x, (void)n, (void)c;                                \
     return __VA_ARGS__;                                       \
   }}

inline constexpr Consumer kConsumers[] = {
    CONSUMER("Reshape to n, -1", g.emit("Reshape", {x, g.join({n, g.row({-1})})})),
    CONSUMER("Reshape to -1", g.column(g.flat(x))),
    CONSUMER("Reshape to a product",
             g.emit("Reshape", {x, g.join({g.emit("Mul", {n, c}), g.row({1})})})),
    CONSUMER("Reshape to two unknown", g.products(x, x)),
    CONSUMER("Reshape to two others", g.products(x, g.any())),
    CONSUMER("Reshape to pairs", g.pairs(x)),
    CONSUMER(
        "Reshape of known size",
        g.emit("Reshape", {g.floats({4, 3}), g.join({g.atLeast(g.atMost(n, 2), 1), g.row({-1})})})),
    CONSUMER(
        "Reshape to a quotient",
        g.emit("Reshape", {g.floats({12}),
                           g.join({g.atLeast(g.atMost(n, 3), 2),
                                   g.emit("Div", {g.row({12}), g.atLeast(g.atMost(n, 3), 2)})})})),
    CONSUMER("Expand to a shape", g.emit("Expand", {g.floats({1, 1}), g.shapeOf(x)})),
    CONSUMER("Expand to rows", g.emit("Expand", {g.floats({3, 1}), g.join({g.row({3}), n})})),
    CONSUMER("Expand of a size",
             g.emit("Expand", {g.asFloat(g.emit("Reshape", {g.emit("Size", {x}), g.row({1, 1})})),
                               g.join({g.row({2}), g.atLeast(n, 1)})})),
    CONSUMER("ConstantOfShape", g.emit("Add", {x, g.ofSize(g.shapeOf(x))})),
    CONSUMER("EyeLike", g.emit("MatMul", {g.emit("EyeLike", {x}, "k", g.pick(3) - 1),
                                          g.emit("Transpose", {x})})),
    CONSUMER("Trilu", g.emit("Trilu", {x, g.single(g.emit("Sub", {n, c}))}, "upper", g.pick(2))),
    CONSUMER("OneHot",
             g.emit("OneHot", {g.row({0, 2}), g.asFloat(g.atMost(n, 9)), g.row({1, 3}, kFloat)})),
    CONSUMER("Range to n", g.asFloat(g.column(g.range(g.scalar(0), g.single(n), g.scalar(1))))),
    CONSUMER("Range from n", g.asFloat(g.column(g.range(g.single(n), g.scalar(-2), g.scalar(-1))))),
    CONSUMER("Range by n",
             g.asFloat(g.column(g.range(g.scalar(1), g.scalar(9), g.single(g.atLeast(n, 1)))))),
    CONSUMER("Range of floats", g.column(g.range(g.scalar(0.5, kFloat), g.single(g.asFloat(n)),
                                                 g.scalar(0.75, kFloat)))),
    CONSUMER("Range down", g.column(g.range(g.single(g.asFloat(n)), g.scalar(-2, kFloat),
                                            g.single(g.emit("Neg", {g.quarters(n)}))))),
    CONSUMER("TopK", g.part("TopK", {x, g.atMost(n, 3)}, 0, 2, 0)),
    CONSUMER("TopK of columns", g.part("TopK", {x, g.row({1})}, 1, 2, 0)),
    CONSUMER("Slice to n", g.slice(x, g.row({0}), g.atMost(n, 2))),
    CONSUMER("Slice of the last", g.slice(x, g.emit("Sub", {n, g.row({2})}), n)),
    CONSUMER("Slice of the first half", g.slice(x, g.row({0}), g.over(n, 2))),
    CONSUMER("Slice from -n", g.slice(x, g.emit("Neg", {n}), g.row({1e9}))),
    CONSUMER("Slice, negative start", g.slice(x, g.row({-5}), g.row({8}))),
    CONSUMER("Slice by steps", g.strided(x, 0, 1e9, g.atLeast(g.over(n, 3), 1))),
    CONSUMER("Slice by steps back", g.strided(x, -1, -1e9, g.emit("Neg", {g.atLeast(n, 1)}))),
    CONSUMER("Slice by steps either way",
             g.strided(x, 3, -2, g.plus(g.times(g.over(n, 2), 2), -5))),
    CONSUMER("Slice along an axis", g.emit("Slice", {x, g.row({1}), g.row({3}), g.atMost(n, 1)})),
    CONSUMER("Slice to a choice",
             g.slice(x, g.row({0}),
                     g.emit("Where", {g.above(g.flat(g.emit("ReduceMax", {"x"}))), g.row({2}),
                                      g.row({5})}))),
    CONSUMER("Split, first half", g.halves(x, 0)),
    CONSUMER("Split, second half", g.halves(x, 1)),
    CONSUMER("Split in two", g.twoParts(x)),
    CONSUMER("Split in ten", g.tenths(x)),
    CONSUMER("Gather", g.emit("Gather", {x, g.emit("Sub", {n, g.row({1})})}, "axis", 0)),
    CONSUMER("Tile", g.emit("Tile", {x, g.join({g.atMost(n, 2), g.row({1})})})),
    CONSUMER("Pad of rows",
             g.emit("Pad", {x, g.join({g.row({0, 0}), g.atMost(n, 2), g.row({1})})})),
    CONSUMER("Pad by rows", g.emit("Pad", {x, g.join({n, g.row({0, 0, 0})})})),
    CONSUMER("Concat of rows", g.join({x, x}, 0)),
    CONSUMER("Concat of columns", g.join({x, g.emit("Neg", {x})}, 1)),
    CONSUMER("Where", g.emit("Where", {g.above(x), x, g.ofSize(g.shapeOf(x))})),
    CONSUMER("ScatterND", g.scattered(x)),
    CONSUMER("ScatterElements", g.scatteredElements(x)),
    CONSUMER("GatherElements",
             g.emit("GatherElements", {x, g.cast(g.ofSize(g.shapeOf(x)), kInt64)})),
    CONSUMER("ReduceMean", g.reduced("ReduceMean", x, 0)),
    CONSUMER("ReduceMax", g.emit("Sub", {x, g.reduced("ReduceMax", x, 1)})),
    CONSUMER("ArgMax", g.asFloat(g.emit("ArgMax", {x}, "axis", g.pick(2)))),
    CONSUMER("Softmax", g.emit("Softmax", {x}, "axis", 1)),
    CONSUMER("Resize to sizes",
             g.matrix(g.resized(x, "nearest", {}, {g.row({1, 1}), g.times(n, 2), c}))),
    CONSUMER("Resize to fewer sizes",
             g.matrix(g.resized(g.floats({4, 3}), "linear", {},
                                {g.row({1, 1}), g.atLeast(g.atMost(n, 4), 1), g.row({3})}))),
    CONSUMER("Resize by known scales", g.scaled(x, "linear", g.row({1.5}, kFloat))),
    CONSUMER("Resize by scales", g.scaled(x, g.pick(2) ? "nearest" : "cubic", g.quarters(n))),
    CONSUMER(
        "Resize to few rows",
        g.scaled(x, "linear", g.emit("Div", {g.row({5}, kFloat), g.asFloat(g.atLeast(n, 1))}))),
    CONSUMER("Resize, antialiased",
             g.filtered(x, g.pick(2) ? "linear" : "cubic", g.atLeast(g.over(n, 2), 1))),
    CONSUMER("Resize, aspect ratio", g.proportional(x, g.pick(2) ? "not_larger" : "not_smaller")),
    CONSUMER("Resize of a region", g.cropped(x)),
    CONSUMER("Conv", g.convolved(x)),
    CONSUMER("pooling", g.pooled(x, g.pick(2) ? "MaxPool" : "AveragePool")),
    CONSUMER("NonZero", g.found(x)),
    CONSUMER("Compress", g.kept(x)),
    CONSUMER("CumSum", g.emit("CumSum", {x, g.scalar(0)})),
    CONSUMER("If", g.chosen(g.isEmpty(x), {{"Identity", {x}}}, {{"Neg", {x}}})),
    // Of no rows there is no first one.
    CONSUMER("If that cannot be", g.chosen(g.isEmpty(x), {{"Identity", {x}}},
                                           {{"Gather", {x, g.row({0})}}, {"Neg", {""}}})),
    CONSUMER("If, the other way",
             g.chosen(g.emit("Greater", {g.emit("Size", {x}), g.scalar(0)}),
                      {{"Gather", {x, g.row({0})}}, {"Neg", {""}}, {"Abs", {""}}}, {{"Neg", {x}}})),
    CONSUMER("Loop", g.column(g.summed(x, g.single(g.atMost(n, 2)), 0))),
    CONSUMER("Loop, all sums", g.summed(x, g.single(g.atMost(n, 2)), 1)),
    CONSUMER("MatMul", g.emit("MatMul", {g.emit("Transpose", {x}), x})),
    CONSUMER("sizes as numbers", g.emit("Mul", {x, g.asFloat(g.emit("Add", {n, c}))})),
    CONSUMER("RoiAlign", g.aligned(x)),
    CONSUMER("NonMaxSuppression", g.suppressedAgain(x)),
};
#undef CONSUMER

/// A graph of some consumers, one after another.
class RandomRunSizes {
 public:
  explicit RandomRunSizes(unsigned seed) : graph_(seed) {
    for (int i = 0, steps = 2 + graph_.pick(5); i < steps; ++i) addStep();
    graph_.model.node("Identity", {graph_.maps.back()});
    graph_.model.dropUnread();
  }

  const OnnxModel& model() const { return graph_.model; }
  std::set<std::string> kinds;

 private:
  void addStep() {
    const std::string x = graph_.any();
    const Map map{x, graph_.extent(x, 0), graph_.extent(x, 1)};
    const Consumer& consumer = kConsumers[graph_.pick(static_cast<int>(std::size(kConsumers)))];
    kinds.insert(consumer.name);
    graph_.maps.push_back(consumer.add(graph_, map));
  }

  RunSizesGraph graph_;
};

}  // namespace minnow::test
