// Features to structures and back, tensors, JSON.
#include "results.h"

#include <gst/video/gstvideometa.h>
#ifdef MINNOW_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "report.h"

namespace minnowgst {

using nlohmann::ordered_json;
using road::Feature;
using road::Form;
using road::Point;

namespace {

constexpr const char* kOurs = "minnow";
constexpr std::pair<Form, const char*> kForms[] = {
    {Form::Box, "box"}, {Form::Line, "line"}, {Form::Polygon, "polygon"}};

struct Box {
  guint x = 0, y = 0, width = 0, height = 0;
};

/// Whole pixels around the points, inside the picture.
Box around(const std::vector<Point>& points, Extent extent) {
  if (points.empty()) return {};
  const auto [left, right] = std::ranges::minmax(points, {}, &Point::x);
  const auto [top, bottom] = std::ranges::minmax(points, {}, &Point::y);
  const auto least = [](double v, int most) {
    return static_cast<guint>(std::clamp(std::floor(v), 0.0, static_cast<double>(most)));
  };
  const auto most = [](double v, int all) {
    return static_cast<guint>(std::clamp(std::ceil(v), 0.0, static_cast<double>(all)));
  };
  const std::pair<double, double> xs{left.x, right.x}, ys{top.y, bottom.y};
  const Box box{least(xs.first, extent.width), least(ys.first, extent.height)};
  return {box.x, box.y, most(xs.second, extent.width) - box.x,
          most(ys.second, extent.height) - box.y};
}

/// What a region is called. Quarks live as long as the process: a text that was read is none.
std::string typeOf(const Feature& feature) {
  return feature.text.empty() || feature.kind == "text" ? feature.kind : feature.text;
}

void setPoints(GstStructure* structure, const std::vector<Point>& points) {
  GValue list = G_VALUE_INIT, number = G_VALUE_INIT;
  gst_value_array_init(&list, static_cast<guint>(2 * points.size()));
  g_value_init(&number, G_TYPE_DOUBLE);
  for (const Point& p : points)
    for (const double v : {p.x, p.y}) {
      g_value_set_double(&number, v);
      gst_value_array_append_value(&list, &number);
    }
  gst_structure_take_value(structure, "points", &list);
}

std::vector<Point> pointsOf(const GstStructure* structure) {
  const GValue* list = gst_structure_get_value(structure, "points");
  std::vector<Point> points;
  if (list == nullptr || !GST_VALUE_HOLDS_ARRAY(list)) return points;
  const auto at = [&](guint i) {
    const GValue* value = gst_value_array_get_value(list, i);
    return G_VALUE_HOLDS_DOUBLE(value) ? g_value_get_double(value) : 0.0;
  };
  for (guint i = 0; i + 1 < gst_value_array_get_size(list); i += 2)
    points.push_back({at(i), at(i + 1)});
  return points;
}

void set(GstStructure* structure, const Feature& feature) {
  const auto* form = std::ranges::find(kForms, feature.form, &std::pair<Form, const char*>::first);
  // clang-format off
  gst_structure_set(structure,
                    "model", G_TYPE_STRING, feature.model.c_str(),
                    "kind", G_TYPE_STRING, feature.kind.c_str(),
                    "form", G_TYPE_STRING, form->second,
                    "text", G_TYPE_STRING, feature.text.c_str(),
                    "score", G_TYPE_DOUBLE, feature.score, nullptr);
  // clang-format on
  setPoints(structure, feature.points);
}

std::string textOf(const GstStructure* structure, const char* field) {
  const gchar* text = gst_structure_get_string(structure, field);
  return text != nullptr ? text : "";
}

Attached read(const GstStructure* structure) {
  Attached out;
  out.feature.model = textOf(structure, "model");
  out.feature.kind = textOf(structure, "kind");
  out.feature.text = textOf(structure, "text");
  for (const auto& [form, name] : kForms)
    if (textOf(structure, "form") == name) out.feature.form = form;
  out.feature.points = pointsOf(structure);
  gst_structure_get_double(structure, "score", &out.feature.score);
  guint colour = 0xffffff;
  gst_structure_get_uint(structure, "colour", &colour);
  out.colour = {static_cast<uint8_t>(colour >> 16), static_cast<uint8_t>(colour >> 8),
                static_cast<uint8_t>(colour)};
  return out;
}

std::vector<GstVideoRegionOfInterestMeta*> regionsOf(GstBuffer* buffer) {
  std::vector<GstVideoRegionOfInterestMeta*> regions;
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(
             buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))
    regions.push_back(reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta));
  return regions;
}

/// The structures of what was attached, in order.
std::vector<GstStructure*> structuresOf(GstBuffer* buffer) {
  std::vector<GstStructure*> found;
  for (GstVideoRegionOfInterestMeta* region : regionsOf(buffer)) {
    GstStructure* ours = gst_video_region_of_interest_meta_get_param(region, kOurs);
    if (ours != nullptr) found.push_back(ours);
  }
  return found;
}

/// Of a region that somebody else attached, or of ours that lost its parameters, as by videoconvert, there is a box.
Attached plain(const GstVideoRegionOfInterestMeta& region) {
  Attached out{.feature = {}, .colour = {255, 255, 255}};
  out.feature.kind = "object";
  out.feature.points = {{double(region.x), double(region.y)},
                        {double(region.x) + region.w, double(region.y) + region.h}};
  const gchar* type = g_quark_to_string(region.roi_type);
  out.feature.text = type != nullptr ? type : "";
  return out;
}

#ifdef MINNOW_GST_ANALYTICS
void attachAnalytics(GstBuffer* buffer, const Feature& feature, const Box& box) {
  GstAnalyticsRelationMeta* relations = gst_buffer_get_analytics_relation_meta(buffer);
  if (relations == nullptr) relations = gst_buffer_add_analytics_relation_meta(buffer);
  GstAnalyticsODMtd detection;
  gst_analytics_relation_meta_add_od_mtd(
      relations, g_quark_from_string(typeOf(feature).c_str()), static_cast<gint>(box.x),
      static_cast<gint>(box.y), static_cast<gint>(box.width), static_cast<gint>(box.height),
      static_cast<gfloat>(feature.score), &detection);
}
#else
void attachAnalytics(GstBuffer*, const Feature&, const Box&) {}
#endif

#ifdef MINNOW_GST_TENSORS
constexpr std::pair<minnow::DataType, GstTensorDataType> kTypes[] = {
    {minnow::DataType::Float32, GST_TENSOR_DATA_TYPE_FLOAT32},
    {minnow::DataType::Float64, GST_TENSOR_DATA_TYPE_FLOAT64},
    {minnow::DataType::Float16, GST_TENSOR_DATA_TYPE_FLOAT16},
    {minnow::DataType::Uint8, GST_TENSOR_DATA_TYPE_UINT8},
    {minnow::DataType::Bool, GST_TENSOR_DATA_TYPE_UINT8},
    {minnow::DataType::Int8, GST_TENSOR_DATA_TYPE_INT8},
    {minnow::DataType::Uint16, GST_TENSOR_DATA_TYPE_UINT16},
    {minnow::DataType::Int16, GST_TENSOR_DATA_TYPE_INT16},
    {minnow::DataType::Uint32, GST_TENSOR_DATA_TYPE_UINT32},
    {minnow::DataType::Int32, GST_TENSOR_DATA_TYPE_INT32},
    {minnow::DataType::Int64, GST_TENSOR_DATA_TYPE_INT64},
    {minnow::DataType::Uint64, GST_TENSOR_DATA_TYPE_UINT64},
};

GstTensor* tensorOf(const Output& output, const std::string& id) {
  const auto* type = std::ranges::find(kTypes, output.type,
                                       &std::pair<minnow::DataType, GstTensorDataType>::first);
  std::vector<gsize> dims(output.shape.begin(), output.shape.end());
  GstBuffer* data = gst_buffer_new_memdup(output.bytes.data(), output.bytes.size());
  return gst_tensor_new_simple(g_quark_from_string(id.c_str()), type->second, data,
                               GST_TENSOR_DIM_ORDER_ROW_MAJOR, dims.size(), dims.data());
}
#endif

ordered_json valuesOf(const Output& output) {
  auto list = ordered_json::array();
  const auto append = [&]<class T>(T) {
    for (size_t i = 0; i < output.bytes.size() / sizeof(T); ++i) {
      T value;
      std::memcpy(&value, output.bytes.data() + i * sizeof(T), sizeof(T));
      list.push_back(value);
    }
  };
  switch (output.type) {
    case minnow::DataType::Float32:
      append(float{});
      break;
    case minnow::DataType::Float64:
      append(double{});
      break;
    case minnow::DataType::Uint8:
      append(uint8_t{});
      break;
    case minnow::DataType::Int8:
      append(int8_t{});
      break;
    case minnow::DataType::Int32:
      append(int32_t{});
      break;
    case minnow::DataType::Int64:
      append(int64_t{});
      break;
    default:
      return nullptr;
  }
  return list;
}

ordered_json toJson(const Output& output) {
  ordered_json json{{"name", output.name},
                    {"type", minnow::dataTypeName(output.type)},
                    {"shape", output.shape.dims()}};
  if (output.shape.elements() <= kMostValues) json["values"] = valuesOf(output);
  return json;
}

}  // namespace

void attach(GstBuffer* buffer, const std::vector<Feature>& features, Colour colour, Extent extent) {
  const guint packed = guint{colour[0]} << 16 | guint{colour[1]} << 8 | colour[2];
  for (const Feature& feature : features) {
    const Box box = around(feature.points, extent);
    GstVideoRegionOfInterestMeta* region = gst_buffer_add_video_region_of_interest_meta(
        buffer, typeOf(feature).c_str(), box.x, box.y, box.width, box.height);
    GstStructure* structure = gst_structure_new(kOurs, "colour", G_TYPE_UINT, packed, nullptr);
    set(structure, feature);
    gst_video_region_of_interest_meta_add_param(region, structure);
    attachAnalytics(buffer, feature, box);
  }
}

std::vector<Attached> attached(GstBuffer* buffer) {
  std::vector<Attached> out;
  for (const GstStructure* structure : structuresOf(buffer)) out.push_back(read(structure));
  return out;
}

std::vector<Attached> regions(GstBuffer* buffer) {
  std::vector<Attached> out;
  for (GstVideoRegionOfInterestMeta* region : regionsOf(buffer)) {
    const GstStructure* ours = gst_video_region_of_interest_meta_get_param(region, kOurs);
    out.push_back(ours != nullptr ? read(ours) : plain(*region));
  }
  return out;
}

void replace(GstBuffer* buffer, size_t n, const Feature& feature) {
  const auto structures = structuresOf(buffer);
  if (n < structures.size()) set(structures[n], feature);
}

minnow::Result<std::map<std::string, std::string>> tensorIds(const std::string& model) {
  std::map<std::string, std::string> ids;
  const std::string path = model + ".modelinfo";
  const std::unique_ptr<GKeyFile, decltype(&g_key_file_unref)> file(g_key_file_new(),
                                                                    g_key_file_unref);
  GError* error = nullptr;
  if (!g_key_file_load_from_file(file.get(), path.c_str(), G_KEY_FILE_NONE, &error)) {
    const std::string message = path + ": " + error->message;
    const bool absent = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    g_error_free(error);
    if (absent) return ids;
    return std::unexpected(minnow::Error{minnow::ErrorCode::InvalidArgument, message});
  }
  gchar** groups = g_key_file_get_groups(file.get(), nullptr);
  for (gchar** group = groups; *group != nullptr; ++group) {
    gchar* id = g_key_file_get_string(file.get(), *group, "id", nullptr);
    if (id != nullptr) ids[*group] = id;
    g_free(id);
  }
  g_strfreev(groups);
  return ids;
}

#ifdef MINNOW_GST_TENSORS
void attachTensors(GstBuffer* buffer, const std::vector<Output>& outputs,
                   const std::map<std::string, std::string>& ids) {
  auto** tensors = static_cast<GstTensor**>(g_malloc_n(outputs.size(), sizeof(GstTensor*)));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto id = ids.find(outputs[i].name);
    tensors[i] = tensorOf(outputs[i], id == ids.end() ? outputs[i].name : id->second);
  }
  gst_tensor_meta_set(gst_buffer_add_tensor_meta(buffer), static_cast<guint>(outputs.size()),
                      tensors);
}
#else
void attachTensors(GstBuffer*, const std::vector<Output>&,
                   const std::map<std::string, std::string>&) {}
#endif

std::string describe(const std::string& model, GstClockTime pts, const Found& found) {
  ordered_json json{{"model", model}, {"pts", nullptr}};
  if (GST_CLOCK_TIME_IS_VALID(pts)) json["pts"] = pts;
  json["features"] = ordered_json::array();
  for (const auto* features : {&found.changed, &found.features})
    for (const Feature& feature : *features) json["features"].push_back(road::toJson(feature));
  for (const Output& output : found.outputs) json["outputs"].push_back(toJson(output));
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace minnowgst
