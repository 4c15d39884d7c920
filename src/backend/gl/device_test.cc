// The device of this machine: what is larger than may be bound at a time, and whose context is
// current afterwards. Where there is none the tests say so and pass.
#include "backend/gl/device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "backend/gl/gl.h"
#include "base/threads.h"
#include "ops/unary.h"

namespace minnow::backend::gl {
namespace {

#define SKIP_WITHOUT_DEVICE() \
  if (!Device::get()) GTEST_SKIP() << Device::get().error().message

/// An operator of one input and one output of the same shape, whole on the device, at these bytes of
/// a block.
class OnDevice {
 public:
  OnDevice(size_t blockBytes, int64_t elements)
      : elements_(elements), block_(glBackend().memory()->allocate(blockBytes)) {
    op_.fn = ops::UnaryFn::Neg;
  }
  bool hasBlock() const { return block_.has_value(); }

  /// -1, -2, …: what is there after the operator ran.
  std::vector<float> run(size_t from, size_t to) {
    std::vector<float> numbers(static_cast<size_t>(elements_));
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i) + 1;
    const TensorView host = view(numbers.data());
    const std::vector<TensorView> x{view(reinterpret_cast<void*>(from))};
    std::vector<TensorView> y{view(reinterpret_cast<void*>(to))};
    const std::vector<TensorType> types{{DataType::Float32, host.shape}};
    const std::vector<TensorView> unknown{view(nullptr)};
    const Work asked{op_, unknown, unknown, types, types, {1}};
    auto kernel = glBackend().prepare({&asked, 1});
    if (!kernel) return ADD_FAILURE() << kernel.error().message, std::vector<float>();
    const DeviceMemory& memory = *glBackend().memory();
    EXPECT_TRUE(memory.upload(host, **block_, x[0]));
    base::Team alone;
    const auto event = (*kernel)->run({x, y, {}, &alone, {}, nullptr, block_->get()});
    EXPECT_TRUE(event) << event.error().message;
    std::ranges::fill(numbers, 0.0F);
    const auto back = memory.download(**block_, y[0], host);
    EXPECT_TRUE(back) << back.error().message;
    return numbers;
  }

  static void expectNegated(const std::vector<float>& numbers) {
    for (size_t i = 0; i < numbers.size(); ++i)
      ASSERT_EQ(numbers[i], -1 - static_cast<float>(i)) << i;
  }

 private:
  TensorView view(void* data) const {
    TensorView made;
    made.type = DataType::Float32;
    made.shape = {elements_};
    made.strides[0] = 1;
    made.data = data;
    return made;
  }
  ops::Unary op_;
  int64_t elements_;
  Result<std::unique_ptr<DeviceBlock>> block_;
};

TEST(GlDevice, TakesBlocksLargerThanMayBeBound) {
  SKIP_WITHOUT_DEVICE();
  const size_t most = (*Device::get())->mostBytes() / 64 * 64, end = 4 * most;
  OnDevice on(end, 1000);
  if (!on.hasBlock()) GTEST_SKIP() << "not so much memory";
  for (const size_t to : {size_t{64}, most - 64, 2 * most + 64, end - 4032})
    OnDevice::expectNegated(on.run(3 * most, to));
  OnDevice::expectNegated(on.run(0, end - 4032));
}

TEST(GlDevice, TensorsAsLargeAsItTakesReachTheirEnds) {
  SKIP_WITHOUT_DEVICE();
  const size_t most = (*Device::get())->mostBytes() / 64 * 64;
  OnDevice on(4 * most, static_cast<int64_t>(most / 8) * 2);
  if (!on.hasBlock()) GTEST_SKIP() << "not so much memory";
  OnDevice::expectNegated(on.run(64, 3 * most - 64));
}

TEST(GlDevice, LeavesTheContextOfAnApplication) {
  SKIP_WITHOUT_DEVICE();
  const Api& api = **gl::api();
  auto* const surfaceless =
      api.platformDisplay ? api.platformDisplay(EGL_PLATFORM_SURFACELESS_MESA, nullptr, nullptr)
                          : api.eglGetDisplay(EGL_DEFAULT_DISPLAY);
  ASSERT_TRUE(api.eglInitialize(surfaceless, nullptr, nullptr));
  ASSERT_TRUE(api.eglBindAPI(EGL_OPENGL_ES_API));
  const EGLint asked[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_ES3_BIT, EGL_SURFACE_TYPE, 0, EGL_NONE};
  EGLConfig config = nullptr;
  EGLint count = 0;
  ASSERT_TRUE(api.eglChooseConfig(surfaceless, asked, &config, 1, &count));
  const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE};
  auto* const theirs = api.eglCreateContext(surfaceless, config, EGL_NO_CONTEXT, version);
  ASSERT_NE(theirs, EGL_NO_CONTEXT);
  ASSERT_TRUE(api.eglMakeCurrent(surfaceless, EGL_NO_SURFACE, EGL_NO_SURFACE, theirs));
  GLuint buffer = 0;
  api.glGenBuffers(1, &buffer);
  api.glBindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  {
    OnDevice on(4096, 10);
    OnDevice::expectNegated(on.run(0, 1024));
  }
  EXPECT_EQ(api.eglGetCurrentContext(), theirs);
  GLint bound = 0;
  api.glGetIntegerv(0x8F37, &bound);  // GL_COPY_WRITE_BUFFER_BINDING
  EXPECT_EQ(static_cast<GLuint>(bound), buffer);
  api.eglMakeCurrent(surfaceless, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
  api.eglDestroyContext(surfaceless, theirs);
}

TEST(GlDevice, ServesThreadsInTurn) {
  SKIP_WITHOUT_DEVICE();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([] {
      OnDevice on(16384, 500);
      for (int k = 0; k < 20; ++k) OnDevice::expectNegated(on.run(0, 8192));
    });
  for (std::thread& thread : threads) thread.join();
  const Api& api = **gl::api();
  EXPECT_EQ(api.eglGetCurrentContext(), EGL_NO_CONTEXT);
}

// The last one: the context does not come back.
TEST(GlDeviceLost, IsAnErrorThatNamesItAndNothingIsSupportedAfterwards) {
  SKIP_WITHOUT_DEVICE();
  const Api& api = **gl::api();
  OnDevice on(4096, 10);
  OnDevice::expectNegated(on.run(0, 1024));
  const auto terminate =
      reinterpret_cast<EGLBoolean (*)(EGLDisplay)>(api.eglGetProcAddress("eglTerminate"));
  ASSERT_NE(terminate, nullptr);
  ASSERT_TRUE(terminate(dynamic_cast<Device&>(**Device::get()).display()));
  const auto lost = glBackend().wait(kDone + 1);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::DeviceFailed);
  EXPECT_NE(lost.error().message.find("gl: eglMakeCurrent"), std::string::npos)
      << lost.error().message;
  EXPECT_TRUE(glBackend().hasFailed());
}

}  // namespace
}  // namespace minnow::backend::gl
