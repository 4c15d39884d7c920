// The instruction sets that kernels are compiled for ("targets"), and which of them runs. Results
// have the same bits on all of them; choosing one is for tests, hashes and traces.
#pragma once

#include <span>
#include <string_view>

#include "minnow/status.h"

#pragma GCC visibility push(default)

namespace minnow {

/// The targets that this build has and this CPU can run, best first, of "avx3" (AVX-512), "avx2",
/// "sve", "neon", and always last "scalar-fma": the scalar reference with a fused multiply-add.
std::span<const std::string_view> cpuTargets();

/// The one in use: the best, unless limitCpuTarget() says otherwise.
std::string_view cpuTarget();

/// From now on the whole process uses this target, one of cpuTargets(); an empty name lifts the
/// limit. Call it while no frame runs. Sessions that exist follow, except to "scalar-fma", which
/// only sessions created afterwards use. If there is no such target, the error is NotFound and
/// names cpuTargets(), and nothing changes.
Result<void> limitCpuTarget(std::string_view name);

}  // namespace minnow

#pragma GCC visibility pop
