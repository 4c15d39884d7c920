// An operator of which a run sets attributes: a Slice whose ends, a TopK whose k are computed from
// data. Inputs: the operator's own, then one for each attribute that is set, with its numbers. What
// the operator has for them is the most that they can be, so that its shape rule gives the largest
// results; beside it stands the least, so that what is known of them is known.
#pragma once

#include "ops/data_axes.h"

namespace minnow::ops {

struct InRun final : Operator {
  static constexpr OpKind kKind = OpKind::InRun;
  static constexpr Facts kFacts{.sizesFromData = true, .takesAttributes = true};
  using Numbers = std::variant<std::vector<int64_t>, std::vector<float>>;
  struct Parameter {
    std::string attribute;
    Numbers least;  ///< one for each element of the attribute

    int64_t count() const {
      return std::visit([](const auto& numbers) { return std::ssize(numbers); }, least);
    }
  };
  std::unique_ptr<Operator> op;  ///< never null, nor an InRun itself
  std::vector<Parameter> parameters;

  InRun() : Operator(kClass) {}

  /// The inputs before the parameters.
  template <class T>
  std::span<const T> own(std::span<const T> inputs) const {
    return inputs.first(inputs.size() - std::min(inputs.size(), parameters.size()));
  }
  /// The least of an element of an attribute that has `most`.
  template <class T>
  T leastOf(std::string_view attribute, size_t index, T most) const {
    const auto found = std::ranges::find(parameters, attribute, &Parameter::attribute);
    if (found == parameters.end()) return most;
    const auto* least = std::get_if<std::vector<T>>(&found->least);
    return least && index < least->size() ? (*least)[index] : most;
  }

  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  Result<void> inferInto(std::span<const TensorType> inputs,
                         std::span<TensorType> outputs) const override;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
  int64_t elementsVisited(std::span<const TensorType> inputs,
                          std::span<const TensorType> outputs) const override;
  bool mayLackOutput(int index) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  Result<void> takeAttributes(std::span<const TensorView> inputs) override;
  const Operator* held() const override { return op.get(); }
  /// The operator's own, its name as "operator", and the least of each parameter as "least:NAME".
  AttributeMap attributes() const override;
  Result<void> setAttributes(AttributeMap&& map) override;
  void visitFields(FieldVisitor& visitor) override;
  size_t heapBytes() const override;

 private:
  Result<void> checkParameters(std::span<const TensorType> inputs) const;
  static const Class kClass;
};

}  // namespace minnow::ops
