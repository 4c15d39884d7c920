// What a device computes, as data: which kind of operator, when, and how a step of it is made
// ready. Rows of one kind are tried in order; the last one's reason is what a user is told.
#pragma once

#include <span>

#include "backend/gpu/launches.h"
#include "base/fail.h"
#include "ops/unary.h"

namespace minnow::backend::gpu {

/// Of input 0, of the others, and of results.
struct Types {
  static constexpr DataType kAny = DataType::Undefined;
  DataType first = DataType::Float32, others = DataType::Float32, gives = DataType::Float32;
};

struct Row {
  ops::OpKind kind;
  const char* name;  ///< for traces: "conv", shown as "cl-conv"
  const char* file;  ///< of kernels/: a device whose language it is not written in has no such row
  /// Looks at types, shapes and attributes, not at strides.
  Result<void> (*supports)(const Work& work, const Device& device);
  Result<void> (*prepare)(const Work& work, Device& device, Launches& launches);
  Types types = {};
  Constants constants = Constants::Halves;
};

/// For rows that take every work of their kind.
inline Result<void> always(const Work&, const Device&) { return {}; }

std::span<const Row> truthRows();
std::span<const Row> winogradRows();
std::span<const Row> convRows();
std::span<const Row> elementwiseRows();
std::span<const Row> movementRows();
std::span<const Row> poolRows();
std::span<const Row> matMulRows();
std::span<const Row> foldRows();
std::span<const Row> resizeRows();
std::span<const Row> channelRows();

/// The first row that supports the work, or what the last one of its kind says against it.
Result<const Row*> rowFor(const Work& work, const Device& device);

/// "Softmax is not written for OpenCL".
template <class Name>
std::unexpected<Error> notWritten(const Name& what, const Device& device) {
  return fail(ErrorCode::Unsupported, what, " is not written for ", device.language());
}

/// False if a kernel is not written in the device's language.
bool isWritten(const KernelName& kernel, const Device& device);

/// Refuses what is more than the device takes at a time: "weights of 151000000 bytes …".
Result<void> checkBytes(const char* what, int64_t bytes, const Device& device);

/// True if tensors of float32 are stored in halves (Work).
bool storesHalves(const Work& work);

/// The distances of the elements of a view that lie first and last: it may have gaps, and go backwards.
struct Reach {
  int64_t low = 0, high = 0;
  explicit Reach(const TensorView& view);
  int64_t elements() const { return high - low + 1; }
};

/// All that a constant input of float32 has, gaps included, packed or not; none of weights that are
/// stored as float16, of which there is nothing to check.
std::span<const float> numbersOf(const Work& work, int input);

/// Refuses what is beyond halves, infinities apart.
Result<void> checkHalves(std::span<const float> numbers);
/// Refuses weights all of which are so small that halves have fewer than 11 digits of them.
Result<void> checkDigits(std::span<const float> weights);

/// The elements of a tensor, to another of its shape.
Result<void> addCopy(Launches& launches, const Device& device, Operand from, const TensorView& x,
                     Operand to, const TensorView& y);
/// The same as a function of elements: whatever the strides.
Result<void> addElementwiseCopy(Launches& launches, const Device& device, Operand from,
                                const TensorView& x, Operand to, const TensorView& y);

/// True for a convolution that is computed in Winograd's tiles. Stored in halves it is not: weights lie at
/// 36 points, four times as many as taps, and each result is a difference of them: rounded to halves they
/// moved it by up to 1e-2.
bool isInTiles(const Work& work);

/// Constant weights, input 1, in panels (kernels/packing.h).
Result<Operand> packedWeights(const ops::Operator& op, const TensorView& weights,
                              Launches& launches);

/// How many of so many results a work-item computes: the device's pixels() or one less, whichever has
/// fewer computed in vain (the extents of many networks are multiples of 7); of few, half.
int pixelsOf(int results, const Device& device);

/// And of how many of so many panels of channels: the device's panels() or one more, whichever has fewer
/// computed in vain; of more where it computes a single result, whose sums would wait for one another.
int panelsOf(int panels, int pixels, const Device& device);

/// Refuses what takes more turns of loops than the device's driver lets a work-item take.
Result<void> checkTurns(int64_t turns, const Device& device);

/// "-D EPILOGUE=Relu", for a function of kernels/elementary.inc.
std::string epilogueOption(ops::UnaryFn fn);

}  // namespace minnow::backend::gpu
