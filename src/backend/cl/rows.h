// What this back-end computes, as data: which kind of operator, when, and how a step of it is made
// ready. Rows of one kind are tried in order; the last one's reason is what a user is told.
#pragma once

#include <span>

#include "backend/cl/launches.h"
#include "ops/unary.h"

namespace minnow::backend::cl {

struct Row {
  ops::OpKind kind;
  const char* name;  ///< for traces: "cl-conv"
  /// Looks at types, shapes and attributes, not at strides.
  Result<void> (*supports)(const Work& work);
  Result<void> (*prepare)(const Work& work, Device& device, Launches& launches);
};

std::span<const Row> winogradRows();
std::span<const Row> convRows();
std::span<const Row> elementwiseRows();
std::span<const Row> movementRows();
std::span<const Row> poolRows();

/// The first row that supports the work, or what the last one of its kind says against it.
Result<const Row*> rowFor(const Work& work);

/// What holds for every operator: float32, and few enough elements for numbers of 32 bits.
Result<void> checkTensors(const Work& work);

/// Elements that a work-item computes, as kernels/vocabulary.cl has it.
inline constexpr int kLanes = 16;

/// Results of which a work-item of a convolution computes 16 channels each: as many sums as
/// registers hold.
inline int pixelsFor(const Device& device) { return device.vectorWidth() >= kLanes ? 8 : 4; }

/// "-D EPILOGUE=Relu", for a function of kernels/elementary.inc.
std::string epilogueOption(ops::UnaryFn fn);

}  // namespace minnow::backend::cl
