// Einsum: one loop a label, the summed labels inside.
#include "ops/einsum.h"

#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {
namespace {

using ops::EinsumPlan;

/// Strides of an operand along each label; axes of extent 1 repeat.
using LabelStrides = std::array<int64_t, EinsumPlan::kMaxLabels>;

float fused(float a, float b, float sum) { return std::fma(a, b, sum); }
double fused(double a, double b, double sum) { return std::fma(a, b, sum); }
uint32_t fused(uint32_t a, uint32_t b, uint32_t sum) { return a * b + sum; }
uint64_t fused(uint64_t a, uint64_t b, uint64_t sum) { return a * b + sum; }

template <class T>
class Summation {
 public:
  Summation(const EinsumPlan& plan, std::span<const TensorView> inputs)
      : plan_(plan), inputs_(inputs) {
    for (int o = 0; o < plan.operands; ++o)
      for (int axis = 0; axis < inputs[o].shape.rank(); ++axis)
        if (inputs[o].shape[axis] != 1) strides_[o][plan.axes[o][axis]] += inputs[o].strides[axis];
  }

  T at(const std::array<int64_t, kMaxRank>& out) const {
    std::array<const T*, EinsumPlan::kMaxOperands> data{};
    for (int o = 0; o < plan_.operands; ++o) {
      data[o] = inputs_[o].as<const T>();
      for (int label = 0; label < plan_.outputRank; ++label)
        data[o] += out[label] * strides_[o][label];
    }
    std::array<int64_t, EinsumPlan::kMaxLabels> index{};
    T sum = 0;
    for (int label = plan_.outputRank; label < plan_.labels; ++label)
      if (plan_.extents[label] == 0) return sum;
    do sum = add(data, sum);
    while (next(index, data));
    return sum;
  }

 private:
  T add(const std::array<const T*, EinsumPlan::kMaxOperands>& data, T sum) const {
    if (plan_.operands == 1) return sum + *data[0];
    T product = *data[0];
    for (int o = 1; o + 1 < plan_.operands; ++o) product = product * *data[o];
    return fused(product, *data[plan_.operands - 1], sum);
  }

  bool next(std::array<int64_t, EinsumPlan::kMaxLabels>& index,
            std::array<const T*, EinsumPlan::kMaxOperands>& data) const {
    for (int label = plan_.labels - 1; label >= plan_.outputRank; --label) {
      const bool wraps = ++index[label] == plan_.extents[label];
      const int64_t steps = wraps ? 1 - plan_.extents[label] : 1;
      for (int o = 0; o < plan_.operands; ++o) data[o] += steps * strides_[o][label];
      if (!wraps) return true;
      index[label] = 0;
    }
    return false;
  }

  const EinsumPlan& plan_;
  std::span<const TensorView> inputs_;
  std::array<LabelStrides, EinsumPlan::kMaxOperands> strides_{};
};

template <class T>
void run(const EinsumPlan& plan, const KernelArgs& args) {
  const Summation<T> summation(plan, args.inputs);
  const TensorView& y = args.outputs[0];
  forEachIndex(y.shape, [&](const auto& out) {
    y.as<T>()[offsetOf(out, y.strides, y.shape.rank())] = summation.at(out);
  });
}

}  // namespace

Result<void> runEinsum(const ops::Operator& op, const KernelArgs& args) {
  std::array<Shape, EinsumPlan::kMaxOperands> shapes;
  for (size_t i = 0; i < args.inputs.size(); ++i) shapes[i] = args.inputs[i].shape;
  const auto plan = ops::planEinsum(static_cast<const ops::Einsum&>(op).equation,
                                    std::span(shapes).first(args.inputs.size()));
  if (!plan) return passOn(plan);
  switch (args.inputs[0].type) {
    case DataType::Float64:
      run<double>(*plan, args);
      break;
    case DataType::Int32:
      run<uint32_t>(*plan, args);
      break;
    case DataType::Int64:
      run<uint64_t>(*plan, args);
      break;
    default:
      run<float>(*plan, args);
  }
  return {};
}

}  // namespace minnow::kernels::reference
