// Choosing rows, and memory on the device.
#include "backend/cl/cl.h"

#include <cstring>

#include "backend/cl/device.h"
#include "backend/cl/rows.h"
#include "base/fail.h"

namespace minnow::backend {
namespace cl {
namespace {

/// The bytes of a tensor that has elements, from that which lies first to the end of the last,
/// counted from element 0.
struct Stretch {
  int64_t low = 0, high = 0;
  explicit Stretch(const TensorView& view) {
    for (int axis = 0; axis < view.shape.rank(); ++axis) {
      const int64_t reach = (view.shape[axis] - 1) * view.strides[axis];
      (reach < 0 ? low : high) += reach;
    }
    const auto size = static_cast<int64_t>(elementSize(view.type));
    low *= size, high = (high + 1) * size;
  }
  size_t bytes() const { return static_cast<size_t>(high - low); }
};

/// A tensor of a block, in the process's memory until it goes.
class Mapped {
 public:
  static Result<Mapped> make(Device& device, const Buffer& buffer, const TensorView& view,
                             cl_map_flags flags) {
    Mapped mapped(device, buffer, view);
    const Stretch stretch(view);
    const auto first = static_cast<size_t>(static_cast<int64_t>(deviceOffset(view)) + stretch.low);
    cl_int code = CL_SUCCESS;
    mapped.there_ =
        device.api().clEnqueueMapBuffer(device.queue(), buffer.get(), CL_TRUE, flags, first,
                                        stretch.bytes(), 0, nullptr, nullptr, &code);
    if (auto ok = check(code, "clEnqueueMapBuffer"); !ok) return std::unexpected(ok.error());
    mapped.view_.data = static_cast<std::byte*>(mapped.there_) - stretch.low;
    return mapped;
  }
  const TensorView& view() const { return view_; }
  Result<void> end() {
    return check(device_.api().clEnqueueUnmapMemObject(device_.queue(), buffer_.get(), there_, 0,
                                                       nullptr, nullptr),
                 "clEnqueueUnmapMemObject");
  }

 private:
  Mapped(Device& device, const Buffer& buffer, const TensorView& view)
      : device_(device), buffer_(buffer), view_(view) {}
  Device& device_;
  const Buffer& buffer_;
  TensorView view_;
  void* there_ = nullptr;
};

/// At once where both lie alike without gaps.
void copy(const TensorView& from, const TensorView& to) {
  if (from.strides == to.strides && Stretch(from).low == 0 && Stretch(from).bytes() == from.bytes())
    std::memcpy(to.data, from.data, from.bytes());
  else
    copyTensor(from, to);
}

/// Nanoseconds by estimate, for a device ten times as fast as a core, and 5 µs to start a kernel.
double costOf(const Work& work) {
  double bytes = 0;
  for (const auto views : {work.inputs, work.outputs})
    for (const TensorView& view : views) bytes += view ? static_cast<double>(view.bytes()) : 0;
  const auto sums = static_cast<double>(work.op.multiplyAdds(work.inputTypes, work.outputTypes));
  return 5000 + sums / 100 + bytes / 40;
}

class Cl final : public Backend, public DeviceMemory {
 public:
  const char* name() const override { return "cl"; }
  BackendInfo info() const override {
    static const auto device = Device::get();
    if (!device) return {name(), "", device.error().message.c_str()};
    return {name(), (*device)->name().c_str()};
  }
  const DeviceMemory* memory() const override { return this; }

  Result<void> supports(const Work& work) const override {
    if (const auto device = Device::get(); !device) return std::unexpected(device.error());
    if (const auto row = rowFor(work); !row) return std::unexpected(row.error());
    return {};
  }
  double cost(const Work& work) const override { return costOf(work); }

  Result<std::unique_ptr<const Kernel>> prepare(std::span<const Work> forms) const override {
    const auto device = Device::get();
    if (!device) return std::unexpected(device.error());
    const Work& work = forms.front();  // steps on a device do not run in strips
    const auto row = rowFor(work);
    if (!row) return std::unexpected(row.error());
    auto launches = std::make_unique<Launches>(**device, (*row)->name);
    if (auto ok = (*row)->prepare(work, **device, *launches); !ok)
      return std::unexpected(ok.error());
    return launches;
  }

  Result<void> wait(Event) const override {
    const auto device = Device::get();
    if (!device) return std::unexpected(device.error());
    return check((*device)->api().clFinish((*device)->queue()), "clFinish");
  }

  // Its memory ------------------------------------------------------------------------------------

  Result<std::unique_ptr<DeviceBlock>> allocate(size_t bytes) const override {
    const auto device = Device::get();
    if (!device) return std::unexpected(device.error());
    return (*device)->buffer(bytes);
  }

  Result<void> upload(const TensorView& from, DeviceBlock& block,
                      const TensorView& to) const override {
    return cross(block, to, CL_MAP_WRITE, [&](const TensorView& there) { copy(from, there); });
  }
  Result<void> download(DeviceBlock& block, const TensorView& from,
                        const TensorView& to) const override {
    return cross(block, from, CL_MAP_READ, [&](const TensorView& there) { copy(there, to); });
  }

 private:
  template <class Copy>
  static Result<void> cross(DeviceBlock& block, const TensorView& view, cl_map_flags flags,
                            const Copy& copy) {
    if (view.elements() == 0) return {};
    const auto device = Device::get();
    if (!device) return std::unexpected(device.error());
    auto mapped = Mapped::make(**device, static_cast<Buffer&>(block), view, flags);
    if (!mapped) return std::unexpected(mapped.error());
    copy(mapped->view());
    return mapped->end();
  }
};

}  // namespace

Result<void> checkTensors(const Work& work) {
  for (const auto views : {work.inputs, work.outputs})
    for (const TensorView& view : views) {
      if (!view) continue;
      if (view.type != DataType::Float32)
        return fail(ErrorCode::Unsupported, view.type, " is not computed here");
      if (view.elements() > INT32_MAX / 4)
        return fail(ErrorCode::Unsupported, "tensors of more than ", INT32_MAX / 4,
                    " elements are not computed here");
    }
  return {};
}

}  // namespace cl

const Backend& clBackend() {
  static const cl::Cl backend;
  return backend;
}

}  // namespace minnow::backend
