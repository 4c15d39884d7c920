// Reading of single TensorProtos and of a model's signature.
#include "converter/tensor_file.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/fail.h"
#include "base/guarded.h"
#include "converter/file_bytes.h"
#include "converter/onnx/import.h"
#include "converter/onnx/tensor_proto.h"
#include "converter/tflite/import.h"

namespace minnow::converter {
namespace {

using google::protobuf::Arena;

template <class Message>
Result<const Message*> parseFile(const std::filesystem::path& path, Arena& arena) {
  const auto bytes = fileBytes(path);
  if (!bytes) return passOn(bytes);
  if constexpr (std::is_same_v<Message, onnx::ModelProto>)
    if (const std::string other = otherFormat(*bytes); !other.empty())
      return fail(ErrorCode::BadModel, path.string(), ": ", other);
  auto* message = Arena::CreateMessage<Message>(&arena);
  if (!message->ParseFromArray(bytes->data(), static_cast<int>(bytes->size())))
    return fail(ErrorCode::BadModel, path.string(), ": the file is damaged or of another kind");
  return message;
}

ModelSignature::Entry entryOf(const onnx::ValueInfoProto& info) {
  ModelSignature::Entry entry{.name = info.name()};
  entry.tensor = !info.has_type() || info.type().has_tensor_type();  // outputs may say nothing
  const int type = info.type().tensor_type().elem_type();
  if (entry.tensor && type > 0 && type < 256) entry.type = static_cast<DataType>(type);
  const auto& shape = info.type().tensor_type().shape();
  entry.rank = std::min(shape.dim_size(), kMaxRank);
  for (const auto& dim : shape.dim())
    if (!dim.dim_param().empty()) entry.axes.push_back(dim.dim_param());
  return entry;
}

Result<NamedTensor> tensorOf(const std::filesystem::path& path) {
  Arena arena;
  const auto proto = parseFile<onnx::TensorProto>(path, arena);
  if (!proto) return passOn(proto);
  auto tensor = decodeTensor(**proto, path.parent_path());
  if (!tensor) return fail(tensor.error().code, path.string(), ": ", tensor.error().message);
  return tensor;
}

/// The files that a model's tensors name, wherever in it they are.
class ExternalFiles {
 public:
  explicit ExternalFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void addModel(const onnx::ModelProto& model) {
    addGraph(model.graph());
    for (const auto& function : model.functions()) addNodes(function.node());
  }
  std::vector<std::filesystem::path> files() const { return {files_.begin(), files_.end()}; }

 private:
  void addGraph(const onnx::GraphProto& graph) {
    for (const auto& tensor : graph.initializer()) addTensor(tensor);
    for (const auto& tensor : graph.sparse_initializer()) addSparse(tensor);
    addNodes(graph.node());
  }

  template <class Nodes>
  void addNodes(const Nodes& nodes) {
    for (const auto& node : nodes)
      for (const auto& attribute : node.attribute()) addAttribute(attribute);
  }

  void addAttribute(const onnx::AttributeProto& attribute) {
    addTensor(attribute.t());
    addSparse(attribute.sparse_tensor());
    for (const auto& tensor : attribute.tensors()) addTensor(tensor);
    for (const auto& tensor : attribute.sparse_tensors()) addSparse(tensor);
    addGraph(attribute.g());
    for (const auto& graph : attribute.graphs()) addGraph(graph);
  }

  void addSparse(const onnx::SparseTensorProto& tensor) {
    addTensor(tensor.values());
    addTensor(tensor.indices());
  }

  void addTensor(const onnx::TensorProto& tensor) {
    for (const auto& entry : tensor.external_data())
      if (entry.key() == "location") files_.insert(folder_ / entry.value());
  }

  std::filesystem::path folder_;
  std::set<std::filesystem::path> files_;
};

bool isTfliteFile(const std::filesystem::path& path) {
  std::array<std::byte, 8> head;
  return readAt(path, 0, head) && isTflite(head);
}

Result<std::vector<std::filesystem::path>> externalFilesOf(const std::filesystem::path& onnx) {
  if (isTfliteFile(onnx)) return {};
  Arena arena;
  const auto model = parseFile<onnx::ModelProto>(onnx, arena);
  if (!model) return passOn(model);
  ExternalFiles files(onnx.parent_path());
  files.addModel(**model);
  return files.files();
}

Result<ModelSignature> signatureOf(const std::filesystem::path& onnx) {
  if (isTfliteFile(onnx)) {
    const auto bytes = fileBytes(onnx);
    if (!bytes) return passOn(bytes);
    const auto signature = tfliteSignature(*bytes);
    return signature ? signature
                     : fail(signature.error().code, onnx.string(), ": ", signature.error().message);
  }
  Arena arena;
  const auto model = parseFile<onnx::ModelProto>(onnx, arena);
  if (!model) return passOn(model);
  const onnx::GraphProto& graph = (*model)->graph();
  std::set<std::string> filled;
  for (const auto& tensor : graph.initializer()) filled.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) {
    filled.insert(tensor.values().name());
  }
  ModelSignature signature;
  for (const auto& input : graph.input()) {
    if (!filled.contains(input.name())) signature.inputs.push_back(entryOf(input));
  }
  for (const auto& output : graph.output()) {
    signature.outputs.push_back(entryOf(output));
  }
  return signature;
}

}  // namespace

Result<NamedTensor> readTensorFile(const std::filesystem::path& path) {
  return guarded(path.native(), [&] { return tensorOf(path); });
}

std::vector<std::byte> encodeTensorFile(const NamedTensor& tensor) {
  onnx::TensorProto proto;
  encodeTensor(tensor.name, tensor.type, tensor.bytes.data(), proto);
  std::vector<std::byte> bytes(proto.ByteSizeLong());
  proto.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

Result<ModelSignature> readSignature(const std::filesystem::path& onnx) {
  return guarded(onnx.native(), [&] { return signatureOf(onnx); });
}

Result<std::vector<std::filesystem::path>> readExternalFiles(const std::filesystem::path& onnx) {
  return guarded(onnx.native(), [&] { return externalFilesOf(onnx); });
}

}  // namespace minnow::converter
