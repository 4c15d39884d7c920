// Elementwise functions: every function on ordinary and special values.
#include "ops/unary.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {

CaseList unaryCases() {
  CaseList cases;
  for (int i = 0; i < static_cast<int>(ops::UnaryFn::kCount); ++i) {
    auto op = std::make_shared<ops::Unary>();
    op->fn = static_cast<ops::UnaryFn>(i);
    op->alpha = 0.25f;
    op->beta = 0.75f;
    const std::string name = ops::unaryFnName(op->fn);
    cases.push_back({name + "_image", op, {{.shape = {2, 19, 5, 7}, .low = -6, .high = 6}}});
    cases.push_back({name + "_special", op, {{.shape = {300}, .fill = Fill::Special}}});
  }
  return cases;
}

}  // namespace minnow::optest
