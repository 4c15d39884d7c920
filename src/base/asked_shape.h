// A shape as somebody asks for it: of each axis a number or a range, and perhaps a name.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "minnow/tensor.h"

namespace minnow {

struct AskedExtent {
  static constexpr int64_t kUnsaid = -1;

  std::string name = {};  ///< axes of one name have one extent; "" where none is given
  /// What a model is converted for: the number, or the most of the range. An axis that has only a
  /// name takes what another one of that name says.
  int64_t converted = kUnsaid;
  int64_t least = 0, most = kAnyExtent;  ///< what sessions may make it

  bool isSaid() const { return converted != kUnsaid; }
  bool isRange() const { return least != 0 || most != kAnyExtent; }
  bool operator==(const AskedExtent&) const = default;
};

struct AskedShape {
  std::vector<AskedExtent> axes;

  AskedShape() = default;
  explicit AskedShape(std::vector<AskedExtent> each) : axes(std::move(each)) {}
  AskedShape(const Shape& shape) {
    for (const int64_t extent : shape) axes.push_back({.converted = extent});
    if (!shape.isValid()) axes.emplace_back();  // stays more than there may be
  }
  AskedShape(std::initializer_list<int64_t> extents) : AskedShape(Shape(extents)) {}
};

}  // namespace minnow
