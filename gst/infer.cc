// The element: properties, states, caps, buffers. What it computes is in inference.h, what it attaches in results.h.
#include "infer.h"

#include <gst/base/gstbasetransform.h>

#include <atomic>
#include <optional>

#include "errors.h"
#include "picture.h"
#include "results.h"

namespace {

using namespace minnowgst;
using minnow::Error;
using minnow::ErrorCode;
using minnow::Result;

enum Property : guint {
  kNone,
  kModel,
  kConfig,
  kEveryNth,
  kBudget,
  kThreads,
  kRuntime,
  kPostMessages
};

struct State {
  Settings settings;  // under the object's lock; read when the element starts
  std::atomic<guint> everyNth{1};
  std::atomic<bool> postMessages{true};

  std::optional<Model> model;
  std::map<std::string, std::string> ids;
  std::optional<PictureFormat> format;
  guint64 frames = 0;
};

}  // namespace

struct MinnowInfer {
  GstBaseTransform base;
  State* state;
};
struct MinnowInferClass {
  GstBaseTransformClass base;
};
G_DEFINE_TYPE(MinnowInfer, minnow_infer, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE(minnowinfer, "minnowinfer", GST_RANK_NONE, minnow_infer_get_type())

namespace {

State& stateOf(gpointer object) { return *static_cast<MinnowInfer*>(object)->state; }

std::string textOf(const GValue* value) {
  const gchar* text = g_value_get_string(value);
  return text != nullptr ? text : "";
}

void setProperty(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = stateOf(object);
  GST_OBJECT_LOCK(object);
  switch (id) {
    case kModel:
      state.settings.model = textOf(value);
      break;
    case kConfig:
      state.settings.config = textOf(value);
      break;
    case kEveryNth:
      state.everyNth = g_value_get_uint(value);
      break;
    case kBudget:
      state.settings.budget = g_value_get_uint64(value);
      break;
    case kThreads:
      state.settings.threads = g_value_get_int(value);
      break;
    case kRuntime:
      state.settings.runtime = textOf(value);
      break;
    case kPostMessages:
      state.postMessages = g_value_get_boolean(value) != FALSE;
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

void getProperty(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  State& state = stateOf(object);
  GST_OBJECT_LOCK(object);
  switch (id) {
    case kModel:
      g_value_set_string(value, state.settings.model.c_str());
      break;
    case kConfig:
      g_value_set_string(value, state.settings.config.c_str());
      break;
    case kEveryNth:
      g_value_set_uint(value, state.everyNth);
      break;
    case kBudget:
      g_value_set_uint64(value, state.settings.budget);
      break;
    case kThreads:
      g_value_set_int(value, state.settings.threads);
      break;
    case kRuntime:
      g_value_set_string(value, state.settings.runtime.c_str());
      break;
    case kPostMessages:
      g_value_set_boolean(value, state.postMessages);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

gboolean failed(gpointer element, const Error& error) {
  post(GST_ELEMENT(element), error);
  return FALSE;
}

gboolean start(GstBaseTransform* base) {
  State& state = stateOf(base);
  GST_OBJECT_LOCK(base);
  const Settings settings = state.settings;
  GST_OBJECT_UNLOCK(base);
  auto model = guarded([&] { return Model::open(settings); });
  if (!model) return failed(base, model.error());
  auto ids = tensorIds(settings.model);
  if (!ids) return failed(base, ids.error());
  state.model.emplace(std::move(*model));
  state.ids = std::move(*ids);
  state.frames = 0;
  return TRUE;
}

gboolean stop(GstBaseTransform* base) {
  State& state = stateOf(base);
  state.model.reset();
  state.format.reset();
  return TRUE;
}

gboolean setCaps(GstBaseTransform* base, GstCaps* in, GstCaps*) {
  GstVideoInfo info;
  if (!gst_video_info_from_caps(&info, in))
    return failed(base, {ErrorCode::Unsupported, "these caps are no raw video"});
  auto format = PictureFormat::of(info);
  if (!format) return failed(base, format.error());
  stateOf(base).format = std::move(*format);
  return TRUE;
}

/// Buffers pass on as they are, so that what may be attached to them is what the next element takes; but a frame is read as a
/// whole.
gboolean proposeAllocation(GstBaseTransform* base, GstQuery*, GstQuery* query) {
  if (!gst_pad_peer_query(GST_BASE_TRANSFORM_SRC_PAD(base), query)) return FALSE;
  guint crop = 0;
  if (gst_query_find_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, &crop))
    gst_query_remove_nth_allocation_meta(query, crop);
  return TRUE;
}

Result<Found> infer(Model& model, const PictureFormat& format, GstBuffer* buffer) {
  if (gst_buffer_get_video_crop_meta(buffer) != nullptr)
    return std::unexpected(Error{ErrorCode::Unsupported,
                                 "a buffer is to be cropped (GstVideoCropMeta), which this element "
                                 "did not say it can: put videoconvert before"});
  const auto frame = MappedFrame::map(format.info(), buffer, GST_MAP_READ);
  if (!frame) return std::unexpected(frame.error());
  std::vector<road::Feature> before;
  for (Attached& one : attached(buffer)) before.push_back(std::move(one.feature));
  return model.run(format.view(**frame), std::move(before));
}

void postMessage(GstBaseTransform* base, const std::string& json, GstClockTime pts) {
  GstStructure* structure = gst_structure_new("minnowinfer", "timestamp", GST_TYPE_CLOCK_TIME, pts,
                                              "json", G_TYPE_STRING, json.c_str(), nullptr);
  gst_element_post_message(GST_ELEMENT(base), gst_message_new_element(GST_OBJECT(base), structure));
}

GstFlowReturn transform(GstBaseTransform* base, GstBuffer* buffer) {
  State& state = stateOf(base);
  if (!state.model || !state.format) return GST_FLOW_NOT_NEGOTIATED;
  if (state.frames++ % state.everyNth != 0) return GST_FLOW_OK;
  auto found = guarded([&] { return infer(*state.model, *state.format, buffer); });
  if (!found) {
    post(GST_ELEMENT(base), found.error());
    return GST_FLOW_ERROR;
  }
  const road::ModelEntry& entry = state.model->entry();
  const GstVideoInfo& info = state.format->info();
  for (size_t i = 0; i < found->changed.size(); ++i) replace(buffer, i, found->changed[i]);
  attach(buffer, found->features, entry.colour,
         {GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info)});
  if (!found->outputs.empty()) attachTensors(buffer, found->outputs, state.ids);
  if (state.postMessages)
    postMessage(base, describe(entry.name, GST_BUFFER_PTS(buffer), *found), GST_BUFFER_PTS(buffer));
  return GST_FLOW_OK;
}

void finalize(GObject* object) {
  delete &stateOf(object);
  G_OBJECT_CLASS(minnow_infer_parent_class)->finalize(object);
}

void installProperties(GObjectClass* object) {
  // NOLINTBEGIN(clang-analyzer-optin.core.EnumCastOutOfRange): GStreamer's flags follow GLib's
  constexpr auto kReady = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                   GST_PARAM_MUTABLE_READY);
  constexpr auto kPlaying = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                     GST_PARAM_MUTABLE_PLAYING);
  // NOLINTEND(clang-analyzer-optin.core.EnumCastOutOfRange)
  const auto add = [&](Property id, GParamSpec* spec) {
    g_object_class_install_property(object, id, spec);
  };
  add(kModel, g_param_spec_string("model", "Model", "Model file, of minnow convert", "", kReady));
  add(kConfig,
      g_param_spec_string(
          "config", "Config",
          "Table that says how the picture is prepared and outputs are read (docs/gstreamer.md); "
          "without it the picture is stretched, 0 to 255, and outputs leave as tensors",
          "", kReady));
  add(kEveryNth, g_param_spec_uint("every-nth", "Every n-th",
                                   "Look at the first of so many frames; others pass", 1, G_MAXUINT,
                                   1, kPlaying));
  add(kBudget,
      g_param_spec_uint64("budget", "Budget", "Most bytes the runtime may hold; 0: no limit", 0,
                          G_MAXUINT64, 0, kReady));
  add(kThreads, g_param_spec_int("threads", "Threads", "Threads that compute", 1, 1024, 1, kReady));
  add(kRuntime,
      g_param_spec_string("runtime", "Runtime",
                          "Elements of a process that name the same runtime share its arena, "
                          "threads and budget; without a name each has its own",
                          "", kReady));
  add(kPostMessages,
      g_param_spec_boolean("post-messages", "Post messages",
                           "Post an element message for each frame looked at", TRUE, kPlaying));
}

}  // namespace

static void minnow_infer_class_init(MinnowInferClass* type) {
  auto* object = G_OBJECT_CLASS(type);
  object->set_property = setProperty;
  object->get_property = getProperty;
  object->finalize = finalize;
  installProperties(object);

  auto* element = GST_ELEMENT_CLASS(type);
  GstCaps* caps = pictureCaps();
  for (const auto& [name, direction] : {std::pair{"sink", GST_PAD_SINK}, {"src", GST_PAD_SRC}})
    gst_element_class_add_pad_template(element,
                                       gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps));
  gst_caps_unref(caps);
  gst_element_class_set_static_metadata(
      element, "Minnow inference", "Filter/Analyzer/Video",
      "Runs a convolutional network on frames and attaches what it finds", "Minnow's maintainers");

  auto* transforms = GST_BASE_TRANSFORM_CLASS(type);
  transforms->start = start;
  transforms->stop = stop;
  transforms->set_caps = setCaps;
  transforms->propose_allocation = proposeAllocation;
  transforms->transform_ip = transform;
}

static void minnow_infer_init(MinnowInfer* self) {
  self->state = new State;
  gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
}
