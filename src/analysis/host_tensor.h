// Tensors outside the engine: what files hold, what is fed and what came out, always row-major.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "minnow/tensor.h"

namespace minnow::analysis {

/// What integers stand for: (integer - zero point) * scale; of a scale of 0 for themselves.
struct Meaning {
  double scale = 0;
  int64_t zeroPoint = 0;

  explicit operator bool() const { return scale != 0; }
  double of(double integer) const {
    return scale == 0 ? integer : (integer - static_cast<double>(zeroPoint)) * scale;
  }
  bool operator==(const Meaning&) const = default;
};
/// Of a whole tensor; nothing where each channel has a scale.
Meaning meaningOf(const Quantisation& quantisation);

struct HostTensor {
  TensorType type;
  std::vector<std::byte> bytes;
  Meaning meaning = {};

  static HostTensor ofType(const TensorType& type);
  /// A row-major copy of a view of any strides.
  static HostTensor copyOf(const TensorView& view, const Meaning& meaning = {});
  /// The data must not be written through a view of a const tensor.
  TensorView view() const;
};

/// Element `index` (row-major) as a double; float16 is widened, integers beyond 2^53 are rounded.
double elementAsDouble(const HostTensor& tensor, int64_t index);
/// Stores a number as an element of the tensor's type, as C converts (towards zero; out of range:
/// the nearest value there is).
void setElement(HostTensor& tensor, int64_t index, double value);

/// Over the elements that are numbers; NaN when there are none.
struct Summary {
  double min = 0, max = 0, mean = 0;
  int64_t nans = 0;
};
Summary summarise(const HostTensor& tensor);

}  // namespace minnow::analysis
