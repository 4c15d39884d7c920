// Small cases, and what is made of them.
#include "backend/gpu/self_check.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "backend/gpu/trial.h"
#include "backend/reference/reference.h"
#include "base/fail.h"

namespace minnow::backend::gpu {
namespace {

/// Of the largest result. Devices that round fma, division and square root as they should err by 0;
/// halves have 11 digits, of two.
double toleranceOf(const Work& work) { return storesHalves(work) ? 5e-3 : 1e-4; }

std::string partOfKind(const std::string& name, int64_t number, const Work& work) {
  if (number == 0) return {};
  if (name == "epilogue") return text(", ", ops::unaryFnName(static_cast<ops::UnaryFn>(number)));
  if (name != "groups") return text(", ", name, "=", number);
  return number == 1 ? "" : number == work.inputs[0].shape[1] ? ", depthwise" : ", grouped";
}

/// What may decide which kernel computes it: "Conv (conv, depthwise, Relu)".
std::string kindOf(const Row& row, const Work& work) {
  std::string kind = text(work.op.name(), " (", row.name);
  for (const auto& [name, value] : work.op.attributes())
    if (const auto* number = std::get_if<int64_t>(&value)) kind += partOfKind(name, *number, work);
  return kind + (storesHalves(work) ? ", float16 storage)" : ")");
}

/// Inputs with maps of so many rows and so many pixels in each at most. Axes before the third stay:
/// constants go by them.
std::vector<TensorType> shrunk(const Work& work, int64_t rows, int64_t across) {
  std::vector<TensorType> types(work.inputTypes.begin(), work.inputTypes.end());
  for (size_t i = 0; i < types.size(); ++i) {
    const int rank = types[i].shape.rank();
    if (work.inputs[i].data != nullptr) continue;
    for (int axis = 2; axis < rank; ++axis)
      types[i].shape[axis] = std::min(types[i].shape[axis], axis + 1 < rank ? rows : across);
  }
  return types;
}

/// The smallest that the operator can have and the row supports. More pixels in a row than a
/// work-item takes, and some more.
Result<Trial> smallest(const Row& row, const Work& work, const Device& device) {
  constexpr std::pair<int64_t, int64_t> kMaps[] = {{3, 11}, {9, 19}, {33, 33}};
  for (const auto& [rows, across] : kMaps)
    if (auto trial = Trial::make(work, shrunk(work, rows, across));
        trial && row.supports(trial->work(), device))
      return trial;
  return Trial::make(work, work.inputTypes);
}

/// Results that halves do not hold are infinities there, which say nothing.
void dropHugeResults(std::span<const TensorView> outputs) {
  for (const TensorView& y : outputs) {
    if (!y || y.type != DataType::Float32) continue;
    for (float& result : std::span(y.as<float>(), static_cast<size_t>(y.elements())))
      if (std::fabs(result) >= 65520) result = HUGE_VALF;
  }
}

/// What is wrong, "" for nothing; nullopt where the case says nothing.
using Outcome = std::optional<std::string>;

/// An error if the device fails.
Result<Outcome> tried(const Backend& backend, const Device& device, Result<Trial> made) {
  if (!made) return std::nullopt;
  Trial trial = std::move(*made), expected = trial.copy();
  if (!expected.run(referenceBackend())) return std::nullopt;
  if (storesHalves(trial.work())) dropHugeResults(expected.outputs());
  const auto ran = trial.run(backend);
  if (!ran && ran.error().code != ErrorCode::Unsupported) return passOn(ran);
  if (!ran) return ran.error().message;
  double error = 0;
  int64_t compared = 0, all = 0;
  for (size_t i = 0; i < trial.outputs().size(); ++i) {
    if (!trial.outputs()[i]) continue;
    error = std::max(error, errorOf(trial.outputs()[i], expected.outputs()[i], compared));
    all += trial.outputs()[i].elements();
  }
  if (const double most = toleranceOf(trial.work()); error > most)
    return text("its self-test is off by ", error, " of the largest result, and ", most,
                " is allowed, on ", device.name());
  return compared * 2 < all ? Outcome() : Outcome(std::string());
}

std::string_view wordsOf(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<void> SelfTest::check(const Backend& backend, Device& device, const Row& row,
                             const Work& work) {
  const std::lock_guard lock(mutex_);
  const std::string kind = kindOf(row, work), key = "self-test\n" + kind;
  auto known = found_.find(kind);
  if (known == found_.end()) {
    const auto kept = device.cache().find(key);
    auto outcome = kept ? Result<Outcome>(std::string(wordsOf(*kept)))
                        : tried(backend, device, smallest(row, work, device));
    if (!outcome) return passOn(outcome);
    if (!kept && *outcome) device.cache().keep(key, std::as_bytes(std::span(**outcome)));
    // A case that says nothing is no reason, and is not tried again.
    known = found_.emplace(kind, outcome->value_or("")).first;
  }
  if (known->second.empty()) return {};
  return fail(ErrorCode::Unsupported, known->second);
}

std::string SelfTest::trouble() const {
  const std::lock_guard lock(mutex_);
  std::string words;
  for (const auto& [kind, wrong] : found_)
    if (!wrong.empty()) words += text(words.empty() ? "" : "; ", kind, ": ", wrong);
  return words.empty() ? "" : "not computed here: " + words;
}

}  // namespace minnow::backend::gpu
