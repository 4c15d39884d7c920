// Scheduling a chain. Three questions are answered one after another, each by asking operators
// (Operator::rowsRead) from the chain's last node backwards:
//   1. Along which axis is every node cut?           assignAxes
//   2. How far must every node be after each strip?  assignRows
//   3. Which rows does a strip still read?           assignReads
// docs/design.md has an example in numbers, and strips_test.cc holds it.
#include "planning/strips.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/fail.h"
#include "planning/order.h"

namespace minnow::planning {
namespace {

using ir::kNoValue;
using ir::ValueId;
using ops::Rows;

constexpr int kUnknown = -2;
// Bookkeeping grows with strips times tensors; a file may ask for any number. Real chains stay far
// below.
constexpr int64_t kMostBookkeeping = 1 << 18;

/// Types of a node's inputs and outputs, as operators want them.
struct NodeTypes {
  std::vector<TensorType> inputs, outputs;
  NodeTypes(const ir::Node& node, std::span<const TensorType> types) {
    inputs.reserve(node.inputs.size()), outputs.reserve(node.outputs.size());
    for (ValueId id : node.inputs) inputs.push_back(id == kNoValue ? TensorType{} : types[id]);
    for (ValueId id : node.outputs) outputs.push_back(id == kNoValue ? TensorType{} : types[id]);
  }
};

class Scheduler {
 public:
  Scheduler(const ir::Graph& graph, std::span<const TensorType> types, const Uses& uses,
            const ir::Chain& chain, const Band& band = {}, const ChainSchedule* next = nullptr)
      : graph_(graph), uses_(uses), rows_(chain.rows) {
    schedule_.band = band;
    if (next != nullptr) limitBy(*next);
    schedule_.first = chain.first;
    schedule_.last = chain.end - 1;
    for (int n = chain.first; n < chain.end; ++n) nodeTypes_.emplace_back(graph.nodes[n], types);
  }

  Result<ChainSchedule> run() {
    const auto rows = cut();
    if (!rows) return passOn(rows);
    schedule_.ends.assign(nodeTypes_.size() * static_cast<size_t>(schedule_.strips + 1), 0);
    for (int n = schedule_.first; n <= schedule_.last; ++n) sinks_.push_back(isSink(n));
    for (size_t k = 0; k < nodeTypes_.size(); ++k) together_.push_back(rowsTogether(k));
    if (auto ok = assignBegins(); !ok) return passOn(ok);
    assignRows();
    if (auto ok = checkSinks(); !ok) return passOn(ok);
    assignReads();
    return std::move(schedule_);
  }

  /// Finds axes and the number of strips; gives the rows of the last node that the band makes.
  Result<int64_t> cut() {
    for (const NodeTypes& types : nodeTypes_)
      if (types.outputs.empty()) return fail(ErrorCode::Unsupported, "a node without results");
    if (auto ok = assignBestAxes(); !ok) return passOn(ok);
    const auto [top, bottom] = bandOf(nodeTypes_.size() - 1);
    const int64_t height = bottom - top;
    if (schedule_.band.count > 1)
      if (auto ok = checkBands(height); !ok) return passOn(ok);
    rows_ = std::clamp<int64_t>(rows_, 1, height);
    int64_t tensors = 0;
    for (const NodeTypes& types : nodeTypes_)
      tensors += static_cast<int64_t>(types.inputs.size() + types.outputs.size());
    if ((height + rows_ - 1) / rows_ > kMostBookkeeping / tensors)
      return fail(ErrorCode::Unsupported, "too many strips for a chain of ", tensors, " tensors");
    schedule_.strips = static_cast<int>((height + rows_ - 1) / rows_);
    return height;
  }

 private:
  /// The band makes no row that the next one makes.
  void limitBy(const ChainSchedule& next) {
    for (int n = next.first; n <= next.last; ++n) {
      const bool makesSome = next.begin(n) < next.end(n);
      schedule_.limits.push_back(static_cast<int32_t>(makesSome ? next.begin(n) : next.height(n)));
    }
  }

  /// Rows of an image or of a matrix first, then columns.
  static std::vector<int> candidates(int rank) {
    if (rank >= 4) return {2, rank - 1};
    if (rank >= 2) return {rank - 2, rank - 1};
    return {};
  }

  bool isInside(ValueId id) const {
    return id != kNoValue && uses_.writer[id] >= 0 && schedule_.contains(uses_.writer[id]);
  }

  /// The axis of the last node that leaves fewest nodes to run as a whole. Attention shows why both
  /// are tried: in softmax(q kT) v, rows of the last product need rows of the softmax, so that all
  /// three are cut; columns of it would need the softmax as a whole.
  Result<void> assignBestAxes() {
    Result<void> tried = fail(ErrorCode::Unsupported, "scalars have no rows");
    std::vector<int> best;
    for (int axis : candidates(nodeTypes_.back().outputs[0].shape.rank())) {
      tried = assignAxes(axis);
      const auto whole = [](const std::vector<int>& axes) {
        return std::ranges::count(axes, Rows::kWhole);
      };
      if (tried && (best.empty() || whole(schedule_.axes) < whole(best))) best = schedule_.axes;
    }
    return best.empty() ? tried : assignAxes(best.back());
  }

  Result<void> assignAxes(int lastAxis) {
    const size_t count = nodeTypes_.size();
    schedule_.axes.assign(count, kUnknown);
    schedule_.heights.assign(count, 0);
    readWhole_.assign(count, 0);
    schedule_.axes.back() = lastAxis;
    for (size_t k = count; k-- > 0;)
      if (auto ok = assignNode(schedule_.first + static_cast<int>(k)); !ok) return ok;
    return {};
  }

  /// Fixes the axis of node n, which its readers in the chain have asked for already because they
  /// stand behind it, and asks its inputs for theirs. A transposed product shows that the axes
  /// differ: rows (axis 2) of a bT are computed from rows of a and from all of b.
  Result<void> assignNode(int n) {
    const ir::Node& node = graph_.nodes[n];
    const NodeTypes& types = nodeTypes_[n - schedule_.first];
    int& axis = schedule_.axes[n - schedule_.first];
    const Shape& shape = types.outputs[0].shape;
    if (uses_.dataSizes.concerns(node)) return notInStrips(n);
    if (axis == kUnknown && readWhole_[n - schedule_.first]) return assignWhole(n);
    if (axis == kUnknown) axis = shape.rank() >= 4 ? 2 : shape.rank() - 2;
    if (axis < 0 || axis >= shape.rank() || shape[axis] < 1) return notInStrips(n);
    const int64_t height = shape[axis];
    if (height > std::numeric_limits<int32_t>::max()) return notInStrips(n);
    schedule_.heights[n - schedule_.first] = height;
    for (const TensorType& out : types.outputs)
      if (out.type != DataType::Undefined &&
          (out.shape.rank() <= axis || out.shape[axis] != height))
        return notInStrips(n);
    if (!node.op->facts().rowsStandAlone && (axis != 2 || shape.rank() != 4)) return notInStrips(n);
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] != kNoValue)
        if (auto ok = assignInput(n, static_cast<int>(i), {axis, 0, height}); !ok) return ok;
    return {};
  }

  /// Nobody wants strips of the node: it runs once, and what it reads is wanted whole too.
  Result<void> assignWhole(int n) {
    schedule_.axes[n - schedule_.first] = Rows::kWhole;
    schedule_.heights[n - schedule_.first] = 1;
    for (ValueId id : graph_.nodes[n].inputs)
      if (isInside(id)) readWhole_[uses_.writer[id] - schedule_.first] = 1;
    return {};
  }

  Result<void> assignInput(int n, int index, const Rows& all) {
    const auto& [inputs, outputs] = nodeTypes_[n - schedule_.first];
    const ops::Operator& op = *graph_.nodes[n].op;
    const auto read = op.rowsRead(index, all, inputs, outputs);
    if (!read) return notInStrips(n);
    const ValueId id = graph_.nodes[n].inputs[index];
    if (read->axis == Rows::kWhole) {
      if (isInside(id)) readWhole_[uses_.writer[id] - schedule_.first] = 1;
      return {};
    }
    if (graph_.values[id].packing != Packing::None) return notInStrips(n);  // has no axes
    // What stands alone is given the same rows of every operand.
    if (op.facts().rowsStandAlone && inputs[index].shape[read->axis] != all.end)
      return notInStrips(n);
    if (!isInside(id)) return {};
    int& axis = schedule_.axes[uses_.writer[id] - schedule_.first];
    if (axis != kUnknown && axis != read->axis) return notInStrips(n);
    axis = read->axis;
    return {};
  }

  Result<void> notInStrips(int n) const {
    return fail(ErrorCode::Unsupported, "node '", graph_.nodes[n].name, "' (",
                graph_.nodes[n].op->name(), ") cannot be computed in strips");
  }

  /// True if something outside the chain, or nothing at all, reads an output of the node.
  bool isSink(int n) const {
    bool inside = false;
    for (ValueId id : graph_.nodes[n].outputs) {
      if (id == kNoValue) continue;
      if (uses_.isOutput[id]) return true;
      for (int reader : uses_.readers[id]) {
        if (!schedule_.contains(reader)) return true;
        inside = true;
      }
    }
    return !inside;
  }

  /// The share of a node's rows that the band has to make: its sinks make no others.
  std::pair<int64_t, int64_t> bandOf(size_t k) const {
    const Band& band = schedule_.band;
    return {schedule_.heights[k] * band.begin / band.of, schedule_.heights[k] * band.end / band.of};
  }

  /// A band makes rows of its own: nothing may want all of them.
  Result<void> checkBands(int64_t height) const {
    const auto whole = [](char is) { return is != 0; };
    if (std::ranges::any_of(readWhole_, whole) ||
        std::ranges::find(schedule_.axes, Rows::kWhole) != schedule_.axes.end())
      return fail(ErrorCode::Unsupported, "a chain of which something is read whole has no bands");
    if (height < 1) return fail(ErrorCode::Unsupported, "more bands than rows");
    return {};
  }

  /// The first row of each node in this band: that of its share for a sink, and otherwise the first
  /// one that a reader's first row is computed from. A sink cannot begin before its share, for
  /// another band writes there.
  Result<void> assignBegins() {
    if (schedule_.band.count == 1) return {};
    std::vector<int64_t> asked(nodeTypes_.size(), StripReads::kNone);
    for (size_t k = nodeTypes_.size(); k-- > 0;) {
      const auto [top, bottom] = bandOf(k);
      if (sinks_[k] && asked[k] < top) return notInBands(k);
      const bool makesNothing = sinks_[k] ? top == bottom : asked[k] == StripReads::kNone;
      const int64_t together = together_[k];
      const int64_t begin = sinks_[k] ? top : makesNothing ? 0 : asked[k] / together * together;
      for (int strip = -1; strip < schedule_.strips; ++strip)
        endOf(k, strip) = static_cast<int32_t>(begin);
      if (!makesNothing) askBegins(k, begin, asked);
    }
    return {};
  }

  void askBegins(size_t k, int64_t begin, std::vector<int64_t>& asked) const {
    const ir::Node& node = graph_.nodes[schedule_.first + static_cast<int>(k)];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!isInside(node.inputs[i])) continue;
      int64_t& least = asked[static_cast<size_t>(uses_.writer[node.inputs[i]] - schedule_.first)];
      least = std::min(least, rowsRead(k, static_cast<int>(i), begin, begin + 1).begin);
    }
  }

  /// Nor may a sink go on beyond its share.
  Result<void> checkSinks() {
    for (size_t k = 0; k < nodeTypes_.size(); ++k)
      if (sinks_[k] && endOf(k, schedule_.strips - 1) > bandOf(k).second) return notInBands(k);
    return {};
  }

  Result<void> notInBands(size_t k) const {
    return fail(ErrorCode::Unsupported, "node '",
                graph_.nodes[schedule_.first + static_cast<int>(k)].name,
                "' is read outside its chain, and inside it beyond a band's border");
  }

  /// Fills `ends` strip by strip. Nodes that somebody outside reads (sinks) advance in proportion:
  /// with 112 rows in strips of 8 at the last node, a sink of 56 rows makes 4 a strip. All others
  /// advance just as far as their readers ask: where B is a 3x3 window over A, B's rows [0, 8)
  /// need A's [0, 9), and rows [8, 16) need A to have reached 17. Going backwards, every reader
  /// has asked before a node is looked at.
  void assignRows() {
    const auto [top, bottom] = bandOf(nodeTypes_.size() - 1);
    const int64_t height = bottom - top;
    for (int strip = 0; strip < schedule_.strips; ++strip) {
      const int64_t done = std::min(height, (strip + 1) * rows_);
      for (size_t k = nodeTypes_.size(); k-- > 0;) {
        int32_t& end = endOf(k, strip);
        const auto [first, last] = bandOf(k);
        const int64_t share =
            strip + 1 == schedule_.strips ? last : first + (last - first) * done / height;
        if (sinks_[k]) end = std::max(end, static_cast<int32_t>(share));
        end = static_cast<int32_t>(throughTile(k, end, sinks_[k] ? last : limitOf(k)));
        askInputs(k, strip, std::min<int64_t>(end, limitOf(k)));
      }
    }
  }

  /// Where a node makes rows together, it goes on to the last of those that it has begun: four rows
  /// of Winograd's tiles cost as much as one.
  int64_t throughTile(size_t k, int64_t end, int64_t most) const {
    const int64_t begin = schedule_.begin(schedule_.first + static_cast<int>(k));
    if (together_[k] == 1 || end == begin || end >= most) return end;
    return std::min((end + together_[k] - 1) / together_[k] * together_[k], most);
  }
  int64_t rowsTogether(size_t k) const {
    const auto& inputs = graph_.nodes[schedule_.first + static_cast<int>(k)].inputs;
    return inputs.empty() || inputs[0] == kNoValue ? 1 : rowsRead(k, 0, 0, 1).together;
  }

  /// Raises the rows that producers in the chain must have made after `strip`. It is asked for rows
  /// [begin, end) and not for the strip's own, because what an earlier strip read must exist too.
  void askInputs(size_t k, int strip, int64_t end) {
    const int64_t begin = endOf(k, -1);
    if (end <= begin) return;
    const ir::Node& node = graph_.nodes[schedule_.first + static_cast<int>(k)];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!isInside(node.inputs[i])) continue;
      const auto read = rowsRead(k, static_cast<int>(i), begin, end);
      const auto writer = static_cast<size_t>(uses_.writer[node.inputs[i]] - schedule_.first);
      const int64_t rows = read.axis == Rows::kWhole ? schedule_.heights[writer] : read.end;
      endOf(writer, strip) = std::max(endOf(writer, strip), static_cast<int32_t>(rows));
    }
  }

  /// Of an input, for rows [begin, end) of the node's outputs.
  Rows rowsRead(size_t k, int index, int64_t begin, int64_t end) const {
    if (schedule_.axes[k] == Rows::kWhole) return {Rows::kWhole};
    const auto& [inputs, outputs] = nodeTypes_[k];
    const ops::Operator& op = *graph_.nodes[schedule_.first + static_cast<int>(k)].op;
    return *op.rowsRead(index, {schedule_.axes[k], begin, end}, inputs, outputs);
  }

  int64_t limitOf(size_t k) const { return schedule_.limit(schedule_.first + static_cast<int>(k)); }

  int32_t& endOf(size_t k, int strip) {
    return schedule_
        .ends[k * static_cast<size_t>(schedule_.strips + 1) + static_cast<size_t>(strip) + 1];
  }

  void assignReads() {
    for (size_t k = 0; k < nodeTypes_.size(); ++k) {
      std::vector<StripReads> reads;
      for (size_t i = 0; i < nodeTypes_[k].inputs.size(); ++i) reads.push_back(readsOf(k, i));
      schedule_.reads.push_back(std::move(reads));
    }
  }

  /// For each strip the first row of the input that this strip or a later one reads: the one that
  /// the first row not made yet is computed from. In the example above B's second strip begins
  /// with row 8, which reads A's rows 7 to 9, so A's rows before 7 may go. rowsRead() promises
  /// that the first row never falls, so that looking at one row is enough.
  StripReads readsOf(size_t k, size_t index) const {
    StripReads reads;
    const int n = schedule_.first + static_cast<int>(k);
    const ValueId id = graph_.nodes[n].inputs[index];
    if (id == kNoValue) return reads;
    const bool comesAndGoes = !graph_.values[id].isConstant();
    if (comesAndGoes) reads.first.assign(static_cast<size_t>(schedule_.strips), StripReads::kNone);
    if (schedule_.band.count > 1) reads.axis = rowsRead(k, static_cast<int>(index), 0, 1).axis;
    const int64_t end = schedule_.made(n, schedule_.strips - 1).end;
    for (int strip = 0; strip < schedule_.strips; ++strip) {
      const int64_t next = schedule_.end(n, strip - 1);
      if (next >= end) break;
      const Rows read = rowsRead(k, static_cast<int>(index), next, next + 1);
      reads.axis = read.axis;
      if (!comesAndGoes) break;
      reads.first[static_cast<size_t>(strip)] =
          read.axis == Rows::kWhole ? 0 : static_cast<int32_t>(read.begin);
    }
    return reads;
  }

  const ir::Graph& graph_;
  const Uses& uses_;
  int64_t rows_;
  std::vector<NodeTypes> nodeTypes_;
  std::vector<char> readWhole_;    // by node of the chain: another one reads a result as a whole
  std::vector<char> sinks_;        // by node of the chain
  std::vector<int64_t> together_;  // by node of the chain: Rows::together
  ChainSchedule schedule_;
};

}  // namespace

bool rowsAreApart(std::span<const ChainSchedule> chains, int chain, int node) {
  int64_t reached = 0;
  for (int band = 0; chain >= 0 && band < chains[chain].band.count; ++band) {
    const ChainSchedule& course = chains[chain + band];
    if (course.begin(node) == course.end(node)) continue;
    if (course.begin(node) < reached) return false;
    reached = course.end(node);
  }
  return true;
}

Result<ChainSchedule> scheduleChain(const ir::Graph& graph, std::span<const TensorType> types,
                                    const Uses& uses, const ir::Chain& chain) {
  return Scheduler(graph, types, uses, chain).run();
}

namespace {

/// Notes what the next band hands over. False if that band does not make all of it itself.
bool lend(const ChainSchedule& band, ChainSchedule& next) {
  for (int n = next.first; n <= next.last; ++n) {
    const int64_t end = band.end(n);
    const bool lends = end > band.limit(n);
    if (lends && end > next.made(n, next.strips - 1).end) return false;
    next.lent.push_back(static_cast<int32_t>(lends ? end : 0));
  }
  return true;
}

/// Bands between these borders; they are scheduled from the last to the first.
Result<std::vector<ChainSchedule>> scheduleBetween(const ir::Graph& graph,
                                                   std::span<const TensorType> types,
                                                   const Uses& uses, const ir::Chain& chain,
                                                   std::span<const int64_t> borders) {
  const int count = static_cast<int>(borders.size()) - 1;
  std::vector<ChainSchedule> bands(static_cast<size_t>(count));
  for (int b = count; b-- > 0;) {
    const Band band{b, count, borders[b], borders[b + 1], borders.back()};
    ChainSchedule* next = b + 1 < count ? &bands[b + 1] : nullptr;
    auto scheduled = Scheduler(graph, types, uses, chain, band, next).run();
    if (!scheduled) return passOn(scheduled);
    bands[b] = std::move(*scheduled);
    if (next != nullptr && !lend(bands[b], *next))
      return fail(ErrorCode::Unsupported, "bands with fewer rows than their neighbours need");
  }
  return bands;
}

double workOfBand(const ir::Graph& graph, std::span<const TensorType> types,
                  const ChainSchedule& band) {
  double work = 0;
  for (int n = band.first; n <= band.last; ++n) {
    const auto rows = static_cast<double>(band.made(n, band.strips - 1).end - band.begin(n));
    work += workOf(graph, types, n) * rows / static_cast<double>(band.height(n));
  }
  return work;
}

/// Borders between which bands would have the same work if it were spread whole within each.
std::vector<int64_t> balanced(std::span<const int64_t> borders, std::span<const double> works) {
  std::vector<int64_t> better(borders.begin(), borders.end());
  const double total = std::accumulate(works.begin(), works.end(), 0.0);
  double before = 0;
  size_t at = 0;
  for (size_t i = 1; i + 1 < borders.size(); ++i) {
    const double wanted = total * static_cast<double>(i) / static_cast<double>(works.size());
    while (at + 1 < works.size() && before + works[at] < wanted) before += works[at++];
    const auto height = static_cast<double>(borders[at + 1] - borders[at]);
    better[i] = borders[at] + std::lround((wanted - before) / works[at] * height);
  }
  return better;
}

}  // namespace

Result<std::vector<ChainSchedule>> scheduleBands(const ir::Graph& graph,
                                                 std::span<const TensorType> types,
                                                 const Uses& uses, const ir::Chain& chain,
                                                 int count) {
  if (count == 1) {
    auto whole = scheduleChain(graph, types, uses, chain);
    if (!whole) return passOn(whole);
    std::vector<ChainSchedule> bands;
    bands.push_back(std::move(*whole));
    return bands;
  }
  const auto height = Scheduler(graph, types, uses, chain).cut();
  if (!height) return passOn(height);
  std::vector<int64_t> borders;
  for (int b = 0; b <= count; ++b) borders.push_back(*height * b / count);
  auto bands = scheduleBetween(graph, types, uses, chain, borders);
  if (!bands) return bands;
  std::vector<double> works;
  for (const ChainSchedule& band : *bands) works.push_back(workOfBand(graph, types, band));
  auto better = scheduleBetween(graph, types, uses, chain, balanced(borders, works));
  return better ? std::move(better) : std::move(bands);
}

}  // namespace minnow::planning
