// What a frame of a stream shows: its own results, or the newest before it.
#include "live.h"

#include <gtest/gtest.h>

namespace road {
namespace {

using std::chrono::milliseconds;

/// Frames come every 100 ms.
void setFrame(LiveFrame& frame, uint64_t number, int scene = 0) {
  frame.number = number;
  frame.captured = std::chrono::steady_clock::time_point(milliseconds(100 * number));
  frame.scene = scene;
}

std::string shown(const Board& board, uint64_t number, int scene = 0) {
  LiveFrame frame;
  setFrame(frame, number, scene);
  const auto finding = board.newest("m", frame, milliseconds(250));
  return !finding ? "none" : finding->features.empty() ? "nothing" : finding->features[0].text;
}

void put(Board& board, uint64_t number, const std::string& text, int scene = 0) {
  LiveFrame frame;
  setFrame(frame, number, scene);
  Feature feature;
  feature.text = text;
  board.put("m", frame, {feature});
}

TEST(Board, AFrameShowsTheNewestOfItselfAndThoseBeforeIt) {
  Board board;
  EXPECT_EQ(shown(board, 3), "none");
  put(board, 3, "three");
  put(board, 5, "five");
  EXPECT_EQ(shown(board, 2), "none") << "what comes later";
  EXPECT_EQ(shown(board, 3), "three");
  EXPECT_EQ(shown(board, 4), "three");
  EXPECT_EQ(shown(board, 5), "five");
  EXPECT_EQ(shown(board, 7), "five");
  EXPECT_EQ(shown(board, 8), "none") << "300 ms old";
  EXPECT_EQ(shown(board, 6, 1), "none") << "of another scene";
  put(board, 5, "five again");
  EXPECT_EQ(shown(board, 5), "five again");
}

}  // namespace
}  // namespace road
