// One thread's way through the steps of a frame, of all or of one band of a chain: the place in the
// run, and the views of what the step at that place reads and writes. Running allocates nothing.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "base/team.h"
#include "runtime/bindings.h"

namespace minnow::runtime {

class Runner {
 public:
  /// `bindings` outlive the runner and stay where they are.
  explicit Runner(Bindings& bindings)
      : bindings_(&bindings), operands_(bindings.program->mostOperands) {
    types_.reserve(operands_.size());
  }

  // A run: begin(); while not isDone(): open(), run() if there is work, advance(); finish(). Of
  // runners that go through bands of one chain at a time, none waits for a band before its own.

  /// At the first step.
  void begin() { cursor_ = planning::StripCursor(program().strips); }
  /// At a step that begins a chain of several bands: to go through one of them and no further.
  void begin(size_t step, int band) {
    cursor_ = planning::StripCursor(program().strips, static_cast<int>(step), band);
  }
  /// At the first step of a lane, or at the one after a stage.
  void beginAt(int step) { cursor_ = planning::StripCursor(program().strips, step); }
  bool isDone() const { return cursor_.isDone(); }
  /// Hands rows over to the band before, waits for those of the next band, and goes on.
  Result<void> advance();
  /// Bands of the chain that begins here; 1 anywhere else, and for a chain without bands.
  int bandsHere() const;
  /// From a chain's first step to what follows it: others have run its bands.
  void skipChain() { cursor_.skipChain(); }
  /// False for a step of a chain that makes no rows in this strip, and for one that was opened and
  /// that only a branch not taken reads.
  bool hasWork() const { return cursor_.hasWork() && !skipped_; }
  /// False for a step that only makes views, or no rows in this strip.
  bool computes() const { return cursor_.hasWork() && plannedStep().kernel; }
  size_t step() const { return static_cast<size_t>(cursor_.step()); }
  ops::Rows rows() const { return cursor_.rows(); }
  /// Binds the step's tensors. Where data decided extents, they are those of this frame; an error,
  /// before anything is written, if one is larger than planned. A view that nobody computes is bound
  /// for those who watch.
  Result<void> open(bool watched);
  /// Runs the step that was opened, or begins to.
  Result<void> run(base::Team& team);
  /// Waits for what was begun: before callbacks look, and at the end.
  Result<void> finish();

  /// A band that failed: those that wait for it go on, to nothing that anybody reads.
  void giveUp() { noteProgress(std::numeric_limits<int>::max()); }

  // What callbacks see of the opened step, no more than exists. ---------------------------------

  /// With the rows of the position.
  OperatorInfo info() const;
  std::vector<TensorView> visibleInputs() const;
  std::vector<TensorView> visibleOutputs() const;

  /// Copies of what lies on a device are in `views` in place of it until giveBack(), which takes
  /// what a callback may have written there back to the device. `ids` are the views'.
  class OnHost {
   public:
    Result<void> take(const Bindings& bindings, std::span<const ir::ValueId> ids,
                      std::span<TensorView> views);
    Result<void> giveBack() const;

   private:
    struct Copy {
      int32_t at;  // index into Program::devices
      TensorView device, host;
      std::shared_ptr<std::byte[]> bytes;
    };
    const Bindings* bindings_ = nullptr;
    std::vector<Copy> copies_;
  };
  const Bindings& bindings() const { return *bindings_; }

  const program::Program& program() const { return *bindings_->program; }
  const ir::Node& node() const { return program().graph->nodes[step()]; }
  size_t heapBytes() const { return minnow::heapBytes(operands_) + minnow::heapBytes(types_); }

 private:
  const program::Step& plannedStep() const { return program().steps[step()]; }
  std::span<TensorView> inputs() { return {operands_.data(), node().inputs.size()}; }
  std::span<TensorView> outputs() {
    return {operands_.data() + node().inputs.size(), node().outputs.size()};
  }
  std::byte* bufferAt(int32_t buffer) const {
    return reinterpret_cast<std::byte*>(bindings_->addressOf(program().buffers[buffer]));
  }
  std::span<std::byte> workspace() const;
  void bindStrip(ir::ValueId id, const ops::Rows& rows, TensorView& view) const;
  void slideRows();
  Result<void> endStepOf(const planning::ChainSchedule& chain);
  void handOver(const planning::Handover& handover);
  void waitFor(const planning::Handover& handover) const;
  static int progressAt(const planning::ChainSchedule& chain, int strip, int step);
  void noteProgress(int done);
  Result<void> findSkipped();
  bool isAllowed(int32_t guard) const;
  Result<void> bindActualSizes();
  Result<const ops::Operator*> settledOperator();
  Result<void> bindOutput(ir::ValueId id, const Shape& shape, TensorView& view) const;
  void noteActualSizes();
  std::unexpected<Error> withBegun(const Error& error) const;

  Bindings* bindings_;
  planning::StripCursor cursor_;
  bool skipped_ = false;                    // the step that is open
  std::vector<TensorView> operands_;        // of the step that is open: inputs, then outputs
  std::vector<TensorType> types_;           // of the operands, where data decide extents
  const backend::Backend* busy_ = nullptr;  // it may not have done all that was begun
  backend::Event begun_ = backend::kDone;
  int firstBegun_ = 0, lastBegun_ = 0;  // steps that it was begun by
};

}  // namespace minnow::runtime
