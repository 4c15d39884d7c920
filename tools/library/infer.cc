// An inference by one call, what is predicted, and hashes.
#include "analysis/hash.h"
#include "base/fail.h"
#include "face.h"
#include "ops/operator.h"
#include "runtime/c_handles.h"

namespace minnow {
namespace {

using namespace minnow::c;

Result<void> checkCount(const char* kind, size_t given, size_t expected) {
  if (given == expected) return {};
  return fail(ErrorCode::InvalidArgument, "the model has ", expected, " ", kind, ", not ", given);
}

Result<void> checkInput(const TensorInfo& info, const TensorView& given) {
  if (given && given.type == info.type && given.shape == info.shape) return {};
  return fail(ErrorCode::ShapeMismatch, "input '", info.name, "' is ", info.type, " ", info.shape,
              ", not ", given.type, " ", given.shape);
}

Result<void> writeInputs(const Session& session, const Frame& frame, const minnow_tensor* inputs) {
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    const TensorView given = viewOf(inputs[i]);
    if (auto ok = checkInput(session.inputs()[i], given); !ok) return ok;
    if (given.data == nullptr && given.elements() > 0)
      return fail(ErrorCode::InvalidArgument, "input '", session.inputs()[i].name, "' has no data");
    copyTensor(given, frame.input(i));
  }
  return {};
}

/// What came out, row-major at `data`.
void readOutput(const TensorView& from, minnow_tensor& to) {
  TensorView plain = from;
  plain.strides = plainStrides(from.shape);
  plain.data = to.data;
  copyTensor(from, plain);
  to = tensorOf(plain);
}

Result<void> infer(Session& session, const minnow_tensor* inputs, size_t inputCount,
                   minnow_tensor* outputs, size_t outputCount) {
  if (auto ok = checkCount("inputs", inputCount, session.inputs().size()); !ok) return ok;
  if (auto ok = checkCount("outputs", outputCount, session.outputs().size()); !ok) return ok;
  auto frame = session.begin();
  if (!frame) return passOn(frame);
  if (auto ok = writeInputs(session, *frame, inputs); !ok) return ok;
  if (auto ok = frame->run(); !ok) return ok;
  for (size_t i = 0; i < outputCount; ++i)
    if (outputs[i].data != nullptr) readOutput(frame->output(i), outputs[i]);
  return {};
}

}  // namespace
}  // namespace minnow

using namespace minnow;

extern "C" {

minnow_status minnow_session_infer(minnow_session* session, const minnow_tensor* inputs,
                                   size_t input_count, minnow_tensor* outputs,
                                   size_t output_count) {
  return checked([&]() -> minnow_status {
    if (session == nullptr || (inputs == nullptr && input_count != 0) ||
        (outputs == nullptr && output_count != 0))
      return nullArgument();
    auto ran = infer(session->object, inputs, input_count, outputs, output_count);
    return ran ? MINNOW_OK : failed(std::move(ran.error()));
  });
}

minnow_status minnow_runtime_predicted(const minnow_runtime* runtime, int concurrency,
                                       minnow_memory_report* report) {
  return checked([&]() -> minnow_status {
    if (runtime == nullptr || report == nullptr) return nullArgument();
    if (concurrency < 0)
      return failed(ErrorCode::InvalidArgument, text("concurrency is ", concurrency));
    const MemoryReport memory = runtime->object.predicted(concurrency);
    return handOver({sizeof *report, memory.modelBytes, memory.staticBytes, memory.dynamicBytes,
                     memory.lowerBoundBytes, memory.metadataBytes, memory.deviceBytes},
                    report);
  });
}

minnow_status minnow_tensor_hash(const minnow_tensor* tensor, char digits[33]) {
  return checked([&]() -> minnow_status {
    if (tensor == nullptr || digits == nullptr) return nullArgument();
    const TensorView view = viewOf(*tensor);
    if (!view || !ops::checkShape(view.shape))
      return failed(ErrorCode::InvalidArgument, "the tensor has no type or shape that exists");
    const std::string hash = analysis::hashOf(view);
    std::memcpy(digits, hash.c_str(), hash.size() + 1);
    return MINNOW_OK;
  });
}

}  // extern "C"
