// A back-end that computes on a device by the rows of this room.
#pragma once

#include "backend/gpu/device.h"

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

  Result<void> supports(const Work& work) const override;
  double cost(const Work& work) const override;
  Result<std::unique_ptr<const Kernel>> prepare(std::span<const Work> forms) const override;
  Result<void> wait(Event event) const override;

  Result<std::unique_ptr<DeviceBlock>> allocate(size_t bytes) const override;
  Result<void> upload(const TensorView& from, DeviceBlock& block,
                      const TensorView& to) const override;
  Result<void> download(DeviceBlock& block, const TensorView& from,
                        const TensorView& to) const override;

 private:
  const char* name_;
  const Opened& (*opened_)();
};

}  // namespace minnow::backend::gpu
