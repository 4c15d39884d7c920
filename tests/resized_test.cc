// A session whose input is resized computes what a model converted for that shape computes, to the
// bit: nothing that an importer reads from a shape may stay at the converted one. Windows, whose
// padding follows from the extents, are held to ONNX's formulas too, written out here anew.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/resized.h"

namespace minnow {
namespace {

using test::expectAsConverted;
using test::OnnxModel;
using test::OnnxSession;
using test::PlainTensor;
using test::setInt;
using test::setInts;
using test::setString;
using test::wholeNumber;

struct Setting {
  std::string op, autoPad;
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t groups = 1, countIncludePad = 0;
  int64_t padBegin = 0, padEnd = 0, ceilMode = 0;  ///< of pools without autoPad
  std::vector<int64_t> outputShape = {};

  bool transposed() const { return op == "ConvTranspose"; }
  bool pools() const { return op.ends_with("Pool"); }
  bool integers() const { return op == "ConvInteger" || op == "QLinearConv"; }
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
  std::string name() const {
    return text(op, " ", autoPad, " kernel ", kernel, " stride ", stride, " dilation ", dilation,
                " groups ", groups, " counted ", countIncludePad, " pads ", padBegin, " ", padEnd,
                " ceil ", ceilMode);
  }
};

constexpr int64_t kChannels = 2;

int64_t weight(int64_t i) { return i * 5 % 7 - 3; }

std::vector<double> weights(const Setting& s) {
  const int64_t count = kChannels * kChannels / s.groups * s.kernel * s.kernel;
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<double>(s.integers() ? std::abs(weight(i)) : weight(i)));
  return values;
}

OnnxModel modelOf(const Setting& s) {
  constexpr auto kUint8 = onnx::TensorProto::UINT8;
  OnnxModel model(21, s.integers() ? kUint8 : onnx::TensorProto::FLOAT);
  std::vector<std::string> inputs{"x"};
  if (s.op == "QLinearConv") {
    model.constant("scale", {}, {1});
    model.constant("zero", {}, {0}, kUint8);
    inputs = {"x", "scale", "zero", "w", "scale", "zero", "scale", "zero"};
  } else if (!s.pools()) {
    inputs.push_back("w");
  }
  if (!s.pools())
    model.constant("w", {kChannels, kChannels / s.groups, s.kernel, s.kernel}, weights(s),
                   s.integers() ? kUint8 : onnx::TensorProto::FLOAT);
  onnx::NodeProto& node = model.node(s.op, inputs);
  setInts(node, "kernel_shape", {s.kernel, s.kernel});
  setInts(node, "strides", {s.stride, s.stride});
  setInts(node, "dilations", {s.dilation, s.dilation});
  setString(node, "auto_pad", s.autoPad);
  if (s.padBegin + s.padEnd > 0)
    setInts(node, "pads", {s.padBegin, s.padBegin, s.padEnd, s.padEnd});
  if (s.ceilMode) setInt(node, "ceil_mode", 1);
  if (!s.pools()) setInt(node, "group", s.groups);
  if (s.op == "AveragePool") setInt(node, "count_include_pad", s.countIncludePad);
  if (!s.outputShape.empty()) setInts(node, "output_shape", s.outputShape);
  return model;
}

// ONNX's formulas ---------------------------------------------------------------------------------

/// One spatial axis: its output extent, and the padding before the input (cut off the beginning of
/// the output, where transposed).
struct Extent {
  int64_t out = 0, before = 0, counted = 0;
};

/// Of a pooling without automatic padding. In ceil mode a last window may be incomplete, or the
/// only one larger than the input; but one that starts in the end padding is none.
Extent poolExtent(const Setting& s, int64_t in) {
  const int64_t padded = in + s.padBegin + s.padEnd;
  const double steps = static_cast<double>(padded - s.reach()) / static_cast<double>(s.stride);
  auto out = static_cast<int64_t>(s.ceilMode ? std::ceil(steps) : std::floor(steps)) + 1;
  while (s.ceilMode && out > 0 && (out - 1) * s.stride >= in + s.padBegin) --out;
  return {out, s.padBegin, padded};
}

Extent extentOf(const Setting& s, int64_t in, size_t axis) {
  const auto before = [&](int64_t total) {
    const int64_t half = total / 2;
    return s.autoPad == "SAME_UPPER" ? half : total - half;
  };
  if (s.pools() && s.autoPad == "NOTSET") return poolExtent(s, in);
  if (s.transposed()) {
    const int64_t out = s.outputShape.empty() ? in * s.stride : s.outputShape[axis];
    return {out, before(std::max<int64_t>(0, (in - 1) * s.stride + s.reach() - out)), 0};
  }
  if (s.autoPad == "VALID") return {(in - s.reach()) / s.stride + 1, 0, in};
  const auto out =
      static_cast<int64_t>(std::ceil(static_cast<double>(in) / static_cast<double>(s.stride)));
  const int64_t total = std::max<int64_t>(0, (out - 1) * s.stride + s.reach() - in);
  return {out, before(total), in + total};
}

/// Calls fn(row, column, tap) for the taps of an output position; rows and columns may lie outside.
template <class F>
void forEachTap(const Setting& s, int64_t top, int64_t left, F&& fn) {
  for (int64_t ky = 0; ky < s.kernel; ++ky)
    for (int64_t kx = 0; kx < s.kernel; ++kx)
      fn(top + ky * s.dilation, left + kx * s.dilation, ky * s.kernel + kx);
}

struct Image {
  int64_t height = 0, width = 0;
  bool unsignedNumbers = false;
  bool has(int64_t row, int64_t column) const {
    return row >= 0 && column >= 0 && row < height && column < width;
  }
  double at(int64_t channel, int64_t row, int64_t column) const {
    const int64_t number = wholeNumber((channel * height + row) * width + column);
    return static_cast<double>(unsignedNumbers ? std::abs(number) : number);
  }
};

double pooled(const Setting& s, const Image& x, int64_t channel, int64_t top, int64_t left,
              const Extent& rows, const Extent& columns) {
  double most = -INFINITY, sum = 0, squares = 0, count = 0, counted = 0;
  forEachTap(s, top, left, [&](int64_t row, int64_t column, int64_t) {
    counted += row + rows.before < rows.counted && column + columns.before < columns.counted;
    if (!x.has(row, column)) return;
    const double value = x.at(channel, row, column);
    most = std::max(most, value), sum += value, squares += value * value, ++count;
  });
  if (s.op == "MaxPool") return most;
  if (s.op == "LpPool") return std::sqrt(squares);
  const double divisor = s.countIncludePad ? counted : count;
  return divisor > 0 ? sum / divisor : 0;
}

double convolved(const Setting& s, const Image& x, int64_t output, int64_t top, int64_t left) {
  const int64_t perGroup = kChannels / s.groups, taps = s.kernel * s.kernel;
  const std::vector<double> w = weights(s);
  double sum = 0;
  for (int64_t c = 0; c < perGroup; ++c)
    forEachTap(s, top, left, [&](int64_t row, int64_t column, int64_t tap) {
      if (x.has(row, column))
        sum += x.at(output / perGroup * perGroup + c, row, column) *
               w[static_cast<size_t>((output * perGroup + c) * taps + tap)];
    });
  return s.op == "QLinearConv" ? std::min(sum, 255.0) : sum;
}

/// Output position (row, column) of channel `output`, by spreading every input element.
double spread(const Setting& s, const Image& x, int64_t output, int64_t row, int64_t column) {
  const int64_t perGroup = kChannels / s.groups, taps = s.kernel * s.kernel;
  const std::vector<double> w = weights(s);
  double sum = 0;
  for (int64_t c = 0; c < perGroup; ++c)
    for (int64_t iy = 0; iy < x.height; ++iy)
      for (int64_t ix = 0; ix < x.width; ++ix)
        forEachTap(s, iy * s.stride, ix * s.stride, [&](int64_t y, int64_t at, int64_t tap) {
          const int64_t channel = output / perGroup * perGroup + c;
          if (y == row && at == column)
            sum += x.at(channel, iy, ix) *
                   w[static_cast<size_t>((channel * perGroup + output % perGroup) * taps + tap)];
        });
  return sum;
}

/// Fails unless y is what ONNX's formulas give.
void expectFormula(const Setting& s, const Shape& in, const PlainTensor& y) {
  const Image x{in[2], in[3], s.integers()};
  const Extent rows = extentOf(s, in[2], 0), columns = extentOf(s, in[3], 1);
  ASSERT_EQ(y.type.shape, (Shape{1, kChannels, rows.out, columns.out}));
  for (int64_t i = 0; i < y.type.shape.elements(); ++i) {
    const int64_t c = i / (rows.out * columns.out);
    const int64_t row = i / columns.out % rows.out, column = i % columns.out;
    const int64_t top = row * s.stride - rows.before, left = column * s.stride - columns.before;
    const double expected = s.transposed()
                                ? spread(s, x, c, row + rows.before, column + columns.before)
                            : s.pools() ? pooled(s, x, c, top, left, rows, columns)
                                        : convolved(s, x, c, top, left);
    if (y.at(i) == expected) continue;  // infinite, where a window has no element
    ASSERT_NEAR(y.at(i), expected, 1e-5 * std::max(1.0, std::fabs(expected))) << "element " << i;
  }
}

// Comparison --------------------------------------------------------------------------------------

std::vector<Shape> smallImages() {
  std::vector<Shape> shapes;
  for (int64_t height = 1; height <= 9; ++height)
    shapes.push_back({1, kChannels, height, 10 - height});
  return shapes;
}

/// Every small window on every small image.
void expectWindows(const std::string& op, const std::vector<std::string>& modes, int64_t groups = 1,
                   int64_t countIncludePad = 0) {
  for (const std::string& mode : modes)
    for (int64_t kernel = 1; kernel <= 4; ++kernel)
      for (int64_t stride = 1; stride <= 3; ++stride)
        for (int64_t dilation = 1; dilation <= 2; ++dilation) {
          const Setting s{op, mode, kernel, stride, dilation, groups, countIncludePad};
          SCOPED_TRACE(s.name());
          const int64_t side = mode == "VALID" ? 9 : 5;
          expectAsConverted(modelOf(s), {1, kChannels, side, side}, smallImages(),
                            [&](const Shape& x, const PlainTensor& y) { expectFormula(s, x, y); });
          if (testing::Test::HasFatalFailure()) return;
        }
}

const std::vector<std::string> kSame{"SAME_UPPER", "SAME_LOWER"};
const std::vector<std::string> kAutomatic{"SAME_UPPER", "SAME_LOWER", "VALID"};

TEST(ResizedWindows, Conv) { expectWindows("Conv", kAutomatic); }
TEST(ResizedWindows, DepthwiseConv) { expectWindows("Conv", kSame, kChannels); }
TEST(ResizedWindows, ConvTranspose) { expectWindows("ConvTranspose", kSame); }
TEST(ResizedWindows, ConvInteger) { expectWindows("ConvInteger", kSame); }
TEST(ResizedWindows, QLinearConv) { expectWindows("QLinearConv", kSame); }
TEST(ResizedWindows, MaxPool) { expectWindows("MaxPool", kAutomatic); }
TEST(ResizedWindows, AveragePool) { expectWindows("AveragePool", kSame); }
TEST(ResizedWindows, AveragePoolThatCountsPadding) { expectWindows("AveragePool", kSame, 1, 1); }
TEST(ResizedWindows, LpPool) { expectWindows("LpPool", kSame); }

void expectPooling(const Setting& s) {
  SCOPED_TRACE(s.name());
  const OnnxModel model = modelOf(s);
  for (const Shape& x : smallImages()) {
    const bool has = extentOf(s, x[2], 0).out > 0 && extentOf(s, x[3], 1).out > 0;
    ASSERT_EQ(OnnxSession::create(model, x).has_value(), has) << x.toString();
  }
  expectAsConverted(model, {1, kChannels, 9, 9}, smallImages(),
                    [&](const Shape& x, const PlainTensor& y) { expectFormula(s, x, y); });
}

TEST(ResizedWindows, PoolsRoundUpOrDown) {
  for (const int64_t ceilMode : {0, 1})
    for (int64_t kernel = 1; kernel <= 4; ++kernel)
      for (int64_t stride = 1; stride <= 5; ++stride)
        for (int64_t pads = 0; pads < kernel * kernel; ++pads) {
          Setting s{"MaxPool", "NOTSET", kernel, stride, 1 + pads % 2};
          s.padBegin = pads / kernel, s.padEnd = pads % kernel, s.ceilMode = ceilMode;
          expectPooling(s);
          s.op = "AveragePool", s.countIncludePad = pads % 2;
          expectPooling(s);
          s.op = "LpPool", s.countIncludePad = 0;
          expectPooling(s);
          if (HasFatalFailure()) return;
        }
}

/// ONNX has a formula of its own for VALID in ceil mode, which gives no incomplete window.
TEST(ResizedWindows, ValidPoolsDoNotRoundUp) {
  for (int64_t kernel = 1; kernel <= 3; ++kernel)
    for (int64_t stride = 1; stride <= 4; ++stride) {
      Setting s{"MaxPool", "VALID", kernel, stride};
      s.ceilMode = 1;
      SCOPED_TRACE(s.name());
      expectAsConverted(modelOf(s), {1, kChannels, 9, 9}, smallImages(),
                        [&](const Shape& x, const PlainTensor& y) { expectFormula(s, x, y); });
      if (HasFatalFailure()) return;
    }
}

TEST(ResizedWindows, OutputShapeStaysAndThePaddingFollows) {
  for (const std::string mode : {"SAME_UPPER", "SAME_LOWER", "NOTSET"})
    for (int64_t kernel = 1; kernel <= 4; ++kernel)
      for (int64_t stride = 1; stride <= 3; ++stride) {
        Setting s{"ConvTranspose", mode, kernel, stride};
        s.outputShape = {9, 10};
        SCOPED_TRACE(s.name());
        expectAsConverted(modelOf(s), {1, kChannels, 4, 4}, smallImages(),
                          [&](const Shape& x, const PlainTensor& y) { expectFormula(s, x, y); });
        if (HasFatalFailure()) return;
      }
}

TEST(ResizedWindows, OneMoreRowThan320GivesOneMoreOf160) {
  const OnnxModel model = modelOf({"Conv", "SAME_UPPER", 3, 2});
  auto session = OnnxSession::create(model, {1, kChannels, 320, 320});
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->run().type.shape, (Shape{1, kChannels, 160, 160}));
  ASSERT_TRUE(session->session().resizeInput("x", {1, kChannels, 321, 321}));
  EXPECT_EQ(session->run().type.shape, (Shape{1, kChannels, 161, 161}));
}

/// A padding that a pass takes into a convolution with automatic padding of its own.
TEST(ResizedWindows, PaddingBeforeAutomaticPadding) {
  for (const std::string& mode : kSame)
    for (const std::string op : {"Conv", "AveragePool"}) {
      Setting s{op, mode, 3, 2};
      OnnxModel model = modelOf(s);
      model.graph().mutable_node(0)->set_input(0, "padded");
      model.constant("pads", {8}, {0, 0, 1, 2, 0, 0, 0, 1}, onnx::TensorProto::INT64);
      model.node("Pad", {"x", "pads"}, "padded");
      model.graph().mutable_node()->SwapElements(0, 1);
      SCOPED_TRACE(s.name());
      expectAsConverted(model, {1, kChannels, 5, 5}, smallImages());
    }
}

// What else could stay at the converted shape -----------------------------------------------------

TEST(ResizedModel, MaskOfDropoutHasTheInputsShape) {
  for (const int opset : {7, 13}) {
    OnnxModel model(opset);
    model.node("Dropout", {"x"}, "kept").add_output("mask");
    if (opset < 10)
      model.node("Identity", {"mask"});
    else
      setInt(model.node("Cast", {"mask"}), "to", onnx::TensorProto::FLOAT);
    const auto check = [](const Shape& x, const PlainTensor& y) {
      ASSERT_EQ(y.type, (TensorType{DataType::Float32, x}));
      for (int64_t i = 0; i < x.elements(); ++i) ASSERT_EQ(y.at(i), 1);
    };
    expectAsConverted(model, {1, 2, 3, 4}, {{1, 2, 4, 3}, {2, 1, 5, 1}}, check);
  }
}

/// Before opset 7 an operand's first axis may meet any axis of the other's.
TEST(ResizedModel, AlignedOperandKeepsItsAxes) {
  OnnxModel model(6);
  model.node("ReduceMean", {"x"}, "rows");
  setInts(*model.graph().mutable_node(0), "axes", {0, 1, 3});
  setInt(*model.graph().mutable_node(0), "keepdims", 0);
  onnx::NodeProto& add = model.node("Add", {"x", "rows"});
  setInt(add, "axis", 2);
  setInt(add, "broadcast", 1);
  expectAsConverted(model, {1, 2, 6, 4}, {{1, 2, 3, 5}, {1, 3, 1, 1}});
}

/// A Gather of constant indices is a slice, but no slice that is cut to what there is.
TEST(ResizedModel, IndexOutsideTheResizedAxisIsRefused) {
  for (const auto& [indices, least] :
       std::vector<std::pair<std::vector<double>, int64_t>>{{{4}, 5}, {{3, 4}, 5}, {{-6, -4}, 6}}) {
    OnnxModel model(13);
    model.constant("i", {static_cast<int64_t>(indices.size())}, indices, onnx::TensorProto::INT64);
    setInt(model.node("Gather", {"x", "i"}), "axis", 2);
    auto session = OnnxSession::create(model, {1, 1, 7, 2});
    ASSERT_TRUE(session) << session.error().message;
    for (int64_t rows = 1; rows <= 9; ++rows) {
      const auto resized = session->session().resizeInput("x", {1, 1, rows, 2});
      ASSERT_EQ(resized.has_value(), rows >= least) << rows;
      if (!resized) continue;
      const PlainTensor y = session->run();
      for (size_t i = 0; i < indices.size(); ++i)
        EXPECT_EQ(
            y.at(static_cast<int64_t>(i) * 2),
            wholeNumber((static_cast<int64_t>(indices[i]) + (indices[i] < 0 ? rows : 0)) * 2));
    }
  }
}

TEST(ResizedModel, InstancesAreNormalisedApartForAnyNumberOfChannels) {
  OnnxModel model(13);
  model.constant("axes", {3}, {0, 2, 3}, onnx::TensorProto::INT64);
  onnx::NodeProto& scale = model.node("ReduceSum", {"x", "axes"}, "scale");
  setInt(scale, "keepdims", 0);
  model.node("InstanceNormalization", {"x", "scale", "scale"});
  expectAsConverted(model, {1, 2, 3, 3}, {{1, 4, 3, 3}, {1, 1, 2, 5}, {1, 6, 1, 4}});

  OnnxModel constant(13);
  constant.constant("scale", {2}, {1, 2});
  constant.node("InstanceNormalization", {"x", "scale", "scale"});
  expectAsConverted(constant, {1, 2, 3, 3}, {{1, 4, 3, 3}, {1, 2, 5, 2}});
}

}  // namespace
}  // namespace minnow
