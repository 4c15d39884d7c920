// Any bytes as a .minnow file: loading, planning and, where that is little work, running must give
// a result or an error.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "format/header.h"
#include "format/read.h"
#include "format/write.h"
#include "minnow/runtime.h"

namespace {

using namespace minnow;

/// Running is bounded: hostile models may ask for any amount of work.
constexpr int64_t kMostMultiplyAdds = 100'000;
constexpr size_t kMostBytes = 1 << 20;

void runOnce(Session& session) {
  if (session.memory().dynamicBytes > kMostBytes) return;
  int64_t work = 0;
  for (const OperatorInfo& step : session.operators())
    if ((work += step.multiplyAdds) > kMostMultiplyAdds) return;
  auto frame = session.begin();
  if (!frame) return;
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    const TensorView input = frame->input(i);
    std::fill_n(input.as<std::byte>(), input.bytes(), std::byte{0x3e});
  }
  (void)frame->run();
}

/// Each input a little larger along each axis: sizes are settled anew.
void resize(Session& session) {
  const std::vector<TensorInfo> inputs(session.inputs().begin(), session.inputs().end());
  for (const TensorInfo& input : inputs)
    for (int axis = 0; axis < input.shape.rank(); ++axis) {
      Shape shape = input.shape;
      ++shape[axis];
      (void)session.resizeInput(input.name, shape);
    }
}

/// What is a file of its own within the file has checksums too.
void sealSizes(std::span<std::byte> file) {
  const auto graph = format::read(file, "fuzz");
  if (!graph || !graph->sizes) return;
  const auto at = static_cast<size_t>(graph->sizes->bytes.data() - file.data());
  if (graph->sizes->bytes.size() < sizeof(format::Header)) return;
  format::seal(file.subspan(at, graph->sizes->bytes.size()));
  format::seal(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto block = base::alignedBytes(size);
  const std::span<std::byte> file(block.get(), size);
  std::copy_n(reinterpret_cast<const std::byte*>(data), size, file.begin());
  format::seal(file);  // else hardly anything gets past the checksums
  sealSizes(file);
  (void)format::verifyWeights(file, "fuzz");
  const auto graph = format::read(file, "fuzz");
  if (!graph) return 0;
  if (!graph->verify() || !format::write(*graph)) __builtin_trap();

  static const auto runtime = Runtime::create({.threads = 1, .memoryBudget = size_t{64} << 20});
  auto model = Interpreter::createFromBuffer(const_cast<Runtime&>(*runtime), file);
  if (!model) return 0;
  auto session = model->createSession();
  if (!session) return 0;
  runOnce(*session);
  resize(*session);
  runOnce(*session);
  return 0;
}
