// Pooling: windows of every kind, and the shapes for which there are fast kernels.
#include "ops/max_unpool.h"
#include "ops/pool.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

using ops::PoolFn;

struct Row {
  const char* name;
  Shape x;
  std::vector<int64_t> kernel, strides, padsBegin, padsEnd, dilations = {};
  bool ceilMode = false, countIncludePad = false;
  ops::AutoPad autoPad = ops::AutoPad::None;
};

const Row kRows[] = {
    {"2x2s2", {2, 19, 12, 10}, {2, 2}, {2, 2}, {0, 0}, {0, 0}},
    {"2x2s2_even", {1, 32, 8, 16}, {2, 2}, {2, 2}, {0, 0}, {0, 0}},
    {"2x2s2_odd", {1, 65, 7, 9}, {2, 2}, {2, 2}, {0, 0}, {0, 0}},
    {"2x2s2_ceil", {1, 20, 7, 9}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, {}, true},
    {"3x3s1_same", {1, 33, 9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {"3x3s2", {2, 24, 15, 13}, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
    {"3x3s2_valid", {1, 48, 15, 17}, {3, 3}, {2, 2}, {0, 0}, {0, 0}},
    {"3x3s2_ceil", {1, 7, 14, 16}, {3, 3}, {2, 2}, {0, 0}, {0, 0}, {}, true},
    {"3x2", {1, 40, 9, 8}, {3, 2}, {3, 2}, {0, 0}, {0, 0}},
    {"5x5s1_same", {1, 17, 6, 7}, {5, 5}, {1, 1}, {2, 2}, {2, 2}},
    {"13x13s1_same", {1, 18, 13, 13}, {13, 13}, {1, 1}, {6, 6}, {6, 6}},
    {"counted", {1, 21, 8, 9}, {3, 3}, {2, 2}, {1, 0}, {2, 1}, {}, false, true},
    {"counted_ceil", {1, 21, 8, 9}, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {}, true, true},
    {"ceil_last_on_pad", {1, 3, 2, 2}, {1, 1}, {3, 3}, {0, 0}, {1, 1}, {}, true, true},
    {"ceil_beyond_image", {1, 18, 2, 3}, {3, 5}, {2, 3}, {0, 0}, {0, 0}, {}, true},
    {"ceil_beyond_padded", {1, 5, 1, 2}, {5, 3}, {3, 3}, {1, 0}, {1, 0}, {}, true, true},
    {"ceil_dilated_beyond", {1, 20, 3, 4}, {2, 3}, {2, 3}, {0, 1}, {0, 0}, {3, 3}, true},
    {.name = "same_upper",
     .x = {1, 21, 10, 9},
     .kernel = {3, 4},
     .strides = {2, 2},
     .padsBegin = {0, 0},
     .padsEnd = {0, 0},
     .autoPad = ops::AutoPad::SameUpper},
    {.name = "same_lower_counted",
     .x = {1, 21, 10, 9},
     .kernel = {4, 2},
     .strides = {3, 2},
     .padsBegin = {0, 0},
     .padsEnd = {0, 0},
     .dilations = {1, 2},
     .countIncludePad = true,
     .autoPad = ops::AutoPad::SameLower},
    {"dilated", {1, 18, 11, 12}, {3, 2}, {1, 2}, {2, 1}, {1, 2}, {2, 3}},
    {"pads_only", {1, 4, 1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"shared", {1, 64, 20, 24}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {"1d", {2, 18, 23}, {3}, {2}, {1}, {0}},
    {"3d", {1, 17, 5, 6, 7}, {2, 3, 2}, {2, 1, 2}, {0, 1, 0}, {1, 1, 0}},
    {"3d_2x2x2s2", {2, 19, 4, 5, 6}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}},
    {"3d_counted", {1, 33, 4, 5, 9}, {3, 3, 3}, {2, 1, 2}, {1, 1, 1}, {1, 0, 1}, {}, true, true},
    {"3d_many_rows", {1, 5, 24, 23, 3}, {24, 23, 3}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}},
    {"3d_shared", {1, 40, 6, 12, 14}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
    {"3d_dilated", {1, 2, 7, 7, 7}, {2, 2, 2}, {1, 2, 3}, {1, 0, 1}, {0, 1, 1}, {2, 2, 3}, true},
};

std::shared_ptr<ops::Pool> poolOf(const Row& row, PoolFn fn) {
  auto op = std::make_shared<ops::Pool>();
  op->fn = fn;
  op->kernel = row.kernel;
  op->strides = row.strides;
  op->padsBegin = row.padsBegin;
  op->padsEnd = row.padsEnd;
  op->dilations = row.dilations;
  if (op->dilations.empty()) op->dilations.assign(row.kernel.size(), 1);
  op->ceilMode = row.ceilMode;
  op->countIncludePad = row.countIncludePad;
  op->autoPad = row.autoPad;
  return op;
}

void addGlobal(CaseList& cases) {
  for (auto [fn, name] : {std::pair{PoolFn::Max, "GlobalMaxPool"},
                          {PoolFn::Average, "GlobalAveragePool"},
                          {PoolFn::Lp, "GlobalLpPool"}})
    for (const Shape& x :
         {Shape{2, 19, 7, 7}, {1, 320, 5, 3}, {1, 4, 1, 1}, {1, 16, 200}, {3, 33, 4, 2, 5}}) {
      auto op = std::make_shared<ops::Pool>();
      op->fn = fn;
      op->global = true;
      cases.push_back({text(name, "_", x), op, {{.shape = x, .low = -4, .high = 4}}});
    }
}

/// More columns or rows than a block of a sum has.
void addBlocks(CaseList& cases) {
  for (auto [fn, name] : {std::pair{PoolFn::Max, "GlobalMaxPool_blocks"},
                          {PoolFn::Average, "GlobalAveragePool_blocks"},
                          {PoolFn::Lp, "GlobalLpPool_blocks"}})
    for (const Shape& x : {Shape{1, 21, 2, 513}, {1, 3, 600, 2}, {1, 5, 1100}, {1, 2, 3, 270, 5}}) {
      auto op = std::make_shared<ops::Pool>();
      op->fn = fn;
      op->global = true;
      cases.push_back({text(name, x), op, {{.shape = x, .low = 0.5f}}});
    }
}

void addIndices(CaseList& cases) {
  for (const Row& row : kRows)
    for (bool columnMajor : {false, true}) {
      auto op = poolOf(row, PoolFn::Max);
      op->indices = true;
      op->columnMajor = columnMajor;
      cases.push_back({text("MaxPool_indices_", row.name, columnMajor ? "_columns" : ""),
                       op,
                       {{.shape = row.x}}});
    }
}

}  // namespace

CaseList poolCases() {
  CaseList cases;
  for (const Row& row : kRows) {
    for (auto [fn, name] : {std::pair{PoolFn::Max, "MaxPool_"},
                            {PoolFn::Average, "AveragePool_"},
                            {PoolFn::Lp, "LpPool_"}})
      cases.push_back({text(name, row.name), poolOf(row, fn), {{.shape = row.x}}});
    cases.push_back({text("MaxPool_special_", row.name),
                     poolOf(row, PoolFn::Max),
                     {{.shape = row.x, .fill = Fill::Special}}});
    cases.push_back({text("MaxPool_uint8_", row.name),
                     poolOf(row, PoolFn::Max),
                     {{.shape = row.x, .type = DataType::Uint8, .low = 0, .high = 255}}});
  }
  auto cubic = poolOf(kRows[5], PoolFn::Lp);
  cubic->p = 3;
  cases.push_back({"LpPool_cubic", cubic, {{.shape = kRows[5].x}}});
  auto sum = poolOf(kRows[5], PoolFn::Lp);
  sum->p = 1;
  cases.push_back({"LpPool_sum", sum, {{.shape = kRows[5].x}}});
  addGlobal(cases);
  addBlocks(cases);
  addIndices(cases);
  return cases;
}

CaseList maxUnpoolCases() {
  auto op = std::make_shared<ops::MaxUnpool>();
  op->kernel = op->strides = {2, 2};
  op->padsBegin = op->padsEnd = {0, 0};
  const Shape x{1, 2, 2, 2};
  const OpInput indices{.shape = x,
                        .type = DataType::Int64,
                        .fill = Fill::Given,
                        .given = {5, 7, 13, 15, 16, 18, 24, 31}};
  OpInput wrong = indices;
  wrong.given[3] = 32;
  auto larger = std::make_shared<ops::MaxUnpool>(*op);
  larger->outputShape = {1, 2, 5, 6};
  return {{"MaxUnpool", op, {{.shape = x}, indices}},
          {"MaxUnpool_larger", larger, {{.shape = x}, indices}},
          {"MaxUnpool_wrong_index", op, {{.shape = x}, wrong}, true}};
}

}  // namespace minnow::optest
