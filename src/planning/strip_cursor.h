// Going through the steps of a plan, the chains among them in strips. StripTables is what all runs
// of a plan share; a StripCursor is one run's place in it, and says what there is to do there:
// which rows are made, which bytes move before, and where a tensor's rows lie. Arithmetic alone: it
// knows no kernel and no address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "planning/layout.h"

namespace minnow::planning {

/// Bytes of a buffer that move to its beginning when a strip begins.
struct Slide {
  int buffer = 0;
  size_t fromByte = 0, bytes = 0;
};

/// Rows of a value that go from a band to the band before it, through a border's buffer.
struct Handover {
  const Border* border = nullptr;
  ops::Rows rows;
  bool taken = false;  ///< by this band, else given
  /// Where a row lies in the border's buffer, in bytes, of a tensor whose rows begin at
  /// `byteOffset` of a buffer that holds whole tensors.
  ptrdiff_t byteAt(int64_t row, size_t byteOffset) const {
    return static_cast<ptrdiff_t>(border->byte + byteOffset) +
           (row - border->begin) * static_cast<ptrdiff_t>(border->rowBytes);
  }
};

class StripTables {
 public:
  StripTables() = default;
  explicit StripTables(const MemoryLayout& layout);

  /// Steps are the graph's nodes.
  int steps() const { return static_cast<int>(chainOf_.size()); }
  /// The course of a band of the chain that a step belongs to; null for one that stands outside.
  const ChainSchedule* chainAt(int step, int band = 0) const {
    return chainOf_[step] < 0 ? nullptr : &chains_[chainOf_[step] + band];
  }
  /// Bands of the chain that a step belongs to; 1 for one that stands outside.
  int bandsAt(int step) const { return chainOf_[step] < 0 ? 1 : chainAt(step)->band.count; }
  /// The most bands of a chain; 1 where no chain has any.
  int mostBands() const;
  /// The buffer that a band has where a plan says `buffer`: bands have line buffers of their own.
  int bufferOf(int buffer, int band) const;
  /// The strip of a band in which the last of the rows before this one is made.
  int stripThatReaches(int step, int band, int64_t row) const;
  /// The axis that a step's outputs are cut along; kWhole outside chains and for what runs once.
  int axisAt(int step) const;
  /// The different numbers of rows that a step makes at a time; {0} for one that makes all at once.
  std::vector<int64_t> stripHeights(int step) const;
  /// The largest of them.
  int64_t mostRows(int step) const;
  size_t heapBytes() const;

 private:
  friend class StripCursor;
  struct Range {
    int first = 0, end = 0;
  };
  const LineBuffer* lineBufferOf(int buffer, int band) const;
  std::vector<int> chainOf_;             // by step
  std::vector<int> lineBufferOf_;        // by buffer, -1 for one that holds whole tensors
  std::vector<ChainSchedule> chains_;    // without what they read
  std::vector<Range> lineBuffersOf_;     // by index into chains_
  std::vector<LineBuffer> lineBuffers_;  // those of a chain side by side
  std::vector<Range> bordersOf_;         // by index into chains_
  std::vector<Border> borders_;          // those of a chain side by side
};

class StripCursor {
 public:
  StripCursor() = default;
  /// At the beginning. The tables outlive the cursor.
  explicit StripCursor(const StripTables& tables) : tables_(&tables) { toLastBand(); }
  /// At a step that is in no chain, or begins one.
  StripCursor(const StripTables& tables, int step) : tables_(&tables), step_(step) { toLastBand(); }
  /// At the beginning of a band of the chain that begins with a step; done where the band is.
  StripCursor(const StripTables& tables, int step, int band)
      : tables_(&tables), step_(step), band_(band), onlyBand_(true) {}

  /// The next step, or the first one of the chain in the next strip, or in another band: of all
  /// bands the last comes first, because each is handed rows by the next one.
  void advance();
  /// From a chain's first step to what follows the chain: for one that has run its bands.
  void skipChain();
  bool isDone() const { return step_ >= tables_->steps(); }

  int step() const { return step_; }
  int strip() const { return strip_; }
  int band() const { return band_; }
  /// What the step makes here of every output: all, if the axis is kWhole.
  ops::Rows rows() const;
  /// False for a step of a chain that makes nothing in this strip.
  bool hasWork() const;

  /// Calls `move(Slide)` for what has to move before this step, whether or not it has work: at a
  /// chain's first step, rows that this strip still reads of earlier ones.
  template <class Move>
  void forEachSlide(const Move& move) const;

  /// Calls `hand(Handover)` for what goes from band to band after this step, whether or not it has
  /// work: what is taken must have been given, in the next band's stripThatReaches().
  template <class Hand>
  void forEachHandover(const Hand& hand) const;

  /// The buffer that is meant here where a plan says `buffer`.
  int bufferHere(int buffer) const { return tables_->bufferOf(buffer, band_); }
  /// Where a tensor's rows lie, in bytes from the beginning of bufferHere(). `byteOffset` is where
  /// row 0 would be if the buffer held whole tensors. That row may be gone and its place before the
  /// buffer, so this is for arithmetic; every row that exists lies inside.
  ptrdiff_t rowZero(int buffer, size_t byteOffset) const;
  /// The first row of the position, for a step that sees nothing but its rows: `rowBytes` from row
  /// to row. `buffer` -1: a constant.
  ptrdiff_t firstRow(int buffer, size_t byteOffset, int64_t rowBytes) const {
    return rowZero(buffer, byteOffset) + static_cast<ptrdiff_t>(rows().begin * rowBytes);
  }

 private:
  void toLastBand();
  template <class Hand>
  void forEachBorder(int band, const ops::Rows& rows, bool taken, const Hand& hand) const;

  const StripTables* tables_ = nullptr;
  int step_ = 0, strip_ = 0, band_ = 0;
  bool onlyBand_ = false;
};

template <class Move>
void StripCursor::forEachSlide(const Move& move) const {
  const ChainSchedule* chain = tables_->chainAt(step_, band_);
  if (chain == nullptr || strip_ == 0 || step_ != chain->first) return;
  const auto [first, end] = tables_->lineBuffersOf_[tables_->chainOf_[step_] + band_];
  for (int w = first; w < end; ++w) {
    const LineBuffer& lines = tables_->lineBuffers_[w];
    if (lines.kept[strip_] == 0 || lines.low[strip_] == lines.low[strip_ - 1]) continue;
    const auto gone = static_cast<size_t>(lines.low[strip_] - lines.low[strip_ - 1]);
    move(Slide{lines.buffer, gone * lines.rowBytes,
               static_cast<size_t>(lines.kept[strip_]) * lines.rowBytes});
  }
}

template <class Hand>
void StripCursor::forEachHandover(const Hand& hand) const {
  const ChainSchedule* chain = tables_->chainAt(step_, band_);
  if (chain == nullptr || chain->band.count == 1) return;
  forEachBorder(band_, chain->handed(step_, strip_), true, hand);
  if (band_ > 0) forEachBorder(band_ - 1, chain->lends(step_, strip_), false, hand);
}

template <class Hand>
void StripCursor::forEachBorder(int band, const ops::Rows& rows, bool taken,
                                const Hand& hand) const {
  if (rows.begin >= rows.end) return;
  const auto [first, end] = tables_->bordersOf_[tables_->chainOf_[step_] + band];
  for (int b = first; b < end; ++b)
    if (tables_->borders_[b].node == step_) hand(Handover{&tables_->borders_[b], rows, taken});
}

}  // namespace minnow::planning
