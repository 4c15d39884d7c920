// Which back-end computes a step.
#include "backend/backend.h"

#include <limits>
#include <string>

#include "base/fail.h"

namespace minnow::backend {
namespace {

Result<double> costOf(const Backend& backend, std::span<const Work> forms) {
  double cost = 0;
  for (const Work& work : forms) {
    if (auto ok = backend.supports(work); !ok) return passOn(ok);
    cost += backend.cost(work);
  }
  return cost;
}

}  // namespace

Result<const Backend*> choose(std::span<const Backend* const> list, std::span<const Work> forms) {
  const Backend* best = nullptr;
  double least = std::numeric_limits<double>::infinity();
  std::string against;
  for (const Backend* backend : list) {
    const auto cost = costOf(*backend, forms);
    if (!cost) against += text("; ", backend->name(), ": ", cost.error().message);
    if (!cost || *cost >= least) continue;
    best = backend;
    least = *cost;
  }
  if (best == nullptr)
    return fail(ErrorCode::Unsupported, "no back-end of this session computes it", against);
  return best;
}

}  // namespace minnow::backend
