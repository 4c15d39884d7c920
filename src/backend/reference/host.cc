// What an operator costs on a core, roughly.
#include "backend/reference/host.h"

namespace minnow::backend {
namespace {

double bytesOf(std::span<const TensorView> views) {
  double bytes = 0;
  for (const TensorView& view : views) bytes += view ? static_cast<double>(view.bytes()) : 0;
  return bytes;
}

}  // namespace

double hostCost(const Work& work) {
  const auto sums = work.op.multiplyAdds(work.inputTypes, work.outputTypes);
  return static_cast<double>(sums) / 10 + (bytesOf(work.inputs) + bytesOf(work.outputs)) / 4;
}

}  // namespace minnow::backend
