// A fused activation inside a SIMD kernel. Three ways, from the cheapest to the simplest:
//
//   visitEpilogue(epilogue, [&](auto fn) HWY_ATTR { …hot loop… fn(d, vector) … });
//     instantiates the loop for Identity, Relu, Clip and one generic functor;
//   applyEpilogueRows(epilogue, row, …);      (kernels/simd/epilogue_rows.h)
//     after a row or tile has been stored and is still in the first cache: right for costly
//     functions (`epilogueIsCheap` says which are not), which are compiled once, in unary.cc;
//   applyEpilogue(d, epilogue, vector);
//     a switch and a call for each vector.
#if defined(MINNOW_SIMD_EPILOGUE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_EPILOGUE_INL_H_
#undef MINNOW_SIMD_EPILOGUE_INL_H_
#else
#define MINNOW_SIMD_EPILOGUE_INL_H_
#endif

#include "kernels/simd/math-inl.h"
#include "kernels/simd/rows-inl.h"
#include "kernels/simd/unary.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

/// y = fn(x) as an object: operator()(d, vector).
template <ops::UnaryFn fn>
struct EpilogueFn {
  Function<fn> function;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return evaluate(function, d, x);
  }
};

/// True for functions of an instruction or two, which belong into the kernel's registers.
HWY_INLINE bool epilogueIsCheap(const ops::Epilogue& epilogue) {
  return epilogue.fn <= ops::UnaryFn::Clip;
}

template <class D, class V>
HWY_NOINLINE V applyEpilogue(D d, const ops::Epilogue& epilogue, V x) {
  V y = x;
  visitFunction(epilogue, [&](auto function) HWY_ATTR { y = evaluate(function, d, x); });
  return y;
}

/// Any function, chosen anew for each vector.
struct AnyEpilogueFn {
  ops::Epilogue epilogue;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return applyEpilogue(d, epilogue, x);
  }
};

/// Calls visit(functor) once; the switch stays outside the hot loop.
template <class Visitor>
HWY_INLINE void visitEpilogue(const ops::Epilogue& epilogue, Visitor&& visit) {
  switch (epilogue.fn) {
    case ops::UnaryFn::Identity:
      return visit(EpilogueFn<ops::UnaryFn::Identity>{});
    case ops::UnaryFn::Relu:
      return visit(EpilogueFn<ops::UnaryFn::Relu>{});
    case ops::UnaryFn::Clip:
      return visit(EpilogueFn<ops::UnaryFn::Clip>{{epilogue.alpha, epilogue.beta}});
    default:
      return visit(AnyEpilogueFn{epilogue});
  }
}

/// True for activations of convolutions whose instructions wait for one another: AArch64, which has
/// the registers, computes four vectors at once.
constexpr bool mapsFourVectors(ops::UnaryFn fn) {
  using enum ops::UnaryFn;
  return HWY_ARCH_ARM_A64 && (fn == LeakyRelu || fn == HardSwish || fn == Sigmoid || fn == Swish);
}

/// Each element of `rows` becomes the function of it.
template <ops::UnaryFn fn>
HWY_NOINLINE void mapFunction(Function<fn> function, const FloatRows& rows) {
  const float* from = rows.from;
  float* to = rows.to;
  for (int64_t r = 0; r < rows.count; ++r, from += rows.step, to += rows.step)
    mapRows<mapsFourVectors(fn) ? 4 : 2>(static_cast<size_t>(rows.length), to,
                                         EpilogueFn<fn>{function}, DenseRow{from});
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_EPILOGUE_INL_H_
