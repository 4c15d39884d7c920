// A resized session beside a fresh conversion.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tests/onnx_model.h"

namespace minnow::test {

/// Resizes a session that was made for shape `from` to each of `shapes` in turn; what it gives
/// there must be what a model converted for that shape gives, or both are refused.
inline void expectAsConverted(
    const OnnxModel& model, const Shape& from, const std::vector<Shape>& shapes,
    const std::function<void(const Shape&, const PlainTensor&)>& check = {}) {
  auto resized = OnnxSession::create(model, from);
  ASSERT_TRUE(resized) << resized.error().message;
  for (const Shape& shape : shapes) {
    SCOPED_TRACE(text("from ", from, " to ", shape));
    auto fresh = OnnxSession::create(model, shape);
    const auto ok = resized->session().resizeInput("x", shape);
    ASSERT_EQ(ok.has_value(), fresh.has_value()) << (ok ? fresh.error() : ok.error()).message;
    if (!fresh) continue;
    const PlainTensor expected = fresh->run(), actual = resized->run();
    ASSERT_EQ(actual.type.shape, expected.type.shape);
    ASSERT_FALSE(expected.bytes.empty());
    ASSERT_EQ(actual, expected);
    if (check) check(shape, actual);
  }
}

}  // namespace minnow::test
