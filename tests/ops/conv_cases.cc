// Convolutions: every remainder of channels and pixels, borders, strides, dilations, groups,
// depthwise, epilogues, one and three spatial axes.
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "ops/conv.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

struct Row {
  const char* name;
  Shape x;
  int64_t outputs;
  std::vector<int64_t> kernel;
  std::vector<int64_t> strides = {1, 1}, dilations = {1, 1};
  std::vector<int64_t> padsBegin = {0, 0}, padsEnd = {0, 0};
  int64_t groups = 1;
  ops::UnaryFn fn = ops::UnaryFn::Identity;
  bool bias = true;
  ops::AutoPad autoPad = ops::AutoPad::None;
  bool winograd = false;
  float low = 0.25f, high = 0.75f;  ///< bounds of Clip
};

OpCase caseOf(const Row& row, const std::string& suffix = "") {
  auto op = std::make_shared<ops::Conv>();
  op->kernel = row.kernel;
  op->strides = row.strides;
  op->dilations = row.dilations;
  op->padsBegin = row.padsBegin;
  op->padsEnd = row.padsEnd;
  op->autoPad = row.autoPad;
  op->groups = row.groups;
  op->winograd = row.winograd;
  op->epilogue = {row.fn, row.fn == ops::UnaryFn::LeakyRelu ? 0.1f : row.low, row.high};
  if (row.fn == ops::UnaryFn::Swish) op->epilogue.alpha = 1.0f;
  Shape w{row.outputs, row.x[1] / row.groups};
  for (int64_t k : row.kernel) w.push_back(k);
  return {"Conv_" + std::string(row.name) + suffix,
          op,
          {{.shape = row.x},
           {.shape = w, .weights = true},
           {.shape = {row.outputs}, .absent = !row.bias}}};
}

const std::vector<Row> kRows = {
    {"pointwise", {1, 19, 5, 9}, 40, {1, 1}},
    {"pointwise_batch", {3, 8, 4, 4}, 32, {1, 1}},
    {"pointwise_strided", {1, 12, 7, 10}, 24, {1, 1}, {2, 2}},
    {"pointwise_padded", {1, 5, 4, 6}, 20, {1, 1}, {1, 1}, {1, 1}, {1, 2}, {0, 1}},
    {"pointwise_wide", {1, 3, 40, 50}, 16, {1, 1}},
    {"no_bias",
     {1, 7, 6, 6},
     33,
     {3, 3},
     {1, 1},
     {1, 1},
     {1, 1},
     {1, 1},
     1,
     ops::UnaryFn::Identity,
     false},
    {"same_3x3", {1, 16, 9, 11}, 32, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"same_3x3_batch", {2, 6, 5, 7}, 48, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"valid_3x3", {1, 5, 8, 9}, 12, {3, 3}},
    {"first_layer", {1, 3, 20, 30}, 16, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}},
    {"first_layer_7x7", {1, 3, 23, 31}, 64, {7, 7}, {2, 2}, {1, 1}, {3, 3}, {3, 3}},
    {"first_layer_4_channels", {1, 4, 12, 12}, 24, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {1, 1}},
    {"one_channel", {1, 1, 12, 13}, 20, {5, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}},
    {"uneven_pads", {1, 6, 7, 5}, 17, {3, 2}, {2, 1}, {1, 1}, {2, 0}, {0, 1}},
    {"kernel_wider_than_image", {1, 4, 3, 2}, 8, {3, 5}, {1, 1}, {1, 1}, {1, 3}, {1, 3}},
    {"row_kernel", {1, 9, 4, 17}, 36, {1, 7}, {1, 1}, {1, 1}, {0, 3}, {0, 3}},
    {"column_kernel", {1, 9, 17, 4}, 36, {7, 1}, {1, 1}, {1, 1}, {3, 0}, {3, 0}},
    {"stride_beyond_kernel", {1, 5, 11, 13}, 16, {2, 2}, {3, 4}},
    {"dilated", {1, 6, 13, 15}, 20, {3, 3}, {1, 1}, {2, 3}, {2, 3}, {2, 3}},
    {"dilated_beyond_image", {1, 6, 5, 5}, 20, {3, 3}, {1, 1}, {6, 6}, {6, 6}, {6, 6}},
    {"dilated_staged", {1, 20, 9, 24}, 36, {3, 3}, {1, 1}, {8, 9}, {8, 9}, {8, 9}, 2},
    {.name = "dilated_far_no_bias",
     .x = {1, 18, 14, 30},
     .outputs = 20,
     .kernel = {3, 3},
     .dilations = {12, 13},
     .padsBegin = {12, 13},
     .padsEnd = {12, 13},
     .bias = false},
    {"dilated_far", {1, 70, 20, 20}, 8, {3, 3}, {1, 1}, {12, 12}, {12, 12}, {12, 12}},
    {"dilated_far_strided", {1, 90, 20, 19}, 8, {3, 3}, {2, 3}, {12, 11}, {12, 11}, {12, 11}},
    {"padding_only_taps", {1, 3, 2, 2}, 4, {3, 3}, {2, 2}, {1, 1}, {4, 4}, {4, 4}},
    {"groups", {1, 12, 6, 7}, 24, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 3},
    {"groups_odd", {1, 15, 6, 7}, 35, {3, 3}, {2, 1}, {1, 1}, {1, 1}, {1, 1}, 5},
    {"groups_pointwise", {1, 24, 5, 5}, 96, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 2},
    {"groups_wide", {1, 8, 5, 5}, 100, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 2},
    {"groups_of_four", {1, 32, 6, 6}, 32, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 8},
    {"depth_multiplier", {1, 6, 7, 7}, 18, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 6},
    {"depthwise", {1, 40, 9, 11}, 40, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 40},
    {"depthwise_strided", {2, 19, 10, 13}, 19, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, 19},
    {"depthwise_strided_uneven", {1, 35, 10, 12}, 35, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {1, 1}, 35},
    {"depthwise_valid", {1, 16, 8, 9}, 16, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16},
    {"depthwise_5x5", {1, 24, 11, 12}, 24, {5, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}, 24},
    {"depthwise_5x5_strided", {1, 72, 11, 12}, 72, {5, 5}, {2, 2}, {1, 1}, {2, 2}, {2, 2}, 72},
    {"depthwise_7x7", {1, 33, 9, 9}, 33, {7, 7}, {1, 1}, {1, 1}, {3, 3}, {3, 3}, 33},
    {"depthwise_dilated", {1, 17, 12, 12}, 17, {3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 2}, 17},
    {"depthwise_1x1", {1, 21, 5, 6}, 21, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 21},
    {"depthwise_long_kernel", {1, 5, 6, 40}, 5, {1, 31}, {1, 1}, {1, 1}, {0, 15}, {0, 15}, 5},
    {"depthwise_one_channel", {1, 1, 6, 6}, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1},
    {"depthwise_wide", {1, 130, 4, 30}, 130, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 130},
    {"depthwise_strided_wide", {1, 20, 7, 44}, 20, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, 20},
    {"depthwise_5x5_wide", {1, 20, 5, 30}, 20, {5, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}, 20},
    {"depthwise_5x5_strided_wide", {1, 20, 9, 55}, 20, {5, 5}, {2, 2}, {1, 1}, {2, 2}, {2, 2}, 20},
    {"shared_pointwise", {1, 32, 16, 20}, 64, {1, 1}},
    // Pixels that share the sets of a cache.
    {"spread", {1, 1024, 3, 15}, 68, {1, 1}},
    {"spread_strided", {1, 512, 6, 19}, 64, {1, 1}, {2, 2}},
    {"shared_narrow", {1, 80, 16, 20}, 24, {1, 1}},
    {"shared_3x3", {1, 10, 15, 22}, 40, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"shared_depthwise", {2, 70, 18, 40}, 70, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 70},
    {"line", {2, 10, 33}, 18, {3}, {1}, {1}, {1}, {1}},
    {"line_strided", {1, 1, 60}, 16, {9}, {4}, {1}, {4}, {3}},
    {"line_depthwise", {1, 12, 20}, 12, {5}, {1}, {2}, {4}, {4}, 12},
    {.name = "same_upper",
     .x = {1, 6, 10, 9},
     .outputs = 20,
     .kernel = {3, 4},
     .strides = {2, 2},
     .autoPad = ops::AutoPad::SameUpper},
    {.name = "same_lower_dilated",
     .x = {2, 5, 10, 9},
     .outputs = 17,
     .kernel = {2, 3},
     .strides = {1, 3},
     .dilations = {3, 2},
     .autoPad = ops::AutoPad::SameLower},
    {.name = "same_and_padded",
     .x = {1, 4, 7, 6},
     .outputs = 18,
     .kernel = {3, 3},
     .strides = {2, 2},
     .padsBegin = {2, 0},
     .padsEnd = {0, 1},
     .autoPad = ops::AutoPad::SameLower},
    {.name = "same_beyond_kernel",
     .x = {1, 4, 9, 8},
     .outputs = 9,
     .kernel = {2, 1},
     .strides = {3, 3},
     .autoPad = ops::AutoPad::SameUpper},
    {.name = "depthwise_same_upper",
     .x = {1, 24, 10, 12},
     .outputs = 24,
     .kernel = {3, 3},
     .strides = {2, 2},
     .groups = 24,
     .autoPad = ops::AutoPad::SameUpper},
    {.name = "line_same_lower",
     .x = {1, 5, 20},
     .outputs = 12,
     .kernel = {4},
     .strides = {3},
     .dilations = {1},
     .padsBegin = {0},
     .padsEnd = {0},
     .autoPad = ops::AutoPad::SameLower},
    {"volume", {1, 3, 4, 5, 6}, 5, {2, 3, 3}, {1, 2, 1}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}},
    {"volume_batch", {2, 4, 3, 5, 17}, 36, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
    {"volume_pointwise",
     {2, 9, 3, 4, 5},
     20,
     {1, 1, 1},
     {1, 1, 1},
     {1, 1, 1},
     {0, 0, 0},
     {0, 0, 0}},
    {"volume_planes_only",
     {1, 6, 7, 4, 3},
     18,
     {3, 1, 1},
     {2, 1, 1},
     {2, 1, 1},
     {2, 0, 0},
     {1, 0, 0}},
    {"volume_wide", {1, 5, 9, 3, 4}, 12, {7, 3, 3}, {1, 1, 1}, {1, 1, 1}, {3, 1, 1}, {3, 1, 1}},
    {"volume_dilated_far",
     {1, 80, 4, 5, 40},
     8,
     {3, 3, 3},
     {2, 1, 1},
     {2, 12, 12},
     {2, 12, 12},
     {2, 12, 12}},
    {"volume_groups",
     {1, 12, 3, 4, 5},
     24,
     {3, 2, 3},
     {1, 1, 2},
     {1, 1, 1},
     {1, 0, 1},
     {1, 1, 1},
     3},
    {"volume_depthwise",
     {2, 21, 5, 6, 11},
     21,
     {3, 3, 3},
     {1, 2, 1},
     {1, 1, 1},
     {1, 1, 1},
     {1, 1, 1},
     21},
    {"volume_depthwise_taps",
     {1, 18, 5, 4, 9},
     18,
     {5, 1, 2},
     {1, 1, 3},
     {1, 1, 2},
     {2, 0, 1},
     {2, 0, 1},
     18},
    {"volume_depthwise_columns",
     {1, 20, 6, 10, 21},
     20,
     {2, 3, 5},
     {2, 1, 2},
     {2, 2, 1},
     {1, 2, 2},
     {1, 2, 2},
     20},
    {"shared_volume", {1, 8, 6, 10, 22}, 40, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
    {"shared_volume_depthwise",
     {1, 40, 6, 10, 22},
     40,
     {3, 3, 3},
     {1, 1, 1},
     {1, 1, 1},
     {1, 1, 1},
     {1, 1, 1},
     40},
};

/// Winograd's tiles, which pads leave incomplete on every side.
Row inTiles(const char* name, const Shape& x, int64_t outputs,
            std::vector<int64_t> padsBegin = {1, 1}, std::vector<int64_t> padsEnd = {1, 1}) {
  return {.name = name,
          .x = x,
          .outputs = outputs,
          .kernel = {3, 3},
          .padsBegin = std::move(padsBegin),
          .padsEnd = std::move(padsEnd),
          .winograd = true};
}

void addWinograd(CaseList& cases) {
  for (const Row& row :
       {inTiles("winograd", {1, 16, 8, 12}, 32), inTiles("winograd_batch", {3, 5, 6, 9}, 20),
        inTiles("winograd_valid", {1, 7, 9, 10}, 12, {0, 0}, {0, 0}),
        inTiles("winograd_pads", {1, 6, 7, 5}, 17, {2, 0}, {0, 3}),
        inTiles("winograd_one_result", {1, 20, 3, 3}, 33, {0, 0}, {0, 0}),
        inTiles("winograd_padding_only", {1, 3, 2, 2}, 4, {4, 5}, {6, 4}),
        inTiles("winograd_one_channel", {1, 1, 9, 9}, 1),
        inTiles("winograd_deep", {1, 260, 6, 7}, 40), inTiles("winograd_wide", {1, 24, 7, 150}, 18),
        inTiles("shared_winograd", {2, 20, 30, 33}, 36),
        inTiles("shared_winograd_deep", {1, 130, 9, 9}, 80)})
    cases.push_back(caseOf(row));
  Row same = inTiles("winograd_same_upper", {1, 8, 10, 11}, 20, {0, 0}, {0, 0});
  same.autoPad = ops::AutoPad::SameUpper;
  cases.push_back(caseOf(same));
  same = inTiles("winograd_no_bias", {1, 8, 5, 5}, 20);
  same.bias = false;
  cases.push_back(caseOf(same));
  for (int64_t n = 1; n <= 40; n += n < 20 ? 1 : 3) {
    const std::string suffix = "_" + std::to_string(n);
    cases.push_back(caseOf(inTiles("winograd_outputs", {1, 5, 3, 7}, n), suffix));
    cases.push_back(caseOf(inTiles("winograd_inputs", {1, n, 3, 4}, 20), suffix));
    cases.push_back(caseOf(inTiles("winograd_width", {1, 4, 2, n}, 20), suffix));
    cases.push_back(caseOf(inTiles("winograd_height", {1, 4, n, 2}, 20), suffix));
  }
  using enum ops::UnaryFn;
  for (ops::UnaryFn fn : {Relu, Clip, LeakyRelu, HardSigmoid, HardSwish, Sigmoid, Swish, Tanh}) {
    Row row = inTiles("winograd_epilogue", {1, 6, 5, 5}, 52);
    row.fn = fn;
    cases.push_back(caseOf(row, std::string("_") + ops::unaryFnName(fn)));
  }
  OpCase special = caseOf(inTiles("winograd_special", {1, 9, 10, 10}, 20));
  special.inputs[0].fill = Fill::Special;
  cases.push_back(special);
}

/// Volumes of small extents, all attributes drawn from a seed.
OpCase randomVolume(uint32_t seed) {
  uint32_t state = seed * 2654435761u + 1;
  const auto draw = [&](int64_t least, int64_t most) {
    state = state * 1664525u + 1013904223u;
    return least + static_cast<int64_t>(state >> 8) % (most - least + 1);
  };
  const auto three = [&](int64_t least, int64_t most) {
    return std::vector{draw(least, most), draw(least, most), draw(least, most)};
  };
  const int64_t groups = draw(0, 2) ? 1 : draw(2, 5), inputs = groups * draw(1, 6);
  Row row{.name = "random_volume",
          .x = {draw(1, 2), inputs, draw(3, 6), draw(3, 7), draw(3, 19)},
          .outputs = groups * draw(1, 40),
          .kernel = three(1, 3),
          .strides = three(1, 2),
          .dilations = three(1, 2),
          .padsBegin = three(1, 2),
          .padsEnd = three(1, 2),
          .groups = groups};
  if (draw(0, 4) == 0) row.groups = row.outputs = inputs;
  return caseOf(row, "_" + std::to_string(seed));
}

/// Sums that underflow to -0 when the bias is added, and bounds of every kind.
void addClamps(ops::UnaryFn fn, CaseList& cases) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, float>> bounds = {
      {-0.25f, 0.75f}, {0, 6}, {-0.0f, 1}, {-2, -0.0f}, {-infinity, 1}, {1, -1}, {2, infinity}};
  for (size_t i = 0; i < (fn == ops::UnaryFn::Clip ? bounds.size() : 1); ++i)
    for (const char* form : {"", "_depthwise", "_winograd"}) {
      const bool depthwise = form == std::string("_depthwise");
      Row row{"clamp", {1, depthwise ? 20 : 1, 3, 7}, 20, {1, 1}};
      row.groups = depthwise ? 20 : 1;
      if (form == std::string("_winograd")) row = inTiles("clamp", {1, 1, 3, 7}, 20);
      row.fn = fn;
      std::tie(row.low, row.high) = bounds[i];
      OpCase c =
          caseOf(row, std::string("_") + ops::unaryFnName(fn) + "_" + std::to_string(i) + form);
      c.inputs[0].fill = c.inputs[1].fill = c.inputs[2].fill = Fill::Given;
      c.inputs[0].given = {1.5e-38, 0.5, -3, nan, 8};
      if (row.winograd) c.inputs[0].given = {0.5, -3, 0.125, 0, 2};  // a NaN would fill its tile
      c.inputs[1].given = {1};
      c.inputs[2].given = {-1.6e-38};
      cases.push_back(c);
    }
}

/// Weights under which a zero is not nothing, and biases under which its sign shows.
void addOddNumbers(CaseList& cases) {
  const Row far{"", {1, 6, 7, 8}, 20, {3, 3}, {1, 1}, {6, 6}, {6, 6}, {6, 6}};
  const double infinity = std::numeric_limits<double>::infinity();
  for (auto [name, input, number] : {std::tuple{"infinite_weights", 1, infinity},
                                     {"nan_weights", 1, std::nan("")},
                                     {"minus_zero_bias", 2, -0.0},
                                     {"denormal_bias", 2, -1e-40}}) {
    OpCase c = caseOf(far, name);
    OpInput& odd = c.inputs[static_cast<size_t>(input)];
    odd.fill = Fill::Given;
    if (input == 1) {  // some outputs are not concerned
      for (int i = 0; i < 210; ++i) odd.given.push_back(i % 7 * 0.25 - 0.75);
      odd.given[100] = number;
    } else {
      odd.given = {0.25, -1e-30, -0.5, number, -2, 0.125, number};
      c.inputs[0].fill = c.inputs[1].fill = Fill::Tiny;
    }
    cases.push_back(std::move(c));
  }
}

}  // namespace

CaseList convCases() {
  CaseList cases;
  addWinograd(cases);
  for (const Row& row : kRows) cases.push_back(caseOf(row));
  for (uint32_t seed = 0; seed < 20; ++seed) cases.push_back(randomVolume(seed));
  for (int64_t n = 1; n <= 40; n += n < 20 ? 1 : 3) {
    const std::string suffix = "_" + std::to_string(n);
    cases.push_back(
        caseOf({"outputs", {1, 5, 3, 7}, n, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}, suffix));
    cases.push_back(caseOf({"inputs", {1, n, 3, 4}, 20, {1, 1}}, suffix));
    cases.push_back(
        caseOf({"width", {1, 4, 2, n}, 36, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}, suffix));
    Row depthwise{"depthwise", {1, n, 3, 5}, n, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, n};
    cases.push_back(caseOf(depthwise, suffix));
    depthwise = {"depthwise_width", {1, 20, 3, n}, 20, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 20};
    cases.push_back(caseOf(depthwise, suffix));
  }
  using enum ops::UnaryFn;
  for (ops::UnaryFn fn : {Relu, Clip, LeakyRelu, HardSigmoid, HardSwish, Sigmoid, Swish, Tanh}) {
    const std::string suffix = std::string("_") + ops::unaryFnName(fn);
    cases.push_back(caseOf(
        {"epilogue", {1, 6, 5, 5}, 52, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1, fn}, suffix));
    cases.push_back(caseOf(
        {"depthwise_epilogue", {1, 37, 5, 5}, 37, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 37, fn},
        suffix));
  }
  OpCase special =
      caseOf({"special_relu", {1, 9, 6, 6}, 20, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1, Relu});
  special.inputs[0].fill = Fill::Special;
  cases.push_back(special);
  addOddNumbers(cases);
  special = caseOf(
      {"special_depthwise", {1, 20, 6, 6}, 20, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 20, Clip});
  special.inputs[0].fill = Fill::Special;
  cases.push_back(special);
  for (ops::UnaryFn fn : {Relu, Clip}) addClamps(fn, cases);
  return cases;
}

}  // namespace minnow::optest
