// Tensors that lie in files of their own as serialised TensorProtos: the inputs and outputs of
// ONNX's test cases. What a model says of itself without being converted.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "minnow/status.h"
#include "minnow/tensor.h"

namespace minnow::converter {

/// A tensor with its own row-major bytes.
struct NamedTensor {
  std::string name;
  TensorType type;
  std::vector<std::byte> bytes;
};

/// Reads `input_0.pb` and the like. Errors name the file; Unsupported for sequences, optionals and
/// strings, BadModel for what is damaged.
Result<NamedTensor> readTensorFile(const std::filesystem::path& path);
/// The bytes of such a file.
std::vector<std::byte> encodeTensorFile(const NamedTensor& tensor);

/// Names of a model's graph inputs that no initialiser fills, and of its outputs, in their order;
/// `tensors` is false for an input or output that is a sequence, an optional or a map.
struct ModelSignature {
  struct Entry {
    std::string name;
    DataType type = DataType::Undefined;
    int rank = 0;  ///< 0 too when the model does not say
    bool tensor = true;
    std::vector<std::string> axes = {};  ///< names of axes, of those that have one
  };
  std::vector<Entry> inputs, outputs;
};
Result<ModelSignature> readSignature(const std::filesystem::path& onnx);

/// Where the tensors of a model lie that are in files beside it (external data), each once.
Result<std::vector<std::filesystem::path>> readExternalFiles(const std::filesystem::path& onnx);

}  // namespace minnow::converter
