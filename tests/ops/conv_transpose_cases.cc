// Transposed convolution: every attribute, and the shapes for which there is a fast kernel.
#include "ops/conv_transpose.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

struct Row {
  const char* name;
  Shape x, w;
  std::vector<int64_t> strides, padsBegin = {}, padsEnd = {}, dilations = {}, outputPadding = {};
  int64_t groups = 1;
  ops::AutoPad autoPad = ops::AutoPad::None;
  std::vector<int64_t> outputShape = {};
};

const Row kRows[] = {
    {"2x2s2", {1, 24, 5, 7}, {24, 18, 2, 2}, {2, 2}},
    {"2x2s2_narrow", {2, 16, 3, 20}, {16, 2, 2, 2}, {2, 2}},
    {"2x2s2_wide", {1, 33, 4, 9}, {33, 64, 2, 2}, {2, 2}},
    {"2x3s2x3", {1, 8, 4, 5}, {8, 21, 2, 3}, {2, 3}},
    {"4x4s4", {1, 5, 3, 3}, {5, 6, 4, 4}, {4, 4}},
    {"1x1s2", {1, 8, 4, 5}, {8, 20, 1, 1}, {2, 2}},
    {"3x3s1", {1, 9, 5, 6}, {9, 20, 3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {"3x3s2", {1, 12, 5, 6}, {12, 17, 3, 3}, {2, 2}, {1, 1}, {1, 1}, {}, {1, 1}},
    {"4x4s2", {1, 20, 6, 5}, {20, 36, 4, 4}, {2, 2}, {1, 1}, {1, 1}},
    {"5x5s3_asymmetric", {1, 3, 4, 5}, {3, 7, 5, 5}, {3, 2}, {0, 1}, {2, 1}},
    {"dilated", {1, 6, 5, 5}, {6, 9, 3, 3}, {2, 1}, {1, 0}, {0, 1}, {2, 3}},
    {"beyond", {1, 4, 3, 3}, {4, 5, 2, 2}, {2, 2}, {0, 0}, {0, 0}, {}, {3, 5}},
    {"groups", {1, 12, 5, 4}, {12, 6, 3, 3}, {2, 2}, {1, 1}, {1, 1}, {}, {}, 3},
    {"groups_2x2s2", {1, 32, 5, 4}, {32, 16, 2, 2}, {2, 2}, {}, {}, {}, {}, 2},
    {"depthwise", {1, 20, 6, 5}, {20, 1, 4, 4}, {2, 2}, {1, 1}, {1, 1}, {}, {}, 20},
    {.name = "same_upper",
     .x = {1, 12, 5, 6},
     .w = {12, 17, 3, 4},
     .strides = {2, 1},
     .autoPad = ops::AutoPad::SameUpper},
    {.name = "same_lower_short_kernel",
     .x = {1, 8, 4, 5},
     .w = {8, 20, 2, 1},
     .strides = {3, 2},
     .autoPad = ops::AutoPad::SameLower},
    {.name = "output_shape",
     .x = {1, 8, 4, 5},
     .w = {8, 20, 4, 3},
     .strides = {2, 2},
     .outputPadding = {1, 0},
     .autoPad = ops::AutoPad::SameLower,
     .outputShape = {7, 13}},
    {"1d", {2, 6, 9}, {6, 18, 3}, {2}, {1}, {0}},
    {"3d", {1, 5, 3, 4, 3}, {5, 18, 2, 3, 2}, {2, 1, 2}, {0, 1, 0}, {1, 0, 1}},
    {"3d_2x2x2s2", {2, 24, 3, 4, 5}, {24, 36, 2, 2, 2}, {2, 2, 2}},
    {"3d_planes", {1, 6, 5, 3, 4}, {6, 18, 4, 1, 1}, {2, 1, 1}, {1, 0, 0}, {1, 0, 0}},
    {"3d_groups",
     {1, 6, 3, 4, 3},
     {6, 9, 3, 3, 3},
     {1, 2, 3},
     {1, 1, 0},
     {1, 0, 1},
     {2, 1, 1},
     {},
     2},
};

std::vector<int64_t> orAll(std::vector<int64_t> list, size_t count, int64_t otherwise) {
  if (list.empty()) list.assign(count, otherwise);
  return list;
}

}  // namespace

CaseList convTransposeCases() {
  CaseList cases;
  for (const Row& row : kRows) {
    auto op = std::make_shared<ops::ConvTranspose>();
    const size_t spatial = row.strides.size();
    op->kernel.assign(row.w.begin() + 2, row.w.end());
    op->strides = row.strides;
    op->dilations = orAll(row.dilations, spatial, 1);
    op->padsBegin = orAll(row.padsBegin, spatial, 0);
    op->padsEnd = orAll(row.padsEnd, spatial, 0);
    op->outputPadding = orAll(row.outputPadding, spatial, 0);
    op->groups = row.groups;
    op->autoPad = row.autoPad;
    op->outputShape = row.outputShape;
    const OpInput x{.shape = row.x}, w{.shape = row.w, .weights = true};
    cases.push_back({text("ConvTranspose_", row.name), op, {x, w}});
    auto fused = std::make_shared<ops::ConvTranspose>(*op);
    fused->epilogue = {ops::UnaryFn::HardSwish, 0, 0};
    cases.push_back({text("ConvTranspose_biased_", row.name),
                     fused,
                     {x, w, {.shape = {row.w[1] * row.groups}}}});
  }
  return cases;
}

}  // namespace minnow::optest
