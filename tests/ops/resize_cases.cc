// Resize: every mode with every way of counting coordinates, up, down and by odd ratios.
#include "ops/resize.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

std::shared_ptr<ops::Resize> resize(ops::ResizeMode mode, ops::ResizeCoordinates coordinates,
                                    std::vector<int64_t> sizes) {
  auto op = std::make_shared<ops::Resize>();
  op->mode = mode;
  op->coordinates = coordinates;
  op->sizes = std::move(sizes);
  if (coordinates == ops::ResizeCoordinates::TfCropAndResize) {
    op->roi = {0, 0, 0.2f, -0.3f, 1, 1, 0.9f, 1.2f};
    op->extrapolation = 7;
  }
  return op;
}

}  // namespace

CaseList resizeCases() {
  using Mode = ops::ResizeMode;
  CaseList cases;
  for (int m = 0; m < static_cast<int>(Mode::kCount); ++m)
    for (int c = 0; c < static_cast<int>(ops::ResizeCoordinates::kCount); ++c) {
      const auto mode = static_cast<Mode>(m);
      const auto coordinates = static_cast<ops::ResizeCoordinates>(c);
      const std::string name = "Resize_" + std::to_string(m) + "_" + std::to_string(c);
      cases.push_back(
          {name + "_up", resize(mode, coordinates, {2, 19, 11, 10}), {{.shape = {2, 19, 4, 5}}}});
      cases.push_back(
          {name + "_down", resize(mode, coordinates, {1, 16, 3, 4}), {{.shape = {1, 16, 7, 9}}}});
    }
  for (auto mode : {Mode::Nearest, Mode::Linear}) {
    auto twice = std::make_shared<ops::Resize>();
    twice->mode = mode;
    twice->coordinates = ops::ResizeCoordinates::Asymmetric;
    twice->rounding = ops::ResizeRounding::Floor;
    twice->scales = {1, 1, 2, 2};
    const std::string name = "Resize_twice_" + std::to_string(static_cast<int>(mode));
    cases.push_back({name, twice, {{.shape = {1, 72, 9, 13}}}});
    auto line = std::make_shared<ops::Resize>(*twice);
    line->scales = {1, 1, 2.5f};
    cases.push_back({name + "_1d", line, {{.shape = {2, 5, 9}}}});
    auto volume = std::make_shared<ops::Resize>(*twice);
    volume->scales = {1, 1, 2, 1.5f, 0.5f};
    cases.push_back({name + "_3d", volume, {{.shape = {1, 5, 3, 4, 6}}}});
    for (auto coordinates :
         {ops::ResizeCoordinates::HalfPixel, ops::ResizeCoordinates::AlignCorners})
      cases.push_back({name + "_3d_" + std::to_string(static_cast<int>(coordinates)),
                       resize(mode, coordinates, {2, 21, 7, 4, 11}),
                       {{.shape = {2, 21, 3, 5, 6}}}});
  }
  for (auto mode : {Mode::Linear, Mode::Cubic}) {
    auto smooth = resize(mode, ops::ResizeCoordinates::HalfPixel, {1, 6, 3, 5});
    smooth->antialias = true;
    smooth->excludeOutside = mode == Mode::Cubic;
    cases.push_back({"Resize_antialias_" + std::to_string(static_cast<int>(mode)),
                     smooth,
                     {{.shape = {1, 6, 11, 12}}}});
  }
  auto bytes = resize(Mode::Nearest, ops::ResizeCoordinates::HalfPixel, {1, 3, 9, 11});
  for (DataType type : {DataType::Uint8, DataType::Float16, DataType::Int64})
    cases.push_back({std::string("Resize_nearest_") + dataTypeName(type),
                     bytes,
                     {{.shape = {1, 3, 5, 4}, .type = type, .fill = Fill::Sequence}}});
  return cases;
}

}  // namespace minnow::optest
