// A prepared kernel of a device: what is enqueued, one after another, for a step.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "backend/gpu/device.h"

namespace minnow::backend::gpu {

/// A pointer that a kernel is given, as a tensor, constant or workspace and a distance in elements: of
/// two bytes where it is stored in halves, else of four.
struct Operand {
  enum class In : uint8_t { Inputs, Outputs, Workspace, Constants, Theirs } in = In::Inputs;
  int index = 0;      ///< of a tensor, or of a constant of the step
  int64_t shift = 0;  ///< elements further on
};

/// Of float32, where tensors are stored in halves.
enum class Constants : uint8_t {
  Halves,
  Kept,  ///< as float32: they are few, or could be as small or as large as halves are not
};

class Joined;

class Launches final : public Kernel {
 public:
  /// `name` is the row's. Where its tensors are stored in halves, kernels are compiled for that, and
  /// constants are stored so too, unless they are kept as they are. What an application has is floats.
  Launches(Device& device, const char* name, bool halves, Constants constants = Constants::Halves);

  /// A further constant, as it is; its number.
  Result<int> addConstant(std::span<const std::byte> bytes);
  /// The same of numbers, stored as tensors are.
  Result<int> addNumbers(std::span<const float> numbers);
  /// The same of weights, with 0 for numbers below 2^-126.
  Result<int> addWeights(std::span<const float> weights);
  /// An input as an operand: where the frame has it, or a constant's elements as they are.
  Result<Operand> operand(const Work& work, int input);
  /// What an application has here: in none of our accounts.
  Operand theirs(std::unique_ptr<Buffer> buffer);
  void setWorkspace(size_t bytes) { workspaceBytes_ = bytes; }
  /// `items` work-items of a kernel that takes pointers, each with a distance, and a struct whose
  /// first member is their number.
  template <class Geometry>
  Result<void> add(const KernelName& name, std::vector<Operand> operands,
                   const Geometry& geometry) {
    return add(name, std::move(operands), std::as_bytes(std::span(&geometry, 1)),
               static_cast<size_t>(geometry.items));
  }

  /// What a launch is to be compiled of.
  struct Described {
    KernelName name;
    std::vector<std::byte> geometry;
    size_t items;
  };
  /// Described as it was added until it is compiled.
  struct Launch {
    std::unique_ptr<const Described> described;
    std::vector<Operand> operands;
    std::unique_ptr<Call> call = {};
  };
  std::span<const Launch> all() const { return launches_; }
  bool inHalves() const { return halves_; }
  Pointer resolve(const Operand& operand, const kernels::KernelArgs& args) const;
  Result<void> compile();  ///< what is not
  /// In place of that: it is these parts of what starts several steps together.
  void becomeParts(std::shared_ptr<Joined> joined, int first, bool begins);

  const char* name() const override { return name_.c_str(); }
  size_t workspaceBytes() const override { return workspaceBytes_; }
  size_t heapBytes() const override;
  size_t deviceBytes() const override;
  size_t launches() const override { return joined_ ? (begins_ ? 1 : 0) : launches_.size(); }
  Result<Event> run(const kernels::KernelArgs& args) const override;

  double cost = 0;  ///< of the step, by a core's estimate

 private:
  Result<void> add(const KernelName& name, std::vector<Operand> operands,
                   std::span<const std::byte> geometry, size_t items);
  Result<Event> begin(const kernels::KernelArgs& args) const;
  Result<void> enqueue(const Launch& launch, const kernels::KernelArgs& args) const;
  Result<void> enqueue(const kernels::KernelArgs& args) const;
  Result<void> note(const kernels::KernelArgs& args) const;
  /// What steps are joined in is the first one's in the accounts.
  bool holdsJoined() const { return joined_ && firstPart_ == 0; }

  struct Constant {
    std::unique_ptr<Buffer> buffer;
    int64_t size;  ///< of an element
  };
  Result<int> addConstant(std::span<const std::byte> bytes, size_t size);
  bool isKept(const Operand& operand) const;
  KernelName inHalves(KernelName name, std::span<const Operand> operands) const;

  Device& device_;
  std::string name_;
  bool halves_, keepsConstants_;
  size_t workspaceBytes_ = 0;
  std::vector<Constant> constants_;
  std::unique_ptr<Buffer> theirs_;
  std::vector<Launch> launches_;
  std::shared_ptr<Joined> joined_;
  int firstPart_ = 0, parts_ = 0;
  bool begins_ = false;  // no part is before it that it would be started with
};

}  // namespace minnow::backend::gpu
