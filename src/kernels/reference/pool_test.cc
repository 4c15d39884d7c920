// How exact averages over large images are.
#include "ops/pool.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/kernel.h"

namespace minnow::kernels::reference {
namespace {

// Equal pixels are the worst case: in one sum over 6400 of them all roundings go one way, and it
// ends 500 roundings off. Sums of 80, of which 80 are added, bound the error by 160.
TEST(Pool, AverageOfALargeImageLosesFewDigits) {
  constexpr int64_t kRows = 80, kColumns = 80;
  for (float value : {0.1f, 6.3f, -1.7e5f}) {
    std::vector<float> pixels(kRows * kColumns, value);
    float mean = 0;
    const Shape image{1, 1, kRows, kColumns}, one{1, 1, 1, 1};
    const TensorView x{{DataType::Float32, image, plainStrides(image)}, pixels.data()};
    TensorView y{{DataType::Float32, one, plainStrides(one)}, &mean};
    ops::Pool pool;
    pool.fn = ops::PoolFn::Average;
    pool.global = true;
    base::Team alone;
    ASSERT_TRUE(runPool(pool, {{&x, 1}, {&y, 1}, {}, &alone}));
    EXPECT_LE(std::fabs(mean - value), std::fabs(value) * (kRows + kColumns) * 0x1p-24) << value;
  }
}

}  // namespace
}  // namespace minnow::kernels::reference
