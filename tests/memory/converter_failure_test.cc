// Every single allocation of a conversion fails in turn: OutOfMemory, and nothing leaks.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "converter/convert.h"
#include "converter/tensor_file.h"
#include "onnx/onnx_pb.h"
#include "tests/memory/fail_each.h"

namespace minnow {
namespace {

/// A convolution, an unrolled loop and a function with a branch, so that every part of an import
/// has its turn.
constexpr const char* kModel = R"(
  opset_import { version: 17 } ir_version: 8
  graph {
    input { name: 'x' type { tensor_type { elem_type: 1 shape {
      dim { dim_value: 1 } dim { dim_value: 1 } dim { dim_value: 4 } dim { dim_value: 4 } } } } }
    initializer { name: 'w' data_type: 1 dims: 1 dims: 1 dims: 1 dims: 1 float_data: 2 }
    initializer { name: 'n' data_type: 7 int64_data: 2 }
    node { op_type: 'Conv' input: 'x' input: 'w' output: 'c' }
    node { op_type: 'Loop' input: 'n' input: '' input: 'c' output: 'l' attribute {
      name: 'body' type: GRAPH g {
        input { name: 'i' } input { name: 'go' } input { name: 'v' }
        node { op_type: 'Relu' input: 'v' output: 'r' }
        node { op_type: 'Identity' input: 'go' output: 'on' }
        output { name: 'on' } output { name: 'r' } } } }
    node { op_type: 'F' domain: 'd' input: 'l' output: 'y' }
    output { name: 'y' } }
  functions { domain: 'd' name: 'F' input: 'a' output: 'b' opset_import { version: 17 }
    node { op_type: 'Constant' output: 'yes' attribute {
      name: 'value' type: TENSOR t { data_type: 9 int32_data: 1 } } }
    node { op_type: 'If' input: 'yes' output: 'b'
      attribute { name: 'then_branch' type: GRAPH g {
        node { op_type: 'Sigmoid' input: 'a' output: 's' } output { name: 's' } } }
      attribute { name: 'else_branch' type: GRAPH g { output { name: 'a' } } } } })";

std::filesystem::path onnxFile() {
  ::onnx::ModelProto model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kModel, &model));
  const auto path = std::filesystem::path(testing::TempDir()) /
                    ("allocation_failure." + std::to_string(::getpid()) + ".onnx");
  std::ofstream(path, std::ios::binary) << model.SerializeAsString();
  return path;
}

TEST(AllocationFailure, ConvertingAFile) {
  const auto path = onnxFile();
  failEach([&] {
    converter::ConvertReport report;
    return outcome(converter::convertFile(path, {}, report));
  });
}

TEST(AllocationFailure, ReadingASignature) {
  const auto path = onnxFile();
  failEach([&] { return outcome(converter::readSignature(path)); });
}

TEST(AllocationFailure, ReadingATensor) {
  ::onnx::TensorProto tensor;
  tensor.set_name("a tensor whose name needs an allocation");
  tensor.set_data_type(::onnx::TensorProto::FLOAT);
  tensor.add_dims(100);
  for (int i = 0; i < 100; ++i) tensor.add_float_data(1);
  const auto path = std::filesystem::path(testing::TempDir()) /
                    ("allocation_failure." + std::to_string(::getpid()) + ".pb");
  std::ofstream(path, std::ios::binary) << tensor.SerializeAsString();
  failEach([&] { return outcome(converter::readTensorFile(path)); });
}

}  // namespace
}  // namespace minnow
