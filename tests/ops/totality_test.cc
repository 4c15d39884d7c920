// Files are hostile: shape inference of every operator kind must answer any attributes and any
// input types with types in range or an error, never with a crash (run it under the sanitizers).
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "ops/operator.h"

namespace minnow::optest {
namespace {

class Garbage {
 public:
  explicit Garbage(uint64_t seed) : random_(seed) {}

  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  /// Mostly plausible, sometimes as bad as can be.
  int64_t integer() {
    static constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    static constexpr int64_t kNasty[] = {
        kMax,       kMax - 1,         -kMax - 1,        -kMax,
        kMax / 2,   int64_t{1} << 62, int64_t{1} << 40, int64_t{1} << 32,
        2147483647, -2147483648,      1 << 30};
    const int64_t kind = below(8);
    if (kind == 0) return kNasty[below(std::size(kNasty))];
    if (kind == 1) return below(64) - 32;
    return below(5) - (kind == 2 ? 3 : 0);
  }

  float number() {
    static constexpr float kNumbers[] = {0.0f,
                                         1.0f,
                                         -1.0f,
                                         0.5f,
                                         2.0f,
                                         1e38f,
                                         -1e38f,
                                         1e-40f,
                                         std::numeric_limits<float>::infinity(),
                                         -std::numeric_limits<float>::infinity(),
                                         std::numeric_limits<float>::quiet_NaN()};
    return kNumbers[below(std::size(kNumbers))];
  }

  void replace(int64_t& v) { v = integer(); }
  void replace(float& v) { v = number(); }
  void replace(std::string& v) {
    static constexpr const char* kTexts[] = {"",   "ij,jk->ik",       "...i,->", "linear",
                                             "->", "aaaaaaaaaaaa->a", "\xFF,"};
    v = kTexts[below(std::size(kTexts))];
  }
  template <class T>
  void replace(std::vector<T>& v) {
    v.resize(static_cast<size_t>(below(8) == 0 ? below(20) : below(5)));
    for (T& element : v) replace(element);
  }

  TensorType type() {
    TensorType type;
    type.type = below(3) ? DataType::Float32 : static_cast<DataType>(below(15));
    const int64_t rank = below(4) ? below(6) : below(kMaxRank + 1);
    for (int64_t axis = 0; axis < rank; ++axis) type.shape.push_back(extent());
    while (!ops::checkShape(type.shape)) type.shape = Shape{extent()};
    return type;
  }

  std::vector<TensorType> types() {
    std::vector<TensorType> all(static_cast<size_t>(below(8) ? 1 + below(5) : 0));
    for (TensorType& type : all) type = this->type();
    if (all.size() > 1 && below(2)) all[1].shape = all[0].shape;
    return all;
  }

 private:
  int64_t extent() {
    const int64_t kind = below(12);
    if (kind == 0) return 0;
    if (kind == 1) return int64_t{1} << below(41);
    return 1 + below(6);
  }

  std::mt19937_64 random_;
};

/// The attributes may be refused; what they leave behind must still be safe.
void scramble(ops::Operator& op, Garbage& garbage) {
  ops::AttributeMap map = op.attributes();
  for (auto& [name, value] : map)
    if (garbage.below(4)) std::visit([&](auto& v) { garbage.replace(v); }, value);
  (void)op.setAttributes(map);
}

/// Strips of the output, one after another: what they read lies inside and never goes back.
void askForRows(const ops::Operator& op, std::span<const TensorType> inputs,
                std::span<const TensorType> outputs, int axis) {
  const int64_t extent = outputs[0].shape[axis], height = extent / 3 + 1;
  for (int input = 0; input < static_cast<int>(inputs.size()); ++input) {
    if (inputs[input].type == DataType::Undefined) continue;
    ops::Rows before;
    for (int64_t begin = 0; begin < extent; begin += height) {
      const auto rows =
          op.rowsRead(input, {axis, begin, std::min(begin + height, extent)}, inputs, outputs);
      if (!rows || rows->axis == ops::Rows::kWhole) break;
      ASSERT_GE(rows->axis, 0) << op.name();
      ASSERT_LT(rows->axis, inputs[input].shape.rank()) << op.name();
      ASSERT_LE(rows->end, inputs[input].shape[rows->axis]) << op.name();
      ASSERT_LE(rows->begin, rows->end) << op.name();
      ASSERT_LE(before.begin, rows->begin) << op.name();
      ASSERT_LE(before.end, rows->end) << op.name();
      before = *rows;
    }
  }
}

void askEverything(const ops::Operator& op, std::span<const TensorType> inputs) {
  const auto outputs = op.inferShape(inputs);
  if (!outputs) {
    EXPECT_FALSE(outputs.error().message.empty()) << op.name();
    return;
  }
  for (const TensorType& output : *outputs) {
    EXPECT_TRUE(ops::checkShape(output.shape)) << op.name() << " " << output.shape.toString();
    EXPECT_TRUE(output.type == DataType::Undefined || elementSize(output.type) > 0) << op.name();
  }
  EXPECT_GE(op.multiplyAdds(inputs, *outputs), 0) << op.name();
  (void)op.mayRunInPlace(0);
  for (int axis = 0; axis < outputs->front().shape.rank(); ++axis)
    askForRows(op, inputs, *outputs, axis);
  if (inputs.empty()) return;
  const ops::Storage storage{plainStrides(inputs[0].shape), 0};
  for (size_t i = 0; i < outputs->size(); ++i)
    (void)op.viewOf(inputs[0].shape, storage, static_cast<int>(i));
}

}  // namespace

TEST(Totality, ShapeInferenceAnswersAnything) {
  for (int kind = 0; kind < static_cast<int>(ops::OpKind::kCount); ++kind) {
    Garbage garbage(static_cast<uint64_t>(kind));
    for (int round = 0; round < 20000; ++round) {
      const auto op = ops::makeOperator(static_cast<ops::OpKind>(kind));
      scramble(*op, garbage);
      const auto types = garbage.types();
      askEverything(*op, types);
      if (HasFailure()) FAIL() << op->name() << ", round " << round;
    }
  }
}

}  // namespace minnow::optest
