// Softmax, LogSoftmax, Hardmax.
#include "ops/softmax.h"

#include "tests/ops/op_case.h"

namespace minnow::optest {

CaseList softmaxCases() {
  CaseList cases;
  for (int fn = 0; fn < static_cast<int>(ops::SoftmaxFn::kCount); ++fn)
    for (int64_t axis = 0; axis < 4; ++axis)
      for (bool trailing : {false, true}) {
        auto op = std::make_shared<ops::Softmax>();
        op->fn = static_cast<ops::SoftmaxFn>(fn);
        op->axis = axis;
        op->trailing = trailing;
        const std::string name =
            op->name() + "_axis" + std::to_string(axis) + (trailing ? "_trailing" : "");
        cases.push_back({name, op, {{.shape = {2, 37, 3, 19}, .low = -9, .high = 9}}});
        cases.push_back({name + "_few", op, {{.shape = {3, 2, 4, 5}, .low = -99, .high = 99}}});
        cases.push_back({name + "_special", op, {{.shape = {2, 5, 3, 40}, .fill = Fill::Special}}});
        cases.push_back({name + "_empty", op, {{.shape = {2, 0, 3, 4}}}});
      }
  for (int fn = 0; fn < static_cast<int>(ops::SoftmaxFn::kCount); ++fn) {
    auto op = std::make_shared<ops::Softmax>();
    op->fn = static_cast<ops::SoftmaxFn>(fn);
    op->axis = 1;
    const OpInput x{.shape = {2, 7, 3}, .type = DataType::Float64, .low = -9, .high = 9};
    cases.push_back({op->name() + "_float64", op, {x}});
  }
  for (int64_t axis : {0, 1}) {
    auto op = std::make_shared<ops::Softmax>();
    op->axis = axis;
    const Shape x = axis == 0 ? Shape{900, 3} : Shape{2, 9001};
    cases.push_back({"Softmax_blocks_axis" + std::to_string(axis), op, {{.shape = x}}});
  }
  // Rows shorter than a vector, more of them than a block has lanes.
  for (auto fn : {ops::SoftmaxFn::Softmax, ops::SoftmaxFn::LogSoftmax})
    for (const int64_t length : {2, 15, 16}) {
      auto op = std::make_shared<ops::Softmax>();
      op->fn = fn;
      op->axis = 2;
      const std::string name = op->name() + "_rows_of_" + std::to_string(length);
      const Shape x{2, 150, length};
      cases.push_back({name, op, {{.shape = x, .low = -9, .high = 9}}});
      cases.push_back({name + "_special", op, {{.shape = x, .fill = Fill::Special}}});
    }
  auto rows = std::make_shared<ops::Softmax>();
  rows->axis = 1;
  cases.push_back({"Softmax_attention", rows, {{.shape = {5, 3600}, .low = -20, .high = 20}}});
  cases.push_back({"Softmax_single", rows, {{.shape = {5, 1}}}});
  return cases;
}

}  // namespace minnow::optest
