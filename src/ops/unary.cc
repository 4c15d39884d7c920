// Elementwise functions: names, types and shapes.
#include "ops/unary.h"

namespace minnow::ops {

const char* unaryFnName(UnaryFn fn) {
  static constexpr const char* kNames[] = {
#define MINNOW_UNARY(name) #name,
#include "ops/unary_functions.inc"
#undef MINNOW_UNARY
  };
  return fn < UnaryFn::kCount ? kNames[static_cast<int>(fn)] : "?";
}

std::unique_ptr<Operator> makeUnary() { return std::make_unique<Unary>(); }

std::string Unary::name() const { return unaryFnName(fn); }

bool Unary::mayRunInPlace(int) const { return true; }

Result<std::vector<TensorType>> Unary::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return std::unexpected(ok.error());
  if (inputs[0].type != DataType::Float32)
    return fail(ErrorCode::Unsupported, name(), " of ", inputs[0].type, " (float32 is supported)");
  return std::vector{inputs[0]};
}

}  // namespace minnow::ops
