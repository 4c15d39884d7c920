// Choices of docs/operators.md that no other test holds.
#include <gtest/gtest.h>

#include "tests/onnx_model.h"

namespace minnow {
namespace {

using test::OnnxModel;
using test::OnnxSession;
using test::wholeNumber;

/// Where a nearest GridSample with reflection reads for a place, in elements, on a line of four.
double elementRead(double place) {
  OnnxModel model(20);
  model.constant("grid", {1, 1, 1, 2}, {(2 * place + 1) / 4 - 1, 0});
  onnx::NodeProto& node = model.node("GridSample", {"x", "grid"});
  test::setString(node, "mode", "nearest");
  test::setString(node, "padding_mode", "reflection");
  auto session = OnnxSession::create(model, {1, 1, 1, 4});
  EXPECT_TRUE(session) << session.error().message;
  return session ? session->run().at(0) : -1;
}

TEST(Choices, GridSampleReflectsPlacesAndThenRounds) {
  // Halfway between 1 and 2, 0 and 1; then their reflections at -0.5 and at 3.5.
  for (const auto& [place, element] : {std::pair{1.5, 2},
                                       {0.5, 0},
                                       {2.5, 2},
                                       {-1.5, 0},
                                       {-2.5, 2},
                                       {-3.5, 2},
                                       {4.5, 2},
                                       {5.5, 2},
                                       {6.5, 0}})
    EXPECT_EQ(elementRead(place), wholeNumber(element)) << place;
}

}  // namespace
}  // namespace minnow
