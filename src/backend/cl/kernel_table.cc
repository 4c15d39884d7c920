// All that the back-end computes.
#include "backend/cl/rows.h"
#include "base/fail.h"

namespace minnow::backend::cl {

Result<const Row*> rowFor(const Work& work) {
  if (auto ok = checkTensors(work); !ok) return std::unexpected(std::move(ok.error()));
  Result<const Row*> found =
      fail(ErrorCode::Unsupported, work.op.name(), " is not written for OpenCL");
  for (const auto family :
       {winogradRows(), convRows(), elementwiseRows(), movementRows(), poolRows()})
    for (const Row& row : family) {
      if (row.kind != work.op.kind()) continue;
      auto ok = row.supports(work);
      if (ok) return &row;
      found = std::unexpected(std::move(ok.error()));
    }
  return found;
}

}  // namespace minnow::backend::cl
