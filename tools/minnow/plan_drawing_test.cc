// Drawings of made-up plans: boxes stay inside the frame and overlap only where a plan does; text
// is safe in XML whatever a model calls its tensors.
#include "plan_drawing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "random.h"
#include "svg.h"

namespace minnow::tool {
namespace {

/// Buffers that overlap nowhere: each lies above all that are alive with it.
std::vector<PlannedMemory> randomPlan(SplitMix64& random, size_t steps) {
  std::vector<PlannedMemory> plan;
  for (size_t step = 0; step < steps; ++step) {
    PlannedMemory memory{.name = "t" + std::to_string(step), .firstStep = step};
    memory.bytes = 64 * (1 + random.next() % 1000);
    memory.lastStep = std::min<size_t>(steps - 1, step + random.next() % 9);
    memory.strip = random.next() % 4 == 0;
    for (const PlannedMemory& other : plan)
      if (other.lastStep >= step)
        memory.offset = std::max(memory.offset, other.offset + other.bytes);
    plan.push_back(memory);
  }
  return plan;
}

size_t planEnd(const std::vector<PlannedMemory>& plan) {
  size_t end = 0;
  for (const PlannedMemory& memory : plan) end = std::max(end, memory.offset + memory.bytes);
  return end;
}

/// With a thousandth of a pixel for rounding.
bool overlap(const Box& a, const Box& b) {
  constexpr double kSlack = 1e-3;
  return a.x + a.width > b.x + kSlack && b.x + b.width > a.x + kSlack &&
         a.y + a.height > b.y + kSlack && b.y + b.height > a.y + kSlack;
}

TEST(PlanDrawing, BoxesStayInsideAndApart) {
  SplitMix64 random(11);
  for (const size_t steps : {1u, 7u, 65u, 300u}) {
    const auto plan = randomPlan(random, steps);
    const PlanPicture picture{.title = "random",
                              .plan = plan,
                              .steps = {},
                              .arenaBytes = planEnd(plan),
                              .lowerBoundBytes = 0};
    const Box frame{70, 60, 1100, 500};
    const auto boxes = planBoxes(picture, frame);
    ASSERT_EQ(boxes.size(), plan.size());
    for (size_t i = 0; i < boxes.size(); ++i) {
      EXPECT_GE(boxes[i].x, frame.x);
      EXPECT_GE(boxes[i].y, frame.y - 1e-6);
      EXPECT_LE(boxes[i].x + boxes[i].width, frame.x + frame.width + 1e-6);
      EXPECT_LE(boxes[i].y + boxes[i].height, frame.y + frame.height + 1e-6);
      EXPECT_GT(boxes[i].width * boxes[i].height, 0);
      for (size_t j = 0; j < i; ++j) EXPECT_FALSE(overlap(boxes[i], boxes[j])) << i << " " << j;
    }
  }
}

TEST(PlanDrawing, BoxesThatOverlapInThePlanOverlapInTheDrawing) {
  const std::vector<PlannedMemory> plan = {{"a", 0, 128, 0, 2}, {"b", 64, 128, 2, 3}};
  const PlanPicture picture{.title = "", .plan = plan, .steps = {}, .arenaBytes = 192};
  const auto boxes = planBoxes(picture, {0, 0, 100, 100});
  EXPECT_TRUE(overlap(boxes[0], boxes[1]));
}

TEST(PlanDrawing, AliveBytesAreSumsOfWholeGrains) {
  const std::vector<PlannedMemory> plan = {
      {"a", 0, 100, 0, 1}, {"b", 128, 64, 1, 2}, {"c", 0, 1, 3, 3}};
  const std::vector<std::string> steps(5, "op");
  const PlanPicture picture{.title = "", .plan = plan, .steps = steps, .arenaBytes = 192};
  EXPECT_EQ(bytesByStep(picture), (std::vector<size_t>{128, 192, 64, 64, 0}));
}

size_t occurrences(std::string_view text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

TEST(PlanDrawing, EveryBufferHasARectangleAColourAndATitle) {
  const std::vector<PlannedMemory> plan = {{"input", 0, 4096, 0, 1},
                                           {"rows", 4096, 512, 1, 2, true},
                                           {"workspace of conv", 8192, 256, 1, 1}};
  const std::vector<std::string> steps = {"first (Conv)", "second (Relu)"};
  const std::string svg = drawPlan({"net", plan, steps, 8448, 4864});
  EXPECT_EQ(occurrences(svg, "<title>"), 3u);
  EXPECT_EQ(occurrences(svg, "class=\"box strip\""), 1u);
  EXPECT_EQ(occurrences(svg, "class=\"box workspace\""), 1u);
  EXPECT_EQ(occurrences(svg, "class=\"box t0\""), 1u);
  EXPECT_NE(svg.find("rows (strip)\n512 bytes (512 bytes) at offset 4096\n"
                     "steps 1 second (Relu) to the end"),
            std::string::npos)
      << svg;
}

TEST(PlanDrawing, AnEmptyPlanIsAnEmptyFrame) {
  const std::string svg = drawPlan({"nothing", {}, {}, 0, 0});
  EXPECT_EQ(occurrences(svg, "class=\"box"), 0u);
  EXPECT_EQ(occurrences(svg, "nan"), 0u);
  EXPECT_EQ(occurrences(svg, "inf"), 0u);
}

TEST(PlanDrawing, HostileNamesStayText) {
  const std::string name = std::string("</title><script>\"&'\0\x01\xff\xc3", 24) + "é…";
  const std::vector<PlannedMemory> plan = {{name, 0, 1 << 20, 0, 0}};
  const std::vector<std::string> steps = {name};
  const std::string svg = drawPlan({name, plan, steps, 1 << 20, 1 << 20});
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(occurrences(svg, "<title>"), occurrences(svg, "</title>"));
  for (const char c : svg) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

TEST(Svg, EscapesMarkupAndWhatIsNoText) {
  EXPECT_EQ(escaped("a<b>&\"c"), "a&lt;b&gt;&amp;&quot;c");
  EXPECT_EQ(escaped("é…\xf0\x9f\x90\x9f"), "é…\xf0\x9f\x90\x9f");
  const std::string bad = "\xef\xbf\xbd";
  for (const char* text : {"\x01", "\x7f", "\xff", "\xc3", "\xc0", "\x80"})
    EXPECT_EQ(escaped(text), bad) << text;
  EXPECT_EQ(escaped("\xed\xa0\x80"), bad + bad + bad);  // half of a surrogate pair
  EXPECT_EQ(escaped("\xc3 x"), bad + " x");
  EXPECT_EQ(escapedLines("a\n<\n"), "a\n&lt;\n");
}

TEST(Svg, TicksAreRoundAndFew) {
  EXPECT_EQ(ticks(6.02, 8), (std::vector<double>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(ticks(300, 12), (std::vector<double>{0, 50, 100, 150, 200, 250, 300}));
  EXPECT_EQ(ticks(0, 8), (std::vector<double>{0}));
  for (const double end : {1e-3, 0.7, 1.0, 53.7, 99.0, 1e9}) {
    const auto found = ticks(end, 8);
    EXPECT_LE(found.size(), 9u);
    EXPECT_GE(found.size(), 3u);
    EXPECT_LE(found.back(), end * (1 + 1e-9));
  }
}

}  // namespace
}  // namespace minnow::tool
