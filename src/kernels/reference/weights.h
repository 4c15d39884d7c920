// Reading weights in whatever form they are: the one place where the reference knows packed ones.
#pragma once

#include <cstdint>

#include "base/half.h"
#include "kernels/byte_packing.h"
#include "kernels/packing.h"
#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::kernels::reference {

/// The weights of one output, by step of its depth.
template <class T>
class WeightsOfOutput {
 public:
  WeightsOfOutput(const ops::WeightMatrices& matrices, const TensorView& view, int64_t group,
                  int64_t output)
      : matrices_(&matrices) {
    const T* data = view.as<const T>();
    switch (view.packing) {
      case Packing::None:
        first_ = data + matrices.offset(group, output);
        break;
      case Packing::F32x16:
        first_ = data + openPanels(group, output);
        break;
      case Packing::F16x16:
        halves_ = view.as<const uint16_t>() + openPanels(group, output);
        break;
      case Packing::I8x16:
        break;  // BytesOfOutput
    }
  }
  T operator[](int64_t step) const {
    if (halves_) return static_cast<T>(base::floatFromHalf(halves_[step * packedStep_]));
    return first_[packedStep_ ? step * packedStep_ : matrices_->offset(step)];
  }

 private:
  /// Where the output's weights begin.
  int64_t openPanels(int64_t group, int64_t output) {
    const PanelShape panels = panelShape(*matrices_);
    packedStep_ = panels.stepElements(output);
    return panels.offset(group, output, 0);
  }

  const ops::WeightMatrices* matrices_;
  const T* first_ = nullptr;
  const uint16_t* halves_ = nullptr;
  int64_t packedStep_ = 0;
};

/// The same of int8.
class BytesOfOutput {
 public:
  BytesOfOutput(const ops::WeightMatrices& matrices, const TensorView& view, int64_t group,
                int64_t output)
      : matrices_(&matrices),
        data_(view.as<const int8_t>()),
        group_(group),
        output_(output),
        isPacked_(view.packing == Packing::I8x16) {}
  int8_t operator[](int64_t step) const {
    return data_[isPacked_ ? BytePanels(*matrices_).offset(group_, output_, step)
                           : matrices_->offset(group_, output_) + matrices_->offset(step)];
  }

 private:
  const ops::WeightMatrices* matrices_;
  const int8_t* data_;
  int64_t group_, output_;
  bool isPacked_;
};

}  // namespace minnow::kernels::reference
