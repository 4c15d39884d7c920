// Strips of rows against whole layers: random networks, with the chains that the pass chooses and
// with chains drawn at random, give the same bits, and no more memory where the pass chose.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/aligned.h"
#include "format/write.h"
#include "minnow/runtime.h"
#include "ops/matmul.h"
#include "ops/softmax.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "planning/layout.h"
#include "program/program.h"
#include "runtime/backends.h"

namespace minnow {
namespace {

using passes::convOf;
using passes::GraphBuilder;

/// A model in memory that lives as long as what runs it.
class Model {
 public:
  Model(const ir::Graph& graph, int threads = 1) {
    const auto bytes = format::write(graph);
    EXPECT_TRUE(bytes) << (bytes ? "" : bytes.error().message);
    memory_ = base::alignedBytes(bytes->size());
    std::memcpy(memory_.get(), bytes->data(), bytes->size());
    runtime_.emplace(std::move(*Runtime::create({.threads = threads})));
    auto loaded = Interpreter::createFromBuffer(*runtime_, {memory_.get(), bytes->size()});
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    interpreter_.emplace(std::move(*loaded));
  }
  Session session(bool strips, bool fastKernels = true) {
    return std::move(
        *interpreter_->createSession({.fastKernels = fastKernels, .inStrips = strips}));
  }

 private:
  std::shared_ptr<std::byte[]> memory_;
  std::optional<Runtime> runtime_;
  std::optional<Interpreter> interpreter_;
};

void fillInputs(const Session& session, Frame& frame, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-2, 2);
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    passes::Tensor tensor({DataType::Float32, session.inputs()[i].shape});
    for (float& x : tensor.floats()) x = uniform(random);
    copyTensor(tensor.view(), frame.input(i));
  }
}

std::vector<passes::Tensor> results(Session& session, unsigned seed) {
  auto frame = session.begin();
  EXPECT_TRUE(frame.has_value());
  fillInputs(session, *frame, seed);
  const auto ran = frame->run();
  EXPECT_TRUE(ran) << (ran ? "" : ran.error().message);
  std::vector<passes::Tensor> outputs;
  for (size_t o = 0; o < session.outputs().size(); ++o) {
    outputs.emplace_back(TensorType{frame->output(o).type, frame->output(o).shape});
    copyTensor(frame->output(o), outputs.back().view());
  }
  return outputs;
}

void expectSameBits(const std::vector<passes::Tensor>& a, const std::vector<passes::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t o = 0; o < a.size(); ++o) {
    ASSERT_EQ(a[o].type, b[o].type);
    EXPECT_EQ(std::memcmp(a[o].bytes.get(), b[o].bytes.get(), a[o].view().bytes()), 0)
        << "output " << o;
  }
}

void expectStripsChangeNothing(const ir::Graph& graph, unsigned seed, int threads = 1,
                               bool fastKernels = true) {
  Model model(graph, threads);
  Session whole = model.session(false, fastKernels), strips = model.session(true, fastKernels);
  const auto expected = results(whole, seed);
  // Twice: what a frame leaves behind must not matter to the next.
  expectSameBits(expected, results(strips, seed));
  expectSameBits(expected, results(strips, seed));
}

/// Weights of Winograd's tiles are stored transformed in every other one.
ir::Graph network(unsigned seed, const std::vector<std::string>& disabled = {}, int64_t height = 23,
                  int64_t width = 9) {
  ir::Graph graph = passes::RandomGraph(seed, height, width).build(6 + static_cast<int>(seed % 12));
  const auto done = passes::runPasses(graph, disabled);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  if (seed % 2 == 1) {
    EXPECT_TRUE(passes::storePointsWhere(graph, passes::always));
  }
  return graph;
}

std::vector<TensorType> typesOf(const ir::Graph& graph) {
  std::vector<TensorType> types;
  for (const ir::Value& value : graph.values) types.push_back(value.type);
  return types;
}

/// Most bytes of feature maps alive at a step; workspace, which the pass does not see, left out.
size_t peak(const ir::Graph& graph, bool strips) {
  return std::ranges::max(
      planning::aliveBytes(planning::layOut(graph, typesOf(graph), strips ? 1 : 0)));
}

TEST(Strips, ChosenChainsKeepBitsAndTakeNoMoreMemory) {
  int chains = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const ir::Graph graph = network(seed, {}, 90, 41);  // smaller ones are not worth strips
    chains += static_cast<int>(graph.chains.size());
    expectStripsChangeNothing(graph, seed);
    EXPECT_LE(peak(graph, true), peak(graph, false));
    if (HasFailure()) return;
  }
  EXPECT_GT(chains, 30) << "the networks no longer try what this test is for";
}

/// Chains of random lengths and heights over whatever can run in strips.
int chainAnything(ir::Graph& graph, std::mt19937& random) {
  const std::vector<TensorType> types = typesOf(graph);
  const planning::Uses uses(graph, types);
  const int nodes = static_cast<int>(graph.nodes.size());
  for (int first = 0; first < nodes;) {
    const int end = std::min<int>(nodes, first + 2 + static_cast<int>(random() % 6));
    const ir::Chain chain{first, end, 1 + static_cast<int64_t>(random() % 5)};
    if (!planning::scheduleChain(graph, types, uses, chain)) {
      ++first;
      continue;
    }
    graph.chains.push_back(chain);
    first = end;
  }
  return static_cast<int>(graph.chains.size());
}

TEST(Strips, AnyChainKeepsBits) {
  std::mt19937 random(5);
  int chains = 0;
  for (unsigned seed = 500; seed < 700; ++seed) {
    SCOPED_TRACE(seed);
    // Without channels-last storage now and then: rows of planes are strips too.
    ir::Graph graph = network(seed, seed % 4 == 0 ? std::vector<std::string>{"assign-layout"}
                                                  : std::vector<std::string>{});
    graph.chains.clear();
    chains += chainAnything(graph, random);
    expectStripsChangeNothing(graph, seed, seed % 3 == 0 ? 3 : 1, seed % 5 != 0);
    if (HasFailure()) return;
  }
  EXPECT_GT(chains, 200);
}

/// Convolutions of 3x3 between images of `height` rows, stored channels-last.
ir::Graph convolutions(int count, int64_t height, int64_t rows,
                       const ops::Conv& conv = convOf(3, 1, 1)) {
  GraphBuilder b;
  ir::ValueId x = b.input({1, 4, height, 8});
  for (int i = 0; i < count; ++i) x = b.add(conv, {x, b.random({4, 4, 3, 3})});
  b.output(x);
  EXPECT_TRUE(passes::runPasses(b.graph, std::vector<std::string>{"choose-strips"}));
  const int nodes = static_cast<int>(b.graph.nodes.size());
  int first = 0, end = nodes;
  while (b.graph.nodes[first].op->kind() != ops::OpKind::Conv) ++first;
  while (b.graph.nodes[end - 1].op->kind() != ops::OpKind::Conv) --end;
  b.graph.chains = {{first, end, rows}};
  return std::move(b.graph);
}

TEST(Strips, ConvolutionsHoldTheRowsOfTheirWindows) {
  // The last of two 3x3 convolutions makes 4 rows at a time and reads 6: a window of 6 rows of 8
  // pixels of 4 channels, 1024 bytes a row... of 32 rows that the whole map has.
  const ir::Graph graph = convolutions(2, 32, 4);
  Model model(graph);
  bool found = false;
  for (const PlannedMemory& memory : model.session(true).memoryPlan()) {
    if (!memory.strip) continue;
    found = true;
    EXPECT_EQ(memory.bytes, 6U * 8 * 4 * sizeof(float));
  }
  EXPECT_TRUE(found);
  expectStripsChangeNothing(graph, 1);
}

TEST(Strips, ScheduleIsWhatAWindowOfThreeRowsAsksFor) {
  const ir::Graph graph = convolutions(2, 10, 4);
  const std::vector<TensorType> types = typesOf(graph);
  const auto chain =
      planning::scheduleChain(graph, types, planning::Uses(graph, types), graph.chains.front());
  ASSERT_TRUE(chain) << chain.error().message;
  ASSERT_EQ(chain->strips, 3);
  const int first = chain->first, last = chain->last;
  for (const auto& [strip, ahead, rows] : {std::tuple{0, 5, 4}, {1, 9, 8}, {2, 10, 10}}) {
    EXPECT_EQ(chain->end(first, strip), ahead);
    EXPECT_EQ(chain->end(last, strip), rows);
  }
  EXPECT_EQ(chain->readsOf(last)[0].first, (std::vector<int32_t>{0, 3, 7}));
}

TEST(Strips, CallbacksSeeEveryRowOnce) {
  const ir::Graph graph = convolutions(3, 20, 3);
  Model model(graph);
  const auto record = [&](bool strips) {
    std::map<std::string, std::vector<std::vector<float>>> rows;
    Session session = model.session(strips);
    auto frame = session.begin();
    fillInputs(session, *frame, 7);
    const auto after = [&](const OperatorInfo& info, std::span<const TensorView> outputs) {
      const TensorView& out = outputs[0];
      if (info.rowEnd > 0) {
        EXPECT_EQ(out.shape[2], info.rowEnd - info.rowBegin);
      }
      for (int64_t row = 0; row < out.shape[2]; ++row) {
        passes::Tensor one({DataType::Float32, {1, out.shape[1], 1, out.shape[3]}});
        TensorView view = out;
        view.shape[2] = 1;
        view.data = out.as<float>() + row * out.strides[2];
        copyTensor(view, one.view());
        rows[info.name].emplace_back(one.floats().begin(), one.floats().end());
      }
      return CallbackVerdict::Continue;
    };
    EXPECT_TRUE(frame->runWithCallback({}, after));
    return rows;
  };
  EXPECT_EQ(record(true), record(false));
}

TEST(Strips, ResizedInputsAreScheduledAnew) {
  ops::Conv halving = convOf(3, 2, 0);
  halving.autoPad = ops::AutoPad::SameUpper;  // other padding for even heights than for odd ones
  ops::Conv inTiles = convOf(3, 1, 1);
  inTiles.winograd = true;
  for (const ops::Conv& conv : {convOf(3, 1, 1), halving, inTiles}) {
    Model model(convolutions(3, 20, 2, conv));
    Session strips = model.session(true), whole = model.session(false);
    for (const int64_t height : {7, 1, 40, 41}) {
      ASSERT_TRUE(strips.resizeInput("in0", {1, 4, height, 5}));
      ASSERT_TRUE(whole.resizeInput("in0", {1, 4, height, 5}));
      expectSameBits(results(whole, 3), results(strips, 3));
    }
  }
}

/// x = sigmoid(in), then conv_b(conv_a(x)) + x in one chain.
ir::Graph residual(int64_t kernelA, int64_t kernelB) {
  GraphBuilder b;
  const ir::ValueId in = b.input({1, 4, 32, 8});
  const ir::ValueId x = b.add(passes::unary(ops::UnaryFn::Sigmoid), {in});
  ir::ValueId y = x;
  for (int64_t kernel : {kernelA, kernelB})
    y = b.add(convOf(kernel, 1, kernel / 2), {y, b.random({4, 4, kernel, kernel})});
  b.output(b.add(passes::unary(ops::UnaryFn::Sqrt),
                 {b.add(passes::binary(ops::BinaryFn::Add), {x, y})}));
  EXPECT_TRUE(passes::runPasses(b.graph, std::vector<std::string>{"choose-strips"}));
  int add = 0;
  while (b.graph.nodes[add].op->kind() != ops::OpKind::Binary) ++add;
  b.graph.chains = {{add - 2, add + 1, 2}};
  return std::move(b.graph);
}

TEST(Strips, SumTakesItsOperandsPlaceOnlyIfNoLaterStripReadsIt) {
  const auto inPlace = [](const ir::Graph& graph) {
    const planning::MemoryLayout layout = planning::layOut(graph, typesOf(graph), 1);
    const int add = graph.chains[0].end - 1;
    const auto buffer = [&](ir::ValueId id) { return layout.storage.places[id].buffer; };
    return buffer(graph.nodes[add].inputs[0]) == buffer(graph.nodes[add].outputs[0]);
  };
  // The first convolution is ahead of the sum by the second one's window.
  EXPECT_TRUE(inPlace(residual(1, 3)));
  EXPECT_TRUE(inPlace(residual(1, 1)));
  // A window of its own reaches back to rows that the sum has written.
  EXPECT_FALSE(inPlace(residual(3, 1)));
  EXPECT_TRUE(inPlace(residual(3, 3))) << "one row ahead, one row back";
  for (const auto& [a, c] : {std::pair{1, 3}, {1, 1}, {3, 1}, {3, 3}, {5, 3}})
    expectStripsChangeNothing(residual(a, c), 1);
}

/// softmax(q k) v with a row of the matrix for each of n positions, as attention computes it.
ir::Graph attention(int64_t n) {
  GraphBuilder b;
  const ir::ValueId q = b.input({1, n, 6}), k = b.input({1, 6, n}), v = b.input({1, 5, n});
  ops::Softmax softmax;
  softmax.axis = 2;
  const ir::ValueId weights = b.add(softmax, {b.add(ops::MatMul(), {q, k})});
  b.output(b.add(ops::MatMul(), {v, b.add(passes::transpose({0, 2, 1}), {weights})}));
  EXPECT_TRUE(passes::runPasses(b.graph, {}));
  return std::move(b.graph);
}

TEST(Strips, AttentionNeverHoldsItsMatrix) {
  const ir::Graph graph = attention(600);
  Model model(graph);
  const size_t matrix = 600 * 600 * sizeof(float);
  EXPECT_GE(model.session(false).memory().dynamicBytes, matrix);
  EXPECT_LT(model.session(true).memory().dynamicBytes, matrix / 4);
  expectStripsChangeNothing(graph, 1);
}

// The values are made between the scores and the product, in the order of nodes that exporters give.
TEST(Strips, AttentionRunsInBandsWhereverItsValuesAreMade) {
  GraphBuilder b;
  const ir::ValueId q = b.input({1, 600, 6}), k = b.input({1, 6, 600}), x = b.input({1, 5, 600});
  ops::Softmax softmax;
  softmax.axis = 2;
  const ir::ValueId weights = b.add(softmax, {b.add(ops::MatMul(), {q, k})});
  const ir::ValueId v = b.add(passes::unary(ops::UnaryFn::Sigmoid), {x});
  b.output(b.add(ops::MatMul(), {v, b.add(passes::transpose({0, 2, 1}), {weights})}));
  ASSERT_TRUE(passes::runPasses(b.graph, {}));
  const auto layout = planning::layOutInBands(b.graph, typesOf(b.graph), 2);
  ASSERT_FALSE(layout.chains.empty());
  EXPECT_EQ(layout.chains[0].band.count, 2);
  expectStripsChangeNothing(b.graph, 1);
}

TEST(Strips, PackedWeightsAreNotCut) {
  GraphBuilder b;
  const ir::ValueId x = b.input({1, 4, 40});
  const ir::ValueId y = b.add(passes::unary(ops::UnaryFn::Sigmoid), {x});
  b.output(b.add(ops::MatMul(), {y, b.random({40, 50})}));
  ASSERT_TRUE(passes::runPasses(b.graph, {}));
  const ir::Graph& graph = b.graph;
  ASSERT_EQ(graph.values[graph.nodes.back().inputs[1]].packing, Packing::F32x16);
  const int nodes = static_cast<int>(graph.nodes.size());
  const std::vector<TensorType> types = typesOf(graph);
  const auto chain =
      planning::scheduleChain(graph, types, planning::Uses(graph, types), {0, nodes, 2});
  // By rows of the product, or not at all.
  if (chain) {
    EXPECT_EQ(chain->axis(nodes - 1), 1);
  }
  b.graph.chains = {{0, nodes, 2}};
  expectStripsChangeNothing(graph, 1);
}

/// relu(x[0:7]) and -x[1:8], the second in place of a view one row further.
TEST(Strips, ShiftedViewsOfOneTensorAreNotOverwritten) {
  GraphBuilder b;
  const ir::ValueId in = b.input({8, 4});
  const ir::ValueId x = b.add(passes::unary(ops::UnaryFn::Sigmoid), {in});
  const auto rows = [&](int64_t start, int64_t end) {
    ops::Slice slice;
    slice.starts = {start};
    slice.ends = {end};
    slice.axes = {0};
    slice.steps = {1};
    return b.add(slice, {x});
  };
  const ir::ValueId upper = rows(0, 7), lower = rows(1, 8);
  b.output(b.add(passes::unary(ops::UnaryFn::Relu), {upper}));
  b.output(b.add(passes::unary(ops::UnaryFn::Neg), {lower}));
  const int nodes = static_cast<int>(b.graph.nodes.size());
  b.graph.chains = {{nodes - 2, nodes, 1}};
  expectStripsChangeNothing(b.graph, 1);
}

// A file may ask for any chain; bookkeeping must not grow with the product of its sizes.
TEST(Strips, ChainsOfManyNodesAndStripsArePlannedQuickly) {
  GraphBuilder b;
  ir::ValueId x = b.input({4096, 1});
  for (int i = 0; i < 1500; ++i) x = b.add(passes::unary(ops::UnaryFn::Relu), {x});
  ops::Concat concat;
  concat.axis = 1;
  b.output(b.add(concat, std::vector<ir::ValueId>(2000, x)));
  for (const int64_t rows : {1, 100, 2000}) {
    b.graph.chains = {{0, static_cast<int>(b.graph.nodes.size()), rows}};
    Model model(b.graph);
    EXPECT_GT(model.session(true).memory().dynamicBytes, 0U);
  }
}

// Strips grow with threads, workspace too: not beyond what whole layers take.
TEST(Strips, NeverTakeMoreMemoryThanWholeLayers) {
  for (const int threads : {1, 2, 3, 8})
    for (unsigned seed = 0; seed < 60; ++seed) {
      Model model(network(seed, {}, 90, 41), threads);
      EXPECT_LE(model.session(true).memory().dynamicBytes,
                model.session(false).memory().dynamicBytes)
          << seed << ", " << threads << " threads";
    }
}

/// Whether threads share the layers of strips of a chain whose borders are too wide for bands, beside
/// another input of so many channels.
bool sharesStrips(int threads, int64_t channelsBeside) {
  GraphBuilder b;
  const ir::ValueId x = b.input({1, 8, 64, 16}), beside = b.input({1, channelsBeside, 64, 16});
  ops::Conv wide = convOf(3, 1, 12);
  wide.dilations = {12, 12};
  const ir::ValueId y = b.add(convOf(1, 1, 0), {x, b.random({32, 8, 1, 1})});
  b.output(b.add(wide, {y, b.random({8, 32, 3, 3})}));
  b.output(b.add(convOf(1, 1, 0), {beside, b.random({8, channelsBeside, 1, 1})}));
  EXPECT_TRUE(passes::runPasses(b.graph, std::vector<std::string>{"choose-strips"}));
  int first = 0;
  while (b.graph.nodes[first].op->kind() != ops::OpKind::Conv) ++first;
  b.graph.chains = {{first, first + 2, 2}};
  const auto program = program::build(b.graph, typesOf(b.graph), {threads, true, backends()});
  EXPECT_TRUE(program);
  EXPECT_EQ((*program)->strips.mostBands(), 1);
  return (*program)->strips.chainAt(first) != nullptr;
}

TEST(Strips, ThreadsMeetAtEveryStripOnlyWhereThatSavesMemory) {
  EXPECT_TRUE(sharesStrips(1, 8));
  EXPECT_TRUE(sharesStrips(2, 8)) << "saves more than an eighth";
  EXPECT_TRUE(sharesStrips(1, 320)) << "one thread has nobody to wait for";
  EXPECT_FALSE(sharesStrips(2, 320)) << "saves little";
}

}  // namespace
}  // namespace minnow
