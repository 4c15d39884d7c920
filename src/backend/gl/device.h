// The OpenGL ES device of this process: one context of our own. A context belongs to one thread at
// a time and frames run on any: whoever has something to do takes the context for that long, one
// thread at a time, and gives back to the thread what was current there before. So no thread of
// ours waits for work, nothing is handed over, and an application that draws finds its own context
// untouched.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "backend/gl/api.h"
#include "backend/gpu/gpu.h"

namespace minnow::backend::gl {

using gpu::KernelName;

class Device;

/// A buffer object, or a texture, which a shader reads by a sampler.
class Buffer final : public gpu::Buffer {
 public:
  struct Object {
    GLuint name = 0;
    GLenum target = GL_SHADER_STORAGE_BUFFER;
    bool isOurs = true;  ///< deleted when it goes
  };
  Buffer(Device& device, const Object& object, size_t bytes)
      : gpu::Buffer(bytes), device_(device), object_(object) {}
  ~Buffer() override;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  const Object& get() const { return object_; }
  size_t heapBytes() const override { return sizeof *this; }

 private:
  Device& device_;
  Object object_;
};

/// A compiled shader.
struct Shader {
  GLuint name = 0;
  GLint at = -1, words = -1;  ///< its uniforms
};

class Device final : public gpu::Device {
 public:
  /// The process's, opened once: where the thread that asks has a context of EGL, beside that;
  /// else the first GPU; else what computes on the CPU. An error says what to install.
  static const gpu::Opened& get();
  static Result<GlDevice> shared();

  const char* backend() const override { return "gl"; }
  const char* language() const override { return "OpenGL ES"; }
  const char* ending() const override { return ".glsl"; }
  const std::string& name() const override { return name_; }
  int lanes() const override { return 4; }
  int pixels() const override { return 4; }
  const char* workGroups() const override { return "64x1x1"; }
  int64_t mostTurns() const override { return mostTurns_; }
  size_t mostBytes() const override { return mostBound_ / 2 - alignment_; }
  bool hasSameBits() const override { return false; }

  Result<std::unique_ptr<gpu::Buffer>> buffer(size_t bytes) override;
  Result<std::unique_ptr<gpu::Buffer>> constant(std::span<const std::byte> bytes) override;
  Result<std::unique_ptr<gpu::Call>> call(const KernelName& name, size_t pointers,
                                          std::span<const std::byte> geometry,
                                          size_t items) override;
  Result<gpu::Theirs> theirs(const DeviceTensor& tensor, size_t bytes) override;
  Result<gpu::Theirs> theirs(const DevicePicture& picture) override;
  Result<void> finish() override;
  Result<void*> map(const gpu::Buffer& buffer, size_t first, size_t bytes, bool toWrite) override;
  Result<void> unmap(const gpu::Buffer& buffer, void* there) override;

  // In a turn -------------------------------------------------------------------------------------

  const Api& api() const { return api_; }
  EGLDisplay display() const { return display_; }
  /// Makes a buffer a kernel's pointer; the distance from where it is bound, in elements.
  GLint bind(GLuint place, const gpu::Pointer& pointer) const;
  void dispatch(size_t items) const;
  Result<void> check(const char* call) const { return gl::check(api_.glGetError(), call); }

 protected:
  Result<void> enter() override;
  Result<void> leave() override;

 private:
  explicit Device(const Api& api) : api_(api) {}
  static gpu::Opened open();
  Result<void> start(EGLDisplay display, EGLContext beside);
  Result<void> askLimits();
  Result<Buffer::Object> textureOf(const DevicePicture& picture) const;
  Result<Buffer::Object> textureOfImage(const DevicePicture& picture) const;
  Result<void> checkTexture(const DevicePicture& picture) const;
  void waitFor(void* ready) const;
  Result<Shader> program(const KernelName& name);
  Result<GLuint> make(const KernelName& name);
  Result<GLuint> compile(const KernelName& name, const std::string& shaders) const;
  bool isLinked(GLuint program) const;
  GLuint fromCache(const std::string& key);
  void keep(const std::string& key, GLuint program);

  /// What was current on the thread whose turn it is.
  struct Current {
    EGLenum api = EGL_OPENGL_ES_API;
    EGLDisplay display = EGL_NO_DISPLAY;
    EGLContext context = EGL_NO_CONTEXT;
    EGLSurface draw = EGL_NO_SURFACE, read = EGL_NO_SURFACE;
  };

  const Api& api_;
  EGLDisplay display_ = EGL_NO_DISPLAY;
  EGLContext context_ = EGL_NO_CONTEXT;
  std::string name_;
  size_t mostBound_ = 0, alignment_ = 256;
  int64_t mostTurns_ = INT64_MAX;
  bool handsOut_ = false;  ///< the driver hands out compiled programs, for the cache
  GLuint sampler_ = 0;     ///< of pixels as they are, whatever their texture says
  std::mutex turn_;
  Current before_;
  std::map<KernelName, Shader> programs_;
};

class Call final : public gpu::Call {
 public:
  Call(const Device& device, Shader program, std::span<const std::byte> geometry, size_t items);
  Result<void> enqueue(std::span<const gpu::Pointer> pointers) const override;
  size_t heapBytes() const override { return sizeof *this + words_.capacity() * sizeof(GLint); }

 private:
  const Device& device_;
  Shader program_;
  std::vector<GLint> words_;
  size_t items_;
};

}  // namespace minnow::backend::gl
