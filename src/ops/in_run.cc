// InRun: what it adds to the operator that it holds.
#include "ops/in_run.h"

namespace minnow::ops {

constexpr Operator::Class InRun::kClass{kKind, sizeof(InRun), kFacts};

std::unique_ptr<Operator> makeInRun() { return std::make_unique<InRun>(); }

namespace {

constexpr std::string_view kOperator = "operator", kLeast = "least:";

bool holdsNumbers(DataType type) {
  return type == DataType::Int64 || type == DataType::Int32 || type == DataType::Float32;
}

/// Elements of a tensor as an attribute's numbers; false where it holds another count of them.
template <class To>
bool copyNumbers(const TensorView& from, std::span<To> to) {
  const bool asFloat = from.type == DataType::Float32;
  if (!holdsNumbers(from.type) || from.shape.rank() > 1 || from.elements() != std::ssize(to) ||
      asFloat != std::is_same_v<To, float>)
    return false;
  const int64_t stride = from.shape.rank() > 0 ? from.strides[from.shape.rank() - 1] : 1;
  for (size_t i = 0; i < to.size(); ++i) {
    const int64_t at = static_cast<int64_t>(i) * stride;
    to[i] = from.type == DataType::Int64   ? static_cast<To>(from.as<int64_t>()[at])
            : from.type == DataType::Int32 ? static_cast<To>(from.as<int32_t>()[at])
                                           : static_cast<To>(from.as<float>()[at]);
  }
  return true;
}

/// Sets one attribute to a tensor's elements.
class NumbersSetter final : public FieldVisitor {
 public:
  using FieldVisitor::operator();
  NumbersSetter(std::string_view name, const TensorView& numbers)
      : name_(name), numbers_(numbers) {}

  void operator()(const char* name, int64_t& v) override { set(name, std::span(&v, 1)); }
  void operator()(const char* name, float& v) override { set(name, std::span(&v, 1)); }
  void operator()(const char*, std::string&) override {}
  void operator()(const char* name, std::vector<int64_t>& v) override { set(name, std::span(v)); }
  void operator()(const char* name, std::vector<float>& v) override { set(name, std::span(v)); }

  bool done() const { return done_; }

 private:
  template <class T>
  void set(const char* name, std::span<T> to) {
    if (name == name_) done_ = copyNumbers(numbers_, to);
  }

  std::string_view name_;
  const TensorView& numbers_;
  bool done_ = false;
};

std::optional<InRun::Numbers> numbersIn(const AttributeValue& value) {
  if (const auto* ints = std::get_if<std::vector<int64_t>>(&value)) return *ints;
  if (const auto* floats = std::get_if<std::vector<float>>(&value)) return *floats;
  return std::nullopt;
}

/// How many numbers an attribute is; -1 for one that is no number.
int64_t numbersOf(const AttributeMap& map, std::string_view name) {
  const auto found = std::ranges::find(map, name, &AttributeMap::value_type::first);
  if (found == map.end()) return -1;
  if (const auto* ints = std::get_if<std::vector<int64_t>>(&found->second))
    return std::ssize(*ints);
  if (const auto* floats = std::get_if<std::vector<float>>(&found->second))
    return std::ssize(*floats);
  return std::holds_alternative<std::string>(found->second) ? -1 : 1;
}

}  // namespace

std::string InRun::name() const { return op ? op->name() : opKindName(kKind); }

Result<void> InRun::checkParameters(std::span<const TensorType> inputs) const {
  if (!op || inputs.size() < parameters.size())
    return fail(ErrorCode::BadModel, "attributes that a run sets have no operator or no inputs");
  const std::span given = inputs.last(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string& attribute = parameters[i].attribute;
    if (!op->maySetInRun(attribute))
      return fail(ErrorCode::Unsupported, "'", attribute, "' must be known at conversion");
    if (!holdsNumbers(given[i].type) || given[i].shape.rank() > 1 ||
        given[i].shape.elements() != parameters[i].count())
      return fail(ErrorCode::ShapeMismatch, "'", attribute, "' is set by ", given[i].type, " ",
                  given[i].shape, ", expected ", parameters[i].count(), " numbers");
  }
  return {};
}

Result<TensorTypes> InRun::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = checkParameters(inputs); !ok) return passOn(ok);
  return op->inferShape(own(inputs));
}

Result<void> InRun::inferInto(std::span<const TensorType> inputs,
                              std::span<TensorType> outputs) const {
  if (auto ok = checkParameters(inputs); !ok) return ok;
  return op->inferInto(own(inputs), outputs);
}

int64_t InRun::multiplyAdds(std::span<const TensorType> inputs,
                            std::span<const TensorType> outputs) const {
  return op->multiplyAdds(own(inputs), outputs);
}

int64_t InRun::elementsVisited(std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const {
  return op->elementsVisited(own(inputs), outputs);
}

bool InRun::mayLackOutput(int index) const {
  return op ? op->mayLackOutput(index) : Operator::mayLackOutput(index);
}

/// How many numbers a run sets is known.
std::optional<DataAxes> InRun::dataAxes(const DataInputs& in) const {
  const size_t count = in.count() - parameters.size();
  if (!in.knownFrom(count)) return std::nullopt;
  return op->dataAxes(in.first(count, this));
}

Result<TensorTypes> InRun::largestOutputs(const DataInputs& in) const {
  if (auto ok = checkParameters(in.types()); !ok) return passOn(ok);
  return op->largestOutputs(in.first(in.count() - parameters.size(), this));
}

Result<void> InRun::takeAttributes(std::span<const TensorView> inputs) {
  if (!op || inputs.size() < parameters.size())
    return fail(ErrorCode::BadModel, "attributes that a run sets have no operator or no inputs");
  const std::span given = inputs.last(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    NumbersSetter setter(parameters[i].attribute, given[i]);
    op->visitFields(setter);
    if (!setter.done())
      return fail(ErrorCode::Internal, "'", parameters[i].attribute, "' cannot be set in the run");
  }
  return {};
}

AttributeMap InRun::attributes() const {
  AttributeMap map{{std::string(kOperator), op ? opKindName(op->kind()) : ""}};
  for (const Parameter& one : parameters)
    std::visit([&](const auto& least) { map.emplace_back(text(kLeast, one.attribute), least); },
               one.least);
  if (op)
    for (auto& attribute : op->attributes()) map.push_back(std::move(attribute));
  return map;
}

Result<void> InRun::setAttributes(AttributeMap&& map) {
  AttributeMap rest;
  parameters.clear();
  for (auto& [name, value] : map) {
    const auto* kindName = std::get_if<std::string>(&value);
    if (const auto least = numbersIn(value); least && name.starts_with(kLeast)) {
      parameters.push_back({name.substr(kLeast.size()), *least});
    } else if (name == kOperator && kindName) {
      const auto kind = opKindFromName(*kindName);
      op = kind && *kind != kKind ? makeOperator(*kind) : nullptr;
    } else {
      rest.emplace_back(std::move(name), std::move(value));
    }
  }
  if (!op) return fail(ErrorCode::BadModel, "attribute 'operator' names none that is here");
  for (const Parameter& one : parameters)
    if (numbersOf(rest, one.attribute) != one.count())
      return fail(ErrorCode::BadModel, "attribute 'least:", one.attribute, "' does not fit");
  return op->setAttributes(std::move(rest));
}

void InRun::visitFields(FieldVisitor& visitor) {
  if (op) op->visitFields(visitor);
}

size_t InRun::heapBytes() const {
  size_t bytes =
      sizeof(InRun) + (op ? op->heapBytes() : 0) + parameters.capacity() * sizeof(Parameter);
  for (const Parameter& one : parameters)
    bytes += minnow::heapBytes(one.attribute) +
             std::visit([](const auto& least) { return minnow::heapBytes(least); }, one.least);
  return bytes;
}

}  // namespace minnow::ops
