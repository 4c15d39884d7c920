// Outputs of an imaginary model, for tests.
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include "post/decoding.h"

namespace road {

/// Tensors of zeros, stored with a gap after each element so that nobody assumes plain strides.
class OutputsForTest {
 public:
  explicit OutputsForTest(std::initializer_list<minnow::Shape> shapes) {
    for (const minnow::Shape& shape : shapes) {
      std::vector<float>& values = values_.emplace_back(2 * shape.elements() + 1, 0.0F);
      minnow::Strides strides = minnow::plainStrides(shape);
      for (int64_t& s : strides) s *= 2;
      views.push_back({{minnow::DataType::Float32, shape, strides}, values.data()});
    }
  }

  float& at(size_t output, std::initializer_list<int64_t> index) {
    int64_t offset = 0;
    int axis = 0;
    for (const int64_t i : index) offset += i * views[output].strides[axis++];
    return values_[output][offset];
  }
  void fill(size_t output, float value) {
    std::fill(values_[output].begin(), values_[output].end(), value);
  }

  /// A picture that fills the input, twice as large in both directions.
  Decoding decoding(int inputWidth, int inputHeight) const {
    return {views,          {0.5, 0.5, 0, 0}, inputWidth, inputHeight,
            2 * inputWidth, 2 * inputHeight,  parameters};
  }

  std::vector<minnow::TensorView> views;
  Parameters parameters;

 private:
  std::deque<std::vector<float>> values_;
};

inline void expectPoint(Point p, double x, double y, double tolerance = 1e-3) {
  EXPECT_NEAR(p.x, x, tolerance);
  EXPECT_NEAR(p.y, y, tolerance);
}

}  // namespace road
