// What the importer makes of sizes that data decide: nodes whose results have a bound are taken, and
// all others are refused by name.
#include <gtest/gtest.h>

#include "converter/convert.h"
#include "onnx/onnx_pb.h"

namespace minnow::converter {
namespace {

/// Node by node, with "found" (2 x at most 12, int64), "kept" (1 x 2 x at most 3 x 4) and "few" (at
/// most 3 x 4) to read.
class Behind {
 public:
  Behind() {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(17);
    model_.mutable_graph()->set_name("g");
    input("x", {3, 4});
    input("map", {1, 2, 3, 4});
    input("score", {3});
    node("NonZero", {"x"}, "found");
    floats("half", 0.5F);
    node("Greater", {"score", "half"}, "which");
    node("Compress", {"map", "which"}, "kept", {{"axis", 2}});
    node("Compress", {"x", "which"}, "few", {{"axis", 0}});
  }

  Behind& node(const std::string& op, const std::vector<std::string>& inputs,
               const std::string& output, const std::map<std::string, int64_t>& attributes = {}) {
    last_ = model_.mutable_graph()->add_node();
    last_->set_op_type(op);
    last_->set_name("node_" + output);
    for (const std::string& input : inputs) last_->add_input(input);
    last_->add_output(output);
    for (const auto& [name, value] : attributes) {
      auto* attribute = last_->add_attribute();
      attribute->set_name(name);
      attribute->set_type(onnx::AttributeProto::INT);
      attribute->set_i(value);
    }
    return *this;
  }
  Behind& text(const char* name, const char* value) {
    auto* attribute = last_->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::STRING);
    attribute->set_s(value);
    return *this;
  }
  Behind& ints(const char* name, const std::vector<int64_t>& values) {
    auto* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    tensor->add_dims(static_cast<int64_t>(values.size()));
    for (int64_t value : values) tensor->add_int64_data(value);
    return *this;
  }
  Behind& floats(const char* name, float value) {
    auto* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->add_float_data(value);
    return *this;
  }

  /// The nodes that are refused when the last one gives the model's output.
  std::string refused() {
    model_.mutable_graph()->add_output()->set_name(last_->output(0));
    const std::string bytes = model_.SerializeAsString();
    ConvertReport report;
    const auto graph = importOnnx(std::as_bytes(std::span(bytes)), {}, {}, report);
    EXPECT_EQ(graph.has_value(), report.unsupported.empty());
    if (!graph) {
      EXPECT_EQ(graph.error().code, ErrorCode::Unsupported) << graph.error().message;
    }
    std::string nodes;
    for (const UnsupportedNode& node : report.unsupported) {
      EXPECT_NE(node.reason.find("data"), std::string::npos) << node.reason;
      nodes += node.node;
    }
    return nodes;
  }

 private:
  void input(const char* name, const std::vector<int64_t>& dims) {
    auto* info = model_.mutable_graph()->add_input();
    info->set_name(name);
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    for (int64_t dim : dims) type->mutable_shape()->add_dim()->set_dim_value(dim);
  }

  onnx::ModelProto model_;
  onnx::NodeProto* last_ = nullptr;
};

constexpr int64_t kFar = int64_t{1} << 40;

TEST(SizesFromData, AreComputedInTheRun) {
  EXPECT_EQ(Behind().node("Shape", {"found"}, "y").refused(), "");
  EXPECT_EQ(Behind().node("Size", {"found"}, "y").refused(), "");
  EXPECT_EQ(Behind().node("EyeLike", {"found"}, "y").refused(), "");
}

TEST(SizesFromData, AreAttributesOfTheRun) {
  const auto shaped = [] { return Behind().floats("one", 1).node("Shape", {"few"}, "shape"); };
  EXPECT_EQ(shaped().node("Expand", {"one", "shape"}, "y").refused(), "");
  EXPECT_EQ(shaped().node("ConstantOfShape", {"shape"}, "y").refused(), "");
  EXPECT_EQ(shaped().node("Add", {"shape", "shape"}, "y").refused(), "");
  EXPECT_EQ(shaped()
                .ints("first", {0})
                .node("Gather", {"shape", "first"}, "rows")
                .ints("rest", {-1})
                .node("Concat", {"rows", "rest"}, "to", {{"axis", 0}})
                .node("Reshape", {"few", "to"}, "y")
                .refused(),
            "");
  // However often an extent is taken.
  EXPECT_EQ(shaped()
                .ints("first", {0})
                .node("Gather", {"shape", "first"}, "rows")
                .node("Mul", {"rows", "rows"}, "squares")
                .ints("rest", {-1})
                .node("Concat", {"squares", "rest"}, "to", {{"axis", 0}})
                .node("Reshape", {"few", "to"}, "y")
                .refused(),
            "");
}

TEST(SizesFromData, DoNotHideThoseThatAreKnown) {
  const auto shaped = [] { return Behind().floats("one", 1).node("Shape", {"few"}, "shape"); };
  EXPECT_EQ(shaped().ints("i", {1}).node("Gather", {"shape", "i"}, "y").refused(), "");
  EXPECT_EQ(shaped()
                .ints("i", {1})
                .node("Gather", {"shape", "i"}, "columns")
                .ints("rest", {-1})
                .node("Concat", {"rest", "columns"}, "to", {{"axis", 0}})
                .node("Reshape", {"few", "to"}, "y")
                .refused(),
            "");
  EXPECT_EQ(shaped()
                .ints("from", {1})
                .ints("to", {2})
                .node("Slice", {"shape", "from", "to"}, "columns")
                .node("Expand", {"one", "columns"}, "y")
                .refused(),
            "");
}

TEST(SizesFromData, AreSliced) {
  const auto slice = [](int64_t start, int64_t end, int64_t step) {
    return Behind()
        .ints("start", {start})
        .ints("end", {end})
        .ints("axis", {1})
        .ints("step", {step})
        .node("Slice", {"found", "start", "end", "axis", "step"}, "y")
        .refused();
  };
  EXPECT_EQ(slice(0, 1, 1), "");
  EXPECT_EQ(slice(-1, kFar, 1), "");
  EXPECT_EQ(slice(-3, -1, 1), "");
  EXPECT_EQ(slice(-1, -kFar, -1), "");
  EXPECT_EQ(slice(-5, 8, 1), "");  // nothing of 12, 5 of 6
  EXPECT_EQ(slice(5, -kFar, -1), "");
  EXPECT_EQ(Behind().node("Split", {"few"}, "y", {{"axis", 0}}).refused(), "");
  EXPECT_EQ(Behind().ints("i", {-1}).node("Gather", {"few", "i"}, "y", {{"axis", 0}}).refused(),
            "");
}

TEST(SizesFromData, MeetWhatTheRunFindsEqual) {
  EXPECT_EQ(Behind().node("Neg", {"few"}, "n").node("Add", {"few", "n"}, "y").refused(), "");
  EXPECT_EQ(Behind().node("Add", {"few", "x"}, "y").refused(), "");
  EXPECT_EQ(Behind()
                .ints("zero", {0})
                .ints("one", {1})
                .node("Slice", {"few", "zero", "one"}, "first")
                .node("Add", {"few", "first"}, "y")
                .refused(),
            "");
}

TEST(SizesFromData, AreUnderWindows) {
  EXPECT_EQ(Behind().node("GlobalAveragePool", {"kept"}, "y").refused(), "");
  EXPECT_EQ(Behind()
                .ints("sizes", {1, 2, 3, 4})
                .node("Resize", {"kept", "", "", "sizes"}, "y")
                .text("mode", "nearest")
                .refused(),
            "");
  EXPECT_EQ(Behind().ints("k", {2}).node("TopK", {"few", "k"}, "y", {{"axis", 0}}).refused(), "");
}

}  // namespace
}  // namespace minnow::converter
