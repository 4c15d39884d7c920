// Which operators this build links: all, or those of the models that MINNOW_MODELS named
// (cmake/minimal.cmake). The tables made from op_list.inc and the rows of kernels ask here, so that
// nothing refers to an operator that was left out and the linker drops its code.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

constexpr bool isLinked(OpKind kind) {
#ifdef MINNOW_LINKED_OPERATORS
  switch (kind) {
#define MINNOW_LINKED(name) case OpKind::name:
#include MINNOW_LINKED_OPERATORS
#undef MINNOW_LINKED
    return true;
    default:
      return false;
  }
#else
  return (void)kind, true;
#endif
}

/// A function of an operator where it is linked, else null.
template <OpKind kind, class Fn>
constexpr Fn* ifLinked(Fn* fn) {
  return isLinked(kind) ? fn : nullptr;
}

}  // namespace minnow::ops
