// What the importer makes of an operator by the rules of its model's opset, and what it refuses by
// name instead of trying.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "converter/convert.h"
#include "converter/onnx/versions.h"
#include "onnx/onnx_pb.h"

namespace minnow::converter {
namespace {

/// A model of one node; an input's shape stands behind its name.
class OneNode {
 public:
  OneNode(int opset, const char* op, std::initializer_list<const char*> outputs) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(opset);
    auto& graph = *model_.mutable_graph();
    graph.add_node()->set_op_type(op);
    for (const char* output : outputs) node().add_output(output);
    graph.add_output()->set_name(*outputs.begin());
  }
  OneNode& input(const char* name, std::initializer_list<int64_t> dims,
                 int type = ::onnx::TensorProto::FLOAT) {
    node().add_input(name);
    auto& info = *model_.mutable_graph()->add_input();
    info.set_name(name);
    auto& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape();
    for (int64_t dim : dims) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
    return *this;
  }
  OneNode& attribute(const char* name, int64_t value) {
    auto& added = named(name, ::onnx::AttributeProto::INT);
    added.set_i(value);
    return *this;
  }
  OneNode& attribute(const char* name, float value) {
    auto& added = named(name, ::onnx::AttributeProto::FLOAT);
    added.set_f(value);
    return *this;
  }
  OneNode& attribute(const char* name, const char* value) {
    auto& added = named(name, ::onnx::AttributeProto::STRING);
    added.set_s(value);
    return *this;
  }

  /// A constant of one float.
  OneNode& constant(const char* name, float value) {
    node().add_input(name);
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(::onnx::TensorProto::FLOAT);
    tensor.add_float_data(value);
    return *this;
  }

  Result<ir::Graph> import() {
    report = {};
    const std::string bytes = model_.SerializeAsString();
    return importOnnx(std::as_bytes(std::span(bytes)), "", {}, report);
  }
  /// Why the node is refused; empty if it is not.
  std::string refusal() {
    if (const auto graph = import()) return "";
    return report.unsupported.empty() ? "no node is named" : report.unsupported[0].reason;
  }

  ConvertReport report;

 private:
  ::onnx::AttributeProto& named(const char* name, ::onnx::AttributeProto::AttributeType type) {
    auto& added = *node().add_attribute();
    added.set_name(name);
    added.set_type(type);
    return added;
  }
  ::onnx::NodeProto& node() { return *model_.mutable_graph()->mutable_node(0); }
  ::onnx::ModelProto model_;
};

testing::AssertionResult says(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << text << "' does not say '" << part << "'";
}

TEST(OnnxRules, AModelsOpsetSaysWhichVersionHolds) {
  EXPECT_EQ(versionOf("Cast", 18), 13);
  EXPECT_EQ(versionOf("Cast", 19), 19);
  EXPECT_EQ(versionOf("BitShift", 27), 11);
  EXPECT_EQ(versionOf("BitShift", 28), 28);
  EXPECT_EQ(versionOf("BitShift", 10), 0);
  EXPECT_EQ(versionOf("NoSuchOp", 28), 0);
  EXPECT_GE(newestKnown("BitShift"), 28);
  EXPECT_GE(newestKnown("If"), 25);
  EXPECT_EQ(newestKnown("NoSuchOp"), 0);
}

TEST(OnnxRules, AModelOfAnUnknownOpsetIsNotTried) {
  const auto graph = OneNode(kNewestOpset + 1, "Relu", {"y"}).input("x", {2}).import();
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().code, ErrorCode::Unsupported);
  EXPECT_TRUE(says(graph.error().message, std::to_string(kNewestOpset + 1)));
  EXPECT_TRUE(says(graph.error().message, "Export it for opset"));
  EXPECT_TRUE(OneNode(kNewestOpset, "Relu", {"y"}).input("x", {2}).import());
}

/// Kernels take it for 0, and a quotient by 0 for the least integer.
TEST(OnnxRules, AScaleBelowTheLeastNormalNumberIsRefused) {
  const auto refusal = [](float scale) {
    return OneNode(13, "QuantizeLinear", {"y"}).input("x", {2}).constant("s", scale).refusal();
  };
  EXPECT_TRUE(says(refusal(1e-40f), "a scale below 1.2e-38"));
  EXPECT_EQ(refusal(1.2e-38f), "");
}

TEST(OnnxRules, AnAttributeGivenTwiceOrOfAnotherTypeIsNotGuessedAt) {
  EXPECT_TRUE(says(OneNode(13, "LeakyRelu", {"y"})
                       .input("x", {2})
                       .attribute("alpha", 0.5f)
                       .attribute("alpha", 0.25f)
                       .refusal(),
                   "attribute 'alpha' is given twice"));
  EXPECT_TRUE(says(OneNode(13, "RNN", {"y"})
                       .input("x", {1, 1, 2})
                       .input("w", {1, 2, 2})
                       .input("r", {1, 2, 2})
                       .attribute("hidden_size", int64_t{2})
                       .attribute("activations", "Relu")
                       .refusal(),
                   "attribute 'activations' is no string list"));
}

OneNode batchNormalization(int opset, std::initializer_list<const char*> outputs) {
  OneNode node(opset, "BatchNormalization", outputs);
  return node.input("x", {1, 2, 3, 3})
      .input("scale", {2})
      .input("bias", {2})
      .input("mean", {2})
      .input("variance", {2});
}

TEST(OnnxRules, TrainingIsRefused) {
  for (int opset : {6, 7, 9, 13}) {
    EXPECT_EQ(batchNormalization(opset, {"y"}).refusal(), "") << opset;
    EXPECT_EQ(batchNormalization(opset, {"y", "", ""}).refusal(), "") << opset;
    EXPECT_TRUE(says(batchNormalization(opset, {"y", "m", "v", "sm", "sv"}).refusal(),
                     "export the model for inference"))
        << opset;
  }
  EXPECT_TRUE(
      says(batchNormalization(15, {"y", "m", "v"}).attribute("training_mode", int64_t{1}).refusal(),
           "training_mode"));
  EXPECT_TRUE(
      says(batchNormalization(7, {"y"}).attribute("spatial", int64_t{0}).refusal(), "spatial = 0"));
  EXPECT_TRUE(says(OneNode(6, "Dropout", {"y"}).input("x", {4}).refusal(), "is_test"));
  EXPECT_EQ(OneNode(6, "Dropout", {"y"}).input("x", {4}).attribute("is_test", int64_t{1}).refusal(),
            "");
}

TEST(OnnxRules, CeluDoesNotDivideByZero) {
  EXPECT_EQ(OneNode(12, "Celu", {"y"}).input("x", {4}).attribute("alpha", -1.5f).refusal(), "");
  EXPECT_TRUE(says(OneNode(12, "Celu", {"y"}).input("x", {4}).attribute("alpha", 0.0f).refusal(),
                   "alpha is 0"));
}

TEST(OnnxRules, LimitsOfNonMaxSuppressionMayBeInputs) {
  OneNode node(11, "NonMaxSuppression", {"y"});
  node.input("boxes", {1, 6, 4}).input("scores", {1, 2, 6});
  node.input("most", {1}, ::onnx::TensorProto::INT64).input("iou", {1}).input("threshold", {});
  const auto graph = node.import();
  ASSERT_TRUE(graph) << node.refusal();
  EXPECT_EQ(graph->values[static_cast<size_t>(graph->outputs[0])].type.shape, (Shape{12, 3}));
}

TEST(OnnxRules, SpaceToDepthHasAModeFromOpset28On) {
  OneNode node(28, "SpaceToDepth", {"y"});
  node.input("x", {1, 3, 4, 4}).attribute("blocksize", int64_t{2}).attribute("mode", "CRD");
  ASSERT_TRUE(node.import());
  OneNode odd(28, "SpaceToDepth", {"y"});
  odd.input("x", {1, 3, 4, 4}).attribute("blocksize", int64_t{2}).attribute("mode", "RDC");
  EXPECT_TRUE(says(odd.refusal(), "RDC"));
}

TEST(OnnxRules, AMeanOfDoublesIsDouble) {
  OneNode node(13, "Mean", {"y"});
  node.input("a", {4}, ::onnx::TensorProto::DOUBLE).input("b", {4}, ::onnx::TensorProto::DOUBLE);
  const auto graph = node.import();
  ASSERT_TRUE(graph) << node.refusal();
  EXPECT_EQ(graph->values[static_cast<size_t>(graph->outputs[0])].type.type, DataType::Float64);
}

}  // namespace
}  // namespace minnow::converter
