// Writing a frame into a tensor allocates nothing, whatever the format, the fit and the turn: the
// global operator new counts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "vision/test_frames.h"

namespace {
thread_local int allocations = 0;

void* countedNew(std::size_t bytes) {
  ++allocations;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  std::abort();
}
}  // namespace

void* operator new(std::size_t bytes) { return countedNew(bytes); }
void* operator new[](std::size_t bytes) { return countedNew(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return countedNew(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return countedNew(bytes);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

namespace minnow::vision {
namespace {

TEST(NoAllocation, TheCounterCounts) {
  const int before = allocations;
  delete new int(1);
  std::vector<int>(100).clear();
  EXPECT_EQ(allocations, before + 2);
}

void expectNone(const ImageView& frame, const PreProcess& pre, const TensorView& tensor) {
  const int before = allocations;
  const bool placed = writeImage(frame, pre, tensor).has_value();
  const int made = allocations - before;
  EXPECT_TRUE(placed);
  EXPECT_EQ(made, 0);
}

TEST(NoAllocation, WhateverTheFormatTheFitAndTheTurn) {
  std::vector<float> values(3 * 40 * 700);
  for (const PixelFormat format : kAllFormats) {
    const TestFrame frame(90, 47, format, 7);
    for (const auto fit : {Fit::Stretch, Fit::Letterbox})
      for (const auto colour : {ColourOrder::Rgb, ColourOrder::Bgr, ColourOrder::Gray})
        for (const auto interpolation : {Interpolation::Bilinear, Interpolation::Nearest})
          for (int turn = 0; turn < 8; ++turn)
            for (const auto type : {DataType::Float32, DataType::Uint8}) {
              const PreProcess pre{.fit = fit,
                                   .colour = colour,
                                   .turn = {static_cast<Rotation>(turn % 4), turn >= 4},
                                   .interpolation = interpolation};
              const int64_t channels = colour == ColourOrder::Gray ? 1 : 3;
              for (const Shape& shape : {Shape{channels, 40, 700}, Shape{30, 20, channels}})
                expectNone(frame.view, pre, {{type, shape, plainStrides(shape)}, values.data()});
            }
  }
}

TEST(NoAllocation, InPlace) {
  const Shape shape{1, 3, 40, 60};
  std::vector<float> values(shape.elements());
  const TensorView tensor{{DataType::Float32, shape, plainStrides(shape)}, values.data()};
  auto* region = reinterpret_cast<uint8_t*>(values.data());
  for (const PixelFormat format : kAllFormats) {
    const int before = allocations;
    const auto place = framePlacement(ImageView::packed(region, 60, 40, format), {}, tensor);
    EXPECT_EQ(allocations, before);
    ASSERT_TRUE(place) << place.error().message;
    expectNone(ImageView::packed(region + *place, 60, 40, format), {}, tensor);
  }
}

}  // namespace
}  // namespace minnow::vision
