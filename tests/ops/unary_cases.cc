// Elementwise functions: every function on ordinary and special values, of every type it takes.
#include "ops/unary.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

bool takes(const ops::Operator& op, DataType type) {
  return op.inferShape(std::vector{TensorType{type, {4}}}).has_value();
}

void addTypes(CaseList& cases, const std::shared_ptr<ops::Unary>& op, const std::string& name) {
  static constexpr DataType kTypes[] = {DataType::Bool,    DataType::Int8,   DataType::Uint8,
                                        DataType::Int32,   DataType::Int64,  DataType::Uint64,
                                        DataType::Float16, DataType::Float64};
  for (DataType type : kTypes)
    if (takes(*op, type))
      cases.push_back({name + "_" + dataTypeName(type),
                       op,
                       {{.shape = {3, 4, 5}, .type = type, .low = -100, .high = 100}}});
}

}  // namespace

CaseList unaryCases() {
  CaseList cases;
  for (int i = 0; i < static_cast<int>(ops::UnaryFn::kCount); ++i) {
    auto op = std::make_shared<ops::Unary>();
    op->fn = static_cast<ops::UnaryFn>(i);
    op->alpha = 0.25f;
    op->beta = 0.75f;
    const std::string name = ops::unaryFnName(op->fn);
    if (takes(*op, DataType::Float32)) {
      cases.push_back({name + "_image", op, {{.shape = {2, 19, 5, 7}, .low = -6, .high = 6}}});
      cases.push_back({name + "_special", op, {{.shape = {300}, .fill = Fill::Special}}});
    }
    addTypes(cases, op, name);
  }
  auto swish = std::make_shared<ops::Unary>();
  swish->fn = ops::UnaryFn::Swish;
  swish->alpha = 1;
  cases.push_back({"Swish_long", swish, {{.shape = {1, 7, 61, 67}, .low = -9, .high = 9}}});
  cases.push_back({"Swish_empty", swish, {{.shape = {1, 0, 61, 67}}}});
  cases.push_back({"Swish_scalar", swish, {{.shape = {}}}});
  auto celu = std::make_shared<ops::Unary>();
  celu->fn = ops::UnaryFn::Celu;
  celu->alpha = -1.5f;
  cases.push_back({"Celu_negative_image", celu, {{.shape = {2, 19, 5, 7}, .low = -9, .high = 6}}});
  cases.push_back({"Celu_negative_special", celu, {{.shape = {300}, .fill = Fill::Special}}});
  return cases;
}

}  // namespace minnow::optest
