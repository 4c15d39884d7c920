// Reductions, ArgMax and ArgMin, running sums.
#include "ops/reduce.h"

#include "ops/arg_reduce.h"
#include "ops/cum_sum.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

using ops::ReduceFn;

std::shared_ptr<const ops::Operator> reduceOf(ReduceFn fn, std::vector<int64_t> axes,
                                              bool keepDims) {
  auto op = std::make_shared<ops::Reduce>();
  op->fn = fn;
  op->axes = std::move(axes);
  op->keepDims = keepDims;
  return op;
}

std::string named(ReduceFn fn, const std::vector<int64_t>& axes, const std::string& what) {
  std::string name = ops::reduceFnName(fn) + std::string("_axes");
  for (int64_t axis : axes) name += std::to_string(axis);
  return name + "_" + what;
}

void addFloatCases(CaseList& cases, ReduceFn fn) {
  const bool logs = fn == ReduceFn::LogSum;
  const OpInput image{.shape = {2, 21, 5, 7}, .low = logs ? 0.1f : -2.0f, .high = 2};
  const std::vector<std::vector<int64_t>> sets{{},     {0},       {1},    {2},    {3},
                                               {1, 3}, {0, 2, 3}, {2, 3}, {1, 2}, {0, 1, 2, 3}};
  for (const auto& axes : sets)
    cases.push_back({named(fn, axes, "image"), reduceOf(fn, axes, axes.size() != 1), {image}});
  OpInput special = image;
  special.fill = Fill::Special;
  for (const auto& axes : {std::vector<int64_t>{1}, {2, 3}, {3}})
    cases.push_back({named(fn, axes, "special"), reduceOf(fn, axes, true), {special}});
  const OpInput row{.shape = {3, 1003}, .low = logs ? 0.1f : -1.0f};
  cases.push_back({named(fn, {1}, "long"), reduceOf(fn, {1}, false), {row}});
  cases.push_back({named(fn, {0}, "long"), reduceOf(fn, {0}, false), {row}});
  // More than a block of a striped sum, and of a chain.
  for (int64_t axis : {0, 1})
    cases.push_back(
        {named(fn, {axis}, "blocks"),
         reduceOf(fn, {axis}, true),
         {{.shape = axis == 0 ? Shape{1030, 21} : Shape{2, 13000}, .low = 0.999f, .high = 1}}});
  cases.push_back({named(fn, {1, 2}, "blocks"),
                   reduceOf(fn, {1, 2}, true),
                   {{.shape = {1, 90, 97, 5}, .low = 0.999f, .high = 1}}});
  cases.push_back({named(fn, {2, 3}, "blocks"),
                   reduceOf(fn, {2, 3}, true),
                   {{.shape = {1, 5, 90, 97}, .low = 0.999f, .high = 1}}});
  cases.push_back({named(fn, {1}, "empty"), reduceOf(fn, {1}, true), {{.shape = {2, 0, 4}}}});
  cases.push_back({named(fn, {0}, "nothing"), reduceOf(fn, {0}, false), {{.shape = {2, 0, 4}}}});
  cases.push_back({named(fn, {}, "scalar"), reduceOf(fn, {}, true), {{.shape = {}, .low = 1}}});
  cases.push_back({named(fn, {1}, "double"),
                   reduceOf(fn, {1}, true),
                   {{.shape = {3, 5, 2}, .type = DataType::Float64, .low = 0.5f, .high = 2}}});
}

void addIntegerCases(CaseList& cases, ReduceFn fn) {
  for (DataType type : {DataType::Int32, DataType::Int64, DataType::Uint8, DataType::Int8}) {
    const OpInput x{.shape = {3, 5, 4}, .type = type, .low = -9, .high = 10};
    cases.push_back({named(fn, {1}, dataTypeName(type)), reduceOf(fn, {1}, true), {x}});
    cases.push_back({named(fn, {0, 2}, dataTypeName(type)), reduceOf(fn, {0, 2}, false), {x}});
  }
  const OpInput wide{
      .shape = {4, 9}, .type = DataType::Int64, .fill = Fill::Special, .low = -1e9f, .high = 1e9f};
  cases.push_back({named(fn, {1}, "int64_special"), reduceOf(fn, {1}, true), {wide}});
}

void addArgCases(CaseList& cases, bool max) {
  for (int64_t axis : {0, 1, 2, 3})
    for (bool last : {false, true}) {
      auto op = std::make_shared<ops::ArgReduce>();
      op->max = max;
      op->axis = axis;
      op->keepDims = last;
      op->selectLast = last;
      const std::string name = op->name() + "_axis" + std::to_string(axis) + (last ? "_last" : "");
      const Shape shape{2, 19, 5, 7};
      cases.push_back({name, op, {{.shape = shape}}});
      cases.push_back({name + "_special", op, {{.shape = shape, .fill = Fill::Special}}});
      for (DataType type : {DataType::Int32, DataType::Int8})
        cases.push_back({name + "_" + dataTypeName(type),
                         op,
                         {{.shape = shape, .type = type, .low = -3, .high = 3}}});
    }
}

void addSumCases(CaseList& cases) {
  for (int64_t axis : {0, 1, 2})
    for (int mode = 0; mode < 4; ++mode) {
      auto op = std::make_shared<ops::CumSum>();
      op->axis = axis;
      op->exclusive = mode & 1;
      op->reverse = mode & 2;
      const std::string name =
          "CumSum_axis" + std::to_string(axis) + "_mode" + std::to_string(mode);
      cases.push_back({name, op, {{.shape = {3, 5, 18}}}});
      for (DataType type : {DataType::Float64, DataType::Int32, DataType::Int64})
        cases.push_back({name + "_" + dataTypeName(type),
                         op,
                         {{.shape = {3, 5, 4}, .type = type, .low = -9, .high = 9}}});
      cases.push_back({name + "_empty", op, {{.shape = {3, 0, 4}}}});
    }
}

}  // namespace

CaseList reduceCases() {
  CaseList cases;
  for (int i = 0; i < static_cast<int>(ReduceFn::kCount); ++i)
    addFloatCases(cases, static_cast<ReduceFn>(i));
  for (ReduceFn fn : {ReduceFn::Sum, ReduceFn::Mean, ReduceFn::Max, ReduceFn::Min, ReduceFn::Prod,
                      ReduceFn::L1, ReduceFn::SumSquare})
    addIntegerCases(cases, fn);
  for (ReduceFn fn : {ReduceFn::Max, ReduceFn::Min})
    cases.push_back({named(fn, {1}, "bool"),
                     reduceOf(fn, {1}, true),
                     {{.shape = {6, 3, 2}, .type = DataType::Bool}}});
  addArgCases(cases, true);
  addArgCases(cases, false);
  addSumCases(cases);
  return cases;
}

}  // namespace minnow::optest
