// Row-major tensors and their elements as numbers.
#include "analysis/host_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "analysis/element_types.h"

namespace minnow::analysis {
namespace {

template <class T>
T fromDouble(double value) {
  if constexpr (std::is_same_v<T, Half>) {
    return Half(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else if constexpr (std::is_same_v<T, Boolean>) {
    return Boolean(value != 0);
  } else {
    if (std::isnan(value)) return 0;
    if (value <= static_cast<double>(std::numeric_limits<T>::min()))
      return std::numeric_limits<T>::min();
    if (value >= static_cast<double>(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    return static_cast<T>(value);
  }
}

}  // namespace

Meaning meaningOf(const Quantisation& quantisation) {
  if (quantisation.scales.size() != 1) return {};
  return {quantisation.scales[0], quantisation.zeroPoints[0]};
}

HostTensor HostTensor::ofType(const TensorType& type) {
  const size_t bytes = static_cast<size_t>(type.shape.elements()) * elementSize(type.type);
  return {type, std::vector<std::byte>(bytes), {}};
}

HostTensor HostTensor::copyOf(const TensorView& view, const Meaning& meaning) {
  HostTensor tensor = ofType({view.type, view.shape});
  tensor.meaning = meaning;
  if (!tensor.bytes.empty()) copyTensor(view, tensor.view());
  return tensor;
}

TensorView HostTensor::view() const {
  return {{.type = type.type, .shape = type.shape, .strides = plainStrides(type.shape)},
          const_cast<std::byte*>(bytes.data())};
}

double elementAsDouble(const HostTensor& tensor, int64_t index) {
  double number = 0;
  visitType(tensor.type.type,
            [&]<class T>(Tag<T>) { number = toDouble(elementAt<T>(tensor.bytes.data(), index)); });
  return number;
}

void setElement(HostTensor& tensor, int64_t index, double number) {
  visitType(tensor.type.type, [&]<class T>(Tag<T>) {
    const T value = fromDouble<T>(number);
    std::memcpy(tensor.bytes.data() + static_cast<size_t>(index) * sizeof value, &value,
                sizeof value);
  });
}

Summary summarise(const HostTensor& tensor) {
  Summary summary{.min = std::numeric_limits<double>::infinity(),
                  .max = -std::numeric_limits<double>::infinity()};
  const int64_t n = tensor.type.shape.elements();
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double value = elementAsDouble(tensor, i);
    if (std::isnan(value)) {
      ++summary.nans;
      continue;
    }
    summary.min = std::min(summary.min, value);
    summary.max = std::max(summary.max, value);
    sum += value;
  }
  const int64_t numbers = n - summary.nans;
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (numbers == 0) return {none, none, none, summary.nans};
  summary.mean = sum / static_cast<double>(numbers);
  return summary;
}

}  // namespace minnow::analysis
