// Einsum: the equation's grammar and its meaning for given shapes.
#include "ops/einsum.h"

namespace minnow::ops {
namespace {

/// Letters are labels by themselves; the axes under an ellipsis are labels from kFirstHidden on,
/// counted from the right.
constexpr int kFirstHidden = 128, kSymbols = kFirstHidden + kMaxRank;

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Planner {
 public:
  Planner(std::string_view equation, std::span<const Shape> shapes)
      : text_(equation), shapes_(shapes) {}

  Result<EinsumPlan> plan() {
    const size_t arrow = text_.find("->");
    if (auto ok = readOperands(text_.substr(0, arrow)); !ok) return passOn(ok);
    auto ok =
        arrow == std::string_view::npos ? implicitOutput() : readOutput(text_.substr(arrow + 2));
    if (!ok) return passOn(ok);
    plan_.outputRank = plan_.labels;
    for (int i = 0; i < seenCount_; ++i)
      if (number_[seen_[i]] < 0) addLabel(seen_[i]);
    for (int operand = 0; operand < plan_.operands; ++operand)
      for (int axis = 0; axis < shapes_[operand].rank(); ++axis)
        plan_.axes[operand][axis] = static_cast<int8_t>(number_[symbols_[operand][axis]]);
    return plan_;
  }

 private:
  std::unexpected<Error> bad(const char* why) const {
    return fail(ErrorCode::ShapeMismatch, "einsum '", text_, "': ", why);
  }

  Result<void> readOperands(std::string_view left) {
    for (;;) {
      const size_t comma = left.find(',');
      if (plan_.operands == EinsumPlan::kMaxOperands ||
          plan_.operands == static_cast<int>(shapes_.size()))
        return bad("too many operands");
      if (auto ok = readOperand(left.substr(0, comma)); !ok) return ok;
      ++plan_.operands;
      if (comma == std::string_view::npos) break;
      left = left.substr(comma + 1);
    }
    if (plan_.operands != static_cast<int>(shapes_.size())) return bad("too few operands");
    return {};
  }

  Result<void> readOperand(std::string_view term) {
    const Shape& shape = shapes_[plan_.operands];
    const size_t dots = term.find("...");
    const int named = static_cast<int>(term.size()) - (dots == std::string_view::npos ? 0 : 3);
    const int hidden = shape.rank() - named;
    if (hidden < 0 || (hidden > 0 && dots == std::string_view::npos))
      return bad("an operand has another number of axes");
    int axis = 0;
    for (size_t i = 0; i < term.size(); ++i) {
      if (i == dots) {
        for (int k = hidden; k > 0; --k)
          if (auto ok = see(kFirstHidden + k - 1, axis++); !ok) return ok;
        hidden_ = std::max(hidden_, hidden);
        i += 2;
      } else if (!isLetter(term[i])) {
        return bad("unexpected character");
      } else if (auto ok = see(term[i], axis++); !ok) {
        return ok;
      }
    }
    return {};
  }

  Result<void> see(int symbol, int axis) {
    symbols_[plan_.operands][axis] = static_cast<uint8_t>(symbol);
    const int64_t extent = shapes_[plan_.operands][axis];
    if (count_[symbol]++ == 0) {
      seen_[seenCount_++] = symbol;
      extent_[symbol] = extent;
    } else if (extent_[symbol] == 1) {
      extent_[symbol] = extent;
    } else if (extent != extent_[symbol] && extent != 1) {
      return bad("a label has two extents");
    }
    return {};
  }

  void addLabel(int symbol) {
    number_[symbol] = plan_.labels;
    plan_.extents[plan_.labels++] = extent_[symbol];
  }

  Result<void> addOutput(int symbol) {
    if (plan_.labels == kMaxRank) return bad("the output has too many axes");
    if (count_[symbol] == 0) return bad("the output names a label that no operand has");
    if (number_[symbol] >= 0) return bad("the output names a label twice");
    addLabel(symbol);
    return {};
  }

  Result<void> addHidden() {
    for (int k = hidden_; k > 0; --k)
      if (auto ok = addOutput(kFirstHidden + k - 1); !ok) return ok;
    return {};
  }

  Result<void> readOutput(std::string_view right) {
    for (size_t i = 0; i < right.size(); ++i) {
      const bool dots = right.substr(i, 3) == "...";
      if (!dots && !isLetter(right[i])) return bad("unexpected character");
      if (auto ok = dots ? addHidden() : addOutput(right[i]); !ok) return ok;
      if (dots) i += 2;
    }
    return {};
  }

  Result<void> implicitOutput() {
    if (auto ok = addHidden(); !ok) return ok;
    for (int symbol = 0; symbol < kFirstHidden; ++symbol)
      if (count_[symbol] == 1)
        if (auto ok = addOutput(symbol); !ok) return ok;
    return {};
  }

  std::string_view text_;
  std::span<const Shape> shapes_;
  EinsumPlan plan_;
  std::array<std::array<uint8_t, kMaxRank>, EinsumPlan::kMaxOperands> symbols_{};
  std::array<int, kSymbols> seen_{}, count_{};
  std::array<int, kSymbols> number_ = [] {
    std::array<int, kSymbols> none;
    none.fill(-1);
    return none;
  }();
  std::array<int64_t, kSymbols> extent_{};
  int seenCount_ = 0, hidden_ = 0;
};

}  // namespace

std::unique_ptr<Operator> makeEinsum() { return std::make_unique<Einsum>(); }

Result<EinsumPlan> planEinsum(std::string_view equation, std::span<const Shape> shapes) {
  return Planner(equation, shapes).plan();
}

Result<TensorTypes> Einsum::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, EinsumPlan::kMaxOperands); !ok) return passOn(ok);
  const DataType type = inputs[0].type;
  if (type != DataType::Float32 && type != DataType::Float64 && type != DataType::Int32 &&
      type != DataType::Int64)
    return fail(ErrorCode::Unsupported, "einsum of ", type, " (float32 is supported)");
  std::vector<Shape> shapes;
  for (const TensorType& input : inputs) {
    if (input.type != type)
      return fail(ErrorCode::ShapeMismatch, "einsum of ", type, " and ", input.type);
    shapes.push_back(input.shape);
  }
  const auto plan = planEinsum(equation, shapes);
  if (!plan) return passOn(plan);
  Shape y;
  for (int i = 0; i < plan->outputRank; ++i) y.push_back(plan->extents[i]);
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{type, y}};
}

/// One for each operand at every combination of labels; INT64_MAX where that is more.
int64_t Einsum::multiplyAdds(std::span<const TensorType> inputs,
                             std::span<const TensorType> /*outputs*/) const {
  std::vector<Shape> shapes;
  for (const TensorType& input : inputs) shapes.push_back(input.shape);
  const auto plan = planEinsum(equation, shapes);
  if (!plan) return 0;
  int64_t steps = plan->operands;
  for (int i = 0; i < plan->labels; ++i) {
    const int64_t extent = plan->extents[static_cast<size_t>(i)];
    steps = cappedProduct(steps, extent);
  }
  return steps;
}

}  // namespace minnow::ops
