// Tables of strips, and places in them.
#include "planning/strip_cursor.h"

#include <algorithm>

#include "base/heap_bytes.h"

namespace minnow::planning {
namespace {

/// A chain as a run needs it.
ChainSchedule withoutReads(const ChainSchedule& chain) {
  ChainSchedule copy;
  copy.first = chain.first;
  copy.last = chain.last;
  copy.strips = chain.strips;
  copy.band = chain.band;
  copy.axes = chain.axes;
  copy.heights = chain.heights;
  copy.ends = chain.ends;
  return copy;
}

}  // namespace

StripTables::StripTables(const MemoryLayout& layout)
    : chainOf_(layout.chainOf),
      windowOf_(),
      windowsOf_(layout.chains.size()),
      windows_(layout.windows) {
  for (const Buffer& buffer : layout.buffers) windowOf_.push_back(buffer.window);
  for (const ChainSchedule& chain : layout.chains) chains_.push_back(withoutReads(chain));
  for (int w = 0; w < static_cast<int>(windows_.size()); ++w) {
    WindowRange& range = windowsOf_[windows_[w].chain];
    if (range.end == 0) range.first = w;
    range.end = w + 1;
  }
}

int StripTables::axisAt(int step) const {
  const ChainSchedule* chain = chainAt(step);
  return chain == nullptr ? ops::Rows::kWhole : chain->axis(step);
}

std::vector<int64_t> StripTables::stripHeights(int step) const {
  if (axisAt(step) == ops::Rows::kWhole) return {0};
  std::vector<int64_t> heights;
  for (int band = 0; band < bandsAt(step); ++band) {
    const ChainSchedule& chain = *chainAt(step, band);
    for (int strip = 0; strip < chain.strips; ++strip) {
      const int64_t rows = chain.end(step, strip) - chain.end(step, strip - 1);
      if (rows > 0 && std::ranges::find(heights, rows) == heights.end()) heights.push_back(rows);
    }
  }
  return heights;
}

int64_t StripTables::mostRows(int step) const { return std::ranges::max(stripHeights(step)); }

size_t StripTables::heapBytes() const {
  size_t bytes = minnow::heapBytes(chainOf_) + minnow::heapBytes(windowOf_) +
                 minnow::heapBytes(windowsOf_) + chains_.capacity() * sizeof(ChainSchedule) +
                 windows_.capacity() * sizeof(Window);
  for (const ChainSchedule& chain : chains_)
    bytes += minnow::heapBytes(chain.axes) + minnow::heapBytes(chain.heights) +
             minnow::heapBytes(chain.ends);
  for (const Window& window : windows_)
    bytes += minnow::heapBytes(window.low) + minnow::heapBytes(window.kept);
  return bytes;
}

const Window* StripTables::windowOf(int buffer, int band) const {
  // Neither a constant nor what a plan adds to the layout's buffers.
  if (buffer < 0 || buffer >= static_cast<int>(windowOf_.size()) || windowOf_[buffer] < 0)
    return nullptr;
  const Window& own = windows_[windowOf_[buffer]];
  const auto [first, end] = windowsOf_[own.chain];
  return &own + static_cast<ptrdiff_t>(band) * (end - first);
}

int StripTables::mostBands() const {
  int most = 1;
  for (const ChainSchedule& chain : chains_) most = std::max(most, chain.band.count);
  return most;
}

int StripTables::bufferOf(int buffer, int band) const {
  const Window* window = windowOf(buffer, band);
  return window == nullptr ? buffer : window->buffer;
}

void StripCursor::advance() {
  const ChainSchedule* chain = tables_->chainAt(step_, band_);
  if (chain == nullptr || step_ != chain->last) {
    ++step_;
    return;
  }
  step_ = chain->first;
  if (++strip_ < chain->strips) return;
  strip_ = 0;
  if (onlyBand_)
    step_ = tables_->steps();
  else if (++band_ == chain->band.count)
    skipChain();
}

void StripCursor::skipChain() {
  step_ = tables_->chainAt(step_)->last + 1;
  band_ = 0;
}

ops::Rows StripCursor::rows() const {
  const ChainSchedule* chain = tables_->chainAt(step_, band_);
  if (chain == nullptr) return {ops::Rows::kWhole, 0, 1};
  return {chain->axis(step_), chain->end(step_, strip_ - 1), chain->end(step_, strip_)};
}

bool StripCursor::hasWork() const {
  const ops::Rows made = rows();
  return made.begin < made.end;
}

ptrdiff_t StripCursor::rowZero(int buffer, size_t byteOffset) const {
  const auto whole = static_cast<ptrdiff_t>(byteOffset);
  const Window* window = tables_->windowOf(buffer, band_);
  if (window == nullptr) return whole;
  return whole -
         static_cast<ptrdiff_t>(static_cast<size_t>(window->low[strip_]) * window->rowBytes);
}

}  // namespace minnow::planning
