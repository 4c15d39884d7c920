// Tensors, and where they lie on a device.
#include "backend/gpu/trial.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/aligned.h"
#include "base/fail.h"
#include "base/threads.h"

namespace minnow::backend::gpu {
namespace {

/// Dense, with the axes in the order in which they lie in `original`.
Strides stridesLike(const TensorDesc& original, const Shape& shape) {
  std::array<int, kMaxRank> axes{};
  std::iota(axes.begin(), axes.end(), 0);
  const auto rank = static_cast<size_t>(shape.rank());
  std::stable_sort(axes.begin(), axes.begin() + rank, [&](int a, int b) {
    return original.strides[static_cast<size_t>(a)] > original.strides[static_cast<size_t>(b)];
  });
  Strides strides{};
  int64_t step = 1;
  for (size_t i = rank; i-- > 0;) {
    strides[static_cast<size_t>(axes[i])] = step;
    step *= shape[axes[i]];
  }
  return strides;
}

/// Numbers from -4 to 4 that are the same in every process, and that halves hold where they are to; 0
/// where they could be indices.
void writeNumbers(const TensorView& view, bool halves) {
  if (view.type != DataType::Float32) return;
  uint32_t state = 1;
  for (int64_t i = 0; i < view.elements(); ++i) {
    state = state * 1664525 + 1013904223;
    const uint32_t drawn = halves ? state >> 21 << 13 : state >> 8;
    view.as<float>()[i] = static_cast<float>(drawn) * 0x1p-21F - 4;
  }
}

/// As the process's memory has them.
std::vector<TensorView> asTyped(std::vector<TensorView> views, std::span<const TensorType> types) {
  for (size_t i = 0; i < views.size(); ++i) views[i].type = types[i].type;
  return views;
}

}  // namespace

TensorView Trial::tensorLike(const TensorDesc& original, const TensorType& type) {
  TensorView view{{.type = type.type, .shape = type.shape}};
  if (!view) return view;
  view.strides = stridesLike(original, type.shape);
  memory_.push_back(base::alignedBytes(view.bytes()));
  view.data = memory_.back().get();
  return view;
}

Result<Trial> Trial::make(const Work& work, std::span<const TensorType> inputs) {
  Trial trial(work.op);
  trial.inputTypes_.assign(inputs.begin(), inputs.end());
  auto types = work.op.inferShape(inputs);
  if (!types) return passOn(types);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool constant = work.inputs[i].data != nullptr;
    trial.inputs_.push_back(constant ? work.inputs[i]
                                     : trial.tensorLike(work.inputs[i], inputs[i]));
    trial.freeInputs_.push_back(trial.inputs_.back());
    if (constant || !trial.inputs_.back()) continue;
    if (trial.inputs_.back().data == nullptr)
      return fail(ErrorCode::OutOfMemory, "no memory to try an operator");
    writeNumbers(trial.inputs_.back(), work.inputs[i].type == DataType::Float16);
    trial.freeInputs_.back().data = nullptr;
    trial.freeInputs_.back().type = work.inputs[i].type;
  }
  for (size_t i = 0; i < work.outputs.size(); ++i) {
    const TensorType type = work.outputs[i] ? (*types)[i] : TensorType{};
    trial.outputTypes_.push_back(type);
    trial.outputs_.push_back(trial.tensorLike(work.outputs[i], type));
    trial.freeOuts_.push_back(trial.outputs_.back());
    trial.freeOuts_.back().data = nullptr;
    trial.freeOuts_.back().type = work.outputs[i].type;
  }
  return trial;
}

Trial Trial::copy() const {
  Trial other = *this;
  for (TensorView& view : other.outputs_) view = other.tensorLike(view, {view.type, view.shape});
  return other;
}

Work Trial::work() const {
  return {*op_, freeInputs_, freeOuts_, inputTypes_, outputTypes_, {1}, false};
}

Result<double> Trial::run(const Backend& backend, int times) {
  Work one = work();
  const auto in = asTyped(freeInputs_, inputTypes_), out = asTyped(freeOuts_, outputTypes_);
  if (backend.memory() == nullptr) one.inputs = in, one.outputs = out;
  const auto kernel = backend.prepare({&one, 1});
  if (!kernel) return passOn(kernel);
  const base::DenormalsFlushed flushed;
  return backend.memory() == nullptr ? onHost(backend, **kernel, times)
                                     : onDevice(backend, **kernel, times);
}

Result<double> Trial::timed(const Backend& backend, const Kernel& kernel, kernels::KernelArgs args,
                            int times) const {
  base::Team alone;
  args.team = &alone;
  const auto begin = std::chrono::steady_clock::now();
  Event last = kDone;
  for (int i = 0; i < times; ++i) {
    const auto event = kernel.run(args);
    if (!event) return passOn(event);
    last = *event;
  }
  if (last != kDone)
    if (auto ok = backend.wait(kDone); !ok)  // for all that was begun; it is no frame of a session
      return passOn(ok);
  const std::chrono::duration<double, std::nano> passed = std::chrono::steady_clock::now() - begin;
  return passed.count();
}

Result<double> Trial::onHost(const Backend& backend, const Kernel& kernel, int times) {
  const auto workspace = base::alignedBytes(kernel.workspaceBytes());
  kernels::KernelArgs args{inputs_, outputs_, {}};
  args.workspace = {workspace.get(), kernel.workspaceBytes()};
  return timed(backend, kernel, args, times);
}

namespace {

/// Waits for all that was begun, after an error too: until then a device may read and write the trial's memory.
struct Waiting {
  const Backend& backend;
  ~Waiting() { (void)backend.wait(kDone); }
};

}  // namespace

Result<double> Trial::onDevice(const Backend& backend, const Kernel& kernel, int times) {
  const DeviceMemory& memory = *backend.memory();
  size_t end = 0;
  const auto place = [&](size_t bytes) {
    const size_t at = end;
    end += base::alignUp(bytes);
    return reinterpret_cast<std::byte*>(at);
  };
  std::vector<TensorView> in = freeInputs_, out = freeOuts_;
  for (TensorView& view : in)
    if (view && view.data == nullptr) view.data = place(view.bytes());
  for (TensorView& view : out)
    if (view) view.data = place(view.bytes());
  kernels::KernelArgs args{in, out, {}};
  std::byte* workspace = place(kernel.workspaceBytes());
  args.workspace = {workspace, kernel.workspaceBytes()};
  const auto block = memory.allocate(end);
  if (!block) return passOn(block);
  args.block = block->get();
  const Waiting whatever{backend};
  for (size_t i = 0; i < in.size(); ++i)
    if (in[i] && freeInputs_[i].data == nullptr)
      if (auto ok = memory.upload(inputs_[i], **block, in[i]); !ok) return passOn(ok);
  const auto passed = timed(backend, kernel, args, times);
  if (!passed) return passed;
  for (size_t i = 0; i < out.size(); ++i)
    if (out[i])
      if (auto ok = memory.download(**block, out[i], outputs_[i]); !ok) return passOn(ok);
  if (auto ok = backend.wait(kDone); !ok) return passOn(ok);
  return passed;
}

double errorOf(const TensorView& left, const TensorView& right, int64_t& compared) {
  if (right.type != DataType::Float32) {
    compared += right.elements();
    return std::memcmp(left.data, right.data, right.bytes()) == 0 ? 0 : 1;
  }
  double difference = 0, largest = 0;
  for (int64_t i = 0; i < right.elements(); ++i) {
    const double is = left.as<float>()[i], expected = right.as<float>()[i];
    if (!std::isfinite(expected)) continue;
    ++compared;
    largest = std::max(largest, std::fabs(expected));
    const double off = std::fabs(is - expected);
    difference = std::isfinite(off) ? std::max(difference, off) : HUGE_VAL;
  }
  if (difference < std::numeric_limits<float>::min()) return 0;
  return largest > 0 ? difference / largest : HUGE_VAL;
}

}  // namespace minnow::backend::gpu
