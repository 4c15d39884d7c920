// Every decoder on outputs whose meaning can be worked out by hand. The picture is twice the
// input's size, so all coordinates double.
#include <gtest/gtest.h>

#include <cmath>

#include "post/kinds.h"
#include "post/outputs_for_test.h"

namespace road {
namespace {

void expectBox(const Feature& f, double left, double top, double right, double bottom) {
  ASSERT_EQ(f.form, Form::Box);
  ASSERT_EQ(f.points.size(), 2U);
  expectPoint(f.points[0], left, top);
  expectPoint(f.points[1], right, bottom);
}

float logit(double p) { return static_cast<float>(std::log(p / (1 - p))); }

// 128x128 input, grids of 4 and 2 cells with 2 and 6 anchors: cell 5 of the first is row 1,
// column 1.
TEST(AnchorFaces, BoxesLieAroundTheirAnchors) {
  OutputsForTest out({{1, 32, 1}, {1, 24, 1}, {1, 32, 16}, {1, 24, 16}});
  out.parameters.numbers["grids"] = {4, 2};
  out.fill(0, -20), out.fill(1, -20);
  out.at(0, {0, 10, 0}) = logit(0.9);
  out.at(2, {0, 10, 0}) = 4, out.at(2, {0, 10, 1}) = -8;  // centre 48 + 4, 48 - 8
  out.at(2, {0, 10, 2}) = 20, out.at(2, {0, 10, 3}) = 10;
  const auto faces = decodeAnchorFaces(out.decoding(128, 128));
  ASSERT_TRUE(faces) << faces.error().message;
  ASSERT_EQ(faces->size(), 1U);
  EXPECT_EQ(faces->front().kind, "face");
  EXPECT_NEAR(faces->front().score, 0.9, 1e-6);
  expectBox(faces->front(), 84, 70, 124, 90);
}

TEST(AnchorFaces, RefusesAnchorsThatFillNoGrid) {
  OutputsForTest out({{1, 30, 1}, {1, 24, 1}, {1, 30, 16}, {1, 24, 16}});
  out.parameters.numbers["grids"] = {4, 2};
  EXPECT_FALSE(decodeAnchorFaces(out.decoding(128, 128)));
}

TEST(CornerBoxes, AreFractionsOfTheInput) {
  OutputsForTest out({{1, 3, 2}, {1, 3, 4}});
  out.at(0, {0, 2, 1}) = 0.8F;
  out.at(1, {0, 2, 0}) = 0.25F, out.at(1, {0, 2, 1}) = 0.5F;
  out.at(1, {0, 2, 2}) = 0.5F, out.at(1, {0, 2, 3}) = 0.75F;
  const auto faces = decodeCornerBoxes(out.decoding(320, 240));
  ASSERT_TRUE(faces);
  ASSERT_EQ(faces->size(), 1U);
  expectBox(faces->front(), 160, 240, 320, 360);
}

// 64x32 input: 8x4 cells of stride 8, then 4x2 of 16, then 2x1 of 32. Cell 32 + 5 is column 1, row
// 1 of stride 16.
TEST(Yolox, CellsFollowStrides) {
  OutputsForTest out({{1, 42, 7}});
  out.parameters.labels = {"car", "bus"};
  out.at(0, {0, 37, 0}) = 0.5F, out.at(0, {0, 37, 1}) = 0.25F;
  out.at(0, {0, 37, 2}) = std::log(1.5F);
  out.at(0, {0, 37, 4}) = 0.8F, out.at(0, {0, 37, 6}) = 0.5F;
  const auto objects = decodeYolox(out.decoding(64, 32));
  ASSERT_TRUE(objects) << objects.error().message;
  ASSERT_EQ(objects->size(), 1U);
  EXPECT_EQ(objects->front().text, "bus");
  EXPECT_NEAR(objects->front().score, 0.4, 1e-6);
  expectBox(objects->front(), 2 * (24 - 12), 2 * (20 - 8), 2 * (24 + 12), 2 * (20 + 8));
}

TEST(Yolox, RefusesAnotherNumberOfCells) {
  OutputsForTest out({{1, 41, 7}});
  EXPECT_FALSE(decodeYolox(out.decoding(64, 32)));
}

TEST(Yolox, KeepsTheClassesAskedFor) {
  OutputsForTest out({{1, 42, 7}});
  out.parameters.labels = {"car", "bus"};
  out.parameters.texts["classes"] = {"car"};
  for (const int64_t cell : {0, 41}) {
    out.at(0, {0, cell, 4}) = 1;
    out.at(0, {0, cell, cell ? 6 : 5}) = 1;
  }
  const auto objects = decodeYolox(out.decoding(64, 32));
  ASSERT_EQ(objects->size(), 1U);
  EXPECT_EQ(objects->front().text, "car");
}

// One sharp distribution gives its bin, an even one over 8 bins gives 3.5.
TEST(Nanodet, DistancesAreMeansOfDistributions) {
  OutputsForTest out({{1, 8, 2}, {1, 8, 32}});
  out.parameters.numbers["strides"] = {16};
  out.at(0, {0, 5, 1}) = 0.7F;  // 4 columns: row 1, column 1, centre (24, 24)
  out.at(1, {0, 5, 1}) = 100;   // left: 1 stride
  const auto objects = decodeNanodet(out.decoding(64, 32));
  ASSERT_TRUE(objects) << objects.error().message;
  ASSERT_EQ(objects->size(), 1U);
  EXPECT_NEAR(objects->front().score, 0.7, 1e-6);
  expectBox(objects->front(), 2 * (24 - 16), 0, 128, 64);  // 3.5 strides reach beyond the picture
}

TEST(Fastestdet, FollowsItsFormula) {
  OutputsForTest out({{1, 7, 2, 4}});
  out.at(0, {0, 0, 1, 2}) = 0.9F, out.at(0, {0, 6, 1, 2}) = 0.8F;
  out.at(0, {0, 1, 1, 2}) = std::atanh(0.5F);
  out.at(0, {0, 3, 1, 2}) = logit(0.125), out.at(0, {0, 4, 1, 2}) = logit(0.25);
  const auto objects = decodeFastestdet(out.decoding(80, 40));
  ASSERT_TRUE(objects) << objects.error().message;
  ASSERT_EQ(objects->size(), 1U);
  EXPECT_NEAR(objects->front().score, std::pow(0.9, 0.6) * std::pow(0.8, 0.4), 1e-6);
  expectBox(objects->front(), 2 * (50 - 5), 2 * (20 - 5), 2 * (50 + 5), 2 * (20 + 5));
}

TEST(LineSegments, EndsAreDisplacedFromTheCentre) {
  OutputsForTest out({{1, 40, 40, 1}, {1, 40, 40, 4}});
  for (const int64_t row : {10, 30}) out.at(0, {0, row, 20, 0}) = 0.5F;
  out.at(0, {0, 11, 5, 0}) = 0.1F;  // too weak
  out.at(1, {0, 10, 20, 0}) = -15, out.at(1, {0, 10, 20, 1}) = 1;
  out.at(1, {0, 10, 20, 2}) = 15, out.at(1, {0, 10, 20, 3}) = -1;
  out.at(1, {0, 30, 20, 0}) = 3;  // too short
  const auto lines = decodeLineSegments(out.decoding(80, 80));
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 1U);
  EXPECT_EQ(lines->front().form, Form::Line);
  expectPoint(lines->front().points[0], 5 * 4, 11 * 4);
  expectPoint(lines->front().points[1], 35 * 4, 9 * 4);
}

void paint(OutputsForTest& out, int x, int y, int width, int height, float value) {
  for (int r = y; r < y + height; ++r)
    for (int c = x; c < x + width; ++c) out.at(0, {0, 0, r, c}) = value;
}

// The core's contour runs through pixel centres: 59 x 19. It grows by 59 * 19 * 1.5 / (2 * 78).
TEST(TextBoxes, CoresGrowBack) {
  OutputsForTest out({{1, 1, 64, 128}});
  paint(out, 20, 20, 60, 20, 0.9F);
  paint(out, 100, 40, 10, 10, 0.5F);  // too unlikely
  paint(out, 2, 2, 8, 3, 0.9F);       // too thin: 2 between the centres
  const auto texts = decodeTextBoxes(out.decoding(128, 64));
  ASSERT_TRUE(texts) << texts.error().message;
  ASSERT_EQ(texts->size(), 1U);
  const Feature& f = texts->front();
  EXPECT_NEAR(f.score, 0.9, 1e-3);
  const double grown = 59 * 19 * 1.5 / 156;
  ASSERT_EQ(f.points.size(), 4U);
  expectPoint(f.points[0], 2 * (20.5 - grown), 2 * (20.5 - grown), 0.01);
  expectPoint(f.points[1], 2 * (79.5 + grown), 2 * (20.5 - grown), 0.01);
  expectPoint(f.points[2], 2 * (79.5 + grown), 2 * (39.5 + grown), 0.01);
}

TEST(TextBoxes, UprightLinesBeginAtTheirUpperRightCorner) {
  OutputsForTest out({{1, 1, 128, 64}});
  paint(out, 20, 20, 15, 80, 0.9F);
  const auto texts = decodeTextBoxes(out.decoding(64, 128));
  ASSERT_EQ(texts->size(), 1U);
  const auto& p = texts->front().points;
  EXPECT_GT(p[0].x, p[2].x);  // first corner right of and above the third
  EXPECT_LT(p[0].y, p[2].y);
}

TEST(TextBoxes, RefusesAMapOfAnotherSize) {
  OutputsForTest out({{1, 1, 32, 32}});
  EXPECT_FALSE(decodeTextBoxes(out.decoding(64, 64)));
}

TEST(TextLine, MergesRepeatsAndDropsBlanks) {
  OutputsForTest out({{1, 8, 5}});
  out.parameters.labels = {"a", "b", "ü"};  // class 4 is the space
  const int64_t best[] = {1, 1, 0, 1, 4, 3, 2, 4};
  for (int64_t step = 0; step < 8; ++step) out.at(0, {0, step, best[step]}) = 0.8F;
  Feature f;
  std::vector<Feature> found;
  ASSERT_TRUE(readTextLine({out.views, out.parameters}, f, found));
  EXPECT_EQ(f.text, "aa üb");
  EXPECT_NEAR(f.score, 0.8, 1e-6);
}

TEST(TextLine, SaysNothingWhenUnsure) {
  OutputsForTest out({{1, 2, 3}});
  out.parameters.labels = {"a"};
  out.at(0, {0, 0, 1}) = 0.3F;
  Feature f{"", "text", Form::Polygon, {}, "", 0};
  std::vector<Feature> found;
  ASSERT_TRUE(readTextLine({out.views, out.parameters}, f, found));
  EXPECT_EQ(f.text, "");
}

TEST(TextDirection, TurnsABoxThatIsUpsideDown) {
  OutputsForTest out({{1, 2}});
  Feature f{"", "text", Form::Polygon, {{0, 0}, {9, 0}, {9, 3}, {0, 3}}, "", 0};
  std::vector<Feature> found;
  out.at(0, {0, 1}) = 0.8F;
  ASSERT_TRUE(readTextDirection({out.views, out.parameters}, f, found));
  expectPoint(f.points[0], 0, 0);
  out.at(0, {0, 1}) = 0.95F;
  ASSERT_TRUE(readTextDirection({out.views, out.parameters}, f, found));
  expectPoint(f.points[0], 9, 3);
}

TEST(SignClass, SpeaksOnlyWhenSure) {
  OutputsForTest out({{1, 3}});
  out.parameters.labels = {"Stop", "Give way", "No entry"};
  const Feature box{"", "object", Form::Box, {{1, 2}, {3, 4}}, "stop sign", 0.5};
  std::vector<Feature> found;
  Feature f = box;
  out.at(0, {0, 2}) = 0.5F;
  ASSERT_TRUE(readSignClass({out.views, out.parameters}, f, found));
  EXPECT_TRUE(found.empty());
  out.at(0, {0, 2}) = 0.99F;
  ASSERT_TRUE(readSignClass({out.views, out.parameters}, f, found));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "No entry");
  EXPECT_EQ(found[0].kind, "sign");
}

TEST(Masks, AreasBecomePolygonsAndMarkingsLines) {
  OutputsForTest out({{1, 2, 40, 80}, {1, 2, 40, 80}});
  out.parameters.texts["kinds"] = {"area", "lane"};
  out.parameters.texts["forms"] = {"polygon", "line"};
  out.parameters.numbers["smallest"] = {50, 20};
  for (int64_t r = 10; r < 31; ++r)
    for (int64_t c = 5; c < 26; ++c) out.at(0, {0, 1, r, c}) = 1;
  for (int64_t r = 0; r < 40; ++r)  // a slanted marking, three pixels wide around column 20 + r
    for (int64_t c = 19 + r; c < 22 + r; ++c) out.at(1, {0, 1, r, c}) = 1;
  const auto found = decodeMasks(out.decoding(80, 40));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).form, Form::Polygon);
  EXPECT_EQ(found->at(0).points.size(), 4U);
  const Feature& lane = found->at(1);
  EXPECT_EQ(lane.kind, "lane");
  ASSERT_EQ(lane.form, Form::Line);
  expectPoint(lane.points.front(), 2 * 20.5, 2 * 0.5);
  for (const Point& p : lane.points) EXPECT_NEAR(p.x, p.y + 40, 0.01);
}

// A table may name the wrong kind for a model: an error, never a crash.
TEST(Decoders, RefuseForeignOutputs) {
  OutputsForTest none({}), one({{1, 3}}), many({{1}, {2, 2}, {1, 2, 3, 4}, {5}, {1, 1, 1}});
  for (const std::string& name : kindNames())
    for (const OutputsForTest* out : {&none, &one, &many}) {
      const Kind* kind = findKind(name);
      if (name == "tensors") {  // to it none is foreign, and it finds nothing
        EXPECT_TRUE(kind->decode(out->decoding(8, 8))->empty());
        continue;
      }
      Feature f;
      std::vector<Feature> found;
      const bool reads = name == "sign-class" && out == &one;
      if (kind->decode && !(name == "masks" && out == &none)) {
        EXPECT_FALSE(kind->decode(out->decoding(8, 8))) << name;
      }
      if (kind->read && !reads) {
        EXPECT_FALSE(kind->read({out->views, out->parameters}, f, found)) << name;
      }
    }
}

}  // namespace
}  // namespace road
