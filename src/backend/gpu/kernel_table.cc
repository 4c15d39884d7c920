// All that devices compute.
#include <algorithm>
#include <cmath>

#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "base/half.h"

namespace minnow::backend::gpu {
namespace {

/// Of one range of operands, whose `types` are what they hold, however they are stored.
Result<void> checkTensors(std::span<const TensorView> views, std::span<const TensorType> types,
                          DataType type, const Device& device) {
  for (size_t i = 0; i < views.size(); ++i) {
    const TensorView& view = views[i];
    if (!view) continue;
    if (type != Types::kAny && types[i].type != type)
      return fail(ErrorCode::Unsupported, types[i].type, " is not computed here");
    if (view.elements() > INT32_MAX / 4)
      return fail(ErrorCode::Unsupported, "tensors of more than ", INT32_MAX / 4,
                  " elements are not computed here");
    if (auto ok = checkBytes("a tensor", static_cast<int64_t>(view.bytes()), device); !ok)
      return ok;
  }
  return {};
}

/// Constants that halves are to hold.
Result<void> checkConstants(const Work& work) {
  for (int i = 0; i < static_cast<int>(work.inputs.size()); ++i)
    if (work.inputs[i].data != nullptr && work.inputs[i].type == DataType::Float32)
      if (auto ok = checkHalves(numbersOf(work, i)); !ok) return ok;
  return {};
}

/// What holds for every operator: the row's types, and few enough elements for numbers of 32 bits.
Result<void> checkTensors(const Work& work, const Types& types, const Device& device) {
  const auto& inputs = work.inputs;
  const auto& holds = work.inputTypes;
  auto ok = checkTensors(inputs.first(1), holds, types.first, device);
  if (ok) ok = checkTensors(inputs.subspan(1), holds.subspan(1), types.others, device);
  if (ok) ok = checkTensors(work.outputs, work.outputTypes, types.gives, device);
  return ok;
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

Result<void> checkHalves(std::span<const float> numbers) {
  const auto holds = [](float x) {
    return std::fabs(x) <= base::kLargestHalf || !std::isfinite(x);
  };
  const auto beyond = std::ranges::find_if_not(numbers, holds);
  if (beyond == numbers.end()) return {};
  return fail(ErrorCode::Unsupported, "a constant of ", *beyond, " is beyond what float16 holds, ",
              base::kLargestHalf);
}

Result<void> checkDigits(std::span<const float> weights) {
  const auto isSmall = [](float weight) { return std::fabs(weight) < base::kLeastNormalHalf; };
  const auto isZero = [](float weight) { return weight == 0; };
  if (!std::ranges::all_of(weights, isSmall) || std::ranges::all_of(weights, isZero)) return {};
  return fail(ErrorCode::Unsupported,
              "weights that all are below 2^-14 have too few digits in float16");
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
      if (ok && row.constants == Constants::Halves && storesHalves(work)) ok = checkConstants(work);
      if (ok) ok = row.supports(work, device);
      if (ok) return &row;
      found = passOn(ok);
    }
  return found;
}

}  // namespace minnow::backend::gpu
