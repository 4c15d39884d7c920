// Names and ranges of the inputs' axes, as the model declares them and as the options say instead.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/asked_shape.h"
#include "ir/graph.h"

namespace minnow::converter {

class InputExtents {
 public:
  /// What is said of a name, in some place. Throws ModelError for what contradicts another place;
  /// but where both only number axes to which the model gives one name (`declared`), they may
  /// differ: take() says so.
  void say(const AskedExtent& extent, bool declared);
  /// What was said of a name, or null.
  const AskedExtent* of(const std::string& name) const;

  /// An axis whose extent is settled.
  void add(ir::InputAxis axis, AskedExtent extent) { axes_.push_back({axis, std::move(extent)}); }
  /// For the graph. Declared names whose axes got different numbers are left out, with a warning.
  std::vector<ir::Extent> take(std::vector<std::string>& warnings) const;

 private:
  std::set<std::string> splitNames() const;

  struct Said {
    AskedExtent extent;
    bool declared = false;
  };
  struct Axis {
    ir::InputAxis at;
    AskedExtent extent;
  };
  std::map<std::string, Said> said_;
  std::vector<Axis> axes_;
};

}  // namespace minnow::converter
