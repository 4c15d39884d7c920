// A frame's way through a program: the arena, the place in the run, and what the step at that place
// reads and writes. All of it was allocated with the session; running allocates nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/team.h"
#include "program/program.h"

namespace minnow::runtime {

class Bindings {
 public:
  explicit Bindings(std::shared_ptr<const program::Program> program);

  const program::Program& program() const { return *program_; }
  /// Gives the frame its memory. Nothing has run.
  void bind(std::byte* arena);
  /// The frame's tensors; what data decide the size of is as planned until it was computed.
  TensorView input(size_t index) const { return tensor(program_->graph->inputs[index]); }
  TensorView output(size_t index) const { return tensor(program_->graph->outputs[index]); }

  // A run: begin(); while not isDone(): open(), run() if there is work, advance(); finish().

  void begin();
  bool isDone() const { return cursor_.isDone(); }
  void advance() { cursor_.advance(); }
  /// False for a step of a chain that makes no rows in this strip.
  bool hasWork() const { return cursor_.hasWork(); }
  size_t step() const { return static_cast<size_t>(cursor_.step()); }
  /// Binds the step's tensors. Where data decided extents, they are those of this frame; an error,
  /// before anything is written, if one is larger than planned. Only there this allocates.
  Result<void> open();
  /// Runs the step that was opened, or begins to.
  Result<void> run(base::Team& team);
  /// Waits for what was begun: before callbacks look, and at the end.
  Result<void> finish();

  // What callbacks see of the opened step, no more than exists. ---------------------------------

  /// With the rows of the position.
  OperatorInfo info() const;
  std::vector<TensorView> visibleInputs() const;
  std::vector<TensorView> visibleOutputs() const;

  size_t heapBytes() const;

 private:
  const ir::Node& node() const { return program_->graph->nodes[step()]; }
  const program::Step& plannedStep() const { return program_->steps[step()]; }
  std::span<TensorView> inputs() { return {operands_.data(), node().inputs.size()}; }
  std::span<TensorView> outputs() {
    return {operands_.data() + node().inputs.size(), node().outputs.size()};
  }
  TensorView planned(ir::ValueId id) const;
  TensorView tensor(ir::ValueId id) const;
  void bindStrip(ir::ValueId id, int axis, TensorView& view) const;
  void slideWindows();
  Result<void> bindActualSizes();
  Result<const ops::Operator*> settledOperator();
  Result<void> bindOutput(ir::ValueId id, const Shape& shape, TensorView& view) const;
  void noteActualSizes();

  std::shared_ptr<const program::Program> program_;
  planning::StripCursor cursor_;
  std::byte* arena_ = nullptr;
  std::vector<TensorView> operands_;  // of the step that is open: inputs, then outputs
  std::vector<TensorView> actual_;    // by program::Place::actual
  std::vector<std::unique_ptr<ops::Operator>> settled_;  // by program::Step::settled
  const backend::Backend* busy_ = nullptr;               // it may not have done all that was begun
  backend::Event begun_ = backend::kDone;
};

}  // namespace minnow::runtime
