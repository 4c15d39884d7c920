// Operators that move elements: every kind on the element sizes it must carry.
#include "ops/concat.h"
#include "ops/expand.h"
#include "ops/pad.h"
#include "ops/relayout.h"
#include "ops/reshape.h"
#include "ops/shape_of.h"
#include "ops/slice.h"
#include "ops/split.h"
#include "ops/transpose.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

template <class Op, class Set>
std::shared_ptr<Op> with(Set&& set) {
  auto op = std::make_shared<Op>();
  set(*op);
  return op;
}

constexpr DataType kSizes[] = {DataType::Uint8, DataType::Float16, DataType::Float32,
                               DataType::Int64};

void add(CaseList& cases, const std::string& name, const std::shared_ptr<const ops::Operator>& op,
         const std::vector<Shape>& shapes) {
  for (DataType type : kSizes) {
    OpCase one{name + "_" + dataTypeName(type), op, {}};
    for (const Shape& shape : shapes)
      one.inputs.push_back({.shape = shape, .type = type, .fill = Fill::Sequence});
    cases.push_back(one);
  }
}

void addShapes(CaseList& cases) {
  add(cases, "Reshape_rows", with<ops::Reshape>([](auto& op) { op.shape = {0, -1}; }),
      {{2, 19, 5, 7}});
  add(cases, "Reshape_groups", with<ops::Reshape>([](auto& op) { op.shape = {1, 2, 9, 5, 7}; }),
      {{1, 18, 5, 7}});
  add(cases, "Flatten", with<ops::Flatten>([](auto& op) { op.axis = 1; }), {{2, 3, 17, 6}});
  add(cases, "Squeeze", with<ops::Squeeze>([](auto& op) { op.axes = {-1}; }), {{2, 20, 9, 1}});
  add(cases, "Unsqueeze", with<ops::Unsqueeze>([](auto& op) { op.axes = {0, -1}; }), {{20, 9, 3}});
  add(cases, "Transpose_0231", with<ops::Transpose>([](auto& op) { op.perm = {0, 2, 3, 1}; }),
      {{2, 19, 13, 7}});
  add(cases, "Transpose_0312", with<ops::Transpose>([](auto& op) { op.perm = {0, 3, 1, 2}; }),
      {{1, 33, 20, 3}});
  add(cases, "Transpose_shuffle", with<ops::Transpose>([](auto& op) { op.perm = {0, 2, 1, 3, 4}; }),
      {{1, 2, 18, 4, 5}});
  for (auto order : {ops::StorageOrder::Plain, ops::StorageOrder::ChannelsLast})
    for (int64_t channels : {3, 16, 65})
      add(cases,
          "Relayout_" + std::to_string(static_cast<int>(order)) + "_" + std::to_string(channels),
          with<ops::Relayout>([&](auto& op) { op.order = order; }), {{2, channels, 19, 37}});
  cases.push_back(
      {"Relayout_bytes",
       with<ops::Relayout>([](auto& op) { op.order = ops::StorageOrder::ChannelsLast; }),
       {{.shape = {2, 3, 19, 37}, .type = DataType::Uint8, .fill = Fill::Sequence}}});
  add(cases, "Expand", with<ops::Expand>([](auto& op) { op.shape = {2, 1, 5, 17}; }),
      {{18, 1, 17}});
  add(cases, "Tile", with<ops::Tile>([](auto& op) { op.repeats = {1, 2, 3, 4}; }), {{2, 9, 1, 5}});
}

void addParts(CaseList& cases) {
  add(cases, "Slice_focus", with<ops::Slice>([](auto& op) {
        op.starts = {0, 1}, op.ends = {INT64_MAX, INT64_MAX}, op.axes = {2, 3}, op.steps = {2, 2};
      }),
      {{1, 19, 12, 10}});
  add(cases, "Slice_backwards", with<ops::Slice>([](auto& op) {
        op.starts = {-1, 15}, op.ends = {INT64_MIN, 2}, op.axes = {-1, 1}, op.steps = {-1, -3};
      }),
      {{1, 19, 4, 10}});
  add(cases, "Concat_channels", with<ops::Concat>([](auto& op) { op.axis = 1; }),
      {{2, 16, 5, 7}, {2, 3, 5, 7}, {2, 24, 5, 7}});
  add(cases, "Concat_pairs", with<ops::Concat>([](auto& op) { op.axis = -1; }),
      {{2, 70, 2}, {2, 70, 3}, {2, 70, 1}});
  add(cases, "Concat_rows", with<ops::Concat>([](auto& op) { op.axis = -1; }),
      {{1, 5, 4, 7}, {1, 5, 4, 0}, {1, 5, 4, 9}});
  add(cases, "Split_sizes", with<ops::Split>([](auto& op) { op.axis = 1, op.sizes = {16, 0, 4}; }),
      {{2, 20, 5, 7}});
  add(cases, "Split_parts", with<ops::Split>([](auto& op) { op.axis = 1, op.parts = 3; }),
      {{2, 20, 5, 7}});
  for (int mode = 0; mode < static_cast<int>(ops::PadMode::kCount); ++mode)
    add(cases, "Pad_" + std::to_string(mode), with<ops::Pad>([&](auto& op) {
          op.mode = static_cast<ops::PadMode>(mode);
          op.padsBegin = {0, 0, 2, -1}, op.padsEnd = {0, 1, 3, 9};
        }),
        {{2, 17, 5, 6}});
}

}  // namespace

CaseList movementCases() {
  CaseList cases;
  add(cases, "ShapeOf", with<ops::ShapeOf>([](auto&) {}), {{2, 17, 0, 6}});
  add(cases, "ShapeOf_part", with<ops::ShapeOf>([](auto& op) { op.start = -3, op.end = -1; }),
      {{2, 17, 5, 6}});
  addShapes(cases);
  addParts(cases);
  return cases;
}

}  // namespace minnow::optest
