// Where a frame's tensors lie.
#include "runtime/bindings.h"

namespace minnow::runtime {

using program::kNone;

void Bindings::bind(std::byte* memory, std::span<void* const> onDevices) {
  arena = memory;
  for (size_t device = 0; device < blocks.size(); ++device)
    blocks[device] = static_cast<backend::DeviceBlock*>(onDevices[device]);
  forgetActualSizes();
}

void Bindings::forgetActualSizes() {
  for (size_t a = 0; a < actual.size(); ++a) actual[a] = planned(program->sizedByData[a]);
}

TensorView Bindings::planned(ir::ValueId id) const {
  const program::Place& place = program->places[id];
  TensorView view = program->viewOf(id);
  if (place.buffer != kNone)
    view.data =
        reinterpret_cast<void*>(addressOf(program->buffers[place.buffer]) + place.byteOffset);
  return view;
}

TensorView Bindings::tensor(ir::ValueId id) const {
  const int32_t index = program->places[id].actual;
  return index == kNone ? planned(id) : actual[index];
}

}  // namespace minnow::runtime
