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
  copy.limits = chain.limits;
  copy.lent = chain.lent;
  return copy;
}

}  // namespace

StripTables::StripTables(const MemoryLayout& layout)
    : chainOf_(layout.chainOf),
      lineBuffersOf_(layout.chains.size()),
      lineBuffers_(layout.lineBuffers),
      bordersOf_(layout.chains.size()),
      borders_(layout.borders) {
  for (const Buffer& buffer : layout.buffers) lineBufferOf_.push_back(buffer.lineBuffer);
  for (const ChainSchedule& chain : layout.chains) chains_.push_back(withoutReads(chain));
  const auto fill = [](std::vector<Range>& ranges, const auto& items) {
    for (int i = 0; i < static_cast<int>(items.size()); ++i) {
      Range& range = ranges[items[i].chain];
      if (range.end == 0) range.first = i;
      range.end = i + 1;
    }
  };
  fill(lineBuffersOf_, lineBuffers_);
  fill(bordersOf_, borders_);
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
      const ops::Rows made = chain.made(step, strip);
      const int64_t rows = made.end - made.begin;
      if (rows > 0 && std::ranges::find(heights, rows) == heights.end()) heights.push_back(rows);
    }
  }
  return heights;
}

int StripTables::stripThatReaches(int step, int band, int64_t row) const {
  const ChainSchedule& chain = *chainAt(step, band);
  int strip = 0;
  while (strip + 1 < chain.strips && chain.end(step, strip) < row) ++strip;
  return strip;
}

int64_t StripTables::mostRows(int step) const {
  int64_t most = 0;
  for (int band = 0; axisAt(step) != ops::Rows::kWhole && band < bandsAt(step); ++band) {
    const ChainSchedule& chain = *chainAt(step, band);
    for (int strip = 0; strip < chain.strips; ++strip) {
      const ops::Rows made = chain.made(step, strip);
      most = std::max(most, made.end - made.begin);
    }
  }
  return most;
}

size_t StripTables::heapBytes() const {
  size_t bytes = minnow::heapBytes(chainOf_) + minnow::heapBytes(lineBufferOf_) +
                 minnow::heapBytes(lineBuffersOf_) + minnow::heapBytes(bordersOf_) +
                 borders_.capacity() * sizeof(Border) + chains_.capacity() * sizeof(ChainSchedule) +
                 lineBuffers_.capacity() * sizeof(LineBuffer);
  for (const ChainSchedule& chain : chains_)
    bytes += minnow::heapBytes(chain.axes) + minnow::heapBytes(chain.heights) +
             minnow::heapBytes(chain.ends) + minnow::heapBytes(chain.limits) +
             minnow::heapBytes(chain.lent);
  for (const LineBuffer& lines : lineBuffers_)
    bytes += minnow::heapBytes(lines.low) + minnow::heapBytes(lines.kept);
  return bytes;
}

const LineBuffer* StripTables::lineBufferOf(int buffer, int band) const {
  // Neither a constant nor what a plan adds to the layout's buffers.
  if (buffer < 0 || buffer >= static_cast<int>(lineBufferOf_.size()) || lineBufferOf_[buffer] < 0)
    return nullptr;
  const LineBuffer& own = lineBuffers_[lineBufferOf_[buffer]];
  const auto [first, end] = lineBuffersOf_[own.chain];
  return &own + static_cast<ptrdiff_t>(band) * (end - first);
}

int StripTables::mostBands() const {
  int most = 1;
  for (const ChainSchedule& chain : chains_) most = std::max(most, chain.band.count);
  return most;
}

int StripTables::bufferOf(int buffer, int band) const {
  const LineBuffer* lines = lineBufferOf(buffer, band);
  return lines == nullptr ? buffer : lines->buffer;
}

void StripCursor::advance() {
  const ChainSchedule* chain = tables_->chainAt(step_, band_);
  if (chain == nullptr || step_ != chain->last) {
    ++step_;
    if (chain == nullptr) toLastBand();
    return;
  }
  step_ = chain->first;
  if (++strip_ < chain->strips) return;
  strip_ = 0;
  if (onlyBand_)
    step_ = tables_->steps();
  else if (band_-- == 0)
    skipChain();
}

/// Of the chain that begins here, if one does.
void StripCursor::toLastBand() { band_ = isDone() ? 0 : tables_->bandsAt(step_) - 1; }

void StripCursor::skipChain() {
  step_ = tables_->chainAt(step_)->last + 1;
  toLastBand();
}

ops::Rows StripCursor::rows() const {
  const ChainSchedule* chain = tables_->chainAt(step_, band_);
  return chain == nullptr ? ops::Rows{ops::Rows::kWhole, 0, 1} : chain->made(step_, strip_);
}

bool StripCursor::hasWork() const {
  const ops::Rows made = rows();
  return made.begin < made.end;
}

ptrdiff_t StripCursor::rowZero(int buffer, size_t byteOffset) const {
  const auto whole = static_cast<ptrdiff_t>(byteOffset);
  const LineBuffer* lines = tables_->lineBufferOf(buffer, band_);
  if (lines == nullptr) return whole;
  return whole - static_cast<ptrdiff_t>(static_cast<size_t>(lines->low[strip_]) * lines->rowBytes);
}

}  // namespace minnow::planning
