// Operators on quantised tensors: every kind of bytes, shapes that fill no tile, factors whose
// products are often halves.
#include "ops/quantized.h"

#include <algorithm>
#include <cmath>

#include "ops/resize.h"
#include "ops/softmax.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

constexpr DataType kBytes[] = {DataType::Uint8, DataType::Int8};

OpInput bytes(const Shape& shape, DataType type) {
  const bool isSigned = type == DataType::Int8;
  return {.shape = shape,
          .type = type,
          .low = isSigned ? -128.0f : 0.0f,
          .high = isSigned ? 127.0f : 255.0f};
}

OpInput weights(const Shape& shape) {
  OpInput w = bytes(shape, DataType::Int8);
  w.weights = true;
  return w;
}

int64_t zeroOf(DataType type) { return type == DataType::Int8 ? -3 : 121; }

ops::QuantisedResult resultOf(DataType type) {
  return ops::QuantisedResult::of(type, zeroOf(type));
}

/// Bias and factors of `channels` channels; sums of `depth` products fill the range.
void addChannels(OpCase& c, int64_t channels, double depth, bool each) {
  const auto factor = static_cast<float>(1 / (64 * depth));
  c.inputs.push_back({.shape = {channels}, .type = DataType::Int32, .low = -9999, .high = 9999});
  c.inputs.push_back({.shape = {each ? channels : 1}, .low = factor / 2, .high = factor});
}

std::shared_ptr<ops::QuantizedConv> conv(std::vector<int64_t> kernel, int64_t stride, int64_t pad,
                                         DataType x, DataType y) {
  auto op = std::make_shared<ops::QuantizedConv>();
  op->strides.assign(kernel.size(), stride);
  op->dilations.assign(kernel.size(), 1);
  op->padsBegin.assign(kernel.size(), pad);
  op->padsEnd.assign(kernel.size(), pad);
  op->kernel = std::move(kernel);
  op->xZero = zeroOf(x);
  op->y = resultOf(y);
  return op;
}

void addConvs(CaseList& cases, DataType x, DataType y) {
  const auto add = [&](const char* name, std::shared_ptr<ops::QuantizedConv> op, const Shape& in,
                       const Shape& w) {
    OpCase c{text("QuantizedConv_", name, "_", x, "_", y), op, {bytes(in, x), weights(w)}};
    addChannels(c, w[0], static_cast<double>(w.elements() / w[0]), y == DataType::Uint8);
    cases.push_back(std::move(c));
  };
  add("pointwise", conv({1, 1}, 1, 0, x, y), {2, 12, 5, 7}, {35, 12, 1, 1});
  add("pointwise_odd", conv({1, 1}, 1, 0, x, y), {1, 5, 4, 4}, {16, 5, 1, 1});
  add("3x3", conv({3, 3}, 1, 1, x, y), {1, 8, 9, 11}, {20, 8, 3, 3});
  add("stride", conv({3, 3}, 2, 1, x, y), {2, 3, 9, 10}, {33, 3, 3, 3});
  auto grouped = conv({3, 2}, 1, 1, x, y);
  grouped->groups = 3, grouped->dilations = {1, 2};
  add("grouped", grouped, {1, 6, 7, 8}, {51, 2, 3, 2});
  for (const int64_t channels : {3, 12, 40, 67}) {
    auto depthwise = conv({3, 3}, channels == 40 ? 2 : 1, 1, x, y);
    depthwise->groups = channels;
    add(text("depthwise_", channels).c_str(), depthwise, {1, channels, 6, 7}, {channels, 1, 3, 3});
  }
  auto wide = conv({5, 5}, 1, 4, x, y);
  wide->groups = 16, wide->dilations = {2, 2};
  add("depthwise_wide", wide, {2, 16, 6, 9}, {16, 1, 5, 5});
  add("line", conv({4}, 2, 3, x, y), {2, 4, 31}, {17, 4, 4});
  add("volume", conv({1, 2, 3}, 1, 1, x, y), {1, 4, 3, 4, 5}, {18, 4, 1, 2, 3});
  auto narrowed = conv({3, 3}, 1, 0, x, y);
  narrowed->y.least = narrowed->y.zero, narrowed->y.most = narrowed->y.zero + 60;
  add("relu", narrowed, {1, 4, 6, 6}, {8, 4, 3, 3});
}

/// A zero point of the weights, one of x that the run finds, real results and an activation.
template <class Product>
void becomeReal(Product& op) {
  op.wZero = -37, op.y = ops::QuantisedResult::real();
  op.epilogue = {ops::UnaryFn::LeakyRelu, 0.1f};
}

void addDynamic(CaseList& cases, DataType x) {
  const OpInput zero{.shape = {},
                     .type = x,
                     .low = x == DataType::Int8 ? -9.0f : 100.0f,
                     .high = x == DataType::Int8 ? 9.0f : 150.0f};
  const auto add = [&](const std::string& name, std::shared_ptr<ops::Operator> op, const Shape& in,
                       const Shape& w, int64_t channels, const Shape& factors, bool hasBias) {
    cases.push_back({text("Quantized", name, "_real_", x),
                     std::move(op),
                     {bytes(in, x),
                      weights(w),
                      {.shape = {channels}, .absent = !hasBias},
                      {.shape = factors, .low = 0.001f, .high = 0.01f},
                      zero}});
  };
  const auto addConv = [&](const std::string& name, int64_t side, int64_t channels, int64_t outputs,
                           int64_t groups, bool hasBias) {
    auto op = conv({side, side}, 1, side / 2, x, x);
    op->groups = groups;
    becomeReal(*op);
    add(name, std::move(op), {2, channels, 9, 11}, {outputs, channels / groups, side, side},
        outputs, hasBias ? Shape{outputs} : Shape{}, hasBias);
  };
  addConv("Conv_pointwise", 1, 12, 35, 1, true);
  addConv("Conv", 3, 5, 20, 1, false);
  addConv("Conv_depthwise", 3, 40, 40, 40, true);
  addConv("Conv_few", 3, 3, 3, 3, true);
  auto product = std::make_shared<ops::QuantizedMatMul>();
  becomeReal(*product);
  add("MatMul", product, {2, 13, 24}, {24, 37}, 37, {37}, true);
}

/// Tiles of 2x2 results: of maps that they fill and do not fill, of channels by sixteens. NEON wants more of both: the last.
void addTiles(CaseList& cases, DataType x, DataType y) {
  for (const Shape& in :
       {Shape{1, 32, 8, 8}, Shape{2, 16, 7, 9}, Shape{1, 16, 23, 24}, Shape{2, 64, 6, 9}}) {
    auto op = conv({3, 3}, 1, in[2] == 7 ? 0 : 1, x, y);
    OpCase c{text("QuantizedConv_tiles_", in[2], "_", x, "_", y),
             op,
             {bytes(in, x), weights({17, in[1], 3, 3})}};
    addChannels(c, 17, static_cast<double>(9 * in[1]), true);
    cases.push_back(std::move(c));
  }
}

/// Sums as large as they can be: every byte and every weight at the end of its range. NEON takes the larger by tiles of 2x2.
void addExtremes(CaseList& cases, DataType x) {
  for (const Shape& in : {Shape{1, 48, 7, 8}, Shape{1, 64, 10, 12}})
    for (const double weight : {-128.0, 127.0}) {
      auto op = conv({3, 3}, 1, 1, x, x);
      op->xZero = x == DataType::Int8 ? 127 : 255;
      OpCase c{text("QuantizedConv_extremes_", weight < 0 ? "low" : "high",
                    in[1] == 64 ? "_64_" : "_", x),
               op,
               {bytes(in, x), weights({3, in[1], 3, 3})}};
      c.inputs[0].low = c.inputs[0].high = x == DataType::Int8 ? -128.0f : 0.0f;
      c.inputs[1].low = c.inputs[1].high = static_cast<float>(weight);
      addChannels(c, 3, static_cast<double>(9 * in[1] * 4), true);
      cases.push_back(std::move(c));
    }
}

/// Results far above 255, behind a ReLU: twice what 16 bits hold, if bytes of x went up to 128 alone.
void addHighResults(CaseList& cases, DataType x) {
  for (const int64_t groups : {1, 32}) {
    auto op = conv({3, 3}, 1, 1, x, DataType::Uint8);
    op->groups = groups, op->xZero = x == DataType::Int8 ? -128 : 0;
    op->y = ops::QuantisedResult::of(DataType::Uint8, 0);
    const int64_t channels = 32 / groups;
    OpCase c{text("QuantizedConv_high_", groups, "_", x),
             op,
             {bytes({1, 32, 6, 7}, x), weights({32, channels, 3, 3})}};
    c.inputs[0].low = c.inputs[0].high, c.inputs[1].low = c.inputs[1].high;
    const auto factor = 31000.0F / static_cast<float>(9 * channels * 128 * 128);
    c.inputs.push_back({.shape = {}, .absent = true});
    c.inputs.push_back({.shape = {1}, .low = factor, .high = factor});
    cases.push_back(std::move(c));
  }
}

void addProducts(CaseList& cases, DataType x, DataType y) {
  for (const bool transposed : {false, true}) {
    auto op = std::make_shared<ops::QuantizedMatMul>();
    op->transposeB = transposed, op->xZero = zeroOf(x), op->y = resultOf(y);
    OpCase c{text("QuantizedMatMul_", transposed ? "t_" : "", x, "_", y),
             op,
             {bytes({2, 13, 24}, x), weights(transposed ? Shape{37, 24} : Shape{24, 37})}};
    addChannels(c, 37, 24, !transposed);
    cases.push_back(std::move(c));
  }
  auto row = std::make_shared<ops::QuantizedMatMul>();
  row->xZero = zeroOf(x), row->y = resultOf(y);
  OpCase c{text("QuantizedMatMul_row_", x, "_", y), row, {bytes({1, 19}, x), weights({19, 50})}};
  addChannels(c, 50, 19, true);
  cases.push_back(std::move(c));
}

void addElements(CaseList& cases, DataType x, DataType y) {
  for (const auto fn : {ops::QuantizedFn::Add, ops::QuantizedFn::Mul, ops::QuantizedFn::Sub,
                        ops::QuantizedFn::PRelu}) {
    auto op = std::make_shared<ops::QuantizedBinary>();
    op->fn = fn;
    op->a = {0.5F, zeroOf(x)}, op->b = {0.25F, zeroOf(y)};
    const bool isProduct = fn == ops::QuantizedFn::Mul || fn == ops::QuantizedFn::PRelu;
    op->yScale = isProduct ? 16.0F : 1.0F;
    op->y = resultOf(y);
    cases.push_back(
        {text(op->name(), "_", x, "_", y), op, {bytes({2, 5, 6, 7}, x), bytes({2, 5, 6, 7}, y)}});
    cases.push_back({text(op->name(), "_channels_", x, "_", y),
                     op,
                     {bytes({2, 5, 6, 7}, x), bytes({5, 1, 1}, y)}});
    cases.push_back({text(op->name(), "_one_", x, "_", y), op, {bytes({}, x), bytes({3, 70}, y)}});
  }
  auto pool = std::make_shared<ops::QuantizedPool>();
  pool->pool.global = true;
  pool->x = {0.5F, zeroOf(x)}, pool->yScale = 0.25F, pool->y = resultOf(y);
  cases.push_back({text("QuantizedPool_global_", x, "_", y), pool, {bytes({2, 37, 5, 7}, x)}});
  auto windows = std::make_shared<ops::QuantizedPool>(*pool);
  windows->pool.global = false;
  windows->pool.kernel = {3, 2}, windows->pool.strides = {2, 1}, windows->pool.dilations = {1, 1};
  windows->pool.padsBegin = windows->pool.padsEnd = {1, 0};
  cases.push_back({text("QuantizedPool_windows_", x, "_", y), windows, {bytes({2, 5, 7, 6}, x)}});
  cases.push_back({text("LookUp_", x, "_", y),
                   std::make_shared<ops::LookUp>(),
                   {bytes({2, 5, 6, 7}, x), bytes({256}, y)}});
}

// TensorFlow Lite's rules -------------------------------------------------------------------------

ops::QuantisedResult tfliteResult(DataType type, ops::QuantisationRule rule) {
  ops::QuantisedResult y = resultOf(type);
  y.rule = rule;
  return y;
}

constexpr auto kFixed = ops::QuantisationRule::TfliteFixed;
constexpr auto kReal = ops::QuantisationRule::TfliteReal;

/// Factors that are double, some of them 1 and more.
void addTfliteChannels(CaseList& cases, OpCase c, int64_t channels, double depth) {
  addChannels(c, channels, depth, true);
  c.inputs.back().type = DataType::Float64;
  cases.push_back(c);
  c.name += "_large";
  c.inputs.back().low = 0.4F, c.inputs.back().high = 3;
  cases.push_back(std::move(c));
}

void addTfliteProducts(CaseList& cases, DataType type) {
  const auto add = [&](const char* name, std::shared_ptr<ops::QuantizedConv> op, const Shape& in,
                       const Shape& w) {
    op->y = tfliteResult(type, kFixed);
    op->wZero = type == DataType::Uint8 ? -37 : 0;
    addTfliteChannels(
        cases, {text("QuantizedConv_tflite_", name, "_", type), op, {bytes(in, type), weights(w)}},
        w[0], static_cast<double>(w.elements() / w[0]));
  };
  add("pointwise", conv({1, 1}, 1, 0, type, type), {2, 12, 5, 7}, {35, 12, 1, 1});
  add("stride", conv({3, 3}, 2, 1, type, type), {2, 3, 9, 10}, {33, 3, 3, 3});
  add("tiles", conv({3, 3}, 1, 1, type, type), {2, 64, 12, 12}, {5, 64, 3, 3});
  for (const int64_t channels : {3, 40, 67}) {
    auto depthwise = conv({3, 3}, channels == 40 ? 2 : 1, 1, type, type);
    depthwise->groups = channels;
    add(text("depthwise_", channels).c_str(), depthwise, {1, channels, 6, 7}, {channels, 1, 3, 3});
  }
  auto product = std::make_shared<ops::QuantizedMatMul>();
  product->transposeB = true, product->xZero = zeroOf(type), product->wZero = 5;
  product->y = tfliteResult(type, kReal);
  addTfliteChannels(cases,
                    {text("QuantizedMatMul_tflite_", type),
                     product,
                     {bytes({2, 13, 24}, type), weights({37, 24})}},
                    37, 24);
}

void addTfliteElements(CaseList& cases, DataType type) {
  for (const auto fn : {ops::QuantizedFn::Add, ops::QuantizedFn::Sub, ops::QuantizedFn::Mul,
                        ops::QuantizedFn::PRelu}) {
    auto op = std::make_shared<ops::QuantizedBinary>();
    op->fn = fn;
    op->a = {0.5F, zeroOf(type)}, op->b = {0.3F, zeroOf(type)};
    op->yScale = fn == ops::QuantizedFn::Mul || fn == ops::QuantizedFn::PRelu ? 16.0F : 1.0F;
    op->y = tfliteResult(type, kFixed);
    cases.push_back({text(op->name(), "_tflite_", type),
                     op,
                     {bytes({2, 5, 6, 7}, type), bytes({5, 1, 1}, type)}});
  }
  auto huge = std::make_shared<ops::QuantizedBinary>();
  huge->fn = ops::QuantizedFn::Mul;
  huge->a = {0.5F, zeroOf(type)}, huge->b = {0.3F, zeroOf(type)}, huge->yScale = 3e-35F;
  huge->y = tfliteResult(type, kFixed);
  cases.push_back({text("QuantizedMul_tflite_huge_", type),
                   huge,
                   {bytes({2, 40}, type), bytes({2, 40}, type)}});
  const auto addPool = [&](const char* name, ops::QuantisationRule rule, auto&& change) {
    auto pool = std::make_shared<ops::QuantizedPool>();
    pool->x = {0.5F, zeroOf(type)}, pool->yScale = 0.37F, pool->y = tfliteResult(type, rule);
    change(pool->pool);
    cases.push_back(
        {text("QuantizedPool_tflite_", name, "_", type), pool, {bytes({2, 37, 5, 7}, type)}});
  };
  const auto window = [](std::vector<int64_t> kernel, int64_t pad) {
    return [=](ops::Pool& pool) {
      pool.kernel = kernel;
      pool.strides = pool.dilations = {1, 1};
      pool.padsBegin = pool.padsEnd = {pad, pad};
    };
  };
  addPool("mean", kFixed, [](ops::Pool& pool) { pool.global = true; });
  // Of so few elements the factor is no smaller than a half.
  addPool("mean_of_few", kFixed, [](ops::Pool& pool) { pool.global = true; });
  cases.back().inputs[0] = bytes({2, 37, 1, 3}, type);
  addPool("whole", kReal, window({5, 7}, 0));
  addPool("windows", kReal, window({3, 2}, 1));
  addPool("windows_apart", kReal, [&](ops::Pool& pool) {
    window({2, 3}, 2)(pool);
    pool.strides = {2, 1}, pool.dilations = {2, 2}, pool.countIncludePad = true;
  });
}

// Softmax and Resize of bytes ----------------------------------------------------------------------

void addSoftmax(CaseList& cases, DataType x, DataType y) {
  const OpInput zero{
      .shape = {}, .type = y, .fill = Fill::Given, .given = {y == DataType::Int8 ? -128.0 : 0.0}};
  const auto number = [](double v) {
    return OpInput{.shape = {}, .fill = Fill::Given, .given = {v}};
  };
  OpInput table{.shape = {256}, .type = DataType::Int32, .fill = Fill::Given};
  for (int i = 0; i < 256; ++i)
    table.given.push_back(std::min(std::floor(std::exp(-i / 16.0) * 0x1p31), 0x1p31 - 1));
  for (const int64_t axis : {1, 3})
    for (const Shape& shape : {Shape{2, 37, 3, 19}, Shape{1, 1, 2, 1}, Shape{1, 0, 2, 3}}) {
      auto op = std::make_shared<ops::Softmax>();
      op->axis = axis;
      const std::string name = text("_bytes_axis", axis, "_", shape[1], "_", x, "_", y);
      cases.push_back(
          {"Softmax" + name, op, {bytes(shape, x), number(1 / 16.0), zero, number(1 / 256.0)}});
      cases.push_back({"Softmax_tflite" + name, op, {bytes(shape, x), table, zero}});
    }
}

/// Fewer channels than a vector has, more, and more than two.
void addResize(CaseList& cases, DataType type) {
  for (const auto coordinates :
       {ops::ResizeCoordinates::HalfPixel, ops::ResizeCoordinates::AlignCorners,
        ops::ResizeCoordinates::Asymmetric})
    for (const int64_t channels : {3, 21, 40})
      for (const bool isUp : {false, true}) {
        auto op = std::make_shared<ops::Resize>();
        op->mode = ops::ResizeMode::Linear, op->coordinates = coordinates;
        op->sizes =
            isUp ? std::vector<int64_t>{-1, -1, 13, 24} : std::vector<int64_t>{-1, -1, 4, 8};
        cases.push_back({text("Resize_bytes_", static_cast<int>(coordinates), "_", channels,
                              isUp ? "_up_" : "_down_", type),
                         op,
                         {bytes({2, channels, 7, 8}, type)}});
      }
}

}  // namespace

CaseList quantizedCases() {
  CaseList cases;
  for (DataType x : kBytes) {
    for (DataType y : kBytes) {
      addConvs(cases, x, y);
      addTiles(cases, x, y);
      addProducts(cases, x, y);
      addElements(cases, x, y);
      addSoftmax(cases, x, y);
    }
    addResize(cases, x);
    addTfliteProducts(cases, x);
    addTfliteElements(cases, x);
    addDynamic(cases, x);
    addExtremes(cases, x);
    addHighResults(cases, x);
    cases.push_back({text("LookUp_all_", x),
                     std::make_shared<ops::LookUp>(),
                     {bytes({3, 700}, x), bytes({256}, x)}});
    cases.push_back({text("LookUp_float_", x),
                     std::make_shared<ops::LookUp>(),
                     {bytes({3, 50}, x), {.shape = {256}}}});
  }
  return cases;
}

}  // namespace minnow::optest
