// Determinants: sizes, batches, rows that have to change places, matrices without an inverse.
#include "ops/det.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

void addNumbers(CaseList& cases) {
  const struct {
    const char* name;
    Shape shape;
  } rows[] = {
      {"1", {1, 1}},       {"2", {2, 2}},        {"3", {3, 3}},
      {"17", {17, 17}},    {"batch", {5, 3, 3}}, {"batches", {2, 3, 4, 4}},
      {"none", {0, 3, 3}}, {"empty", {2, 0, 0}}, {"images", {2, 3, 4, 5, 2, 2}},
  };
  for (const auto& row : rows)
    for (DataType type : {DataType::Float32, DataType::Float64})
      cases.push_back({text("Det_", row.name, "_", type),
                       std::make_shared<ops::Det>(),
                       {{.shape = row.shape, .type = type, .low = -4, .high = 4}}});
}

void addGiven(CaseList& cases) {
  const struct {
    const char* name;
    std::vector<double> elements;
  } rows[] = {
      {"exchanged", {0, 1, 2, 3, 0, 1, 1, 1, 0}},
      {"singular", {1, 2, 3, 2, 4, 6, 5, 5, 5}},
      {"zero_column", {0, 2, 3, 0, 4, 6, 0, 5, 5}},
      {"huge", {1e30, 2e30, 0, 3e30, 1e30, 0, 0, 0, 1e-30}},
  };
  for (const auto& row : rows)
    cases.push_back({text("Det_", row.name),
                     std::make_shared<ops::Det>(),
                     {{.shape = {3, 3}, .fill = Fill::Given, .given = row.elements}}});
}

}  // namespace

CaseList detCases() {
  CaseList cases;
  addNumbers(cases);
  addGiven(cases);
  return cases;
}

}  // namespace minnow::optest
