// Choosing rows, and tensors that cross.
#include "backend/gpu/gpu.h"

#include <cstring>

#include "backend/gpu/joined.h"
#include "backend/gpu/launches.h"
#include "backend/gpu/rows.h"
#include "backend/reference/host.h"
#include "base/fail.h"
#include "base/half.h"
#include "kernels/elementwise.h"

namespace minnow::backend::gpu {
namespace {

/// A tensor of a block, in the process's memory until it goes.
class Mapped {
 public:
  static Result<Mapped> make(Device& device, const Buffer& buffer, const TensorView& view,
                             bool toWrite) {
    Mapped mapped(device, buffer, view);
    const Reach reach(view);
    const auto size = static_cast<int64_t>(elementSize(view.type)), low = reach.low * size;
    const auto first = static_cast<size_t>(static_cast<int64_t>(deviceOffset(view)) + low);
    const auto there =
        device.map(buffer, first, static_cast<size_t>(reach.elements() * size), toWrite);
    if (!there) return passOn(there);
    mapped.there_ = *there;
    mapped.view_.data = static_cast<std::byte*>(mapped.there_) - low;
    return mapped;
  }
  const TensorView& view() const { return view_; }
  Result<void> end() { return device_.unmap(buffer_, there_); }

 private:
  Mapped(Device& device, const Buffer& buffer, const TensorView& view)
      : device_(device), buffer_(buffer), view_(view) {}
  Device& device_;
  const Buffer& buffer_;
  TensorView view_;
  void* there_ = nullptr;
};

/// Float32 to halves, or back.
template <class From, class To>
void convert(const TensorView& from, const TensorView& to, bool alike) {
  const auto* x = from.as<const From>();
  auto* y = to.as<To>();
  if (alike) {
    const int64_t count = from.elements();
    for (int64_t i = 0; i < count; ++i) y[i] = static_cast<To>(x[i]);
    return;
  }
  const int rank = from.shape.rank();
  kernels::forEachIndex(from.shape, [&](const auto& at) {
    y[kernels::offsetOf(at, to.strides, rank)] =
        static_cast<To>(x[kernels::offsetOf(at, from.strides, rank)]);
  });
}

/// In the same order, without gaps.
bool lieAlike(const TensorView& from, const TensorView& to) {
  const Reach reach(from);
  return from.strides == to.strides && reach.low == 0 && reach.elements() == from.elements();
}

/// At once where both lie alike.
void copy(const TensorView& from, const TensorView& to) {
  const bool alike = lieAlike(from, to);
  if (from.type == DataType::Float32 && to.type == DataType::Float16)
    convert<float, base::Half>(from, to, alike);
  else if (from.type == DataType::Float16 && to.type == DataType::Float32)
    convert<base::Half, float>(from, to, alike);
  else if (alike)
    std::memcpy(to.data, from.data, from.bytes());
  else
    copyTensor(from, to);
}

Result<void> crossMapped(Device& device, const Buffer& buffer, const TensorView& there,
                         const TensorView& host, bool toDevice) {
  auto mapped = Mapped::make(device, buffer, there, toDevice);
  if (!mapped) return passOn(mapped);
  toDevice ? copy(host, mapped->view()) : copy(mapped->view(), host);
  return mapped->end();
}

/// What lies alike on both sides the device copies by itself, if it does that.
Result<Event> crossOn(Device& device, const Buffer& buffer, const TensorView& there,
                      const TensorView& host, bool toDevice) {
  if (there.elements() == 0) return kDone;
  if (auto ok = device.startNoted(); !ok) return passOn(ok);
  auto turn = Turn::take(device);
  if (!turn) return passOn(turn);
  const std::span bytes(static_cast<std::byte*>(host.data), host.bytes());
  const bool begins = device.copies() && host.type == there.type && lieAlike(host, there);
  auto ok = begins ? device.copy(buffer, deviceOffset(there), bytes, toDevice)
                   : crossMapped(device, buffer, there, host, toDevice);
  if (ok) ok = turn->end();
  if (!ok) return passOn(ok);
  return begins ? kDone + 1 : kDone;
}

Result<Event> cross(const Opened& device, DeviceBlock& block, const TensorView& there,
                    const TensorView& host, bool toDevice) {
  if (!device) return passOn(device);
  return (*device)->ran(crossOn(**device, static_cast<Buffer&>(block), there, host, toDevice));
}

}  // namespace

void Device::giveUp(Error& error) {
  if (error.message.find(name()) == std::string::npos) error.message += " on " + name();
  error.message +=
      ": the device is not used any more by this process; make the session again, and it is "
      "computed by the back-ends behind this one";
  const std::string* none = nullptr;
  auto words = std::make_unique<const std::string>(error.message);
  if (failure_.compare_exchange_strong(none, words.get())) (void)words.release();
}

BackendInfo DeviceBackend::info() const {
  const Opened& opened = device();
  if (!opened) return {name_, "", opened.error().message.c_str()};
  std::string trouble;
  const auto add = [&](const std::string& words) {
    if (!words.empty()) trouble += (trouble.empty() ? "" : "; ") + words;
  };
  if (const std::string* failure = (*opened)->failure()) add(*failure);
  add(tests_.trouble());
  add((*opened)->apart());
  add((*opened)->cache().trouble());
  return {name_, (*opened)->name().c_str(), "", std::move(trouble), (*opened)->workGroups()};
}

void DeviceBackend::keepIn(std::string_view folder, std::string_view engine) const {
  if (!folder.empty()) Cache::use(folder, engine);
}

void DeviceBackend::measure(const Backend& host) const {
  const Opened& opened = device();
  if (!opened || hasFailed() || !(*opened)->cache().isUsed()) return;
  const std::lock_guard lock(mutex_);
  if (!std::exchange(measured_, true)) costs_ = costsOf(*this, **opened, host);
}

Costs DeviceBackend::costs() const {
  const std::lock_guard lock(mutex_);
  return costs_;
}

bool DeviceBackend::hasFailed() const {
  const Opened& opened = device();
  return opened && (*opened)->failure() != nullptr;
}

Result<void> DeviceBackend::supports(const Work& work) const {
  const Opened& opened = device();
  if (!opened) return passOn(opened);
  if (const std::string* failure = (*opened)->failure())
    return fail(ErrorCode::Unsupported, "it failed before: ", *failure);
  const auto row = rowFor(work, **opened);
  if (!row) return passOn(row);
  return tests_.check(*this, **opened, **row, work);
}

double DeviceBackend::cost(const Work& work) const { return costs().of(work); }

Result<std::unique_ptr<Kernel>> DeviceBackend::prepare(std::span<const Work> forms) const {
  const Opened& opened = device();
  if (!opened) return passOn(opened);
  const Work& work = forms.front();  // steps on a device do not run in strips
  const auto row = rowFor(work, **opened);
  if (!row) return passOn(row);
  auto launches =
      std::make_unique<Launches>(**opened, (*row)->name, storesHalves(work), (*row)->constants);
  auto ok = (*opened)->noted((*row)->prepare(work, **opened, *launches));
  launches->cost = hostCost(work);
  const bool waits = work.inProgram && mayJoin(**opened, *launches);  // for its neighbours
  if (ok && !waits) ok = (*opened)->noted(launches->compile());
  if (!ok) return passOn(ok);
  return launches;
}

Result<void> DeviceBackend::join(std::span<const PlacedKernel> steps) const {
  const Opened& opened = device();
  if (!opened) return passOn(opened);
  return (*opened)->noted(gpu::join(**opened, steps));
}

/// What has been noted is started, and waited for whatever comes of that.
static Result<void> finishAll(Device& device) {
  auto started = device.startNoted();
  auto done = device.finish();
  return started ? done : started;
}

Result<void> DeviceBackend::wait(Event event) const {
  const Opened& opened = device();
  if (!opened) return passOn(opened);
  auto done = (*opened)->ran(finishAll(**opened));
  if (done && event != kDone) (*opened)->keepWhatRan();
  return done;
}

Result<std::unique_ptr<DeviceBlock>> DeviceBackend::allocate(size_t bytes) const {
  const Opened& opened = device();
  if (!opened) return passOn(opened);
  return (*opened)->noted((*opened)->buffer(bytes));
}

Result<Event> DeviceBackend::upload(const TensorView& from, DeviceBlock& block,
                                    const TensorView& to) const {
  return cross(device(), block, to, from, true);
}

Result<Event> DeviceBackend::download(DeviceBlock& block, const TensorView& from,
                                      const TensorView& to) const {
  return cross(device(), block, from, to, false);
}

}  // namespace minnow::backend::gpu
