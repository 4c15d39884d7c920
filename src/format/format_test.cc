// The file: round trips, bytes in place, and hostile files.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <random>

#include "base/mapped_file.h"
#include "base/whole_file.h"
#include "format/header.h"
#include "format/read.h"
#include "format/schema_generated.h"
#include "format/test_graph.h"
#include "format/write.h"

namespace minnow::format {
namespace {

std::vector<std::byte> fileOf(const ir::Graph& graph) {
  auto file = write(graph);
  EXPECT_TRUE(file) << (file ? "" : file.error().message);
  return file ? *file : std::vector<std::byte>();
}

/// A file whose one value says that it is quantised, as no writer of this version does.
struct StoredQuantisation {
  int axis = -1;
  std::vector<float> scales{0.5f};
  std::vector<int32_t> zeros{3};
};

/// A file of one int8 input of two elements, of the quantisation of that number.
std::vector<std::byte> withQuantisedValue(int index, const StoredQuantisation& by = {}) {
  flatbuffers::FlatBufferBuilder out;
  const std::vector<int64_t> shape{2};
  const std::vector values{fb::CreateValueDirect(out, "half", 3, 0, &shape, false, 0, 0, 0, index)};
  const std::vector<int32_t> none, first{0};
  const std::vector<flatbuffers::Offset<fb::Node>> nodes;
  const std::vector quantisations{
      fb::CreateQuantisationDirect(out, by.axis, &by.scales, &by.zeros)};
  out.Finish(fb::CreateModelDirect(out, "quantised", "test", &values, &nodes, &first, &none,
                                   nullptr, nullptr, &quantisations));
  Header header;
  header.metadataBytes = out.GetSize();
  header.weightsOffset = base::alignUp(sizeof header + header.metadataBytes);
  header.weightsBytes = base::kAlignment;
  std::vector<std::byte> file(header.weightsOffset + header.weightsBytes);
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, out.GetBufferPointer(), out.GetSize());
  seal(file);
  return file;
}

TEST(Format, RoundTripKeepsEverything) {
  const ir::Graph graph = testGraph();
  const AlignedFile file(fileOf(graph));
  const auto back = read(file.bytes, "test.minnow");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->name, graph.name);
  EXPECT_EQ(back->producer, graph.producer);
  ASSERT_TRUE(back->sizes);
  EXPECT_TRUE(std::ranges::equal(back->sizes->bytes, graph.sizes->bytes));
  EXPECT_EQ(back->assumptions, graph.assumptions);
  EXPECT_EQ(back->extents, graph.extents);
  ASSERT_FALSE(graph.chains.empty());
  EXPECT_EQ(back->chains, graph.chains);
  EXPECT_EQ(back->inputs, graph.inputs);
  EXPECT_EQ(back->outputs, graph.outputs);
  EXPECT_EQ(back->outputNames, graph.outputNames);
  ASSERT_EQ(back->values.size(), graph.values.size());
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const ir::Value &a = graph.values[i], &b = back->values[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.order, b.order);
    EXPECT_EQ(a.packing, b.packing);
    EXPECT_EQ(a.size, b.size);
    ASSERT_EQ(a.isConstant(), b.isConstant());
    if (!a.isConstant()) continue;
    EXPECT_TRUE(std::ranges::equal(a.constant->bytes, b.constant->bytes)) << a.name.view();
  }
  ASSERT_EQ(back->nodes.size(), graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node &a = graph.nodes[i], &b = back->nodes[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.source, b.source);
    EXPECT_EQ(a.settings, b.settings);
    EXPECT_EQ(a.inputs, b.inputs);
    EXPECT_EQ(a.outputs, b.outputs);
    EXPECT_EQ(a.op->kind(), b.op->kind());
    EXPECT_EQ(a.op->attributes(), b.op->attributes());
  }
  EXPECT_TRUE(std::signbit(back->nodes[0].as<ops::Conv>()->epilogue.alpha)) << "-0 must stay -0";
}

TEST(Format, SameGraphSameBytes) {
  const std::vector<std::byte> first = fileOf(testGraph());
  EXPECT_EQ(first, fileOf(testGraph()));
  const AlignedFile file(first);
  EXPECT_EQ(first, fileOf(*read(file.bytes, "test.minnow"))) << "a file read and written again";
}

TEST(Format, ConstantsLieInTheFileAlignedAndPadded) {
  const AlignedFile file(fileOf(testGraph()));
  const auto graph = read(file.bytes, "test.minnow");
  ASSERT_TRUE(graph);
  for (const ir::Value& value : graph->values) {
    if (!value.isConstant()) continue;
    const std::byte* data = value.constant->bytes.data();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0u);
    EXPECT_GE(data, file.bytes.data());
    EXPECT_LE(data + value.constant->bytes.size() + 64, file.bytes.data() + file.bytes.size());
  }
  EXPECT_EQ(graph->values[2].constant->bytes.data(), graph->values[3].constant->bytes.data())
      << "equal constants are stored once";
}

TEST(Format, OwnerLivesAsLongAsTheGraph) {
  const std::vector<std::byte> bytes = fileOf(testGraph());
  std::weak_ptr<std::byte[]> watched;
  Result<ir::Graph> graph;
  {
    const AlignedFile file(bytes);
    watched = file.block;
    graph = read(file.bytes, "test.minnow", file.block);
  }
  EXPECT_FALSE(watched.expired());
  graph = fail(ErrorCode::Internal, "gone");
  EXPECT_TRUE(watched.expired());
}

TEST(Format, MisalignedBufferIsATypedError) {
  const std::vector<std::byte> bytes = fileOf(testGraph());
  const auto block = base::alignedBytes(bytes.size() + 8);
  std::ranges::copy(bytes, block.get() + 8);
  const auto graph = read({block.get() + 8, bytes.size()}, "test.minnow");
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().code, ErrorCode::InvalidArgument);
}

TEST(Format, OtherVersionSaysWhatToDo) {
  for (const uint32_t version : {0u, 1u, kFormatVersion + 1}) {
    AlignedFile file(fileOf(testGraph()));
    std::memcpy(file.bytes.data() + offsetof(Header, version), &version, sizeof version);
    const auto graph = read(file.bytes, "old.minnow");
    ASSERT_FALSE(graph);
    EXPECT_EQ(graph.error().code, ErrorCode::VersionMismatch);
    EXPECT_NE(graph.error().message.find("minnow convert MODEL.onnx"), std::string::npos)
        << graph.error().message;
    EXPECT_EQ(graph.error().message.contains("update the engine"), version > kFormatVersion)
        << graph.error().message;
  }
}

/// A file written before an operator got an attribute.
TEST(Format, MissingAttributeSaysWhatToDo) {
  AlignedFile file(fileOf(testGraph()));
  const std::string_view name = "autoPad";
  const auto bytes = std::span(reinterpret_cast<char*>(file.bytes.data()), file.bytes.size());
  const auto found = std::ranges::search(bytes, name);
  ASSERT_FALSE(found.empty());
  found.back() = 'X';
  seal(file.bytes);
  const auto graph = read(file.bytes, "old.minnow");
  ASSERT_FALSE(graph);
  for (const char* part : {"conv_", "autoPad", "convert"})
    EXPECT_NE(graph.error().message.find(part), std::string::npos) << graph.error().message;
}

TEST(Format, DamagedWeightsAreFoundOnRequest) {
  AlignedFile file(fileOf(testGraph()));
  EXPECT_TRUE(verifyWeights(file.bytes, "test.minnow"));
  file.bytes[file.bytes.size() - 100] ^= std::byte{1};
  EXPECT_TRUE(read(file.bytes, "test.minnow")) << "loading does not read weights";
  EXPECT_FALSE(verifyWeights(file.bytes, "test.minnow"));
}

TEST(Format, TruncationAtEveryLengthIsAnError) {
  const std::vector<std::byte> bytes = fileOf(testGraph());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const AlignedFile file(std::span<const std::byte>(bytes.data(), length));
    EXPECT_FALSE(read(file.bytes, "cut.minnow")) << length;
  }
}

TEST(Format, EveryByteFlippedIsAnErrorOrInTheWeights) {
  const std::vector<std::byte> bytes = fileOf(testGraph());
  const Header header = *readHeader(bytes, "test.minnow");
  AlignedFile file(bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    file.bytes[i] = bytes[i] ^ std::byte{0x41};
    if (i < header.weightsOffset) {
      EXPECT_FALSE(read(file.bytes, "flipped.minnow")) << i;
    } else {
      EXPECT_FALSE(verifyWeights(file.bytes, "flipped.minnow")) << i;
    }
    file.bytes[i] = bytes[i];
  }
}

/// Without checksums in the way: an error or a graph that verifies, never a crash.
TEST(Format, EveryByteAlteredAndSealed) {
  const std::vector<std::byte> bytes = fileOf(testGraph());
  const size_t weights = readHeader(bytes, "test.minnow")->weightsOffset;
  int accepted = 0;
  for (size_t i = 0; i < weights; ++i)
    for (const int value : {0, 1, 2, 0x41, 0x7f, 0x80, 0xff}) {
      AlignedFile file(bytes);
      file.bytes[i] = static_cast<std::byte>(value);
      seal(file.bytes);
      const auto graph = read(file.bytes, "altered.minnow");
      if (!graph) continue;
      ++accepted;
      EXPECT_TRUE(graph->verify());
      EXPECT_TRUE(write(*graph));
    }
  EXPECT_GT(accepted, 0) << "sealing did not get past the checksums";
}

TEST(Format, ManyBytesAlteredAndSealed) {
  const std::vector<std::byte> bytes = fileOf(testGraph());
  const size_t weights = readHeader(bytes, "test.minnow")->weightsOffset;
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    AlignedFile file(bytes);
    for (int i = 0; i < 1 + round % 8; ++i)
      file.bytes[random() % weights] = static_cast<std::byte>(random());
    seal(file.bytes);
    const auto graph = read(file.bytes, "altered.minnow");
    EXPECT_TRUE(!graph || graph->verify());
  }
}

// Packed weights ----------------------------------------------------------------------------------

/// The graph, written, is refused in words that name all of `parts`.
void expectRefused(const ir::Graph& graph, ErrorCode code,
                   std::initializer_list<std::string_view> parts) {
  const AlignedFile file(fileOf(graph));
  const auto back = read(file.bytes, "test.minnow");
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, code);
  for (const std::string_view part : parts)
    EXPECT_NE(back.error().message.find(part), std::string::npos) << back.error().message;
}

TEST(Format, PackedWeightsHaveTheBytesThatTheirReaderExpects) {
  const auto right = static_cast<int>(testGraph().values[1].constant->bytes.size());
  ASSERT_EQ(right, 4 * 3 * 8) << "5 outputs are padded to 8";
  for (const int bytes : {4 * 3 * 5, 0, right - 4, right + 4}) {
    ir::Graph graph = testGraph();
    graph.values[1].constant = ir::makeConstant(std::vector<std::byte>(static_cast<size_t>(bytes)));
    expectRefused(graph, ErrorCode::BadModel, {"conv_a", "'w'", "F32x16", "96", text(bytes)});
  }
}

TEST(Format, UnknownPackingsAreRefusedByNameOfTheValue) {
  for (const int packing : {4, 5, 77, 255}) {
    ir::Graph graph = testGraph();
    graph.values[1].packing = static_cast<Packing>(packing);
    expectRefused(graph, ErrorCode::VersionMismatch, {"'w'", text("packing ", packing), "engine"});
  }
}

TEST(Format, PackingIsForItsType) {
  for (const DataType type : {DataType::Float16, DataType::Int8, DataType::Float64}) {
    ir::Graph graph = testGraph();
    const TensorType other{type, {5, 3, 1, 1}};
    const std::vector<std::byte> bytes(4 * 3 * 8);
    const auto id = graph.addConstant("halves", other, bytes);
    graph.values[static_cast<size_t>(id)].packing = Packing::F32x16;
    expectRefused(graph, ErrorCode::BadModel,
                  {"'halves'", "F32x16", "float32", dataTypeName(type)});
  }
}

TEST(Format, PackingIsForConstantsInPlainOrder) {
  ir::Graph graph = testGraph();
  graph.values[1].order = ops::StorageOrder::ChannelsLast;
  expectRefused(graph, ErrorCode::BadModel, {"'w'", "F32x16"});
  graph = testGraph();
  graph.values[0].order = ops::StorageOrder::Plain;
  graph.values[0].packing = Packing::F32x16;
  expectRefused(graph, ErrorCode::BadModel, {"'image'", "F32x16"});
}

TEST(Format, PackedValuesAreForOperatorsThatTakeThem) {
  ir::Graph graph = testGraph();
  auto relu = std::make_unique<ops::Unary>();
  relu->fn = ops::UnaryFn::Relu;
  const auto out = graph.addValue({"out", graph.values[1].type});
  graph.nodes.push_back({"act_of_weights", std::move(relu), {1}, {out}, "Relu"});
  expectRefused(graph, ErrorCode::BadModel, {"act_of_weights", "Relu", "'w'", "F32x16"});
  graph = testGraph();
  graph.outputs.push_back(1);
  graph.outputNames.push_back("weights");
  expectRefused(graph, ErrorCode::BadModel, {"output 'w'"});
}

TEST(Format, QuantisationsAreThereOnceAndStayInTheFile) {
  ir::Graph graph = testGraph();
  const std::vector<float> one{0.25f}, five{1, 2, 3, 4, 5};
  const std::vector<int32_t> zero{7}, zeros{-1, 0, 1, 2, 3};
  const Quantisation whole{one, zero, -1, Quantisation::Rule::TensorFlowLite};
  const Quantisation channels{five, zeros, 1};
  graph.quantise(0, whole);
  graph.quantise(4, channels);
  graph.quantise(5, whole);
  const AlignedFile file(fileOf(graph));
  const auto* model = fb::GetModel(file.bytes.data() + sizeof(Header));
  ASSERT_NE(model->quantisations(), nullptr);
  EXPECT_EQ(model->quantisations()->size(), 2u);
  const auto back = read(file.bytes, "test.minnow");
  ASSERT_TRUE(back) << back.error().message;
  for (const ir::ValueId id : {0, 5}) {
    const Quantisation found = back->quantisationOf(id);
    ASSERT_EQ(found.scales.size(), 1u);
    EXPECT_EQ(found.scales[0], 0.25f);
    EXPECT_EQ(found.zeroPoints[0], 7);
    EXPECT_EQ(found.axis, -1);
    EXPECT_EQ(found.rule, Quantisation::Rule::TensorFlowLite);
    const auto* where = reinterpret_cast<const std::byte*>(found.scales.data());
    EXPECT_TRUE(where >= file.bytes.data() && where < file.bytes.data() + file.bytes.size());
  }
  const Quantisation found = back->quantisationOf(4);
  EXPECT_TRUE(std::ranges::equal(found.scales, five));
  EXPECT_TRUE(std::ranges::equal(found.zeroPoints, zeros));
  EXPECT_EQ(found.axis, 1);
  EXPECT_FALSE(back->quantisationOf(6));
  EXPECT_TRUE(back->clone().quantisationOf(4));
}

TEST(Format, QuantisationsMustFit) {
  const AlignedFile sound(withQuantisedValue(0));
  ASSERT_TRUE(read(sound.bytes, "test.minnow")) << read(sound.bytes, "test.minnow").error().message;
  const AlignedFile channels(withQuantisedValue(0, {0, {1, 2}, {0}}));
  EXPECT_TRUE(read(channels.bytes, "test.minnow"));
  const auto refused = [](int index, const StoredQuantisation& by, const char* part) {
    const AlignedFile file(withQuantisedValue(index, by));
    const auto graph = read(file.bytes, "test.minnow");
    ASSERT_FALSE(graph) << part;
    EXPECT_EQ(graph.error().code, ErrorCode::BadModel);
    EXPECT_NE(graph.error().message.find(part), std::string::npos) << graph.error().message;
  };
  refused(1, {}, "'half'");
  refused(-2, {}, "'half'");
  refused(0, {0, {1, 2, 3}, {0}}, "do not fit its shape");
  refused(0, {1, {1, 2}, {0}}, "do not fit its shape");
  for (const StoredQuantisation& by :
       {StoredQuantisation{-1, {1, 2}, {0}}, StoredQuantisation{0, {1}, {0}},
        StoredQuantisation{-1, {}, {0}}, StoredQuantisation{0, {1, 2}, {0, 0, 0}},
        StoredQuantisation{-1, {1}, {}}})
    refused(0, by, "do not fit zero points");
}

TEST(Format, ChainsMustFitTheGraph) {
  const int nodes = static_cast<int>(testGraph().nodes.size());
  using Chains = std::vector<ir::Chain>;
  for (const Chains& chains : {Chains{{0, nodes + 1, 1}}, Chains{{-1, 1, 1}}, Chains{{0, 0, 1}},
                               Chains{{0, nodes, 0}}, Chains{{0, nodes, 1}, {0, 1, 1}}}) {
    ir::Graph graph = testGraph();
    graph.chains = chains;
    const auto sound = graph.verify();
    ASSERT_FALSE(sound);
    EXPECT_NE(sound.error().message.find("chain"), std::string::npos) << sound.error().message;
  }
}

TEST(Format, ExtentsMustFitTheInputs) {
  using Extents = std::vector<ir::Extent>;
  const ir::InputAxis batch{0, 0}, channels{0, 1}, height{0, 2};
  for (const auto& [extents, says] : std::vector<std::pair<Extents, const char*>>{
           {{{"H", 5, 8, {height}}}, "axis 2 (H) of input 'image' is 4"},
           {{{"H", 1, 3, {height}}}, "1..3"},
           {{{"H", 8, 2, {height}}}, "'H' (8..2)"},
           {{{"H", -1, 8, {height}}}, "'H' (-1..8)"},
           {{{"H", 1, 8, {}}}, "'H'"},
           {{{"H", 1, 8, {height}}, {"H", 1, 8, {batch}}}, "'H'"},
           {{{"", 1, 8, {height, {0, 3}}}}, "''"},
           {{{"H", 1, 8, {height, height}}}, "axis 2 of input 0"},
           {{{"H", 1, 8, {height}}, {"W", 1, 8, {height}}}, "'W' is of axis 2"},
           {{{"H", 1, 8, {{0, 4}}}}, "axis 4 of input 0"},
           {{{"H", 1, 8, {{0, -1}}}}, "axis -1 of input 0"},
           {{{"H", 1, 8, {{1, 0}}}}, "axis 0 of input 1"},
           {{{"H", 1, 8, {{-1, 0}}}}, "axis 0 of input -1"},
           {{{"H", 1, 8, {channels, height}}}, "one name"}}) {
    ir::Graph graph = testGraph();
    graph.extents = extents;
    const auto sound = graph.verify();
    ASSERT_FALSE(sound) << says;
    EXPECT_EQ(sound.error().code, ErrorCode::BadModel);
    EXPECT_NE(sound.error().message.find(says), std::string::npos) << sound.error().message;
  }
}

TEST(Format, FirstOutputsMustBeThere) {
  for (const std::vector<ir::ValueId>& outputs :
       {std::vector<ir::ValueId>{}, std::vector<ir::ValueId>{ir::kNoValue}}) {
    ir::Graph graph = testGraph();
    graph.nodes.back().outputs = outputs;
    const auto sound = graph.verify();
    ASSERT_FALSE(sound);
    EXPECT_NE(sound.error().message.find("first output"), std::string::npos)
        << sound.error().message;
  }
}

// Files -------------------------------------------------------------------------------------------

class FormatFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  size_t files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_),
                                             std::filesystem::directory_iterator()));
  }
  std::filesystem::path folder_;
};

TEST_F(FormatFile, WritesMapsAndReplaces) {
  const auto path = folder_ / "test.minnow";
  const std::vector<std::byte> bytes = fileOf(testGraph());
  ASSERT_TRUE(base::writeFile(path, std::vector<std::byte>(10)));
  ASSERT_TRUE(base::writeFile(path, bytes));
  EXPECT_EQ(files(), 1u);
  const auto file = base::MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(std::ranges::equal((*file)->bytes(), bytes));
  const auto graph = read((*file)->bytes(), path.native(), *file);
  ASSERT_TRUE(graph) << graph.error().message;
  (*file)->dropPages();
  EXPECT_TRUE(verifyWeights((*file)->bytes(), path.native()));
}

TEST_F(FormatFile, UnmappableFilesAreTypedErrors) {
  EXPECT_EQ(base::MappedFile::open(folder_ / "none").error().code, ErrorCode::NotFound);
  EXPECT_EQ(base::MappedFile::open(folder_).error().code, ErrorCode::Io);
  std::ofstream(folder_ / "empty").close();
  EXPECT_EQ(base::MappedFile::open(folder_ / "empty").error().code, ErrorCode::BadModel);
}

}  // namespace
}  // namespace minnow::format
