// Conversion, by the words of `minnow convert`.
#include "converter/convert.h"
#include "base/fail.h"

#include <nlohmann/json.hpp>

#include "convert_report.h"
#include "converter/tensor_file.h"
#include "face.h"

namespace minnow {
namespace {

using namespace minnow::c;

std::vector<std::string> wordsOf(const char* const* words) {
  std::vector<std::string> all;
  for (; words != nullptr && *words != nullptr; ++words) all.emplace_back(*words);
  return all;
}

/// Words that name inputs have the file read beforehand; that it cannot be is another error than that they are wrong.
Result<void> checkReadable(const char* file, const minnow_convert_options& given) {
  if (given.shapes == nullptr && given.values == nullptr) return {};
  const auto signature = converter::readSignature(file);
  return signature ? Result<void>() : passOn(signature);
}

tool::ConvertSettings settingsOf(const char* file, const minnow_convert_options& given) {
  return {.shapes = tool::shapesFor(file, wordsOf(given.shapes)),
          .values = wordsOf(given.values),
          .bounds = wordsOf(given.bounds),
          .disabledPasses = wordsOf(given.disabled_passes),
          .forSpeed = given.for_speed != 0,
          .inHalves = given.float16_weights != 0,
          .byteInputs = given.byte_inputs != 0};
}

std::string jsonOf(const converter::ConvertReport& report) {
  nlohmann::json passes = nlohmann::json::object();
  for (const auto& [pass, changes] : report.passes) passes[pass] = changes;
  const nlohmann::json json{{"format", report.format},
                            {"opset", report.opset},
                            {"operators_before", report.operatorsBefore},
                            {"operators_after", report.operatorsAfter},
                            {"weight_bytes", report.weightBytes},
                            {"byte_inputs", tool::toJson(report.byteInputs)},
                            {"passes", passes},
                            {"warnings", report.warnings}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

minnow_status convert(const char* file, const minnow_convert_options* options, minnow_bytes* model,
                      minnow_bytes* report) {
  if (file == nullptr || model == nullptr) return nullArgument();
  const auto given = completed<minnow_convert_options>(options, MINNOW_CONVERT_OPTIONS_INIT);
  if (!given) return failed(given.error());
  if (auto ok = checkReadable(file, *given); !ok) return failed(ok.error());
  converter::ConvertReport told;
  const auto settings = tool::convertOptions(file, settingsOf(file, *given));
  const auto bytes = converter::convertFile(file, settings, told);
  if (!bytes)
    return failed(bytes.error().code, tool::conversionFailure(bytes.error(), told).what());
  auto made = copyOf(*bytes);
  if (!made) return failed(made.error());
  if (report != nullptr) {
    const std::string json = jsonOf(told);
    if (const auto status = handOver(std::as_bytes(std::span(json)), report); status != MINNOW_OK) {
      minnow_bytes_destroy(&*made);
      return status;
    }
  }
  *model = *made;
  return MINNOW_OK;
}

}  // namespace
}  // namespace minnow

extern "C" minnow_status minnow_convert(const char* file, const minnow_convert_options* options,
                                        minnow_bytes* model, minnow_bytes* report) {
  return minnow::c::checkedTool([&] { return minnow::convert(file, options, model, report); });
}
