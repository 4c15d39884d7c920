// Java's native methods (minnow/engine/Native.java) over the C functions. A status that is not MINNOW_OK becomes an exception with
// the engine's message. javac writes the header, so that a signature that has changed does not compile.
#include "minnow_engine_Native.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include "minnow/minnow.h"
#include "minnow/minnow_vision.h"

namespace {

template <class Handle>
Handle* at(jlong address) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): Java has no pointers
  return reinterpret_cast<Handle*>(static_cast<intptr_t>(address));
}
jlong addressOf(const void* pointer) { return reinterpret_cast<intptr_t>(pointer); }

jbyteArray bytesOf(JNIEnv* env, const char* text) {
  const auto count = static_cast<jsize>(std::strlen(text));
  jbyteArray bytes = env->NewByteArray(count);
  if (bytes != nullptr)
    env->SetByteArrayRegion(bytes, 0, count, reinterpret_cast<const jbyte*>(text));
  return bytes;
}

template <class Number, size_t n>
jlongArray longsOf(JNIEnv* env, const Number (&values)[n], jsize count = n) {
  jlong numbers[n];
  for (size_t i = 0; i < n; ++i) numbers[i] = static_cast<jlong>(values[i]);
  jlongArray longs = env->NewLongArray(count);
  if (longs != nullptr) env->SetLongArrayRegion(longs, 0, count, numbers);
  return longs;
}

void throwNew(JNIEnv* env, const char* type, const char* message) {
  if (jclass found = env->FindClass(type)) env->ThrowNew(found, message);
}

/// Whether all is well; else an exception is pending when the method returns.
bool ok(JNIEnv* env, minnow_status status) {
  if (env->ExceptionCheck() != JNI_FALSE) return false;
  if (status == MINNOW_OK) return true;
  jclass type = env->FindClass("minnow/engine/MinnowException");
  if (type == nullptr) return false;
  jmethodID create = env->GetMethodID(type, "<init>", "(I[B)V");
  if (create == nullptr) return false;
  jbyteArray message = bytesOf(env, minnow_last_error());
  if (message == nullptr) return false;
  jobject made = env->NewObject(type, create, static_cast<jint>(status), message);
  if (made != nullptr) env->Throw(static_cast<jthrowable>(made));
  return false;
}

template <class Handle>
jlong created(JNIEnv* env, minnow_status status, Handle* const& made) {
  return ok(env, status) ? addressOf(made) : 0;
}

/// A text with a zero at its end, as Native.text() makes it.
class Text {
 public:
  Text(JNIEnv* env, jbyteArray array)
      : env_(env), array_(array), bytes_(env->GetByteArrayElements(array, nullptr)) {}
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text() {
    if (bytes_ != nullptr) env_->ReleaseByteArrayElements(array_, bytes_, JNI_ABORT);
  }
  /// NULL, and an exception is pending, where memory was short.
  const char* chars() const { return reinterpret_cast<const char*>(bytes_); }

 private:
  JNIEnv* env_;
  jbyteArray array_;
  jbyte* bytes_;
};

/// Shapes of inputs: names one behind the other, each with its zero, their ranks, and the extents of all.
class Shapes {
 public:
  Shapes(JNIEnv* env, jbyteArray names, jintArray ranks, jlongArray extents)
      : names_(env, names),
        extents_(static_cast<size_t>(env->GetArrayLength(extents))),
        list_(static_cast<size_t>(env->GetArrayLength(ranks))) {
    const auto count = static_cast<jsize>(list_.size());
    std::vector<jlong> longs(extents_.size());
    std::vector<jint> each(list_.size());
    env->GetLongArrayRegion(extents, 0, static_cast<jsize>(longs.size()), longs.data());
    env->GetIntArrayRegion(ranks, 0, count, each.data());
    extents_.assign(longs.begin(), longs.end());
    const char* name = names_.chars();
    const int64_t* extent = extents_.data();
    for (size_t i = 0; name != nullptr && i < list_.size(); ++i) {
      list_[i] = {name, extent, each[i]};
      name += std::strlen(name) + 1;
      extent += each[i];
    }
  }
  const minnow_input_shape* data() const { return list_.data(); }
  size_t count() const { return list_.size(); }

 private:
  Text names_;
  std::vector<int64_t> extents_;
  std::vector<minnow_input_shape> list_;
};

/// Runs the body, for which the C++ library may want memory that there is not.
template <class Body>
auto guarded(JNIEnv* env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    throwNew(env, "java/lang/OutOfMemoryError", "no memory for shapes");
    return decltype(body())();
  }
}

minnow_status quantisationOf(jlong session, jboolean output, jint index, minnow_quantisation* by) {
  return minnow_session_quantisation(at<minnow_session>(session), output,
                                     static_cast<size_t>(index), by);
}

minnow_status find(jlong frame, jboolean output, const char* name, minnow_tensor* tensor) {
  return output != JNI_FALSE ? minnow_frame_output(at<minnow_frame>(frame), name, tensor)
                             : minnow_frame_input(at<minnow_frame>(frame), name, tensor);
}

/// False after an exception.
bool completed(JNIEnv* env, minnow_type type, jfloatArray scales, jintArray axisAndZeros,
               minnow_pre_process* pre) {
  jfloat* scale = env->GetFloatArrayElements(scales, nullptr);
  if (scale == nullptr) return false;
  jint* zero = env->GetIntArrayElements(axisAndZeros, nullptr);
  bool done = zero != nullptr;
  if (done) {
    const auto scaleCount = static_cast<size_t>(env->GetArrayLength(scales));
    const auto zeroCount = static_cast<size_t>(env->GetArrayLength(axisAndZeros) - 1);
    const minnow_quantisation by{sizeof by, scale, zero + 1, scaleCount, zeroCount, zero[0], 0};
    done = ok(env, minnow_pre_process_for(type, &by, pre));
    env->ReleaseIntArrayElements(axisAndZeros, zero, JNI_ABORT);
  }
  env->ReleaseFloatArrayElements(scales, scale, JNI_ABORT);
  return done;
}

/// Copies a Java array's elements into a tensor or out of it; `copy` calls nothing of Java's.
template <class Copy>
void withElements(JNIEnv* env, jlong frame, jboolean output, jbyteArray name, jobject array,
                  jint release, Copy copy) {
  minnow_tensor tensor;
  const Text text(env, name);
  if (!ok(env, find(frame, output, text.chars(), &tensor))) return;
  const auto elements = static_cast<jarray>(array);
  void* raw = env->GetPrimitiveArrayCritical(elements, nullptr);
  if (raw == nullptr) return throwNew(env, "java/lang/OutOfMemoryError", "no memory for elements");
  const minnow_status status = copy(tensor, raw);
  env->ReleasePrimitiveArrayCritical(elements, raw, release);
  ok(env, status);
}

/// Type, shape and, where they are wanted, strides.
jlongArray described(JNIEnv* env, const minnow_tensor& tensor, bool withStrides) {
  jlong all[1 + 2 * MINNOW_MAX_RANK] = {tensor.type};
  for (int axis = 0; axis < tensor.rank; ++axis) {
    all[1 + axis] = tensor.shape[axis];
    all[1 + tensor.rank + axis] = tensor.strides[axis];
  }
  return longsOf(env, all, 1 + tensor.rank * (withStrides ? 2 : 1));
}

minnow_image imageOf(JNIEnv* env, jobjectArray planes, jintArray layout) {
  jint members[7];
  env->GetIntArrayRegion(layout, 0, 7, members);
  const void* bytes[3] = {};
  for (jsize i = 0; i < 3; ++i)
    if (jobject plane = env->GetObjectArrayElement(planes, i))
      bytes[i] = env->GetDirectBufferAddress(plane);
  minnow_image image = MINNOW_IMAGE_INIT;
  image.data = static_cast<const uint8_t*>(bytes[0]);
  image.width = members[0];
  image.height = members[1];
  image.row_bytes = members[2];
  image.format = members[3];
  image.matrix = members[4];
  image.full_range = members[5];
  for (int i = 0; i < 2; ++i) {
    image.chroma[i] = static_cast<const uint8_t*>(bytes[1 + i]);
    image.chroma_row_bytes[i] = members[6];
  }
  return image;
}

minnow_pre_process preProcessOf(JNIEnv* env, jintArray choices, jfloatArray numbers) {
  jint chosen[12];
  jfloat given[10];
  env->GetIntArrayRegion(choices, 0, 12, chosen);
  env->GetFloatArrayRegion(numbers, 0, 10, given);
  return {sizeof(minnow_pre_process),
          chosen[0],
          chosen[1],
          chosen[2],
          chosen[3],
          {given[0], given[1], given[2]},
          {given[3], given[4], given[5]},
          {given[6], given[7], given[8]},
          chosen[4],
          given[9],
          chosen[5],
          chosen[6],
          chosen[7],
          chosen[8],
          chosen[9],
          chosen[10],
          chosen[11],
          0,
          1};
}

}  // namespace

extern "C" {

jbyteArray Java_minnow_engine_Native_version(JNIEnv* env, jclass) {
  return bytesOf(env, minnow_version());
}

jbyteArray Java_minnow_engine_Native_cpuTarget(JNIEnv* env, jclass) {
  return bytesOf(env, minnow_cpu_target());
}

jlong Java_minnow_engine_Native_address(JNIEnv* env, jclass, jobject buffer) {
  return addressOf(env->GetDirectBufferAddress(buffer));
}

jlong Java_minnow_engine_Native_createRuntime(JNIEnv* env, jclass, jint threads, jint concurrency,
                                              jlong budget) {
  minnow_runtime_options options = MINNOW_RUNTIME_OPTIONS_INIT;
  options.threads = threads;
  options.concurrency = concurrency;
  options.memory_budget =
      static_cast<size_t>(std::min<uint64_t>(static_cast<uint64_t>(budget), SIZE_MAX));
  minnow_runtime* runtime = nullptr;
  return created(env, minnow_runtime_create(&options, &runtime), runtime);
}

void Java_minnow_engine_Native_destroyRuntime(JNIEnv*, jclass, jlong runtime) {
  minnow_runtime_destroy(at<minnow_runtime>(runtime));
}

jlongArray Java_minnow_engine_Native_ledger(JNIEnv* env, jclass, jlong runtime, jboolean peak) {
  minnow_ledger held = MINNOW_LEDGER_INIT;
  minnow_ledger* now = peak != JNI_FALSE ? nullptr : &held;
  if (!ok(env, minnow_runtime_ledger(at<minnow_runtime>(runtime), now,
                                     now == nullptr ? &held : nullptr)))
    return nullptr;
  const size_t bytes[] = {held.model_bytes, held.static_bytes, held.dynamic_bytes, held.heap_bytes,
                          held.device_bytes};
  return longsOf(env, bytes);
}

jlong Java_minnow_engine_Native_createModel(JNIEnv* env, jclass, jlong runtime, jbyteArray path,
                                            jboolean verify) {
  minnow_interpreter_options options = MINNOW_INTERPRETER_OPTIONS_INIT;
  options.verify_weights = verify;
  minnow_interpreter* model = nullptr;
  const Text file(env, path);
  return created(env,
                 minnow_interpreter_create_from_file(at<minnow_runtime>(runtime), file.chars(),
                                                     &options, &model),
                 model);
}

jlong Java_minnow_engine_Native_createModelOfBytes(JNIEnv* env, jclass, jlong runtime,
                                                   jobject bytes, jlong count, jboolean verify) {
  minnow_interpreter_options options = MINNOW_INTERPRETER_OPTIONS_INIT;
  options.verify_weights = verify;
  minnow_interpreter* model = nullptr;
  return created(env,
                 minnow_interpreter_create_from_buffer(
                     at<minnow_runtime>(runtime), env->GetDirectBufferAddress(bytes),
                     static_cast<size_t>(count), &options, &model),
                 model);
}

void Java_minnow_engine_Native_destroyModel(JNIEnv*, jclass, jlong model) {
  minnow_interpreter_destroy(at<minnow_interpreter>(model));
}

jlong Java_minnow_engine_Native_createSession(JNIEnv* env, jclass, jlong model, jboolean wait,
                                              jboolean strips, jint frames, jbyteArray backends,
                                              jbyteArray names, jintArray ranks,
                                              jlongArray extents) {
  return guarded(env, [&]() -> jlong {
    const Text where(env, backends);
    const Shapes shapes(env, names, ranks, extents);
    minnow_session_options options = MINNOW_SESSION_OPTIONS_INIT;
    options.wait_for_arena = wait;
    options.in_strips = strips;
    options.frames = frames;
    options.backends = where.chars();
    minnow_session* session = nullptr;
    return created(env,
                   minnow_interpreter_create_session_for(at<minnow_interpreter>(model), &options,
                                                         shapes.data(), shapes.count(), &session),
                   session);
  });
}

void Java_minnow_engine_Native_destroySession(JNIEnv*, jclass, jlong session) {
  minnow_session_destroy(at<minnow_session>(session));
}

void Java_minnow_engine_Native_resize(JNIEnv* env, jclass, jlong session, jbyteArray names,
                                      jintArray ranks, jlongArray extents) {
  guarded(env, [&] {
    const Shapes shapes(env, names, ranks, extents);
    ok(env,
       minnow_session_resize_inputs(at<minnow_session>(session), shapes.data(), shapes.count()));
  });
}

jint Java_minnow_engine_Native_count(JNIEnv*, jclass, jlong session, jboolean output) {
  return static_cast<jint>((output != JNI_FALSE
                                ? minnow_session_output_count
                                : minnow_session_input_count)(at<minnow_session>(session)));
}

jbyteArray Java_minnow_engine_Native_name(JNIEnv* env, jclass, jlong session, jboolean output,
                                          jint index) {
  return bytesOf(env,
                 (output != JNI_FALSE ? minnow_session_output_name : minnow_session_input_name)(
                     at<minnow_session>(session), static_cast<size_t>(index)));
}

jlongArray Java_minnow_engine_Native_describe(JNIEnv* env, jclass, jlong session, jboolean output,
                                              jint index) {
  minnow_tensor tensor{};
  const auto describe =
      output != JNI_FALSE ? minnow_session_describe_output : minnow_session_describe_input;
  if (!ok(env, describe(at<minnow_session>(session), static_cast<size_t>(index), &tensor)))
    return nullptr;
  return described(env, tensor, false);
}

jfloatArray Java_minnow_engine_Native_scales(JNIEnv* env, jclass, jlong session, jboolean output,
                                             jint index) {
  minnow_quantisation by = MINNOW_QUANTISATION_INIT;
  if (!ok(env, quantisationOf(session, output, index, &by))) return nullptr;
  const auto count = static_cast<jsize>(by.scale_count);
  jfloatArray scales = env->NewFloatArray(count);
  if (scales != nullptr) env->SetFloatArrayRegion(scales, 0, count, by.scales);
  return scales;
}

jintArray Java_minnow_engine_Native_axisAndZeros(JNIEnv* env, jclass, jlong session,
                                                 jboolean output, jint index) {
  minnow_quantisation by = MINNOW_QUANTISATION_INIT;
  if (!ok(env, quantisationOf(session, output, index, &by))) return nullptr;
  const auto count = static_cast<jsize>(by.zero_point_count);
  jintArray all = env->NewIntArray(1 + count);
  if (all == nullptr) return nullptr;
  env->SetIntArrayRegion(all, 0, 1, &by.axis);
  env->SetIntArrayRegion(all, 1, count, by.zero_points);
  return all;
}

jlongArray Java_minnow_engine_Native_memory(JNIEnv* env, jclass, jlong session) {
  minnow_memory_report report = MINNOW_MEMORY_REPORT_INIT;
  if (!ok(env, minnow_session_memory(at<minnow_session>(session), &report))) return nullptr;
  const size_t bytes[] = {report.model_bytes,       report.static_bytes,   report.dynamic_bytes,
                          report.lower_bound_bytes, report.metadata_bytes, report.device_bytes};
  return longsOf(env, bytes);
}

jlong Java_minnow_engine_Native_begin(JNIEnv* env, jclass, jlong session) {
  minnow_frame* frame = nullptr;
  return created(env, minnow_session_begin(at<minnow_session>(session), &frame), frame);
}

void Java_minnow_engine_Native_run(JNIEnv* env, jclass, jlong frame) {
  ok(env, minnow_frame_run(at<minnow_frame>(frame)));
}

void Java_minnow_engine_Native_destroyFrame(JNIEnv*, jclass, jlong frame) {
  minnow_frame_destroy(at<minnow_frame>(frame));
}

jlongArray Java_minnow_engine_Native_tensor(JNIEnv* env, jclass, jlong frame, jboolean output,
                                            jbyteArray name) {
  minnow_tensor tensor;
  const Text text(env, name);
  return ok(env, find(frame, output, text.chars(), &tensor)) ? described(env, tensor, true)
                                                             : nullptr;
}

jobject Java_minnow_engine_Native_view(JNIEnv* env, jclass, jlong frame, jboolean output,
                                       jbyteArray name, jlong bytes) {
  minnow_tensor tensor;
  const Text text(env, name);
  return ok(env, find(frame, output, text.chars(), &tensor))
             ? env->NewDirectByteBuffer(tensor.data, bytes)
             : nullptr;
}

void Java_minnow_engine_Native_write(JNIEnv* env, jclass, jlong frame, jboolean output,
                                     jbyteArray name, jobject elements, jlong bytes) {
  withElements(env, frame, output, name, elements, JNI_ABORT,
               [&](const minnow_tensor& tensor, const void* raw) {
                 return minnow_tensor_write(&tensor, raw, static_cast<size_t>(bytes));
               });
}

void Java_minnow_engine_Native_read(JNIEnv* env, jclass, jlong frame, jboolean output,
                                    jbyteArray name, jobject elements, jlong bytes) {
  withElements(env, frame, output, name, elements, 0, [&](const minnow_tensor& tensor, void* raw) {
    return minnow_tensor_read(&tensor, raw, static_cast<size_t>(bytes));
  });
}

jdoubleArray Java_minnow_engine_Native_writeImage(JNIEnv* env, jclass, jlong frame, jbyteArray name,
                                                  jobjectArray planes, jintArray layout,
                                                  jintArray choices, jfloatArray numbers,
                                                  jfloatArray scales, jintArray axisAndZeros) {
  minnow_tensor tensor;
  const Text text(env, name);
  if (!ok(env, find(frame, JNI_FALSE, text.chars(), &tensor))) return nullptr;
  const minnow_image image = imageOf(env, planes, layout);
  minnow_pre_process pre = preProcessOf(env, choices, numbers);
  if (!completed(env, tensor.type, scales, axisAndZeros, &pre)) return nullptr;
  minnow_placement placed = MINNOW_PLACEMENT_INIT;
  if (!ok(env, minnow_write_image(&image, &pre, &tensor, &placed))) return nullptr;
  const jdouble members[] = {placed.scale_x,
                             placed.scale_y,
                             placed.offset_x,
                             placed.offset_y,
                             static_cast<jdouble>(placed.quarters),
                             static_cast<jdouble>(placed.mirror),
                             static_cast<jdouble>(placed.width),
                             static_cast<jdouble>(placed.height)};
  jdoubleArray doubles = env->NewDoubleArray(8);
  if (doubles != nullptr) env->SetDoubleArrayRegion(doubles, 0, 8, members);
  return doubles;
}

jdoubleArray Java_minnow_engine_Native_toPicture(JNIEnv* env, jclass, jdoubleArray placement,
                                                 jdouble column, jdouble row) {
  jdouble members[8], picture[2];
  env->GetDoubleArrayRegion(placement, 0, 8, members);
  const minnow_placement placed = {sizeof(minnow_placement),
                                   members[0],
                                   members[1],
                                   members[2],
                                   members[3],
                                   static_cast<int>(members[4]),
                                   static_cast<int>(members[5]),
                                   static_cast<int>(members[6]),
                                   static_cast<int>(members[7])};
  minnow_placement_to_picture(&placed, column, row, picture);
  jdoubleArray doubles = env->NewDoubleArray(2);
  if (doubles != nullptr) env->SetDoubleArrayRegion(doubles, 0, 2, picture);
  return doubles;
}

}  // extern "C"
