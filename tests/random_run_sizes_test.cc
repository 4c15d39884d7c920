// Random graphs behind NonZero, Compress and NonMaxSuppression, whose consumers take sizes and
// parameters that data decide, as exporters write them. The truth is the same graph converted with
// its input as a constant: then every size is known, and the importer computes all with the scalar
// reference on tensors of exactly their sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/onnx_model.h"

namespace minnow {
namespace {

using test::OnnxModel;
using test::setInt;
using test::setInts;
using test::setString;

constexpr auto kInt64 = onnx::TensorProto::INT64;
constexpr auto kFloat = onnx::TensorProto::FLOAT;
const Shape kInput{6, 4};

/// Tensors of rank 2 and of floats, most of them with rows that data decide.
class RandomRunSizes {
 public:
  explicit RandomRunSizes(unsigned seed) : model(17, kFloat, 2), random_(seed) {
    model.constant("half", {}, {0.5});
    model.constant("zeros", {0}, {}, kInt64);
    maps_ = {found("x"), kept("x"), suppressed()};
    for (int i = 0, steps = 2 + pick(5); i < steps; ++i) addStep();
    model.node("Identity", {maps_.back()});
    model.dropUnread();
  }

  OnnxModel model;
  std::set<std::string> kinds;

 private:
  using Names = std::vector<std::string>;

  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  const std::string& any() {
    const auto size = static_cast<int>(maps_.size());
    return maps_[pick(3) ? size - 1 - pick(std::min(3, size)) : pick(size)];
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
  std::string row(const std::vector<double>& values) {
    const std::string name = "c" + std::to_string(next_++);
    model.constant(name, {static_cast<int64_t>(values.size())}, values, kInt64);
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
    for (int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<double>(test::wholeNumber(i)) / 4);
    model.constant(name, dims, values);
    return name;
  }
  std::string cast(const std::string& x, onnx::TensorProto::DataType type) {
    return emit("Cast", {x}, "to", type);
  }
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

  // What data decide ------------------------------------------------------------------------------

  std::string found(const std::string& x) {
    return cast(emit("Transpose", {emit("NonZero", {above(x)})}), kFloat);
  }
  /// The rows whose first element is above one half.
  std::string kept(const std::string& x) {
    const std::string first = emit("Slice", {x, row({0}), row({1}), row({1})});
    return emit("Compress", {x, emit("Reshape", {above(first), row({-1})})}, "axis", 0);
  }
  std::string suppressed() {
    const std::string boxes = emit("Reshape", {"x", row({1, -1, 4})});
    const std::string best = emit("ReduceMax", {"x"});
    setInts(*last_, "axes", {1});
    const std::string scores = emit("Reshape", {best, row({1, 1, -1})});
    return cast(emit("NonMaxSuppression", {boxes, scores, row({4}), "half", "half"}), kFloat);
  }

  // Consumers -------------------------------------------------------------------------------------

  std::string image(const std::string& x) { return emit("Unsqueeze", {x, row({0, 1})}); }
  std::string matrix(const std::string& x) { return emit("Squeeze", {x, row({0, 1})}); }
  std::string atLeast(const std::string& n, double least) { return emit("Max", {n, row({least})}); }
  std::string atMost(const std::string& n, double most) { return emit("Min", {n, row({most})}); }
  std::string column(const std::string& x) { return emit("Unsqueeze", {x, row({1})}); }

  std::string slice(const std::string& x, const std::string& from, const std::string& to) {
    return emit("Slice", {x, from, to, row({0})});
  }
  std::string reduced(const std::string& type, const std::string& x, int64_t axis) {
    const std::string y = emit(type, {x});
    setInts(*last_, "axes", {axis});
    return y;
  }
  /// The first of several outputs, or another.
  std::string part(const std::string& type, const Names& inputs, int count, int wanted) {
    std::string first = emit(type, inputs);
    Names names{first};
    for (int i = 1; i < count; ++i)
      names.push_back("t" + std::to_string(next_++)), last_->add_output(names.back());
    return names[wanted];
  }
  std::string topOf(const std::string& x, const std::string& k, int64_t axis) {
    const std::string y = part("TopK", {x, k}, 2, 0);
    setInt(*last_, "axis", axis);
    return y;
  }
  std::string halves(const std::string& x, bool first) {
    const std::string n = extent(x, 0), half = emit("Div", {n, row({2})});
    const std::string y =
        part("Split", {x, join({half, emit("Sub", {n, half})})}, 2, first ? 0 : 1);
    setInt(*last_, "axis", 0);
    return y;
  }
  std::string thirds(const std::string& x) {
    const std::string y = part("Split", {x}, 2, pick(2));
    setInt(*last_, "axis", 0);
    return y;
  }
  std::string resized(const std::string& x) {
    const std::string rows = emit("Mul", {extent(x, 0), row({2})});
    const std::string sizes = join({row({1, 1}), rows, extent(x, 1)});
    const std::string y = emit("Resize", {image(x), "", "", sizes});
    setString(*last_, "mode", "nearest");
    return matrix(y);
  }
  std::string scaled(const std::string& x) {
    const std::string scales = "c" + std::to_string(next_++);
    model.constant(scales, {4}, {1, 1, 1.5, 2});
    const std::string y = emit("Resize", {image(x), "", scales});
    setString(*last_, "mode", "linear");
    return matrix(y);
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
    const std::string n = extent(x, 0),
                      wide = emit("ConstantOfShape",
                                  {join({emit("Add", {n, row({1})}), extent(x, 1)})});
    const std::string places = column(emit("Range", {scalar(0), emit("Squeeze", {n}), scalar(1)}));
    return emit("ScatterND", {wide, places, x});
  }
  std::string scatteredElements(const std::string& x) {
    const std::string zeros = emit("ConstantOfShape", {shapeOf(x)});
    return emit("ScatterElements", {zeros, cast(emit("Mul", {x, zeros}), kInt64), x});
  }
  std::string chosen(const std::string& x) {
    const std::string y = emit("If", {emit("Equal", {emit("Size", {x}), scalar(0)})});
    onnx::NodeProto& node = *last_;
    for (const char* branch : {"then_branch", "else_branch"}) {
      auto* attribute = node.add_attribute();
      attribute->set_name(branch);
      attribute->set_type(onnx::AttributeProto::GRAPH);
      attribute->mutable_g()->set_name(branch);
      const std::string inner = y + branch;
      auto* only = attribute->mutable_g()->add_node();
      only->set_op_type(branch[0] == 't' ? "Identity" : "Neg");
      only->add_input(x);
      only->add_output(inner);
      attribute->mutable_g()->add_output()->set_name(inner);
    }
    return y;
  }
  std::string aligned(const std::string& x) {
    const std::string rois =
        emit("Concat", {emit("Mul", {x, floats({1})}), emit("Add", {x, "half"})}, "axis", 1);
    const std::string four =
        emit("Slice", {join({rois, rois, rois, rois}, 1), row({0}), row({4}), row({1})});
    const std::string batch = emit("ConstantOfShape", {extent(x, 0)});
    const std::string y = emit("RoiAlign", {floats({1, 1, 5, 5}), four, cast(batch, kInt64)});
    setInt(*last_, "output_height", 1);
    setInt(*last_, "output_width", 2);
    setInt(*last_, "sampling_ratio", 2);
    return emit("Reshape", {y, row({0, -1})});
  }
  std::string suppressedAgain(const std::string& x) {
    const std::string n = extent(x, 0);
    const std::string four = emit("Slice", {join({x, x, x, x}, 1), row({0}), row({4}), row({1})});
    const std::string boxes = emit("Unsqueeze", {four, row({0})});
    const std::string scores =
        emit("Reshape", {reduced("ReduceMax", x, 1), join({row({1, 1}), n})});
    return cast(emit("NonMaxSuppression", {boxes, scores, row({3}), "half"}), kFloat);
  }

  void addStep() {
    const std::string x = any(), n = extent(x, 0), c = extent(x, 1);
    const int kind = pick(44);
    kinds.insert(std::to_string(kind));
    maps_.push_back(step(kind, x, n, c));
  }

  std::string step(int kind, const std::string& x, const std::string& n, const std::string& c) {
    switch (kind) {
      case 0:
        return emit("Reshape", {x, join({n, row({-1})})});
      case 1:
        return column(emit("Reshape", {x, row({-1})}));
      case 2:
        return emit("Reshape", {x, join({emit("Mul", {n, c}), row({1})})});
      case 3:
        return emit("Expand", {floats({1, 1}), shapeOf(x)});
      case 4:
        return emit("Expand", {floats({3, 1}), join({row({3}), n})});
      case 5:
        return emit("Add", {x, emit("ConstantOfShape", {shapeOf(x)})});
      case 6:
        return cast(column(emit("Range", {scalar(0), emit("Squeeze", {n}), scalar(1)})), kFloat);
      case 7:
        return cast(column(emit("Range", {emit("Squeeze", {n}), scalar(-2), scalar(-1)})), kFloat);
      case 8:
        return topOf(x, atMost(n, 3), 0);
      case 9:
        return topOf(x, row({1}), 1);
      case 10:
        return slice(x, row({0}), atMost(n, 2));
      case 11:
        return slice(x, emit("Sub", {n, row({2})}), n);
      case 12:
        return slice(x, row({0}), emit("Div", {n, row({2})}));
      case 13:
        return slice(x, emit("Neg", {n}), row({1e9}));
      case 14:
        return slice(x, row({-5}), row({8}));
      case 15:
        return halves(x, true);
      case 16:
        return halves(x, false);
      case 17:
        return thirds(x);
      case 18:
        return emit("Gather", {x, emit("Sub", {n, row({1})})}, "axis", 0);
      case 19:
        return emit("Tile", {x, join({atMost(n, 2), row({1})})});
      case 20:
        return emit("Pad", {x, join({row({0, 0}), atMost(n, 2), row({1})})});
      case 21:
        return emit("Pad", {x, join({n, row({0, 0, 0})})});
      case 22:
        return join({x, x}, 0);
      case 23:
        return join({x, emit("Neg", {x})}, 1);
      case 24:
        return emit("Where", {above(x), x, emit("ConstantOfShape", {shapeOf(x)})});
      case 25:
        return scattered(x);
      case 26:
        return scatteredElements(x);
      case 27:
        return emit("GatherElements", {x, cast(emit("ConstantOfShape", {shapeOf(x)}), kInt64)});
      case 28:
        return reduced("ReduceMean", x, 0);
      case 29:
        return emit("Softmax", {x}, "axis", 1);
      case 30:
        return resized(x);
      case 31:
        return scaled(x);
      case 32:
        return convolved(x);
      case 33:
        return pooled(x, pick(2) ? "MaxPool" : "AveragePool");
      case 34:
        return found(x);
      case 35:
        return kept(x);
      case 36:
        return emit("CumSum", {x, scalar(0)});
      case 37:
        return chosen(x);
      case 38:
        return emit("MatMul", {emit("Transpose", {x}), x});
      case 39:
        return emit("Mul", {x, cast(emit("Add", {n, c}), kFloat)});
      case 40:
        return aligned(x);
      case 41:
        return suppressedAgain(x);
      case 42:
        return emit("Expand", {cast(emit("Reshape", {emit("Size", {x}), row({1, 1})}), kFloat),
                               join({row({2}), atLeast(n, 1)})});
      default:
        return emit("Sub", {x, reduced("ReduceMax", x, 1)});
    }
  }

  std::mt19937 random_;
  std::vector<std::string> maps_;
  onnx::NodeProto* last_ = nullptr;
  int next_ = 0;
};

struct Found {
  Shape shape;
  std::vector<float> elements;
};

/// A converted model's result for x, which it may hold as a constant.
Result<Found> run(Session& session, const std::vector<float>& x) {
  auto frame = session.begin();
  if (!frame) return std::unexpected(frame.error());
  if (const TensorView in = frame->input("x"))
    copyTensor({{in.type, in.shape, plainStrides(in.shape)}, const_cast<float*>(x.data())}, in);
  if (auto ok = frame->run(); !ok) return std::unexpected(ok.error());
  const TensorView out = frame->output(0);
  Found found{out.shape, std::vector<float>(static_cast<size_t>(out.elements()))};
  copyTensor(out, {{out.type, out.shape, plainStrides(out.shape)}, found.elements.data()});
  return found;
}

/// One model in a session.
class Loaded {
 public:
  Loaded(Runtime& runtime, const std::vector<std::byte>& file)
      : memory_(base::alignedBytes(file.size())) {
    std::memcpy(memory_.get(), file.data(), file.size());
    auto model = Interpreter::createFromBuffer(runtime, {memory_.get(), file.size()});
    EXPECT_TRUE(model) << model.error().message;
    if (!model) return;
    auto made = model->createSession();
    EXPECT_TRUE(made) << made.error().message;
    if (made) session.emplace(std::move(*made));
  }
  std::optional<Session> session;

 private:
  std::shared_ptr<std::byte[]> memory_;
};

/// The result for x with all sizes known; an error where an operator fails.
Result<Found> truth(Runtime& runtime, const OnnxModel& model, const std::vector<float>& x) {
  const Shape shape{std::ssize(x) / 4, 4};
  const auto bytes = std::as_bytes(std::span(x));
  converter::FixedInput fixed{{DataType::Float32, shape}, {bytes.begin(), bytes.end()}};
  auto file = model.convert(shape, fixed);
  if (!file) return std::unexpected(file.error());
  Loaded loaded(runtime, *file);
  return loaded.session ? run(*loaded.session, x) : fail(ErrorCode::Internal, "no session");
}

bool alike(const Found& a, const Found& b) {
  return a.shape == b.shape && std::ranges::equal(a.elements, b.elements, [](float x, float y) {
           return x == y || (x != x && y != y) ||
                  std::abs(x - y) <= 1e-4F * std::max(1.0F, std::abs(x));
         });
}

/// Frames of one session beside the truth.
class Comparison {
 public:
  Comparison(Runtime& runtime, unsigned seed) : runtime_(runtime), seed_(seed), random_(seed) {}

  void run(const OnnxModel& model, Session& session, int64_t rows) {
    for (unsigned often = 0; often < 4 && !testing::Test::HasFailure(); ++often) {
      std::vector<float> x(static_cast<size_t>(rows * 4));
      for (float& element : x)
        element = random_() % 3 < often ? 0.75F + static_cast<float>(random_() % 8) / 8 : 0.25F;
      compare(truth(runtime_, model, x), minnow::run(session, x));
    }
  }
  int compared = 0, failed = 0;

 private:
  void compare(const Result<Found>& expected, const Result<Found>& actual) {
    failed += !expected && !actual;
    // An operator fails; one of which only known extents are wanted does not run.
    if (!expected) return;
    ++compared;
    ASSERT_TRUE(actual) << seed_ << ": " << actual.error().message;
    ASSERT_TRUE(alike(*expected, *actual))
        << seed_ << ": " << actual->shape.toString() << " for " << expected->shape.toString();
  }

  Runtime& runtime_;
  unsigned seed_;
  std::mt19937 random_;
};

TEST(SizesInTheRun, GiveWhatKnownSizesGive) {
  auto runtime = Runtime::create();
  std::set<std::string> kinds;
  int taken = 0, resized = 0, compared = 0, failed = 0;
  for (unsigned seed = 0; seed < 4000 && !HasFailure(); ++seed) {
    RandomRunSizes graph(seed);
    auto file = graph.model.convert(kInput);
    if (!file) {
      EXPECT_EQ(file.error().code, ErrorCode::Unsupported) << seed << ": " << file.error().message;
      continue;
    }
    ++taken;
    kinds.insert(graph.kinds.begin(), graph.kinds.end());
    Loaded loaded(*runtime, *file);
    ASSERT_TRUE(loaded.session) << seed;
    Comparison comparison(*runtime, seed);
    comparison.run(graph.model, *loaded.session, kInput[0]);
    const int64_t rows = seed % 2 ? 9 : 3;
    if (loaded.session->resizeInput("x", {rows, 4})) {
      ++resized;
      comparison.run(graph.model, *loaded.session, rows);
    }
    compared += comparison.compared;
    failed += comparison.failed;
  }
  EXPECT_GE(kinds.size(), 40U);
  EXPECT_EQ(taken, 4000);
  EXPECT_EQ(resized, 4000);
  EXPECT_GT(compared, 30000);
  EXPECT_GT(failed, 1000);
}

TEST(SizesInTheRun, TakeABoundForWhatNobodyKnows) {
  OnnxModel model(17, kFloat, 1);
  model.constant("zero", {1}, {0}, kInt64);
  setInt(model.node("ReduceMax", {"x"}, "most"), "keepdims", 1);
  setInt(model.node("Cast", {"most"}, "end"), "to", kInt64);
  model.node("Slice", {"x", "zero", "end"});
  const auto refused = model.convert({8});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("--bound end=N"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(model.convert({8}, {}, {{"ends", 3}}).error().code, ErrorCode::NotFound);
  const auto file = model.convert({8}, {}, {{"end", 3}});
  ASSERT_TRUE(file) << file.error().message;
  auto runtime = Runtime::create();
  Loaded loaded(*runtime, *file);
  const auto frame = [&](float most) { return run(*loaded.session, {most, 0, 0, 0, 0, 0, 0, 0}); };
  EXPECT_EQ(frame(2)->shape, Shape{2});
  EXPECT_EQ(frame(3)->shape, Shape{3});
  const auto more = frame(4);
  ASSERT_FALSE(more);
  EXPECT_NE(more.error().message.find("Slice_y"), std::string::npos) << more.error().message;
}

}  // namespace
}  // namespace minnow
