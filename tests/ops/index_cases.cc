// Operators that read, write and choose by index.
#include "ops/depth_space.h"
#include "ops/gather.h"
#include "ops/grid.h"
#include "ops/index_fill.h"
#include "ops/scatter.h"
#include "ops/select.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

template <class Op, class Set>
std::shared_ptr<Op> with(Set&& set) {
  auto op = std::make_shared<Op>();
  set(*op);
  return op;
}

OpInput indices(const Shape& shape, std::vector<double> given, DataType type = DataType::Int64) {
  return {.shape = shape, .type = type, .fill = Fill::Given, .given = std::move(given)};
}

void addGathers(CaseList& cases) {
  const auto along = [](int64_t axis) {
    return with<ops::Gather>([&](auto& op) { op.axis = axis; });
  };
  cases.push_back(
      {"Gather_channels", along(1), {{.shape = {2, 19, 3, 5}}, indices({4}, {0, -1, 7, 7})}});
  cases.push_back({"Gather_rows",
                   along(0),
                   {{.shape = {9, 21}}, indices({2, 2}, {8, 0, 3, -9}, DataType::Int32)}});
  cases.push_back({"Gather_one", along(-1), {{.shape = {2, 3, 4, 5}}, indices({}, {-2})}});
  cases.push_back({"GatherElements",
                   with<ops::GatherElements>([](auto& op) { op.axis = 1; }),
                   {{.shape = {2, 3, 2}}, indices({2, 1, 2}, {0, 2, -1, 1})}});
  cases.push_back({"GatherNd",
                   with<ops::GatherNd>([](auto&) {}),
                   {{.shape = {2, 3, 4}}, indices({2, 2}, {0, -1, 1, 2})}});
  cases.push_back({"GatherNd_batch",
                   with<ops::GatherNd>([](auto& op) { op.batchAxes = 1; }),
                   {{.shape = {2, 3, 4}}, indices({2, 1}, {2, 0})}});
  OpCase outside{"Gather_outside", along(1), {{.shape = {2, 3}}, indices({1}, {3})}};
  outside.fails = true;
  cases.push_back(outside);
}

void addScatters(CaseList& cases) {
  for (int r = 0; r < static_cast<int>(ops::ScatterReduction::kCount); ++r) {
    const auto reduction = static_cast<ops::ScatterReduction>(r);
    for (DataType type : {DataType::Float32, DataType::Int32}) {
      const std::string name = "_" + std::to_string(r) + "_" + dataTypeName(type);
      cases.push_back(
          {"ScatterElements" + name,
           with<ops::ScatterElements>([&](auto& op) { op.axis = 1, op.reduction = reduction; }),
           {{.shape = {2, 5, 3}, .type = type, .low = -9, .high = 9},
            indices({2, 2, 2}, {0, 1, 4, 1, -1, 2, 2, 2}),
            {.shape = {2, 2, 2}, .type = type, .low = -9, .high = 9}}});
      cases.push_back({"ScatterNd" + name,
                       with<ops::ScatterNd>([&](auto& op) { op.reduction = reduction; }),
                       {{.shape = {4, 5, 3}, .type = type, .low = -9, .high = 9},
                        indices({3, 2}, {0, 1, 3, -1, 0, 1}),
                        {.shape = {3, 3}, .type = type, .low = -9, .high = 9}}});
    }
  }
}

void addSelections(CaseList& cases) {
  for (bool largest : {true, false})
    for (int64_t axis : {1, -1})
      cases.push_back(
          {std::string(largest ? "TopK_largest_" : "TopK_smallest_") +
               (axis < 0 ? "last" : "channels"),
           with<ops::TopK>([&](auto& op) { op.axis = axis, op.k = 3, op.largest = largest; }),
           {{.shape = {2, 5, 4, 300}, .fill = Fill::Special}}});
  cases.push_back({"NonZero",
                   with<ops::NonZero>([](auto&) {}),
                   {{.shape = {2, 3, 3},
                     .fill = Fill::Given,
                     .given = {1, 0, 0, 2, 0, 0, -1, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 1}}}});
  cases.push_back({"Compress_flat",
                   with<ops::Compress>([](auto&) {}),
                   {{.shape = {3, 2}}, indices({5}, {0, 1, 0, 1, 1}, DataType::Bool)}});
  cases.push_back({"Compress_axis",
                   with<ops::Compress>([](auto& op) { op.axis = 1, op.flat = false; }),
                   {{.shape = {1, 3, 4, 2}}, indices({3}, {0, 1, 1}, DataType::Bool)}});
  for (bool centred : {false, true})
    cases.push_back(
        {centred ? "NonMaxSuppression_centred" : "NonMaxSuppression_corners",
         with<ops::NonMaxSuppression>([&](auto& op) {
           op.mostPerClass = 5, op.iouThreshold = 0.3f, op.scoreThreshold = 0.2f;
           op.hasScoreThreshold = true, op.centred = centred;
         }),
         {{.shape = {2, 40, 4}, .low = 0, .high = 1}, {.shape = {2, 3, 40}, .low = 0, .high = 1}}});
  const OpInput boxes{.shape = {1, 40, 4}, .low = 0, .high = 1};
  const auto limit = [](float value) {
    return OpInput{.shape = {1}, .fill = Fill::Given, .given = {value}};
  };
  cases.push_back({"NonMaxSuppression_limits_are_inputs",
                   with<ops::NonMaxSuppression>([](auto&) {}),
                   {boxes,
                    {.shape = {1, 3, 40}, .low = 0, .high = 1},
                    indices({1}, {4}),
                    limit(0.3f),
                    limit(0.2f)}});
  cases.push_back(
      {"NonMaxSuppression_no_threshold",
       with<ops::NonMaxSuppression>([](auto& op) { op.mostPerClass = 40, op.iouThreshold = 0.3f; }),
       {boxes, {.shape = {1, 2, 40}, .fill = Fill::Special}}});
}

void addFills(CaseList& cases) {
  cases.push_back({"OneHot",
                   with<ops::OneHot>([](auto& op) { op.axis = 1, op.depth = 4; }),
                   {indices({2, 3}, {0, 3, -1, 9, -5, 1}), {.shape = {2}}}});
  cases.push_back(
      {"Trilu_upper", with<ops::Trilu>([](auto& op) { op.diagonal = 1; }), {{.shape = {2, 5, 4}}}});
  cases.push_back({"Trilu_lower",
                   with<ops::Trilu>([](auto& op) { op.upper = false; }),
                   {{.shape = {3, 1, 4, 5}, .type = DataType::Int64}}});
  cases.push_back({"ReverseSequence",
                   with<ops::ReverseSequence>([](auto&) {}),
                   {{.shape = {4, 3, 5}}, indices({3}, {4, 1, 0})}});
  for (auto order : {ops::DepthOrder::DepthFirst, ops::DepthOrder::ColumnFirst})
    for (DataType type : {DataType::Float32, DataType::Uint8})
      cases.push_back(
          {"DepthToSpace_" + std::to_string(static_cast<int>(order)) + dataTypeName(type),
           with<ops::DepthToSpace>([&](auto& op) { op.block = 2, op.order = order; }),
           {{.shape = {2, 36, 5, 7}, .type = type, .fill = Fill::Sequence}}});
  cases.push_back({"SpaceToDepth",
                   with<ops::SpaceToDepth>([](auto& op) { op.block = 2; }),
                   {{.shape = {2, 3, 4, 6}}}});
  cases.push_back({"SpaceToDepth_column_first",
                   with<ops::SpaceToDepth>(
                       [](auto& op) { op.block = 2, op.order = ops::DepthOrder::ColumnFirst; }),
                   {{.shape = {2, 3, 4, 6}}}});
}

void addGrids(CaseList& cases) {
  for (int mode = 0; mode < 3; ++mode)
    for (int padding = 0; padding < 3; ++padding)
      for (bool align : {false, true})
        cases.push_back({"GridSample_" + std::to_string(mode) + std::to_string(padding) +
                             (align ? "_aligned" : ""),
                         with<ops::GridSample>([&](auto& op) {
                           op.mode = static_cast<ops::ResizeMode>(mode);
                           op.padding = static_cast<ops::GridPadding>(padding);
                           op.alignCorners = align;
                         }),
                         {{.shape = {2, 3, 5, 4}}, {.shape = {2, 6, 3, 2}, .low = -2, .high = 2}}});
  cases.push_back({"AffineGrid_2d",
                   with<ops::AffineGrid>([](auto& op) { op.size = {2, 3, 4, 5}; }),
                   {{.shape = {2, 2, 3}}}});
  cases.push_back(
      {"AffineGrid_3d",
       with<ops::AffineGrid>([](auto& op) { op.size = {1, 3, 4, 5, 2}, op.alignCorners = true; }),
       {{.shape = {1, 3, 4}}}});
  cases.push_back({"Col2Im",
                   with<ops::Col2Im>([](auto& op) {
                     op.image = {5, 6}, op.kernel = {2, 3}, op.strides = {1, 2};
                     op.dilations = {2, 1}, op.padsBegin = {1, 0}, op.padsEnd = {0, 1};
                   }),
                   {{.shape = {2, 18, 12}}}});
}

}  // namespace

CaseList indexCases() {
  CaseList cases;
  addGathers(cases);
  addScatters(cases);
  addSelections(cases);
  addFills(cases);
  addGrids(cases);
  return cases;
}

}  // namespace minnow::optest
