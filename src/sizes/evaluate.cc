// Running one operator on constants.
#include "sizes/evaluate.h"

#include <algorithm>

#include "base/aligned.h"
#include "base/fail.h"
#include "base/threads.h"
#include "kernels/kernel.h"

namespace minnow::sizes {
namespace {

struct Buffer {
  std::shared_ptr<std::byte[]> memory;
  TensorView view;
};

Result<Buffer> allocate(const TensorType& type) {
  Buffer buffer{nullptr, {{type.type, type.shape, plainStrides(type.shape)}}};
  buffer.memory = base::alignedBytes(buffer.view.bytes());
  if (!buffer.memory)
    return fail(ErrorCode::OutOfMemory, buffer.view.bytes(), " bytes for a constant of ",
                type.shape);
  buffer.view.data = buffer.memory.get();
  return buffer;
}

int64_t elementsOf(std::span<const TensorType> types) {
  int64_t elements = 0;
  for (const TensorType& type : types) elements += type.shape.elements();
  return elements;
}

/// Elements first: what they say is small cannot overflow the products.
Result<void> spend(const ops::Operator& op, std::span<const TensorType> in,
                   std::span<const TensorType> out, Budget& budget) {
  const int64_t outputs = elementsOf(out);
  const int64_t moved = (op.facts().readsElements ? elementsOf(in) : 0) + outputs;
  int64_t bytes = 0, steps = moved;
  for (const TensorType& type : out)
    bytes += type.shape.elements() * static_cast<int64_t>(elementSize(type.type));
  if (moved < INT32_MAX)
    steps = std::max({moved, op.multiplyAdds(in, out), op.elementsVisited(in, out)});
  if (steps > budget.multiplyAdds || bytes > budget.bytes)
    return fail(ErrorCode::Unsupported, "computing its constant result takes ", steps,
                " multiply-adds and ", bytes, " bytes, conversion may spend ", budget.multiplyAdds,
                " and ", budget.bytes, " more on this model (ConvertOptions::budget)");
  budget.multiplyAdds -= steps;
  budget.bytes -= bytes;
  return {};
}

/// Of an operator that has all its attributes.
Result<std::vector<Evaluated>> run(const ops::Operator& op, std::span<const TensorView> in,
                                   std::span<const TensorType> types, Budget& budget) {
  std::vector<TensorView> out;
  auto outTypes = op.inferShape(types);
  if (!outTypes) return passOn(outTypes);
  if (auto ok = spend(op, types, *outTypes, budget); !ok) return passOn(ok);
  std::vector<Buffer> buffers;
  for (const TensorType& type : *outTypes) {
    auto buffer = allocate(type);
    if (!buffer) return passOn(buffer);
    buffers.push_back(*buffer);
    out.push_back(buffer->view);
  }
  std::shared_ptr<std::byte[]> workspace;
  size_t bytes = 0;
  const kernels::WorkspaceFn need = kernels::reference::findWorkspace(op.kind());
  const bool idle = need && kernels::makesNothing(op, out);
  if (need && !idle) {
    bytes = need(op, in, out, 1);
    workspace = base::alignedBytes(bytes);
    if (!workspace) return fail(ErrorCode::OutOfMemory, bytes, " bytes of workspace");
  }
  base::Team team;
  const base::DenormalsFlushed flushed;
  const kernels::KernelArgs args{in, out, {workspace.get(), bytes}, &team};
  if (auto ok = idle ? Result<void>() : kernels::reference::find(op.kind())(op, args); !ok)
    return passOn(ok);
  std::vector<Evaluated> results;
  for (size_t i = 0; i < out.size(); ++i) {
    // The shape is the kernel's: it may be smaller than inferred where it depends on data.
    auto constant = std::make_shared<ir::Constant>(
        ir::Constant{{buffers[i].memory.get(), out[i].bytes()}, buffers[i].memory});
    results.push_back({{out[i].type, out[i].shape}, std::move(constant)});
  }
  return results;
}

}  // namespace

Result<std::vector<Evaluated>> evaluate(const ir::Graph& graph, const ops::Operator& op,
                                        std::span<const ir::ValueId> inputs, Budget& budget) {
  std::vector<TensorView> in;
  std::vector<TensorType> types;
  for (const ir::ValueId id : inputs) {
    in.push_back(id == ir::kNoValue ? TensorView{} : graph.values[static_cast<size_t>(id)].view());
    types.push_back(id == ir::kNoValue ? TensorType{} : graph.values[static_cast<size_t>(id)].type);
  }
  if (!op.facts().takesAttributes) return run(op, in, types, budget);
  const auto settled = op.clone();
  if (auto ok = settled->takeAttributes(in); !ok) return passOn(ok);
  return run(*settled, in, types, budget);
}

}  // namespace minnow::sizes
