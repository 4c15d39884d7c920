// Convolutions, plain, depthwise and transposed, and matrix products. Weights come as the file lays them out and are
// turned once, at conversion.
#include "ops/conv.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "converter/tflite/products.h"
#include "ops/matmul.h"

namespace minnow::converter {

Shape filterShape(const TfliteOperator& op, int i) {
  if (op.rank(i) != 4) op.broken(text("weights have ", op.rank(i), " axes, and 4 are expected"));
  return op.shape(i);
}

namespace {

int64_t channelsOf(const TfliteOperator& op) {
  if (op.rank(0) != 4) op.broken(text("input 0 has ", op.rank(0), " axes, and 4 are expected"));
  return op.shape(0)[3];
}

std::vector<ir::ValueId> withBias(TfliteOperator& op, std::vector<ir::ValueId> inputs, int bias) {
  if (op.hasInput(bias)) inputs.push_back(op.in(bias));
  return inputs;
}

template <class Options>
void convolve(TfliteOperator& op, const Options& options, int64_t groups,
              const std::vector<int64_t>& perm) {
  const ir::ValueId x = op.image(0);
  auto conv = std::make_unique<ops::Conv>();
  setWindow(op, options, filterShape(op, 1), *conv);
  conv->dilations = {options.dilation_h(), options.dilation_w()};
  conv->groups = groups;
  const ir::ValueId weights = op.transposed(op.in(1), perm);
  op.set(0, op.emit(std::move(conv), withBias(op, {x, weights}, 2)), options.activation(),
         Axes::ChannelsFirst);
}

}  // namespace

int64_t groupsOf(const TfliteOperator& op) {
  const int64_t channels = channelsOf(op), each = filterShape(op, 1)[3];
  if (each < 1 || channels % each != 0)
    op.broken(text("weights of ", each, " channels do not fit an input of ", channels));
  return channels / each;
}

int64_t depthwiseGroupsOf(const TfliteOperator& op) {
  const int64_t channels = channelsOf(op);
  const Shape filter = filterShape(op, 1);
  if (filter[0] != 1 || channels < 1 || filter[3] % channels != 0)
    op.broken(text("weights of shape ", filter, " do not fit an input of ", channels, " channels"));
  return channels;
}

void importConv(TfliteOperator& op) {
  convolve(op, op.options<tfl::Conv2DOptions>(), groupsOf(op), kOutputsFirst);
}

/// As of groups of one channel; the multiplier follows from the shapes.
void importDepthwiseConv(TfliteOperator& op) {
  convolve(op, op.options<tfl::DepthwiseConv2DOptions>(), depthwiseGroupsOf(op), kOutputsLast);
}

namespace {

/// What a transposed convolution cuts off, or adds, at the ends of an axis so that the output has the extent that the
/// file asks for: SAME is the padding of a convolution from that extent back to the input's.
void cutTo(int64_t extent, int64_t input, size_t axis, bool same, ops::ConvTranspose& conv) {
  const int64_t stride = conv.strides[axis], kernel = conv.kernel[axis];
  const int64_t windows = (extent + stride - 1) / stride;
  const int64_t total = same ? std::max<int64_t>((windows - 1) * stride + kernel - extent, 0) : 0;
  const int64_t rest = (input - 1) * stride + kernel - total / 2 - extent;
  conv.padsBegin[axis] = total / 2;
  conv.padsEnd[axis] = std::max<int64_t>(rest, 0);
  conv.outputPadding[axis] = std::max<int64_t>(-rest, 0);
}

ops::ConvTranspose cutConvTranspose(TfliteOperator& op, int x, int weights, const Shape& output,
                                    std::vector<int64_t> strides, bool same) {
  const Shape in = op.shape(x), filter = filterShape(op, weights);
  if (output.rank() != 4 || output[0] != in[0] || output[3] != filter[0])
    op.broken(text("an output of shape ", output, " does not fit input and weights"));
  ops::ConvTranspose conv;
  conv.strides = std::move(strides);
  conv.kernel = {filter[1], filter[2]};
  conv.dilations = {1, 1};
  conv.padsBegin = conv.padsEnd = conv.outputPadding = {0, 0};
  if (std::ranges::min(conv.strides) < 1) op.broken("a stride is less than 1");
  for (size_t axis = 0; axis < 2; ++axis)
    cutTo(output[static_cast<int>(axis) + 1], in[static_cast<int>(axis) + 1], axis, same, conv);
  return conv;
}

void transposeConv(TfliteOperator& op, int x, int weights, int bias, ops::ConvTranspose conv,
                   tfl::Activation activation) {
  const ir::ValueId image = op.image(x);
  op.assumeShape(x);
  const ir::ValueId turned = op.transposed(op.in(weights), kOutputsLast);
  op.set(0,
         op.emit(std::make_unique<ops::ConvTranspose>(std::move(conv)),
                 withBias(op, {image, turned}, bias)),
         activation, Axes::ChannelsFirst);
}

}  // namespace

ops::ConvTranspose transposeConvOf(TfliteOperator& op, const tfl::TransposeConvOptions& options) {
  const std::vector<int64_t> wanted = op.ints(0);
  if (op.rank(2) != 4 || wanted.size() != 4) op.broken("input and output have not 4 axes");
  return cutConvTranspose(op, 2, 1, Shape(std::span(wanted)),
                          {options.stride_h(), options.stride_w()},
                          autoPad(op, options) == ops::AutoPad::SameUpper);
}

void importTransposeConv(TfliteOperator& op) {
  const auto& options = op.options<tfl::TransposeConvOptions>();
  transposeConv(op, 2, 1, 3, transposeConvOf(op, options), options.activation());
}

/// MediaPipe's: input, weights, bias. Its options are the bytes of three integers: padding (1: SAME, 2: VALID), and
/// the strides along width and height. The output is as large as a convolution would want its input.
void importConvolution2DTransposeBias(TfliteOperator& op) {
  const auto bytes = op.customOptions();
  std::array<int32_t, 3> options;
  if (bytes.size() < sizeof(options)) op.broken("its options are too short");
  std::memcpy(options.data(), bytes.data(), sizeof(options));
  const auto [padding, strideW, strideH] = options;
  if (padding != 1 && padding != 2) op.unsupported(text("padding ", padding));
  if (op.rank(0) != 4) op.broken("the input has not 4 axes");
  const Shape in = op.shape(0), filter = filterShape(op, 1);
  const bool same = padding == 1;
  const auto extent = [&](int axis, int64_t stride) {
    return same ? in[axis] * stride : (in[axis] - 1) * stride + filter[axis];
  };
  const Shape output{in[0], extent(1, strideH), extent(2, strideW), filter[0]};
  transposeConv(op, 0, 1, 2, cutConvTranspose(op, 0, 1, output, {strideH, strideW}, same),
                tfl::Activation::None);
}

/// Weights are [outputs, depth]. Without keep_num_dims all axes of the input are rows of that depth.
ir::ValueId rowsOf(TfliteOperator& op, const tfl::FullyConnectedOptions& options) {
  if (options.weights_format() != 0) op.unsupported("shuffled weights");
  if (op.rank(1) != 2) op.broken("weights have not 2 axes");
  const Shape in = op.shape(0);
  const int64_t depth = op.shape(1)[1];
  const bool isRows = in.rank() >= 2 && in[in.rank() - 1] == depth;
  if (isRows && (in.rank() == 2 || options.keep_num_dims())) return op.in(0);
  if (depth < 1) op.broken("weights have no depth");
  return op.compose().reshape(op.in(0), {-1, depth});
}

void importFullyConnected(TfliteOperator& op) {
  const auto& options = op.options<tfl::FullyConnectedOptions>();
  auto product = std::make_unique<ops::MatMul>();
  product->transposeB = true;
  const ir::ValueId x = rowsOf(op, options);
  op.set(0, op.emit(std::move(product), withBias(op, {x, op.in(1)}, 2)), options.activation());
}

void importBatchMatMul(TfliteOperator& op) {
  const auto& options = op.options<tfl::BatchMatMulOptions>();
  auto product = std::make_unique<ops::MatMul>();
  product->transposeA = options.adj_x();
  product->transposeB = options.adj_y();
  op.set(0, op.emit(std::move(product), {op.in(0), op.in(1)}));
}

}  // namespace minnow::converter
