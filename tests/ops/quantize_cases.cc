// Quantisation and integer products.
#include "ops/integer_product.h"
#include "ops/quantize.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

constexpr DataType kBytes[] = {DataType::Uint8, DataType::Int8};

OpInput bytes(const Shape& shape, DataType type) {
  const bool isSigned = type == DataType::Int8;
  return {.shape = shape,
          .type = type,
          .low = isSigned ? -128.0f : 0.0f,
          .high = isSigned ? 127.0f : 255.0f};
}

void addLinear(CaseList& cases) {
  for (DataType type : {DataType::Uint8, DataType::Int8, DataType::Uint16, DataType::Int16}) {
    auto quantize = std::make_shared<ops::QuantizeLinear>();
    quantize->type = static_cast<int64_t>(type);
    const OpInput x{.shape = {2, 5, 4}, .low = -300, .high = 300};
    const OpInput one{.shape = {}, .low = 0.5f, .high = 2},
        many{.shape = {5}, .low = 0.5f, .high = 2};
    const OpInput zeros{.shape = {5}, .type = type, .low = 0, .high = 100};
    cases.push_back({text("QuantizeLinear_", type), quantize, {x, one}});
    cases.push_back({text("QuantizeLinear_axis_", type), quantize, {x, many, zeros}});
    cases.push_back({text("QuantizeLinear_special_", type),
                     quantize,
                     {{.shape = {60}, .fill = Fill::Special}, one}});
    cases.push_back({text("QuantizeLinear_rows_", type),
                     quantize,
                     {{.shape = {2, 3, 7, 11}, .low = -300, .high = 300},
                      {.shape = {3}, .low = 0.5f, .high = 2},
                      {.shape = {3}, .type = type, .low = 0, .high = 100}}});
    auto dequantize = std::make_shared<ops::DequantizeLinear>();
    cases.push_back({text("DequantizeLinear_rows_", type),
                     dequantize,
                     {{.shape = {2, 3, 7, 11}, .type = type, .low = 0, .high = 120},
                      {.shape = {3}, .low = 0.5f, .high = 2},
                      {.shape = {3}, .type = type, .low = 0, .high = 100}}});
    const OpInput q{.shape = {2, 5, 4}, .type = type, .low = 0, .high = 120};
    cases.push_back({text("DequantizeLinear_", type), dequantize, {q, one}});
    cases.push_back({text("DequantizeLinear_axis_", type), dequantize, {q, many, zeros}});
  }
  for (DataType type : {DataType::Uint8, DataType::Int8, DataType::Int16}) {
    auto away = std::make_shared<ops::QuantizeLinear>();
    away->type = static_cast<int64_t>(type), away->awayFromZero = true;
    const OpInput half{.shape = {}, .fill = Fill::Given, .given = {2}};
    cases.push_back({text("QuantizeLinear_away_", type),
                     away,
                     {{.shape = {300}, .fill = Fill::Sequence}, half}});
    cases.push_back({text("QuantizeLinear_away_special_", type),
                     away,
                     {{.shape = {60}, .fill = Fill::Special}, half}});
  }
  auto blocked = std::make_shared<ops::QuantizeLinear>();
  blocked->spread = {-1, 3};
  cases.push_back(
      {"QuantizeLinear_blocks",
       blocked,
       {{.shape = {2, 7}, .low = 0, .high = 99}, {.shape = {2, 3}, .low = 0.5f, .high = 2}}});
  cases.push_back({"DynamicQuantizeLinear",
                   std::make_shared<ops::DynamicQuantizeLinear>(),
                   {{.shape = {3, 4, 5}, .low = -2, .high = 5}}});
  for (const auto& [name, fill] : {std::pair("rows", Fill::Random), {"special", Fill::Special}})
    cases.push_back({text("DynamicQuantizeLinear_", name),
                     std::make_shared<ops::DynamicQuantizeLinear>(),
                     {{.shape = {2, 3, 7, 11}, .fill = fill, .low = -2, .high = 5}}});
  auto requantize = std::make_shared<ops::Requantize>();
  cases.push_back({"Requantize",
                   requantize,
                   {{.shape = {2, 3, 4}, .type = DataType::Int32, .low = -2000, .high = 2000},
                    {.shape = {}, .low = 0.5f, .high = 1},
                    {.shape = {3, 1}, .low = 0.5f, .high = 1},
                    {.shape = {}, .low = 4, .high = 8},
                    {.shape = {}, .type = DataType::Uint8, .low = 0, .high = 200}}});
}

/// More rows, columns and terms than a tile takes, none of them a multiple of what it takes.
void addTiles(CaseList& cases) {
  constexpr DataType kSigned = DataType::Int8, kUnsigned = DataType::Uint8;
  auto wide = std::make_shared<ops::ConvInteger>();
  wide->kernel = {3, 3};
  wide->strides = wide->dilations = wide->padsBegin = wide->padsEnd = {1, 1};
  cases.push_back({"ConvInteger_tiles",
                   wide,
                   {bytes({2, 5, 9, 11}, kUnsigned), bytes({35, 5, 3, 3}, kSigned),
                    bytes({}, kUnsigned), bytes({35}, kSigned)}});
  auto depthwise = std::make_shared<ops::ConvInteger>(*wide);
  depthwise->groups = 6;
  depthwise->strides = {2, 2};
  cases.push_back(
      {"ConvInteger_depthwise",
       depthwise,
       {bytes({1, 6, 13, 12}, kUnsigned), bytes({6, 1, 3, 3}, kSigned), bytes({}, kUnsigned)}});
  auto line = std::make_shared<ops::ConvInteger>();
  line->kernel = {4};
  line->strides = line->dilations = {2};
  line->padsBegin = {3}, line->padsEnd = {1};
  cases.push_back({"ConvInteger_1d",
                   line,
                   {bytes({2, 7, 61}, kSigned), bytes({17, 7, 4}, kSigned), bytes({}, kSigned)}});
  auto volume = std::make_shared<ops::ConvInteger>();
  volume->kernel = {1, 2, 3};
  volume->strides = volume->dilations = {1, 1, 1};
  volume->padsBegin = {0, 1, 1}, volume->padsEnd = {0, 0, 1};
  cases.push_back({"ConvInteger_3d",
                   volume,
                   {bytes({1, 3, 4, 5, 6}, kUnsigned), bytes({18, 3, 1, 2, 3}, kUnsigned),
                    bytes({}, kUnsigned), bytes({18}, kUnsigned)}});
  cases.push_back({"MatMulInteger_tiles",
                   std::make_shared<ops::MatMulInteger>(),
                   {bytes({2, 1, 50, 19}, kUnsigned), bytes({3, 19, 37}, kSigned),
                    bytes({50, 1}, kUnsigned), bytes({37}, kSigned)}});
}

}  // namespace

CaseList quantizeCases() {
  CaseList cases;
  addLinear(cases);
  addTiles(cases);
  for (DataType a : kBytes)
    for (DataType b : kBytes) {
      auto conv = std::make_shared<ops::ConvInteger>();
      conv->kernel = {3, 2};
      conv->strides = {2, 1};
      conv->dilations = {1, 2};
      conv->padsBegin = {1, 0};
      conv->padsEnd = {1, 1};
      conv->groups = 2;
      cases.push_back({text("ConvInteger_", a, "_", b),
                       conv,
                       {bytes({2, 6, 7, 5}, a),
                        bytes({4, 3, 3, 2}, b),
                        bytes({}, a),
                        bytes({4}, b),
                        {.shape = {4}, .type = DataType::Int32, .low = -99, .high = 99}}});
      auto same = std::make_shared<ops::ConvInteger>(*conv);
      same->padsBegin = same->padsEnd = {0, 0};
      same->autoPad = ops::AutoPad::SameLower;
      cases.push_back({text("ConvInteger_same_", a, "_", b),
                       same,
                       {bytes({2, 6, 8, 5}, a), bytes({4, 3, 3, 2}, b), bytes({}, a)}});
      auto product = std::make_shared<ops::MatMulInteger>();
      cases.push_back({text("MatMulInteger_", a, "_", b),
                       product,
                       {bytes({2, 3, 5}, a), bytes({5, 4}, b), bytes({3, 1}, a), bytes({4}, b)}});
      cases.push_back(
          {text("MatMulInteger_plain_", a, "_", b), product, {bytes({5}, a), bytes({2, 5, 4}, b)}});
    }
  return cases;
}

}  // namespace minnow::optest
