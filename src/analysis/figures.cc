// The pass over two tensors, once for each type of element.
#include "analysis/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "analysis/element_types.h"

namespace minnow::analysis {
namespace {

template <size_t Bytes>
struct BitsOfSize;
template <>
struct BitsOfSize<2> {
  using Type = uint16_t;
};
template <>
struct BitsOfSize<4> {
  using Type = uint32_t;
};
template <>
struct BitsOfSize<8> {
  using Type = uint64_t;
};

/// Place of a floating-point number in the order of all numbers of its type.
template <class T>
uint64_t rankOf(T value) {
  using Bits = typename BitsOfSize<sizeof(T)>::Type;
  constexpr auto kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(T) - 1));
  const auto bits = std::bit_cast<Bits>(value);
  return (bits & kSign) != 0 ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | kSign);
}

template <class T>
bool sameBits(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

uint64_t distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

/// Numbers of the type between two, or what two integers differ by.
template <class T>
uint64_t steps(T a, T b) {
  if constexpr (isReal<T>) {
    return distance(rankOf(a), rankOf(b));
  } else if constexpr (std::is_same_v<T, Boolean>) {
    return distance(a.byte, b.byte);
  } else {  // also right for signed numbers: modulo 2^64
    const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    return a > b ? x - y : y - x;
  }
}

template <class T>
constexpr double leastNormal() {
  if constexpr (std::is_same_v<T, Half>) return 0x1p-14;
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::min();
  return 1;
}

template <class T>
class Pass {
 public:
  explicit Pass(const Tolerance& tolerance) : tolerance_(tolerance) {}

  Figures run(const HostTensor& a, const HostTensor& b) {
    figures_.shape = a.type.shape;
    figures_.elements = a.type.shape.elements();
    meaning_ = b.meaning ? b.meaning : a.meaning;
    if (!isReal<T>) figures_.step = meaning_.scale;
    for (int64_t i = 0; i < figures_.elements; ++i)
      add(i, elementAt<T>(a.bytes.data(), i), elementAt<T>(b.bytes.data(), i));
    if (figures_.differing > 0) figures_.cosine = cosine();
    return figures_;
  }

 private:
  /// What an element stands for.
  double numberOf(T value) const {
    return isReal<T> ? toDouble(value) : meaning_.of(toDouble(value));
  }

  void add(int64_t i, T a, T b) {
    const double x = numberOf(a), y = numberOf(b);
    if constexpr (isReal<T>) {
      if (!std::isfinite(x) || !std::isfinite(y)) return addSpecial(i, x, y);
    }
    figures_.scale = std::max(figures_.scale, std::fabs(y));
    dot_ += x * y;
    squareA_ += x * x;
    squareB_ += y * y;
    if (!sameBits(a, b)) addDifference(i, a, b);
  }

  void addDifference(int64_t i, T a, T b) {
    const double x = toDouble(a), y = toDouble(b);
    const uint64_t ulp = steps(a, b);
    const double error = isReal<T> ? std::fabs(x - y) : static_cast<double>(ulp);
    const double step = figures_.step > 0 ? figures_.step : 1;
    countDiffering(i);
    figures_.maxUlp = std::max(figures_.maxUlp, ulp);
    figures_.maxAbsolute = std::max(figures_.maxAbsolute, error * step);
    figures_.maxRelative =
        std::max(figures_.maxRelative,
                 error * step / std::max(std::fabs(numberOf(b)), leastNormal<T>() * step));
    if (!tolerance_.exact() && error <= tolerance_.absolute + tolerance_.relative * std::fabs(y))
      return;
    ++figures_.beyond;
    if (error > worstError_) figures_.worst = i, worstError_ = error;
  }

  /// Where at least one of the two is NaN or infinite.
  void addSpecial(int64_t i, double a, double b) {
    figures_.nansA += std::isnan(a);
    figures_.nansB += std::isnan(b);
    figures_.infinitiesA += std::isinf(a);
    figures_.infinitiesB += std::isinf(b);
    if (a == b || (std::isnan(a) && std::isnan(b))) return;
    countDiffering(i);
    ++figures_.beyond;
    if (++figures_.specialInOne == 1) figures_.worst = i;
    worstError_ = std::numeric_limits<double>::infinity();
  }

  void countDiffering(int64_t i) {
    const auto dims = figures_.shape.dims();
    if (figures_.differing++ == 0) {
      figures_.first.assign(dims.begin(), dims.end());
      figures_.last.assign(dims.size(), 0);
    }
    for (size_t axis = dims.size(); axis-- > 0; i /= dims[axis]) {
      figures_.first[axis] = std::min(figures_.first[axis], i % dims[axis]);
      figures_.last[axis] = std::max(figures_.last[axis], i % dims[axis]);
    }
  }

  double cosine() const {
    if (squareA_ == 0 && squareB_ == 0) return 1;
    if (squareA_ == 0 || squareB_ == 0) return 0;
    const double cosine = dot_ / (std::sqrt(squareA_) * std::sqrt(squareB_));
    return std::isfinite(cosine) ? std::clamp(cosine, -1.0, 1.0)
                                 : std::numeric_limits<double>::quiet_NaN();
  }

  Tolerance tolerance_;
  Meaning meaning_;
  Figures figures_;
  double dot_ = 0, squareA_ = 0, squareB_ = 0;
  double worstError_ = -1;
};

std::string instead(int64_t a, int64_t b, const char* what) {
  return a == b ? "" : fmt::format("; {} {} instead of {}", a, what, b);
}

/// Of quantised integers what a step stands for is told too.
std::string stepsInWords(const Figures& figures) {
  if (figures.step == 0) return fmt::format("{} ULP", figures.maxUlp);
  return fmt::format("{} step{} of {:.3g}", figures.maxUlp, figures.maxUlp == 1 ? "" : "s",
                     figures.step);
}

}  // namespace

double Figures::ofScale() const {
  if (maxAbsolute == 0) return 0;
  return scale > 0 ? maxAbsolute / scale : std::numeric_limits<double>::infinity();
}

Figures figuresOf(const HostTensor& a, const HostTensor& b, const Tolerance& tolerance) {
  Figures figures;
  visitType(a.type.type, [&]<class T>(Tag<T>) { figures = Pass<T>(tolerance).run(a, b); });
  return figures;
}

std::string Figures::where() const {
  double held = 1;
  std::string words;
  for (size_t axis = 0; axis < first.size(); ++axis) {
    const int64_t extent = shape[static_cast<int>(axis)], count = last[axis] - first[axis] + 1;
    held *= static_cast<double>(count) / static_cast<double>(extent);
    words += words.empty() ? "[" : ", ";
    if (count == 1)
      words += fmt::format("{}", first[axis]);
    else
      words += count == extent ? ":" : fmt::format("{}:{}", first[axis], last[axis] + 1);
  }
  return words.empty() || held >= 0.5 ? "" : words + "]";
}

std::string inWords(const Figures& figures) {
  if (figures.equal()) return "equal";
  std::string words = fmt::format("{} of {} elements differ", figures.differing, figures.elements);
  if (figures.maxAbsolute > 0)
    words += fmt::format(", by up to {:.3g} ({:.2g} of the largest value, {})", figures.maxAbsolute,
                         figures.ofScale(), stepsInWords(figures));
  else if (figures.differing > figures.specialInOne)
    words += ", in the sign of 0 alone";
  words += instead(figures.nansA, figures.nansB, "NaN");
  words += instead(figures.infinitiesA, figures.infinitiesB, "infinities");
  if (const std::string where = figures.where(); !where.empty()) words += "; all at " + where;
  return words;
}

}  // namespace minnow::analysis
