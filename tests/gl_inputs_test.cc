// Textures, images of EGL and buffers of OpenGL ES as input and output of a session: of an
// application's context that shares with the engine's.
#include <gtest/gtest.h>

#include <cmath>

#include "backend/gl/api.h"
#include "device_inputs.h"

namespace minnow {
namespace {

using backend::gl::Api;
using test::numbers;
using test::OnDevice;
using test::Sine;

const Api& api() { return **backend::gl::api(); }

/// A function that the engine does not use.
template <class Function>
Function find(const char* name) {
  return reinterpret_cast<Function>(api().eglGetProcAddress(name));
}
#define MINNOW_FIND(name) find<decltype(&name)>(#name)

/// With a context of the application's that is current on this thread.
class GlInputs : public testing::Test {
 protected:
  void SetUp() override {
    if (!backend::gl::api() || !glDevice()) GTEST_SKIP() << "there is no OpenGL ES here";
    device_ = *glDevice();
    api().eglBindAPI(EGL_OPENGL_ES_API);
    context_ = makeContext(device_.context);
    makeCurrent(context_);
  }
  void TearDown() override {
    if (context_ == EGL_NO_CONTEXT) return;
    EXPECT_EQ(api().eglGetCurrentContext(), context_) << "the engine gives it back";
    EXPECT_EQ(api().glGetError(), GLenum{GL_NO_ERROR});
    makeCurrent(EGL_NO_CONTEXT);
    api().eglDestroyContext(device_.display, context_);
  }

  EGLContext makeContext(EGLContext beside) const {
    const EGLint asked[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_ES3_BIT, EGL_SURFACE_TYPE, 0, EGL_NONE};
    const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE};
    EGLConfig config = nullptr;
    EGLint count = 0;
    api().eglChooseConfig(device_.display, asked, &config, 1, &count);
    return api().eglCreateContext(device_.display, config, beside, version);
  }
  void makeCurrent(EGLContext context) const {
    ASSERT_TRUE(api().eglMakeCurrent(device_.display, EGL_NO_SURFACE, EGL_NO_SURFACE, context));
  }

  static GLuint texture(const test::Pixels& pixels, GLenum format = GL_RGBA8) {
    GLuint name = 0;
    api().glGenTextures(1, &name);
    api().glBindTexture(GL_TEXTURE_2D, name);
    MINNOW_FIND(glTexStorage2D)(GL_TEXTURE_2D, 1, format, pixels.width, pixels.height);
    if (format == GL_RGBA8) MINNOW_FIND(glTexSubImage2D)
    (GL_TEXTURE_2D, 0, 0, 0, pixels.width, pixels.height, GL_RGBA, GL_UNSIGNED_BYTE,
     pixels.bytes.data());
    api().glFinish();
    return name;
  }
  static GLuint buffer(const std::vector<float>& elements) {
    GLuint name = 0;
    api().glGenBuffers(1, &name);
    api().glBindBuffer(GL_COPY_WRITE_BUFFER, name);
    api().glBufferData(GL_COPY_WRITE_BUFFER,
                       static_cast<GLsizeiptr>(elements.size() * sizeof(float)), elements.data(),
                       GL_DYNAMIC_COPY);
    api().glFinish();
    return name;
  }
  static std::vector<float> read(GLuint name, size_t count) {
    std::vector<float> elements(count);
    api().glBindBuffer(GL_COPY_WRITE_BUFFER, name);
    const auto* there = static_cast<const float*>(api().glMapBufferRange(
        GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(count * sizeof(float)), GL_MAP_READ_BIT));
    std::copy_n(there, count, elements.begin());
    api().glUnmapBuffer(GL_COPY_WRITE_BUFFER);
    return elements;
  }

  GlDevice device_;
  EGLContext context_ = EGL_NO_CONTEXT;
};

void expectNear(const std::vector<float>& found, const std::vector<float>& expected,
                float tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  float most = 0;
  for (const float number : expected) most = std::max(most, std::fabs(number));
  ASSERT_GT(most, 0);
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], tolerance * most) << i;
}

constexpr float kPictures = 1e-6F, kNetworks = 1e-4F;

TEST_F(GlInputs, OfATextureAreWhatTheCpuWrites) {
  for (const int64_t channels : {1, 3, 4}) {
    OnDevice on(test::networkOf(channels), "gl");
    auto frame = *on.session.begin();
    for (const test::PictureCase& one : test::pictureCases(channels)) {
      const test::Pixels pixels(one.width, one.height);
      const auto ok = frame.bindInput("x", DevicePicture{.width = one.width,
                                                         .height = one.height,
                                                         .pre = one.pre,
                                                         .texture = texture(pixels)});
      ASSERT_TRUE(ok) << ok.error().message;
      const auto expected = test::written(pixels, one.pre, {1, channels, 48, 64});
      expectNear(test::taken(frame), expected, kPictures);
      if (channels != 1) continue;
      ASSERT_TRUE(frame.run());
      expectNear(test::plainOf(frame.output(0)), test::onCpu(on, expected), kNetworks);
      EXPECT_EQ(on.runtime.ledger().now.deviceBytes, on.session.memory().deviceBytes);
    }
  }
}

PFNGLEGLIMAGETARGETTEXTURE2DOESPROC imageToTexture = nullptr;

/// As a driver does with an image in YUV.
void onlyExternal(GLenum target, GLeglImageOES image) {
  imageToTexture(target == GL_TEXTURE_2D ? 0 : target, image);
}

/// As a camera's frame comes. Nothing needs to be shared, and the image may go at once.
TEST_F(GlInputs, OfAnImageAreWhatTheCpuWrites) {
  const auto create = find<PFNEGLCREATEIMAGEKHRPROC>("eglCreateImageKHR");
  const auto destroy = find<PFNEGLDESTROYIMAGEKHRPROC>("eglDestroyImageKHR");
  if (!create || !api().imageToTexture) GTEST_SKIP() << "EGL makes no images";
  const EGLContext alone = makeContext(EGL_NO_CONTEXT);
  makeCurrent(alone);
  const test::Pixels pixels(64, 48);
  const auto name = reinterpret_cast<EGLClientBuffer>(static_cast<uintptr_t>(texture(pixels)));
  OnDevice on(test::networkOf(3), "gl");
  auto frame = *on.session.begin();
  const vision::PreProcess pre{.mean = {100, 110, 120}, .scale = {0.25F, 0.5F, 1}};
  imageToTexture = api().imageToTexture;
  for (const auto function : {imageToTexture, PFNGLEGLIMAGETARGETTEXTURE2DOESPROC{onlyExternal}}) {
    const_cast<Api&>(api()).imageToTexture = function;
    const EGLImageKHR image = create(device_.display, alone, EGL_GL_TEXTURE_2D_KHR, name, nullptr);
    ASSERT_NE(image, EGL_NO_IMAGE_KHR);
    const auto ok =
        frame.bindInput("x", DevicePicture{.width = 64, .height = 48, .pre = pre, .image = image});
    ASSERT_TRUE(ok) << ok.error().message;
    EXPECT_TRUE(destroy(device_.display, image));
    expectNear(test::taken(frame), test::written(pixels, pre, {1, 3, 48, 64}), kPictures);
  }
  const_cast<Api&>(api()).imageToTexture = imageToTexture;
  const auto refused =
      frame.bindInput("x", DevicePicture{.width = 64, .height = 48, .texture = 4711});
  EXPECT_TRUE(test::refusal(refused, ErrorCode::InvalidArgument).contains("has no texture 4711"));
  makeCurrent(context_);
  api().eglDestroyContext(device_.display, alone);
}

TEST_F(GlInputs, AndOutputsAreFloatsAlsoWhereTensorsAreHalves) {
  constexpr float kHalves = 5e-3F;
  OnDevice on(test::networkOf(3), "gl", Precision::Low);
  const auto input = numbers(3 * 48 * 64, -0.5F);
  const GLuint x = buffer(input), y = buffer(std::vector<float>(input.size()));
  auto frame = *on.session.begin();
  ASSERT_TRUE(frame.bindInput("x", DeviceTensor{.gl = x}));
  ASSERT_TRUE(frame.bindOutput("out", DeviceTensor{.gl = y}));
  ASSERT_TRUE(frame.run());
  expectNear(read(y, input.size()), test::onCpu(on, input), kHalves);
  const test::Pixels pixels(64, 48);
  const vision::PreProcess pre{.mean = {100, 110, 120}, .scale = {0.25F, 0.5F, 1}};
  ASSERT_TRUE(frame.bindInput(
      "x", DevicePicture{.width = 64, .height = 48, .pre = pre, .texture = texture(pixels)}));
  expectNear(test::taken(frame), test::written(pixels, pre, {1, 3, 48, 64}), kHalves);
}

/// What the device was last told to wait for. Whether it then waits is the driver's.
GLsync awaited = nullptr;
PFNGLWAITSYNCPROC waitSync = nullptr;
void notedWait(GLsync sync, GLbitfield flags, GLuint64 timeout) {
  awaited = sync;
  waitSync(sync, flags, timeout);
}

TEST_F(GlInputs, AndOutputsMayBeBuffersAndComeLate) {
  OnDevice on(test::networkOf(3), "gl");
  const auto input = numbers(3 * 48 * 64, -0.5F);
  const GLuint x = buffer(std::vector<float>(input.size())), y = buffer(input);
  auto frame = *on.session.begin();
  api().glBindBuffer(GL_COPY_WRITE_BUFFER, x);
  MINNOW_FIND(glBufferSubData)
  (GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(input.size() * sizeof(float)), input.data());
  const GLsync ready = MINNOW_FIND(glFenceSync)(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  MINNOW_FIND(glFlush)();
  waitSync = api().glWaitSync;
  const_cast<Api&>(api()).glWaitSync = notedWait;
  const auto bound = frame.bindInput("x", DeviceTensor{.gl = x, .ready = ready});
  const_cast<Api&>(api()).glWaitSync = waitSync;
  ASSERT_TRUE(bound) << bound.error().message;
  EXPECT_EQ(awaited, ready) << "on the device, before anything reads it";
  MINNOW_FIND(glDeleteSync)(ready);
  ASSERT_TRUE(frame.bindOutput("out", DeviceTensor{.gl = y}));
  ASSERT_TRUE(frame.run());
  expectNear(read(y, input.size()), test::onCpu(on, input), kNetworks);
  EXPECT_EQ(read(x, input.size()), input) << "nobody writes there";
  {
    const auto ended = std::move(frame);
  }
  EXPECT_TRUE(api().glIsBuffer(x)) << "they stay the application's";
  EXPECT_TRUE(api().glIsBuffer(y));
}

TEST_F(GlInputs, ThatDoNotFitAreRefused) {
  OnDevice on(test::networkOf(3), "gl");
  OnDevice reads(test::networkOf(3, Sine::OfInput), "gl");
  auto frame = *on.session.begin();
  const test::Pixels pixels(64, 48);
  const auto refusal = [&](const auto& what, ErrorCode code) {
    return test::refusal(frame.bindInput("x", what), code);
  };
  const auto picture = [&](int width, GLuint name) {
    return DevicePicture{.width = width, .height = 48, .texture = name};
  };
  using enum ErrorCode;
  const GLuint fits = texture(pixels);
  EXPECT_TRUE(refusal(picture(60, fits), ShapeMismatch).contains("takes 64x48"));
  EXPECT_TRUE(refusal(picture(64, texture(test::Pixels(65, 48))), ShapeMismatch)
                  .contains("has 65x48 pixels"));
  EXPECT_TRUE(refusal(picture(64, texture(pixels, GL_RGBA8UI)), InvalidArgument)
                  .contains("GL_RGBA8 (32856)"));
  EXPECT_TRUE(refusal(picture(64, texture(pixels, GL_SRGB8_ALPHA8)), InvalidArgument)
                  .contains("has the format 35907"));
  EXPECT_TRUE(refusal(DeviceTensor{.gl = 4711}, InvalidArgument).contains("no buffer object 4711"));
  EXPECT_TRUE(refusal(DeviceTensor{.gl = buffer({1, 2})}, ShapeMismatch).contains("has 8 bytes"));
  ASSERT_TRUE(frame.bindInput("x", picture(64, fits)));
  EXPECT_FALSE(test::taken(frame).empty());
  auto other = *reads.session.begin();
  EXPECT_TRUE(test::refusal(other.bindInput("x", picture(64, fits)), Unsupported)
                  .contains("input 'x' is read by Sin 'Sin3' on the CPU"));
}

}  // namespace
}  // namespace minnow
