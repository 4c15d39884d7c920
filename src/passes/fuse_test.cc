// The fusions: each pattern becomes what it should, results stay, and look-alikes are left alone.
#include <numbers>

#include "ops/batch_normalization.h"
#include "ops/layer_normalization.h"
#include "ops/reduce.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"

namespace minnow::passes {

Result<int> fuseSwish(ir::Graph&, sizes::Budget&);
Result<int> fuseGelu(ir::Graph&, sizes::Budget&);
Result<int> fuseLayerNorm(ir::Graph&, sizes::Budget&);
Result<int> foldBatchNorm(ir::Graph&, sizes::Budget&);
Result<int> fuseBias(ir::Graph&, sizes::Budget&);
Result<int> fusePad(ir::Graph&, sizes::Budget&);
Result<int> fuseActivation(ir::Graph&, sizes::Budget&);

namespace {

using ir::ValueId;
using ops::UnaryFn;
using enum ops::BinaryFn;

/// A graph with one input x and what `build` makes of it.
template <class F>
ir::Graph graphOf(const Shape& shape, F&& build) {
  GraphBuilder b;
  b.output(build(b, b.input(shape)));
  return std::move(b.graph);
}

// Swish and its kin -------------------------------------------------------------------------------

ValueId clipped(GraphBuilder& b, ValueId x, float shift = 3, float most = 6) {
  return b.add(unary(UnaryFn::Clip, 0, most), {b.add(binary(Add), {x, b.scalar(shift)})});
}

TEST(FuseSwish, HardSwishInItsSpellings) {
  using Build = ValueId (*)(GraphBuilder&, ValueId);
  const Build spellings[] = {
      [](GraphBuilder& b, ValueId x) {
        return b.add(binary(Mul), {x, b.add(binary(Div), {clipped(b, x), b.scalar(6)})});
      },
      [](GraphBuilder& b, ValueId x) {
        return b.add(binary(Div), {b.add(binary(Mul), {x, clipped(b, x)}), b.scalar(6)});
      },
      [](GraphBuilder& b, ValueId x) {
        return b.add(binary(Mul), {b.add(binary(Mul), {clipped(b, x), x}), b.scalar(1.0f / 6)});
      },
      [](GraphBuilder& b, ValueId x) {
        return b.add(binary(Mul), {b.scalar(1.0f / 6), b.add(binary(Mul), {x, clipped(b, x)})});
      },
      [](GraphBuilder& b, ValueId x) {
        const ValueId gate = b.add(unary(UnaryFn::HardSigmoid, 1.0f / 6, 0.5f), {x});
        return b.add(binary(Mul), {gate, x});
      }};
  for (const Build build : spellings) {
    ir::Graph graph = graphOf({2, 3, 4}, build);
    EXPECT_EQ(after(graph, fuseSwish), "HardSwish");
  }
}

TEST(FuseSwish, HardSigmoidSpelledOut) {
  ir::Graph graph = graphOf({2, 3}, [](GraphBuilder& b, ValueId x) {
    return b.add(binary(Div), {clipped(b, x), b.scalar(6)});
  });
  EXPECT_EQ(after(graph, fuseSwish), "HardSigmoid");
}

TEST(FuseSwish, SwishWithAndWithoutBeta) {
  ir::Graph graph = graphOf({2, 3}, [](GraphBuilder& b, ValueId x) {
    const ValueId y = b.add(binary(Mul), {x, b.add(unary(UnaryFn::Sigmoid), {x})});
    const ValueId scaled = b.add(binary(Mul), {b.scalar(1.702f), y});
    return b.add(binary(Mul), {b.add(unary(UnaryFn::Sigmoid), {scaled}), y});
  });
  EXPECT_EQ(after(graph, fuseSwish), "Swish Swish");
}

TEST(FuseSwish, Mish) {
  ir::Graph graph = graphOf({2, 3}, [](GraphBuilder& b, ValueId x) {
    const ValueId gate = b.add(unary(UnaryFn::Tanh), {b.add(unary(UnaryFn::Softplus), {x})});
    return b.add(binary(Mul), {x, gate});
  });
  EXPECT_EQ(after(graph, fuseSwish), "Mish");
}

TEST(FuseSwish, LookAlikesStay) {
  ir::Graph other = graphOf({2, 3}, [](GraphBuilder& b, ValueId x) {
    return b.add(binary(Mul), {x, b.add(unary(UnaryFn::Sigmoid), {b.input({2, 3})})});
  });
  EXPECT_EQ(after(other, fuseSwish), "Sigmoid Mul");
  ir::Graph numbers = graphOf({2, 3}, [](GraphBuilder& b, ValueId x) {
    return b.add(binary(Div), {b.add(binary(Mul), {x, clipped(b, x, 2)}), b.scalar(6)});
  });
  EXPECT_EQ(after(numbers, fuseSwish), "Add Clip Mul Div");
}

TEST(FuseSwish, AGateThatOthersReadStays) {
  GraphBuilder b;
  const ValueId x = b.input({2, 3}), gate = b.add(unary(UnaryFn::Sigmoid), {x});
  b.output(b.add(binary(Mul), {x, gate}));
  b.output(gate);
  EXPECT_EQ(after(b.graph, fuseSwish), "Sigmoid Swish");
}

TEST(FuseGelu, ErfAndTanh) {
  ir::Graph erf = graphOf({2, 3}, [](GraphBuilder& b, ValueId x) {
    const ValueId e = b.add(unary(UnaryFn::Erf), {b.add(binary(Div), {x, b.scalar(1.4142135f)})});
    const ValueId sum = b.add(binary(Add), {e, b.scalar(1)});
    return b.add(binary(Mul), {b.add(binary(Mul), {x, sum}), b.scalar(0.5f)});
  });
  EXPECT_EQ(after(erf, fuseGelu), "Gelu");
  ir::Graph tanh = graphOf({2, 3}, [](GraphBuilder& b, ValueId x) {
    const ValueId cube = b.add(binary(Pow), {x, b.scalar(3)});
    const ValueId inner = b.add(binary(Add), {x, b.add(binary(Mul), {cube, b.scalar(0.044715f)})});
    const ValueId t =
        b.add(unary(UnaryFn::Tanh),
              {b.add(binary(Mul),
                     {inner, b.scalar(static_cast<float>(std::sqrt(2 / std::numbers::pi)))})});
    const ValueId half = b.add(binary(Mul), {x, b.scalar(0.5f)});
    return b.add(binary(Mul), {half, b.add(binary(Add), {b.scalar(1), t})});
  });
  EXPECT_EQ(after(tanh, fuseGelu), "GeluTanh");
}

// Layer normalisation -----------------------------------------------------------------------------

ops::Reduce mean(std::vector<int64_t> axes) {
  ops::Reduce op;
  op.fn = ops::ReduceFn::Mean;
  op.axes = std::move(axes);
  return op;
}

ValueId normalise(GraphBuilder& b, ValueId x, std::vector<int64_t> axes) {
  const ValueId centred = b.add(binary(Sub), {x, b.add(mean(axes), {x})});
  const ValueId square = b.add(binary(Pow), {centred, b.scalar(2)});
  const ValueId sum = b.add(binary(Add), {b.add(mean(axes), {square}), b.scalar(1e-5f)});
  return b.add(binary(Div), {centred, b.add(unary(UnaryFn::Sqrt), {sum})});
}

TEST(FuseLayerNorm, WithScaleAndBias) {
  ir::Graph graph = graphOf({2, 5, 8}, [](GraphBuilder& b, ValueId x) {
    const ValueId scaled = b.add(binary(Mul), {normalise(b, x, {2}), b.random({8})});
    return b.add(binary(Add), {b.random({8}), scaled});
  });
  EXPECT_EQ(after(graph, fuseLayerNorm), "LayerNormalization");
}

TEST(FuseLayerNorm, BareAndOverSeveralAxes) {
  ir::Graph graph =
      graphOf({2, 5, 8}, [](GraphBuilder& b, ValueId x) { return normalise(b, x, {1, 2}); });
  EXPECT_EQ(after(graph, fuseLayerNorm), "LayerNormalization");
}

TEST(FuseLayerNorm, OverChannelsStays) {
  ir::Graph graph =
      graphOf({2, 5, 8}, [](GraphBuilder& b, ValueId x) { return normalise(b, x, {1}); });
  EXPECT_EQ(graph.nodes.size(), 7u);
  after(graph, fuseLayerNorm);
  EXPECT_EQ(graph.nodes.size(), 7u);
}

// Batch normalisation and bias --------------------------------------------------------------------

ValueId batchNorm(GraphBuilder& b, ValueId x, int64_t channels) {
  return b.add(ops::BatchNormalization(),
               {x, b.random({channels}, 0.5f, 2), b.random({channels}), b.random({channels}),
                b.random({channels}, 0.1f, 2)},
               "BatchNormalization");
}

TEST(FoldBatchNorm, IntoConvolutionOfGroups) {
  ir::Graph graph = graphOf({1, 4, 5, 5}, [](GraphBuilder& b, ValueId x) {
    const ValueId y = b.add(convOf(3, 1, 1, 2), {x, b.random({6, 2, 3, 3}), b.random({6})}, "Conv");
    return batchNorm(b, y, 6);
  });
  EXPECT_EQ(after(graph, foldBatchNorm), "Conv");
  EXPECT_EQ(graph.nodes[0].source, "Conv+BatchNormalization");
}

TEST(FoldBatchNorm, IntoTransposedConvolutionOfGroups) {
  ir::Graph graph = graphOf({1, 4, 3, 3}, [](GraphBuilder& b, ValueId x) {
    ops::ConvTranspose op;
    op.kernel = op.strides = {2, 2};
    op.dilations = {1, 1};
    op.padsBegin = op.padsEnd = op.outputPadding = {0, 0};
    op.groups = 2;
    return batchNorm(b, b.add(op, {x, b.random({4, 3, 2, 2})}), 6);
  });
  EXPECT_EQ(after(graph, foldBatchNorm), "ConvTranspose");
}

TEST(FoldBatchNorm, IntoMatrixProducts) {
  for (const bool transposed : {false, true}) {
    ir::Graph graph = graphOf({3, 4}, [&](GraphBuilder& b, ValueId x) {
      ops::MatMul op;
      op.transposeB = transposed;
      return batchNorm(b, b.add(op, {x, b.random(transposed ? Shape{5, 4} : Shape{4, 5})}), 5);
    });
    EXPECT_EQ(after(graph, foldBatchNorm), "MatMul");
  }
}

TEST(FoldBatchNorm, ChainsOfScalesAndShifts) {
  ir::Graph graph = graphOf({1, 3, 4, 4}, [](GraphBuilder& b, ValueId x) {
    ValueId y = b.add(convOf(1, 1, 0), {x, b.random({4, 3, 1, 1})});
    y = b.add(binary(Mul), {b.random({4, 1, 1}), y});
    y = b.add(binary(Sub), {b.scalar(2), y});
    y = b.add(binary(Div), {y, b.random({1, 4, 1, 1}, 1, 2)});
    return b.add(binary(Add), {y, b.random({1, 4, 1, 1})});
  });
  EXPECT_EQ(after(graph, foldBatchNorm), "Conv");
}

/// Two scalars would become a weight and a bias for each of 2^30 channels.
TEST(FoldBatchNorm, ScalarsOverVeryManyChannelsStay) {
  ir::Graph graph = graphOf({1, int64_t{1} << 30, 1}, [](GraphBuilder& b, ValueId x) {
    return b.add(binary(Add), {b.add(binary(Mul), {b.scalar(3), x}), b.scalar(2)});
  });
  sizes::Budget budget;
  EXPECT_EQ(foldBatchNorm(graph, budget).value_or(-1), 0);
}

TEST(FoldBatchNorm, AloneBecomesADepthwiseConvolution) {
  ir::Graph graph = graphOf({1, 3, 4, 4}, [](GraphBuilder& b, ValueId x) {
    return batchNorm(b, b.add(unary(UnaryFn::Relu), {x}), 3);
  });
  EXPECT_EQ(after(graph, foldBatchNorm), "Relu Conv");
  ir::Graph chain = graphOf({1, 3, 4, 4}, [](GraphBuilder& b, ValueId x) {
    const ValueId y = b.add(binary(Mul), {b.random({3, 1, 1}), x});
    return b.add(binary(Add), {y, b.scalar(2)});
  });
  EXPECT_EQ(after(chain, foldBatchNorm), "Conv");
  ir::Graph single = graphOf({1, 3, 4, 4}, [](GraphBuilder& b, ValueId x) {
    return b.add(binary(Mul), {b.random({3, 1, 1}), x});
  });
  EXPECT_EQ(after(single, foldBatchNorm), "Mul");
  ir::Graph scalars = graphOf({1, 4, 4, 3}, [](GraphBuilder& b, ValueId x) {
    return b.add(binary(Sub), {b.add(binary(Div), {x, b.scalar(255)}), b.scalar(1)});
  });
  EXPECT_EQ(after(scalars, foldBatchNorm), "Div Sub") << "nothing says which axis is channels";
}

TEST(FoldBatchNorm, NotPastAnotherReaderAnOutputOrABroadcast) {
  GraphBuilder b;
  const ValueId y = b.add(convOf(1, 1, 0), {b.input({1, 4, 4, 4}), b.random({4, 4, 1, 1})});
  b.output(y);
  b.output(b.add(binary(Mul), {y, b.scalar(2)}));
  EXPECT_EQ(after(b.graph, foldBatchNorm), "Conv Mul");
  ir::Graph rows = graphOf({1, 4, 4, 4}, [](GraphBuilder& c, ValueId x) {
    const ValueId z = c.add(convOf(1, 1, 0), {x, c.random({4, 4, 1, 1})});
    return c.add(binary(Mul), {z, c.random({4})});
  });
  EXPECT_EQ(after(rows, foldBatchNorm), "Conv Mul");
}

TEST(FoldBatchNorm, WeightsWithOtherReadersAreCopied) {
  GraphBuilder b;
  const ValueId x = b.input({1, 3, 4, 4}), w = b.random({3, 3, 1, 1});
  const ValueId y = b.add(convOf(1, 1, 0), {x, w});
  b.output(batchNorm(b, b.add(convOf(1, 1, 0), {y, w}), 3));
  EXPECT_EQ(after(b.graph, foldBatchNorm), "Conv Conv");
}

TEST(FuseBias, OfAProductOfTwoComputedMatrices) {
  GraphBuilder b;
  const ValueId y = b.add(ops::MatMul(), {b.input({3, 4}), b.input({4, 5})});
  b.output(b.add(binary(Add), {b.random({1, 5}), y}));
  EXPECT_EQ(after(b.graph, fuseBias), "MatMul");
}

// Padding -----------------------------------------------------------------------------------------

ValueId padded(GraphBuilder& b, ValueId x, float value = 0) {
  ops::Pad op;
  op.padsBegin = {0, 0, 1, 0};
  op.padsEnd = {0, 0, 1, 1};
  return b.add(op, {x, b.scalar(value)});
}

TEST(FusePad, IntoConvolution) {
  for (const float value : {0.0f, 1.0f}) {
    ir::Graph graph = graphOf({1, 3, 5, 5}, [&](GraphBuilder& b, ValueId x) {
      return b.add(convOf(3, 2, 0), {padded(b, x, value), b.random({4, 3, 3, 3})});
    });
    EXPECT_EQ(after(graph, fusePad), value == 0 ? "Conv" : "Pad Conv");
  }
}

TEST(FusePad, BeforePaddingThatFollowsFromTheExtents) {
  for (const int64_t side : {4, 5}) {
    ir::Graph graph = graphOf({1, 3, side, side}, [&](GraphBuilder& b, ValueId x) {
      ops::Conv conv = convOf(3, 2, 0);
      conv.autoPad = ops::AutoPad::SameUpper;
      return b.add(conv, {padded(b, x), b.random({4, 3, 3, 3})});
    });
    EXPECT_EQ(after(graph, fusePad), "Conv");
    ir::Graph pooled = graphOf({1, 3, side, side}, [&](GraphBuilder& b, ValueId x) {
      ops::Pool pool = poolOf(ops::PoolFn::Average, 3, 2);
      pool.autoPad = ops::AutoPad::SameUpper;
      return b.add(pool, {padded(b, x)});
    });
    EXPECT_EQ(after(pooled, fusePad), "Pad AveragePool");
  }
}

TEST(FusePad, IntoPoolingWhereThatIsTheSame) {
  const auto pooled = [](ops::PoolFn fn, bool positive, float value) {
    ir::Graph graph = graphOf({1, 3, 5, 5}, [&](GraphBuilder& b, ValueId x) {
      if (positive) x = b.add(unary(UnaryFn::Relu), {x});
      return b.add(poolOf(fn, 2, 1), {padded(b, x, value)});
    });
    return after(graph, fusePad);
  };
  EXPECT_EQ(pooled(ops::PoolFn::Average, false, 0), "AveragePool");
  EXPECT_EQ(pooled(ops::PoolFn::Average, false, 1), "Pad AveragePool");
  EXPECT_EQ(pooled(ops::PoolFn::Max, false, 0), "Pad MaxPool");
  EXPECT_EQ(pooled(ops::PoolFn::Max, true, 0), "Relu MaxPool");
  EXPECT_EQ(pooled(ops::PoolFn::Max, false, -INFINITY), "MaxPool");
}

// Activations -------------------------------------------------------------------------------------

TEST(FuseActivation, IntoWhatComesBefore) {
  ir::Graph graph = graphOf({1, 3, 4, 4}, [](GraphBuilder& b, ValueId x) {
    const ValueId y = b.add(unary(UnaryFn::Relu),
                            {b.add(convOf(1, 1, 0), {x, b.random({3, 3, 1, 1})}, "Conv")}, "Relu");
    return b.add(unary(UnaryFn::Clip, 0, 6), {b.add(binary(Add), {x, y})});
  });
  EXPECT_EQ(after(graph, fuseActivation), "Conv Add");
  EXPECT_EQ(graph.nodes[0].source, "Conv+Relu");
}

TEST(FuseActivation, NotWhenTheBareResultIsWanted) {
  GraphBuilder b;
  const ValueId y = b.add(convOf(1, 1, 0), {b.input({1, 3, 4, 4}), b.random({3, 3, 1, 1})});
  b.output(b.add(unary(UnaryFn::Relu), {y}));
  b.output(y);
  EXPECT_EQ(after(b.graph, fuseActivation), "Conv Relu");
}

TEST(FuseActivation, PReluOfOneSlope) {
  ir::Graph graph = graphOf({1, 3, 4, 4}, [](GraphBuilder& b, ValueId x) {
    const ValueId y = b.add(convOf(1, 1, 0), {x, b.random({3, 3, 1, 1})});
    return b.add(binary(PRelu), {y, b.floats({3, 1, 1}, {0.25f, 0.25f, 0.25f})});
  });
  EXPECT_EQ(after(graph, fuseActivation), "Conv");
}

}  // namespace
}  // namespace minnow::passes
