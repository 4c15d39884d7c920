// Replaying random networks, whose values share memory in every way there is: against a trace of
// their own nothing may differ, and one fault in the reference shows where it is and nowhere else.
#include "analysis/replay.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "analysis/compare.h"
#include "analysis/record.h"
#include "analysis/test_traces.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "runtime/test_models.h"

namespace minnow::analysis {
namespace {

using Tensors = TraceFolder::Tensors;

ir::Graph network(unsigned seed, bool passes) {
  ir::Graph graph = passes::RandomGraph(seed, 11, 8).build(9);
  if (passes) {
    const auto done = passes::runPasses(graph, {});
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
  }
  return graph;
}

/// A network with a session that runs it layer by layer.
class Network {
 public:
  explicit Network(const ir::Graph& graph, int threads = 1)
      : model_(graph),
        runtime_(std::move(*Runtime::create({.threads = threads}))),
        interpreter_(std::move(*Interpreter::createFromBuffer(runtime_, model_.span))),
        session_(std::move(*interpreter_.createSession({.inStrips = false}))) {}

  Session& session() { return session_; }
  TraceInfo info() const { return describe(runtime_, interpreter_, session_); }
  Result<Report> replay(const Trace& reference) {
    return analysis::replay(runtime_, interpreter_, session_, reference);
  }

  /// What goes in and what every operator puts out. The output of step `faulty` is another one by
  /// 1 everywhere, and so is what follows from it.
  Tensors run(unsigned seed, std::optional<size_t> faulty = std::nullopt) {
    Tensors tensors;
    auto frame = session_.begin();
    for (size_t i = 0; i < session_.inputs().size(); ++i) {
      HostTensor input = HostTensor::copyOf(frame->input(i));
      std::mt19937 random(seed);
      std::uniform_real_distribution<float> uniform(-2, 2);
      for (int64_t e = 0; e < input.type.shape.elements(); ++e)
        setElement(input, e, uniform(random));
      copyTensor(input.view(), frame->input(i));
      tensors.emplace_back(session_.inputs()[i].name, std::move(input));
    }
    const auto ran =
        frame->runWithCallback({}, [&](const OperatorInfo& op, std::span<const TensorView> views) {
          const Operands operands = session_.operands(op.index);
          for (size_t i = 0; i < views.size(); ++i) {
            HostTensor tensor = HostTensor::copyOf(views[i]);
            if (op.index == faulty) {
              addOne(tensor);
              copyTensor(tensor.view(), views[i]);
            }
            tensors.emplace_back(operands.outputs[i].name, std::move(tensor));
          }
          return CallbackVerdict::Continue;
        });
    EXPECT_TRUE(ran) << ran.error().message;
    return tensors;
  }

  static void addOne(HostTensor& tensor) {
    for (int64_t e = 0; e < tensor.type.shape.elements(); ++e)
      setElement(tensor, e, elementAsDouble(tensor, e) + 1);
  }

 private:
  test::Model model_;
  Runtime runtime_;
  Interpreter interpreter_;
  Session session_;
};

/// Tensors whose own, or total, comparison is not equal.
std::set<std::string> unequal(const Report& report, bool own) {
  std::set<std::string> names;
  for (const ReportRow& row : report.rows) {
    const TensorComparison& comparison = own ? *row.single : row.entire;
    if (comparison.compared() && comparison.state != TensorComparison::State::Equal)
      names.insert(comparison.tensor);
  }
  return names;
}

using Names = std::set<std::string>;
constexpr unsigned kSeeds = 12;

TEST(Replay, AgainstATraceOfItsOwnNothingDiffers) {
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Network network(analysis::network(seed, seed % 2 == 0), seed % 3 == 0 ? 2 : 1);
    TraceFolder folder;
    const TraceInfo info = network.info();
    const Trace reference = folder.write(network.run(seed), &info);
    const auto report = network.replay(reference);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->equal()) << report->finding();
    EXPECT_EQ(unequal(*report, true), Names());
    EXPECT_EQ(unequal(*report, false), Names());
    EXPECT_FALSE(report->rows.empty());
  }
}

TEST(Replay, WhatTheReferenceLacksIsComputed) {
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Network network(analysis::network(seed, seed % 2 == 0));
    TraceFolder folder;
    const TraceInfo info = network.info();
    Tensors tensors = network.run(seed);
    std::mt19937 random(seed);
    const auto inputs = network.session().inputs().size();
    std::erase_if(tensors, [&, n = size_t{0}](const auto&) mutable {
      return n++ >= inputs && random() % 2 == 0;
    });
    const Trace reference = folder.write(tensors, &info);
    const auto report = network.replay(reference);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(unequal(*report, true), Names());
    for (const ReportRow& row : report->rows)
      for (const TensorComparison& input : row.inputs)
        EXPECT_TRUE(input.state != TensorComparison::State::OnlyInA || !row.group.empty());
  }
}

TEST(Replay, AFaultyOperatorShowsAndNothingElseDoes) {
  int faults = 0;
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    Network network(analysis::network(seed, seed % 2 == 0));
    const TraceInfo info = network.info();
    for (const OperatorInfo& op : network.session().operators()) {
      if (op.kernel == "view") continue;  // it shares its elements with what it is a view of
      SCOPED_TRACE(testing::Message() << seed << " " << op.name << " " << op.type);
      TraceFolder folder;
      const Trace reference = folder.write(network.run(seed, op.index), &info);
      const auto report = network.replay(reference);
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_EQ(unequal(*report, true),
                Names{std::string(network.session().operands(op.index).outputs[0].name)});
      ASSERT_GE(report->culprit, 0);
      EXPECT_EQ(report->rows[static_cast<size_t>(report->culprit)].step, op.index);
      ++faults;
    }
  }
  EXPECT_GT(faults, 50);
}

TEST(Replay, AChangedTensorShowsAtItsProducerAndItsReaders) {
  int shown = 0;
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    Network network(analysis::network(seed, seed % 2 == 0));
    const TraceInfo info = network.info();
    const Tensors tensors = network.run(seed);
    for (size_t t = network.session().inputs().size(); t < tensors.size(); ++t) {
      const std::string& name = tensors[t].first;
      SCOPED_TRACE(testing::Message() << seed << " " << name);
      Tensors changed = tensors;
      Network::addOne(changed[t].second);
      TraceFolder folder;
      const Trace reference = folder.write(changed, &info);
      const auto report = network.replay(reference);
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_EQ(unequal(*report, false), Names{name});
      Names may{name};
      for (const ReportRow& row : report->rows)
        for (const TensorComparison& input : row.inputs)
          if (input.tensor == name) may.insert(row.entire.tensor);
      const Names are = unequal(*report, true);
      EXPECT_TRUE(are.contains(name));
      for (const std::string& other : are) EXPECT_TRUE(may.contains(other)) << other;
      shown += static_cast<int>(are.size()) - 1;
    }
  }
  EXPECT_GT(shown, 50);
}

/// One convolution on x.
ir::Graph oneConvolution() {
  test::Builder builder("one");
  return builder.finish(builder.conv(builder.input("x", {1, 2, 5, 5}), 2, 4, 3, 1, 1, 1));
}

TEST(Replay, RoundingExplainsASmallErrorOfAnotherEngine) {
  Network network(oneConvolution());
  TraceInfo info = network.info();
  info.engine = "other";
  const Tensors tensors = network.run(1);
  const auto with = [&](double factor) {
    Tensors changed = tensors;
    HostTensor& out = changed[1].second;
    for (int64_t e = 0; e < out.type.shape.elements(); ++e)
      setElement(out, e, elementAsDouble(out, e) * factor);
    TraceFolder folder;
    return *network.replay(folder.write(changed, &info));
  };
  const Report small = with(1 + 0x1p-23);
  EXPECT_TRUE(small.equal()) << small.finding();
  const ReportRow& row = small.rows[0];
  EXPECT_NEAR(row.explained, (2 * 3 * 3 + 16) * 0x1p-24 * row.single->figures->scale, 1e-12);
  EXPECT_GT(row.excess, 0);
  EXPECT_LT(row.excess, 1);
  const Report large = with(1 + 0x1p-17);
  EXPECT_EQ(large.culprit, 0) << large.finding();
  EXPECT_GT(large.rows[0].excess, 1);
}

TEST(Replay, WhatTheReferenceHasOnTheWayCountsAsMagnitude) {
  Network network(oneConvolution());
  TraceInfo info = network.info();
  info.engine = "other";
  Tensors tensors = network.run(1);
  const std::string out = tensors[1].first;
  Network::addOne(tensors[1].second);
  const auto explained = [&](const std::string& last, float before) {
    info.operators = {{"first", "Conv", "", {"x"}, {"before"}},
                      {"last", last, "", {"before"}, {out}}};
    Tensors all = tensors;
    if (before > 0) all.emplace_back("before", floatTensor({0, -before}));
    TraceFolder folder;
    return network.replay(folder.write(all, &info))->rows[0].explained;
  };
  constexpr double kRounding = (2 * 3 * 3 + 16) * 0x1p-24;
  const double scale = figuresOf(tensors[1].second, tensors[1].second).scale;
  EXPECT_DOUBLE_EQ(explained("Clip", 1000), kRounding * 1000);
  EXPECT_DOUBLE_EQ(explained("Clip", 0), kRounding * scale);
  // Much less than 1 everywhere.
  HostTensor& small = tensors[1].second;
  for (int64_t e = 0; e < small.type.shape.elements(); ++e) setElement(small, e, 1e-6);
  EXPECT_DOUBLE_EQ(explained("Sigmoid", 0), kRounding);
  EXPECT_LT(explained("Clip", 0), kRounding * 1e-5);
}

TEST(Replay, SaysWhatTheReferenceLacks) {
  Network network(oneConvolution());
  const TraceInfo info = network.info();
  const Tensors tensors = network.run(1);
  TraceFolder folder;
  const auto said = [&](const Tensors& reference, const TraceInfo& about) {
    const Trace trace = folder.write(reference, &about);
    const auto report = network.replay(trace);
    return report ? "replayed" : report.error().message;
  };
  EXPECT_EQ(said(tensors, info), "replayed");
  EXPECT_NE(said({tensors[1]}, info).find("lacks the elements of input x"), std::string::npos);
  Tensors wide = tensors;
  wide[0].second = floatTensor({1, 2, 5, 6}, std::vector<float>(60));
  EXPECT_NE(said(wide, info).find("1x2x5x6"), std::string::npos);
  EXPECT_NE(said({tensors[0]}, info).find("has no tensor that this model computes"),
            std::string::npos);
  TraceInfo other = info;
  other.checksum = "another";
  EXPECT_NE(said(tensors, other).find("different models"), std::string::npos);
  Tensors unlike = tensors;  // nothing to feed or to judge, but no harm
  unlike[1].second = floatTensor({1});
  EXPECT_EQ(said(unlike, info), "replayed");
}

}  // namespace
}  // namespace minnow::analysis
