// Models written as text (protobuf's), imported and run by the scalar reference.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/half.h"
#include "converter/convert.h"
#include "onnx/onnx_pb.h"
#include "passes/test_run.h"

namespace minnow::converter {
namespace {

using google::protobuf::TextFormat;
using passes::Tensor;

::onnx::ModelProto modelOf(const std::string& text) {
  ::onnx::ModelProto model;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &model)) << text;
  if (model.opset_import_size() == 0) model.add_opset_import()->set_version(17);
  return model;
}

/// "name: 'x' type {…}" of a float input; "?" and other words are symbolic sizes.
std::string info(const std::string& name, const std::vector<std::string>& dims) {
  std::string shape;
  for (const std::string& dim : dims)
    shape += std::isdigit(dim[0]) || dim[0] == '-' ? " dim { dim_value: " + dim + " }"
             : dim == "?"                          ? " dim { }"
                                                   : " dim { dim_param: '" + dim + "' }";
  return "name: '" + name + "' type { tensor_type { elem_type: 1 shape {" + shape + " } } }";
}

/// A graph of float tensors from x to y around nodes.
std::string graph(const std::string& nodes, const std::string& x = info("x", {"2", "3"}),
                  const std::string& more = "") {
  return "graph { " + nodes + " input { " + x + " } " + more + " output { name: 'y' } }";
}

struct Imported {
  Result<ir::Graph> graph;
  ConvertReport report;

  std::string problem() const {
    std::string all = graph ? "" : graph.error().message;
    for (const auto& node : report.unsupported) all += "\n" + node.node + ": " + node.reason;
    return all;
  }
};

Imported import(const std::string& bytes, const ConvertOptions& options = {}) {
  Imported imported{ir::Graph{}, {}};
  imported.graph =
      importOnnx(std::as_bytes(std::span(bytes)), "/nonexistent", options, imported.report);
  return imported;
}

Imported importText(const std::string& text, const ConvertOptions& options = {}) {
  return import(modelOf(text).SerializeAsString(), options);
}

std::vector<float> run(const Imported& imported, const std::vector<float>& x) {
  if (!imported.graph) {
    ADD_FAILURE() << imported.problem();
    return {};
  }
  const ir::Graph& graph = *imported.graph;
  std::vector<Tensor> inputs;
  for (const ir::ValueId id : graph.inputs) {
    inputs.emplace_back(graph.values[static_cast<size_t>(id)].type);
    std::ranges::copy(x, inputs.back().floats().begin());
  }
  const auto outputs = passes::runGraph(graph, inputs);
  const auto floats = outputs[0].floats();
  return {floats.begin(), floats.end()};
}

/// One field of a protobuf message, by number.
std::string field(int number, const std::string& bytes) {
  std::string out;
  const auto varint = [&](uint32_t n) {
    for (; n > 127; n >>= 7) out += static_cast<char>((n & 127) | 128);
    out += static_cast<char>(n);
  };
  varint(static_cast<uint32_t>(number) << 3 | 2);
  varint(static_cast<uint32_t>(bytes.size()));
  return out + bytes;
}

template <class Message>
std::string bytesOf(const std::string& text) {
  Message message;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &message)) << text;
  return message.SerializeAsString();
}

std::string functionBytes(const std::string& text) {
  return bytesOf<::onnx::FunctionProto>(text + " opset_import { version: 17 }");
}
/// A model with functions, which may have fields that the installed onnx.proto lacks.
std::string withFunctions(const std::string& text, const std::vector<std::string>& functions) {
  std::string bytes = modelOf(text).SerializeAsString();
  for (const std::string& function : functions) bytes += field(25, function);
  return bytes;
}

const std::string kLeaky =
    "domain: 'd' name: 'F' input: 'a' output: 'b' node { op_type: 'LeakyRelu' input: 'a' output: "
    "'b' "
    "attribute { name: 'alpha' ref_attr_name: 'slope' type: FLOAT } }";
const std::string kSlope = bytesOf<::onnx::AttributeProto>("name: 'slope' type: FLOAT f: 0.5");
const std::string kCall = "op_type: 'F' domain: 'd' input: 'x' output: 'y'";

TEST(Functions, AttributesHaveTheDefaultsOfTheFunction) {
  const std::string function = functionBytes(kLeaky) + field(11, kSlope);
  const auto standard = import(withFunctions(graph("node {" + kCall + "}"), {function}));
  EXPECT_EQ(run(standard, {-2, 0, 2, -4, 1, 1}), (std::vector<float>{-1, 0, 2, -2, 1, 1}));
  const auto given = import(withFunctions(
      graph("node {" + kCall + " attribute { name: 'slope' type: FLOAT f: 0.25 } }"), {function}));
  EXPECT_EQ(run(given, {-4, 0, 0, 0, 0, 0})[0], -1);
}

TEST(Functions, WithoutADefaultTheOperatorsOwnHolds) {
  const auto imported =
      import(withFunctions(graph("node {" + kCall + "}"), {functionBytes(kLeaky)}));
  EXPECT_FLOAT_EQ(run(imported, {-1, 0, 0, 0, 0, 0})[0], -0.01f);
}

TEST(Functions, AttributesReachIntoBranchesAndOtherFunctions) {
  const std::string branch =
      "g { node { op_type: 'LeakyRelu' input: 'a' output: 'c' "
      "attribute { name: 'alpha' ref_attr_name: 'slope' type: FLOAT } } "
      "output { name: 'c' } } type: GRAPH";
  const std::string inner = functionBytes(
      "domain: 'd' name: 'G' input: 'a' output: 'b' node { op_type: 'Constant' output: 'yes' "
      "attribute { name: 'value' type: TENSOR t { data_type: 9 int32_data: 1 } } } "
      "node { op_type: 'If' input: 'yes' output: 'b' attribute { name: 'then_branch' " +
      branch + "} attribute { name: 'else_branch' " + branch + " } }");
  const std::string outer = functionBytes(
      "domain: 'd' name: 'F' input: 'a' output: 'b' node { op_type: 'G' domain: 'd' input: 'a' "
      "output: 'b' attribute { name: 'slope' ref_attr_name: 'slope' type: FLOAT } }");
  const auto imported =
      import(withFunctions(graph("node {" + kCall + "}"), {inner, outer + field(11, kSlope)}));
  EXPECT_EQ(run(imported, {-2, 0, 2, -4, 1, 1}), (std::vector<float>{-1, 0, 2, -2, 1, 1}));
}

TEST(Functions, TheOverloadChooses) {
  const auto named = [](const char* op, const char* overload) {
    return functionBytes(
               std::string("domain: 'd' name: 'F' input: 'a' output: 'b' node { op_type: '") + op +
               "' input: 'a' output: 'b' }") +
           field(13, overload);
  };
  const auto call = [&](const std::string& overload) {
    ::onnx::ModelProto model = modelOf(graph("node {" + kCall + "}"));
    std::string node = model.graph().node(0).SerializeAsString() + field(8, overload);
    model.mutable_graph()->mutable_node(0)->ParseFromString(node);
    return import(model.SerializeAsString() + field(25, named("Neg", "negative")) +
                  field(25, named("Relu", "positive")));
  };
  EXPECT_EQ(run(call("negative"), {-2, 0, 2, 0, 0, 0})[2], -2);
  EXPECT_EQ(run(call("positive"), {-2, 0, 2, 0, 0, 0})[2], 2);
  EXPECT_NE(call("third").problem().find("overload 'third'"), std::string::npos);
}

/// HardSwish and others changed nothing, but Clip's bounds were attributes up to opset 10.
TEST(Functions, FollowTheirOwnOperatorSets) {
  const std::string function = bytesOf<::onnx::FunctionProto>(
      "domain: 'd' name: 'F' input: 'a' output: 'b' opset_import { version: 10 } node { op_type: "
      "'Clip' input: 'a' output: 'b' attribute { name: 'max' type: FLOAT f: 1 } }");
  EXPECT_EQ(
      run(import(withFunctions(graph("node {" + kCall + "}"), {function})), {-2, 0, 2, 0, 0, 0})[2],
      1);
}

TEST(Functions, NamesOfTheirCallersAreNotSeen) {
  const std::string function = functionBytes(
      "domain: 'd' name: 'F' input: 'a' output: 'b' node { op_type: 'Add' input: 'a' input: 'x' "
      "output: 'b' }");
  EXPECT_NE(import(withFunctions(graph("node {" + kCall + "}"), {function}))
                .problem()
                .find("input 'x' is written by no earlier node"),
            std::string::npos);
}

TEST(Functions, OfOneNameAreErrors) {
  const std::string function = functionBytes(kLeaky);
  EXPECT_NE(import(withFunctions(graph("node {" + kCall + "}"), {function, function}))
                .problem()
                .find("two functions d.F"),
            std::string::npos);
}

TEST(Functions, WithGraphsAsAttributesAreRefused) {
  const std::string call = kCall + " attribute { name: 'slope' type: GRAPH g { name: 'g' } }";
  EXPECT_NE(import(withFunctions(graph("node {" + call + "}"), {functionBytes(kLeaky)}))
                .problem()
                .find("a graph as an attribute"),
            std::string::npos);
}

/// A graph from x to y, both float16, with a constant of 1/1024.
Imported importOfHalves(const std::string& nodes) {
  const std::string type = " type { tensor_type { elem_type: 10 shape { dim { dim_value: 3 } } } }";
  return importText("graph { " + nodes + " input { name: 'x'" + type + " } output { name: 'y'" +
                    type + " } initializer { name: 'c' data_type: 10 int32_data: 5120 } }");
}

uint16_t runOnHalves(const Imported& imported, float x) {
  Tensor input({DataType::Float16, {3}});
  for (int i = 0; i < 3; ++i) input.view().as<uint16_t>()[i] = base::halfFromFloat(x);
  const auto outputs = passes::runGraph(*imported.graph, {input});
  EXPECT_EQ(outputs[0].type.type, DataType::Float16);
  return outputs[0].view().as<uint16_t>()[0];
}

/// 2 + 1/1024 is no float16: nothing rounds before y unless the model casts.
TEST(Halves, AreComputedAsFloatsAndRoundedWhereTheModelSaysSo) {
  const std::string add = "node { op_type: 'Add' input: 'x' input: 'c' output: 's' } ";
  const Imported whole =
      importOfHalves(add + "node { op_type: 'Sub' input: 's' input: 'x' output: 'y' }");
  ASSERT_TRUE(whole.graph) << whole.problem();
  EXPECT_EQ(runOnHalves(whole, 2), base::halfFromFloat(0x1p-10f));
  const Imported cast = importOfHalves(
      add +
      "node { op_type: 'Cast' input: 's' output: 'r' attribute { name: 'to' type: INT i: 10 } } " +
      "node { op_type: 'Sub' input: 'r' input: 'x' output: 'y' }");
  ASSERT_TRUE(cast.graph) << cast.problem();
  EXPECT_EQ(runOnHalves(cast, 2), base::halfFromFloat(0)) << "a tie goes to the even 2";
}

TEST(Halves, OfConstantsPassThrough) {
  const Imported same = importOfHalves("node { op_type: 'Identity' input: 'x' output: 'y' }");
  ASSERT_TRUE(same.graph) << same.problem();
  EXPECT_EQ(runOnHalves(same, 0x1p-24f), 1);
}

TEST(Initialisers, OfOneNameAreErrors) {
  const std::string twice = "initializer { name: 'c' data_type: 1 float_data: 1 } ";
  EXPECT_NE(importText(graph("node { op_type: 'Add' input: 'x' input: 'c' output: 'y' }",
                             info("x", {"1"}), twice + twice))
                .problem()
                .find("'c' has two values"),
            std::string::npos);
}

TEST(NewerFields, OfAnUnknownMeaningAreRefused) {
  std::string bytes =
      modelOf(graph("node { op_type: 'Relu' input: 'x' output: 'y' }")).SerializeAsString();
  EXPECT_TRUE(import(bytes + field(26, "configuration of devices")).graph);
  const auto imported = import(bytes + field(27, "of tomorrow"));
  EXPECT_NE(imported.problem().find("field 27 of ModelProto"), std::string::npos);
  EXPECT_EQ(imported.graph.error().code, ErrorCode::Unsupported);
}

// Loops -------------------------------------------------------------------------------------------

const std::string kFive = "initializer { name: 'five' data_type: 7 int64_data: 5 } ";
const std::string kYes = "initializer { name: 'yes' data_type: 9 int32_data: 1 } ";
/// Doubles v, gives it as scanned output, and goes on while the iteration is below 2.
std::string loopBody(const std::string& condition) {
  return "attribute { name: 'body' type: GRAPH g { input { name: 'i' } input { name: 'c' } "
         "input { name: 'v' } node { op_type: 'Add' input: 'v' input: 'v' output: 'w' } " +
         condition +
         " node { op_type: 'Identity' input: 'w' output: 's' } "
         "output { name: 'go' } output { name: 'w' } output { name: 's' } } }";
}
const std::string kAlways = "node { op_type: 'Identity' input: 'c' output: 'go' }";
const std::string kBelowTwo =
    "node { op_type: 'Constant' output: 'two' attribute { name: 'value_int' "
    "type: INT i: 2 } } node { op_type: 'Less' input: 'i' input: 'two' "
    "output: 'go' }";

TEST(Loops, OfAKnownTripCountAreUnrolled) {
  const auto imported =
      importText(graph("node { op_type: 'Loop' input: 'five' input: 'yes' input: 'x' "
                       "output: 'y' output: 'all' " +
                           loopBody(kAlways) + " }",
                       info("x", {"1"}), kFive + kYes));
  EXPECT_EQ(run(imported, {1}), std::vector<float>{32});
}

TEST(Loops, EndWhenTheirConditionDoes) {
  const std::string loop =
      "node { op_type: 'Loop' input: '' input: 'yes' input: 'x' output: 'last' "
      "output: 'y' " +
      loopBody(kBelowTwo) + " }";
  EXPECT_EQ(run(importText(graph(loop, info("x", {"1"}), kYes)), {1}),
            (std::vector<float>{2, 4, 8}));
}

TEST(Loops, WithoutAnEndMeetTheBudget) {
  const std::string loop =
      "node { name: 'ever' op_type: 'Loop' input: '' input: 'yes' input: 'x' "
      "output: 'y' " +
      loopBody(kAlways) + " }";
  ConvertOptions options;
  options.budget.nodes = 50;
  const auto imported = importText(graph(loop, info("x", {"1"}), kYes), options);
  EXPECT_EQ(imported.graph.error().code, ErrorCode::Unsupported);
  EXPECT_NE(imported.problem().find("more than 50 nodes"), std::string::npos) << imported.problem();
}

TEST(Loops, OfAnUnknownTripCountSayWhatWouldHelp) {
  const auto imported = importText(graph(
      "node { op_type: 'Loop' input: 'n' input: '' input: 'x' output: 'y' " + loopBody(kAlways) +
          " }",
      info("x", {"1"}), "input { name: 'n' type { tensor_type { elem_type: 7 shape { } } } }"));
  ASSERT_EQ(imported.report.unsupported.size(), 1u);
  EXPECT_EQ(imported.report.unsupported[0].fixableInputs, std::vector<std::string>{"n"});
}

TEST(Loops, WhoseConditionDependsOnDataHaveAMostOfIterations) {
  const std::string condition =
      "node { op_type: 'Cast' input: 'w' output: 'go' attribute { name: 'to' "
      "type: INT i: 9 } }";
  const auto loop = [&](const std::string& trips) {
    return importText(graph("node { name: 'loop' op_type: 'Loop' input: '" + trips +
                                "' input: 'yes' input: 'x' output: 'y' " + loopBody(condition) +
                                " }",
                            info("x", {"1"}), kFive + kYes));
  };
  EXPECT_TRUE(loop("five").report.unsupported.empty()) << loop("five").problem();
  const auto refused = loop("");
  ASSERT_EQ(refused.report.unsupported.size(), 1u) << refused.problem();
  EXPECT_EQ(refused.report.unsupported[0].node, "loop");
  EXPECT_NE(refused.problem().find("number of iterations at most"), std::string::npos)
      << refused.problem();
}

TEST(Loops, WhatTheirBodyLacksIsReportedOnce) {
  const auto imported = importText(
      graph("node { op_type: 'Loop' input: 'five' input: 'yes' input: 'x' output: 'y' " +
                loopBody(kAlways + " node { op_type: 'NoSuchOp' input: 'w' output: 'z' }") + " }",
            info("x", {"1"}), kFive + kYes));
  EXPECT_EQ(imported.report.unsupported.size(), 1u) << imported.problem();
}

TEST(Scans, RunAlongTheirAxesInTheirDirections) {
  const auto scan = [](const std::string& attributes) {
    return importText(
        graph("node { op_type: 'Scan' input: 'zero' input: 'x' output: 'last' output: 'y' "
              "attribute { name: "
              "'num_scan_inputs' type: INT i: 1 } " +
                  attributes +
                  "attribute { name: 'body' type: GRAPH g { input { name: 'sum' } input { name: "
                  "'e' } node { "
                  "op_type: 'Add' input: 'sum' input: 'e' output: 'next' } node { op_type: "
                  "'Identity' input: "
                  "'next' output: 'copy' } output { name: 'next' } output { name: 'copy' } } } }",
              info("x", {"2", "3"}),
              "initializer { name: 'zero' data_type: 1 dims: 2 float_data: 0 float_data: 0 } "));
  };
  const auto ints = [](const std::string& name, const std::string& n) {
    return "attribute { name: '" + name + "' type: INTS ints: " + n + " } ";
  };
  const std::vector<float> x{1, 2, 3, 10, 20, 30};
  const std::string columns = ints("scan_input_axes", "1");
  EXPECT_EQ(run(scan(columns), x), (std::vector<float>{1, 10, 3, 30, 6, 60}));
  EXPECT_EQ(run(scan(columns + ints("scan_output_axes", "-1")), x),
            (std::vector<float>{1, 3, 6, 10, 30, 60}));
  EXPECT_EQ(run(scan(columns + ints("scan_input_directions", "1")), x),
            (std::vector<float>{3, 30, 5, 50, 6, 60}));
  EXPECT_EQ(run(scan(columns + ints("scan_output_directions", "1")), x),
            (std::vector<float>{6, 60, 3, 30, 1, 10}));
}

// Budgets -----------------------------------------------------------------------------------------

TEST(Budgets, OfNodesBoundFunctionsThatCallFunctionsTwice) {
  std::vector<std::string> functions;
  for (int i = 0; i < 20; ++i) {
    const std::string next =
        i == 19 ? "op_type: 'Relu'" : "domain: 'd' op_type: 'F" + std::to_string(i + 1) + "'";
    functions.push_back(functionBytes(
        "domain: 'd' name: 'F" + std::to_string(i) + "' input: 'a' output: 'b' node { " + next +
        " input: 'a' output: 't' } node { " + next + " input: 't' output: 'b' }"));
  }
  ConvertOptions options;
  options.budget.nodes = 1000;
  const auto imported = import(
      withFunctions(graph("node { op_type: 'F0' domain: 'd' input: 'x' output: 'y' }"), functions),
      options);
  EXPECT_EQ(imported.graph.error().code, ErrorCode::Unsupported);
  EXPECT_NE(imported.problem().find("more than 1000 nodes"), std::string::npos);
}

TEST(Budgets, OfBytesBoundWhatIsMade) {
  ConvertOptions options;
  options.budget.bytes = 10'000;
  const auto range = [&](int n) {
    return importText(
        graph("node { op_type: 'Constant' output: 'n' attribute { name: 'value_float' "
              "type: FLOAT f: " +
                  std::to_string(n) +
                  " } } "
                  "node { op_type: 'Constant' output: 'o' attribute { name: 'value_float' "
                  "type: FLOAT f: 0 } } node { op_type: 'Constant' output: 'i' attribute { "
                  "name: 'value_float' type: FLOAT f: 1 } } node { op_type: 'Range' input: 'o' "
                  "input: 'n' input: 'i' output: 'r' } node { op_type: 'Add' input: 'x' input: "
                  "'r' output: 'y' }",
              info("x", {"1"})),
        options);
  };
  EXPECT_TRUE(range(1000).graph);
  EXPECT_NE(range(3000).problem().find("more than 10000 bytes"), std::string::npos);
}

TEST(Budgets, OfMultiplyAddsLeaveAProductOfConstantsToTheEngine) {
  const std::string nodes =
      "node { op_type: 'ConstantOfShape' input: 'shape' output: 'a' } "
      "node { op_type: 'MatMul' input: 'a' input: 'a' output: 'b' } "
      "node { op_type: 'Add' input: 'x' input: 'b' output: 'y' }";
  const std::string shape =
      "initializer { name: 'shape' data_type: 7 dims: 2 int64_data: 300 int64_data: 300 }";
  const auto nodesAfter = [&](int64_t most) {
    ConvertOptions options;
    options.budget.multiplyAdds = most;
    ConvertReport report;
    const std::string bytes =
        modelOf(graph(nodes, info("x", {"300", "300"}), shape)).SerializeAsString();
    EXPECT_TRUE(convertBuffer(std::as_bytes(std::span(bytes)), "", options, report));
    return report.operatorsAfter;
  };
  EXPECT_EQ(nodesAfter(300 * 300 * 302), 1);
  EXPECT_EQ(nodesAfter(300 * 300 * 299), 2);
}

TEST(Reasons, SayWhichInputWouldHelpAndNotThatAPictureWould) {
  const auto reshape = [](const std::string& type, const std::string& elements) {
    return importText(
        graph("node { op_type: 'Cast' input: 's' output: 'i' attribute { name: 'to' type: "
              "INT i: 7 } } node { op_type: 'Reshape' input: 'x' input: 'i' output: 'y' }",
              info("x", {"2", "3"}),
              "input { name: 's' type { tensor_type { elem_type: " + type +
                  " shape { dim { dim_value: " + elements + " } } } } }"));
  };
  const auto parameter = reshape("7", "2"), picture = reshape("1", "100000");
  EXPECT_NE(parameter.problem().find("--value s=…"), std::string::npos) << parameter.problem();
  EXPECT_NE(picture.problem().find("from the data of input 's'"), std::string::npos)
      << picture.problem();
  EXPECT_TRUE(picture.report.unsupported.at(0).fixableInputs.empty());
}

TEST(Reasons, NameTypesAndForeignOperators) {
  const auto eight =
      importText(graph("node { op_type: 'Relu' input: 'x' output: 'y' }",
                       "name: 'x' type { tensor_type { elem_type: 17 shape { } } }"));
  EXPECT_NE(eight.problem().find("float8e4m3fn (type 17)"), std::string::npos) << eight.problem();
  const auto foreign = importText(
      graph("node { op_type: 'FusedConv' domain: 'com.microsoft' input: 'x' output: 'y' }"));
  EXPECT_NE(foreign.problem().find("before ONNX Runtime optimised it"), std::string::npos);
}

// Inputs ------------------------------------------------------------------------------------------

const std::string kRelu = "node { name: 'relu' op_type: 'Relu' input: 'x' output: 'y' }";

TEST(Inputs, OfNegativeSizeAreOpen) {
  const std::string text = graph(kRelu, info("x", {"-1", "3", "-1", "h"}));
  const auto imported = importText(text);
  EXPECT_EQ(imported.graph.error().code, ErrorCode::InvalidArgument);
  EXPECT_NE(imported.problem().find("(?,3,?,h)"), std::string::npos) << imported.problem();
  EXPECT_NE(imported.problem().find("--shape x=1,3,320,320"), std::string::npos);
  ConvertOptions options;
  options.shapes["x"] = {2, 3, 6, 5};
  EXPECT_TRUE(importText(text, options).graph);
}

TEST(Inputs, ThatDoNotFitAreComparedWithTheDeclaration) {
  ConvertOptions options;
  options.shapes["x"] = {1, 3, 8, 8};
  const auto imported = importText(graph(kRelu, info("x", {"N", "4", "H", "W"})), options);
  EXPECT_EQ(imported.graph.error().code, ErrorCode::ShapeMismatch);
  EXPECT_NE(imported.problem().find("the model declares (N,4,H,W)"), std::string::npos)
      << imported.problem();
}

// Names and ranges of axes ------------------------------------------------------------------------

AskedExtent sized(std::string name, int64_t size) {
  return {.name = std::move(name), .converted = size};
}
AskedExtent ranging(std::string name, int64_t least, int64_t most) {
  return {.name = std::move(name), .converted = most, .least = least, .most = most};
}
AskedExtent number(int64_t size) { return sized("", size); }
AskedShape asked(std::vector<AskedExtent> axes) { return AskedShape(std::move(axes)); }

Imported importShaped(const std::string& text, std::map<std::string, AskedShape> shapes) {
  ConvertOptions options;
  options.shapes = std::move(shapes);
  return importText(text, options);
}

/// y = x + z
std::string sum(const std::vector<std::string>& x, const std::vector<std::string>& z) {
  return graph("node { name: 'add' op_type: 'Add' input: 'x' input: 'z' output: 'y' }",
               info("x", x), " input { " + info("z", z) + " }");
}

Shape shapeOf(const Imported& imported, size_t input) {
  if (!imported.graph) return {};
  const ir::Graph& graph = *imported.graph;
  return graph.values[static_cast<size_t>(graph.inputs[input])].type.shape;
}

TEST(Axes, AreConvertedForTheLargestOfARange) {
  const auto imported =
      importShaped(graph(kRelu, info("x", {"N", "3", "?", "W"})),
                   {{"x", asked({number(1), number(3), ranging("", 2, 8), number(5)})}});
  ASSERT_TRUE(imported.graph) << imported.problem();
  EXPECT_EQ(shapeOf(imported, 0), (Shape{1, 3, 8, 5}));
  EXPECT_EQ(imported.graph->extents, (std::vector<ir::Extent>{{"N", 0, kAnyExtent, {{0, 0}}},
                                                              {"", 2, 8, {{0, 2}}},
                                                              {"W", 0, kAnyExtent, {{0, 3}}}}));
  EXPECT_TRUE(imported.report.warnings.empty());
}

TEST(Axes, OfOneNameTakeWhatIsSaidOfIt) {
  const std::vector<ir::Extent> expected{{"N", 0, kAnyExtent, {{0, 0}, {1, 0}}},
                                         {"W", 2, 6, {{0, 1}, {1, 1}}}};
  const std::string declared = sum({"N", "W"}, {"N", "W"}), open = sum({"N", "?"}, {"N", "?"});
  for (const auto& [text, shapes] :
       std::vector<std::pair<std::string, std::map<std::string, AskedShape>>>{
           {declared, {{"W", asked({ranging("", 2, 6)})}, {"N", {2}}}},
           {declared, {{"x", asked({number(2), ranging("", 2, 6)})}}},
           {declared, {{"x", asked({number(2), ranging("", 2, 6)})}, {"z", {2, 6}}}},
           {open,
            {{"x", asked({number(2), ranging("W", 2, 6)})},
             {"z", asked({number(2), {.name = "W"}})}}},
           {open,
            {{"x", asked({number(2), {.name = "W"}})},
             {"z", asked({number(2), {.name = "W"}})},
             {"W", asked({ranging("", 2, 6)})}}}}) {
    const auto imported = importShaped(text, shapes);
    ASSERT_TRUE(imported.graph) << imported.problem();
    EXPECT_EQ(imported.graph->extents, expected);
    for (const size_t input : {0, 1}) EXPECT_EQ(shapeOf(imported, input), (Shape{2, 6}));
  }
}

TEST(Axes, OfOneNameHaveOneExtent) {
  for (const auto& shapes : std::vector<std::map<std::string, AskedShape>>{
           {{"x", asked({number(2), sized("W", 4)})}, {"z", asked({number(2), sized("W", 6)})}},
           {{"x", asked({number(2), ranging("W", 2, 6)})},
            {"z", asked({number(2), ranging("W", 3, 6)})}},
           {{"x", asked({number(2), ranging("W", 2, 6)})}, {"W", {5}}}}) {
    const auto imported = importShaped(sum({"N", "?"}, {"N", "?"}), shapes);
    ASSERT_FALSE(imported.graph);
    EXPECT_EQ(imported.graph.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(imported.problem().find("one extent"), std::string::npos) << imported.problem();
  }
}

/// Exporters that call every free axis the same are not believed against numbers.
TEST(Axes, OfOneDeclaredNameMayGetDifferentNumbers) {
  const auto imported = importShaped(graph(kRelu, info("x", {"any", "any"})), {{"x", {2, 3}}});
  ASSERT_TRUE(imported.graph) << imported.problem();
  EXPECT_EQ(shapeOf(imported, 0), (Shape{2, 3}));
  EXPECT_TRUE(imported.graph->extents.empty());
  ASSERT_EQ(imported.report.warnings.size(), 1u);
  EXPECT_NE(imported.report.warnings[0].find("'any'"), std::string::npos);
}

TEST(Axes, ThatHaveOnlyANameNeedASize) {
  const auto imported =
      importShaped(graph(kRelu, info("x", {"N", "3", "?", "?"})),
                   {{"x", asked({number(1), number(3), {.name = "H"}, {.name = "W"}})}});
  ASSERT_FALSE(imported.graph);
  EXPECT_NE(imported.problem().find("--shape x=1,3,H=320,W=320"), std::string::npos)
      << imported.problem();
}

TEST(Axes, WithARangeMayBeDeclaredFixedWithinIt) {
  const auto with = [&](AskedExtent height) {
    return importShaped(graph(kRelu, info("x", {"1", "4"})),
                        {{"x", asked({number(1), std::move(height)})}});
  };
  const auto imported = with(ranging("", 2, 8));
  ASSERT_TRUE(imported.graph) << imported.problem();
  EXPECT_EQ(shapeOf(imported, 0), (Shape{1, 8}));
  ASSERT_EQ(imported.report.warnings.size(), 1u);
  EXPECT_NE(imported.report.warnings[0].find("(1,4)"), std::string::npos);
  EXPECT_TRUE(with(sized("H", 4)).graph);
  for (const AskedExtent& other : {ranging("", 5, 8), ranging("", 1, 3), sized("H", 8)})
    EXPECT_EQ(with(other).graph.error().code, ErrorCode::ShapeMismatch);
}

TEST(Axes, ThatDoNotExistAreErrors) {
  const auto imported = importShaped(graph(kRelu), {{"H", asked({ranging("", 1, 3)})}});
  EXPECT_EQ(imported.graph.error().code, ErrorCode::NotFound);
}

TEST(Inputs, ThatDoNotExistAreErrors) {
  ConvertOptions shape, value;
  shape.shapes["X"] = {2, 3};
  value.fixedInputs["z"] = {{DataType::Float32, {}}, std::vector<std::byte>(4)};
  for (const ConvertOptions& options : {shape, value}) {
    const auto imported = importText(graph(kRelu), options);
    EXPECT_EQ(imported.graph.error().code, ErrorCode::NotFound);
    EXPECT_NE(imported.problem().find("its inputs are 'x'"), std::string::npos);
  }
}

TEST(Inputs, GetNoValueOfAnotherShape) {
  ConvertOptions options;
  options.fixedInputs["x"] = {{DataType::Float32, {2, 4}}, std::vector<std::byte>(32)};
  const auto imported = importText(graph(kRelu, info("x", {"2", "3"})), options);
  EXPECT_EQ(imported.graph.error().code, ErrorCode::ShapeMismatch);
  EXPECT_NE(imported.problem().find("the model declares (2,3)"), std::string::npos)
      << imported.problem();
}

TEST(Inputs, WithAValueOfTheirOwnMayGetAnother) {
  const std::string text =
      graph("node { op_type: 'Add' input: 'x' input: 'c' output: 'y' }", info("x", {"1"}),
            "input { " + info("c", {"1"}) +
                " } initializer { name: 'c' data_type: 1 dims: 1 float_data: 1 }");
  EXPECT_EQ(run(importText(text), {1})[0], 2);
  ConvertOptions options;
  options.fixedInputs["c"] = {{DataType::Float32, {1}},
                              {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0x41}}};
  EXPECT_EQ(run(importText(text, options), {1})[0], 9);
}

TEST(Outputs, ThatANodeDoesNotGiveAreNamedWithIt) {
  const std::string two =
      "node { name: 'relu' op_type: 'Relu' input: 'x' output: 't' output: 'y' }";
  const auto asOutput = importText(graph(two));
  EXPECT_EQ(asOutput.graph.error().code, ErrorCode::Unsupported);
  EXPECT_NE(asOutput.problem().find("'y' is output 1 of node relu (Relu)"), std::string::npos)
      << asOutput.problem();
  const auto read =
      importText(graph("node { name: 'relu' op_type: 'Relu' input: 'x' output: 't' output: 'u' } "
                       "node { op_type: 'Neg' input: 'u' output: 'y' }"));
  EXPECT_NE(read.problem().find("its input 'u' is output 1 of node relu"), std::string::npos);
}

TEST(OtherFormats, AreNamed) {
  const std::pair<std::string, const char*> files[] = {
      {"\x0a\x20\x0a\x05input", "TensorFlow model"},
      {"PK\x03\x04zip", "torch.onnx.export"},
      {"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"},
      {"MINNOW\r\n", "converted already"}};
  for (const auto& [bytes, words] : files)
    EXPECT_NE(import(bytes).problem().find(words), std::string::npos) << import(bytes).problem();
}

}  // namespace
}  // namespace minnow::converter
