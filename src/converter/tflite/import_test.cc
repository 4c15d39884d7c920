// TensorFlow Lite files of a few operators, imported, run by the scalar reference, and compared with the format's rules
// written out as loops. Values are small whole numbers, so that sums are exact in any order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/convert.h"
#include "converter/tflite/import.h"
#include "converter/tflite/test_model.h"
#include "ops/transpose.h"
#include "passes/pass_list.h"
#include "passes/test_run.h"

namespace minnow::converter::tflite_tests {
namespace {

using passes::Tensor;
using Dims = TfliteModel::Dims;
using Floats = std::vector<float>;

struct Imported {
  Result<ir::Graph> graph;
  ConvertReport report;

  std::string problem() const {
    std::string all = graph ? "" : graph.error().message;
    for (const auto& node : report.unsupported)
      all += "\n" + node.node + " (" + node.op + "): " + node.reason;
    return all;
  }
};

Imported import(const std::string& bytes, const ConvertOptions& options = {}) {
  Imported imported{ir::Graph{}, {}};
  imported.graph = importOnnx(std::as_bytes(std::span(bytes)), "", options, imported.report);
  return imported;
}

Floats whole(size_t count, int start = 0) {
  Floats values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(static_cast<int>((i * 7 + static_cast<size_t>(start)) % 11) - 5);
  return values;
}

/// The first output for the values of whole() as inputs.
Tensor run(const Imported& imported) {
  if (!imported.graph) {
    ADD_FAILURE() << imported.problem();
    return Tensor({DataType::Float32, Shape{}});
  }
  std::vector<Tensor> inputs;
  for (const ir::ValueId id : imported.graph->inputs) {
    inputs.emplace_back(imported.graph->values[static_cast<size_t>(id)].type);
    std::ranges::copy(whole(inputs.back().floats().size()), inputs.back().floats().begin());
  }
  return passes::runGraph(*imported.graph, inputs)[0];
}

void expect(const Tensor& y, const Dims& shape, const Floats& values) {
  const std::vector<int64_t> extents(shape.begin(), shape.end());
  ASSERT_EQ(y.type.shape, Shape(std::span(extents)));
  ASSERT_EQ(y.floats().size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(y.floats()[i], values[i]) << i;
}

int transposes(const ir::Graph& graph) {
  return static_cast<int>(std::ranges::count_if(
      graph.nodes, [](const ir::Node& node) { return node.as<ops::Transpose>() != nullptr; }));
}

// Convolutions ------------------------------------------------------------------------------------

struct Window {
  int kernel, stride, dilation = 1;
  bool same = true;

  int reach() const { return (kernel - 1) * dilation + 1; }
  int outputs(int extent) const {
    return same ? (extent + stride - 1) / stride : (extent - reach()) / stride + 1;
  }
  int before(int extent) const {
    return same ? std::max((outputs(extent) - 1) * stride + reach() - extent, 0) / 2 : 0;
  }
};

/// [1, size, size, channels] with weights [outputs, kernel, kernel, each]; output o reads `each` channels from first(o).
template <class First>
Floats convolved(int size, int channels, int outputs, int each, const Window& w,
                 const Floats& weights, const Floats& bias, First&& first) {
  const Floats x = whole(static_cast<size_t>(size * size * channels));
  const int out = w.outputs(size), pad = w.before(size);
  Floats y;
  for (int i = 0; i < out; ++i)
    for (int j = 0; j < out; ++j)
      for (int o = 0; o < outputs; ++o) {
        float sum = bias[static_cast<size_t>(o)];
        for (int a = 0; a < w.kernel; ++a)
          for (int b = 0; b < w.kernel; ++b)
            for (int c = 0; c < each; ++c) {
              const int row = i * w.stride - pad + a * w.dilation,
                        column = j * w.stride - pad + b * w.dilation;
              if (row < 0 || row >= size || column < 0 || column >= size) continue;
              const int tap = ((o * w.kernel + a) * w.kernel + b) * each + c;
              sum += x[static_cast<size_t>((row * size + column) * channels + first(o) + c)] *
                     weights[static_cast<size_t>(tap)];
            }
        y.push_back(sum);
      }
  return y;
}

const Window kWindows[] = {{3, 1},    {3, 2}, {2, 3},          {3, 2, 1, false},
                           {3, 1, 2}, {1, 2}, {2, 1, 2, false}};

TEST(TfliteConv, PadsAsTheFormatSays) {
  for (const Window& w : kWindows)
    for (int size : {5, 6})
      for (int each : {4, 2}) {  // 4 channels in one group or two
        TfliteModel model;
        const int x = model.input("x", {1, size, size, 4});
        const Floats weights = whole(static_cast<size_t>(6 * w.kernel * w.kernel * each), 3),
                     bias = whole(6, 1);
        const int y = model.add(
            3, {x, model.floats({6, w.kernel, w.kernel, each}, weights), model.floats({6}, bias)},
            tfl::CreateConv2DOptions(model.builder(),
                                     w.same ? tfl::Padding::Same : tfl::Padding::Valid, w.stride,
                                     w.stride, tfl::Activation::None, w.dilation, w.dilation));
        const int out = w.outputs(size);
        expect(run(import(model.bytes({y}))), {1, out, out, 6},
               convolved(size, 4, 6, each, w, weights, bias,
                         [&](int o) { return o / (6 * each / 4) * each; }));
      }
}

TEST(TfliteConv, OfDepthReadsEachChannelSoOften) {
  for (const Window& w : kWindows) {
    TfliteModel model;
    const int x = model.input("x", {1, 6, 6, 3});
    const Floats weights = whole(static_cast<size_t>(6 * w.kernel * w.kernel), 2), bias = whole(6);
    Floats last(weights.size());  // as the file has them: [1, kernel, kernel, outputs]
    const auto taps = static_cast<size_t>(w.kernel * w.kernel);
    for (size_t o = 0; o < 6; ++o)
      for (size_t tap = 0; tap < taps; ++tap) last[tap * 6 + o] = weights[o * taps + tap];
    const int y =
        model.add(4, {x, model.floats({1, w.kernel, w.kernel, 6}, last), model.floats({6}, bias)},
                  tfl::CreateDepthwiseConv2DOptions(
                      model.builder(), w.same ? tfl::Padding::Same : tfl::Padding::Valid, w.stride,
                      w.stride, 2, tfl::Activation::None, w.dilation, w.dilation));
    const int out = w.outputs(6);
    expect(run(import(model.bytes({y}))), {1, out, out, 6},
           convolved(6, 3, 6, 1, w, weights, bias, [](int o) { return o / 2; }));
  }
}

/// Each input element is spread over the window that a convolution from `out` would have made it of.
Floats spread(int in, int out, const Window& w, const Floats& weights, const Floats& bias) {
  const Floats x = whole(static_cast<size_t>(in * in * 2));
  Floats y(static_cast<size_t>(out * out * 3));
  for (size_t i = 0; i < y.size(); ++i) y[i] = bias[i % 3];
  for (int i = 0; i < in * in; ++i)
    for (int tap = 0; tap < w.kernel * w.kernel; ++tap) {
      const int row = i / in * w.stride - w.before(out) + tap / w.kernel;
      const int column = i % in * w.stride - w.before(out) + tap % w.kernel;
      if (row < 0 || row >= out || column < 0 || column >= out) continue;
      for (int o = 0; o < 3; ++o)
        for (int c = 0; c < 2; ++c)
          y[static_cast<size_t>((row * out + column) * 3 + o)] +=
              x[static_cast<size_t>(i * 2 + c)] *
              weights[static_cast<size_t>((o * w.kernel * w.kernel + tap) * 2 + c)];
    }
  return y;
}

TEST(TfliteTransposeConv, GivesTheSizeThatIsAsked) {
  const std::pair<Window, int> cases[] = {{{3, 2}, 8},           {{3, 2}, 7}, {{2, 3}, 12},
                                          {{2, 3}, 10},          {{4, 1}, 4}, {{3, 2, 1, false}, 9},
                                          {{3, 2, 1, false}, 10}};
  for (const auto& [w, out] : cases) {
    TfliteModel model;
    const int x = model.input("x", {1, 4, 4, 2});
    const Floats weights = whole(static_cast<size_t>(3 * w.kernel * w.kernel * 2), 3),
                 bias = whole(3, 1);
    const int y =
        model.add(67,
                  {model.ints({1, out, out, 3}), model.floats({3, w.kernel, w.kernel, 2}, weights),
                   x, model.floats({3}, bias)},
                  tfl::CreateTransposeConvOptions(model.builder(),
                                                  w.same ? tfl::Padding::Same : tfl::Padding::Valid,
                                                  w.stride, w.stride));
    expect(run(import(model.bytes({y}))), {1, out, out, 3}, spread(4, out, w, weights, bias));
  }
}

TEST(TfliteTransposeConv, OfMediaPipeIsTheSameWithoutASize) {
  TfliteModel model;
  const int x = model.input("x", {1, 4, 4, 2});
  const Floats weights = whole(24, 3), bias = whole(3, 1);
  const int w = model.floats({3, 2, 2, 2}, weights), b = model.floats({3}, bias),
            y = model.tensor("y", {1});
  model.addTo(32, {x, w, b}, {y}, flatbuffers::Offset<tfl::MulOptions>(),
              "Convolution2DTransposeBias", {1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0});
  expect(run(import(model.bytes({y}))), {1, 8, 8, 3}, spread(4, 8, {2, 2}, weights, bias));
}

TEST(TfliteFullyConnected, KeepsAxesWhereItIsTold) {
  for (bool keep : {false, true}) {
    TfliteModel model;
    const int x = model.input("x", {1, 2, 3, 4});
    const Floats weights = whole(20, 4), in = whole(24);
    const int y = model.add(
        9, {x, model.floats({5, 4}, weights), -1},
        tfl::CreateFullyConnectedOptions(model.builder(), tfl::Activation::Relu, 0, keep));
    Floats expected;
    for (size_t row = 0; row < 6; ++row)
      for (size_t o = 0; o < 5; ++o)
        expected.push_back(std::max(
            0.0F, std::inner_product(&in[row * 4], &in[row * 4] + 4, &weights[o * 4], 0.0F)));
    expect(run(import(model.bytes({y}))), keep ? Dims{1, 2, 3, 5} : Dims{6, 5}, expected);
  }
}

// Images ------------------------------------------------------------------------------------------

TEST(TflitePool, CountsNoPadding) {
  TfliteModel model;
  const int x = model.input("x", {1, 3, 3, 1});  // -5 2 -2, 5 1 -3, 4 0 -4
  const int y =
      model.add(1, {x}, tfl::CreatePool2DOptions(model.builder(), tfl::Padding::Same, 2, 2, 2, 2));
  expect(run(import(model.bytes({y}))), {1, 2, 2, 1}, {0.75F, -2.5F, 2, -4});
}

/// A max pool and its places, and what puts maxima back there, as loops.
struct Placed {
  Floats maxima, places, back;

  Placed(const Floats& x, int size, int channels, const Window& w) {
    const int out = w.outputs(size), pad = w.before(size), whole = out * w.stride;
    back.resize(static_cast<size_t>(whole * whole * channels));
    for (int i = 0; i < out; ++i)
      for (int j = 0; j < out; ++j)
        for (int c = 0; c < channels; ++c)
          add(x, size, channels, w, i * w.stride - pad, j * w.stride - pad, c);
  }
  void add(const Floats& x, int size, int channels, const Window& w, int top, int left, int c) {
    float most = std::numeric_limits<float>::lowest();
    int place = 0;
    for (int row = std::max(top, 0); row < std::min(top + w.kernel, size); ++row)
      for (int column = std::max(left, 0); column < std::min(left + w.kernel, size); ++column) {
        const float value = x[static_cast<size_t>((row * size + column) * channels + c)];
        if (value > most) most = value, place = row * size + column;
      }
    maxima.push_back(most);
    places.push_back(static_cast<float>(place) + 0.1F);
    back[static_cast<size_t>(place * channels + c)] = most;
  }
};

TEST(TflitePool, OfMediaPipeTellsPlacesAndGoesBack) {
  for (const Window& w : {Window{2, 2}, Window{2, 2, 1, false}, Window{3, 1}}) {
    TfliteModel model;
    const int x = model.input("x", {1, 4, 4, 3});
    const auto stride = static_cast<uint8_t>(w.stride), kernel = static_cast<uint8_t>(w.kernel);
    const std::vector<uint8_t> options{w.same ? uint8_t{1} : uint8_t{2},
                                       0,
                                       0,
                                       0,
                                       stride,
                                       0,
                                       0,
                                       0,
                                       stride,
                                       0,
                                       0,
                                       0,
                                       kernel,
                                       0,
                                       0,
                                       0,
                                       kernel,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0};
    const int y = model.tensor("y", {1}), at = model.tensor("at", {1}), z = model.tensor("z", {1});
    const flatbuffers::Offset<tfl::MulOptions> none;
    model.addTo(32, {x}, {y, at}, none, "MaxPoolingWithArgmax2D", options);
    model.addTo(32, {y, at}, {z}, none, "MaxUnpooling2D", options);
    const Imported imported = import(model.bytes({y, at, z}));
    ASSERT_TRUE(imported.graph) << imported.problem();
    const Floats in = whole(48);
    Tensor fed(imported.graph->values[static_cast<size_t>(imported.graph->inputs[0])].type);
    std::ranges::copy(in, fed.floats().begin());
    const auto results = passes::runGraph(*imported.graph, {fed});
    const Placed expected(in, 4, 3, w);
    const int out = w.outputs(4);
    expect(results[0], {1, out, out, 3}, expected.maxima);
    expect(results[1], {1, out, out, 3}, expected.places);
    expect(results[2], {1, out * w.stride, out * w.stride, 3}, expected.back);
  }
}

TEST(TfliteResize, TakesThePixelsThatFloatsGive) {
  TfliteModel model;
  const int x = model.input("x", {1, 1, 2, 1});
  const int y = model.add(97, {x, model.ints({1, 82})},
                          tfl::CreateResizeNearestNeighborOptions(model.builder()));
  const Tensor result = run(import(model.bytes({y})));
  EXPECT_EQ(result.floats()[40], -5);
  EXPECT_EQ(result.floats()[41], -5);  // 41 * float(2 / 82) is just below 1
  EXPECT_EQ(result.floats()[42], 2);
}

TEST(TflitePad, MirrorsWithAndWithoutTheEnds) {
  for (int mode : {0, 1}) {
    TfliteModel model;
    const int x = model.input("x", {4});  // -5 2 -2 5
    const int pads = model.constant<int32_t>({1, 2}, {2, 3}, TfliteModel::Int32);
    const int y = model.add(
        100, {x, pads}, tfl::CreateMirrorPadOptions(model.builder(), static_cast<int8_t>(mode)));
    expect(
        run(import(model.bytes({y}))), {9},
        mode == 0 ? Floats{-2, 2, -5, 2, -2, 5, -2, 2, -5} : Floats{2, -5, -5, 2, -2, 5, 5, -2, 2});
  }
}

TEST(TfliteStridedSlice, ReadsItsMasks) {
  TfliteModel model;
  const int x = model.input("x", {2, 3, 4});
  const Floats in = whole(24);
  // x[1, …, 3:0:-2, new]
  const int y = model.add(
      45, {x, model.ints({1, 0, 3, 0}), model.ints({2, 0, 0, 1}), model.ints({1, 1, -2, 1})},
      tfl::CreateStridedSliceOptions(model.builder(), 0, 0, 2, 8, 1));
  expect(run(import(model.bytes({y}))), {3, 2, 1},
         {in[15], in[13], in[19], in[17], in[23], in[21]});
}

// Axes --------------------------------------------------------------------------------------------

int convolution(TfliteModel& model, int x, int channels,
                tfl::Activation activation = tfl::Activation::None) {
  return model.add(
      3,
      {x, model.floats({channels, 1, 1, channels}, whole(static_cast<size_t>(channels * channels))),
       -1},
      tfl::CreateConv2DOptions(model.builder(), tfl::Padding::Same, 1, 1, activation));
}

TEST(TfliteAxes, AreTurnedAtTheEndsAlone) {
  TfliteModel model;
  const int x = model.input("picture:0", {1, 4, 5, 2});
  const int a = convolution(model, x, 2, tfl::Activation::Relu6);
  const int b =
      model.add(54, {convolution(model, x, 2), model.floats({1, 1, 2}, {2, 3})});  // PRELU
  const int sum = model.add(0, {a, model.add(18, {b, model.floats({2}, {3, 4})})});
  const int joined = model.add(2, {sum, a}, tfl::CreateConcatenationOptions(model.builder(), -1));
  const int padded = model.add(
      34, {joined, model.constant<int32_t>({4, 2}, {0, 0, 1, 0, 0, 2, 0, 0}, TfliteModel::Int32)});
  const int mean =
      model.add(40, {padded, model.ints({1, 2})}, tfl::CreateReducerOptions(model.builder(), true));
  const int y = model.add(18, {padded, mean});
  const Imported imported = import(model.bytes({y}));
  ASSERT_TRUE(imported.graph) << imported.problem();
  EXPECT_EQ(transposes(*imported.graph), 2);
  EXPECT_EQ(imported.graph->values[static_cast<size_t>(imported.graph->inputs[0])].type.shape,
            (Shape{1, 4, 5, 2}));
  EXPECT_EQ(imported.graph->values[static_cast<size_t>(imported.graph->inputs[0])].name,
            "picture:0");
  EXPECT_EQ(run(imported).type.shape, (Shape{1, 5, 7, 4}));
}

TEST(TfliteAxes, OfATransposedImageMeetTheOtherPermutation) {
  TfliteModel model;
  const int x = model.input("x", {1, 2, 3, 4});
  const int nhwc = model.add(39, {x, model.ints({0, 2, 3, 1})});
  const int y = model.add(39, {convolution(model, nhwc, 2), model.ints({0, 3, 1, 2})});
  Imported imported = import(model.bytes({y}));
  ASSERT_TRUE(imported.graph) << imported.problem();
  ASSERT_TRUE(passes::runPasses(*imported.graph, {}));
  EXPECT_EQ(transposes(*imported.graph), 0);
}

TEST(TfliteAxes, AreTheSameBesideAnyOperator) {
  // The same operators on what a convolution gives and on an input that holds the same numbers.
  for (int form = 0; form < 2; ++form) {
    TfliteModel model;
    const int x = model.input("x", {1, 3, 2, 4});
    const int identity = model.add(
        3, {x, model.floats({4, 1, 1, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}), -1},
        tfl::CreateConv2DOptions(model.builder(), tfl::Padding::Same, 1, 1));
    const int in = form == 0 ? x : identity;
    auto& b = model.builder();
    const int softmax =
        model.add(40, {in, model.ints({-1, 1})}, tfl::CreateReducerOptions(b, false));
    const int largest =
        model.add(56, {in, model.ints({3})}, tfl::CreateArgMaxOptions(b, 2), TfliteModel::Int32);
    const int place = model.add(53, {largest}, {}, TfliteModel::Float32);
    const int flat = model.add(22, {in, model.ints({1, 24})});
    const int rows = model.add(22, {model.add(0, {softmax, place}), model.ints({1, -1})});
    (void)rows;
    const int y = model.add(2,
                            {flat, model.add(22, {place, model.ints({1, 6})}),
                             model.add(22, {softmax, model.ints({1, 2})})},
                            tfl::CreateConcatenationOptions(b, 1));
    const Floats v = whole(24);
    Floats expected = v;
    for (size_t i = 0; i < 6; ++i)
      expected.push_back(
          static_cast<float>(std::max_element(&v[i * 4], &v[i * 4] + 4) - &v[i * 4]));
    for (size_t column = 0; column < 2; ++column) {
      float sum = 0;
      for (size_t i = 0; i < 24; ++i) sum += i / 4 % 2 == column ? v[i] : 0;
      expected.push_back(sum / 12);
    }
    expect(run(import(model.bytes({y}))), {1, 32}, expected);
  }
}

// Constants ---------------------------------------------------------------------------------------

TEST(TfliteConstants, OfHalvesAreWidened) {
  TfliteModel model;
  const int x = model.input("x", {1, 2});
  const std::vector<uint16_t> halves{0x3C00, 0xC000, 0x0001, 0x3555};
  const int w = model.add(6, {model.constant({2, 2}, halves, TfliteModel::Float16)});
  const int y = model.add(9, {x, w, -1});
  const Imported imported = import(model.bytes({y}));
  Floats w32;
  for (uint16_t half : halves) w32.push_back(base::floatFromHalf(half));
  expect(run(imported), {1, 2},
         {std::fma(2.0F, w32[1], -5 * w32[0]), std::fma(2.0F, w32[3], -5 * w32[2])});
}

/// Under names of two lengths, so that the zero points, of 8 bytes, begin at a multiple of eight and beside one.
TEST(TfliteConstants, OfIntegersWithAScaleAreWidenedToo) {
  for (const char* name : {"x", "x and more"}) {
    TfliteModel model;
    const int x = model.input(name, {3});
    const int w =
        model.add(6, {model.constant<int8_t>({3}, {5, -128, 127}, TfliteModel::Int8, {0.25F})});
    const int y = model.add(18, {x, w});
    const std::string file = model.bytes({y});
    expect(run(import(file)), {3}, {-2.5F, -65.5F, -62});  // (q - 3) / 4 times -5, 2, -2
  }
}

/// An empty list is the shape of a scalar.
TEST(TfliteConstants, OfNoElementsHaveNoBytes) {
  TfliteModel model;
  const int x = model.input("x", {1, 1});
  expect(run(import(model.bytes({model.add(22, {x, model.ints({})})}))), {}, {-5});
}

TEST(TfliteConstants, OfNoElementsThatNobodyReadsMayBeOfAnyType) {
  constexpr auto kString = static_cast<TfliteModel::Type>(5);
  TfliteModel model;
  model.tensor("unused", {0}, kString);
  const int y = model.add(101, {model.input("x", {1})});
  expect(run(import(model.bytes({y}))), {1}, {5});
}

/// They have numbers of 16 bits.
TEST(TfliteConstants, OfMoreScalesThanAreCountedAreAWarning) {
  for (const int count : {65535, 65536}) {
    TfliteModel model;
    for (int i = 0; i < count; ++i)
      model.constant<int8_t>({1}, {1}, TfliteModel::Int8, {1 + static_cast<float>(i) / 65536});
    const std::string file = model.bytes({model.add(101, {model.input("x", {1})})});
    ConvertReport report;
    const auto bytes = std::as_bytes(std::span(file));
    ASSERT_TRUE(convertBuffer(bytes, {}, {}, report));
    EXPECT_EQ(report.warnings.size(), count > 65535 ? 1U : 0U);
  }
}

TEST(TfliteConstants, OfFourBitsLieTwoInAByte) {
  const auto file = [](const std::vector<uint8_t>& halves) {
    TfliteModel model;
    const int x = model.input("x", {3});
    const int w = model.add(6, {model.constant<uint8_t>({3}, halves, TfliteModel::Int4, {0.25F})});
    return model.bytes({model.add(18, {x, w})});
  };
  expect(run(import(file({0x85, 0x07}))), {3}, {-2.5F, -5.5F, -2});  // 5, -8, 7
  EXPECT_NE(import(file({0x85, 0x07, 0x00})).problem().find("has 0 bytes"), std::string::npos);
}

flatbuffers::Offset<tfl::SparsityParameters> blockSparsity(TfliteModel& model,
                                                           std::vector<int32_t> segments) {
  auto& b = model.builder();
  const std::vector<int32_t> order{0, 1, 2, 3}, map{0, 1};
  const std::vector<uint8_t> indices{1, 0};
  std::vector<flatbuffers::Offset<tfl::DimensionMetadata>> levels{
      tfl::CreateDimensionMetadata(b, 0, 2),
      tfl::CreateDimensionMetadata(b, 1, 0, tfl::IndexVector::Int32Vector,
                                   tfl::CreateInt32VectorDirect(b, &segments).Union(),
                                   tfl::IndexVector::Uint8Vector,
                                   tfl::CreateUint8VectorDirect(b, &indices).Union()),
      tfl::CreateDimensionMetadata(b, 0, 2), tfl::CreateDimensionMetadata(b, 0, 2)};
  return tfl::CreateSparsityParametersDirect(b, &order, &map, &levels);
}

/// [4, 4] in blocks of 2 x 2, of which the upper right and the lower left one exist.
std::string sparse(const std::vector<int32_t>& segments, size_t stored = 8) {
  TfliteModel model;
  const int x = model.input("x", {1, 4});
  const Floats values = {1, 2, 3, 4, 5, 6, 7, 8};
  const int w = model.constant<float>(
      {4, 4}, Floats(values.begin(), values.begin() + static_cast<long>(stored)),
      TfliteModel::Float32, {}, blockSparsity(model, segments));
  return model.bytes({model.add(0, {x, model.add(124, {w})})});
}

TEST(TfliteConstants, ThatAreSparseAreFilledUp) {
  Floats expected;
  const Floats dense{0, 0, 1, 2, 0, 0, 3, 4, 5, 6, 0, 0, 7, 8, 0, 0};
  for (size_t i = 0; i < 16; ++i) expected.push_back(dense[i] + whole(4)[i % 4]);
  expect(run(import(sparse({0, 1, 2}))), {4, 4}, expected);
  for (const std::vector<int32_t>& segments :
       {std::vector<int32_t>{0, 1}, {0, 1, 3}, {0, 2, 1}, {-1, 1, 2}, {0, 1, 1}})
    EXPECT_NE(import(sparse(segments)).problem().find("sparse tensor does not fit"),
              std::string::npos);
  EXPECT_NE(import(sparse({0, 1, 2}, 7)).problem().find("sparse tensor does not fit"),
            std::string::npos);
}

// Sizes -------------------------------------------------------------------------------------------

TEST(TfliteShapes, ThatAreOpenAreAskedFor) {
  const auto file = [] {
    TfliteModel model;
    const int x = model.input("x", {1, 1, 1, 3}, TfliteModel::Float32, {}, {-1, -1, -1, 3});
    return model.bytes({convolution(model, x, 3)});
  };
  EXPECT_NE(import(file()).problem().find("--shape x="), std::string::npos)
      << import(file()).problem();
  ConvertOptions options;
  options.shapes["x"] = AskedShape(Shape{2, 5, 4, 3});
  const Imported imported = import(file(), options);
  EXPECT_EQ(run(imported).type.shape, (Shape{2, 5, 4, 3}));
}

TEST(TfliteNames, ThatComeTwiceAreMadeDifferent) {
  TfliteModel model;
  const int a = model.input("x", {2}), b = model.input("x", {2});
  const Imported imported = import(model.bytes({model.add(0, {a, b})}));
  ASSERT_TRUE(imported.graph) << imported.problem();
  EXPECT_EQ(imported.graph->values[static_cast<size_t>(imported.graph->inputs[1])].name, "x#1");
}

// What is refused ---------------------------------------------------------------------------------

void expectProblem(const std::string& bytes, ErrorCode code, const std::string& words) {
  const Imported imported = import(bytes);
  ASSERT_FALSE(imported.graph);
  EXPECT_EQ(imported.graph.error().code, code) << imported.problem();
  EXPECT_NE(imported.problem().find(words), std::string::npos) << imported.problem();
}

TEST(TfliteRefused, AreOperatorsByName) {
  TfliteModel model;
  const int x = model.input("x", {1, 4, 4, 2}), custom = model.tensor("c", {1});
  model.addTo(32, {x}, {custom}, flatbuffers::Offset<tfl::MulOptions>(), "MyOwn");
  const std::string file = model.bytes(
      {model.add(18, {custom, x}), model.add(25, {x}, tfl::CreateMulOptions(model.builder()))});
  expectProblem(file, ErrorCode::Unsupported,
                "c (custom operator MyOwn): this operator is not supported");
  expectProblem(file, ErrorCode::Unsupported,
                "SOFTMAX): the model is broken here: its options are of another operator");
  expectProblem(file, ErrorCode::Unsupported,
                "2 operators");  // not the one that reads what the first gives
}

/// 287 / 82 is 3.5, and float32's 287 * (1 / 82) is less.
/// One less than half of the taps are larger by 1 in the third channel: its mean is next to a half.
TEST(TfliteWide, MeansOfWindowsThatAreHalvesAreRoundedAwayFromZero) {
  for (const int width : {41, 32767}) {
    TfliteModel model;
    const int x = model.input("x", {1, 2, width, 3}, TfliteModel::Int16, {1});
    const int y = model.add(
        1, {x}, tfl::CreatePool2DOptions(model.builder(), tfl::Padding::Valid, 1, 1, width, 2),
        TfliteModel::Int16, {1});
    const Imported imported = import(model.bytes({y}));
    ASSERT_TRUE(imported.graph) << imported.problem();
    Tensor numbers({DataType::Int16, Shape{1, 2, width, 3}});
    auto* at = numbers.view().as<int16_t>();
    for (int i = 0; i < 2 * width; ++i, at += 3) {
      const auto size = static_cast<int16_t>(i < width ? 3 : 4);
      at[0] = size, at[1] = static_cast<int16_t>(-size), at[2] = i == width ? int16_t{3} : size;
    }
    std::vector<Tensor> inputs;
    inputs.push_back(std::move(numbers));
    const auto results = passes::runGraph(*imported.graph, inputs);
    const auto* means = results[0].view().as<const int16_t>();
    EXPECT_EQ(std::vector(means, means + 3), (std::vector<int16_t>{4, -4, 3}));
  }
}

TEST(TfliteRefused, IsWhatALaterOperatorWrites) {
  TfliteModel model;
  const int x = model.input("x", {1, 1}), shape = model.tensor("shape", {0}, TfliteModel::Int32);
  const int y = model.add(22, {x, shape});
  model.addTo(77, {x}, {shape});
  expectProblem(model.bytes({y}), ErrorCode::Unsupported,
                "input 1 ('shape') is written by no earlier operator");
}

TEST(TfliteRefused, AreQuantisedOperators) {
  TfliteModel model;
  const int x = model.input("x", {1, 2}, TfliteModel::Uint8, {0.5F});
  const int y = model.add(66, {x}, {}, TfliteModel::Uint8, {0.5F});
  expectProblem(model.bytes({y}), ErrorCode::Unsupported,
                "SIN): computes with quantised tensors (UINT8)");
}

/// What they would stand for is not what they are; the writer's zero points are 3.
TEST(TfliteRefused, AreSharesOfBytesThatStandForOtherNumbers) {
  for (const auto type : {TfliteModel::Int8, TfliteModel::Int16}) {
    TfliteModel model;
    const int x = model.input("x", {1, 2}, TfliteModel::Int8, {0.5F});
    const auto options = tfl::CreateSoftmaxOptions(model.builder(), 1);
    expectProblem(model.bytes({model.add(25, {x}, options, type, {1 / 256.0F})}),
                  ErrorCode::Unsupported,
                  type == TfliteModel::Int8 ? "another scale than 1/256 or zero point than -128"
                                            : "results of int16 for int8");
  }
}

TEST(TfliteRefused, AreOptionsThatAreNewer) {
  TfliteModel model;
  const int x = model.input("x", {1, 2});
  auto& b = model.builder();
  const auto start = b.StartTable();
  b.AddElement<uint8_t>(tfl::MulOptions::VT_ACTIVATION + 2, 1, 0);
  const flatbuffers::Offset<tfl::MulOptions> options(b.EndTable(start));
  expectProblem(model.bytes({model.add(18, {x, x}, options)}), ErrorCode::Unsupported,
                "options that are newer");
}

TEST(TfliteRefused, AreNumbersOutOfRange) {
  const auto file = [](const Dims& inputs, const Dims& outputs, uint32_t buffer = 0,
                       uint32_t version = 3) {
    TfliteModel model;
    model.input("x", {2});
    model.tensor("c", {3}, TfliteModel::Float32, buffer);
    model.floats({2}, {1, 2});
    model.add(0, inputs);
    return model.bytes(outputs, version);
  };
  EXPECT_TRUE(import(file({0, 2}, {3})).graph);
  expectProblem(file({0, 4}, {3}), ErrorCode::BadModel, "tensor 4, of 4");
  expectProblem(file({0, -2}, {3}), ErrorCode::BadModel, "tensor -2, of 4");
  expectProblem(file({0, 2}, {9}), ErrorCode::BadModel, "tensor 9, of 4");
  expectProblem(file({0, 2}, {3}, 5), ErrorCode::BadModel, "buffer 5, of 2");
  expectProblem(file({0, 2}, {3}, 1), ErrorCode::BadModel, "constant 'c' of shape 3 has 8 bytes");
  expectProblem(file({0, 1}, {3}), ErrorCode::Unsupported, "written by no earlier operator");
  expectProblem(file({0, 2}, {1}), ErrorCode::BadModel, "neither an input nor written");
  expectProblem(file({0, 2}, {3}, 0, 4), ErrorCode::Unsupported, "version 4");
}

TEST(TfliteRefused, ArePermutationsThatAreNone) {
  for (const Dims& perm : {Dims{0}, {0, 0}, {0, 2}}) {
    TfliteModel model;
    const int x = model.input("x", {2, 3});
    const int y = model.add(39, {x, model.ints(perm)});
    EXPECT_FALSE(import(model.bytes({y})).graph);
  }
}

TEST(TfliteRefused, AreImagesWithoutAxes) {
  for (int number : {1, 3, 4, 11, 23}) {
    TfliteModel model;
    const int x = model.input("x", {}), w = model.floats({1, 1, 1, 1}, {1});
    expectProblem(model.bytes({model.add(number, {x, w})}), ErrorCode::Unsupported, "broken here");
  }
}

TEST(TfliteRefused, AreFilesThatAreCut) {
  TfliteModel model;
  const int x = model.input("x", {1, 2, 2, 3});
  const std::string whole = model.bytes({convolution(model, x, 3)});
  EXPECT_TRUE(import(whole).graph);
  for (size_t size = 8; size < whole.size(); size += 4) {
    const Imported imported = import(whole.substr(0, size));
    ASSERT_FALSE(imported.graph) << size;
    EXPECT_EQ(imported.graph.error().code, ErrorCode::BadModel);
  }
}

TEST(TfliteSignature, NamesInputsAndOutputs) {
  TfliteModel model;
  const int x = model.input("x", {1, 2, 2, 3});
  const std::string bytes = model.bytes({convolution(model, x, 3)});
  const auto signature = tfliteSignature(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->inputs[0].name, "x");
  EXPECT_EQ(signature->inputs[0].rank, 4);
  EXPECT_EQ(signature->outputs.size(), 1U);
}

}  // namespace
}  // namespace minnow::converter::tflite_tests
