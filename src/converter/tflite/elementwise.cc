// Functions of one and of two values, reductions, and what is made of them.
#include <algorithm>
#include <string_view>

#include "converter/tflite/images.h"
#include "converter/tflite/operator.h"
#include "ops/arg_reduce.h"
#include "ops/cum_sum.h"
#include "ops/softmax.h"

namespace minnow::converter {
namespace {

using ops::BinaryFn;
using ops::UnaryFn;
using Value = ir::ValueId;

struct UnaryRow {
  std::string_view name;
  UnaryFn fn;
};
constexpr UnaryRow kUnary[] = {
    {"ABS", UnaryFn::Abs}, {"CEIL", UnaryFn::Ceil},        {"COS", UnaryFn::Cos},
    {"EXP", UnaryFn::Exp}, {"FLOOR", UnaryFn::Floor},      {"HARD_SWISH", UnaryFn::HardSwish},
    {"LOG", UnaryFn::Log}, {"LOGISTIC", UnaryFn::Sigmoid}, {"LOGICAL_NOT", UnaryFn::Not},
    {"NEG", UnaryFn::Neg}, {"ROUND", UnaryFn::Round},      {"SIGN", UnaryFn::Sign},
    {"SIN", UnaryFn::Sin}, {"SQRT", UnaryFn::Sqrt},        {"TANH", UnaryFn::Tanh},
};

Value unary(const TfliteOperator& op, const Composer& c, Value x) {
  if (op.type() == "SQUARE") return c(BinaryFn::Mul, x, x);
  if (op.type() == "RSQRT") return c(UnaryFn::Reciprocal, c(UnaryFn::Sqrt, x));
  const auto* row = std::ranges::find(kUnary, op.type(), &UnaryRow::name);
  if (row == std::end(kUnary)) op.unsupported("this function");
  return c(row->fn, x);
}

}  // namespace

void importUnary(TfliteOperator& op) {
  const Axes axes = op.axesOf({0});
  op.set(0, unary(op, op.compose(), op.in(0, axes)), axes);
}

void importGelu(TfliteOperator& op) {
  const Axes axes = op.axesOf({0});
  const bool approximate = op.options<tfl::GeluOptions>().approximate();
  const UnaryFn fn = approximate ? UnaryFn::GeluTanh : UnaryFn::Gelu;
  op.set(0, op.compose()(fn, op.in(0, axes)), axes);
}

void importRelu(TfliteOperator& op) {
  auto made = std::make_unique<ops::Unary>();
  made->fn = UnaryFn::Clip;
  if (op.type() == "RELU") made->fn = UnaryFn::Relu;
  if (op.type() == "RELU6") made->beta = 6;
  if (op.type() == "RELU_0_TO_1") made->beta = 1;
  if (op.type() == "RELU_N1_TO_1") made->alpha = -1, made->beta = 1;
  if (op.type() == "ELU") made->fn = UnaryFn::Elu, made->alpha = 1;
  if (op.type() == "LEAKY_RELU") {
    made->fn = UnaryFn::LeakyRelu;
    made->alpha = op.options<tfl::LeakyReluOptions>().alpha();
  }
  const Axes axes = op.axesOf({0});
  op.set(0, op.emit(std::move(made), {op.in(0, axes)}), axes);
}

void importPRelu(TfliteOperator& op) {
  const Axes axes = op.rank(1) <= op.rank(0) ? op.axesOf({0}) : Axes::File;
  op.set(0, op.compose()(BinaryFn::PRelu, op.in(0, axes), op.in(1, axes)), axes);
}

// Two values --------------------------------------------------------------------------------------

namespace {

struct BinaryRow {
  std::string_view name;
  BinaryFn fn;
};
constexpr BinaryRow kBinary[] = {
    {"ADD", BinaryFn::Add},
    {"SUB", BinaryFn::Sub},
    {"MUL", BinaryFn::Mul},
    {"DIV", BinaryFn::Div},
    {"MAXIMUM", BinaryFn::Max},
    {"MINIMUM", BinaryFn::Min},
    {"POW", BinaryFn::Pow},
    {"LESS", BinaryFn::Less},
    {"LESS_EQUAL", BinaryFn::LessOrEqual},
    {"GREATER", BinaryFn::Greater},
    {"GREATER_EQUAL", BinaryFn::GreaterOrEqual},
    {"EQUAL", BinaryFn::Equal},
    {"LOGICAL_AND", BinaryFn::And},
    {"LOGICAL_OR", BinaryFn::Or},
    {"FLOOR_MOD", BinaryFn::Mod},
};

tfl::Activation activationOf(const TfliteOperator& op) {
  if (op.type() == "ADD") return op.options<tfl::AddOptions>().activation();
  if (op.type() == "SUB") return op.options<tfl::SubOptions>().activation();
  if (op.type() == "MUL") return op.options<tfl::MulOptions>().activation();
  if (op.type() == "DIV") return op.options<tfl::DivOptions>().activation();
  return tfl::Activation::None;
}

/// Towards minus infinity.
Value floorDivision(const TfliteOperator& op, const Composer& c, Value a, Value b) {
  if (op.typeOf(0) == DataType::Float32) return c(UnaryFn::Floor, c(BinaryFn::Div, a, b));
  return c(BinaryFn::Div, c(BinaryFn::Sub, a, c(BinaryFn::Mod, a, b)), b);
}

Value binary(const TfliteOperator& op, const Composer& c, Value a, Value b) {
  if (op.type() == "FLOOR_DIV") return floorDivision(op, c, a, b);
  if (op.type() == "NOT_EQUAL") return c(UnaryFn::Not, c(BinaryFn::Equal, a, b));
  if (op.type() == "SQUARED_DIFFERENCE") {
    const Value difference = c(BinaryFn::Sub, a, b);
    return c(BinaryFn::Mul, difference, difference);
  }
  const auto* row = std::ranges::find(kBinary, op.type(), &BinaryRow::name);
  if (row == std::end(kBinary)) op.unsupported("this function");
  return c(row->fn, a, b);
}

}  // namespace

void importBinary(TfliteOperator& op) {
  const Axes axes = op.axesOf({0, 1});
  op.set(0, binary(op, op.compose(), op.in(0, axes), op.in(1, axes)), activationOf(op), axes);
}

void importAddN(TfliteOperator& op) {
  const Axes axes = op.axesOfAll();
  Value sum = op.in(0, axes);
  for (int i = 1; i < op.inputs(); ++i) sum = op.compose()(BinaryFn::Add, sum, op.in(i, axes));
  op.set(0, sum, axes);
}

/// SELECT with a row of conditions chooses along the first axis; otherwise shapes broadcast.
void importSelect(TfliteOperator& op) {
  const bool broadcasts = op.rank(0) == op.rank(1) && op.rank(1) == op.rank(2);
  const Axes axes = broadcasts ? op.axesOf({0, 1, 2}) : Axes::File;
  Value condition = op.in(0, axes);
  if (op.type() == "SELECT" && op.rank(0) == 1 && op.rank(1) > 1) {
    std::vector<int64_t> column(static_cast<size_t>(op.rank(1)), 1);
    column[0] = -1;
    condition = op.compose().reshape(condition, column);
  }
  op.set(0, op.compose().choose(condition, op.in(1, axes), op.in(2, axes)), axes);
}

// Along axes --------------------------------------------------------------------------------------

void importSoftmax(TfliteOperator& op) {
  const Axes axes = op.axesOf({0});
  auto made = std::make_unique<ops::Softmax>();
  made->axis = TfliteOperator::place(op.axisOf(-1, op.rank(0)), axes);
  Value x = op.in(0, axes);
  if (op.type() == "LOG_SOFTMAX") {
    made->fn = ops::SoftmaxFn::LogSoftmax;
  } else if (const float beta = op.options<tfl::SoftmaxOptions>().beta(); beta != 1) {
    x = op.compose()(BinaryFn::Mul, x, op.compose().number(beta));
  }
  op.set(0, op.emit(std::move(made), {x}), axes);
}

namespace {

ops::ReduceFn reduceFn(const TfliteOperator& op) {
  if (op.type() == "MEAN") return ops::ReduceFn::Mean;
  if (op.type() == "SUM") return ops::ReduceFn::Sum;
  if (op.type() == "REDUCE_PROD") return ops::ReduceFn::Prod;
  return op.type() == "REDUCE_MAX" ? ops::ReduceFn::Max : ops::ReduceFn::Min;
}

}  // namespace

std::vector<int64_t> reducedAxes(TfliteOperator& op) {
  std::vector<int64_t> axes;
  for (int64_t axis : op.ints(1)) axes.push_back(op.axisOf(axis, op.rank(0)));
  std::ranges::sort(axes);
  axes.erase(std::ranges::unique(axes).begin(), axes.end());
  return axes;
}

/// Without the reduced axes, what is left of an image lies in the file's order only if rows and columns go.
void importReduce(TfliteOperator& op) {
  auto made = std::make_unique<ops::Reduce>();
  made->fn = reduceFn(op);
  made->keepDims = op.options<tfl::ReducerOptions>().keep_dims();
  made->axes = reducedAxes(op);
  const bool isPlane = made->axes == std::vector<int64_t>{1, 2};
  const Axes axes = made->keepDims || isPlane ? op.axesOf({0}) : Axes::File;
  for (int64_t& axis : made->axes) axis = TfliteOperator::place(axis, axes);
  std::ranges::sort(made->axes);
  const Axes result = made->keepDims ? axes : Axes::File;
  op.set(0, op.emit(std::move(made), {op.in(0, axes)}), result);
}

/// Whether any of truth values is true, or all are.
void importReduceBools(TfliteOperator& op) {
  auto made = std::make_unique<ops::Reduce>();
  made->fn = op.type() == "REDUCE_ANY" ? ops::ReduceFn::Max : ops::ReduceFn::Min;
  made->keepDims = op.options<tfl::ReducerOptions>().keep_dims();
  made->axes = reducedAxes(op);
  const Composer c = op.compose();
  const Value numbers = c.cast(op.in(0), DataType::Int32);
  op.set(0, c.cast(op.emit(std::move(made), {numbers}), DataType::Bool));
}

void importArgReduce(TfliteOperator& op) {
  auto made = std::make_unique<ops::ArgReduce>();
  made->max = op.type() == "ARG_MAX";
  made->axis = op.axisOf(op.oneInt(1), op.rank(0));
  made->keepDims = false;
  const Axes axes = op.axesOf({0});
  const bool alongChannels = made->axis == 3;  // what is left then lies in the file's order
  const Axes form = alongChannels ? axes : Axes::File;
  made->axis = TfliteOperator::place(made->axis, form);
  const Value place = op.emit(std::move(made), {op.in(0, form)});
  op.set(0, op.compose().cast(place, dataTypeOf(op.declaredOutput(0))));
}

void importCumSum(TfliteOperator& op) {
  const auto& options = op.options<tfl::CumsumOptions>();
  auto made = std::make_unique<ops::CumSum>();
  made->axis = op.axisOf(op.oneInt(1), op.rank(0));
  made->exclusive = options.exclusive();
  made->reverse = options.reverse();
  op.set(0, op.emit(std::move(made), {op.in(0)}));
}

}  // namespace minnow::converter
