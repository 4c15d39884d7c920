// Operators that few convolutional networks use: Einsum, DeformConv, RoiAlign.
#include "ops/deform_conv.h"
#include "ops/einsum.h"
#include "ops/roi_align.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

void addEinsum(CaseList& cases) {
  const struct {
    const char *name, *equation;
    std::vector<Shape> shapes;
  } rows[] = {
      {"matmul", "bij,bjk->bik", {{2, 3, 4}, {2, 4, 5}}},
      {"transpose", "ij->ji", {{3, 4}}},
      {"implicit", "ba", {{3, 4}}},
      {"trace", "ii", {{4, 4}}},
      {"diagonal", "...ii->...i", {{2, 4, 4}}},
      {"inner", "i,i", {{5}, {5}}},
      {"three", "ij,jk,kl->il", {{2, 3}, {3, 4}, {4, 5}}},
      {"broadcast", "...ij,...jk", {{2, 1, 3, 4}, {5, 4, 2}}},
      {"scalar", "->", {{}}},
      {"attention", "nhwc,nhwkc->nhwk", {{1, 2, 3, 8}, {1, 2, 3, 4, 8}}},
  };
  for (const auto& row : rows)
    for (DataType type : {DataType::Float32, DataType::Float64, DataType::Int64}) {
      auto op = std::make_shared<ops::Einsum>();
      op->equation = row.equation;
      OpCase one{text("Einsum_", row.name, "_", type), op, {}};
      for (const Shape& shape : row.shapes)
        one.inputs.push_back({.shape = shape, .type = type, .low = -4, .high = 4});
      cases.push_back(one);
    }
}

void addDeformConv(CaseList& cases) {
  auto op = std::make_shared<ops::DeformConv>();
  op->strides = {1, 2};
  op->dilations = {2, 1};
  op->padsBegin = {1, 0};
  op->padsEnd = {1, 1};
  op->groups = 2;
  op->offsetGroups = 3;
  const OpInput x{.shape = {2, 6, 7, 8}}, w{.shape = {4, 3, 3, 2}};
  const OpInput offsets{.shape = {2, 36, 5, 4}, .low = -3, .high = 3};
  cases.push_back({"DeformConv", op, {x, w, offsets}});
  cases.push_back(
      {"DeformConv_mask", op, {x, w, offsets, {.shape = {4}}, {.shape = {2, 18, 5, 4}}}});
}

void addRoiAlign(CaseList& cases) {
  const OpInput x{.shape = {2, 3, 9, 8}};
  const OpInput rois{
      .shape = {3, 4}, .fill = Fill::Given, .given = {0, 0, 9, 9, 2, 3, 3.5, 12, -4, 5, 6, 5.5}};
  const OpInput images{
      .shape = {3}, .type = DataType::Int64, .fill = Fill::Given, .given = {0, 1, 1}};
  for (auto mode : {ops::RoiAlignMode::Average, ops::RoiAlignMode::Max})
    for (bool halfPixel : {false, true})
      for (int64_t ratio : {0, 2}) {
        auto op = std::make_shared<ops::RoiAlign>();
        op->mode = mode;
        op->halfPixel = halfPixel;
        op->samplingRatio = ratio;
        op->outputHeight = 3;
        op->outputWidth = 4;
        op->spatialScale = 0.75f;
        const bool average = mode == ops::RoiAlignMode::Average;
        cases.push_back(
            {text("RoiAlign_", average ? "average" : "max", halfPixel ? "_half" : "", "_", ratio),
             op,
             {x, rois, images}});
      }
  OpCase wrong = cases.back();
  wrong.name = "RoiAlign_wrong_image";
  wrong.inputs[2].given = {0, 2, 1};
  wrong.fails = true;
  cases.push_back(wrong);
}

}  // namespace

CaseList rareCases() {
  CaseList cases;
  addEinsum(cases);
  addDeformConv(cases);
  addRoiAlign(cases);
  return cases;
}

}  // namespace minnow::optest
