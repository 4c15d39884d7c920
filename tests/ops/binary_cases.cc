// Elementwise functions of two tensors: every function and type, and every kind of broadcasting.
#include "ops/binary.h"

#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

using ops::BinaryFn;

std::shared_ptr<ops::Binary> binary(BinaryFn fn, ops::Epilogue epilogue = {}) {
  auto op = std::make_shared<ops::Binary>();
  op->fn = fn;
  op->epilogue = epilogue;
  return op;
}

struct Broadcast {
  const char* name;
  Shape a, b;
};
const Broadcast kBroadcasts[] = {
    {"same", {2, 19, 5, 7}, {2, 19, 5, 7}},
    {"scalar", {2, 19, 5, 7}, {}},
    {"scalar_first", {1}, {2, 19, 5, 7}},
    {"channel", {2, 40, 5, 7}, {40, 1, 1}},
    {"channel_first", {1, 19, 1, 1}, {2, 19, 5, 7}},
    {"squeeze_excite", {2, 24, 5, 7}, {2, 24, 1, 1}},
    {"spatial", {2, 19, 5, 7}, {2, 1, 5, 7}},
    {"rows_and_columns", {2, 3, 5, 1}, {1, 3, 1, 7}},
    {"outer", {17, 1}, {33}},
    {"last_axis", {6, 70}, {70}},
    {"pairs", {2, 70, 2}, {2, 70, 2}},
    {"pairs_and_columns", {2, 70, 2}, {70, 1}},
    {"triples", {90, 3}, {3}},
    {"volume", {2, 3, 2, 5, 4}, {3, 1, 5, 1}},
    {"empty", {2, 0, 5}, {2, 1, 5}},
    {"large", {1, 16, 47, 53}, {1, 16, 47, 53}},
};

void addBroadcasts(CaseList& cases, BinaryFn fn) {
  for (const Broadcast& b : kBroadcasts)
    cases.push_back({text("Binary", ops::binaryFnName(fn), "_", b.name),
                     binary(fn),
                     {{.shape = b.a, .low = -4, .high = 4}, {.shape = b.b, .low = -3, .high = 5}}});
}

void addTypes(CaseList& cases, BinaryFn fn) {
  static constexpr DataType kTypes[] = {DataType::Bool,    DataType::Int8,   DataType::Uint8,
                                        DataType::Int16,   DataType::Uint16, DataType::Int32,
                                        DataType::Int64,   DataType::Uint32, DataType::Float16,
                                        DataType::Float64, DataType::Uint64, DataType::Float32};
  const auto op = binary(fn);
  for (DataType type : kTypes) {
    if (!op->inferShape(std::vector{TensorType{type, {4}}, TensorType{type, {4}}})) continue;
    const std::string name = text("Binary", ops::binaryFnName(fn), "_", dataTypeName(type));
    const OpInput a{.shape = {3, 1, 50}, .type = type, .low = -9, .high = 9};
    cases.push_back({name, op, {a, {.shape = {2, 50}, .type = type, .low = -3, .high = 3}}});
  }
  if (op->inferShape(std::vector{TensorType{DataType::Float32, {}}, {DataType::Float32, {}}}))
    cases.push_back(
        {text("Binary", ops::binaryFnName(fn), "_special"),
         op,
         {{.shape = {30, 30}, .fill = Fill::Special}, {.shape = {30, 30}, .fill = Fill::Special}}});
}

/// Rows longer than a piece, of which one operand has a single value, or lies apart.
void addLongRows(CaseList& cases) {
  for (BinaryFn fn : {BinaryFn::Sub, BinaryFn::LessOrEqual})
    for (DataType type :
         {DataType::Uint8, DataType::Int16, DataType::Int32, DataType::Int64, DataType::Float64}) {
      const OpInput rows{.shape = {3, 4, 150}, .type = type, .low = -9, .high = 9};
      const OpInput single{.shape = {4, 1}, .type = type, .low = -3, .high = 3};
      const std::string name = text("Binary", ops::binaryFnName(fn), "_long_", dataTypeName(type));
      cases.push_back({name, binary(fn), {rows, single}});
      cases.push_back({name + "_reversed", binary(fn), {single, rows}});
    }
}

void addEdges(CaseList& cases) {
  const std::vector<double> a = {-2147483648.0, -2147483648.0, 7, -7, 7, -7, 0, 5, -2147483648.0};
  const std::vector<double> b = {-1, 0, -3, 3, 3, -3, 0, 0, 1};
  for (BinaryFn fn : {BinaryFn::Div, BinaryFn::Mod, BinaryFn::Fmod, BinaryFn::Pow, BinaryFn::Mul})
    for (DataType type : {DataType::Int32, DataType::Int64})
      cases.push_back({text("Binary", ops::binaryFnName(fn), "_edges_", dataTypeName(type)),
                       binary(fn),
                       {{.shape = {9}, .type = type, .fill = Fill::Given, .given = a},
                        {.shape = {9}, .type = type, .fill = Fill::Given, .given = b}}});
  const std::vector<double> shifted = {-8, -1, 1, 100, -128, -3, 127, 5, -5, 0, 6, -6};
  const std::vector<double> by = {1, 3, -1, 7, 7, 8, 8, 31, 33, 64, 65, -1};
  for (BinaryFn fn : {BinaryFn::ShiftLeft, BinaryFn::ShiftRight})
    for (DataType type : {DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64})
      cases.push_back({text("Binary", ops::binaryFnName(fn), "_edges_", dataTypeName(type)),
                       binary(fn),
                       {{.shape = {12}, .type = type, .fill = Fill::Given, .given = shifted},
                        {.shape = {12}, .type = type, .fill = Fill::Given, .given = by}}});
  for (float exponent : {1.0f, 2.0f, 3.0f, 0.5f, -1.0f, 1.7f})
    cases.push_back({"BinaryPow_by_" + std::to_string(static_cast<int>(exponent * 10 + 20)),
                     binary(BinaryFn::Pow),
                     {{.shape = {1, 8, 9, 5}, .low = 0, .high = 3},
                      {.shape = {}, .fill = Fill::Given, .given = {exponent}}}});
  cases.push_back({"BinaryPow_of_two_types",
                   binary(BinaryFn::Pow),
                   {{.shape = {20}, .low = 0, .high = 3},
                    {.shape = {20}, .type = DataType::Int64, .low = -3, .high = 4}}});
}

}  // namespace

CaseList binaryCases() {
  CaseList cases;
  for (int i = 0; i < static_cast<int>(BinaryFn::kCount); ++i)
    addTypes(cases, static_cast<BinaryFn>(i));
  for (BinaryFn fn : {BinaryFn::Add, BinaryFn::Div, BinaryFn::PRelu, BinaryFn::Less})
    addBroadcasts(cases, fn);
  addEdges(cases);
  for (int i = 1; i < static_cast<int>(ops::UnaryFn::kEpilogueCount); ++i) {
    const auto fn = static_cast<ops::UnaryFn>(i);
    cases.push_back({text("BinaryAdd_then_", ops::unaryFnName(fn)),
                     binary(BinaryFn::Add, {fn, 0.25f, 0.75f}),
                     {{.shape = {1, 21, 3, 4}}, {.shape = {1, 21, 3, 4}}}});
  }
  addLongRows(cases);
  return cases;
}

}  // namespace minnow::optest
