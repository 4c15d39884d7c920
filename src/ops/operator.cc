// The table of operator kinds, and the checks that shape rules share.
#include "ops/operator.h"

#include "ops/data_axes.h"
#include "ops/linked.h"

namespace minnow::ops {

#define MINNOW_OP(name) std::unique_ptr<Operator> make##name();
#include "ops/op_list.inc"
#undef MINNOW_OP

namespace {
struct KindRow {
  std::string_view name;
  std::unique_ptr<Operator> (*make)();
};
constexpr KindRow kKinds[] = {
#define MINNOW_OP(name) {#name, ifLinked<OpKind::name>(make##name)},
#include "ops/op_list.inc"
#undef MINNOW_OP
};
}  // namespace

const char* opKindName(OpKind kind) { return kKinds[static_cast<int>(kind)].name.data(); }

std::optional<OpKind> opKindFromName(std::string_view name) {
  for (size_t i = 0; i < std::size(kKinds); ++i)
    if (name == kKinds[i].name) return static_cast<OpKind>(i);
  return std::nullopt;
}

std::unique_ptr<Operator> makeOperator(OpKind kind) {
  const auto make = kKinds[static_cast<int>(kind)].make;
  return make ? make() : nullptr;
}

int64_t WeightMatrices::extent(int first, int end) const {
  int64_t count = 1;
  for (int axis = first; axis < end; ++axis) count *= shape[axis];
  return count;
}

// Fields ------------------------------------------------------------------------------------------

namespace {

class FieldReader final : public FieldVisitor {
 public:
  using FieldVisitor::operator();
  explicit FieldReader(AttributeMap& out) : out_(out) {}
  void operator()(const char* name, int64_t& v) override { out_.emplace_back(name, v); }
  void operator()(const char* name, float& v) override { out_.emplace_back(name, v); }
  void operator()(const char* name, std::string& v) override { out_.emplace_back(name, v); }
  void operator()(const char* name, std::vector<int64_t>& v) override {
    out_.emplace_back(name, v);
  }
  void operator()(const char* name, std::vector<float>& v) override { out_.emplace_back(name, v); }

 private:
  AttributeMap& out_;
};

class FieldWriter final : public FieldVisitor {
 public:
  using FieldVisitor::operator();
  explicit FieldWriter(AttributeMap& in) : in_(in) {}
  void operator()(const char* name, int64_t& v) override { set(name, v); }
  void operator()(const char* name, float& v) override { set(name, v); }
  void operator()(const char* name, std::string& v) override { set(name, v); }
  void operator()(const char* name, std::vector<int64_t>& v) override { set(name, v); }
  void operator()(const char* name, std::vector<float>& v) override { set(name, v); }

  /// The first complaint, or success; also complains of attributes nobody asked for.
  Result<void> finish() const {
    if (!complaint_.empty()) return fail(ErrorCode::BadModel, complaint_);
    if (used_ != in_.size())
      return fail(ErrorCode::BadModel, "expected ", used_, " attributes, found ", in_.size());
    return {};
  }

 private:
  void enumerator(const char* name, int64_t& v, int count) override {
    int64_t number = 0;
    set(name, number);
    if (number < 0 || number >= count) complain(name, "is out of range");
    v = number < 0 || number >= count ? 0 : number;
  }

  template <class T>
  void set(const char* name, T& v) {
    // They are in the order of fields as a rule.
    auto found = in_.begin() + static_cast<ptrdiff_t>(std::min(used_, in_.size()));
    if (found == in_.end() || found->first != name)
      found = std::ranges::find(in_, name, &AttributeMap::value_type::first);
    if (found == in_.end()) return complain(name, "is missing");
    T* typed = std::get_if<T>(&found->second);
    if (!typed) return complain(name, "has the wrong type");
    v = std::move(*typed);
    ++used_;
  }

  void complain(const char* name, const char* what) {
    if (complaint_.empty()) complaint_ = text("attribute '", name, "' ", what);
  }

  AttributeMap& in_;
  size_t used_ = 0;
  std::string complaint_;
};

/// Adds up what fields hold on the heap.
class FieldMeasurer final : public FieldVisitor {
 public:
  using FieldVisitor::operator();
  void operator()(const char*, int64_t&) override {}
  void operator()(const char*, float&) override {}
  void operator()(const char*, std::string& v) override { bytes += minnow::heapBytes(v); }
  void operator()(const char*, std::vector<int64_t>& v) override { bytes += minnow::heapBytes(v); }
  void operator()(const char*, std::vector<float>& v) override { bytes += minnow::heapBytes(v); }

  size_t bytes = 0;
};

/// For visitors that only look.
Operator& unchanged(const Operator& op) { return const_cast<Operator&>(op); }

}  // namespace

std::string Operator::name() const { return opKindName(kind()); }

std::unique_ptr<Operator> Operator::clone() const {
  auto copy = makeOperator(kind());
  (void)copy->setAttributes(attributes());  // its own: they fit
  return copy;
}

AttributeMap Operator::attributes() const {
  AttributeMap map;
  FieldReader reader(map);
  unchanged(*this).visitFields(reader);
  return map;
}

Result<void> Operator::setAttributes(AttributeMap&& map) {
  FieldWriter writer(map);
  visitFields(writer);
  return writer.finish();
}

size_t Operator::heapBytes() const {
  FieldMeasurer measurer;
  unchanged(*this).visitFields(measurer);
  return class_->bytes + measurer.bytes;
}

Result<void> Operator::inferInto(std::span<const TensorType> inputs,
                                 std::span<TensorType> outputs) const {
  const auto types = inferShape(inputs);
  if (!types) return passOn(types);
  std::copy_n(types->begin(), std::min(types->size(), outputs.size()), outputs.begin());
  return {};
}

Result<TensorTypes> Operator::largestOutputs(const DataInputs& inputs) const {
  return inferShape(inputs.types());
}

// Checks ------------------------------------------------------------------------------------------

Result<Shape> broadcastShapes(const Shape& a, const Shape& b) {
  Shape out = Shape::ofRank(std::max(a.rank(), b.rank()));
  for (int i = 0; i < out.rank(); ++i) {
    const int ia = i - (out.rank() - a.rank());
    const int ib = i - (out.rank() - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia];
    const int64_t db = ib < 0 ? 1 : b[ib];
    if (da != db && da != 1 && db != 1)
      return fail(ErrorCode::ShapeMismatch, "shapes ", a, " and ", b, " do not broadcast");
    out[i] = da == 1 ? db : da;
  }
  return out;
}

Result<int> normaliseAxis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    return fail(ErrorCode::ShapeMismatch, "axis ", axis, " is outside a tensor of rank ", rank);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Result<void> expectInputs(std::span<const TensorType> inputs, size_t least, size_t most) {
  if (inputs.size() < least || inputs.size() > most)
    return fail(ErrorCode::BadModel, "expected ", least, " to ", most, " inputs, found ",
                inputs.size());
  for (size_t i = 0; i < least; ++i)
    if (inputs[i].type == DataType::Undefined)
      return fail(ErrorCode::BadModel, "input ", i, " is missing");
  return {};
}

Result<void> checkShape(const Shape& shape) {
  // Where size_t has 32 bits, 64 bytes an element can be addressed: tables have as many.
  constexpr int64_t kMost = int64_t{1} << (sizeof(size_t) > 4 ? 40 : 26);
  if (!shape.isValid())
    return fail(ErrorCode::ShapeMismatch, "the shape ", shape, " has more than ", kMaxRank,
                " axes");
  int64_t elements = 1;
  for (int64_t dim : shape.dims()) {
    if (dim < 0 || dim > kMost || (dim > 0 && elements > kMost / dim))
      return fail(ErrorCode::ShapeMismatch, "a tensor of ", shape, " elements is out of range");
    elements *= std::max<int64_t>(dim, 1);  // so that strides of empty tensors stay in range too
  }
  return {};
}

}  // namespace minnow::ops
