// GStreamer's elements in a harness. Which numbers reach a model is compared with what writeImage makes of the same picture,
// packed: the model gives its input back. The program runs under GStreamer's own tracer of leaks, which ends it if an
// object is left over.
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>
#ifdef MINNOW_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "format/write.h"
#include "minnow/image.h"
#include "runtime/test_models.h"

namespace minnow {
namespace {

using namespace vision;
using nlohmann::json;

/// A folder that goes away.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = testing::TempDir() + "/minnow_gst_XXXXXX";
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return path / name;
  }
  /// A model that gives its input back.
  std::string model(Shape shape, const std::string& name = "same.minnow") const {
    test::Builder builder("same");
    ops::Unary op;
    op.fn = ops::UnaryFn::Relu;
    const auto bytes = format::write(builder.finish(builder.add(op, {builder.input("x", shape)})));
    return write(name, {reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  }
};

/// An element with a bus to read from, in a harness from caps() on, which starts it.
class Element {
 public:
  explicit Element(const char* name = "minnowinfer")
      : element_(GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make(name, nullptr)))),
        bus_(gst_bus_new()) {
    gst_element_set_bus(element_, bus_);
  }
  ~Element() {
    gst_element_set_state(element_, GST_STATE_NULL);
    if (harness_ != nullptr) gst_harness_teardown(harness_);
    gst_element_set_bus(element_, nullptr);
    gst_object_unref(bus_);
    gst_object_unref(element_);
  }
  template <class T>
  void set(const char* property, T value) {
    g_object_set(element_, property, value, nullptr);
  }
  void set(const char* property, const std::string& value) { set(property, value.c_str()); }
  void caps(const std::string& text) {
    if (harness_ == nullptr) harness_ = gst_harness_new_with_element(element_, "sink", "src");
    gst_harness_set_src_caps_str(harness_, text.c_str());
  }
  bool goesTo(GstState state) {
    return gst_element_set_state(element_, state) != GST_STATE_CHANGE_FAILURE;
  }
  GstFlowReturn push(GstBuffer* buffer) { return gst_harness_push(harness_, buffer); }
  GstBuffer* pull() { return gst_harness_pull(harness_); }
  GstHarness* harness() { return harness_; }

  /// What the next message of that kind says; "" where there is none.
  std::string message(GstMessageType type) {
    GstMessage* message = gst_bus_pop_filtered(bus_, type);
    if (message == nullptr) return "";
    std::string text;
    if (type == GST_MESSAGE_ERROR) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      text = error->message;
      domain = error->domain;
      code = error->code;
      g_error_free(error);
    } else {
      text = gst_structure_get_string(gst_message_get_structure(message), "json");
    }
    gst_message_unref(message);
    return text;
  }
  std::string error() { return message(GST_MESSAGE_ERROR); }
  json results() {
    const std::string text = message(GST_MESSAGE_ELEMENT);
    return text.empty() ? json() : json::parse(text);
  }
  GQuark domain = 0;
  int code = 0;

 private:
  GstElement* element_;
  GstBus* bus_;
  GstHarness* harness_ = nullptr;
};

/// A picture of any bytes, packed, and the same as a buffer: planes `gap` bytes apart, rows padded.
struct Frame {
  GstVideoInfo info{};
  std::vector<uint8_t> packed;
  ImageView view;

  Frame(const std::string& caps, PixelFormat format) {
    GstCaps* parsed = gst_caps_from_string(caps.c_str());
    EXPECT_TRUE(gst_video_info_from_caps(&info, parsed)) << caps;
    gst_caps_unref(parsed);
    const int width = GST_VIDEO_INFO_WIDTH(&info), height = GST_VIDEO_INFO_HEIGHT(&info);
    packed.resize(frameBytes(width, height, format));
    for (size_t i = 0; i < packed.size(); ++i)
      packed[i] = static_cast<uint8_t>((i * 2654435761U) >> 24);
    view = ImageView::packed(packed.data(), width, height, format);
  }

  GstBuffer* buffer(int padding, gsize gap) const {
    const int planes = static_cast<int>(GST_VIDEO_INFO_N_PLANES(&info));
    gsize offsets[GST_VIDEO_MAX_PLANES] = {};
    gint strides[GST_VIDEO_MAX_PLANES] = {};
    gsize end = gap;
    std::vector<std::pair<const uint8_t*, std::pair<int, int>>> sources;  // rows, their bytes
    const uint8_t* from = packed.data();
    for (int p = 0; p < planes; ++p) {
      const auto [bytes, rows] = planeExtent(p);
      offsets[p] = end;
      strides[p] = bytes + padding;
      end += static_cast<gsize>(strides[p]) * rows + gap;
      sources.push_back({from, {bytes, rows}});
      from += static_cast<ptrdiff_t>(bytes) * rows;
    }
    GstBuffer* made = gst_buffer_new_allocate(nullptr, end, nullptr);
    gst_buffer_memset(made, 0, 0xa5, end);
    for (int p = 0; p < planes; ++p)
      for (int row = 0; row < sources[p].second.second; ++row)
        gst_buffer_fill(made, offsets[p] + static_cast<gsize>(strides[p]) * row,
                        sources[p].first + static_cast<ptrdiff_t>(sources[p].second.first) * row,
                        sources[p].second.first);
    gst_buffer_add_video_meta_full(made, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                   GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info),
                                   planes, offsets, strides);
    GST_BUFFER_PTS(made) = 40 * GST_MSECOND;
    return made;
  }

  std::pair<int, int> planeExtent(int plane) const {
    const int width = GST_VIDEO_INFO_WIDTH(&info), height = GST_VIDEO_INFO_HEIGHT(&info);
    if (plane == 0) return {width * channelCount(view.format), height};
    const int pairs = view.format == PixelFormat::I420 ? 1 : 2;
    return {(width + 1) / 2 * pairs, (height + 1) / 2};
  }
};

/// writeImage into a plain tensor.
std::vector<float> expected(const ImageView& view, const PreProcess& pre, Shape shape) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  const auto written =
      writeImage(view, pre, {{DataType::Float32, shape, plainStrides(shape)}, values.data()});
  EXPECT_TRUE(written) << (written ? "" : written.error().message);
  return values;
}

std::vector<float> firstOutput(const json& results) {
  if (!results.contains("outputs")) return {};
  return results["outputs"][0]["values"].get<std::vector<float>>();
}

const Shape kInput{1, 3, 12, 16};

struct FormatCase {
  const char *name, *caps;
  PixelFormat format;
  YuvColour colour = {};
};
std::ostream& operator<<(std::ostream& out, const FormatCase& c) { return out << c.name; }

class Formats : public testing::TestWithParam<FormatCase> {};

TEST_P(Formats, GiveTheBitsOfThePackedPicture) {
  const FormatCase& c = GetParam();
  const Folder folder;
  const std::string config =
      folder.write("table.toml",
                   "[[model]]\nname='a'\nonnx='same.onnx'\nkind='tensors'\n"
                   "pre={fit='letterbox',colour='bgr',mean=[1,2,3],scale=[0.1,0.2,0.3],pad=7}\n");
  const PreProcess pre{.fit = Fit::Letterbox,
                       .colour = ColourOrder::Bgr,
                       .mean = {1, 2, 3},
                       .scale = {0.1F, 0.2F, 0.3F},
                       .pad = {7, 7, 7}};
  for (const bool withConfig : {true, false}) {
    Element element;
    element.set("model", folder.model(kInput));
    if (withConfig) element.set("config", config);
    element.caps(c.caps);
    Frame frame(c.caps, c.format);
    frame.view.colour = c.colour;
    auto wanted = expected(frame.view, withConfig ? pre : PreProcess{}, kInput);
    for (float& value : wanted) value = std::max(value, 0.0F);  // the model is a Relu
    for (const auto& [padding, gap] : {std::pair{0, 0}, {5, 0}, {64, 37}}) {
      ASSERT_EQ(element.push(frame.buffer(padding, gap)), GST_FLOW_OK) << element.error();
      gst_buffer_unref(element.pull());
      const json results = element.results();
      EXPECT_EQ(firstOutput(results), wanted) << padding << " " << gap;
      EXPECT_EQ(results["pts"], 40'000'000);
    }
  }
}

constexpr YuvColour kHd{YuvMatrix::Bt709, YuvRange::Limited};
constexpr YuvColour kFull{YuvMatrix::Bt601, YuvRange::Full};
// Without colorimetry a stream has BT.601 up to 576 lines and BT.709 above.
INSTANTIATE_TEST_SUITE_P(
    All, Formats,
    testing::Values(
        FormatCase{"rgb", "video/x-raw,format=RGB,width=21,height=13", PixelFormat::Rgb},
        FormatCase{"rgb_of_unknown_range",
                   "video/x-raw,format=RGB,width=21,height=13,colorimetry=0:1:0:0",
                   PixelFormat::Rgb},
        FormatCase{"bgr", "video/x-raw,format=BGR,width=22,height=14", PixelFormat::Bgr},
        FormatCase{"rgba", "video/x-raw,format=RGBA,width=21,height=13", PixelFormat::Rgba},
        FormatCase{"bgra", "video/x-raw,format=BGRA,width=21,height=13", PixelFormat::Bgra},
        FormatCase{"rgbx", "video/x-raw,format=RGBx,width=21,height=13", PixelFormat::Rgba},
        FormatCase{"bgrx", "video/x-raw,format=BGRx,width=21,height=13", PixelFormat::Bgra},
        FormatCase{"gray", "video/x-raw,format=GRAY8,width=21,height=13", PixelFormat::Gray},
        FormatCase{"nv12", "video/x-raw,format=NV12,width=22,height=14", PixelFormat::Nv12},
        FormatCase{"nv12_odd", "video/x-raw,format=NV12,width=21,height=13", PixelFormat::Nv12},
        FormatCase{"nv12_576", "video/x-raw,format=NV12,width=20,height=576", PixelFormat::Nv12},
        FormatCase{"nv12_hd", "video/x-raw,format=NV12,width=20,height=578", PixelFormat::Nv12,
                   kHd},
        FormatCase{"nv12_709", "video/x-raw,format=NV12,width=22,height=14,colorimetry=bt709",
                   PixelFormat::Nv12, kHd},
        FormatCase{"nv21", "video/x-raw,format=NV21,width=22,height=14", PixelFormat::Nv21},
        FormatCase{"i420", "video/x-raw,format=I420,width=22,height=14", PixelFormat::I420},
        FormatCase{"i420_odd", "video/x-raw,format=I420,width=21,height=13", PixelFormat::I420},
        FormatCase{"i420_full", "video/x-raw,format=I420,width=22,height=14,colorimetry=1:4:0:0",
                   PixelFormat::I420, kFull}),
    [](const auto& info) { return info.param.name; });

TEST(Infer, OfPlanesInAnotherOrderTakesEachFromWhereItLies) {
  const Folder folder;
  const char* rest = ",width=22,height=14";
  std::vector<float> values[2];
  Frame frame(std::string("video/x-raw,format=I420") + rest, PixelFormat::I420);
  for (const bool exchanged : {false, true}) {
    Element element;
    element.set("model", folder.model(kInput));
    element.caps(std::string("video/x-raw,format=") + (exchanged ? "YV12" : "I420") + rest);
    GstBuffer* buffer = frame.buffer(0, 0);
    if (exchanged) {  // the planes of chroma change their places
      const gsize luma = 22 * 14, chroma = 11 * 7;
      gst_buffer_remove_meta(buffer, GST_META_CAST(gst_buffer_get_video_meta(buffer)));
      gsize offsets[4] = {0, luma, luma + chroma};
      gint strides[4] = {22, 11, 11};
      gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_YV12, 22,
                                     14, 3, offsets, strides);
      gst_buffer_fill(buffer, luma, frame.packed.data() + luma + chroma, chroma);
      gst_buffer_fill(buffer, luma + chroma, frame.packed.data() + luma, chroma);
    }
    ASSERT_EQ(element.push(buffer), GST_FLOW_OK);
    gst_buffer_unref(element.pull());
    values[exchanged] = firstOutput(element.results());
  }
  EXPECT_FALSE(values[0].empty());
  EXPECT_EQ(values[0], values[1]);
}

TEST(Infer, GreyOf16To235IsSpread) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  const char* caps = "video/x-raw,format=GRAY8,width=21,height=13,colorimetry=2:4:0:0";
  element.caps(caps);
  Frame grey(caps, PixelFormat::Gray);
  grey.packed[0] = 16, grey.packed[1] = 235;
  ASSERT_EQ(element.push(grey.buffer(3, 0)), GST_FLOW_OK) << element.error();
  gst_buffer_unref(element.pull());
  Frame colour("video/x-raw,format=I420,width=21,height=13", PixelFormat::I420);
  std::ranges::fill(colour.packed, 128);
  std::ranges::copy(grey.packed, colour.packed.begin());
  EXPECT_EQ(firstOutput(element.results()), expected(colour.view, {}, kInput));
}

TEST(Infer, RefusesColoursThatItWouldReadWrongly) {
  const Folder folder;
  const std::pair<const char*, const char*> cases[] = {
      {"format=NV12,colorimetry=bt2020", "bt2020"},
      {"format=NV12,colorimetry=0:4:0:0", "range"},
      {"format=RGB,colorimetry=2:1:0:0", "videoconvert"},
      {"format=I420,interlace-mode=interleaved", "deinterlace"}};
  for (const auto& [caps, said] : cases) {
    Element element;
    element.set("model", folder.model(kInput));
    const std::string all = std::string("video/x-raw,width=22,height=14,") + caps;
    element.caps(all);
    const Frame frame("video/x-raw,format=NV12,width=22,height=14", PixelFormat::Nv12);
    EXPECT_EQ(element.push(frame.buffer(0, 0)), GST_FLOW_NOT_NEGOTIATED) << caps;
    EXPECT_NE(element.error().find(said), std::string::npos) << caps;
    EXPECT_EQ(element.domain, GST_STREAM_ERROR) << caps;
  }
}

TEST(Infer, RefusesBuffersThatAreNotWhatTheirCapsSay) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  element.caps("video/x-raw,format=RGB,width=24,height=14");
  EXPECT_EQ(element.push(gst_buffer_new_allocate(nullptr, 100, nullptr)), GST_FLOW_ERROR);
  EXPECT_NE(element.error().find("100 bytes"), std::string::npos);
  const Frame frame("video/x-raw,format=RGB,width=24,height=14", PixelFormat::Rgb);
  GstBuffer* cropped = frame.buffer(0, 0);
  gst_buffer_add_video_crop_meta(cropped)->width = 8;
  EXPECT_EQ(element.push(cropped), GST_FLOW_ERROR);
  EXPECT_NE(element.error().find("GstVideoCropMeta"), std::string::npos);
}

TEST(Infer, TellsTheSourceWhatTheSinkTakesButForCropping) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  element.caps("video/x-raw,format=RGB,width=24,height=14");
  gst_harness_add_propose_allocation_meta(element.harness(), GST_VIDEO_CROP_META_API_TYPE, nullptr);
  gst_harness_add_propose_allocation_meta(element.harness(), GST_VIDEO_META_API_TYPE, nullptr);
  GstCaps* caps = gst_caps_from_string("video/x-raw,format=RGB,width=24,height=14");
  GstQuery* query = gst_query_new_allocation(caps, TRUE);
  GstPad* pad = gst_element_get_static_pad(element.harness()->element, "sink");
  EXPECT_TRUE(gst_pad_query(pad, query));
  EXPECT_TRUE(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr));
  EXPECT_FALSE(gst_query_find_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, nullptr));
  gst_object_unref(pad);
  gst_query_unref(query);
  gst_caps_unref(caps);
}

TEST(Infer, LooksAtEveryNthFrameAndPassesAll) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  element.set("every-nth", 3U);
  element.caps("video/x-raw,format=RGB,width=24,height=14");
  const Frame frame("video/x-raw,format=RGB,width=24,height=14", PixelFormat::Rgb);
  std::vector<int> seen;
  for (int i = 0; i < 7; ++i) {
    GstBuffer* buffer = frame.buffer(0, 0);
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(i);
    ASSERT_EQ(element.push(buffer), GST_FLOW_OK);
    gst_buffer_unref(element.pull());
  }
  for (json one = element.results(); !one.is_null(); one = element.results())
    seen.push_back(one["pts"]);
  EXPECT_EQ(seen, (std::vector<int>{0, 3, 6}));
}

TEST(Infer, PostsNothingIfToldSo) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  element.set("post-messages", FALSE);
  element.caps("video/x-raw,format=RGB,width=24,height=14");
  const Frame frame("video/x-raw,format=RGB,width=24,height=14", PixelFormat::Rgb);
  ASSERT_EQ(element.push(frame.buffer(0, 0)), GST_FLOW_OK);
  gst_buffer_unref(element.pull());
  EXPECT_TRUE(element.results().is_null());
}

// What goes through is what came in: neither bytes nor times change, and a picture that somebody else reads is not copied.
TEST(Infer, PassesTheFrameItself) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  element.caps("video/x-raw,format=RGB,width=24,height=14");
  const Frame frame("video/x-raw,format=RGB,width=24,height=14", PixelFormat::Rgb);
  GstBuffer* buffer = frame.buffer(0, 0);
  GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
  ASSERT_EQ(element.push(gst_buffer_ref(buffer)), GST_FLOW_OK);
  GstBuffer* out = element.pull();
  EXPECT_EQ(gst_buffer_peek_memory(out, 0), memory);
  EXPECT_EQ(GST_BUFFER_PTS(out), GST_BUFFER_PTS(buffer));
  EXPECT_EQ(gst_buffer_memcmp(out, 0, frame.packed.data(), frame.packed.size()), 0);
  gst_buffer_unref(out);
  gst_buffer_unref(buffer);
}

TEST(Infer, TakesOtherCapsUnderWay) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  const std::tuple<const char*, PixelFormat, YuvColour> streams[] = {
      {"video/x-raw,format=RGB,width=24,height=14", PixelFormat::Rgb, {}},
      {"video/x-raw,format=NV12,width=20,height=578", PixelFormat::Nv12, kHd},
      {"video/x-raw,format=GRAY8,width=7,height=5", PixelFormat::Gray, {}},
      {"video/x-raw,format=RGB,width=24,height=14", PixelFormat::Rgb, {}}};
  for (const auto& [caps, format, colour] : streams) {
    element.caps(caps);
    Frame frame(caps, format);
    frame.view.colour = colour;
    ASSERT_EQ(element.push(frame.buffer(1, 2)), GST_FLOW_OK);
    gst_buffer_unref(element.pull());
    EXPECT_EQ(firstOutput(element.results()), expected(frame.view, {}, kInput)) << caps;
  }
}

TEST(Infer, FlushesEndsAndStartsAnew) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  element.set("every-nth", 2U);
  const char* caps = "video/x-raw,format=RGB,width=24,height=14";
  const Frame frame(caps, PixelFormat::Rgb);
  const auto goesThrough = [&] {
    ASSERT_EQ(element.push(frame.buffer(0, 0)), GST_FLOW_OK) << element.error();
    gst_buffer_unref(element.pull());
    EXPECT_FALSE(element.results().is_null());
    ASSERT_EQ(element.push(frame.buffer(0, 0)), GST_FLOW_OK);
    gst_buffer_unref(element.pull());
  };
  element.caps(caps);
  goesThrough();
  EXPECT_TRUE(gst_harness_push_event(element.harness(), gst_event_new_flush_start()));
  EXPECT_EQ(element.push(frame.buffer(0, 0)), GST_FLOW_FLUSHING);
  EXPECT_TRUE(gst_harness_push_event(element.harness(), gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  EXPECT_TRUE(gst_harness_push_event(element.harness(), gst_event_new_segment(&segment)));
  goesThrough();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(element.goesTo(GST_STATE_NULL));
    EXPECT_TRUE(element.goesTo(GST_STATE_PLAYING));
  }
  gst_harness_push_event(element.harness(), gst_event_new_stream_start("again"));
  element.caps(caps);
  gst_harness_push_event(element.harness(), gst_event_new_segment(&segment));
  goesThrough();
  EXPECT_TRUE(gst_harness_push_event(element.harness(), gst_event_new_eos()));
  EXPECT_EQ(element.push(frame.buffer(0, 0)), GST_FLOW_EOS);
  EXPECT_EQ(element.error(), "");
}

/// What an element says that does not start.
std::string refusal(Element& element) {
  EXPECT_FALSE(element.goesTo(GST_STATE_PAUSED));
  return element.error();
}

TEST(Infer, TellsWhatABudgetLacks) {
  const Folder folder;
  Element element;
  const std::string model = folder.model({1, 3, 200, 200});
  element.set("model", model);
  element.set("budget", guint64{100'000});
  const std::string said = refusal(element);
  auto runtime = Runtime::create({.memoryBudget = 100'000});
  auto interpreter = Interpreter::createFromFile(*runtime, model);
  ASSERT_TRUE(interpreter);
  EXPECT_EQ(said, interpreter->createSession().error().message);
  EXPECT_NE(said.find("needs 0.5 MB of 0.1 MB"), std::string::npos) << said;
  EXPECT_EQ(element.domain, GST_RESOURCE_ERROR);
  EXPECT_EQ(element.code, GST_RESOURCE_ERROR_NO_SPACE_LEFT);
  element.set("budget", guint64{1'000'000});
  EXPECT_TRUE(element.goesTo(GST_STATE_PAUSED));
}

TEST(Infer, RefusesWhatIsNoModelInTheEnginesWords) {
  const Folder folder;
  auto runtime = Runtime::create({});
  for (const std::string& file :
       {folder.write("a.minnow", "no model at all"), (folder.path / "absent.minnow").string()}) {
    Element element;
    element.set("model", file);
    EXPECT_EQ(refusal(element), Interpreter::createFromFile(*runtime, file).error().message);
  }
  Element element;
  EXPECT_NE(refusal(element).find("`model`"), std::string::npos);
}

TEST(Infer, RefusesATableWithoutTheModel) {
  const Folder folder;
  const std::string entry = "[[model]]\nname='a'\nkind='tensors'\nonnx=";
  const std::pair<std::string, std::string> cases[] = {
      {entry + "'a.onnx'\n" + entry + "'b.onnx'\n", "b.minnow"},
      {entry + "'a.onnx'\ninput='y'\n", "no input `y`"},
      {entry + "'a.onnx'\nfit='letterbox'\n", "unknown key `fit`"},
      {"[[model]", "line 1"}};
  for (const auto& [table, said] : cases) {
    Element element;
    element.set("model", folder.model(kInput));
    element.set("config", folder.write("t.toml", table));
    EXPECT_NE(refusal(element).find(said), std::string::npos) << table;
  }
  Element element;
  element.set("model", folder.model(kInput));
  element.set("config", (folder.path / "absent.toml").string());
  EXPECT_NE(refusal(element).find("absent.toml"), std::string::npos);
}

TEST(Infer, OfARuntimesNameSharesIt) {
  const Folder folder;
  const std::string model = folder.model(kInput);
  const auto made = [&](Element& element, int threads) {
    element.set("model", model);
    element.set("runtime", "one");
    element.set("threads", threads);
  };
  {
    Element first, second, other;
    made(first, 1), made(second, 1), made(other, 2);
    EXPECT_TRUE(first.goesTo(GST_STATE_PAUSED));
    EXPECT_TRUE(second.goesTo(GST_STATE_PAUSED));
    EXPECT_NE(refusal(other).find("threads=1"), std::string::npos);
  }
  Element later;  // nobody has it any more
  made(later, 2);
  EXPECT_TRUE(later.goesTo(GST_STATE_PAUSED));
}

/// A picture with a white block, and a table whose kind finds such blocks.
struct Block {
  static constexpr const char* kCaps = "video/x-raw,format=RGB,width=64,height=48";
  static constexpr const char* kTable =
      "[[model]]\nname='blocks'\nonnx='same.onnx'\nkind='text-boxes'\ncolour=[255,0,0]\n"
      "pre={colour='gray',scale=0.0039215686}\npost={unclip=0}\n";
  Folder folder;
  Frame frame{kCaps, PixelFormat::Rgb};
  Block() {
    std::ranges::fill(frame.packed, 0);
    for (int y = 10; y < 22; ++y)
      std::fill_n(frame.packed.begin() + (y * 64 + 16) * 3, 32 * 3, 255);
  }
  void open(Element& element) const {
    element.set("model", folder.model({1, 1, 48, 64}));
    element.set("config", folder.write("t.toml", kTable));
    element.caps(kCaps);
  }
};

TEST(Infer, AttachesWhatItFinds) {
  const Block block;
  Element element;
  block.open(element);
  ASSERT_EQ(element.push(block.frame.buffer(5, 9)), GST_FLOW_OK) << element.error();
  GstBuffer* out = element.pull();
  auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(
      gst_buffer_get_meta(out, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
  ASSERT_NE(region, nullptr);
  EXPECT_STREQ(g_quark_to_string(region->roi_type), "text");
  EXPECT_NEAR(region->x, 16, 1);
  EXPECT_NEAR(region->y, 10, 1);
  EXPECT_NEAR(region->x + region->w, 48, 1);
  EXPECT_NEAR(region->y + region->h, 22, 1);
  GstStructure* ours = gst_video_region_of_interest_meta_get_param(region, "minnow");
  ASSERT_NE(ours, nullptr);
  EXPECT_STREQ(gst_structure_get_string(ours, "model"), "blocks");
  EXPECT_STREQ(gst_structure_get_string(ours, "form"), "polygon");
  EXPECT_EQ(gst_value_array_get_size(gst_structure_get_value(ours, "points")), 8U);
  const json results = element.results();
  ASSERT_EQ(results["features"].size(), 1U);
  EXPECT_EQ(results["features"][0]["kind"], "text");
  EXPECT_EQ(results["model"], "blocks");
#ifdef MINNOW_GST_ANALYTICS
  GstAnalyticsRelationMeta* relations = gst_buffer_get_analytics_relation_meta(out);
  ASSERT_NE(relations, nullptr);
  GstAnalyticsODMtd detection;
  ASSERT_TRUE(gst_analytics_relation_meta_get_od_mtd(relations, 0, &detection));
  gint x = 0, y = 0, w = 0, h = 0;
  gfloat score = 0;
  ASSERT_TRUE(gst_analytics_od_mtd_get_location(&detection, &x, &y, &w, &h, &score));
  EXPECT_EQ(x, static_cast<gint>(region->x));
  EXPECT_EQ(h, static_cast<gint>(region->h));
  EXPECT_GT(score, 0.6);
  EXPECT_STREQ(g_quark_to_string(gst_analytics_od_mtd_get_obj_type(&detection)), "text");
#endif
  gst_buffer_unref(out);
}

#ifdef MINNOW_GST_TENSORS
TEST(Infer, AttachesTensorsByTheirIds) {
  const Folder folder;
  const std::string model = folder.model(kInput);
  const std::string caps = "video/x-raw,format=RGB,width=24,height=14";
  const Frame frame(caps, PixelFormat::Rgb);
  for (const bool withIds : {false, true}) {
    if (withIds)
      folder.write("same.minnow.modelinfo",
                   "[modelinfo]\nversion=1.0\n\n[out]\nid=some-id\ndir=output\n");
    Element element;
    element.set("model", model);
    element.caps(caps);
    ASSERT_EQ(element.push(frame.buffer(0, 0)), GST_FLOW_OK);
    GstBuffer* out = element.pull();
    GstTensorMeta* meta = gst_buffer_get_tensor_meta(out);
    ASSERT_NE(meta, nullptr);
    ASSERT_EQ(meta->num_tensors, 1U);
    const GstTensor* tensor = gst_tensor_meta_get(meta, 0);
    EXPECT_STREQ(g_quark_to_string(tensor->id), withIds ? "some-id" : "out");
    ASSERT_EQ(tensor->num_dims, 4U);
    EXPECT_EQ(tensor->dims[2], 12U);
    EXPECT_EQ(tensor->data_type, GST_TENSOR_DATA_TYPE_FLOAT32);
    const auto values = expected(frame.view, {}, kInput);
    EXPECT_EQ(gst_buffer_memcmp(tensor->data, 0, values.data(), values.size() * sizeof(float)), 0);
    gst_buffer_unref(out);
  }
}
#endif

TEST(Infer, RefusesADamagedModelinfo) {
  const Folder folder;
  Element element;
  element.set("model", folder.model(kInput));
  folder.write("same.minnow.modelinfo", "neither a group nor a comment");
  EXPECT_NE(refusal(element).find("same.minnow.modelinfo"), std::string::npos);
}

TEST(Overlay, DrawsWhatWasAttachedAndNothingElse) {
  const Block block;
  Element element, overlay("minnowoverlay");
  block.open(element);
  overlay.caps(Block::kCaps);
  const auto drawn = [&](GstBuffer* buffer) {
    EXPECT_EQ(overlay.push(buffer), GST_FLOW_OK);
    return overlay.pull();
  };
  const auto bytes = [](GstBuffer* buffer) {
    std::vector<uint8_t> all(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, all.data(), all.size());
    gst_buffer_unref(buffer);
    return all;
  };
  GstBuffer* plain = block.frame.buffer(7, 11);
  const auto before = bytes(gst_buffer_copy_deep(plain));
  EXPECT_EQ(bytes(drawn(plain)), before);
  GstBuffer* others = block.frame.buffer(7, 11);
  gst_buffer_add_video_region_of_interest_meta(others, "car", 4, 4, 30, 20);
  EXPECT_NE(bytes(drawn(others)), before);
  ASSERT_EQ(element.push(block.frame.buffer(7, 11)), GST_FLOW_OK) << element.error();
  const auto after = bytes(drawn(element.pull()));
  ASSERT_EQ(after.size(), before.size());
  const size_t stride = 64 * 3 + 7;
  int changed = 0;
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i] == before[i]) continue;
    ++changed;
    ASSERT_GE(i, 11U);  // in a row, not between rows or around the picture
    ASSERT_LT((i - 11) % stride, 64 * 3U);
  }
  EXPECT_GT(changed, 100);
}

}  // namespace
}  // namespace minnow

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  GList* tracers = gst_tracing_get_active_tracers();
  int failed = RUN_ALL_TESTS();
  if (std::getenv("GST_TRACERS") != nullptr && tracers == nullptr) {
    std::puts("the tracer of leaks is not there");
    failed = 1;
  }
  g_list_free_full(tracers, gst_object_unref);
  gst_deinit();  // the tracer of leaks warns here, and warnings are fatal
  return failed;
}
