// A report in words and in JSON.
#include "analysis/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace minnow::analysis {
namespace {

using Json = nlohmann::ordered_json;

/// What there is to say of a comparison: figures, or why there are none.
std::string said(const TensorComparison& comparison) {
  if (comparison.figures) return inWords(*comparison.figures);
  return nameOf(comparison.state) + (comparison.note.empty() ? "" : ", " + comparison.note);
}

std::string counted(int64_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string operatorInWords(const ReportRow& row) {
  if (row.type.empty() && row.name.empty()) return "tensor " + row.entire.tensor;
  return fmt::format("{} '{}'{}, tensor {}", row.type, row.name,
                     row.kernel.empty() ? "" : " (" + row.kernel + ")", row.entire.tensor);
}

std::string inputsInWords(const std::vector<TensorComparison>& inputs) {
  if (inputs.empty()) return "";
  if (std::ranges::all_of(
          inputs, [](const auto& input) { return input.state == TensorComparison::State::Equal; }))
    return inputs.size() == 1 ? " Its input is equal." : " Its inputs are equal.";
  std::string words;
  for (const TensorComparison& input : inputs)
    words += (words.empty() ? " Its inputs: " : "; ") + input.tensor + " " + said(input);
  return words + ".";
}

std::string diffInWords(const Report& report) {
  int compared = 0, differ = 0, within = 0;
  for (const ReportRow& row : report.rows) {
    compared += row.entire.compared();
    differ += row.entire.differs();
    within += row.entire.state == TensorComparison::State::Within;
  }
  const std::string count = counted(compared, "tensor") + " compared";
  if (report.culprit < 0) {
    if (within == 0) return count + ", all equal.";
    return fmt::format("{}, all within the tolerance, {} not equal.", count, within);
  }
  const ReportRow& first = report.rows[static_cast<size_t>(report.culprit)];
  return fmt::format("{}, {} differ. The first is {}: {}.{}", count, differ, operatorInWords(first),
                     said(first.entire), inputsInWords(first.inputs));
}

std::string groupInWords(const ReportRow& row) {
  if (row.group.empty()) return "";
  std::string names;
  for (const std::string& name : row.group) names += (names.empty() ? "" : ", ") + name;
  return fmt::format(
      " Part of it may be the error of operators whose outputs the reference lacks: {}.", names);
}

std::string replayInWords(const Report& report) {
  const auto replayed = std::ranges::count_if(
      report.rows, [](const ReportRow& row) { return row.single && row.single->compared(); });
  const std::string count =
      fmt::format("{} outputs computed from the reference's inputs", replayed);
  if (report.culprit < 0) {
    const auto worst = std::ranges::max_element(report.rows, {}, &ReportRow::excess);
    if (worst == report.rows.end() || worst->excess == 0) return count + ", all equal.";
    return fmt::format(
        "{}; no operator errs by more than rounding explains. Nearest to it is {}: {}.", count,
        operatorInWords(*worst), said(*worst->single));
  }
  const ReportRow& row = report.rows[static_cast<size_t>(report.culprit)];
  const std::string times =
      row.explained > 0 ? fmt::format(", {:.3g} times what rounding explains", row.excess) : "";
  return fmt::format("{}. Look at {}: {}{}.{}", count, operatorInWords(row), said(*row.single),
                     times, groupInWords(row));
}

Json jsonOf(const Figures& figures) {
  return {{"elements", figures.elements},
          {"differing", figures.differing},
          {"beyond_tolerance", figures.beyond},
          {"max_absolute", figures.maxAbsolute},
          {"max_relative", figures.maxRelative},
          {"max_ulp", figures.maxUlp},
          {"step", figures.step},
          {"of_scale", figures.ofScale()},
          {"scale", figures.scale},
          {"cosine", figures.cosine},
          {"nan", {figures.nansA, figures.nansB}},
          {"infinite", {figures.infinitiesA, figures.infinitiesB}},
          {"special_in_one", figures.specialInOne},
          {"worst_index", figures.worst},
          {"box", {{"first", figures.first}, {"last", figures.last}}}};
}

Json jsonOf(const TensorComparison& comparison) {
  const auto dims = comparison.type.shape.dims();
  Json json = {{"tensor", comparison.tensor},
               {"state", nameOf(comparison.state)},
               {"type", dataTypeName(comparison.type.type)},
               {"shape", std::vector<int64_t>(dims.begin(), dims.end())}};
  if (!comparison.note.empty()) json["note"] = comparison.note;
  if (comparison.figures) json["figures"] = jsonOf(*comparison.figures);
  return json;
}

Json jsonOf(const std::vector<TensorComparison>& comparisons) {
  Json json = Json::array();
  for (const TensorComparison& comparison : comparisons) json.push_back(jsonOf(comparison));
  return json;
}

Json jsonOf(const ReportRow& row) {
  Json json = {{"step", row.step},
               {"name", row.name},
               {"type", row.type},
               {"kernel", row.kernel},
               {"entire", jsonOf(row.entire)},
               {"inputs", jsonOf(row.inputs)}};
  if (!row.single) return json;
  json["single"] = jsonOf(*row.single);
  json["group"] = row.group;
  json["explained"] = row.explained;
  json["excess"] = row.excess;
  return json;
}

Json jsonOf(const std::string& name, const TraceInfo& info) {
  return {{"name", name},
          {"engine", info.engine},
          {"version", info.version},
          {"target", info.target},
          {"threads", info.threads},
          {"model", info.model},
          {"checksum", info.checksum}};
}

}  // namespace

std::string kernelInWords(const std::string& backend, const std::string& kernel) {
  return backend.empty() || backend == "cpu" ? kernel : backend + ": " + kernel;
}

const char* nameOf(TensorComparison::State state) {
  static constexpr const char* kNames[] = {
      "equal", "within the tolerance", "differs", "unlike", "only in A", "only in B", "in neither"};
  return kNames[static_cast<int>(state)];
}

bool Report::inputsDiffer() const {
  return std::ranges::any_of(inputs, &TensorComparison::differs);
}

bool Report::equal() const { return culprit < 0 && !inputsDiffer(); }

std::string Report::finding() const {
  std::string words;
  for (const TensorComparison& input : inputs)
    if (input.differs())
      words += fmt::format("{} {}: {}", words.empty() ? "The inputs differ," : ";", input.tensor,
                           said(input));
  if (!words.empty()) words += ". What follows inherits that.\n";
  return words + (kind == Kind::Diff ? diffInWords(*this) : replayInWords(*this));
}

std::string toJson(const Report& report) {
  Json rows = Json::array();
  for (const ReportRow& row : report.rows) rows.push_back(jsonOf(row));
  const Json json = {
      {"kind", report.kind == Report::Kind::Diff ? "diff" : "replay"},
      {"result", report.equal() ? "equal" : "different"},
      {"finding", report.finding()},
      {"a", jsonOf(report.nameA, report.a)},
      {"b", jsonOf(report.nameB, report.b)},
      {"tolerance",
       {{"absolute", report.tolerance.absolute}, {"relative", report.tolerance.relative}}},
      {"inputs", jsonOf(report.inputs)},
      {"culprit", report.culprit < 0 ? Json() : Json(report.culprit)},
      {"operators", rows}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace minnow::analysis
