// Graphs behind NonZero, Compress and NonMaxSuppression, of any operators with any attributes: what
// is accepted is right for whatever sizes the data give, in the run and after the passes, and what
// is refused is refused before it runs. The truth is every operator's scalar reference on tensors
// of exactly their sizes, one operator after another: no plan, no arena, no shared memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "base/aligned.h"
#include "format/write.h"
#include "ir/data_sizes.h"
#include "minnow/runtime.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/select.h"
#include "passes/pass_list.h"
#include "sizes/evaluate.h"

namespace minnow {
namespace {

using ir::ValueId;

constexpr int64_t kMostElements = 1500;

class RandomModel {
 public:
  explicit RandomModel(unsigned seed) : random_(seed) {}

  /// True if some node is one that must be refused.
  bool refused() const { return refused_; }
  const std::set<std::string>& behind() const { return behind_; }

  ir::Graph build() {
    graph_.name = "random";
    for (int i = 0; i < 3; ++i) feed(DataType::Float32, shape(1 + below(3)));
    feed(DataType::Float32, {2, 3, 5, 4});
    addConstants();
    switch (below(4)) {
      case 0:
        add(ops::NonZero(), {one(DataType::Float32)});
        break;
      case 1:
        suppress();
        break;
      default:
        compress();
    }
    if (chance(3)) addPattern();
    for (int wanted = 2 + static_cast<int>(below(6)), tries = 0; wanted > 0 && tries < 4000;
         ++tries)
      wanted -= addAnything();
    finish();
    return std::move(graph_);
  }

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool chance(int64_t n) { return below(n) == 0; }

  Shape shape(int64_t rank) {
    Shape s;
    for (int64_t i = 0; i < rank; ++i) s.push_back(1 + below(6));
    return s;
  }

  ValueId feed(DataType type, const Shape& s) {
    const ValueId id = graph_.addValue({"in" + std::to_string(graph_.values.size()), {type, s}});
    graph_.inputs.push_back(id);
    return id;
  }

  void constant(DataType type, const Shape& s) {
    std::vector<int64_t> ints;
    std::vector<float> floats;
    for (int64_t i = 0; i < s.elements(); ++i) {
      ints.push_back(below(5) - 2);
      floats.push_back(static_cast<float>(below(9)) / 4 - 1);
    }
    const auto bytes =
        type == DataType::Int64 ? std::as_bytes(std::span(ints)) : std::as_bytes(std::span(floats));
    graph_.addConstant("c" + std::to_string(graph_.values.size()), {type, s}, bytes);
  }

  void addConstants() {
    for (DataType type : {DataType::Int64, DataType::Float32}) {
      constant(type, {});
      constant(type, shape(1));
      constant(type, shape(2));
      constant(type, {1});
    }
    constant(DataType::Float32, {2, 3, 3, 3});
    constant(DataType::Float32, {3});
  }

  ValueId one(DataType type) {
    for (int tries = 0; tries < 100; ++tries)
      if (const auto id = static_cast<ValueId>(below(std::ssize(graph_.values)));
          graph_.values[id].type.type == type && !graph_.values[id].isConstant())
        return id;
    return graph_.inputs[0];
  }

  /// Whether elements of a new input are greater than a number.
  ValueId condition(int64_t extent) {
    ops::Binary greater;
    greater.fn = ops::BinaryFn::Greater;
    const ValueId half =
        graph_.addFloats("half" + std::to_string(graph_.values.size()), {}, std::vector{0.5F});
    return add(greater, {feed(DataType::Float32, {extent}), half}).front();
  }

  void compress() {
    ops::Compress op;
    const ValueId x = one(DataType::Float32);
    const Shape s = graph_.values[x].type.shape;
    op.flat = chance(4);
    op.axis = below(s.rank());
    const ValueId which = condition(op.flat ? s.elements() : s[static_cast<int>(op.axis)]);
    add(op, {x, which});
    if (chance(2)) add(op, {x, which});  // of unlike numbers, though of like size
  }

  void suppress() {
    const int64_t boxes = 1 + below(6);
    ops::NonMaxSuppression op;
    op.mostPerClass = 1 + below(4);
    op.iouThreshold = 0.5F;
    op.scoreThreshold = 0.5F;
    op.hasScoreThreshold = true;
    add(op, {feed(DataType::Float32, {1, boxes, 4}), feed(DataType::Float32, {1, 2, boxes})});
  }

  template <class Op>
  std::vector<ValueId> add(const Op& op, const std::vector<ValueId>& inputs) {
    return tryNode(std::make_unique<Op>(op), inputs);
  }

  /// Nothing if the types do not fit; as a rule nothing either if the node is one to refuse.
  std::vector<ValueId> tryNode(std::unique_ptr<ops::Operator> op, std::vector<ValueId> inputs) {
    ir::Node node{"", std::move(op), std::move(inputs), {}};
    const auto in = graph_.inputTypes(node);
    const auto types = sizes_.outputTypes(node, in);
    if (!types || types->empty()) return {};
    for (const TensorType& type : *types)
      if (type.shape.elements() > kMostElements) return {};
    const bool concerns = sizes_.concerns(node);
    node.name = node.op->name() + std::to_string(graph_.nodes.size());
    for (size_t i = 0; i < types->size(); ++i)
      node.outputs.push_back(static_cast<ValueId>(graph_.values.size() + i));
    if (concerns && !sizes_.enter(node, in)) {
      if (!chance(100)) return {};
      refused_ = true;
    }
    for (const TensorType& type : *types)
      graph_.addValue({node.name + "." + std::to_string(graph_.values.size()), type});
    if (concerns) behind_.insert(node.op->name());
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().outputs;
  }

  int64_t number() {
    static constexpr int64_t kFar[] = {1 << 30, INT64_MAX, -(1 << 30), INT64_MIN};
    return chance(12) ? kFar[below(4)] : chance(8) ? below(60) : below(8) - 3;
  }

  void fill(std::vector<int64_t>& list, int rank) {
    list.resize(static_cast<size_t>(chance(3)   ? below(4)
                                    : chance(6) ? std::max(0, rank - 2)
                                                : rank));
    const int64_t kind = below(4);
    for (size_t i = 0; i < list.size(); ++i)
      list[i] = kind == 0 ? static_cast<int64_t>(i) : kind == 1 ? 1 : kind == 2 ? 0 : number();
    if (kind == 0) std::shuffle(list.begin(), list.end(), random_);
  }

  /// Attributes at random; those that make no sense are refused by inferShape().
  std::unique_ptr<ops::Operator> anything(ops::OpKind kind, int rank) {
    auto op = ops::makeOperator(kind);
    ops::AttributeMap map = op->attributes();
    for (auto& [name, value] : map) {
      if (chance(4)) continue;
      if (auto* i = std::get_if<int64_t>(&value)) *i = number();
      if (auto* f = std::get_if<float>(&value)) *f = static_cast<float>(below(5)) / 2;
      if (auto* list = std::get_if<std::vector<int64_t>>(&value)) fill(*list, rank);
      if (auto* list = std::get_if<std::vector<float>>(&value))
        list->assign(static_cast<size_t>(rank), static_cast<float>(1 + below(2)));
    }
    return op->setAttributes(std::move(map)) ? std::move(op) : nullptr;
  }

  /// What passes look for: sums and products with constants, normalisation in parts, a product with
  /// a bias, reshapes of reshapes.
  void addPattern() {
    const auto binary = [&](ops::BinaryFn fn, ValueId a, ValueId b) {
      ops::Binary op;
      op.fn = fn;
      const auto ids = add(op, {a, b});
      return ids.empty() ? a : ids.front();
    };
    const auto number = [&](float value) {
      return graph_.addFloats("n" + std::to_string(graph_.values.size()), {}, std::vector{value});
    };
    ValueId x = one(DataType::Float32);
    for (int tries = 0; tries < 20 && !sizes_.isFromData(x); ++tries) x = one(DataType::Float32);
    const int rank = graph_.values[x].type.shape.rank();
    if (rank == 0) return;
    if (chance(2)) {
      ops::Reduce mean;
      mean.fn = ops::ReduceFn::Mean;
      mean.axes = {rank - 1};
      const auto means = add(mean, {x});
      if (means.empty()) return;
      const ValueId rest = binary(ops::BinaryFn::Sub, x, means.front());
      const auto variance = add(mean, {binary(ops::BinaryFn::Mul, rest, rest)});
      ops::Unary root;
      root.fn = ops::UnaryFn::Sqrt;
      const auto deviation =
          add(root, {binary(ops::BinaryFn::Add, variance.front(), number(0.5F))});
      x = binary(ops::BinaryFn::Div, rest, deviation.front());
    } else if (rank == 2) {
      const ValueId weights = graph_.addFloats(
          "w" + std::to_string(graph_.values.size()), {2, graph_.values[x].type.shape[0]},
          std::vector<float>(static_cast<size_t>(2 * graph_.values[x].type.shape[0]), 0.5F));
      const auto product = add(ops::MatMul(), {weights, x});
      if (!product.empty()) x = product.front();
    } else if (rank == 4) {
      const ValueId scale = graph_.addFloats("s" + std::to_string(graph_.values.size()), {3, 1, 1},
                                             std::vector{2.0F, 3.0F, 4.0F});
      x = binary(ops::BinaryFn::Mul, x, scale);
    }
    x = binary(ops::BinaryFn::Add, binary(ops::BinaryFn::Mul, x, number(0.5F)), number(1));
    ops::Unsqueeze wider;
    wider.axes = {0};
    const auto wide = add(wider, {x});
    ops::Squeeze narrower;
    narrower.axes = {0};
    if (!wide.empty()) add(narrower, {wide.front()});
  }

  bool addAnything() {
    const auto kind = static_cast<ops::OpKind>(below(static_cast<int>(ops::OpKind::kCount)));
    for (int tries = 0; tries < 60; ++tries) {
      std::vector<ValueId> inputs;
      const int64_t count = 1 + below(chance(6) ? 5 : 3);
      for (int64_t i = 0; i < count; ++i) {
        const int64_t all = std::ssize(graph_.values), recent = std::min<int64_t>(all, 5);
        inputs.push_back(static_cast<ValueId>(chance(3) ? below(all) : all - 1 - below(recent)));
      }
      if (chance(5)) inputs.back() = inputs.front();
      bool concerned = false;
      for (ValueId id : inputs) concerned = concerned || sizes_.isFromData(id);
      if (!concerned && !chance(10)) continue;
      auto op = anything(kind, graph_.values[inputs[0]].type.shape.rank());
      if (op && !tryNode(std::move(op), inputs).empty()) return true;
    }
    return false;
  }

  void finish() {
    const auto readers = graph_.consumers();
    for (const ir::Node& node : graph_.nodes)
      for (ValueId id : node.outputs)
        if (readers[id].empty() || chance(4)) graph_.outputs.push_back(id);
    for (size_t i = 0; i < graph_.outputs.size(); ++i)
      graph_.outputNames.push_back("out" + std::to_string(i));
  }

  std::mt19937 random_;
  ir::Graph graph_;
  ir::DataSizes sizes_;
  std::set<std::string> behind_;
  bool refused_ = false;
};

/// Values of a graph as constants of exactly their sizes; empty where an operator fails.
class Truth {
 public:
  Truth(const ir::Graph& graph, std::map<ValueId, std::vector<float>>& fed) {
    ids_.assign(graph.values.size(), ir::kNoValue);
    for (size_t v = 0; v < graph.values.size(); ++v)
      if (graph.values[v].isConstant())
        ids_[v] = constants_.addConstant("", graph.values[v].type, graph.values[v].constant->bytes);
    for (auto& [id, floats] : fed)
      ids_[id] =
          constants_.addConstant("", graph.values[id].type, std::as_bytes(std::span(floats)));
    for (const ir::Node& node : graph.nodes)
      if (!run(node)) return;
    fine_ = true;
  }
  bool fine() const { return fine_; }
  TensorView of(ValueId id) const { return constants_.values[ids_[id]].view(); }

 private:
  bool run(const ir::Node& node) {
    std::vector<ValueId> inputs;
    for (ValueId id : node.inputs) inputs.push_back(ids_[id]);
    auto results = sizes::evaluate(constants_, *node.op, inputs, budget_);
    if (!results) return false;
    for (size_t i = 0; i < node.outputs.size(); ++i)
      ids_[node.outputs[i]] = constants_.addValue(
          {.name = "", .type = (*results)[i].type, .constant = (*results)[i].constant});
    return true;
  }

  ir::Graph constants_;
  sizes::Budget budget_;
  std::vector<ValueId> ids_;
  bool fine_ = false;
};

std::vector<std::byte> plain(const TensorView& view) {
  std::vector<std::byte> bytes(view.bytes());
  copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, bytes.data()});
  return bytes;
}

/// The same bits, a NaN like any other; after passes, which may fuse what rounds, nearly.
template <class T>
bool alike(const std::vector<std::byte>& left, const std::vector<std::byte>& right, bool bits) {
  const auto* x = reinterpret_cast<const T*>(left.data());
  const auto* y = reinterpret_cast<const T*>(right.data());
  for (size_t i = 0; i < left.size() / sizeof(T); ++i) {
    if (std::memcmp(&x[i], &y[i], sizeof(T)) == 0 || (std::isnan(x[i]) && std::isnan(y[i])))
      continue;
    if (bits || !(std::fabs(x[i] - y[i]) <= T{1e-4F} * std::max(T{1}, std::fabs(x[i]))))
      return false;
  }
  return true;
}

/// After passes a step of a byte: x of -1 and 1 has its zero point at 127.5, which the last bit of an
/// element decides.
bool withinAStep(const std::vector<std::byte>& left, const std::vector<std::byte>& right) {
  return std::ranges::equal(left, right, [](std::byte a, std::byte b) {
    return std::abs(static_cast<int>(a) - static_cast<int>(b)) <= 1;
  });
}

bool same(const TensorView& a, const TensorView& b, bool bits) {
  const auto left = plain(a), right = plain(b);
  if (a.type == DataType::Uint8 && !bits) return withinAStep(left, right);
  if (a.type == DataType::Float32) return alike<float>(left, right, bits);
  if (a.type == DataType::Float64) return alike<double>(left, right, bits);
  return left == right;
}

/// A model in a session, if it is accepted.
struct Loaded {
  Loaded(Runtime& runtime, const ir::Graph& graph) {
    const auto bytes = format::write(graph);
    if (!bytes) {
      error = bytes.error();
      return;
    }
    memory = base::alignedBytes(bytes->size());
    std::memcpy(memory.get(), bytes->data(), bytes->size());
    auto interpreter = Interpreter::createFromBuffer(runtime, {memory.get(), bytes->size()});
    if (!interpreter) {
      error = interpreter.error();
      return;
    }
    auto made = interpreter->createSession();
    EXPECT_TRUE(made) << made.error().message;
    if (made) session.emplace(std::move(*made));
  }
  std::shared_ptr<std::byte[]> memory;
  std::optional<Session> session;
  Error error;
};

class Comparison {
 public:
  Comparison(const ir::Graph& original, bool bits) : graph_(original), bits_(bits) {}

  /// Some frames of different data in one session.
  void run(Session& session, std::mt19937& random) const {
    auto frame = session.begin();
    ASSERT_TRUE(frame) << frame.error().message;
    for (int repeat = 0; repeat < 4 && !testing::Test::HasFailure(); ++repeat) {
      std::map<ValueId, std::vector<float>> fed;
      const auto often = random() % 5;  // how many elements are set: none to all
      for (size_t i = 0; i < graph_.inputs.size(); ++i) {
        const ir::Value& value = graph_.values[graph_.inputs[i]];
        std::vector<float>& floats = fed[graph_.inputs[i]];
        for (int64_t e = 0; e < value.type.shape.elements(); ++e)
          floats.push_back(random() % 4 < often ? 0.75F + static_cast<float>(random() % 8) / 8
                                                : 0.0F);
        const TensorView in = frame->input(value.name);
        copyTensor({{in.type, in.shape, plainStrides(in.shape)}, floats.data()}, in);
      }
      compare(*frame, Truth(graph_, fed));
    }
  }

 private:
  void compare(Frame& frame, const Truth& truth) const {
    const auto ran = frame.run();
    if (!truth.fine()) {
      EXPECT_FALSE(ran && bits_) << "an operator fails";
      return;
    }
    ASSERT_TRUE(ran) << ran.error().message;
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      const TensorView expected = truth.of(graph_.outputs[i]), found = frame.output(i);
      const std::string name = graph_.values[graph_.outputs[i]].name.str();
      ASSERT_EQ(found.type, expected.type) << name;
      ASSERT_EQ(found.shape, expected.shape)
          << name << ": " << found.shape.toString() << " for " << expected.shape.toString();
      EXPECT_TRUE(same(expected, found, bits_)) << name;
    }
  }

  const ir::Graph& graph_;
  bool bits_;
};

std::string describe(const ir::Graph& graph) {
  std::string all;
  for (const ir::Node& node : graph.nodes) {
    all += "\n" + node.name + " (";
    for (ValueId id : node.inputs)
      all += graph.values[id].name + ":" + graph.values[id].type.shape.toString() + " ";
    all += ")";
    for (const auto& [name, value] : node.op->attributes()) {
      all += " " + name + "=";
      if (const auto* i = std::get_if<int64_t>(&value)) all += std::to_string(*i);
      if (const auto* list = std::get_if<std::vector<int64_t>>(&value))
        for (int64_t i : *list) all += std::to_string(i) + ",";
    }
  }
  return all;
}

TEST(SizesFromData, AnyGraphIsRightOrRefused) {
  auto runtime = Runtime::create();
  std::set<std::string> behind;
  int accepted = 0, refused = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    RandomModel model(seed);
    ir::Graph graph = model.build();
    Loaded whole(*runtime, graph);
    EXPECT_EQ(!whole.session.has_value(), model.refused()) << seed << ": " << whole.error.message;
    refused += !whole.session;
    if (!whole.session) {
      EXPECT_EQ(whole.error.code, ErrorCode::Unsupported) << seed << ": " << whole.error.message;
      continue;
    }
    ++accepted;
    behind.insert(model.behind().begin(), model.behind().end());
    const std::string what = describe(graph);
    std::mt19937 random(seed);
    Comparison(graph, true).run(*whole.session, random);
    if (HasFailure()) FAIL() << "seed " << seed << what;
  }
  EXPECT_GT(accepted, 3000);
  EXPECT_GT(refused, 30);
  EXPECT_GT(behind.size(), 60U) << "fewer operators are tried than this test is for";
}

/// The same graph again: nodes cannot be copied.
ir::Graph again(unsigned seed) { return RandomModel(seed).build(); }

TEST(SizesFromData, PassesKeepThem) {
  auto runtime = Runtime::create();
  int accepted = 0;
  for (unsigned seed = 10000; seed < 12000; ++seed) {
    RandomModel model(seed);
    const ir::Graph graph = model.build();
    if (model.refused()) continue;
    ir::Graph passed = again(seed);
    const auto ok = passes::runPasses(passed, {});
    EXPECT_TRUE(ok) << ok.error().message;
    if (HasFailure()) FAIL() << "seed " << seed << describe(graph);
    Loaded loaded(*runtime, passed);
    ASSERT_TRUE(loaded.session) << loaded.error.message << describe(graph);
    ++accepted;
    std::mt19937 random(seed);
    Comparison(graph, false).run(*loaded.session, random);
    if (HasFailure()) FAIL() << "seed " << seed << describe(graph);
  }
  EXPECT_GT(accepted, 1500);
}

}  // namespace
}  // namespace minnow
