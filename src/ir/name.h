// What a value or a node is called. Of a graph out of a file the names stay in the file, which is
// there for as long as its weights: of twelve road models they would take a third of a megabyte.
// A zero follows every name, as C's callbacks want it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace minnow::ir {

class Name {
 public:
  Name() = default;
  Name(std::string_view text) : size_(static_cast<uint32_t>(text.size())), isOwn_(size_ > 0) {
    if (isOwn_) text_ = copyOf(text);
  }
  Name(const std::string& text) : Name(std::string_view(text)) {}
  Name(const char* text) : Name(std::string_view(text)) {}
  /// `text` has to outlive the name and its copies, and a zero has to follow it.
  static Name borrowed(std::string_view text) {
    Name name;
    name.text_ = text.data(), name.size_ = static_cast<uint32_t>(text.size());
    return name;
  }
  Name(const Name& other) : Name(other.isOwn_ ? Name(other.view()) : borrowed(other.view())) {}
  Name(Name&& other) noexcept
      : text_(std::exchange(other.text_, "")),
        size_(std::exchange(other.size_, 0)),
        isOwn_(std::exchange(other.isOwn_, false)) {}
  Name& operator=(Name other) noexcept {
    std::swap(text_, other.text_), std::swap(size_, other.size_), std::swap(isOwn_, other.isOwn_);
    return *this;
  }
  ~Name() {
    if (isOwn_) delete[] text_;
  }

  std::string_view view() const { return {text_, size_}; }
  operator std::string_view() const { return view(); }
  std::string str() const { return std::string(view()); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool starts_with(std::string_view text) const { return view().starts_with(text); }
  Name& operator+=(std::string_view more) { return *this = Name(str().append(more)); }
  size_t heapBytes() const { return isOwn_ ? size_ + 1 : 0; }

  friend bool operator==(const Name& a, const Name& b) { return a.view() == b.view(); }
  template <class Text>
    requires std::is_convertible_v<const Text&, std::string_view>
  friend bool operator==(const Name& a, const Text& b) {
    return a.view() == std::string_view(b);
  }
  friend std::string operator+(const Name& a, std::string_view b) { return a.str().append(b); }
  friend std::string operator+(std::string_view a, const Name& b) {
    return std::string(a).append(b.view());
  }

 private:
  static const char* copyOf(std::string_view text) {
    char* own = new char[text.size() + 1];
    own[text.copy(own, text.size())] = '\0';
    return own;
  }

  const char* text_ = "";
  uint32_t size_ = 0;
  bool isOwn_ = false;
};

inline size_t heapBytes(const Name& name) { return name.heapBytes(); }

}  // namespace minnow::ir
