// Opening the device and compiling for it.
#include "backend/gl/device.h"

#include <algorithm>
#include <cstring>

#include "backend/gl/shader_text.h"
#include "base/aligned.h"
#include "base/fail.h"

namespace minnow::backend::gl {
namespace {

/// As kernels/vocabulary.glsl has it.
constexpr size_t kGroup = 64;
/// Along one axis, as OpenGL ES 3.1 grants.
constexpr size_t kMostGroups = 65535;

bool has(const char* extensions, const char* name) {
  return extensions != nullptr && std::strstr(extensions, name) != nullptr;
}

/// GPUs that need no window, and then what Mesa computes on the CPU, or what the system names.
std::vector<EGLDisplay> displays(const Api& api) {
  const char* const extensions = api.eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  std::vector<EGLDisplay> found;
  EGLDeviceEXT devices[16];
  EGLint count = 0;
  if (has(extensions, "EGL_EXT_platform_device") && api.platformDisplay && api.queryDevices &&
      api.queryDeviceString && api.queryDevices(16, devices, &count))
    for (const EGLDeviceEXT device : std::span(devices, static_cast<size_t>(count)))
      if (!has(api.queryDeviceString(device, EGL_EXTENSIONS), "EGL_MESA_device_software"))
        found.push_back(api.platformDisplay(EGL_PLATFORM_DEVICE_EXT, device, nullptr));
  if (has(extensions, "EGL_MESA_platform_surfaceless") && api.platformDisplay)
    found.push_back(
        api.platformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr));
  found.push_back(api.eglGetDisplay(EGL_DEFAULT_DISPLAY));
  return found;
}

std::string logOf(GLuint name, PFNGLGETSHADERINFOLOGPROC read) {
  std::string log(2000, '\0');
  GLsizei length = 0;
  read(name, static_cast<GLsizei>(log.size()), &length, log.data());
  log.resize(static_cast<size_t>(std::max(length, 0)));
  return log;
}

GLuint nameOf(const gpu::Buffer& buffer) { return static_cast<const Buffer&>(buffer).get(); }

}  // namespace

// Opening -----------------------------------------------------------------------------------------

const gpu::Opened& Device::get() {
  static const gpu::Opened opened = open();
  return opened;
}

gpu::Opened Device::open() {
  const auto found = gl::api();
  if (!found) return std::unexpected(found.error());
  const Api& api = **found;
  std::unique_ptr<Device> device(new Device(api));
  if (const EGLDisplay display = api.eglGetCurrentDisplay(); display != EGL_NO_DISPLAY)
    if (device->start(display, api.eglGetCurrentContext())) return device;
  Result<void> last = fail(ErrorCode::Unsupported,
                           "EGL has no display here: install your GPU's driver, or Mesa's, "
                           "on Debian libgl1-mesa-dri, which computes on the CPU too");
  for (const EGLDisplay display : displays(api)) {
    if (display == EGL_NO_DISPLAY || !api.eglInitialize(display, nullptr, nullptr)) continue;
    last = device->start(display, EGL_NO_CONTEXT);
    if (last) return device;
  }
  return std::unexpected(std::move(last.error()));
}

Result<void> Device::start(EGLDisplay display, EGLContext beside) {
  const EGLenum before = api_.eglQueryAPI();
  const EGLint configured[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_ES3_BIT, EGL_SURFACE_TYPE, 0,
                               EGL_NONE};
  const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 1, EGL_NONE};
  EGLConfig config = nullptr;
  EGLint count = 0;
  api_.eglChooseConfig(display, configured, &config, 1, &count);
  api_.eglBindAPI(EGL_OPENGL_ES_API);
  display_ = display;
  context_ = api_.eglCreateContext(display, config, beside, version);
  Result<void> ok = {};
  if (context_ == EGL_NO_CONTEXT) ok = failedEgl(api_, "eglCreateContext for OpenGL ES 3.1");
  api_.eglBindAPI(before);
  if (ok) ok = askLimits();
  if (!ok && context_ != EGL_NO_CONTEXT) api_.eglDestroyContext(display, context_);
  return ok;
}

Result<void> Device::askLimits() {
  auto turn = gpu::Turn::take(*this);
  if (!turn) return std::unexpected(std::move(turn.error()));
  const auto words = [&](GLenum what) {
    const GLubyte* letters = api_.glGetString(what);
    return std::string(letters != nullptr ? reinterpret_cast<const char*>(letters) : "");
  };
  name_ = words(GL_RENDERER) + ", " + words(GL_VERSION);
  // Its compiler ends all loops of an invocation after 65535 turns together, a few of which go for
  // finding where to begin.
  if (name_.contains("llvmpipe")) mostTurns_ = 65000;
  GLint64 most = 0;
  api_.glGetInteger64v(GL_MAX_SHADER_STORAGE_BLOCK_SIZE, &most);
  mostBound_ = static_cast<size_t>(std::min<GLint64>(most, INT32_MAX)) / 4096 * 4096;
  GLint number = 0;
  api_.glGetIntegerv(GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT, &number);
  alignment_ = static_cast<size_t>(std::max(number, 4));
  GLint blocks = 0;
  api_.glGetIntegerv(GL_MAX_COMPUTE_SHADER_STORAGE_BLOCKS, &blocks);
  if (blocks < gpu::kMostPointers || mostBound_ == 0)
    return fail(ErrorCode::Unsupported, name_, " grants a shader ", blocks, " blocks of ", most,
                " bytes, where OpenGL ES 3.1 demands 4 of 134217728; install a later driver");
  cache().own(name_);
  return turn->end();
}

// Turns -------------------------------------------------------------------------------------------

Result<void> Device::enter() {
  std::unique_lock lock(turn_);
  before_.api = api_.eglQueryAPI();
  before_.context = api_.eglGetCurrentContext();
  before_.display = api_.eglGetCurrentDisplay();
  before_.draw = api_.eglGetCurrentSurface(EGL_DRAW);
  before_.read = api_.eglGetCurrentSurface(EGL_READ);
  api_.eglBindAPI(EGL_OPENGL_ES_API);
  if (!api_.eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_)) {
    const auto failed = failedEgl(api_, "eglMakeCurrent without a surface");
    api_.eglBindAPI(before_.api);
    return failed;
  }
  (void)lock.release();
  return {};
}

Result<void> Device::leave() {
  const std::unique_lock lock(turn_, std::adopt_lock);
  auto ok = check("a command");
  if (before_.context == EGL_NO_CONTEXT) {
    api_.eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    api_.eglBindAPI(before_.api);
    return ok;
  }
  api_.eglBindAPI(before_.api);
  if (!api_.eglMakeCurrent(before_.display, before_.draw, before_.read, before_.context))
    return failedEgl(api_, "eglMakeCurrent of the application's context");
  return ok;
}

// Memory ------------------------------------------------------------------------------------------

Buffer::~Buffer() {
  if (const auto turn = gpu::Turn::take(device_)) device_.api().glDeleteBuffers(1, &name_);
}

Result<std::unique_ptr<gpu::Buffer>> Device::buffer(size_t bytes) {
  const size_t size = std::max<size_t>(bytes, base::kAlignment);
  auto turn = gpu::Turn::take(*this);
  if (!turn) return std::unexpected(turn.error());
  GLuint name = 0;
  api_.glGenBuffers(1, &name);
  api_.glBindBuffer(GL_COPY_WRITE_BUFFER, name);
  api_.glBufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size), nullptr, GL_DYNAMIC_COPY);
  if (auto ok = check("glBufferData"); !ok) {
    api_.glDeleteBuffers(1, &name);
    return fail(ok.error().code, ok.error().message, "; ", size, " bytes on ", name_);
  }
  if (auto ok = turn->end(); !ok) return std::unexpected(ok.error());
  return std::make_unique<Buffer>(*this, name, size);
}

Result<std::unique_ptr<gpu::Buffer>> Device::constant(std::span<const std::byte> bytes) {
  auto made = buffer(base::blockBytes(bytes.size()));
  if (!made || bytes.empty()) return made;
  auto turn = gpu::Turn::take(*this);
  if (!turn) return std::unexpected(turn.error());
  const auto there = map(**made, 0, bytes.size(), true);
  if (!there) return std::unexpected(there.error());
  std::ranges::copy(bytes, static_cast<std::byte*>(*there));
  if (auto ok = unmap(**made, *there); !ok) return std::unexpected(ok.error());
  if (auto ok = turn->end(); !ok) return std::unexpected(ok.error());
  return made;
}

Result<void*> Device::map(const gpu::Buffer& buffer, size_t first, size_t bytes, bool toWrite) {
  api_.glBindBuffer(GL_COPY_WRITE_BUFFER, nameOf(buffer));
  void* there = api_.glMapBufferRange(GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(first),
                                      static_cast<GLsizeiptr>(bytes),
                                      toWrite ? GL_MAP_WRITE_BIT : GL_MAP_READ_BIT);
  if (auto ok = check("glMapBufferRange"); !ok) return std::unexpected(ok.error());
  if (there == nullptr) return fail(ErrorCode::OutOfMemory, "gl: glMapBufferRange gives nothing");
  return there;
}

Result<void> Device::unmap(const gpu::Buffer& buffer, void*) {
  api_.glBindBuffer(GL_COPY_WRITE_BUFFER, nameOf(buffer));
  if (api_.glUnmapBuffer(GL_COPY_WRITE_BUFFER)) return {};
  return fail(ErrorCode::DeviceFailed,
              "gl: glUnmapBuffer says that what was written there is lost");
}

Result<void> Device::finish() {
  auto turn = gpu::Turn::take(*this);
  if (!turn) return std::unexpected(turn.error());
  api_.glFinish();
  return turn->end();
}

// Kernels -----------------------------------------------------------------------------------------

Result<Program> Device::compile(const KernelName& name) const {
  const std::string shaders = shaderText(name);
  if (shaders.empty())
    return fail(ErrorCode::Unsupported, "gl: there is no shader ", name.function, " in ", name.file,
                ".glsl for the kernel of ", name.file, ".cl");
  const auto refused = [&](const std::string& log) {
    return fail(ErrorCode::Unsupported, "gl: ", name_, " refuses ", name.file, ".glsl, ",
                name.function, ", with ", name.options, ": ", log);
  };
  const char* letters = shaders.c_str();
  const GLuint shader = api_.glCreateShader(GL_COMPUTE_SHADER);
  api_.glShaderSource(shader, 1, &letters, nullptr);
  api_.glCompileShader(shader);
  GLint done = 0;
  api_.glGetShaderiv(shader, GL_COMPILE_STATUS, &done);
  const std::string log = done ? "" : logOf(shader, api_.glGetShaderInfoLog);
  Program program{.name = api_.glCreateProgram()};
  api_.glAttachShader(program.name, shader);
  api_.glDeleteShader(shader);  // goes with the program
  if (done) {
    api_.glLinkProgram(program.name);
    api_.glGetProgramiv(program.name, GL_LINK_STATUS, &done);
  }
  if (!done) {
    const auto error = refused(log.empty() ? logOf(program.name, api_.glGetProgramInfoLog) : log);
    api_.glDeleteProgram(program.name);
    return error;
  }
  program.at = api_.glGetUniformLocation(program.name, "at");
  program.words = api_.glGetUniformLocation(program.name, "words");
  return program;
}

Result<Program> Device::program(const KernelName& name) {
  Program& known = programs_[name];
  if (known.name != 0) return known;
  const auto compiled = compile(name);
  if (compiled) known = *compiled;
  return compiled;
}

Result<std::unique_ptr<gpu::Call>> Device::call(const KernelName& name, size_t,
                                                std::span<const std::byte> geometry, size_t items) {
  auto turn = gpu::Turn::take(*this);
  if (!turn) return std::unexpected(turn.error());
  const auto made = program(name);
  if (!made) return std::unexpected(made.error());
  if (auto ok = turn->end(); !ok) return std::unexpected(ok.error());
  return std::make_unique<Call>(*this, *made, geometry, items);
}

Call::Call(const Device& device, Program program, std::span<const std::byte> geometry, size_t items)
    : device_(device), program_(program), words_(geometry.size() / sizeof(GLint)), items_(items) {
  std::memcpy(words_.data(), geometry.data(), words_.size() * sizeof(GLint));
}

/// What is larger than may be bound is bound around the element that is pointed at: nothing that is
/// computed on lies further away (mostBytes).
GLint Device::bind(GLuint place, const gpu::Pointer& pointer) const {
  const auto size = static_cast<int64_t>(pointer.buffer->bytes());
  const auto most = static_cast<int64_t>(mostBound_), step = static_cast<int64_t>(alignment_);
  const int64_t byte = pointer.at * pointer.size;
  const int64_t first =
      size <= most ? 0
                   : std::clamp<int64_t>(byte - most / 2, 0, size - most + step - 1) / step * step;
  api_.glBindBufferRange(GL_SHADER_STORAGE_BUFFER, place, nameOf(*pointer.buffer),
                         static_cast<GLintptr>(first),
                         static_cast<GLsizeiptr>(std::min(most, size - first)));
  return static_cast<GLint>((byte - first) / pointer.size);
}

Result<void> Device::dispatch(size_t items) const {
  const size_t groups = (items + kGroup - 1) / kGroup, across = std::min(groups, kMostGroups);
  api_.glDispatchCompute(static_cast<GLuint>(across),
                         static_cast<GLuint>((groups + across - 1) / across), 1);
  api_.glMemoryBarrier(GL_SHADER_STORAGE_BARRIER_BIT | GL_BUFFER_UPDATE_BARRIER_BIT);
  return check("glDispatchCompute");
}

Result<void> Call::enqueue(std::span<const gpu::Pointer> pointers) const {
  const Api& api = device_.api();
  api.glUseProgram(program_.name);
  GLint at[gpu::kMostPointers] = {};
  for (size_t i = 0; i < pointers.size(); ++i)
    at[i] = device_.bind(static_cast<GLuint>(i), pointers[i]);
  api.glUniform1iv(program_.at, gpu::kMostPointers, at);
  api.glUniform1iv(program_.words, static_cast<GLsizei>(words_.size()), words_.data());
  return device_.dispatch(items_);
}

}  // namespace minnow::backend::gl
