// Copies between plain buffers and tensors of any strides.
#include "minnow/elements.h"

#include "base/fail.h"
#include "base/guarded.h"

namespace minnow {
namespace {

/// The elements as a tensor of the other's type and shape, row-major.
Result<TensorView> plainLike(const TensorView& tensor, DataType type, size_t bytes,
                             const std::byte* elements) {
  if (tensor.missing) return fail(ErrorCode::NotFound, "no tensor to copy: ", tensor.missing);
  if (!tensor || tensor.packing != Packing::None) {
    return fail(ErrorCode::InvalidArgument,
                tensor ? "packed weights cannot be copied" : "the tensor is empty: it has no data");
  }
  if ((type != DataType::Undefined && type != tensor.type) || bytes != tensor.bytes()) {
    const DataType given = type == DataType::Undefined ? tensor.type : type;
    return fail(ErrorCode::ShapeMismatch, "the tensor has ", tensor.shape, " elements of ",
                tensor.type, ", ", tensor.bytes(), " bytes, not ", bytes, " bytes of ", given);
  }
  return TensorView{
      {.type = tensor.type, .shape = tensor.shape, .strides = plainStrides(tensor.shape)},
      const_cast<std::byte*>(elements)};
}

}  // namespace

Result<void> writeTensor(const TensorView& to, DataType type, std::span<const std::byte> elements) {
  return guarded("writing a tensor", [&]() -> Result<void> {
    auto plain = plainLike(to, type, elements.size(), elements.data());
    if (!plain) return passOn(plain);
    copyTensor(*plain, to);
    return {};
  });
}

Result<void> readTensor(const TensorView& from, DataType type, std::span<std::byte> elements) {
  return guarded("reading a tensor", [&]() -> Result<void> {
    auto plain = plainLike(from, type, elements.size(), elements.data());
    if (!plain) return passOn(plain);
    copyTensor(from, *plain);
    return {};
  });
}

}  // namespace minnow
