// What importers of convolutions and products share, whatever they compute with.
#pragma once

#include "base/fail.h"
#include "converter/tflite/operator.h"
#include "ops/conv_transpose.h"

namespace minnow::converter {

/// [outputs, kernel, kernel, inputs], and a depthwise [1, kernel, kernel, outputs], as [outputs, inputs, kernel…].
inline const std::vector<int64_t> kOutputsFirst{0, 3, 1, 2}, kOutputsLast{3, 0, 1, 2};

template <class Options>
ops::AutoPad autoPad(const TfliteOperator& op, const Options& options) {
  if (options.padding() == tfl::Padding::Same) return ops::AutoPad::SameUpper;
  if (options.padding() == tfl::Padding::Valid) return ops::AutoPad::None;
  op.unsupported(text("padding ", static_cast<int>(options.padding())));
}

template <class Options>
void setWindow(const TfliteOperator& op, const Options& options, const Shape& filter,
               ops::WindowAttributes& window) {
  window.kernel = {filter[1], filter[2]};
  window.strides = {options.stride_h(), options.stride_w()};
  window.dilations = {1, 1};
  window.padsBegin = window.padsEnd = {0, 0};
  window.autoPad = autoPad(op, options);
}

Shape filterShape(const TfliteOperator& op, int i);
/// Of CONV_2D, whose weights may have fewer channels than its input, and of DEPTHWISE_CONV_2D, whose output o reads
/// input o / multiplier.
int64_t groupsOf(const TfliteOperator& op);
int64_t depthwiseGroupsOf(const TfliteOperator& op);
/// The input of FULLY_CONNECTED as rows.
ir::ValueId rowsOf(TfliteOperator& op, const tfl::FullyConnectedOptions& options);
/// TRANSPOSE_CONV with what it cuts off to give the size that it is told.
ops::ConvTranspose transposeConvOf(TfliteOperator& op, const tfl::TransposeConvOptions& options);

/// Real numbers times integers (dynamic range), and integers of 16 bits times those of 8.
void importHybridConv(TfliteOperator& op);
void importHybridFullyConnected(TfliteOperator& op);
void importWideConv(TfliteOperator& op);
void importWideFullyConnected(TfliteOperator& op);

}  // namespace minnow::converter
