// The fused multiply-add rate of the core this runs on.
#pragma once

namespace minnow::kernels::simd {

/// Best of several short runs, in GFLOP/s, with the widest vectors in use; 0 where only the scalar
/// reference can run.
double peakGflops();

}  // namespace minnow::kernels::simd
