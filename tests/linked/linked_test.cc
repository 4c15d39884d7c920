// An engine that links some operators only: their tables hold nothing else, and a model that needs
// another one is refused by name.
#include <gtest/gtest.h>

#include "backend/cpu/kernel_table.h"
#include "format/read.h"
#include "format/test_graph.h"
#include "format/write.h"
#include "minnow/cpu.h"

namespace minnow {
namespace {

Result<ir::Graph> readBack(const ir::Graph& graph) {
  static std::unique_ptr<format::AlignedFile> file;
  file = std::make_unique<format::AlignedFile>(*format::write(graph));
  return format::read(file->bytes, "signs.minnow");
}

TEST(Linked, TablesHoldWhatTheModelsNeed) {
  for (int i = 0; i < static_cast<int>(ops::OpKind::kCount); ++i) {
    const auto kind = static_cast<ops::OpKind>(i);
    const bool linked = kind == ops::OpKind::Conv;
    EXPECT_EQ(ops::makeOperator(kind) != nullptr, linked) << ops::opKindName(kind);
    EXPECT_EQ(kernels::reference::find(kind) != nullptr, linked) << ops::opKindName(kind);
    EXPECT_TRUE(linked || !kernels::reference::findWorkspace(kind)) << ops::opKindName(kind);
  }
  for (const auto& row : backend::cpu::kernelRows()) EXPECT_EQ(row.kind, ops::OpKind::Conv);
  EXPECT_EQ(backend::cpu::kernelRows().empty(), cpuTargets().size() == 1);
}

TEST(Linked, AModelOfLinkedOperatorsIsRead) {
  ir::Graph graph = format::testGraph();
  graph.nodes.pop_back();  // the Sigmoid
  graph.outputs.pop_back();
  graph.outputNames.pop_back();
  graph.chains.clear();
  const auto back = readBack(graph);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->nodes.size(), 2u);
}

TEST(Linked, AnotherOperatorIsRefusedByNodeNameAndOption) {
  const auto back = readBack(format::testGraph());
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, ErrorCode::Unsupported);
  for (const char* part : {"signs.minnow", "'act'", "'Unary'", "MINNOW_MODELS"})
    EXPECT_TRUE(back.error().message.contains(part)) << back.error().message;
}

}  // namespace
}  // namespace minnow
