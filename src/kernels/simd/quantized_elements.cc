// Sums and products of quantised tensors, averages over whole images, and functions of one byte.
#include <algorithm>

#include "kernels/broadcast.h"
#include "kernels/loop_nest.h"
#include "kernels/resize_tables.h"
#include "kernels/simd/byte_rows.h"
#include "kernels/simd/byte_tile.h"
#include "kernels/simd/conv_plan.h"
#include "kernels/simd/quantized.h"
#include "kernels/simd/scratch.h"
#include "ops/pool.h"
#include "ops/quantized.h"
#include "ops/resize.h"

namespace minnow::kernels::simd {
namespace {

/// Elements that do not lie side by side go through memory of their own, a piece at a time.
void computeApart(const BytePairFunction& fn, const LoopTile<3>& row, const uint8_t* a,
                  const uint8_t* b, uint8_t* y) {
  constexpr int64_t kPieceBytes = 256;
  uint8_t as[kPieceBytes], bs[kPieceBytes], ys[kPieceBytes];
  for (int64_t i = 0; i < row.count; i += kPieceBytes) {
    const int64_t n = std::min(kPieceBytes, row.count - i);
    for (int64_t k = 0; k < n; ++k) {
      as[k] = a[(i + k) * row.step[1]];
      bs[k] = b[(i + k) * row.step[2]];
    }
    computePairs(fn, {as, bs, 1, 1, ys, n});
    for (int64_t k = 0; k < n; ++k) y[(i + k) * row.step[0]] = ys[k];
  }
}

constexpr int64_t kMostMaxTaps = 256;

bool isRepeatedOrDense(int64_t step) { return step == 0 || step == 1; }

/// Of all channels of a pixel.
size_t bytesOfSums(const TensorView& x) {
  return static_cast<size_t>(BytePanels::roundUp(x.shape[1], kByteColumns)) * sizeof(int32_t);
}

/// Averages of an image's windows, divided as they are.
struct ByteWindows {
  const ops::QuantizedPool& op;
  const Image& x;
  bool isSigned;
  const uint8_t* image;
  int32_t* sums;

  int64_t counted(const ops::PoolSpan& span) const {
    return op.pool.countIncludePad ? span.counted : span.count;
  }
  void average(const ops::PoolSpan& down, const ops::PoolSpan& across, uint8_t* to) const {
    std::fill_n(sums, x.channels, 0);
    for (int64_t row = 0; row < down.count; ++row) {
      const uint8_t* taps = image + (down.first + row * op.pool.dilations[0]) * x.rowStride +
                            across.first * x.pixelStride;
      addPixels(
          {taps, isSigned, across.count, op.pool.dilations[1] * x.pixelStride, x.channels, sums});
    }
    for (int64_t c = 0; c < x.channels; ++c)
      to[c] = static_cast<uint8_t>(averageByte(op.y, sums[c], counted(down) * counted(across)));
  }
};

}  // namespace

bool acceptsQuantizedBinary(const ops::Operator& op, std::span<const TensorView> inputs,
                            std::span<const TensorView>) {
  return BytePairFunction(static_cast<const ops::QuantizedBinary&>(op), inputs[0].type,
                          inputs[1].type)
      .isSmall;
}

Result<void> runQuantizedBinary(const ops::Operator& op, const KernelArgs& args) {
  const TensorView &a = args.inputs[0], &b = args.inputs[1], &y = args.outputs[0];
  const BytePairFunction fn(static_cast<const ops::QuantizedBinary&>(op), a.type, b.type);
  const LoopNest<3> nest(y.shape,
                         {y.strides, broadcastStrides(a, y.shape), broadcastStrides(b, y.shape)});
  nest.run(*args.team, [&](const LoopTile<3>& tile) {
    const uint8_t* fromA = a.as<const uint8_t>() + tile.offset[1];
    const uint8_t* fromB = b.as<const uint8_t>() + tile.offset[2];
    uint8_t* to = y.as<uint8_t>() + tile.offset[0];
    const auto& rows = tile.rowStride;
    if (tile.step[0] == 1 && isRepeatedOrDense(tile.step[1]) && isRepeatedOrDense(tile.step[2]))
      return computePairs(fn, {fromA, fromB, tile.step[1], tile.step[2], to, tile.count, tile.rows,
                               rows[1], rows[2], rows[0]});
    for (int64_t r = 0; r < tile.rows; ++r)
      computeApart(fn, tile, fromA + r * rows[1], fromB + r * rows[2], to + r * rows[0]);
  });
  return {};
}

bool acceptsQuantizedGlobalPool(const ops::Operator& op, std::span<const TensorView> inputs,
                                std::span<const TensorView> outputs) {
  const auto& pool = static_cast<const ops::QuantizedPool&>(op);
  return pool.pool.global && pool.y.rule != ops::QuantisationRule::TfliteReal &&
         inputs[0].shape.rank() > 2 && inputs[0].shape.rank() <= 5 &&
         Image(inputs[0]).channelsAdjacent() && Image(outputs[0]).channelsAdjacent();
}

size_t QuantizedGlobalPoolWorkspace(const ops::Operator&, std::span<const TensorView> inputs,
                                    std::span<const TensorView>, const CallShape&) {
  return base::alignUp(bytesOfSums(inputs[0]));
}

Result<void> runQuantizedGlobalPool(const ops::Operator& op, const KernelArgs& args) {
  const auto& pool = static_cast<const ops::QuantizedPool&>(op);
  const Image x(args.inputs[0]), y(args.outputs[0]);
  const int64_t pixels = x.depth * x.height * x.width;
  auto* sums = reinterpret_cast<int32_t*>(args.workspace.data());
  alignas(64) float factors[kByteColumns], more[kByteColumns];
  float factor = pool.x.scale / (pool.yScale * static_cast<float>(pixels)), rest = 0;
  bool isSmall = areSmall(&factor, 1);
  if (pool.y.rule == ops::QuantisationRule::TfliteFixed) {
    const FixedFactor fixed = meanFactor(pool, pixels);
    factor = std::bit_cast<float>(fixed.multiplier), rest = std::bit_cast<float>(fixed.exponent);
    isSmall = isSmallExponent(fixed.exponent);
  }
  std::ranges::fill(factors, factor), std::ranges::fill(more, rest);
  const bool xSigned = args.inputs[0].type == DataType::Int8;
  const auto start = static_cast<int32_t>(-static_cast<uint32_t>(pixels * pool.x.zero));
  for (int64_t n = 0; n < x.batch; ++n) {
    std::fill_n(sums, BytePanels::roundUp(x.channels, kByteColumns), start);
    for (int64_t row = 0; row < x.depth * x.height; ++row)
      addPixels({args.inputs[0].as<const uint8_t>() + n * x.batchStride +
                     row / x.height * x.planeStride + row % x.height * x.rowStride,
                 xSigned, x.width, x.pixelStride, x.channels, sums});
    for (int64_t c = 0; c < x.channels; c += kByteColumns) {
      const int64_t place = n * y.batchStride + c;
      storeSums({sums + c, factors, more, Requantiser(pool.y), isSmall,
                 pool.y.dataType() == DataType::Int8, args.outputs[0].as<uint8_t>(), &place, 1,
                 std::min(kByteColumns, x.channels - c)});
    }
  }
  return {};
}

bool acceptsQuantizedWindows(const ops::Operator& op, std::span<const TensorView> inputs,
                             std::span<const TensorView> outputs) {
  return static_cast<const ops::QuantizedPool&>(op).y.rule == ops::QuantisationRule::TfliteReal &&
         inputs[0].shape.rank() == 4 && Image(inputs[0]).channelsAdjacent() &&
         Image(outputs[0]).channelsAdjacent();
}

size_t QuantizedWindowsWorkspace(const ops::Operator&, std::span<const TensorView> inputs,
                                 std::span<const TensorView>, const CallShape& call) {
  return scratchWorkspace(bytesOfSums(inputs[0]), call.threads);
}

Result<void> runQuantizedWindows(const ops::Operator& op, const KernelArgs& args) {
  const auto& quantized = static_cast<const ops::QuantizedPool&>(op);
  const ops::Pool& pool = quantized.pool;
  const TensorView& input = args.inputs[0];
  const Image x(input), y(args.outputs[0]);
  const OutputRows rows = args.rows.within(y.height);
  const int64_t perImage = rows.end - rows.begin;
  forEachItem(*args.team, x.batch * perImage, args.workspace, bytesOfSums(input),
              [&](int64_t item, std::byte* scratch) {
                const int64_t n = item / perImage, row = rows.begin + item % perImage;
                const ByteWindows windows{quantized, x, input.type == DataType::Int8,
                                          input.as<const uint8_t>() + n * x.batchStride,
                                          reinterpret_cast<int32_t*>(scratch)};
                const ops::PoolSpan down = ops::poolSpan(pool, 0, x.height, row);
                uint8_t* to = args.outputs[0].as<uint8_t>() + n * y.batchStride + row * y.rowStride;
                for (int64_t column = 0; column < y.width; ++column, to += y.pixelStride)
                  windows.average(down, ops::poolSpan(pool, 1, x.width, column), to);
              });
  return {};
}

bool acceptsBytePool(const ops::Operator& op, std::span<const TensorView> inputs,
                     std::span<const TensorView> outputs) {
  const auto& pool = static_cast<const ops::Pool&>(op);
  int64_t taps = 1;
  for (const int64_t extent : pool.kernel) taps = ops::cappedProduct(taps, extent);
  return elementSize(inputs[0].type) == 1 && pool.fn == ops::PoolFn::Max && !pool.global &&
         !pool.indices && taps <= kMostMaxTaps && inputs[0].shape.rank() == 4 &&
         Image(inputs[0]).channelsAdjacent() && Image(outputs[0]).channelsAdjacent();
}

Result<void> runBytePool(const ops::Operator& op, const KernelArgs& args) {
  const auto& pool = static_cast<const ops::Pool&>(op);
  const Image x(args.inputs[0]), y(args.outputs[0]);
  const OutputRows rows = args.rows.within(y.height);
  const int64_t perImage = rows.end - rows.begin;
  args.team->parallelFor(x.batch * perImage, 1, [&](int64_t begin, int64_t end) {
    const uint8_t* taps[kMostMaxTaps];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / perImage, row = rows.begin + i % perImage;
      const ops::PoolSpan down = ops::poolSpan(pool, 0, x.height, row);
      const uint8_t* image = args.inputs[0].as<const uint8_t>() + n * x.batchStride;
      uint8_t* to = args.outputs[0].as<uint8_t>() + n * y.batchStride + row * y.rowStride;
      for (int64_t column = 0; column < y.width; ++column, to += y.pixelStride) {
        const ops::PoolSpan across = ops::poolSpan(pool, 1, x.width, column);
        int64_t count = 0;
        for (int64_t ky = 0; ky < down.count; ++ky)
          for (int64_t kx = 0; kx < across.count; ++kx)
            taps[count++] = image + (down.first + ky * pool.dilations[0]) * x.rowStride +
                            (across.first + kx * pool.dilations[1]) * x.pixelStride;
        maxima({taps, count, x.channels, args.inputs[0].type == DataType::Int8, to});
      }
    }
  });
  return {};
}

bool acceptsByteResize(const ops::Operator& op, std::span<const TensorView> inputs,
                       std::span<const TensorView> outputs) {
  const auto& resize = static_cast<const ops::Resize&>(op);
  const TensorView &x = inputs[0], &y = outputs[0];
  const auto isKept = [&](int axis) {
    return ops::ResizeAxis(resize, axis, x.shape[axis], y.shape[axis]).kept();
  };
  const bool isLinear = resize.mode == ops::ResizeMode::Linear;
  return elementSize(x.type) == 1 && (isLinear || resize.mode == ops::ResizeMode::Nearest) &&
         resize.coordinates != ops::ResizeCoordinates::TfCropAndResize && x.shape.rank() == 4 &&
         y.elements() > 0 && isKept(0) && isKept(1) && Image(x).channelsAdjacent() &&
         Image(y).channelsAdjacent();
}

Result<void> runByteResize(const ops::Operator& op, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  const Image y(args.outputs[0]);
  const OutputRows rows = args.rows.within(y.height);
  const auto& resize = static_cast<const ops::Resize&>(op);
  const bool isLinear = resize.mode == ops::ResizeMode::Linear;
  const auto tables = makeResizeTables(resize, x, args.outputs[0], args.rows, args.workspace);
  const AxisTable &down = tables.axes[2], &across = tables.axes[3];
  const int64_t perImage = rows.end - rows.begin;
  args.team->parallelFor(y.batch * perImage, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / perImage, row = rows.begin + i % perImage;
      const uint8_t* image = x.as<const uint8_t>() + n * x.strides[0];
      uint8_t* to = args.outputs[0].as<uint8_t>() + n * y.batchStride + row * y.rowStride;
      if (isLinear) {
        const TwoTaps taps(down, row);
        mixPixels({{image + taps.offsets[0], image + taps.offsets[1]},
                   {taps.weights[0], taps.weights[1]},
                   &across,
                   x.type == DataType::Int8,
                   y.width,
                   y.channels,
                   to,
                   y.pixelStride});
        continue;
      }
      const uint8_t* from = image + *down.offsetsOf(row);
      for (int64_t column = 0; column < y.width; ++column, to += y.pixelStride)
        copyBytes(to, from + *across.offsetsOf(column), y.channels);
    }
  });
  return {};
}

bool acceptsLookUp(const ops::Operator&, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs) {
  return elementSize(outputs[0].type) == 1 && inputs[1].isPlain();
}

Result<void> runLookUp(const ops::Operator&, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const uint8_t* table = args.inputs[1].as<const uint8_t>();
  const LoopNest<2> nest(y.shape, {y.strides, x.strides});
  nest.run(*args.team, [&](const LoopTile<2>& tile) {
    const uint8_t* from = x.as<const uint8_t>() + tile.offset[1];
    uint8_t* to = y.as<uint8_t>() + tile.offset[0];
    if (tile.step[0] == 1 && tile.step[1] == 1)
      return lookUp({table, from, to, tile.rows, tile.count, tile.rowStride[1], tile.rowStride[0]});
    for (int64_t r = 0; r < tile.rows; ++r, from += tile.rowStride[1], to += tile.rowStride[0])
      for (int64_t i = 0; i < tile.count; ++i) to[i * tile.step[0]] = table[from[i * tile.step[1]]];
  });
  return {};
}

}  // namespace minnow::kernels::simd
