// Constants in the order that ONNX has them in.
#include "converter/onnx_export/graph_writer.h"
#include "kernels/reference/weights.h"
#include "kernels/winograd.h"

namespace minnow::converter::exported {
namespace {

/// Elements of one type of packed weights; `At` reads an output's.
template <class At, class T>
void unpack(const TensorView& packed, const ops::WeightMatrices& weights, T* plain) {
  for (int64_t group = 0; group < weights.groups(); ++group)
    for (int64_t output = 0; output < weights.outputs(); ++output) {
      const At at(weights, packed, group, output);
      T* first = plain + weights.offset(group, output);
      for (int64_t step = 0; step < weights.depth(); ++step) first[weights.offset(step)] = at[step];
    }
}

void copyPlain(const TensorView& from, std::byte* to) {
  TensorView plain{TensorDesc(from), to};
  plain.strides = plainStrides(from.shape);
  if (from.elements() > 0) copyTensor(from, plain);
}

}  // namespace

std::vector<std::byte> plainElements(const ir::Value& value, const ops::Operator* reader,
                                     int index) {
  const TensorView view = value.view();
  std::vector<std::byte> plain(view.bytes());
  if (view.packing == Packing::None) {
    copyPlain(view, plain.data());
    return plain;
  }
  const Shape& shape = view.shape;
  const auto weights =
      reader ? reader->weightMatrices(index, shape, plainStrides(shape)) : std::nullopt;
  if (!weights)
    throw Refusal{
        {ErrorCode::Unsupported, "packed weights " + value.name + ", which nobody reads as such,"}};
  if (view.packing == Packing::I8x16)
    unpack<kernels::reference::BytesOfOutput>(view, *weights,
                                              reinterpret_cast<int8_t*>(plain.data()));
  else
    unpack<kernels::reference::WeightsOfOutput<float>>(view, *weights,
                                                       reinterpret_cast<float*>(plain.data()));
  return plain;
}

/// G takes taps to points: its rows 0 and 5 are taps 0 and 2, and rows 1 and 2 differ by tap 1 alone.
std::vector<float> tapsOfPoints(const float* points, int64_t count) {
  constexpr int kPatch = kernels::WinogradAxis::kPatch;
  constexpr double kMiddle = 2 * static_cast<double>(0.471404521f);
  std::vector<float> taps;
  for (int64_t n = 0; n < count; ++n, points += kPatch * kPatch) {
    double rows[3][kPatch];
    for (int x = 0; x < kPatch; ++x) {
      const auto at = [&](int y) { return static_cast<double>(points[y * kPatch + x]); };
      rows[0][x] = at(0), rows[1][x] = (at(2) - at(1)) / kMiddle, rows[2][x] = at(5);
    }
    for (const auto& row : rows)
      for (const double tap : {row[0], (row[2] - row[1]) / kMiddle, row[5]})
        taps.push_back(static_cast<float>(tap));
  }
  return taps;
}

}  // namespace minnow::converter::exported
