// Matrix products: batches, broadcasting, vectors, transposition, bias and epilogue.
#include "ops/matmul.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {
namespace {

struct Row {
  const char* name;
  Shape a, b;
  bool transposeA = false, transposeB = false;
};

const Row kRows[] = {
    {"5x7x19", {5, 7}, {7, 19}},
    {"row", {1, 40}, {40, 33}},
    {"13x64x48", {13, 64}, {64, 48}},
    {"1x1x1", {1, 1}, {1, 1}},
    {"transposeA", {9, 14}, {9, 20}, true, false},
    {"transposeB", {6, 9}, {21, 9}, false, true},
    {"both", {9, 6}, {21, 9}, true, true},
    {"batch", {3, 5, 8}, {3, 8, 17}},
    {"batch_shared", {2, 3, 5, 8}, {8, 17}},
    {"batch_shared_transposed", {2, 3, 5, 8}, {17, 8}, false, true},
    {"batch_broadcast", {2, 1, 5, 8}, {3, 8, 18}},
    {"batch_of_a", {4, 6}, {2, 6, 20}},
    {"vector_matrix", {12}, {12, 18}},
    {"matrix_vector", {11, 12}, {12}},
    {"vector_vector", {30}, {30}},
    {"vector_batch", {12}, {2, 12, 18}},
    {"batch_vector", {2, 11, 12}, {12}},
    {"wide", {9, 5}, {5, 300}},
    {"tall", {200, 12}, {12, 20}},
    {"deep", {20, 900}, {900, 40}},
    {"deep_transposed", {10, 2100}, {70, 2100}, false, true},
    {"large_transposed_a", {70, 130}, {70, 36}, true, false},
    {"batch_of_rows", {2, 9, 1, 20}, {20, 33}},
    {"transposeB_batch", {2, 3, 20}, {2, 70, 20}, false, true},
    {"transposeB_broadcast", {2, 1, 5, 8}, {3, 19, 8}, false, true},
    {"both_wide", {9, 6}, {41, 9}, true, true},
    {"both_tall", {2, 9, 37}, {2, 41, 9}, true, true},
    {"one_column", {3, 17, 9}, {9, 1}},
    {"shared_batch", {3, 40, 40}, {3, 40, 70}},
    {"no_depth", {3, 0}, {0, 20}},
    {"no_rows", {0, 4}, {4, 20}},
    {"row_of_many", {1, 50}, {50, 1100}},
};

OpCase caseOf(const Row& row, const std::string& name, DataType type = DataType::Float32) {
  auto op = std::make_shared<ops::MatMul>();
  op->transposeA = row.transposeA;
  op->transposeB = row.transposeB;
  const float high = type == DataType::Float32 || type == DataType::Float64 ? 1.0f : 100.0f;
  return {name,
          op,
          {{.shape = row.a, .type = type, .low = -high, .high = high},
           {.shape = row.b, .type = type, .low = -high, .high = high}}};
}

}  // namespace

CaseList matMulCases() {
  CaseList cases;
  for (const Row& row : kRows) {
    cases.push_back(caseOf(row, text("MatMul_", row.name)));
    OpCase biased = caseOf(row, text("MatMul_biased_", row.name));
    auto op = std::make_shared<ops::MatMul>(static_cast<const ops::MatMul&>(*biased.op));
    op->epilogue = {ops::UnaryFn::LeakyRelu, 0.125f, 0};
    biased.op = op;
    biased.inputs[1].weights = row.b.rank() >= 2;
    const int last = row.b.rank() - 1;
    const int64_t n = last == 0 ? 1 : row.b[row.transposeB ? last - 1 : last];
    biased.inputs.push_back({.shape = {n}});
    cases.push_back(biased);
  }
  for (DataType type : {DataType::Float64, DataType::Int32, DataType::Int64})
    cases.push_back(caseOf(kRows[7], text("MatMul_", type), type));
  return cases;
}

}  // namespace minnow::optest
