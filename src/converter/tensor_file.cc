// Reading of single TensorProtos and of a model's signature.
#include "converter/tensor_file.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "base/fail.h"
#include "converter/onnx/tensor_proto.h"

namespace minnow::converter {
namespace {

template <class Message>
Result<Message> parseFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::NotFound, path.string(), ": cannot be opened");
  Message message;
  if (!message.ParseFromIstream(&file)) {
    return fail(ErrorCode::BadModel, path.string(), ": is damaged or of another kind");
  }
  return message;
}

ModelSignature::Entry entryOf(const onnx::ValueInfoProto& info) {
  ModelSignature::Entry entry{.name = info.name()};
  entry.tensor = !info.has_type() || info.type().has_tensor_type();  // outputs may say nothing
  const int type = info.type().tensor_type().elem_type();
  if (entry.tensor && type > 0 && type < 256) entry.type = static_cast<DataType>(type);
  entry.rank = std::min(info.type().tensor_type().shape().dim_size(), kMaxRank);
  return entry;
}

}  // namespace

Result<NamedTensor> readTensorFile(const std::filesystem::path& path) {
  const auto proto = parseFile<onnx::TensorProto>(path);
  if (!proto) return std::unexpected(proto.error());
  auto tensor = decodeTensor(*proto, path.parent_path());
  if (!tensor) return fail(tensor.error().code, path.string(), ": ", tensor.error().message);
  return tensor;
}

Result<ModelSignature> readSignature(const std::filesystem::path& onnx) {
  const auto model = parseFile<onnx::ModelProto>(onnx);
  if (!model) return std::unexpected(model.error());
  std::set<std::string> filled;
  for (const auto& tensor : model->graph().initializer()) filled.insert(tensor.name());
  for (const auto& tensor : model->graph().sparse_initializer()) {
    filled.insert(tensor.values().name());
  }
  ModelSignature signature;
  for (const auto& input : model->graph().input()) {
    if (!filled.contains(input.name())) signature.inputs.push_back(entryOf(input));
  }
  for (const auto& output : model->graph().output()) {
    signature.outputs.push_back(entryOf(output));
  }
  return signature;
}

}  // namespace minnow::converter
