// Tensors outside the engine: what files hold, what is fed and what came out, always row-major.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "minnow/tensor.h"

namespace minnow::analysis {

struct HostTensor {
  TensorType type;
  std::vector<std::byte> bytes;

  static HostTensor ofType(const TensorType& type);
  /// A row-major copy of a view of any strides.
  static HostTensor copyOf(const TensorView& view);
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
