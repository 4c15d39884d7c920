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
    auto dequantize = std::make_shared<ops::DequantizeLinear>();
    const OpInput q{.shape = {2, 5, 4}, .type = type, .low = 0, .high = 120};
    cases.push_back({text("DequantizeLinear_", type), dequantize, {q, one}});
    cases.push_back({text("DequantizeLinear_axis_", type), dequantize, {q, many, zeros}});
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
  auto requantize = std::make_shared<ops::Requantize>();
  cases.push_back({"Requantize",
                   requantize,
                   {{.shape = {2, 3, 4}, .type = DataType::Int32, .low = -2000, .high = 2000},
                    {.shape = {}, .low = 0.5f, .high = 1},
                    {.shape = {3, 1}, .low = 0.5f, .high = 1},
                    {.shape = {}, .low = 4, .high = 8},
                    {.shape = {}, .type = DataType::Uint8, .low = 0, .high = 200}}});
}

}  // namespace

CaseList quantizeCases() {
  CaseList cases;
  addLinear(cases);
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
