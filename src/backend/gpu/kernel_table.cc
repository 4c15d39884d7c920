// All that devices compute.
#include "backend/gpu/rows.h"
#include "base/fail.h"

namespace minnow::backend::gpu {
namespace {

Result<void> checkTensors(std::span<const TensorView> views, DataType type, const Device& device) {
  for (const TensorView& view : views) {
    if (!view) continue;
    if (view.type != type && view.data == nullptr)
      return fail(ErrorCode::Unsupported, view.type, " is not computed here");
    if (view.elements() > INT32_MAX / 4)
      return fail(ErrorCode::Unsupported, "tensors of more than ", INT32_MAX / 4,
                  " elements are not computed here");
    if (auto ok = checkBytes("a tensor", static_cast<int64_t>(view.bytes()), device); !ok)
      return ok;
  }
  return {};
}

/// What holds for every operator: float32, but for constants and for results of the type that the
/// row gives, and few enough elements for numbers of 32 bits.
Result<void> checkTensors(const Work& work, const Row& row, const Device& device) {
  if (auto ok = checkTensors(work.inputs, DataType::Float32, device); !ok) return ok;
  return checkTensors(work.outputs, row.gives, device);
}

bool isWritten(const Row& row, const Device& device) {
  return !kernelText(std::string(row.file) + device.ending()).empty();
}

}  // namespace

Result<void> checkBytes(const char* what, int64_t bytes, const Device& device) {
  if (static_cast<uint64_t>(bytes) <= device.mostBytes()) return {};
  return fail(ErrorCode::Unsupported, what, " of ", bytes, " bytes is more than the ",
              device.mostBytes(), " that the device takes at a time");
}

Result<const Row*> rowFor(const Work& work, const Device& device) {
  Result<const Row*> found = notWritten(work.op.name(), device);
  for (const auto family : {winogradRows(), convRows(), elementwiseRows(), movementRows(),
                            poolRows(), matMulRows(), foldRows(), resizeRows(), channelRows()})
    for (const Row& row : family) {
      if (row.kind != work.op.kind() || !isWritten(row, device)) continue;
      auto ok = checkTensors(work, row, device);
      if (ok) ok = row.supports(work, device);
      if (ok) return &row;
      found = std::unexpected(std::move(ok.error()));
    }
  return found;
}

}  // namespace minnow::backend::gpu
