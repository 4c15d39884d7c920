// Normalisations.
#include "ops/batch_normalization.h"
#include "ops/group_normalization.h"
#include "ops/layer_normalization.h"
#include "ops/lp_normalization.h"
#include "ops/lrn.h"
#include "ops/mean_variance_normalization.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

const Shape kImage{2, 24, 5, 7};
const Shape kOddImage{1, 37, 9, 3};

OpInput parameter(Shape shape, float low = -1) { return {.shape = shape, .low = low, .high = 2}; }

void addBatchCases(CaseList& cases) {
  auto op = std::make_shared<ops::BatchNormalization>();
  op->epsilon = 1e-3f;
  const auto add = [&](const std::string& name, Shape x, Shape p, Fill fill = Fill::Random) {
    cases.push_back({"BatchNormalization_" + name,
                     op,
                     {{.shape = x, .fill = fill},
                      parameter(p),
                      parameter(p),
                      parameter(p),
                      parameter(p, 0.01f)}});
  };
  add("image", kImage, {24});
  add("odd", kOddImage, {37});
  add("special", kImage, {24}, Fill::Special);
  add("vector", {3, 21}, {21});
  add("line", {2, 21, 33}, {21});
  add("volume", {2, 5, 3, 4, 5}, {5});
  add("features", {2, 5, 3, 4}, {5, 3, 4});
  add("empty", {0, 5, 3, 4}, {5});
}

void addGroupCases(CaseList& cases) {
  const auto add = [&](const std::string& name, Shape x, int64_t groups, int64_t p,
                       Fill fill = Fill::Random) {
    auto op = std::make_shared<ops::GroupNormalization>();
    op->groups = groups;
    cases.push_back({"GroupNormalization_" + name,
                     op,
                     {{.shape = x, .fill = fill}, parameter({p}), parameter({p})}});
  };
  add("instance", kImage, 24, 24);
  add("instance_odd", kOddImage, 37, 37);
  add("instance_special", kImage, 24, 24, Fill::Special);
  add("instance_line", {2, 21, 33}, 21, 21);
  add("instance_pixel", {2, 21, 1, 1}, 21, 21);
  add("groups", kImage, 4, 24);
  add("groups_narrow", kImage, 4, 4);
  add("groups_thin", kImage, 8, 24);
  add("all", kOddImage, 1, 37);
  add("vector", {3, 24}, 4, 24);
  add("empty", {1, 4, 0, 3}, 2, 4);
  auto doubled = std::make_shared<ops::GroupNormalization>();
  doubled->groups = 3;
  const OpInput each{.shape = {6}, .type = DataType::Float64};
  cases.push_back({"GroupNormalization_float64",
                   doubled,
                   {{.shape = {2, 6, 3, 5}, .type = DataType::Float64}, each, each}});
  auto layer = std::make_shared<ops::LayerNormalization>();
  layer->axis = 1;
  cases.push_back({"LayerNormalization_float64",
                   layer,
                   {{.shape = {4, 6}, .type = DataType::Float64}, each, each}});
  for (int64_t p : {1, 2}) {
    auto lp = std::make_shared<ops::LpNormalization>();
    lp->axis = 1, lp->p = p;
    cases.push_back({"LpNormalization_float64_" + std::to_string(p),
                     lp,
                     {{.shape = {2, 5, 3}, .type = DataType::Float64}}});
  }
  auto variance = std::make_shared<ops::MeanVarianceNormalization>();
  variance->axes = {0, 2};
  cases.push_back({"MeanVarianceNormalization_float64",
                   variance,
                   {{.shape = {2, 5, 3}, .type = DataType::Float64}}});
  add("instance_blocks", {1, 5, 90, 97}, 5, 5);
  add("groups_blocks", {1, 6, 47, 59}, 2, 6);
}

void addLayerCases(CaseList& cases) {
  for (bool centred : {true, false})
    for (int64_t axis = 0; axis < 3; ++axis) {
      auto op = std::make_shared<ops::LayerNormalization>();
      op->axis = axis;
      op->centred = centred;
      const std::string name = op->name() + "_axis" + std::to_string(axis);
      const Shape x{3, 5, 43};
      Shape set;
      for (int i = static_cast<int>(axis); i < 3; ++i) set.push_back(x[i]);
      cases.push_back({name, op, {{.shape = x}, parameter(set), parameter(set)}});
      cases.push_back({name + "_no_bias", op, {{.shape = x}, parameter(set)}});
      cases.push_back({name + "_absent_bias",
                       op,
                       {{.shape = x}, parameter(set), {.shape = {}, .absent = true}}});
      cases.push_back({name + "_broadcast", op, {{.shape = x}, parameter({5, 1}), parameter({1})}});
      cases.push_back({name + "_special",
                       op,
                       {{.shape = x, .fill = Fill::Special}, parameter(set), parameter(set)}});
    }
  auto tokens = std::make_shared<ops::LayerNormalization>();
  tokens->axis = 1;
  cases.push_back({"LayerNormalization_tokens",
                   tokens,
                   {{.shape = {7, 192}}, parameter({192}), parameter({192})}});
}

void addOtherCases(CaseList& cases) {
  for (const auto& axes : {std::vector<int64_t>{0, 2, 3}, {2, 3}, {1}, {3}, {}}) {
    auto op = std::make_shared<ops::MeanVarianceNormalization>();
    op->axes = axes;
    std::string name = "MeanVarianceNormalization_axes";
    for (int64_t axis : axes) name += std::to_string(axis);
    cases.push_back({name, op, {{.shape = kImage}}});
  }
  for (int64_t axis = 0; axis < 4; ++axis)
    for (int64_t p : {1, 2}) {
      auto op = std::make_shared<ops::LpNormalization>();
      op->axis = axis;
      op->p = p;
      const std::string name =
          "LpNormalization_axis" + std::to_string(axis) + "_p" + std::to_string(p);
      cases.push_back({name, op, {{.shape = kImage}}});
      cases.push_back({name + "_zeros", op, {{.shape = kImage, .low = 0, .high = 0}}});
    }
  for (int64_t size : {1, 2, 3, 5, 99}) {
    auto op = std::make_shared<ops::Lrn>();
    op->size = size;
    op->alpha = 0.3f;
    op->bias = 1.5f;
    const std::string name = "LRN_size" + std::to_string(size);
    cases.push_back({name, op, {{.shape = kImage, .low = -3, .high = 3}}});
    cases.push_back({name + "_odd", op, {{.shape = kOddImage, .low = -3, .high = 3}}});
    cases.push_back({name + "_special", op, {{.shape = kImage, .fill = Fill::Special}}});
    cases.push_back({name + "_vector", op, {{.shape = {3, 21}}}});
  }
}

}  // namespace

CaseList normalizationCases() {
  CaseList cases;
  addBatchCases(cases);
  addGroupCases(cases);
  addLayerCases(cases);
  addOtherCases(cases);
  return cases;
}

}  // namespace minnow::optest
