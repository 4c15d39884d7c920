// Memory of OpenCL as input and output of a session, with the CPU's bits.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "backend/cl/api.h"
#include "base/half.h"
#include "device_inputs.h"
#include "minnow/minnow.h"
#include "ops/arg_reduce.h"
#include "ops/cast.h"

namespace minnow {
namespace {

using backend::cl::Api;
using test::numbers;
using test::OnDevice;
using test::Sine;

const Api& api() { return **backend::cl::api(); }

/// A buffer of the application's.
class Memory {
 public:
  Memory(cl_context context, size_t bytes)
      : memory_(api().clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, nullptr, nullptr)),
        bytes_(bytes) {}
  template <class T>
  Memory(const ClDevice& device, const std::vector<T>& elements)
      : Memory(device.context, elements.size() * sizeof(T)) {
    write(device.queue, elements);
  }
  Memory(const Memory&) = delete;
  ~Memory() { api().clReleaseMemObject(memory_); }
  cl_mem get() const { return memory_; }

  template <class T>
  void write(cl_command_queue queue, const std::vector<T>& elements) {
    void* there = mapped(queue, CL_MAP_WRITE);
    std::memcpy(there, elements.data(), bytes_);
    unmap(queue, there);
  }
  std::vector<float> read(cl_command_queue queue) {
    std::vector<float> elements(bytes_ / sizeof(float));
    void* there = mapped(queue, CL_MAP_READ);
    std::memcpy(elements.data(), there, bytes_);
    unmap(queue, there);
    return elements;
  }

 private:
  void* mapped(cl_command_queue queue, cl_map_flags flags) {
    cl_int code = CL_SUCCESS;
    void* there = api().clEnqueueMapBuffer(queue, memory_, CL_TRUE, flags, 0, bytes_, 0, nullptr,
                                           nullptr, &code);
    EXPECT_EQ(code, CL_SUCCESS);
    return there;
  }
  /// Waits.
  void unmap(cl_command_queue queue, void* there) {
    cl_event done = nullptr;
    api().clEnqueueUnmapMemObject(queue, memory_, there, 0, nullptr, &done);
    api().clWaitForEvents(1, &done);
    api().clReleaseEvent(done);
  }
  cl_mem memory_;
  size_t bytes_;
};

#define SKIP_WITHOUT_DEVICE() \
  if (!backend::cl::api() || !clDevice()) GTEST_SKIP() << "there is no OpenCL device here"

// The first one, before the device is open: tests of one process have one.
TEST(ClContext, OfAnApplicationIsTheEnginesIfItComesFirst) {
  if (!backend::cl::api()) GTEST_SKIP() << "there is no OpenCL here";
  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  if (api().clGetPlatformIDs(1, &platform, nullptr) != CL_SUCCESS ||
      api().clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr) != CL_SUCCESS)
    GTEST_SKIP() << "there is no OpenCL device here";
  ClDevice own{device, api().clCreateContext(nullptr, 1, &device, nullptr, nullptr, nullptr)};
  own.queue = api().clCreateCommandQueue(own.context, device, 0, nullptr);
  const auto opened = clDevice({.context = own.context, .queue = own.queue});
  ASSERT_TRUE(opened) << opened.error().message;
  for (const auto& is : {*opened, *clDevice(), *clDevice(own)}) {
    EXPECT_EQ(is.device, own.device);
    EXPECT_EQ(is.context, own.context);
    EXPECT_EQ(is.queue, own.queue);
  }
  const ClDevice late{device,
                      api().clCreateContext(nullptr, 1, &device, nullptr, nullptr, nullptr)};
  const auto refused = clDevice(late);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
  EXPECT_TRUE(refused.error().message.contains("is open already")) << refused.error().message;
  OnDevice on(test::networkOf(3), "cl");
  const auto input = numbers(3 * 48 * 64, 0);
  auto frame = *on.session.begin();
  const Memory x(own, input);
  ASSERT_TRUE(frame.bindInput("x", DeviceTensor{.cl = x.get()}));
  ASSERT_TRUE(frame.run());
  EXPECT_EQ(test::plainOf(frame.output(0)), test::onCpu(on, input));
}

TEST(ClInputs, AreReadWhereTheyLieAndInNoAccount) {
  SKIP_WITHOUT_DEVICE();
  OnDevice on(test::networkOf(3), "cl");
  const ClDevice device = *clDevice();
  const auto first = numbers(3 * 48 * 64, -0.5F), second = numbers(3 * 48 * 64, 0.25F);
  Memory x(device, first);
  const MemoryLedger before = on.runtime.ledger().now;
  {
    auto frame = *on.session.begin();
    for (int run = 0; run < 2; ++run) {
      ASSERT_TRUE(frame.bindInput("x", DeviceTensor{.cl = x.get()}));
      ASSERT_TRUE(frame.run());
      EXPECT_EQ(test::plainOf(frame.output(0)), test::onCpu(on, first));
      EXPECT_EQ(x.read(device.queue), first) << "nobody writes there";
    }
    x.write(device.queue, second);
    ASSERT_TRUE(frame.run()) << "it stays bound";
    EXPECT_EQ(test::plainOf(frame.output(0)), test::onCpu(on, second));
    const MemoryLedger now = on.runtime.ledger().now;
    EXPECT_EQ(now.deviceBytes, on.session.memory().deviceBytes);
    EXPECT_EQ(now.dynamicBytes, on.session.memory().dynamicBytes);
    EXPECT_GT(now.heapBytes, before.heapBytes);
    const MemoryLedger bound = now;
    ASSERT_TRUE(frame.bindInput("x", DeviceTensor{}));
    EXPECT_EQ(on.runtime.ledger().now.heapBytes, before.heapBytes);
    test::runFrame(frame, 0.5F);
    ASSERT_TRUE(frame.bindInput("x", DeviceTensor{.cl = x.get()}));
    EXPECT_EQ(on.runtime.ledger().now, bound);
  }
  EXPECT_EQ(on.runtime.ledger().now.heapBytes, before.heapBytes);
  EXPECT_EQ(on.runtime.predicted().total(), on.session.memory().total());
  EXPECT_EQ(test::runOnce(on.session, 0.5F).size(), first.size()) << "the next frame has its own";
}

TEST(ClInputs, WaitOnTheDeviceForWhatIsNotReady) {
  SKIP_WITHOUT_DEVICE();
  OnDevice on(test::networkOf(3), "cl");
  const ClDevice device = *clDevice();
  void* const library = dlopen("libOpenCL.so.1", RTLD_NOW);
  const auto makeEvent =
      reinterpret_cast<decltype(&clCreateUserEvent)>(dlsym(library, "clCreateUserEvent"));
  const auto setStatus =
      reinterpret_cast<decltype(&clSetUserEventStatus)>(dlsym(library, "clSetUserEventStatus"));
  const auto late = numbers(3 * 48 * 64, 0.25F);
  Memory x(device, numbers(3 * 48 * 64, 0));
  const cl_event ready = makeEvent(device.context, nullptr);
  const cl_command_queue theirs =
      api().clCreateCommandQueue(device.context, device.device, 0, nullptr);
  auto frame = *on.session.begin();
  ASSERT_TRUE(frame.bindInput("x", DeviceTensor{.cl = x.get(), .ready = ready}));
  std::thread camera([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    x.write(theirs, late);
    setStatus(ready, CL_COMPLETE);
  });
  const auto ran = frame.run();
  camera.join();
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(test::plainOf(frame.output(0)), test::onCpu(on, late));
  api().clReleaseEvent(ready);
}

TEST(ClOutputs, AreLeftWhereTheyAreWanted) {
  SKIP_WITHOUT_DEVICE();
  OnDevice on(test::networkOf(3), "cl");
  const ClDevice device = *clDevice();
  const auto input = numbers(3 * 48 * 64, -0.5F);
  const Memory x(device, input);
  Memory y(device.context, input.size() * sizeof(float));
  auto frame = *on.session.begin();
  ASSERT_TRUE(frame.bindInput("x", DeviceTensor{.cl = x.get()}));
  ASSERT_TRUE(frame.bindOutput("out", {.cl = y.get()}));
  ASSERT_TRUE(frame.run());
  EXPECT_EQ(y.read(device.queue), test::onCpu(on, input));
}

/// Theirs are float32, ours halves: as if both had crossed.
TEST(ClOutputs, AndInputsAreFloatsAlsoWhereTensorsAreHalves) {
  SKIP_WITHOUT_DEVICE();
  OnDevice on(test::networkOf(3), "cl", Precision::Low);
  const ClDevice device = *clDevice();
  const auto input = numbers(3 * 48 * 64, -0.5F);
  const Memory x(device, input);
  Memory y(device.context, input.size() * sizeof(float));
  auto frame = *on.session.begin();
  ASSERT_TRUE(frame.bindInput("x", DeviceTensor{.cl = x.get()}));
  ASSERT_TRUE(frame.run());
  const auto crossed = test::plainOf(frame.output(0));
  ASSERT_TRUE(frame.bindOutput("out", {.cl = y.get()}));
  ASSERT_TRUE(frame.run());
  EXPECT_EQ(y.read(device.queue), crossed);
  const auto expected = test::onCpu(on, input);
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(crossed[i], expected[i], 5e-3) << i;
}

TEST(ClInputs, AreBoundInC) {
  SKIP_WITHOUT_DEVICE();
  void *device = nullptr, *context = nullptr, *queue = nullptr;
  ASSERT_EQ(minnow_cl_device(&device, &context, &queue), MINNOW_OK) << minnow_last_error();
  EXPECT_EQ(context, clDevice()->context);
  const OnDevice on(test::networkOf(3), "cl");  // for its bytes
  minnow_runtime* runtime = nullptr;
  minnow_interpreter* interpreter = nullptr;
  minnow_session* session = nullptr;
  minnow_frame* frame = nullptr;
  minnow_session_options options = MINNOW_SESSION_OPTIONS_INIT;
  options.backends = "cl,cpu";
  ASSERT_EQ(minnow_runtime_create(nullptr, &runtime), MINNOW_OK);
  ASSERT_EQ(minnow_interpreter_create_from_buffer(runtime, on.model.span.data(),
                                                  on.model.span.size(), nullptr, &interpreter),
            MINNOW_OK);
  ASSERT_EQ(minnow_interpreter_create_session(interpreter, &options, &session), MINNOW_OK);
  minnow_device_memory memory = MINNOW_DEVICE_MEMORY_INIT;
  ASSERT_EQ(minnow_session_device_memory(session, 0, &memory), MINNOW_OK);
  EXPECT_STREQ(memory.backend, "cl");
  EXPECT_EQ(memory.weight_bytes + memory.block_bytes, on.session.memory().deviceBytes);
  EXPECT_EQ(minnow_session_device_memory(session, 1, &memory), MINNOW_NOT_FOUND);
  ASSERT_EQ(minnow_session_begin(session, &frame), MINNOW_OK);
  const auto input = numbers(3 * 48 * 64, -0.5F);
  Memory x(*clDevice(), input), y(*clDevice(), std::vector<float>(input.size()));
  minnow_device_tensor tensor = MINNOW_DEVICE_TENSOR_INIT;
  tensor.cl = x.get();
  EXPECT_EQ(minnow_frame_bind_input(frame, "x", &tensor), MINNOW_OK) << minnow_last_error();
  EXPECT_EQ(minnow_frame_bind_input(frame, "z", &tensor), MINNOW_NOT_FOUND);
  tensor.cl = y.get();
  EXPECT_EQ(minnow_frame_bind_output(frame, "out", &tensor), MINNOW_OK) << minnow_last_error();
  EXPECT_EQ(minnow_frame_run(frame), MINNOW_OK) << minnow_last_error();
  EXPECT_EQ(y.read(clDevice()->queue), test::onCpu(on, input));
  const test::Pixels pixels(64, 48);
  const Memory picturesOwn(*clDevice(), pixels.bytes);
  minnow_device_picture picture = MINNOW_DEVICE_PICTURE_INIT;
  picture.cl = picturesOwn.get(), picture.width = 64, picture.height = 48;
  minnow_pre_process how = MINNOW_PRE_PROCESS_INIT;
  how.colour = MINNOW_COLOUR_BGR, how.quarters = 2, how.mirror = 1;
  how.mean[1] = 7, how.scale[2] = 0.25F;
  EXPECT_EQ(minnow_frame_bind_picture(frame, "x", &picture, &how), MINNOW_OK)
      << minnow_last_error();
  EXPECT_EQ(minnow_frame_run(frame), MINNOW_OK) << minnow_last_error();
  const vision::PreProcess pre{.colour = vision::ColourOrder::Bgr,
                               .mean = {0, 7, 0},
                               .scale = {1, 1, 0.25F},
                               .turn = {vision::Rotation::Clockwise180, true}};
  EXPECT_EQ(y.read(clDevice()->queue), test::onCpu(on, test::written(pixels, pre, {1, 3, 48, 64})));
  how.quarters = 4;
  EXPECT_EQ(minnow_frame_bind_picture(frame, "x", &picture, &how), MINNOW_INVALID_ARGUMENT);
  tensor.reserved = 1;
  EXPECT_EQ(minnow_frame_bind_input(frame, "x", &tensor), MINNOW_INVALID_ARGUMENT);
  EXPECT_EQ(minnow_frame_bind_input(frame, "x", nullptr), MINNOW_INVALID_ARGUMENT);
  minnow_frame_destroy(frame);
  minnow_session_destroy(session);
  minnow_interpreter_destroy(interpreter);
  minnow_runtime_destroy(runtime);
}

TEST(ClPictures, BecomeTheBitsThatTheCpuWrites) {
  SKIP_WITHOUT_DEVICE();
  const ClDevice device = *clDevice();
  for (const int64_t channels : {1, 3, 4}) {
    OnDevice on(test::networkOf(channels), "cl");
    auto frame = *on.session.begin();
    for (const test::PictureCase& one : test::pictureCases(channels)) {
      const test::Pixels pixels(one.width, one.height);
      const Memory memory(device, pixels.bytes);
      const auto ok = frame.bindInput(
          "x", DevicePicture{
                   .width = one.width, .height = one.height, .pre = one.pre, .cl = memory.get()});
      ASSERT_TRUE(ok) << ok.error().message;
      EXPECT_EQ(test::taken(frame), test::written(pixels, one.pre, {1, channels, 48, 64}));
    }
  }
}

TEST(ClPictures, BecomeHalvesOfThese) {
  SKIP_WITHOUT_DEVICE();
  OnDevice on(test::networkOf(3), "cl", Precision::Low);
  auto frame = *on.session.begin();
  for (const test::PictureCase& one : test::pictureCases(3)) {
    const test::Pixels pixels(one.width, one.height);
    const Memory memory(*clDevice(), pixels.bytes);
    ASSERT_TRUE(frame.bindInput(
        "x", DevicePicture{
                 .width = one.width, .height = one.height, .pre = one.pre, .cl = memory.get()}));
    auto expected = test::written(pixels, one.pre, {1, 3, 48, 64});
    for (float& number : expected) number = static_cast<float>(base::Half(number));
    EXPECT_EQ(test::taken(frame), expected);
  }
}

TEST(ClInputs, ThatDoNotFitAreRefused) {
  SKIP_WITHOUT_DEVICE();
  OnDevice on(test::networkOf(3), "cl");
  const ClDevice device = *clDevice();
  const size_t bytes = sizeof(float) * 3 * 48 * 64;
  const cl_context other =
      api().clCreateContext(nullptr, 1, &device.device, nullptr, nullptr, nullptr);
  const Memory fits(device.context, bytes), large(device.context, bytes + 4), foreign(other, bytes);
  auto frame = *on.session.begin();
  const MemoryLedger before = on.runtime.ledger().now;
  const auto refusal = [&](const auto& what, ErrorCode code) {
    return test::refusal(frame.bindInput("x", what), code);
  };
  using enum ErrorCode;
  EXPECT_TRUE(refusal(DeviceTensor{large.get()}, ShapeMismatch).contains("36868")) << "bytes";
  EXPECT_TRUE(refusal(DeviceTensor{foreign.get()}, InvalidArgument).contains("another context"));
  EXPECT_TRUE(refusal(DeviceTensor{.gl = 1}, InvalidArgument).contains("by OpenCL"));
  EXPECT_TRUE(
      test::refusal(frame.bindInput("y", DeviceTensor{fits.get()}), NotFound).contains("x"));
  EXPECT_TRUE(refusal(DevicePicture{.width = 60, .height = 48, .cl = fits.get()}, ShapeMismatch)
                  .contains("60x48 pixels after crop and turn, and the input takes 64x48"));
  EXPECT_TRUE(refusal(DevicePicture{.width = 64, .height = 48, .cl = large.get()}, ShapeMismatch)
                  .contains("12288"));
  EXPECT_TRUE(refusal(DevicePicture{.width = 64,
                                    .height = 48,
                                    .pre = {.colour = vision::ColourOrder::Gray},
                                    .cl = fits.get()},
                      ShapeMismatch)
                  .contains("no axis of 1 channels"));
  EXPECT_EQ(on.runtime.ledger().now, before);
  EXPECT_EQ(test::runFrame(frame, 0.5F).size(), 3U * 48 * 64) << "the frame is as it was";
}

TEST(ClInputs, AreRefusedWhereTheCpuReadsThem) {
  SKIP_WITHOUT_DEVICE();
  const Memory fits(clDevice()->context, sizeof(float) * 3 * 48 * 64);
  const DeviceTensor tensor{.cl = fits.get()};
  OnDevice reads(test::networkOf(3, Sine::OfInput), "cl"),
      ends(test::networkOf(3, Sine::OfOutput), "cl"), none(test::networkOf(3), "cpu");
  auto frame = *reads.session.begin();
  const auto words = test::refusal(frame.bindInput("x", tensor), ErrorCode::Unsupported);
  EXPECT_TRUE(words.contains("input 'x' is read by Sin 'Sin3' on the CPU (cl: ")) << words;
  auto last = *ends.session.begin();
  EXPECT_TRUE(test::refusal(last.bindOutput("out", tensor), ErrorCode::Unsupported)
                  .contains("output 'out' is computed by Sin"));
  EXPECT_TRUE(last.bindInput("x", tensor));
  auto all = *none.session.begin();
  EXPECT_TRUE(test::refusal(all.bindInput("x", tensor), ErrorCode::Unsupported)
                  .contains("is read by Conv"));
}

/// Devices compute on real numbers: who reads bytes is the CPU, which has a picture's scale for them.
TEST(ClPictures, IntoBytesAreRefusedWithAdvice) {
  SKIP_WITHOUT_DEVICE();
  for (const DataType type : {DataType::Uint8, DataType::Int8}) {
    test::Builder b("bytes");
    const ir::ValueId bytes = b.input("x", {1, 3, 48, 64}, type);
    ops::Cast real;
    real.to = DataType::Float32;
    const ir::ValueId x = b.add(real, {bytes});
    OnDevice on(b.finish(b.conv(b.conv(x, 3, 64, 3, 1, 1, 1), 64, 16, 3, 1, 1, 2)), "cl");
    const Memory memory(clDevice()->context, 4 * 48 * 64);
    auto frame = *on.session.begin();
    const DevicePicture picture{.width = 64, .height = 48, .cl = memory.get()};
    const auto words = test::refusal(frame.bindInput("x", picture), ErrorCode::Unsupported);
    EXPECT_TRUE(words.contains("Frame::input()")) << words;
  }
}

TEST(ClOutputs, OfOtherTypesAreRefused) {
  SKIP_WITHOUT_DEVICE();
  test::Builder b("labels");
  ops::ArgReduce labels;
  labels.axis = 1;
  const ir::ValueId x = b.input("x", {1, 16, 48, 64});
  const ir::ValueId y = b.conv(b.conv(x, 16, 64, 3, 1, 1, 1), 64, 16, 3, 1, 1, 2);
  OnDevice on(b.finish(b.add(labels, {y})), "cl");
  const Memory memory(clDevice()->context, sizeof(int64_t) * 48 * 64);
  auto frame = *on.session.begin();
  const auto words =
      test::refusal(frame.bindOutput("out", {.cl = memory.get()}), ErrorCode::Unsupported);
  EXPECT_TRUE(words.contains("not int64") || words.contains("on the CPU")) << words;
}

TEST(ClInputs, MayNotFitTheBudget) {
  SKIP_WITHOUT_DEVICE();
  const test::Model model(test::networkOf(3));
  const auto needed = [&](Runtime& runtime) {
    return Interpreter::createFromBuffer(runtime, model.span)
        ->createSession({.backend = "cl"})
        ->memory()
        .total();
  };
  Runtime free = *Runtime::create();
  Runtime tight = *Runtime::create({.memoryBudget = needed(free) + 64});
  auto interpreter = *Interpreter::createFromBuffer(tight, model.span);
  auto session = *interpreter.createSession({.backend = "cl"});
  auto frame = *session.begin();
  const auto input = numbers(3 * 48 * 64, 0.5F);
  const Memory x(*clDevice(), input);
  EXPECT_TRUE(
      test::refusal(frame.bindInput("x", DeviceTensor{.cl = x.get()}), ErrorCode::OutOfMemory)
          .contains("over the memory budget"));
  EXPECT_FALSE(test::runFrame(frame, 0.5F).empty()) << "and nothing has changed";
}

}  // namespace
}  // namespace minnow
