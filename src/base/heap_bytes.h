// heapBytes(x): bytes that a value holds on the heap beyond its own object, as they were asked of
// the allocator. A type with parts on the heap has an overload beside it; containers add up.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace minnow {

/// What std::make_shared adds to an object: a table pointer and two counts.
inline constexpr size_t kSharedHeader = 2 * sizeof(void*);

template <class T>
  requires std::is_trivially_copyable_v<T>
constexpr size_t heapBytes(const T&) {
  return 0;
}

inline size_t heapBytes(const std::string& text) {
  static const size_t inPlace = std::string().capacity();
  return text.capacity() > inPlace ? text.capacity() + 1 : 0;
}

template <class A, class B>
size_t heapBytes(const std::pair<A, B>& both) {
  return heapBytes(both.first) + heapBytes(both.second);
}

template <class T>
size_t heapBytes(const std::vector<T>& list) {
  size_t sum = list.capacity() * sizeof(T);
  if constexpr (!std::is_trivially_copyable_v<T>)
    for (const T& element : list) sum += heapBytes(element);
  return sum;
}

}  // namespace minnow
