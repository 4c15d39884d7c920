// Tensors for the operator cases: filled deterministically, laid out as a variant asks, and fenced,
// so that a kernel that writes outside its output is found out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minnow/tensor.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {

enum class Storing {
  Plain,         ///< row-major
  ChannelsLast,  ///< N, spatial…, C (row-major below rank 3)
  Gapped,        ///< channels-last with gaps after pixels and rows, starting off any boundary;
                 ///< rank 2: rows with gaps
};

/// A tensor and the memory around it. Every byte that belongs to no element is kFence: as float32
/// that is NaN, so that what leaks out of a gap shows in the result too.
class TestTensor {
 public:
  static constexpr uint8_t kFence = 0xFF;

  TestTensor() = default;
  TestTensor(const TensorType& type, Storing storing);
  /// The same elements in another storage.
  TestTensor(const TensorView& elements, Storing storing);

  const TensorView& view() const { return view_; }
  /// The elements and what is around them.
  std::span<const uint8_t> bytes() const { return bytes_; }
  /// Where the first byte that was written outside the elements lies, relative to the first
  /// element.
  std::optional<int64_t> brokenFence() const;

 private:
  TensorView view_;
  std::vector<uint8_t> bytes_;
};

/// A byte range with fences around it, 64-byte aligned.
class FencedBytes {
 public:
  explicit FencedBytes(size_t size);
  std::span<std::byte> bytes();
  bool intact() const;

 private:
  size_t size_, offset_;
  std::vector<uint8_t> bytes_;
};

/// The elements of a case's input, row-major; the same on every machine.
TestTensor filled(const OpInput& input, const std::string& caseName, int index);

/// Nothing when both have one type, one shape and the same bits (a NaN equals any NaN); otherwise
/// the first difference.
std::string firstDifference(const TensorView& expected, const TensorView& found);

/// The same where float32 elements within 1e-4 of the expected ones are equal: of each, or, where
/// those are small, of the least of 1 and their mean.
std::string firstBeyondTolerance(const TensorView& expected, const TensorView& found);

/// The same of float32 elements that were stored as float16: `expected` rounded to the nearest, or, where
/// not `exact`, within 5e-3.
std::string firstBeyondHalves(const TensorView& expected, const TensorView& found, bool exact);

/// Its float32 elements as float16 has them.
void roundToHalves(const TensorView& view);

}  // namespace minnow::optest
