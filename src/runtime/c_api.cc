// The C face of the runtime: handles own the C++ objects, errors become a code and a sentence kept
// for the calling thread.
#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/c_pre_process.h"
#include "base/fail.h"
#include "minnow/cpu.h"
#include "minnow/device.h"
#include "minnow/elements.h"
#include "minnow/minnow.h"
#include "minnow/runtime.h"
#include "ops/operator.h"
#include "program/lane.h"
#include "runtime/c_handles.h"

namespace {

using minnow::Error;
using minnow::ErrorCode;
using minnow::Result;
using minnow::Shape;
using minnow::TensorView;

static_assert(MINNOW_DEVICE_FAILED == static_cast<int>(ErrorCode::DeviceFailed) + 1);
static_assert(MINNOW_MAX_RANK == minnow::kMaxRank);

using namespace minnow::c;

/// A callback that calls one of C's; empty for none.
minnow::OpCallback calling(minnow_callback callback, void* user) {
  if (callback == nullptr) return {};
  return [=](const minnow::OperatorInfo& info, std::span<const TensorView> views) {
    std::vector<minnow_tensor> tensors;
    for (const TensorView& view : views) tensors.push_back(tensorOf(view));
    const minnow_operator op{info.name.c_str(), info.type.c_str(), info.kernel.c_str(),
                             info.index,        info.rowBegin,     info.rowEnd};
    const bool stops = callback(user, &op, tensors.data(), tensors.size()) != 0;
    return stops ? minnow::CallbackVerdict::Stop : minnow::CallbackVerdict::Continue;
  };
}

using OperandList = std::vector<minnow::OperandInfo> minnow::Operands::*;

minnow_status operandAt(const minnow_session* session, size_t step, OperandList list, size_t index,
                        minnow_operand* operand) {
  if (session == nullptr || operand == nullptr) return nullArgument();
  const minnow::Operands operands = session->object.operands(step);
  if (index >= (operands.*list).size())
    return failed(ErrorCode::NotFound, minnow::text("step ", step, " has no operand ", index));
  const minnow::OperandInfo& found = (operands.*list)[index];
  const bool absent = found.type == minnow::DataType::Undefined;
  *operand = {absent ? "" : found.name.data(), found.constant ? 1 : 0};
  return MINNOW_OK;
}

/// Copies between a tensor and `elements` by writeTensor or readTensor.
template <class Element>
minnow_status copy(const minnow_tensor* tensor, Element* elements, size_t bytes,
                   Result<void> (*copied)(const TensorView&, minnow::DataType,
                                          std::span<Element>)) {
  if (tensor == nullptr || elements == nullptr) return nullArgument();
  const TensorView view = viewOf(*tensor);
  if (!view || !minnow::ops::checkShape(view.shape))
    return failed(ErrorCode::InvalidArgument, "the tensor has no type or shape that exists");
  auto done = copied(view, view.type, {elements, bytes});
  return done ? MINNOW_OK : failed(std::move(done.error()));
}

Result<minnow::InterpreterOptions> optionsOf(const minnow_interpreter_options* options) {
  auto given = completed<minnow_interpreter_options>(options, MINNOW_INTERPRETER_OPTIONS_INIT);
  if (!given) return passOn(given);
  if (auto ok = areZero({given->reserved}); !ok) return passOn(ok);
  return minnow::InterpreterOptions{.verifyWeights = given->verify_weights != 0};
}

minnow_ledger ledgerOf(const minnow::MemoryLedger& ledger) {
  return {sizeof(minnow_ledger), ledger.modelBytes, ledger.staticBytes,
          ledger.dynamicBytes,   ledger.heapBytes,  ledger.deviceBytes};
}

std::vector<std::string> namesOf(const char* const* names) {
  std::vector<std::string> all;
  for (; names != nullptr && *names != nullptr; ++names) all.emplace_back(*names);
  return all;
}

Result<minnow::PathOptions> pathOf(const minnow_path* path) {
  const auto given = completed<minnow_path>(path, MINNOW_PATH_INIT);
  if (!given) return passOn(given);
  if (auto ok = areZero({given->reserved}); !ok) return passOn(ok);
  const auto [backend, backups] = splitList(given->backends);
  return minnow::PathOptions{namesOf(given->to), namesOf(given->from), std::string(backend),
                             std::string(backups), given->threads};
}

Result<minnow::SessionOptions> optionsOf(const minnow_session_options* options) {
  auto given = completed<minnow_session_options>(options, MINNOW_SESSION_OPTIONS_INIT);
  if (!given) return passOn(given);
  minnow::SessionOptions all{.waitForArena = given->wait_for_arena != 0,
                             .frames = given->frames,
                             .inStrips = given->in_strips != 0,
                             .precision = static_cast<minnow::Precision>(given->precision),
                             .autoPaths = given->auto_paths != 0};
  if (auto ok = areZero({given->reserved}); !ok) return passOn(ok);
  std::tie(all.backend, all.backups) = splitList(given->backends);
  if (given->precision != MINNOW_PRECISION_HIGH && given->precision != MINNOW_PRECISION_LOW)
    return minnow::fail(ErrorCode::InvalidArgument, "precision is ", given->precision,
                        ", neither MINNOW_PRECISION_HIGH nor MINNOW_PRECISION_LOW");
  if (given->path_count > 0 && given->paths == nullptr)
    return minnow::fail(ErrorCode::InvalidArgument, "path_count is ", given->path_count,
                        " and paths is NULL");
  if (!minnow::program::kHasPaths && given->path_count > 0) all.paths.resize(1);  // is refused
  const auto* at = reinterpret_cast<const unsigned char*>(given->paths);
  for (size_t p = 0; minnow::program::kHasPaths && p < given->path_count; ++p) {
    const auto* path = reinterpret_cast<const minnow_path*>(at);
    auto one = pathOf(path);
    if (!one) return minnow::fail(one.error().code, "path ", p + 1, ": ", one.error().message);
    all.paths.push_back(std::move(*one));
    at += path->size;
  }
  return all;
}

#ifndef MINNOW_WITHOUT_DEVICES
/// Calls bound(tensor) with what C gives.
template <class Bound>
minnow_status bind(const minnow_frame* frame, const char* name, const minnow_device_tensor* tensor,
                   const Bound& bound) {
  return checked([&]() -> minnow_status {
    if (frame == nullptr || name == nullptr || tensor == nullptr) return nullArgument();
    const auto given = completed<minnow_device_tensor>(tensor, MINNOW_DEVICE_TENSOR_INIT);
    if (!given) return failed(given.error());
    if (auto ok = areZero({given->reserved}); !ok) return failed(std::move(ok.error()));
    auto ok = bound({static_cast<_cl_mem*>(given->cl), given->gl, given->ready});
    return ok ? MINNOW_OK : failed(std::move(ok.error()));
  });
}

Result<minnow::DevicePicture> pictureOf(const minnow_device_picture* picture,
                                        const minnow_pre_process* pre) {
  const auto given = completed<minnow_device_picture>(picture, MINNOW_DEVICE_PICTURE_INIT);
  if (!given) return passOn(given);
  if (auto ok = areZero({given->reserved}); !ok) return passOn(ok);
  const auto how = preProcessOf(pre);
  if (!how) return passOn(how);
  return minnow::DevicePicture{.width = given->width,
                               .height = given->height,
                               .pre = *how,
                               .cl = static_cast<_cl_mem*>(given->cl),
                               .texture = given->texture,
                               .image = given->image,
                               .ready = given->ready};
}
#else
minnow_status noDevice() {
  return failed(ErrorCode::Unsupported, "this build computes on no device");
}
#endif

const char* nameAt(std::span<const minnow::TensorInfo> infos, size_t index) {
  return index < infos.size() ? infos[index].name.c_str() : nullptr;
}

minnow_status noTensor() { return failed(ErrorCode::NotFound, "there is no tensor of that index"); }

minnow_status describe(std::span<const minnow::TensorInfo> infos, size_t index,
                       minnow_tensor* tensor) {
  if (tensor == nullptr) return nullArgument();
  if (index >= infos.size()) return noTensor();
  TensorView view;
  view.type = infos[index].type;
  view.shape = infos[index].shape;
  return handOver(view, tensor);
}

}  // namespace

extern "C" {

const char* minnow_last_error(void) { return lastError.c_str(); }

const char* minnow_status_name(minnow_status status) {
  if (status == MINNOW_OK) return "ok";
  return minnow::errorCodeName(static_cast<ErrorCode>(static_cast<int>(status) - 1));
}

const char* minnow_version(void) { return minnow::version(); }

const char* minnow_cpu_target(void) { return minnow::cpuTarget().data(); }

minnow_status minnow_limit_cpu_target(const char* name) {
  return checked([&]() -> minnow_status {
    const auto limited = minnow::limitCpuTarget(name == nullptr ? "" : name);
    return limited ? MINNOW_OK : failed(limited.error());
  });
}

size_t minnow_tensor_bytes(const minnow_tensor* tensor) {
  if (tensor == nullptr) return 0;
  return minnow::guarded("a tensor",
                         [&]() -> Result<size_t> {
                           const TensorView view = viewOf(*tensor);
                           return minnow::ops::checkShape(view.shape) ? view.bytes() : 0;
                         })
      .value_or(0);
}

minnow_status minnow_tensor_write(const minnow_tensor* tensor, const void* elements, size_t bytes) {
  return checked([&]() -> minnow_status {
    return copy(tensor, static_cast<const std::byte*>(elements), bytes, minnow::writeTensor);
  });
}

minnow_status minnow_tensor_read(const minnow_tensor* tensor, void* elements, size_t bytes) {
  return checked([&]() -> minnow_status {
    return copy(tensor, static_cast<std::byte*>(elements), bytes, minnow::readTensor);
  });
}

minnow_status minnow_runtime_create(const minnow_runtime_options* options,
                                    minnow_runtime** runtime) {
  return checked([&]() -> minnow_status {
    if (runtime == nullptr) return nullArgument();
    auto given = completed<minnow_runtime_options>(options, MINNOW_RUNTIME_OPTIONS_INIT);
    if (!given) return failed(std::move(given.error()));
    const char* cache = given->kernel_cache;
    return handOver(minnow::Runtime::create({.threads = given->threads,
                                             .concurrency = given->concurrency,
                                             .memoryBudget = given->memory_budget,
                                             .kernelCache = cache == nullptr ? "" : cache}),
                    runtime);
  });
}

void minnow_runtime_destroy(minnow_runtime* runtime) { delete runtime; }

minnow_status minnow_runtime_ledger(const minnow_runtime* runtime, minnow_ledger* now,
                                    minnow_ledger* peak) {
  return checked([&]() -> minnow_status {
    if (runtime == nullptr) return nullArgument();
    const minnow::LedgerReport report = runtime->object.ledger();
    const minnow_status first = now ? handOver(ledgerOf(report.now), now) : MINNOW_OK;
    return first == MINNOW_OK && peak ? handOver(ledgerOf(report.peak), peak) : first;
  });
}

minnow_status minnow_interpreter_create_from_file(minnow_runtime* runtime, const char* path,
                                                  const minnow_interpreter_options* options,
                                                  minnow_interpreter** interpreter) {
  return checked([&]() -> minnow_status {
    if (runtime == nullptr || path == nullptr || interpreter == nullptr) return nullArgument();
    auto given = optionsOf(options);
    if (!given) return failed(std::move(given.error()));
    return handOver(minnow::Interpreter::createFromFile(runtime->object, path, *given),
                    interpreter);
  });
}

minnow_status minnow_interpreter_create_from_buffer(minnow_runtime* runtime, const void* model,
                                                    size_t bytes,
                                                    const minnow_interpreter_options* options,
                                                    minnow_interpreter** interpreter) {
  return checked([&]() -> minnow_status {
    if (runtime == nullptr || model == nullptr || interpreter == nullptr) return nullArgument();
    auto given = optionsOf(options);
    if (!given) return failed(std::move(given.error()));
    const std::span span(static_cast<const std::byte*>(model), bytes);
    return handOver(minnow::Interpreter::createFromBuffer(runtime->object, span, *given),
                    interpreter);
  });
}

void minnow_interpreter_release_model(minnow_interpreter* interpreter) {
  if (interpreter != nullptr) interpreter->object.releaseModel();
}

void minnow_interpreter_destroy(minnow_interpreter* interpreter) { delete interpreter; }

minnow_status minnow_interpreter_input_extent(const minnow_interpreter* interpreter, size_t input,
                                              int axis, minnow_extent* extent) {
  return checked([&]() -> minnow_status {
    if (interpreter == nullptr || extent == nullptr) return nullArgument();
    const auto inputs = interpreter->object.inputs();
    if (input >= inputs.size() || axis < 0 || axis >= inputs[input].shape.rank())
      return failed(ErrorCode::NotFound,
                    minnow::text("input ", input, " has no axis ", axis, " in this model"));
    const minnow::ExtentInfo info = interpreter->object.extent(input, axis);
    *extent = {info.name.data(), info.least, info.most};
    return MINNOW_OK;
  });
}

minnow_status minnow_interpreter_create_session(const minnow_interpreter* interpreter,
                                                const minnow_session_options* options,
                                                minnow_session** session) {
  return minnow_interpreter_create_session_for(interpreter, options, nullptr, 0, session);
}

minnow_status minnow_interpreter_create_session_for(const minnow_interpreter* interpreter,
                                                    const minnow_session_options* options,
                                                    const minnow_input_shape* shapes, size_t count,
                                                    minnow_session** session) {
  return checked([&]() -> minnow_status {
    if (interpreter == nullptr || session == nullptr || (shapes == nullptr && count != 0))
      return nullArgument();
    auto given = optionsOf(options);
    if (!given) return failed(std::move(given.error()));
    auto wanted = shapesOf(shapes, count);
    if (!wanted) return failed(std::move(wanted.error()));
    return handOver(interpreter->object.createSession(*given, *wanted), session);
  });
}

void minnow_session_destroy(minnow_session* session) { delete session; }

size_t minnow_session_input_count(const minnow_session* session) {
  return session == nullptr ? 0 : session->object.inputs().size();
}

size_t minnow_session_output_count(const minnow_session* session) {
  return session == nullptr ? 0 : session->object.outputs().size();
}

const char* minnow_session_input_name(const minnow_session* session, size_t index) {
  return session == nullptr ? nullptr : nameAt(session->object.inputs(), index);
}

const char* minnow_session_output_name(const minnow_session* session, size_t index) {
  return session == nullptr ? nullptr : nameAt(session->object.outputs(), index);
}

minnow_status minnow_session_resize_input(minnow_session* session, const char* name,
                                          const int64_t* shape, int rank) {
  const minnow_input_shape one = {name, shape, rank};
  return minnow_session_resize_inputs(session, &one, 1);
}

minnow_status minnow_session_resize_inputs(minnow_session* session,
                                           const minnow_input_shape* shapes, size_t count) {
  return checked([&]() -> minnow_status {
    if (session == nullptr || (shapes == nullptr && count != 0)) return nullArgument();
    auto wanted = shapesOf(shapes, count);
    if (!wanted) return failed(std::move(wanted.error()));
    auto resized = session->object.resizeInputs(*wanted);
    return resized ? MINNOW_OK : failed(std::move(resized.error()));
  });
}

minnow_status minnow_session_memory(const minnow_session* session, minnow_memory_report* report) {
  return checked([&]() -> minnow_status {
    if (session == nullptr || report == nullptr) return nullArgument();
    const minnow::MemoryReport memory = session->object.memory();
    return handOver({sizeof *report, memory.modelBytes, memory.staticBytes, memory.dynamicBytes,
                     memory.lowerBoundBytes, memory.metadataBytes, memory.deviceBytes},
                    report);
  });
}

minnow_status minnow_session_device_memory(const minnow_session* session, size_t index,
                                           minnow_device_memory* report) {
  return checked([&]() -> minnow_status {
    if (session == nullptr || report == nullptr) return nullArgument();
    const auto all = session->object.deviceMemory();
    if (index >= all.size())
      return failed(ErrorCode::NotFound, minnow::text("the session has no device ", index));
    return handOver(
        {sizeof *report, all[index].backend, all[index].weightBytes, all[index].blockBytes},
        report);
  });
}

minnow_status minnow_session_describe_input(const minnow_session* session, size_t index,
                                            minnow_tensor* tensor) {
  return session ? describe(session->object.inputs(), index, tensor) : nullArgument();
}

minnow_status minnow_session_describe_output(const minnow_session* session, size_t index,
                                             minnow_tensor* tensor) {
  return session ? describe(session->object.outputs(), index, tensor) : nullArgument();
}

minnow_status minnow_session_quantisation(const minnow_session* session, int output, size_t index,
                                          minnow_quantisation* quantisation) {
  if (session == nullptr || quantisation == nullptr) return nullArgument();
  const auto infos = output != 0 ? session->object.outputs() : session->object.inputs();
  if (index >= infos.size()) return noTensor();
  return handOver(infos[index].quantisation, quantisation);
}

size_t minnow_session_step_count(const minnow_session* session) {
  return session == nullptr ? 0 : session->object.operators().size();
}

minnow_status minnow_session_input_of_step(const minnow_session* session, size_t step, size_t index,
                                           minnow_operand* operand) {
  return checked(
      [&] { return operandAt(session, step, &minnow::Operands::inputs, index, operand); });
}

minnow_status minnow_session_output_of_step(const minnow_session* session, size_t step,
                                            size_t index, minnow_operand* operand) {
  return checked(
      [&] { return operandAt(session, step, &minnow::Operands::outputs, index, operand); });
}

minnow_status minnow_session_begin(minnow_session* session, minnow_frame** frame) {
  return checked([&]() -> minnow_status {
    if (session == nullptr || frame == nullptr) return nullArgument();
    return handOver(session->object.begin(), frame);
  });
}

minnow_status minnow_frame_input(const minnow_frame* frame, const char* name,
                                 minnow_tensor* tensor) {
  return checked([&]() -> minnow_status {
    if (frame == nullptr || name == nullptr || tensor == nullptr) return nullArgument();
    return handOver(frame->object.input(name), tensor);
  });
}

minnow_status minnow_frame_output(const minnow_frame* frame, const char* name,
                                  minnow_tensor* tensor) {
  return checked([&]() -> minnow_status {
    if (frame == nullptr || name == nullptr || tensor == nullptr) return nullArgument();
    return handOver(frame->object.output(name), tensor);
  });
}

minnow_status minnow_frame_run(minnow_frame* frame) {
  return checked([&]() -> minnow_status {
    if (frame == nullptr) return nullArgument();
    auto ran = frame->object.run();
    return ran ? MINNOW_OK : failed(std::move(ran.error()));
  });
}

#ifndef MINNOW_WITHOUT_DEVICES
minnow_status minnow_frame_bind_input(minnow_frame* frame, const char* name,
                                      const minnow_device_tensor* tensor) {
  return bind(frame, name, tensor, [&](const minnow::DeviceTensor& theirs) {
    return frame->object.bindInput(name, theirs);
  });
}

minnow_status minnow_frame_bind_output(minnow_frame* frame, const char* name,
                                       const minnow_device_tensor* tensor) {
  return bind(frame, name, tensor, [&](const minnow::DeviceTensor& theirs) {
    return frame->object.bindOutput(name, theirs);
  });
}

minnow_status minnow_frame_bind_picture(minnow_frame* frame, const char* name,
                                        const minnow_device_picture* picture,
                                        const minnow_pre_process* pre) {
  return checked([&]() -> minnow_status {
    if (frame == nullptr || name == nullptr || picture == nullptr) return nullArgument();
    const auto theirs = pictureOf(picture, pre);
    if (!theirs) return failed(theirs.error());
    auto ok = frame->object.bindInput(name, *theirs);
    return ok ? MINNOW_OK : failed(std::move(ok.error()));
  });
}

minnow_status minnow_cl_device(void** device, void** context, void** queue) {
  return checked([&]() -> minnow_status {
    if (device == nullptr || context == nullptr || queue == nullptr) return nullArgument();
    const auto is =
        minnow::clDevice({static_cast<_cl_device_id*>(*device), static_cast<_cl_context*>(*context),
                          static_cast<_cl_command_queue*>(*queue)});
    if (!is) return failed(is.error());
    *device = is->device, *context = is->context, *queue = is->queue;
    return MINNOW_OK;
  });
}

minnow_status minnow_gl_device(void** display, void** context) {
  return checked([&]() -> minnow_status {
    if (display == nullptr || context == nullptr) return nullArgument();
    const auto is = minnow::glDevice();
    if (!is) return failed(is.error());
    *display = is->display, *context = is->context;
    return MINNOW_OK;
  });
}
#else
minnow_status minnow_frame_bind_input(minnow_frame*, const char*, const minnow_device_tensor*) {
  return noDevice();
}
minnow_status minnow_frame_bind_output(minnow_frame*, const char*, const minnow_device_tensor*) {
  return noDevice();
}
minnow_status minnow_frame_bind_picture(minnow_frame*, const char*, const minnow_device_picture*,
                                        const minnow_pre_process*) {
  return noDevice();
}
minnow_status minnow_cl_device(void**, void**, void**) { return noDevice(); }
minnow_status minnow_gl_device(void**, void**) { return noDevice(); }
#endif

minnow_status minnow_frame_run_with_callback(minnow_frame* frame, minnow_callback before,
                                             minnow_callback after, void* user) {
  return checked([&]() -> minnow_status {
    if (frame == nullptr) return nullArgument();
    auto ran = frame->object.runWithCallback(calling(before, user), calling(after, user));
    return ran ? MINNOW_OK : failed(std::move(ran.error()));
  });
}

void minnow_frame_destroy(minnow_frame* frame) { delete frame; }

}  // extern "C"
