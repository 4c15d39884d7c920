// What a frame's tensors are while it runs: its arena, and the sizes that data decided so far. All
// of it was allocated with the session; running allocates nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/heap_bytes.h"
#include "program/program.h"
#include "runtime/bound.h"

namespace minnow::runtime {

struct Bindings {
  explicit Bindings(std::shared_ptr<const program::Program> of)
      : program(std::move(of)),
        blocks(program->devices.size()),
        actual(program->sizedByData.size()),
        progress(static_cast<size_t>(program->strips.mostBands())) {
    settled.reserve(program->settledSteps);
    for (size_t n = 0; n < program->steps.size(); ++n)
      if (program->steps[n].settled != program::kNone)
        settled.push_back(program->graph->nodes[n].op->clone());
  }
  Bindings(const Bindings&) = delete;  // runners refer to it
  Bindings& operator=(const Bindings&) = delete;

  /// Gives the frame its memory: an arena and, of each device where anything lies, a
  /// backend::DeviceBlock. Nothing has run.
  void bind(std::byte* memory, std::span<void* const> onDevices);
  /// What the last run made smaller is as planned again.
  void forgetActualSizes();

  /// Where a buffer lies: in the arena, or so far from the beginning of the block.
  uintptr_t addressOf(const program::Buffer& buffer) const {
    return (buffer.device != program::kNone ? 0 : reinterpret_cast<uintptr_t>(arena)) +
           buffer.offset;
  }
  /// A whole tensor outside strips, in its planned size.
  TensorView planned(ir::ValueId id) const;
  /// In this frame's size.
  TensorView tensor(ir::ValueId id) const;
  TensorView input(size_t index) const { return tensor(program->graph->inputs[index]); }
  TensorView output(size_t index) const { return tensor(program->graph->outputs[index]); }

  /// What runs a step: its kernel, or the frame's own in its place.
  const backend::Kernel* kernelOf(size_t step) const {
    const backend::Kernel* own = bound.at(step);
    return own != nullptr ? own : program->steps[step].kernel.get();
  }

  size_t heapBytes() const {
    size_t bytes = minnow::heapBytes(actual) + minnow::heapBytes(progress) +
                   minnow::heapBytes(blocks) + settled.capacity() * sizeof settled[0];
    for (const auto& op : settled) bytes += op->heapBytes();
    return bytes;
  }

  std::shared_ptr<const program::Program> program;
  Bound bound;  ///< until the frame goes
  std::byte* arena = nullptr;
  std::vector<backend::DeviceBlock*> blocks;  ///< of the frame, by device
  std::vector<TensorView> actual;             ///< by program::Place::actual
  /// By program::Step::settled: operators that take attributes from this frame's data.
  std::vector<std::unique_ptr<ops::Operator>> settled;
  /// By band of the chain that runs: how many steps it is through with.
  std::vector<std::atomic<int>> progress;
};

}  // namespace minnow::runtime
