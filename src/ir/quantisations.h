// What the integers of a graph's values stand for, each once. A graph out of a file reads it there when
// somebody asks, for what runs does not: so it costs no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "minnow/tensor.h"

namespace minnow::ir {

class Quantisations {
 public:
  using Read = Quantisation (*)(const void* table, size_t index);

  Quantisations() = default;
  /// A table that outlives this and its copies.
  Quantisations(const void* table, Read read)
      : table_(std::shared_ptr<const void>(), table), read_(read) {}

  /// `number` counts from 1 on (Value::quantisation); 0 stands for no integers, or for those that are themselves.
  Quantisation at(uint16_t number) const {
    return number == 0 ? Quantisation{} : read_(table_.get(), number - size_t{1});
  }
  /// The number of this one, which is copied; 0 of none, and where there are as many as can be. Not for a
  /// graph out of a file.
  uint16_t add(const Quantisation& quantisation);
  /// How often add() had no number any more.
  size_t leftOut() const;

 private:
  std::shared_ptr<const void> table_;
  Read read_ = nullptr;
};

}  // namespace minnow::ir
