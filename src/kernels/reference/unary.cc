// Elementwise functions, one element at a time.
#include "ops/unary.h"

#include "kernels/double_math.h"
#include "kernels/element_types.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"
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

// float64, by the formulas of unary_functions.inc.

double clipped(double x, double low, double high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

/// Activations with a curve.
double curved(const ops::Epilogue& fn, double x) {
  using namespace in_double;
  const double alpha = fn.alpha, beta = fn.beta;
  switch (fn.fn) {
    case UnaryFn::Sigmoid:
      return 1 / (1 + exp(-x));
    case UnaryFn::Swish:
      return x / (1 + exp(-alpha * x));
    case UnaryFn::Elu:
      return x < 0 ? alpha * expm1(x) : x;
    case UnaryFn::Selu:
      return beta * (x < 0 ? alpha * expm1(x) : x);
    case UnaryFn::Celu:
      return x < 0 ? alpha * expm1(x / alpha) : x;
    case UnaryFn::Softplus:
      return (x < 0 ? 0 : x) + log1p(exp(-std::fabs(x)));
    case UnaryFn::Mish: {
      const double e = exp(x > 20 ? 20 : x), n = e * (e + 2);
      return x * (n / (n + 2));
    }
    case UnaryFn::Gelu:
      return x / 2 * (1 + erf(x * 0x1.6a09e667f3bcdp-1));  // 1/sqrt 2
    default:                                               // GeluTanh, with 2 sqrt(2/pi)
      return x / (1 + exp(-0x1.9884533d43651p0 * x * (1 + 0.044715 * x * x)));
  }
}

/// Functions made of lines, and those of Elementary math.
double applyDouble(const ops::Epilogue& fn, double x) {
  const double alpha = fn.alpha, beta = fn.beta;
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
      return clipped(x, alpha, beta);
    case UnaryFn::LeakyRelu:
      return x < 0 ? alpha * x : x;
    case UnaryFn::HardSigmoid:
      return clipped(std::fma(alpha, x, beta), 0, 1);
    case UnaryFn::HardSwish:
      return x * clipped(std::fma(x, 1.0 / 6, 0.5), 0, 1);
    case UnaryFn::ThresholdedRelu:
      return x > alpha ? x : 0;
    case UnaryFn::Shrink:
      return x < -alpha ? x + beta : x > alpha ? x - beta : 0;
    case UnaryFn::Softsign:
      return x / (1 + std::fabs(x));
    case UnaryFn::Sign:
      return x > 0 ? 1 : x < 0 ? -1 : x + 0.0;
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
    case UnaryFn::Exp:
      return in_double::exp(x);
    case UnaryFn::Log:
      return in_double::log(x);
    case UnaryFn::Erf:
      return in_double::erf(x);
    case UnaryFn::Tanh:
      return in_double::tanh(x);
    default:
      return fn.fn < UnaryFn::kEpilogueCount ? curved(fn, x) : trigonometric(fn.fn, x);
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
