// Where and Cast: element sizes, broadcasting, and every pair of types.
#include "ops/where.h"

#include "ops/cast.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

constexpr DataType kTypes[] = {DataType::Float32, DataType::Float16, DataType::Float64,
                               DataType::Uint8,   DataType::Int8,    DataType::Uint16,
                               DataType::Int16,   DataType::Int32,   DataType::Int64,
                               DataType::Uint32,  DataType::Uint64,  DataType::Bool};

}  // namespace

CaseList whereCases() {
  CaseList cases;
  const auto op = std::make_shared<ops::Where>();
  const auto add = [&](const char* name, DataType type, Shape c, Shape a, Shape b) {
    cases.push_back({text("Where_", name, "_", dataTypeName(type)),
                     op,
                     {{.shape = c, .type = DataType::Bool},
                      {.shape = a, .type = type, .low = -9, .high = 9},
                      {.shape = b, .type = type, .low = -9, .high = 9}}});
  };
  for (DataType type : kTypes) {
    add("same", type, {2, 5, 4, 3}, {2, 5, 4, 3}, {2, 5, 4, 3});
    add("broadcast", type, {5, 1, 3}, {2, 1, 4, 1}, {});
  }
  add("mask", DataType::Float32, {1, 1, 19, 20}, {2, 21, 19, 20}, {1});
  return cases;
}

CaseList castCases() {
  CaseList cases;
  for (DataType from : kTypes)
    for (DataType to : kTypes) {
      auto op = std::make_shared<ops::Cast>();
      op->to = to;
      const std::string name = text("Cast_", dataTypeName(from), "_", dataTypeName(to));
      cases.push_back(
          {name, op, {{.shape = {2, 9, 3, 4}, .type = from, .low = -300, .high = 300}}});
      if (from == DataType::Float32 || from == DataType::Float16)
        cases.push_back(
            {name + "_special", op, {{.shape = {200}, .type = from, .fill = Fill::Special}}});
    }
  return cases;
}

}  // namespace minnow::optest
