// TensorProto to plain bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "minnow/tensor.h"
#include "onnx/onnx_pb.h"

namespace minnow::converter {

/// Our number for an ONNX element type; throws ImportError for strings, complex and other types we
/// do not hold.
DataType dataTypeOf(int onnxType, const std::string& what);
TensorType tensorTypeOf(const ::onnx::TensorProto& tensor);
/// The elements row-major, little endian, from raw_data, the typed fields or an external file below
/// `folder` (ONNX "external data": location must stay inside the folder). Checks that the size fits
/// the shape; throws ImportError.
std::vector<std::byte> tensorBytes(const ::onnx::TensorProto& tensor,
                                   const std::filesystem::path& folder);

}  // namespace minnow::converter
