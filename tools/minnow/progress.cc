// The progress bar: drawn over itself, wiped when it reaches the end.
#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "clock.h"

namespace minnow::tool {
namespace {

constexpr double kQuietMs = 300;  ///< shorter work shows no bar
constexpr double kRedrawMs = 50;
constexpr int kBarWidth = 30;

struct Bar {
  Clock clock;
  double drawnAt = -kRedrawMs;
  bool shown = false;

  void draw(double part, const std::string& what) {
    const double now = clock.ms();
    if (part >= 1 && shown) {
      fmt::print(stderr, "\r\x1b[K");
      shown = false;
    }
    if (part >= 1 || now < kQuietMs || now - drawnAt < kRedrawMs) return;
    const int filled = std::clamp(static_cast<int>(part * kBarWidth), 0, kBarWidth);
    fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {:3.0f} % {}\x1b[K", "", filled, "", kBarWidth - filled,
               part * 100, what);
    shown = true;
    drawnAt = now;
  }
};

}  // namespace

std::function<void(double, const std::string&)> terminalProgress() {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [bar = std::make_shared<Bar>()](double part, const std::string& what) {
    bar->draw(part, what);
  };
}

}  // namespace minnow::tool
