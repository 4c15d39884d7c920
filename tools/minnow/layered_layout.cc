// Layers by the longest way, order by the means of neighbours, places by least squares. An edge over several
// layers is a chain of boxes without width, so that all edges go from one layer to the next.
#include "layered_layout.h"

#include <algorithm>
#include <numeric>

namespace minnow::tool {
namespace {

constexpr double kBetween = 18, kRowGap = 34, kBendWidth = 10;
constexpr int kSweeps = 12;

struct Slot {
  double width = kBendWidth, height = 0, x = 0;
  std::vector<int> up, down;  ///< neighbours in the layers above and below
};

class Layout {
 public:
  explicit Layout(std::vector<LaidBox>& boxes) : boxes_(boxes) {}

  Layers run() {
    fillLayers();
    for (int sweep = 0; sweep < kSweeps; ++sweep) sweepOrder(sweep % 2 == 0);
    for (auto& layer : layers_) packLeft(layer);
    for (int sweep = 0; sweep < kSweeps; ++sweep) sweepPlaces(sweep % 2 == 0);
    return result();
  }

 private:
  void fillLayers() {
    for (const LaidBox& box : boxes_) {
      int layer = 0;
      for (const int before : box.after) layer = std::max(layer, layerOf_[before] + 1);
      layerOf_.push_back(layer);
      slots_.push_back({box.width, box.height, 0, {}, {}});
      enter(layer, static_cast<int>(layerOf_.size()) - 1);
    }
    for (size_t to = 0; to < boxes_.size(); ++to)
      for (const int from : boxes_[to].after) addEdge(from, static_cast<int>(to));
  }

  void enter(int layer, int slot) {
    if (layers_.size() <= static_cast<size_t>(layer))
      layers_.resize(static_cast<size_t>(layer) + 1);
    layers_[layer].push_back(slot);
  }

  void addEdge(int from, int to) {
    std::vector<int> way{from};
    for (int layer = layerOf_[from] + 1; layer < layerOf_[to]; ++layer) {
      slots_.emplace_back();
      way.push_back(static_cast<int>(slots_.size()) - 1);
      enter(layer, way.back());
    }
    way.push_back(to);
    for (size_t i = 1; i < way.size(); ++i) {
      slots_[way[i - 1]].down.push_back(way[i]);
      slots_[way[i]].up.push_back(way[i - 1]);
    }
    ways_.push_back(std::move(way));
  }

  /// Mean of `value` over the neighbours on one side; `otherwise` where there are none.
  template <class Value>
  double mean(const Slot& slot, bool downwards, double otherwise, const Value& value) const {
    const auto& neighbours = downwards ? slot.up : slot.down;
    if (neighbours.empty()) return otherwise;
    double sum = 0;
    for (const int neighbour : neighbours) sum += value(neighbour);
    return sum / static_cast<double>(neighbours.size());
  }

  template <class Do>
  void forEachLayer(bool downwards, const Do& what) {
    for (size_t i = 0; i < layers_.size(); ++i)
      what(layers_[downwards ? i : layers_.size() - 1 - i]);
  }

  void sweepOrder(bool downwards) {
    std::vector<double> rank(slots_.size());
    const auto number = [&](const std::vector<int>& layer) {
      for (size_t i = 0; i < layer.size(); ++i)
        rank[layer[i]] = static_cast<double>(i) - static_cast<double>(layer.size()) / 2;
    };
    for (const auto& layer : layers_) number(layer);
    forEachLayer(downwards, [&](std::vector<int>& layer) {
      std::vector<double> wanted(slots_.size());
      for (const int slot : layer)
        wanted[slot] = mean(slots_[slot], downwards, rank[slot], [&](int n) { return rank[n]; });
      std::ranges::stable_sort(layer, {}, [&](int slot) { return wanted[slot]; });
      number(layer);
    });
  }

  double apart(int left, int right) const {
    return (slots_[left].width + slots_[right].width) / 2 + kBetween;
  }

  void packLeft(const std::vector<int>& layer) {
    for (size_t i = 1; i < layer.size(); ++i)
      slots_[layer[i]].x = slots_[layer[i - 1]].x + apart(layer[i - 1], layer[i]);
  }

  void sweepPlaces(bool downwards) {
    forEachLayer(downwards, [&](std::vector<int>& layer) {
      std::vector<double> wanted;
      for (const int slot : layer)
        wanted.push_back(
            mean(slots_[slot], downwards, slots_[slot].x, [&](int n) { return slots_[n].x; }));
      place(layer, wanted);
    });
  }

  /// As near to what is wanted, by squares, as the order and the widths allow: neighbours that would
  /// overlap become a block at the mean of what they want.
  void place(const std::vector<int>& layer, const std::vector<double>& wanted) {
    struct Block {
      double sum;
      size_t first, count;
      double at() const { return sum / static_cast<double>(count); }
    };
    std::vector<Block> blocks;
    std::vector<double> offset{0};
    for (size_t i = 1; i < layer.size(); ++i)
      offset.push_back(offset.back() + apart(layer[i - 1], layer[i]));
    for (size_t i = 0; i < layer.size(); ++i) {
      blocks.push_back({wanted[i] - offset[i], i, 1});
      while (blocks.size() > 1 && blocks[blocks.size() - 2].at() >= blocks.back().at()) {
        const Block last = blocks.back();
        blocks.pop_back();
        blocks.back().sum += last.sum, blocks.back().count += last.count;
      }
    }
    for (const Block& block : blocks)
      for (size_t i = block.first; i < block.first + block.count; ++i)
        slots_[layer[i]].x = block.at() + offset[i];
  }

  Layers result() {
    Layers out;
    double left = 0, right = 0;
    for (const Slot& slot : slots_) {
      left = std::min(left, slot.x - slot.width / 2);
      right = std::max(right, slot.x + slot.width / 2);
    }
    out.width = right - left;
    std::vector<double> y(slots_.size());
    for (const auto& layer : layers_) {
      double height = 0;
      for (const int slot : layer) height = std::max(height, slots_[slot].height);
      for (const int slot : layer) y[slot] = out.height + height / 2;
      out.height += height + kRowGap;
    }
    for (size_t i = 0; i < boxes_.size(); ++i) boxes_[i].x = slots_[i].x - left, boxes_[i].y = y[i];
    for (const std::vector<int>& way : ways_) {
      LaidEdge edge{way.front(), way.back(), {}};
      for (const int slot : way) edge.points.emplace_back(slots_[slot].x - left, y[slot]);
      edge.points.front().second += slots_[way.front()].height / 2;
      edge.points.back().second -= slots_[way.back()].height / 2;
      out.edges.push_back(std::move(edge));
    }
    return out;
  }

  std::vector<LaidBox>& boxes_;
  std::vector<int> layerOf_;
  std::vector<Slot> slots_;  ///< the boxes, then the bends
  std::vector<std::vector<int>> layers_, ways_;
};

}  // namespace

Layers layOut(std::vector<LaidBox>& boxes) { return Layout(boxes).run(); }

}  // namespace minnow::tool
