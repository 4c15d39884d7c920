// The back-end made of the reference rows alone.
#include "backend/reference/reference.h"

#include "backend/reference/host.h"
#include "backend/reference/rows.h"

namespace minnow::backend {
namespace {

class Reference final : public HostBackend {
 public:
  const char* name() const override { return "reference"; }
  /// By estimate: what it takes on an ordinary core beside the fast kernels.
  double cost(const Work& work) const override { return 30 * hostCost(work); }
  Result<std::unique_ptr<Kernel>> prepare(std::span<const Work> forms) const override {
    return prepareRow(referenceRow(forms.front().op.kind()), forms);
  }
};

}  // namespace

const Backend& referenceBackend() {
  static const Reference backend;
  return backend;
}

}  // namespace minnow::backend
