// All that devices compute.
#include "backend/gpu/rows.h"
#include "base/fail.h"

namespace minnow::backend::gpu {
namespace {

/// What holds for every operator: float32, and few enough elements for numbers of 32 bits.
Result<void> checkTensors(const Work& work, const Device& device) {
  for (const auto views : {work.inputs, work.outputs})
    for (const TensorView& view : views) {
      if (!view) continue;
      if (view.type != DataType::Float32)
        return fail(ErrorCode::Unsupported, view.type, " is not computed here");
      if (view.elements() > INT32_MAX / 4)
        return fail(ErrorCode::Unsupported, "tensors of more than ", INT32_MAX / 4,
                    " elements are not computed here");
      if (auto ok = checkBytes("a tensor", static_cast<int64_t>(view.bytes()), device); !ok)
        return ok;
    }
  return {};
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
  if (auto ok = checkTensors(work, device); !ok) return std::unexpected(std::move(ok.error()));
  Result<const Row*> found = notWritten(work.op.name(), device);
  for (const auto family :
       {winogradRows(), convRows(), elementwiseRows(), movementRows(), poolRows()})
    for (const Row& row : family) {
      if (row.kind != work.op.kind() || !isWritten(row, device)) continue;
      auto ok = row.supports(work, device);
      if (ok) return &row;
      found = std::unexpected(std::move(ok.error()));
    }
  return found;
}

}  // namespace minnow::backend::gpu
