// The choice of the target: what there is, what a limit does and what it refuses.
#include "kernels/simd/dispatch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "minnow/cpu.h"

namespace minnow {

TEST(CpuTargets, TheBestIsInUseAndTheReferenceIsLast) {
  ASSERT_FALSE(cpuTargets().empty());
  EXPECT_EQ(cpuTargets().back(), "scalar-fma");
  EXPECT_EQ(cpuTarget(), cpuTargets().front());
}

TEST(CpuTargets, ALimitHoldsUntilItIsLifted) {
  for (std::string_view target : cpuTargets()) {
    ASSERT_TRUE(limitCpuTarget(target));
    EXPECT_EQ(cpuTarget(), target);
    EXPECT_EQ(kernels::simd::referenceOnly(), target == "scalar-fma");
  }
  ASSERT_TRUE(limitCpuTarget(""));
  EXPECT_EQ(cpuTarget(), cpuTargets().front());
}

// Sessions that were made before keep fast kernels, so a copy must be found for them.
TEST(CpuTargets, KernelsHaveACopyWhereOnlyTheReferenceMayRun) {
  const auto before = kernels::simd::kernelTarget();
  ASSERT_TRUE(limitCpuTarget("scalar-fma"));
  EXPECT_EQ(kernels::simd::kernelTarget(), before);
  ASSERT_TRUE(limitCpuTarget(""));
}

TEST(CpuTargets, AnotherCpusTargetIsRefusedWithWhatThisOneHas) {
#if defined(__x86_64__)
  const auto limited = limitCpuTarget("neon");
#else
  const auto limited = limitCpuTarget("avx2");
#endif
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().code, ErrorCode::NotFound);
  for (std::string_view target : cpuTargets())
    EXPECT_NE(limited.error().message.find(target), std::string::npos) << limited.error().message;
  EXPECT_EQ(cpuTarget(), cpuTargets().front());
}

}  // namespace minnow
