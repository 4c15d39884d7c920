// Decodes a TensorProto, and makes one: raw data, typed fields or an external file, checked against its own shape.
#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <string>

#include "converter/tensor_file.h"

namespace minnow::converter {

/// External data is looked for in `folder` and below, never above it. Errors name the tensor.
/// Unsupported for strings, complex numbers, bfloat16 and types newer than those of DataType.
Result<NamedTensor> decodeTensor(const onnx::TensorProto& proto,
                                 const std::filesystem::path& folder);

/// Row-major elements, as many as the type says.
void encodeTensor(const std::string& name, const TensorType& type, const void* elements,
                  onnx::TensorProto& proto);

/// What ONNX calls an element type: "bfloat16 (type 16)".
std::string onnxTypeName(int type);

}  // namespace minnow::converter
