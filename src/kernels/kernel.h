// What a kernel is: a function of an operator's attributes and some tensors. Knows no graph,
// allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/team.h"
#include "minnow/status.h"
#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::backend {
class DeviceBlock;  // backend/backend.h
}

namespace minnow::kernels {

/// Rows (axis 2 of N, C, H, W) of an output that are computed.
struct OutputRows {
  int64_t begin = 0, end = std::numeric_limits<int64_t>::max();
  /// Clamped to an output of `height` rows.
  OutputRows within(int64_t height) const {
    return {std::min(begin, height), std::min(end, height)};
  }
};

struct KernelArgs {
  std::span<const TensorView> inputs;  ///< an absent optional input is a view that tests false
  std::span<TensorView>
      outputs;  ///< a kernel whose result's size depends on data lowers outputs[i].shape
  std::span<std::byte> workspace;  ///< as many bytes as the kernel asked for, 64-byte aligned
  base::Team* team = nullptr;      ///< never null
  /// For operators whose rowsStandAlone is false and whose outputs have rank 4: nothing but these
  /// rows is written, and no row of an input is read that rowsRead() does not name (there need be
  /// no memory there). All other kernels compute everything.
  OutputRows rows = {};
  /// In place of the operator that the kernel was prepared for, where a run has set attributes of
  /// it (ops::Operator::takeAttributes()).
  const ops::Operator* settled = nullptr;
  /// The frame's block of the back-end's own memory, in which tensors and workspace lie then.
  backend::DeviceBlock* block = nullptr;

  bool has(size_t input) const { return input < inputs.size() && inputs[input]; }
  /// What a bias adds to output channel `channel`: 0 where it is absent. One of -0 counts as +0, so
  /// that kernels may begin a sum with its first product as well as with 0. Of products that are all
  /// -0 the one way gives -0 and the other +0; with +0 added both are +0, with -0 they would differ.
  template <class T = float>
  T bias(size_t input, int64_t channel) const {
    return has(input) ? inputs[input].as<const T>()[channel * inputs[input].strides[0]] + T(0)
                      : T(0);
  }
};

/// Shapes, types and strides were validated when the session was created; data were not (indices
/// out of range are an error, not a crash). Denormals are flushed by the caller.
using KernelFn = Result<void> (*)(const ops::Operator&, const KernelArgs&);
/// How a kernel will be called: threads of the team at most, and the most rows that a call asks for.
struct CallShape {
  int threads = 1;
  OutputRows rows = {};
  /// Sizes, and attributes that runs set, are the most that they can be: the answer has to do for
  /// all that are less.
  bool atMost = false;
  CallShape(int count) : threads(count) {}  // NOLINT: whole outputs are the rule
  CallShape(int count, const OutputRows& most) : threads(count), rows(most) {}
};
/// Workspace in bytes for these tensors (data pointers of variable tensors are null here).
using WorkspaceFn = size_t (*)(const ops::Operator&, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs, const CallShape& call);

/// True if all results are empty and data cannot decide otherwise (of a Compress to nx0 they still
/// decide n). A kernel that takes workspace is not called then, nor asked how much: that might grow
/// with one extent where another is 0 (the tables of a Resize). Other kernels are: an index outside
/// a tensor is an error even if nothing is taken from there.
inline bool makesNothing(const ops::Operator& op, std::span<const TensorView> outputs) {
  const auto holds = [](const TensorView& out) { return out && out.elements() > 0; };
  return !op.facts().sizesFromData && std::ranges::none_of(outputs, holds);
}

/// The scalar reference of every operator: the oracle, and the path for whatever has no faster one.
/// It takes any strides. Exactly one function a kind, `reference::run<Kind>`, declared from
/// op_list.inc.
namespace reference {
#define MINNOW_OP(name) Result<void> run##name(const ops::Operator&, const KernelArgs&);
#include "ops/op_list.inc"
#undef MINNOW_OP
/// Null for a kind that this build does not link (ops/linked.h).
KernelFn find(ops::OpKind kind);
/// Null for the kinds whose reference needs no workspace.
WorkspaceFn findWorkspace(ops::OpKind kind);
}  // namespace reference

}  // namespace minnow::kernels
