// The fused multiply-add rate of the core this runs on.
#pragma once

namespace minnow::bench {

/// Best of several short runs, in GFLOP/s, with the widest vectors.
double peakGflops();

}  // namespace minnow::bench
