// minnow.json, both ways. What is absent from it stays empty; what has another type than it should
// is an error.
#include "analysis/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "analysis/hash.h"
#include "analysis/npy.h"
#include "base/fail.h"

namespace minnow::analysis {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "minnow-trace";
constexpr int kFormatVersion = 1;
constexpr std::string_view kArrayEnding = ".npy";
/// What a compressed description may grow to: parsed, it takes dozens of times that.
constexpr uint64_t kMostDescription = 2 << 20;

std::unexpected<Error> bad(const std::string& source, std::string_view what) {
  return std::unexpected(Error{ErrorCode::BadModel, fmt::format("{}: {}", source, what)});
}

Json shapeJson(const Shape& shape) { return std::vector<int64_t>(shape.begin(), shape.end()); }

/// The figures of what the integers stand for.
Json realJson(const TensorRecord& record) {
  return {{"min", record.meaning.of(record.min)},
          {"max", record.meaning.of(record.max)},
          {"mean", record.meaning.of(record.mean)},
          {"deviation", record.deviation * record.meaning.scale}};
}

Json recordJson(const TensorRecord& record) {
  Json json = {{"type", dataTypeName(record.type.type)},
               {"shape", shapeJson(record.type.shape)},
               {"hash", record.hash},
               {"min", record.min},
               {"max", record.max},
               {"mean", record.mean},
               {"deviation", record.deviation},
               {"nan", record.nans},
               {"inf", record.infinities}};
  if (!record.meaning) return json;
  json["scale"] = record.meaning.scale;
  json["zero_point"] = record.meaning.zeroPoint;
  json["real"] = realJson(record);
  return json;
}

DataType typeNamed(const std::string& name) {
  for (int number = 1; number <= static_cast<int>(DataType::Uint64); ++number) {
    const auto type = static_cast<DataType>(number);
    if (elementSize(type) > 0 && name == dataTypeName(type)) return type;
  }
  throw std::runtime_error(fmt::format("no element type is called '{}'", name));
}

Shape shapeFrom(const Json& json) {
  const auto dims = json.get<std::vector<int64_t>>();
  if (dims.size() > kMaxRank) throw std::runtime_error("a shape has too many axes");
  for (const int64_t dim : dims)
    if (dim < 0) throw std::runtime_error("a shape has a negative extent");
  return Shape(dims);
}

double figure(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::numeric_limits<double>::quiet_NaN();
  return found->get<double>();
}

TensorRecord recordFrom(const Json& json) {
  return {.type = {typeNamed(json.at("type").get<std::string>()), shapeFrom(json.at("shape"))},
          .hash = json.value("hash", ""),
          .min = figure(json, "min"),
          .max = figure(json, "max"),
          .mean = figure(json, "mean"),
          .deviation = figure(json, "deviation"),
          .nans = json.value("nan", int64_t{0}),
          .infinities = json.value("inf", int64_t{0}),
          .meaning = {json.value("scale", 0.0), json.value("zero_point", int64_t{0})}};
}

using Names = std::vector<std::string>;

TraceInfo infoFrom(const Json& json) {
  if (json.value("format", "") != kFormat) throw std::runtime_error("is no trace");
  if (json.value("format_version", 0) != kFormatVersion) {
    throw std::runtime_error(fmt::format("is a trace of version {}; this engine reads version {}",
                                         json.value("format_version", 0), kFormatVersion));
  }
  const Json none = Json::object();
  const Json engine = json.value("engine", none), model = json.value("model", none);
  TraceInfo info{.engine = engine.value("name", ""),
                 .version = engine.value("version", ""),
                 .target = engine.value("target", ""),
                 .threads = engine.value("threads", 0),
                 .model = model.value("name", ""),
                 .checksum = model.value("checksum", ""),
                 .inputs = json.value("inputs", Names{}),
                 .outputs = json.value("outputs", Names{}),
                 .operators = {},
                 .tensors = {}};
  const Json operators = json.value("operators", Json::array());
  info.operators.reserve(operators.size());
  for (const Json& op : operators) {
    if (op.empty()) throw std::runtime_error("describes an operator by nothing");
    info.operators.push_back({op.value("name", ""), op.value("type", ""), op.value("kernel", ""),
                              op.value("inputs", Names{}), op.value("outputs", Names{}),
                              op.value("backend", "")});
  }
  const Json tensors = json.value("tensors", none);
  for (const auto& [name, record] : tensors.items()) info.tensors.emplace(name, recordFrom(record));
  return info;
}

}  // namespace

TensorRecord recordOf(const HostTensor& tensor) {
  TensorRecord record{
      .type = tensor.type, .hash = hashOf(tensor.view()), .meaning = tensor.meaning};
  const int64_t elements = tensor.type.shape.elements();
  double sum = 0, least = std::numeric_limits<double>::infinity(), most = -least;
  for (int64_t i = 0; i < elements; ++i) {
    const double value = elementAsDouble(tensor, i);
    record.nans += std::isnan(value);
    record.infinities += std::isinf(value);
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
    sum += value;
  }
  const auto finite = static_cast<double>(elements - record.nans - record.infinities);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  record.min = finite > 0 ? least : kNone;
  record.max = finite > 0 ? most : kNone;
  record.mean = finite > 0 ? sum / finite : kNone;
  double squares = 0;
  for (int64_t i = 0; i < elements; ++i) {
    const double away = elementAsDouble(tensor, i) - record.mean;
    if (std::isfinite(away)) squares += away * away;
  }
  record.deviation = finite > 0 ? std::sqrt(squares / finite) : kNone;
  return record;
}

std::string toJson(const TraceInfo& info) {
  Json operators = Json::array(), tensors = Json::object();
  for (const OperatorRecord& op : info.operators) {
    operators.push_back({{"name", op.name},
                         {"type", op.type},
                         {"kernel", op.kernel},
                         {"backend", op.backend},
                         {"inputs", op.inputs},
                         {"outputs", op.outputs}});
  }
  for (const auto& [name, record] : info.tensors) tensors[name] = recordJson(record);
  const Json engine = {{"name", info.engine},
                       {"version", info.version},
                       {"target", info.target},
                       {"threads", info.threads}};
  const Json json = {
      {"format", kFormat},      {"format_version", kFormatVersion},
      {"engine", engine},       {"model", {{"name", info.model}, {"checksum", info.checksum}}},
      {"inputs", info.inputs},  {"outputs", info.outputs},
      {"operators", operators}, {"tensors", tensors}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<TraceInfo> traceInfoFrom(std::string_view json, const std::string& source) {
  try {
    return infoFrom(Json::parse(json));
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error{ErrorCode::OutOfMemory, source + ": memory is short"});
  } catch (const std::exception& error) {
    return bad(source, error.what());
  }
}

Trace::Trace(std::string name, ArchiveReader archive, TraceInfo info)
    : name_(std::move(name)), archive_(std::move(archive)), info_(std::move(info)) {}

Result<Trace> Trace::open(const std::filesystem::path& path) {
  auto archive = ArchiveReader::open(path);
  if (!archive) return passOn(archive);
  TraceInfo info;
  if (archive->has(kTraceEntry)) {
    const auto bytes = archive->read(kTraceEntry, kMostDescription);
    if (!bytes) return passOn(bytes);
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    auto parsed = traceInfoFrom(text, fmt::format("{}: {}", path.string(), kTraceEntry));
    if (!parsed) return passOn(parsed);
    info = std::move(*parsed);
  }
  return Trace(path.string(), std::move(*archive), std::move(info));
}

bool Trace::has(const std::string& tensor) const { return archive_.has(entryOf(tensor)); }

std::vector<std::string> Trace::tensors() const {
  std::vector<std::string> names;
  for (const std::string& entry : archive_.names())
    if (entry.ends_with(kArrayEnding))
      names.push_back(entry.substr(0, entry.size() - kArrayEnding.size()));
  return names;
}

Result<HostTensor> Trace::tensor(const std::string& name) const {
  const auto bytes = archive_.read(entryOf(name));
  if (!bytes) return passOn(bytes);
  auto tensor = parseNpy(*bytes, fmt::format("{}: {}", name_, entryOf(name)));
  const auto record = info_.tensors.find(name);
  if (tensor && record != info_.tensors.end() && record->second.type != tensor->type)
    return bad(name_, fmt::format("tensor '{}' has another type than {} says", name, kTraceEntry));
  if (tensor && record != info_.tensors.end()) tensor->meaning = record->second.meaning;
  return tensor;
}

std::string entryOf(const std::string& tensor) { return tensor + std::string(kArrayEnding); }

}  // namespace minnow::analysis
