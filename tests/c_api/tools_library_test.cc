// libminnow_tools.so, used from C and linked as a stranger links it: nothing of the engine's is seen beside the headers.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "minnow/minnow_tools.h"
#include "onnx/onnx_pb.h"
#include "tools_from_c.h"

namespace {

void describe(onnx::ValueInfoProto* value, const char* name) {
  value->set_name(name);
  auto* type = value->mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx::TensorProto::FLOAT);
  type->mutable_shape()->add_dim()->set_dim_param("n");
  type->mutable_shape()->add_dim()->set_dim_value(3);
}

onnx::ModelProto reluModel() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(13);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("relu");
  describe(graph.add_input(), "x");
  describe(graph.add_output(), "y");
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type("Relu");
  node.add_input("x");
  node.add_output("y");
  return model;
}

class ToolsLibrary : public testing::Test {
 protected:
  ToolsLibrary() : folder_(testing::TempDir() + "minnow-tools-" + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~ToolsLibrary() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(ToolsLibrary, ConvertsRunsAndComparesFromC) {
  const std::string path = folder_ + "/relu.onnx";
  std::ofstream file(path, std::ios::binary);
  ASSERT_TRUE(reluModel().SerializeToOstream(&file));
  file.close();
  const char* problem = toolsFromC(path.c_str(), folder_.c_str());
  EXPECT_EQ(problem, nullptr) << problem << "; the last error: " << minnow_last_error();
}

TEST_F(ToolsLibrary, WritesPicturesFromC) {
  const char* problem = picturesFromC(folder_.c_str());
  EXPECT_EQ(problem, nullptr) << problem << "; the last error: " << minnow_last_error();
}

TEST_F(ToolsLibrary, IsTheCommandLine) {
  char name[] = "minnow", option[] = "--version";
  char* words[] = {name, option, nullptr};
  EXPECT_EQ(minnow_command_line(2, words), 0);
}

}  // namespace
