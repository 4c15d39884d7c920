// The values that a node reads or writes: a short list, most of all with up to four, which take nothing
// of the heap.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace minnow::ir {

using ValueId = int32_t;

class Ids {
 public:
  using value_type = ValueId;
  using iterator = ValueId*;
  using const_iterator = const ValueId*;

  Ids() = default;
  Ids(std::span<const ValueId> ids) { assign(ids); }
  Ids(std::initializer_list<ValueId> ids) : Ids(std::span(ids.begin(), ids.size())) {}
  Ids(const std::vector<ValueId>& ids) : Ids(std::span(ids)) {}
  Ids(const Ids& other) : Ids(std::span<const ValueId>(other)) {}
  Ids(Ids&& other) noexcept { swap(other); }
  Ids& operator=(Ids other) noexcept {
    swap(other);
    return *this;
  }
  ~Ids() {
    if (!isFew(size_)) delete[] store_.many;
  }

  operator std::vector<ValueId>() const { return {begin(), end()}; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ValueId* data() { return isFew(size_) ? store_.few : store_.many; }
  const ValueId* data() const { return isFew(size_) ? store_.few : store_.many; }
  ValueId* begin() { return data(); }
  ValueId* end() { return data() + size_; }
  const ValueId* begin() const { return data(); }
  const ValueId* end() const { return data() + size_; }
  ValueId& operator[](size_t i) { return data()[i]; }
  ValueId operator[](size_t i) const { return data()[i]; }
  ValueId front() const { return *begin(); }
  ValueId back() const { return end()[-1]; }

  void clear() { resize(0); }
  void push_back(ValueId id) { resize(size_ + 1, id); }
  void resize(size_t size, ValueId fill = 0) {
    if (roomFor(size) != roomFor(size_)) move(size);
    const size_t before = std::exchange(size_, static_cast<uint32_t>(size));
    if (size > before) std::fill(data() + before, data() + size, fill);
  }

  bool operator==(const Ids& other) const { return std::ranges::equal(*this, other); }
  size_t heapBytes() const { return isFew(size_) ? 0 : roomFor(size_) * sizeof(ValueId); }

 private:
  static constexpr size_t kFew = 4;
  union Store {
    ValueId few[kFew];
    ValueId* many;  ///< room for as many as the next power of two
  };
  static bool isFew(size_t size) { return size <= kFew; }
  static size_t roomFor(size_t size) { return isFew(size) ? kFew : std::bit_ceil(size); }

  void swap(Ids& other) noexcept {
    std::swap(store_, other.store_);
    std::swap(size_, other.size_);
  }
  /// Takes the first ones along.
  void move(size_t size) {
    Store to{};
    if (!isFew(size)) to.many = new ValueId[roomFor(size)];
    std::copy_n(data(), std::min(size, size_t{size_}), isFew(size) ? to.few : to.many);
    if (!isFew(size_)) delete[] store_.many;
    store_ = to;
  }
  void assign(std::span<const ValueId> ids) {
    resize(ids.size());
    std::ranges::copy(ids, begin());
  }

  Store store_{};
  uint32_t size_ = 0;
};

inline size_t heapBytes(const Ids& ids) { return ids.heapBytes(); }

}  // namespace minnow::ir
