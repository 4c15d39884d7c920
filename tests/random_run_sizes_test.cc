// Random graphs whose consumers take sizes and parameters that data decide (run_sizes.h). The truth is the same graph converted with
// its input as a constant: then every size is known, and the importer computes all with the scalar
// reference on tensors of exactly their sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/run_sizes.h"

namespace minnow {
namespace {

using test::kFloat;
using test::kInt64;
using test::OnnxModel;
using test::RandomRunSizes;
using test::setInt;
using test::setString;

const Shape kInput{6, 4};

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
      const std::vector<float> x = picture(rows, often);
      compare(truth(runtime_, model, x), minnow::run(session, x));
    }
  }
  /// A model that was refused contradicts itself whatever the data.
  void expectNone(const OnnxModel& model, int64_t rows, const std::string& why) {
    for (unsigned often = 0; often < 4; ++often)
      EXPECT_FALSE(truth(runtime_, model, picture(rows, often))) << seed_ << ": " << why;
  }
  int compared = 0, failed = 0;

 private:
  /// Of which `often` thirds of the elements are above one half.
  std::vector<float> picture(int64_t rows, unsigned often) {
    std::vector<float> x(static_cast<size_t>(rows * 4));
    for (float& element : x)
      element = random_() % 3 < often ? 0.75F + static_cast<float>(random_() % 8) / 8 : 0.25F;
    return x;
  }
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
  int taken = 0, resized = 0, contradicted = 0, assumed = 0, compared = 0, failed = 0;
  for (unsigned seed = 0; seed < 4000 && !HasFailure(); ++seed) {
    RandomRunSizes graph(seed);
    auto file = graph.model().convert(kInput);
    Comparison comparison(*runtime, seed);
    if (!file) {
      EXPECT_EQ(file.error().code, ErrorCode::Unsupported) << seed << ": " << file.error().message;
      comparison.expectNone(graph.model(), kInput[0], file.error().message);
      ++contradicted;
      continue;
    }
    ++taken;
    kinds.insert(graph.kinds.begin(), graph.kinds.end());
    Loaded loaded(*runtime, *file);
    ASSERT_TRUE(loaded.session) << seed;
    comparison.run(graph.model(), *loaded.session, kInput[0]);
    const int64_t rows = seed % 2 ? 9 : 3;
    const auto fits = loaded.session->resizeInput("x", {rows, 4});
    if (fits) {
      ++resized;
      comparison.run(graph.model(), *loaded.session, rows);
    } else if (fits.error().message.find("converted for one size") == std::string::npos) {
      comparison.expectNone(graph.model(), rows, fits.error().message);
      ++contradicted;
    } else {
      ++assumed;  // a number that could be but one for the converted rows
    }
    compared += comparison.compared;
    failed += comparison.failed;
  }
  EXPECT_EQ(kinds.size(), std::size(test::kConsumers));
  EXPECT_GE(taken, 3990);
  EXPECT_LE(contradicted, 10);
  EXPECT_LE(assumed, 10);
  EXPECT_EQ(resized + contradicted + assumed, 4000);
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

// The tensor of a loop's body by its own name, for all iterations, or with the iteration's.
TEST(SizesInTheRun, TakeABoundInALoop) {
  OnnxModel model(18, kFloat, 1);
  model.constant("zero", {1}, {0}, kInt64);
  model.constant("two", {}, {2}, kInt64);
  auto* attribute = model.node("Loop", {"two", "", "x"}).add_attribute();
  attribute->set_name("body");
  attribute->set_type(onnx::AttributeProto::GRAPH);
  onnx::GraphProto& body = *attribute->mutable_g();
  for (const char* input : {"i", "on", "rows"}) body.add_input()->set_name(input);
  const auto add = [&](const char* type, const std::vector<const char*>& inputs,
                       const char* output) -> onnx::NodeProto& {
    onnx::NodeProto& node = *body.add_node();
    node.set_op_type(type);
    for (const char* input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  };
  add("ReduceMax", {"rows"}, "most");
  setInt(add("Cast", {"most"}, "end"), "to", kInt64);
  add("Slice", {"rows", "zero", "end"}, "next");
  add("Identity", {"on"}, "goes on");
  for (const char* output : {"goes on", "next"}) body.add_output()->set_name(output);
  const auto refused = model.convert({8});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("--bound end=N"), std::string::npos)
      << refused.error().message;
  using Bounds = std::map<std::string, int64_t>;
  auto runtime = Runtime::create();
  for (const Bounds& bounds : {Bounds{{"end", 3}}, {{"Loop_y[0]/end", 3}, {"Loop_y[1]/end", 2}}}) {
    const auto file = model.convert({8}, {}, bounds);
    ASSERT_TRUE(file) << file.error().message;
    Loaded loaded(*runtime, *file);
    EXPECT_EQ(run(*loaded.session, {2, 1, 0, 0, 0, 0, 0, 0})->shape, Shape{2});
    EXPECT_FALSE(run(*loaded.session, {4, 1, 0, 0, 0, 0, 0, 0}));
  }
}

TEST(SizesInTheRun, TakeABoundForAScaleThatNobodyKnows) {
  OnnxModel model(18, kFloat, 1);
  model.constant("one", {1}, {1});
  model.constant("axes", {1}, {1}, kInt64);
  model.node("ReduceMax", {"x"}, "most");
  model.node("Concat", {"one", "most"}, "scales");
  setInt(*model.graph().mutable_node(1), "axis", 0);
  model.node("Unsqueeze", {"x", "axes"}, "map");
  setString(model.node("Resize", {"map", "", "scales"}), "mode", "nearest");
  const auto refused = model.convert({4});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("--bound scales=N"), std::string::npos)
      << refused.error().message;
  const auto file = model.convert({4}, {}, {{"most", 3}});
  ASSERT_TRUE(file) << file.error().message;
  auto runtime = Runtime::create();
  Loaded loaded(*runtime, *file);
  const auto frame = [&](float most) { return run(*loaded.session, {most, 0, 0, 0}); };
  EXPECT_EQ(frame(1.5F)->shape, (Shape{4, 1}));
  EXPECT_EQ(frame(3)->elements, (std::vector<float>{3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  for (const float never : {4.0F, -1.0F, std::nanf("")}) {
    const auto failed = frame(never);
    ASSERT_FALSE(failed) << never;
    EXPECT_NE(failed.error().message.find("Resize_y"), std::string::npos) << failed.error().message;
  }
}

// A size of -1 stands for an axis that stays, where the converter says so; a model's own is none.
TEST(SizesInTheRun, ANegativeSizeFails) {
  OnnxModel model(18, kFloat, 2);
  model.constant("half", {}, {0.5});
  model.constant("one", {1}, {1}, kInt64);
  model.constant("two", {1}, {2}, kInt64);
  model.node("Greater", {"x", "half"}, "above");
  model.node("NonZero", {"above"}, "found");
  model.node("Shape", {"found"}, "shape");
  model.node("Gather", {"shape", "one"}, "count");
  model.node("Sub", {"count", "two"}, "rows");
  model.node("Concat", {"rows", "two"}, "sizes");
  setInt(*model.graph().mutable_node(5), "axis", 0);
  setString(model.node("Resize", {"x", "", "", "sizes"}), "mode", "nearest");
  const auto file = model.convert({2, 2});
  ASSERT_TRUE(file) << file.error().message;
  auto runtime = Runtime::create();
  Loaded loaded(*runtime, *file);
  EXPECT_EQ(run(*loaded.session, {1, 1, 1, 0})->shape, (Shape{1, 2}));
  EXPECT_EQ(run(*loaded.session, {1, 1, 1, 1})->shape, (Shape{2, 2}));
  EXPECT_FALSE(run(*loaded.session, {1, 0, 0, 0}));
  EXPECT_FALSE(run(*loaded.session, {0, 0, 0, 0}));
}

/// A convolution of three images of x, or of those whose row begins above one half.
OnnxModel convolution(bool ofSome) {
  OnnxModel model(18, kFloat, 2);
  const auto row = [&](const char* name, const std::vector<double>& values) {
    model.constant(name, {std::ssize(values)}, values, kInt64);
  };
  model.constant("half", {}, {0.5});
  row("images", {-1, 4, 1, 2}), row("one row", {-1}), row("from", {0, 0}), row("to", {3, 1});
  std::vector<double> weights;
  for (int64_t i = 0; i < 16 * 4; ++i)
    weights.push_back(static_cast<double>(test::wholeNumber(i)) / 4);
  model.constant("weights", {16, 4, 1, 1}, weights);
  model.node("Reshape", {"x", "images"}, "all");
  model.node("Slice", {"x", "from", "to"}, "begin");
  model.node("Reshape", {"begin", "one row"}, "begins");
  model.node("Greater", {"begins", "half"}, "which");
  setInt(model.node("Compress", {"all", "which"}, "some"), "axis", 0);
  model.node("Conv", {ofSome ? "some" : "all", "weights"});
  model.dropUnread();
  return model;
}

std::string convolutionKernel(const Session& session) {
  for (const OperatorInfo& info : session.operators())
    if (info.type == "Conv") return info.kernel;
  return "none";
}

// As many images as data ask lie as a convolution wants them: its kernel is that of a known number.
TEST(SizesInTheRun, ConvolutionsAreFast) {
  const auto all = convolution(false).convert(kInput), some = convolution(true).convert(kInput);
  ASSERT_TRUE(all && some);
  auto runtime = Runtime::create();
  Loaded known(*runtime, *all), found(*runtime, *some);
  EXPECT_EQ(convolutionKernel(*found.session), convolutionKernel(*known.session));
  std::vector<float> x(24, 0.25F);
  for (size_t i = 0; i < x.size(); ++i) x[i] += static_cast<float>(i % 7);
  x[0] = x[8] = 1, x[4] = 0;  // the first and the third image
  const auto three = run(*known.session, x), two = run(*found.session, x);
  ASSERT_TRUE(three && two) << two.error().message;
  EXPECT_EQ(two->shape, (Shape{2, 16, 1, 2}));
  std::vector<float> expected = three->elements;
  expected.erase(expected.begin() + 32, expected.begin() + 64);
  EXPECT_EQ(two->elements, expected);
}

}  // namespace
}  // namespace minnow
