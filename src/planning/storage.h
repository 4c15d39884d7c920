// Which values share memory: views, results written straight into a concatenation, and operators
// that run in place.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "planning/order.h"
#include "planning/strips.h"
#include "planning/uses.h"

namespace minnow::planning {

/// Where a value lies: in a buffer, or in a constant's bytes.
struct Place {
  int buffer = -1;                      ///< -1 for a constant or an absent value
  ir::ValueId constant = ir::kNoValue;  ///< the constant whose bytes are used
  ops::Storage storage;                 ///< strides and offset, in elements of the value's type
};

/// The values in each buffer, as lists that go from value to value.
class Guests {
 public:
  explicit Guests(size_t values = 0) : next_(values, ir::kNoValue) {}
  void addBuffer() { first_.push_back(ir::kNoValue); }
  /// A value that is in no buffer yet.
  void add(int buffer, ir::ValueId id) { next_[id] = std::exchange(first_[buffer], id); }

  struct Iterator {
    const Guests* guests;
    ir::ValueId id;
    ir::ValueId operator*() const { return id; }
    Iterator& operator++() { return id = guests->next_[id], *this; }
    bool operator==(const Iterator& other) const { return id == other.id; }
  };
  struct List {
    Iterator first;
    Iterator begin() const { return first; }
    Iterator end() const { return {first.guests, ir::kNoValue}; }
  };
  List operator[](size_t buffer) const { return {{this, first_[buffer]}}; }

 private:
  std::vector<ir::ValueId> first_, next_;  // by buffer, by value
};

struct StoragePlan {
  std::vector<Place> places;        ///< by value
  std::vector<size_t> bufferBytes;  ///< by buffer
  std::vector<char> isView;         ///< by node: all outputs are views, nothing runs
  Guests guests;
};

/// Decides all sharing for the given types. Views and in-place results never outlive what they
/// share: lifetimes are the planner's business, which sees buffers only. A result takes an input's
/// place only if all that reads what it overwrites has run then: no step beside it in the order,
/// and in a chain that runs in strips no later strip and no other band. A node that data decide an
/// extent for (ir::DataSizes::concerns()) shares nothing: where its results lie must not depend on
/// extents. `chainOf`: by node, index into `chains` of
/// its chain's band 0, -1 for none.
StoragePlan assignStorage(const ir::Graph& graph, const std::vector<TensorType>& types,
                          const Uses& uses, const std::vector<ChainSchedule>& chains,
                          const std::vector<int>& chainOf, const Order& order);

/// By input of a concatenation, true if it lies in its part of the result already; empty for other
/// operators.
std::vector<char> joinedInputs(const ir::Node& node, std::span<const TensorType> types,
                               std::span<const Place> places);

}  // namespace minnow::planning
