// All that devices compute.
#include "backend/gpu/rows.h"
#include "base/fail.h"

namespace minnow::backend::gpu {
namespace {

Result<void> checkTensors(std::span<const TensorView> views, DataType type, const Device& device) {
  for (const TensorView& view : views) {
    if (!view) continue;
    if (type != Types::kAny && view.type != type)
      return fail(ErrorCode::Unsupported, view.type, " is not computed here");
    if (view.elements() > INT32_MAX / 4)
      return fail(ErrorCode::Unsupported, "tensors of more than ", INT32_MAX / 4,
                  " elements are not computed here");
    if (auto ok = checkBytes("a tensor", static_cast<int64_t>(view.bytes()), device); !ok)
      return ok;
  }
  return {};
}

/// What holds for every operator: the row's types, and few enough elements for numbers of 32 bits.
Result<void> checkTensors(const Work& work, const Types& types, const Device& device) {
  for (const auto& [views, type] :
       {std::pair(work.inputs.first(1), types.first),
        std::pair(work.inputs.subspan(1), types.others), std::pair(work.outputs, types.gives)})
    if (auto ok = checkTensors(views, type, device); !ok) return ok;
  return {};
}

std::string_view textFor(const std::string& file, const Device& device) {
  return kernelText(file + device.ending());
}

}  // namespace

bool isWritten(const KernelName& kernel, const Device& device) {
  return textFor(kernel.file, device).contains("void " + kernel.function + "(");
}

Result<void> checkBytes(const char* what, int64_t bytes, const Device& device) {
  if (static_cast<uint64_t>(bytes) <= device.mostBytes()) return {};
  return fail(ErrorCode::Unsupported, what, " of ", bytes, " bytes is more than the ",
              device.mostBytes(), " that the device takes at a time");
}

Result<void> checkTurns(int64_t turns, const Device& device) {
  if (turns <= device.mostTurns()) return {};
  return fail(ErrorCode::Unsupported, "results of ", turns,
              " terms are not computed here: the driver ends loops after ", device.mostTurns());
}

Result<const Row*> rowFor(const Work& work, const Device& device) {
  Result<const Row*> found = notWritten(work.op.name(), device);
  for (const auto family :
       {truthRows(), winogradRows(), convRows(), elementwiseRows(), movementRows(), poolRows(),
        matMulRows(), foldRows(), resizeRows(), channelRows()})
    for (const Row& row : family) {
      if (row.kind != work.op.kind() || textFor(row.file, device).empty()) continue;
      auto ok = checkTensors(work, row.types, device);
      if (ok) ok = row.supports(work, device);
      if (ok) return &row;
      found = std::unexpected(std::move(ok.error()));
    }
  return found;
}

}  // namespace minnow::backend::gpu
