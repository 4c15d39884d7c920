// A back-end that computes on a device by the rows of this room.
#pragma once

#include "backend/gpu/costs.h"
#include "backend/gpu/device.h"
#include "backend/gpu/self_check.h"

namespace minnow::backend::gpu {

using Opened = Result<std::unique_ptr<Device>>;

class DeviceBackend final : public Backend, public DeviceMemory {
 public:
  /// `device` opens the process's one when it is first asked; the error says what to install.
  DeviceBackend(const char* name, const Opened& (*device)()) : name_(name), opened_(device) {}

  const char* name() const override { return name_; }
  BackendInfo info() const override;
  const DeviceMemory* memory() const override { return this; }
  bool hasSameBits() const override { return !device() || (*device())->hasSameBits(); }
  /// The device as it was opened.
  const Opened& device() const { return opened_(); }

  void keepIn(std::string_view folder, std::string_view engine) const override;
  void measure(const Backend& host) const override;
  bool hasFailed() const override;
  Result<void> supports(const Work& work) const override;
  double cost(const Work& work) const override;
  Result<std::unique_ptr<Kernel>> prepare(std::span<const Work> forms) const override;
  Result<void> join(std::span<const PlacedKernel> steps) const override;
  Result<void> wait(Event event) const override;

  Result<std::unique_ptr<DeviceBlock>> allocate(size_t bytes) const override;
  Result<Event> upload(const TensorView& from, DeviceBlock& block,
                       const TensorView& to) const override;
  Result<Event> download(DeviceBlock& block, const TensorView& from,
                         const TensorView& to) const override;
  Result<std::unique_ptr<const Kernel>> from(const DeviceTensor& theirs,
                                             const TensorView& ours) const override;
  Result<std::unique_ptr<const Kernel>> from(const DevicePicture& theirs,
                                             const TensorView& ours) const override;
  Result<std::unique_ptr<const Kernel>> to(const DeviceTensor& theirs,
                                           const TensorView& ours) const override;
  double crossingCost(size_t bytes) const override { return costs().ofCrossing(bytes); }

 private:
  Costs costs() const;

  const char* name_;
  const Opened& (*opened_)();
  mutable SelfTest tests_;
  mutable std::mutex mutex_;  // of what follows
  mutable Costs costs_;
  mutable bool measured_ = false;
};

}  // namespace minnow::backend::gpu
