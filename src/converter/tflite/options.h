// An operator's options: the table of type T, with the format's defaults where a file has none, as
// old converters leave it out.
#pragma once

#include "converter/onnx/node_context.h"
#include "converter/tflite/schema_generated.h"

namespace minnow::converter {

/// The last field of each table that schema.fbs knows: one that is newer may change what the
/// operator does.
template <class T>
inline constexpr flatbuffers::voffset_t kLastField = 0;
template <>
inline constexpr auto kLastField<tfl::Conv2DOptions> = tfl::Conv2DOptions::VT_BIAS_TYPE;
template <>
inline constexpr auto kLastField<tfl::DepthwiseConv2DOptions> =
    tfl::DepthwiseConv2DOptions::VT_DILATION_H;
template <>
inline constexpr auto kLastField<tfl::TransposeConvOptions> =
    tfl::TransposeConvOptions::VT_BIAS_TYPE;
template <>
inline constexpr auto kLastField<tfl::Pool2DOptions> = tfl::Pool2DOptions::VT_ACTIVATION;
template <>
inline constexpr auto kLastField<tfl::FullyConnectedOptions> =
    tfl::FullyConnectedOptions::VT_BIAS_TYPE;
template <>
inline constexpr auto kLastField<tfl::BatchMatMulOptions> =
    tfl::BatchMatMulOptions::VT_ASYMMETRIC_QUANTIZE_INPUTS;
template <>
inline constexpr auto kLastField<tfl::ConcatenationOptions> =
    tfl::ConcatenationOptions::VT_ACTIVATION;
template <>
inline constexpr auto kLastField<tfl::AddOptions> = tfl::AddOptions::VT_POT_SCALE_INT16;
template <>
inline constexpr auto kLastField<tfl::SubOptions> = tfl::SubOptions::VT_POT_SCALE_INT16;
template <>
inline constexpr auto kLastField<tfl::MulOptions> = tfl::MulOptions::VT_ACTIVATION;
template <>
inline constexpr auto kLastField<tfl::DivOptions> = tfl::DivOptions::VT_ACTIVATION;
template <>
inline constexpr auto kLastField<tfl::L2NormOptions> = tfl::L2NormOptions::VT_ACTIVATION;
template <>
inline constexpr auto kLastField<tfl::LocalResponseNormalizationOptions> =
    tfl::LocalResponseNormalizationOptions::VT_BETA;
template <>
inline constexpr auto kLastField<tfl::SoftmaxOptions> = tfl::SoftmaxOptions::VT_BETA;
template <>
inline constexpr auto kLastField<tfl::LeakyReluOptions> = tfl::LeakyReluOptions::VT_ALPHA;
template <>
inline constexpr auto kLastField<tfl::GeluOptions> = tfl::GeluOptions::VT_APPROXIMATE;
template <>
inline constexpr auto kLastField<tfl::ResizeBilinearOptions> =
    tfl::ResizeBilinearOptions::VT_HALF_PIXEL_CENTERS;
template <>
inline constexpr auto kLastField<tfl::ResizeNearestNeighborOptions> =
    tfl::ResizeNearestNeighborOptions::VT_HALF_PIXEL_CENTERS;
template <>
inline constexpr auto kLastField<tfl::ReshapeOptions> = tfl::ReshapeOptions::VT_NEW_SHAPE;
template <>
inline constexpr auto kLastField<tfl::SqueezeOptions> = tfl::SqueezeOptions::VT_SQUEEZE_DIMS;
template <>
inline constexpr auto kLastField<tfl::SpaceToDepthOptions> =
    tfl::SpaceToDepthOptions::VT_BLOCK_SIZE;
template <>
inline constexpr auto kLastField<tfl::DepthToSpaceOptions> =
    tfl::DepthToSpaceOptions::VT_BLOCK_SIZE;
template <>
inline constexpr auto kLastField<tfl::GatherOptions> = tfl::GatherOptions::VT_BATCH_DIMS;
template <>
inline constexpr auto kLastField<tfl::ReducerOptions> = tfl::ReducerOptions::VT_KEEP_DIMS;
template <>
inline constexpr auto kLastField<tfl::StridedSliceOptions> = tfl::StridedSliceOptions::VT_OFFSET;
template <>
inline constexpr auto kLastField<tfl::SplitOptions> = tfl::SplitOptions::VT_NUM_SPLITS;
template <>
inline constexpr auto kLastField<tfl::SplitVOptions> = tfl::SplitVOptions::VT_NUM_SPLITS;
template <>
inline constexpr auto kLastField<tfl::PackOptions> = tfl::PackOptions::VT_AXIS;
template <>
inline constexpr auto kLastField<tfl::UnpackOptions> = tfl::UnpackOptions::VT_AXIS;
template <>
inline constexpr auto kLastField<tfl::CastOptions> = tfl::CastOptions::VT_OUT_DATA_TYPE;
template <>
inline constexpr auto kLastField<tfl::ArgMaxOptions> = tfl::ArgMaxOptions::VT_OUTPUT_TYPE;
template <>
inline constexpr auto kLastField<tfl::ArgMinOptions> = tfl::ArgMinOptions::VT_OUTPUT_TYPE;
template <>
inline constexpr auto kLastField<tfl::MirrorPadOptions> = tfl::MirrorPadOptions::VT_MODE;
template <>
inline constexpr auto kLastField<tfl::ShapeOptions> = tfl::ShapeOptions::VT_OUT_TYPE;
template <>
inline constexpr auto kLastField<tfl::OneHotOptions> = tfl::OneHotOptions::VT_AXIS;
template <>
inline constexpr auto kLastField<tfl::CumsumOptions> = tfl::CumsumOptions::VT_REVERSE;

/// True if the table has a field behind the last one known.
inline bool hasFieldsBehind(const flatbuffers::Table& table, flatbuffers::voffset_t last) {
  const uint8_t* vtable = table.GetVTable();
  const auto bytes = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable);
  for (auto at = static_cast<flatbuffers::voffset_t>(last + 2); at < bytes; at += 2)
    if (flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable + at) != 0) return true;
  return false;
}

/// A table without fields, whose accessors give the defaults.
template <class T>
const T& emptyTable() {
  static const auto kBuffer = [] {
    flatbuffers::FlatBufferBuilder builder(64);
    builder.Finish(flatbuffers::Offset<T>(builder.EndTable(builder.StartTable())));
    return builder.Release();
  }();
  return *flatbuffers::GetRoot<T>(kBuffer.data());
}

template <class T>
const T& optionsOf(const tfl::Operator& op) {
  if (op.builtin_options_type() == tfl::BuiltinOptions::NONE || !op.builtin_options())
    return emptyTable<T>();
  const T* found = op.builtin_options_as<T>();
  if (!found) throw ImportError("the model is broken here: its options are of another operator");
  static_assert(kLastField<T> != 0);
  if (hasFieldsBehind(*reinterpret_cast<const flatbuffers::Table*>(found), kLastField<T>))
    throw ImportError(
        "has options that are newer than this version of Minnow; what they change is not known");
  return *found;
}

}  // namespace minnow::converter
