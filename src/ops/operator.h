// The interface every operator fulfils: validation, shape inference, cost, memory sharing, and its
// attributes. An operator's attribute struct is also its kernels' parameter struct. It knows no
// graph, no file and no data.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/fail.h"
#include "base/heap_bytes.h"
#include "minnow/status.h"
#include "minnow/tensor.h"

namespace minnow::ops {

/// One enumerator for each line of op_list.inc.
enum class OpKind : uint16_t {
#define MINNOW_OP(name) name,
#include "ops/op_list.inc"
#undef MINNOW_OP
  kCount
};

using AttributeValue =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>>;
using AttributeMap = std::vector<std::pair<std::string, AttributeValue>>;

/// Where a tensor's elements lie, relative to some buffer, in elements.
struct Storage {
  Strides strides{};
  int64_t offset = 0;
};

/// How a tensor that is computed (not a view of another) lies in memory.
enum class StorageOrder : uint8_t {
  Plain,         ///< row-major in the model's own axis order
  ChannelsLast,  ///< N, spatial…, C
  kCount
};
inline Strides stridesIn(StorageOrder order, const Shape& shape) {
  return order == StorageOrder::ChannelsLast ? channelsLastStrides(shape) : plainStrides(shape);
}

/// Weights as the matrices of a sum of products: axes groups…, outputs, depth…, a view of the
/// weights' own elements. Output o of a group is a sum over the depth in row-major order.
struct WeightMatrices {
  Shape shape;
  Strides strides{};
  int groupAxes = 0;
  /// One input and one output channel a group (depthwise): what a kernel computes side by side is
  /// groups, not outputs.
  bool perChannel = false;

  void addAxis(int64_t extent, int64_t stride) {
    strides[static_cast<size_t>(shape.rank())] = stride;
    shape.push_back(extent);
  }
  int64_t groups() const { return extent(0, groupAxes); }
  int64_t outputs() const { return shape[groupAxes]; }
  int64_t depth() const { return extent(groupAxes + 1, shape.rank()); }
  /// Offset, in elements, of the first weight of an output, and from there to a step of its depth.
  int64_t offset(int64_t group, int64_t output) const {
    return along(0, groupAxes, group) + output * strides[groupAxes];
  }
  int64_t offset(int64_t step) const { return along(groupAxes + 1, shape.rank(), step); }

 private:
  int64_t extent(int first, int end) const;
  /// Where position `index`, counted row-major over axes [first, end), lies.
  int64_t along(int first, int end, int64_t index) const {
    int64_t offset = 0;
    for (int axis = end - 1; axis > first; --axis) {
      offset += index % shape[axis] * strides[axis];
      index /= shape[axis];
    }
    return first < end ? offset + index * strides[first] : offset;
  }
};

/// Part of a tensor along one axis: a strip.
struct Rows {
  int axis = 0;
  int64_t begin = 0, end = 0;
  static constexpr int kWhole = -1;  ///< as an axis: all of the tensor
  /// In an answer of rowsRead(): the output's rows that are computed together, from row 0 on. Few of
  /// them cost as much as all.
  int64_t together = 1;
};

/// A tensor's axes whose extents data decide, known only when an operator such as NonZero has run.
/// By axis: 0 where the extent is the type's. Otherwise the type gives the most that it can be, and
/// axes of the same number have the same extent, whatever it is.
using DataAxes = std::array<int32_t, kMaxRank>;
class DataInputs;  // ops/data_axes.h

/// What an operator has to do with the order of its tensors in memory (assign-layout).
enum class LayoutRole : uint8_t {
  Other,    ///< takes any order and gives row-major
  Spatial,  ///< wants channels-last as input 0, gives it
  Follow,   ///< gives the order it gets; its inputs should have one order
  Join,     ///< gives channels-last if any input has it, copies from any order
};

/// How a result moves with an operand.
enum class Trend : uint8_t {
  Unknown,
  Rising,            ///< never falls
  Falling,           ///< never rises
  Either,            ///< one of both for each element, as the other operands' elements decide
  EitherSideOfZero,  ///< the same as long as no element of the operand can be 0
  RisingFromZero,    ///< never falls as long as no element of the operand is negative
};

/// Which axes are the output channels of an operator that is linear in its weights, input 1, and
/// adds a bias, input 2, with one element a channel.
struct LinearAxes {
  int output = 1;   ///< of output 0
  int weights = 0;  ///< of the weights; with `groups`, the channels of one group
  /// Where there are several, axis 0 of the weights runs through them, one after another.
  int64_t groups = 1;
};
struct Epilogue;  // ops/unary.h
class FieldVisitor;

/// Types of an operator's outputs. Some have room in place, because shapes are inferred while frames
/// run, where nothing is allocated.
class TensorTypes {
 public:
  TensorTypes() = default;
  TensorTypes(std::initializer_list<TensorType> types) {
    for (const TensorType& type : types) push_back(type);
  }
  TensorTypes(size_t count, const TensorType& type) {
    while (count-- > 0) push_back(type);
  }

  void push_back(const TensorType& type) {
    if (count_ == kInPlace) many_.assign(few_.begin(), few_.end());
    count_ < kInPlace ? void(few_[count_] = type) : many_.push_back(type);
    ++count_;
  }
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const TensorType* data() const { return count_ > kInPlace ? many_.data() : few_.data(); }
  const TensorType* begin() const { return data(); }
  const TensorType* end() const { return data() + count_; }
  const TensorType& operator[](size_t i) const { return data()[i]; }
  TensorType& operator[](size_t i) { return count_ > kInPlace ? many_[i] : few_[i]; }
  const TensorType& front() const { return data()[0]; }

 private:
  static constexpr size_t kInPlace = 8;
  std::array<TensorType, kInPlace> few_{};
  std::vector<TensorType> many_;
  size_t count_ = 0;
};

// What only conversion asks of operators is virtual where there is a converter, and nowhere else:
// in the library for devices nobody calls these functions, and as virtual ones they took 13 KB.
#ifdef MINNOW_WITHOUT_CONVERSION
#define MINNOW_CONVERSION_FACT
#define MINNOW_CONVERSION_OVERRIDE
#else
#define MINNOW_CONVERSION_FACT virtual
#define MINNOW_CONVERSION_OVERRIDE override
#endif

/// What is true of every operator of a class, whatever its attributes. A class states what differs:
///   static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial, .rowsStandAlone = false};
/// They are data because a virtual function takes 32 bytes of the library for devices in each of
/// some sixty classes: an address, and what the loader needs to move it.
struct Facts {
  LayoutRole layoutRole = LayoutRole::Other;
  /// True if the inputs from 1 on are weights: worth computing once at conversion even where the
  /// file grows by it, since kernels want them packed or passes fold them.
  bool takesWeights = false;
  /// True if the same operator over just the strips that rowsRead() names computes the strip.
  /// False where an element depends on its place in the tensor (a window at a border, a
  /// resize's coordinates): kernels of such operators get whole views and honour KernelArgs::rows.
  bool rowsStandAlone = true;
  /// False for an operator that asks the inputs' types and no element of theirs.
  bool readsElements = true;
  /// True if data decide an extent of the result: its type gives the most that it can be, and the
  /// kernel lowers the output's shape.
  bool sizesFromData = false;
  /// True if the last inputs hold attributes: whoever runs the operator makes a clone that takes
  /// them first.
  bool takesAttributes = false;
  /// True if output 0 is one of inputs 1 and 2, as input 0, one bool, says, and the other is not
  /// read: its elements need not be there.
  bool choosesOne = false;
  /// By bit, the inputs of which outputs hold elements, and nothing else than elements of these;
  /// which ones they are does not depend on them. Bit 31 is for all further inputs too.
  uint32_t movedInputs = 0;
};

class Operator {
 public:
  virtual ~Operator() = default;

  OpKind kind() const { return class_->kind; }
  const Facts& facts() const { return class_->facts; }
  /// Name of the kind ("Conv"); a family's members name themselves ("Sigmoid", not "Unary").
  virtual std::string name() const;

  /// Checks inputs against the attributes and returns every output's type. An absent optional input
  /// has type Undefined. Errors say what was expected and what came; the caller adds node and file.
  /// Must be total: any input types and any attribute values give types or an error, never a crash
  /// (files are hostile).
  virtual Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const = 0;
  /// The same of the first outputs, into room that is there already: while a frame runs, nothing is
  /// allocated. Overridden where there can be more outputs than TensorTypes has room for.
  virtual Result<void> inferInto(std::span<const TensorType> inputs,
                                 std::span<TensorType> outputs) const;

  /// Multiply-adds of one run; 0 for operators that only move or compare.
  virtual int64_t multiplyAdds(std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const {
    (void)inputs, (void)outputs;
    return 0;
  }

  /// Elements that one run reads, counted each time, of operators that read some more than once and
  /// not in multiplyAdds(): a window's taps, boxes compared with one another. At most INT64_MAX.
  virtual int64_t elementsVisited(std::span<const TensorType> inputs,
                                  std::span<const TensorType> outputs) const {
    (void)inputs, (void)outputs;
    return 0;
  }

  /// How output `index` can lie in input 0's memory without being computed (reshape, transpose,
  /// slice, split…). `input` describes input 0; nullopt when the elements have to be moved.
  virtual std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input,
                                        int index) const {
    (void)inputShape, (void)input, (void)index;
    return std::nullopt;
  }

  /// True if an operator whose elements have to be moved can as well give output 0 in that order.
  MINNOW_CONVERSION_FACT bool movesInto(StorageOrder order, const Shape& input,
                                        const Shape& output) const {
    (void)order, (void)input, (void)output;
    return false;
  }

  /// The axis along which output 0 is the inputs, one after another; nullopt (as a rule) where it is
  /// anything else. What is written into its place there need not be moved.
  virtual std::optional<int> joinsAlong(const Shape& output) const {
    (void)output;
    return std::nullopt;
  }

  /// True if output 0 may overwrite input `index` when both have the same type, shape and strides.
  virtual bool mayRunInPlace(int index) const {
    (void)index;
    return false;
  }

  /// Input `index` as matrices, if it is weights that may be packed (kernels/pack.h). The shape has
  /// passed inferShape().
  virtual std::optional<WeightMatrices> weightMatrices(int index, const Shape& shape,
                                                       const Strides& strides) const {
    (void)index, (void)shape, (void)strides;
    return std::nullopt;
  }

  /// The part of input `index` that strip `output` of every output is computed from, clamped to the
  /// input's extent; axis kWhole when no strip suffices. nullopt (as a rule) for an operator that
  /// cannot be computed in strips along that axis. The strip lies within every output; the types
  /// are inferShape()'s. begin and end never fall as the strip moves on, and the strip that is the
  /// whole output reads no further than the input's end.
  virtual std::optional<Rows> rowsRead(int index, const Rows& output,
                                       std::span<const TensorType> inputs,
                                       std::span<const TensorType> outputs) const {
    (void)index, (void)output, (void)inputs, (void)outputs;
    return std::nullopt;
  }

  /// The data axes of every output, asked where an input has some or sizesFromData is true. An
  /// answer is a promise: whatever the inputs' actual extents, up to those of their types, inferShape() gives
  /// outputs for which the operator is right, of no larger extents than largestOutputs(), of the
  /// same extents where there is no number and of equal extents where numbers are equal; or it
  /// fails, as it does where the model contradicts itself for these data. nullopt (as a rule): the
  /// operator wants extents that are known, as one does whose attributes were made for them.
  virtual std::optional<DataAxes> dataAxes(const DataInputs& inputs) const {
    (void)inputs;
    return std::nullopt;
  }
  /// The largest types of the outputs where inputs have data axes. As a rule inferShape() of the
  /// inputs' largest; not where more gives less, as a slice from -5 to 8 does.
  virtual Result<TensorTypes> largestOutputs(const DataInputs& inputs) const;

  /// True if a run may set the attribute (ops::InRun); dataAxes() and largestOutputs() then ask
  /// DataInputs::least() of its elements, which are the most that they can be.
  virtual bool maySetInRun(std::string_view attribute) const {
    (void)attribute;
    return false;
  }
  /// False if neither sizes of results nor workspace follow from an attribute that a run may set: it
  /// needs no bounds, and has any number before.
  MINNOW_CONVERSION_FACT bool sizesFollow(std::string_view attribute) const {
    (void)attribute;
    return true;
  }
  /// Takes attributes from the inputs' elements; allocates nothing.
  virtual Result<void> takeAttributes(std::span<const TensorView> inputs) {
    (void)inputs;
    return {};
  }

  /// The operator that this one holds and runs, if it does.
  virtual const Operator* held() const { return nullptr; }

  /// How elements of the outputs move when those of input `index` grow and all others stay: what
  /// bounds of numbers are computed by.
  MINNOW_CONVERSION_FACT Trend trend(int index) const {
    return movesElements(index) ? Trend::Rising : Trend::Unknown;
  }

  /// True if kernels leave out output `index` where nobody wants it.
  virtual bool mayLackOutput(int index) const { return index > 0; }
  /// True if output 0, wherever it has input 0's type, is input 0 whatever its extents.
  MINNOW_CONVERSION_FACT bool isIdentity(std::span<const TensorType> inputs) const {
    (void)inputs;
    return false;
  }
  /// True if the outputs hold elements of input `index`: one of Facts.
  bool movesElements(int index) const { return facts().movedInputs >> std::min(index, 31) & 1; }
  /// True if each element of output 0 is an element of input `index`, which the operator moves or
  /// chooses: then a function that rises, as quantisation does, is the same before it and after.
  MINNOW_CONVERSION_FACT bool choosesElements(int index) const { return movesElements(index); }
  /// The function that is applied to each element of a float32 result before it is stored, for
  /// operators that have one (Identity where there is none at present), else null.
  MINNOW_CONVERSION_FACT Epilogue* fusedActivation() { return nullptr; }
  /// Told at conversion that the weights, input 1, are finite constants and that no bias, input 2, is
  /// -0: products of zeros and weights change no bit of the results.
  MINNOW_CONVERSION_FACT void takeThatZerosAddNothing() {}
  /// Whether the operator is computed in tiles of results (Conv::winograd), for conversion to decide;
  /// null (as a rule) where it cannot be.
  MINNOW_CONVERSION_FACT bool* inTiles() { return nullptr; }
  /// True if weights of these types are transformed for tiles already, which it cannot leave then.
  MINNOW_CONVERSION_FACT bool hasTransformedWeights(std::span<const TensorType> inputs) const {
    (void)inputs;
    return false;
  }
  /// About how many multiply-adds a call takes besides, however few rows it is asked for.
  MINNOW_CONVERSION_FACT int64_t multiplyAddsPerCall(std::span<const TensorType> inputs) const {
    (void)inputs;
    return 0;
  }
  /// nullopt (as a rule) for an operator that is not linear in weights, or not in weights of these
  /// types. They have passed inferShape().
  MINNOW_CONVERSION_FACT std::optional<LinearAxes> linearAxes(
      std::span<const TensorType> inputs, std::span<const TensorType> outputs) const {
    (void)inputs, (void)outputs;
    return std::nullopt;
  }

  virtual AttributeMap attributes() const;
  /// Sets the attributes; unknown names, missing names and wrong types are errors. The values are
  /// taken out of the map.
  virtual Result<void> setAttributes(AttributeMap&& map);
  virtual void visitFields(FieldVisitor& visitor) = 0;
  std::unique_ptr<Operator> clone() const;
  /// Bytes of this object and of what its attributes hold, on the heap.
  virtual size_t heapBytes() const;

 protected:
  /// What all operators of a class have in common.
  struct Class {
    OpKind kind;
    size_t bytes;  ///< of an object
    Facts facts;
  };
  explicit Operator(const Class& of) : class_(&of) {}

 private:
  const Class* class_;
};

/// What goes through an operator's attributes (`fields`), each by its name.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  virtual void operator()(const char* name, int64_t& v) = 0;
  virtual void operator()(const char* name, float& v) = 0;
  virtual void operator()(const char* name, std::string& v) = 0;
  virtual void operator()(const char* name, std::vector<int64_t>& v) = 0;
  virtual void operator()(const char* name, std::vector<float>& v) = 0;
  void operator()(const char* name, bool& v) {
    int64_t number = v;
    (*this)(name, number);
    v = number != 0;
  }
  /// An enumerator, of which there are 0 … count-1.
  template <class E>
    requires std::is_enum_v<E>
  void operator()(const char* name, E& v, int count) {
    auto number = static_cast<int64_t>(v);
    enumerator(name, number, count);
    v = static_cast<E>(number);
  }

 protected:
  virtual void enumerator(const char* name, int64_t& v, int count) {
    (void)count;
    (*this)(name, v);
  }
};

/// Gives an operator its boilerplate. `Self` declares `static constexpr OpKind kKind`, `kFacts` if
/// they are not the usual ones, and `template <class V> void fields(V& v)`, which names every
/// attribute once.
template <class Self>
class OperatorBase : public Operator {
 public:
  static constexpr Facts kFacts{};
  OperatorBase() : Operator(kClass) {}
  void visitFields(FieldVisitor& v) override { static_cast<Self&>(*this).fields(v); }

 private:
  static constexpr Class kClass{Self::kKind, sizeof(Self), Self::kFacts};
};

/// The operator as an Op if it is one, else null: for what matches patterns of certain operators. A
/// fact about operators is one of Facts or a virtual function above.
template <class Op>
const Op* cast(const Operator& op) {
  return op.kind() == Op::kKind ? static_cast<const Op*>(&op) : nullptr;
}
template <class Op>
Op* cast(Operator& op) {
  return op.kind() == Op::kKind ? static_cast<Op*>(&op) : nullptr;
}

/// "Conv" for OpKind::Conv.
const char* opKindName(OpKind kind);
std::optional<OpKind> opKindFromName(std::string_view name);
/// A default-constructed operator of that kind; null where this build does not link it (linked.h).
std::unique_ptr<Operator> makeOperator(OpKind kind);

/// No kernel extent, stride, dilation or padding is larger; keeps shape arithmetic far from
/// overflow.
inline constexpr int64_t kMaxExtent = int64_t{1} << 30;

// Checks shared by shape rules --------------------------------------------------------------------

/// False for an optional input that was left out.
inline bool present(std::span<const TensorType> inputs, size_t i) {
  return i < inputs.size() && inputs[i].type != DataType::Undefined;
}
/// Numpy broadcasting (ONNX Broadcasting.md, "multidirectional").
Result<Shape> broadcastShapes(const Shape& a, const Shape& b);
/// Axis in [0, rank) from one in [-rank, rank).
Result<int> normaliseAxis(int64_t axis, int rank);
/// Fails unless `least <= inputs.size() <= most` and the first `least` are present.
Result<void> expectInputs(std::span<const TensorType> inputs, size_t least, size_t most);
/// The product of two numbers that are not negative; INT64_MAX where it is more.
constexpr int64_t cappedProduct(int64_t a, int64_t b) {
  return a > 0 && b > INT64_MAX / a ? INT64_MAX : a * b;
}
/// Fails unless `shape` has at most 2^40 elements (2^26 on a 32-bit CPU) and no negative extent.
Result<void> checkShape(const Shape& shape);

}  // namespace minnow::ops
