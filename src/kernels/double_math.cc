// Elementary functions in double (see the header for sources).
#include "kernels/double_math.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/double_series.h"

namespace minnow::kernels::in_double {
#include "kernels/double_math.inc"

}  // namespace minnow::kernels::in_double
