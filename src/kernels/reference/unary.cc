// Elementwise functions, one element at a time.
#include "ops/unary.h"

#include "kernels/double_math.h"
#include "kernels/element_types.h"
#include "kernels/kernel.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

using ops::UnaryFn;

/// Functions that are exact in every type.
template <class T>
T applyInteger(UnaryFn fn, T x) {
  using U = std::make_unsigned_t<T>;
  switch (fn) {
    case UnaryFn::Abs:
      return x < T{0} ? static_cast<T>(U{0} - static_cast<U>(x)) : x;
    case UnaryFn::Neg:
      return static_cast<T>(U{0} - static_cast<U>(x));
    case UnaryFn::Sign:
      return static_cast<T>((x > T{0}) - (x < T{0}));
    case UnaryFn::Relu:
      return x < T{0} ? T{0} : x;
    case UnaryFn::BitwiseNot:
      return static_cast<T>(~x);
    default:
      return x;
  }
}

double applyDouble(const ops::Epilogue& fn, double x) {
  switch (fn.fn) {
    case UnaryFn::Identity:
      return x;
    case UnaryFn::Abs:
      return std::fabs(x);
    case UnaryFn::Neg:
      return -x;
    case UnaryFn::Relu:
      return x < 0 ? 0 : x;
    case UnaryFn::Clip:
      x = x < fn.alpha ? fn.alpha : x;
      return x > fn.beta ? fn.beta : x;
    case UnaryFn::Ceil:
      return std::ceil(x);
    case UnaryFn::Floor:
      return std::floor(x);
    case UnaryFn::Round:
      return in_double::nearest(x);
    case UnaryFn::Sqrt:
      return std::sqrt(x);
    case UnaryFn::Reciprocal:
      return 1 / x;
    default:
      return apply(fn, static_cast<float>(x));
  }
}

template <class T>
T applyTo(const ops::Epilogue& fn, T x) {
  if constexpr (std::is_same_v<T, float>) {
    return apply(fn, x);
  } else if constexpr (std::is_same_v<T, double>) {
    return applyDouble(fn, x);
  } else if constexpr (std::is_same_v<T, Half>) {
    return fn.fn == UnaryFn::Identity ? x : Half(apply(fn, static_cast<float>(x)));
  } else if constexpr (std::is_same_v<T, Boolean>) {
    return fn.fn == UnaryFn::Not ? Boolean(!x.byte) : x;
  } else {
    return applyInteger(fn.fn, x);
  }
}

/// IsNaN and IsInf.
template <class T>
Boolean ask(const ops::Unary& op, T x) {
  const auto value = convert<double>(x);
  if (op.fn == UnaryFn::IsNaN) return Boolean(std::isnan(value));
  return Boolean(std::isinf(value) && (value < 0 ? op.alpha : op.beta) != 0);
}

}  // namespace

Result<void> runUnary(const ops::Operator& op, const KernelArgs& args) {
  const auto& unary = static_cast<const ops::Unary&>(op);
  const ops::Epilogue fn{unary.fn, unary.alpha, unary.beta};
  const TensorView& in = args.inputs[0];
  visitType(in.type, [&](auto tag) {
    using T = decltype(tag)::Type;
    if (unary.fn == UnaryFn::IsNaN || unary.fn == UnaryFn::IsInf)
      mapElements<T, Boolean>(in, args.outputs[0], [&](T x) { return ask(unary, x); });
    else
      mapElements<T, T>(in, args.outputs[0], [&](T x) { return applyTo(fn, x); });
  });
  return {};
}

}  // namespace minnow::kernels::reference
