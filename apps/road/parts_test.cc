// The table, tiles, crops, merging and what is written.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "agree.h"
#include "crop.h"
#include "draw.h"
#include "network.h"
#include "report.h"
#include "table.h"
#include "tiles.h"

namespace road {
namespace {

using minnow::vision::Image;
using minnow::vision::Rect;

/// A table's text in a file that goes away.
struct TableFile {
  std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "road_table_test.toml";
  explicit TableFile(const std::string& text) { std::ofstream(path) << text; }
  ~TableFile() { std::filesystem::remove(path); }
};

TEST(Table, OfTheDemoIsSound) {
  const auto table = readTable(ROAD_TABLE);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->size(), 14U);
  EXPECT_EQ(std::count_if(table->begin(), table->end(),
                          [](const ModelEntry& e) { return !e.package.empty(); }),
            8);
  EXPECT_EQ(table->front().convertedName(), "ch_PP-OCRv4_det_infer_1,3,544..960,736..960.minnow");
  EXPECT_NEAR(table->front().pre.scale[0], 1 / (255 * 0.229), 1e-8);
  EXPECT_EQ(std::ranges::count_if(*table, [](const ModelEntry& e) { return e.live.has_value(); }),
            12);
}

TEST(Table, ReadsAModel) {
  const TableFile file(
      "[[model]]\nname='a'\nonnx='a.onnx'\nkind='yolox'\noutputs='o'\ncolour=[1,2,3]\n"
      "pre={fit='letterbox',colour='bgr',pad=114,alpha=1}\npost={strides=[8,16],classes='car'}\n");
  const auto table = readTable(file.path);
  ASSERT_TRUE(table) << table.error().message;
  const ModelEntry& e = table->front();
  EXPECT_EQ(e.convertedName(), "a.minnow");
  EXPECT_EQ(e.outputs, std::vector<std::string>{"o"});
  EXPECT_EQ(e.colour[2], 3);
  EXPECT_EQ(e.pre.fit, minnow::vision::Fit::Letterbox);
  EXPECT_EQ(e.pre.pad[2], 114);
  EXPECT_EQ(e.pre.alpha, 1.0F);
  EXPECT_EQ(e.post.list("strides", {}), (std::vector<double>{8, 16}));
  EXPECT_EQ(e.post.words("classes"), std::vector<std::string>{"car"});
}

TEST(Table, AModelHasAPlaceInAStream) {
  const std::string model = "[[model]]\nname='a'\nonnx='a.onnx'\nkind='yolox'\n";
  const auto live = [&](const std::string& keys) {
    const TableFile file(model + "live={" + keys + "}\n");
    return readTable(file.path);
  };
  const auto table = live("rate=5,priority=2,deadline_ms=40,evictable=true,shape=[1,3,48,64]");
  ASSERT_TRUE(table) << table.error().message;
  const LiveEntry& e = *table->front().live;
  EXPECT_EQ(e.rate, 5);
  EXPECT_EQ(e.priority, 2);
  EXPECT_EQ(e.deadlineMs, 40);
  EXPECT_TRUE(e.evictable);
  EXPECT_EQ(e.shape, minnow::Shape({1, 3, 48, 64}));
  EXPECT_EQ(live("of='b',crops=3")->front().live->crops, 3);
  for (const char* bad : {"", "rate=5,of='b'", "rate=5,shape=[0]", "rate=5,size=3"})
    EXPECT_FALSE(live(bad)) << bad;
}

TEST(Table, AModelIsConvertedForTheRangeOfItsShapes) {
  ModelEntry entry;
  entry.onnx = "folder/a.onnx";
  EXPECT_EQ(entry.shapeRange(), "");
  EXPECT_EQ(entry.convertedName(), "a.minnow");
  entry.shapes = {{1, 3, 48, 320}};
  EXPECT_EQ(entry.shapeRange(), "1,3,48,320");
  entry.shapes = {{1, 3, 48, 320}, {1, 3, 48, 640}, {2, 3, 48, 96}};
  EXPECT_EQ(entry.shapeRange(), "1..2,3,48,96..640");
  EXPECT_EQ(entry.convertedName(), "a_1..2,3,48,96..640.minnow");
}

TEST(Table, MistakesAreNamed) {
  const std::string model = "[[model]]\nname='m'\nonnx='a.onnx'\nkind='yolox'\n";
  const std::pair<std::string, std::string> cases[] = {
      {"", "no [[model]]"},
      {"[[model", "line 1"},
      {"[[model]]\nonnx='a'", "without name"},
      {"[[model]]\nname='m'\nkind='yolox'", "onnx"},
      {model + "colur=[1,2,3]", "colur"},
      {model + "pre={fit='sideways'}", "sideways"},
      {model + "pre={mean=[1,2]}", "mean"},
      {model + "margin='much'", "margin"},
      {model + "shapes=[[1,0]]", "shapes"},
      {model + "shapes=[[1,2],[1]]", "one length"},
      {"[[model]]\nname='m'\nonnx='a'\nkind='magic'", "magic"},
      {"[[model]]\nname='m'\nonnx='a'\nkind='text-line'", "of"},
  };
  for (const auto& [text, part] : cases) {
    const TableFile file(text);
    const auto table = readTable(file.path);
    ASSERT_FALSE(table) << text;
    EXPECT_NE(table.error().message.find(part), std::string::npos) << table.error().message;
  }
  EXPECT_EQ(readTable("/nowhere.toml").error().code, minnow::ErrorCode::NotFound);
}

TEST(Pictures, GoIntoIntegersByWhatTheseStandFor) {
  const float scale = 0.0186584F;
  const int32_t zero = 114;
  const std::vector<minnow::TensorInfo> inputs{{"numbers", minnow::DataType::Float32, {1, 3, 8, 8}},
                                               {"bytes",
                                                minnow::DataType::Uint8,
                                                {1, 3, 8, 8},
                                                {.scales = {&scale, 1}, .zeroPoints = {&zero, 1}}}};
  const minnow::vision::PreProcess imagenet{.mean = {123.675F, 116.28F, 103.53F},
                                            .scale = {0.017F, 0.0175F, 0.0174F}};
  const auto pre = preFor(inputs, "bytes", imagenet);
  ASSERT_TRUE(pre) << pre.error().message;
  EXPECT_EQ(pre->mean, imagenet.mean);
  EXPECT_EQ(pre->bytes.scale, scale);
  EXPECT_EQ(pre->bytes.zero, zero);
  EXPECT_TRUE(preFor(inputs, "numbers", {}));
  const auto refused = preFor(inputs, "bytes", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("input bytes: uint8"), 0) << refused.error().message;
  EXPECT_FALSE(preFor(inputs, "other", {}));
}

TEST(Tiles, CoverThePicture) {
  EXPECT_TRUE(makeTiles(800, 600, 1).empty());
  for (const auto& [width, height, across] :
       {std::tuple{800, 600, 3}, {333, 1000, 2}, {64, 64, 4}, {5, 3, 3}}) {
    std::vector<int> seen(static_cast<size_t>(width) * height);
    for (const Rect& t : makeTiles(width, height, across)) {
      ASSERT_EQ(t.width, t.height);
      ASSERT_TRUE(t.x >= 0 && t.y >= 0 && t.x + t.width <= width && t.y + t.height <= height);
      for (int y = t.y; y < t.y + t.height; ++y)
        for (int x = t.x; x < t.x + t.width; ++x) ++seen[y * width + x];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 0), 0) << width << "x" << height;
  }
}

Image pattern(int width, int height) {
  Image image = Image::ofSize(width, height).value();
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>((i * 2654435761U) >> 13);
  return image;
}

TEST(Crop, BoxesAreCutOut) {
  const Image picture = pattern(20, 16);
  const Image crop = cropFeature(picture, {"", "", Form::Box, {{3, 5}, {13, 12}}, "", 0}, 0);
  ASSERT_EQ(crop.width, 10);
  ASSERT_EQ(crop.height, 7);
  for (int y = 0; y < 7; ++y)
    for (int x = 0; x < 30; ++x)
      ASSERT_EQ(crop.pixels[y * 30 + x], picture.pixels[(y + 5) * 60 + 9 + x]);
}

TEST(Crop, TheFirstCornerComesToTheUpperLeft) {
  const Image picture = pattern(20, 16);
  const Feature turned{"", "", Form::Polygon, {{13, 12}, {3, 12}, {3, 5}, {13, 5}}, "", 0};
  const Image crop = cropFeature(picture, turned, 0);
  ASSERT_EQ(crop.width, 10);
  for (int x = 0; x < 10; ++x)
    EXPECT_EQ(crop.pixels[3 * x], picture.pixels[(11 * 20 + 12 - x) * 3]);
}

TEST(Crop, MarginsWidenAndSliversAreEmpty) {
  const Image picture = pattern(40, 40);
  EXPECT_EQ(cropFeature(picture, {"", "", Form::Box, {{10, 10}, {30, 30}}, "", 0}, 0.1).width, 24);
  EXPECT_EQ(cropFeature(picture, {"", "", Form::Box, {{10, 10}, {30, 11}}, "", 0}, 0).width, 0);
  EXPECT_EQ(cropFeature(picture, {"", "", Form::Line, {{1, 1}, {9, 9}}, "", 0}, 0).width, 0);
}

Feature box(const std::string& model, double x, const std::string& text, double score) {
  return {model, "object", Form::Box, {{x, 0}, {x + 10, 10}}, text, score};
}

TEST(Agree, SameThingsAreShownOnce) {
  const auto shown = mergeAgreeing({box("a", 0, "car", 0.5), box("b", 1, "car", 0.8),
                                    box("b", 1, "bus", 0.9), box("a", 50, "car", 0.4)});
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[0].feature.score, 0.8);
  EXPECT_EQ(shown[0].models, (std::vector<std::string>{"a", "b"}));
}

TEST(Agree, LinesThatCoverEachOtherAreOne) {
  const Feature longer{"a", "line", Form::Line, {{0, 0}, {100, 0}}, "", 0.5};
  const Feature within{"b", "line", Form::Line, {{80, 2}, {10, 1}}, "", 0.4};
  const Feature across{"b", "line", Form::Line, {{50, -30}, {50, 30}}, "", 0.4};
  EXPECT_TRUE(agree(longer, within));
  EXPECT_FALSE(agree(longer, across));
}

TEST(Draw, FacesCannotBeRecognised) {
  const Image picture = pattern(60, 60);
  const Shown face{{"m", "face", Form::Box, {{20, 20}, {40, 40}}, "", 1}, {"m"}};
  const Image out = annotate(picture, {face}, [](const std::string&) { return Colour{}; });
  int change = 0;
  for (int x = 22; x < 38; ++x)
    change += std::abs(out.pixels[(30 * 60 + x) * 3] - picture.pixels[(30 * 60 + x) * 3]);
  EXPECT_GT(change, 16 * 20);                                                 // the noise is gone
  EXPECT_EQ(out.pixels[(5 * 60 + 5) * 3], picture.pixels[(5 * 60 + 5) * 3]);  // nothing else is
}

TEST(Report, FeaturesAreOneLineOfJson) {
  const Feature text{"m", "text", Form::Polygon, {{1, 2}, {3, 2}, {3, 4}, {1, 4}}, "a\"b", 0.98765};
  EXPECT_EQ(
      featureLine("x.jpg", text),
      "{\"picture\":\"x.jpg\",\"model\":\"m\",\"kind\":\"text\",\"polygon\":[[1.0,2.0],[3.0,2.0],"
      "[3.0,4.0],[1.0,4.0]],\"text\":\"a\\\"b\",\"score\":0.9877}\n");
  EXPECT_EQ(
      featureLine("x.jpg", box("m", 0.06, "car", 0.5)),
      "{\"picture\":\"x.jpg\",\"model\":\"m\",\"kind\":\"object\",\"box\":[0.1,0.0,10.1,10.0],"
      "\"class\":\"car\",\"score\":0.5}\n");
}

TEST(Report, PicturesAreEmbedded) {
  PictureResult picture{
      "<p>.jpg", 4, 3, 1, {std::byte{'M'}, std::byte{'a'}, std::byte{'n'}, std::byte{'s'}}, {}, {}};
  picture.shown.push_back({{"m", "text", Form::Box, {{0, 0}, {1, 1}}, "a<b", 1}, {"m"}});
  const std::string page = reportPage({picture}, {}, {}, 1);
  EXPECT_NE(page.find("base64,TWFucw=="), std::string::npos);
  EXPECT_NE(page.find("a&lt;b"), std::string::npos);
  EXPECT_EQ(page.find("<p>.jpg"), std::string::npos);
}

}  // namespace
}  // namespace road
