// Opening the device and compiling for it.
#include "backend/gl/device.h"

#include <algorithm>
#include <cstring>

#include "backend/gl/shader_text.h"
#include "base/aligned.h"
#include "base/checksum.h"
#include "base/fail.h"

namespace minnow::backend::gl {
namespace {

/// As kernels/vocabulary.glsl has it.
constexpr size_t kGroup = 64;
/// Along one axis, as OpenGL ES 3.1 grants.
constexpr size_t kMostGroups = 65535;

bool lists(const char* extensions, const char* name) {
  return extensions != nullptr && std::strstr(extensions, name) != nullptr;
}

/// GPUs that need no window, and then what Mesa computes on the CPU, or what the system names.
std::vector<EGLDisplay> displays(const Api& api) {
  const char* const extensions = api.eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  std::vector<EGLDisplay> found;
  EGLDeviceEXT devices[16];
  EGLint count = 0;
  if (lists(extensions, "EGL_EXT_platform_device") && api.platformDisplay && api.queryDevices &&
      api.queryDeviceString && api.queryDevices(16, devices, &count))
    for (const EGLDeviceEXT device : std::span(devices, static_cast<size_t>(count)))
      if (!lists(api.queryDeviceString(device, EGL_EXTENSIONS), "EGL_MESA_device_software"))
        found.push_back(api.platformDisplay(EGL_PLATFORM_DEVICE_EXT, device, nullptr));
  if (lists(extensions, "EGL_MESA_platform_surfaceless") && api.platformDisplay)
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

const Buffer::Object& objectOf(const gpu::Buffer& buffer) {
  return static_cast<const Buffer&>(buffer).get();
}
GLuint nameOf(const gpu::Buffer& buffer) { return objectOf(buffer).name; }

/// Of a compiled shader in the cache: with its text, which a later version of this library may alter
/// alone.
std::string keyOf(const KernelName& name, const std::string& shaders) {
  return text("shader ", name.file, " ", name.function, " ", name.options, " ", shaders.size(), " ",
              base::checksum(std::as_bytes(std::span(shaders))));
}

}  // namespace

// Opening -----------------------------------------------------------------------------------------

const gpu::Opened& Device::get() {
  static const gpu::Opened opened = open();
  return opened;
}

Result<GlDevice> Device::shared() {
  const gpu::Opened& opened = get();
  if (!opened) return passOn(opened);
  const auto& device = static_cast<const Device&>(**opened);
  return GlDevice{device.display_, device.context_};
}

gpu::Opened Device::open() {
  const auto found = gl::api();
  if (!found) return passOn(found);
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
  return passOn(last);
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
  if (!turn) return passOn(turn);
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
  GLint formats = 0;
  api_.glGetIntegerv(GL_NUM_PROGRAM_BINARY_FORMATS, &formats);
  handsOut_ = formats > 0;
  cache().own(name_);
  api_.glGenSamplers(1, &sampler_);
  for (const GLenum filter : {GL_TEXTURE_MIN_FILTER, GL_TEXTURE_MAG_FILTER})
    api_.glSamplerParameteri(sampler_, filter, GL_NEAREST);
  for (const GLenum wrap : {GL_TEXTURE_WRAP_S, GL_TEXTURE_WRAP_T})
    api_.glSamplerParameteri(sampler_, wrap, GL_CLAMP_TO_EDGE);
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
  if (!object_.isOurs) return;
  const auto turn = gpu::Turn::take(device_);
  if (!turn) return;
  const bool isTexture = object_.target != GL_SHADER_STORAGE_BUFFER;
  (isTexture ? device_.api().glDeleteTextures : device_.api().glDeleteBuffers)(1, &object_.name);
}

Result<std::unique_ptr<gpu::Buffer>> Device::buffer(size_t bytes) {
  const size_t size = std::max<size_t>(bytes, base::kAlignment);
  auto turn = gpu::Turn::take(*this);
  if (!turn) return passOn(turn);
  GLuint name = 0;
  api_.glGenBuffers(1, &name);
  api_.glBindBuffer(GL_COPY_WRITE_BUFFER, name);
  api_.glBufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size), nullptr, GL_DYNAMIC_COPY);
  if (auto ok = check("glBufferData"); !ok) {
    api_.glDeleteBuffers(1, &name);
    return fail(ok.error().code, ok.error().message, "; ", size, " bytes on ", name_);
  }
  if (auto ok = turn->end(); !ok) return passOn(ok);
  return std::make_unique<Buffer>(*this, Buffer::Object{name}, size);
}

Result<std::unique_ptr<gpu::Buffer>> Device::constant(std::span<const std::byte> bytes) {
  auto made = buffer(base::blockBytes(bytes.size()));
  if (!made || bytes.empty()) return made;
  auto turn = gpu::Turn::take(*this);
  if (!turn) return passOn(turn);
  const auto there = map(**made, 0, bytes.size(), true);
  if (!there) return passOn(there);
  std::ranges::copy(bytes, static_cast<std::byte*>(*there));
  if (auto ok = unmap(**made, *there); !ok) return passOn(ok);
  if (auto ok = turn->end(); !ok) return passOn(ok);
  return made;
}

Result<void*> Device::map(const gpu::Buffer& buffer, size_t first, size_t bytes, bool toWrite) {
  api_.glBindBuffer(GL_COPY_WRITE_BUFFER, nameOf(buffer));
  void* there = api_.glMapBufferRange(GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(first),
                                      static_cast<GLsizeiptr>(bytes),
                                      toWrite ? GL_MAP_WRITE_BIT : GL_MAP_READ_BIT);
  if (auto ok = check("glMapBufferRange"); !ok) return passOn(ok);
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
  if (!turn) return passOn(turn);
  api_.glFinish();
  return turn->end();
}

// What an application has here
// ----------------------------------------------------------------------

/// On the device: whoever asks goes on.
void Device::waitFor(void* ready) const {
  if (ready != nullptr) api_.glWaitSync(static_cast<GLsync>(ready), 0, GL_TIMEOUT_IGNORED);
}

namespace {

constexpr const char* kSharing =
    "; make it in a context that shares with that of minnow::glDevice(), and finish or flush there";

}  // namespace

Result<gpu::Theirs> Device::theirs(const DeviceTensor& tensor, size_t bytes) {
  auto turn = gpu::Turn::take(*this);
  if (!turn) return passOn(turn);
  if (tensor.gl == 0 || !api_.glIsBuffer(tensor.gl))
    return fail(ErrorCode::InvalidArgument, "gl: the session computes on ", name_,
                ", by OpenGL ES, which has no buffer object ", tensor.gl, kSharing);
  GLint64 size = 0;
  api_.glBindBuffer(GL_COPY_WRITE_BUFFER, tensor.gl);
  api_.glGetBufferParameteri64v(GL_COPY_WRITE_BUFFER, GL_BUFFER_SIZE, &size);
  if (static_cast<uint64_t>(size) != bytes)
    return fail(ErrorCode::ShapeMismatch, "gl: the application's buffer has ", size, " bytes, ",
                bytes, " were expected");
  waitFor(tensor.ready);
  if (auto ok = turn->end(); !ok) return passOn(ok);
  return gpu::Theirs{std::make_unique<Buffer>(
      *this, Buffer::Object{tensor.gl, GL_SHADER_STORAGE_BUFFER, false}, bytes)};
}

Result<gpu::Theirs> Device::theirs(const DevicePicture& picture) {
  auto turn = gpu::Turn::take(*this);
  if (!turn) return passOn(turn);
  waitFor(picture.ready);
  const auto found = picture.image != nullptr ? textureOfImage(picture) : textureOf(picture);
  if (!found) return passOn(found);
  if (auto ok = turn->end(); !ok) return passOn(ok);
  return gpu::Theirs{std::make_unique<Buffer>(*this, *found, 0),
                     found->target == GL_TEXTURE_2D ? "" : "-D EXTERNAL=1"};
}

Result<Buffer::Object> Device::textureOf(const DevicePicture& picture) const {
  if (picture.texture == 0 || !api_.glIsTexture(picture.texture))
    return fail(ErrorCode::InvalidArgument, "gl: the session computes on ", name_,
                ", by OpenGL ES, which has no texture ", picture.texture, kSharing);
  api_.glBindTexture(GL_TEXTURE_2D, picture.texture);
  if (auto ok = check("glBindTexture as GL_TEXTURE_2D"); !ok) return passOn(ok);
  if (auto ok = checkTexture(picture); !ok) return passOn(ok);
  return Buffer::Object{picture.texture, GL_TEXTURE_2D, false};
}

/// Images in YUV are read by a sampler of their own, which says nothing of extents.
Result<Buffer::Object> Device::textureOfImage(const DevicePicture& picture) const {
  if (api_.imageToTexture == nullptr)
    return fail(ErrorCode::Unsupported, "gl: ", name_,
                " makes no texture of an EGLImage: it has no GL_OES_EGL_image");
  Result<void> ok;
  for (const GLenum target : {GLenum{GL_TEXTURE_2D}, GLenum{GL_TEXTURE_EXTERNAL_OES}}) {
    Buffer::Object made{.target = target};
    api_.glGenTextures(1, &made.name);
    api_.glBindTexture(target, made.name);
    api_.imageToTexture(target, picture.image);
    ok = check("glEGLImageTargetTexture2DOES");
    const bool isKnown = ok && target == GL_TEXTURE_2D;
    if (isKnown) ok = checkTexture(picture);
    if (ok) return made;
    api_.glDeleteTextures(1, &made.name);
    if (isKnown) break;
  }
  return passOn(ok);
}

/// Of the one that is bound.
Result<void> Device::checkTexture(const DevicePicture& picture) const {
  constexpr GLint kFormats[] = {GL_RGBA8, GL_RGB8, GL_RGBA, GL_RGB};
  GLint width = 0, height = 0, format = 0;
  api_.glGetTexLevelParameteriv(GL_TEXTURE_2D, 0, GL_TEXTURE_WIDTH, &width);
  api_.glGetTexLevelParameteriv(GL_TEXTURE_2D, 0, GL_TEXTURE_HEIGHT, &height);
  api_.glGetTexLevelParameteriv(GL_TEXTURE_2D, 0, GL_TEXTURE_INTERNAL_FORMAT, &format);
  if (auto ok = check("glGetTexLevelParameteriv"); !ok) return ok;
  if (std::ranges::find(kFormats, format) == std::end(kFormats))
    return fail(ErrorCode::InvalidArgument, "gl: the application's texture has the format ", format,
                ", and GL_RGBA8 (32856) or GL_RGB8 (32849) were expected");
  if (width == picture.width && height == picture.height) return {};
  return fail(ErrorCode::ShapeMismatch, "gl: the application's texture has ", width, "x", height,
              " pixels, and the picture is said to have ", picture.width, "x", picture.height);
}

// Kernels -----------------------------------------------------------------------------------------

Result<GLuint> Device::compile(const KernelName& name, const std::string& shaders) const {
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
  const GLuint program = api_.glCreateProgram();
  if (handsOut_) api_.glProgramParameteri(program, GL_PROGRAM_BINARY_RETRIEVABLE_HINT, GL_TRUE);
  api_.glAttachShader(program, shader);
  api_.glDeleteShader(shader);  // goes with the program
  if (done) {
    api_.glLinkProgram(program);
    if (isLinked(program)) return program;
  }
  const auto error = refused(log.empty() ? logOf(program, api_.glGetProgramInfoLog) : log);
  api_.glDeleteProgram(program);
  return error;
}

bool Device::isLinked(GLuint program) const {
  GLint done = 0;
  api_.glGetProgramiv(program, GL_LINK_STATUS, &done);
  return done != 0;
}

/// 0 where there is none, or the driver does not take it: it is compiled then.
GLuint Device::fromCache(const std::string& key) {
  const auto kept = cache().find(key);
  if (!kept || kept->size() <= sizeof(GLenum)) return 0;
  GLenum format = 0;
  std::memcpy(&format, kept->data(), sizeof format);
  const GLuint program = api_.glCreateProgram();
  api_.glProgramBinary(program, format, kept->data() + sizeof format,
                       static_cast<GLsizei>(kept->size() - sizeof format));
  if (api_.glGetError() == GL_NO_ERROR && isLinked(program)) return program;
  api_.glDeleteProgram(program);
  return 0;
}

/// The program as the driver hands it out, behind the number of its format.
void Device::keep(const std::string& key, GLuint program) {
  GLint size = 0;
  api_.glGetProgramiv(program, GL_PROGRAM_BINARY_LENGTH, &size);
  if (size <= 0) return;
  std::vector<std::byte> bytes(sizeof(GLenum) + static_cast<size_t>(size));
  GLsizei length = 0;
  GLenum format = 0;
  api_.glGetProgramBinary(program, size, &length, &format, bytes.data() + sizeof format);
  if (api_.glGetError() != GL_NO_ERROR || length <= 0) return;
  std::memcpy(bytes.data(), &format, sizeof format);
  bytes.resize(sizeof format + static_cast<size_t>(length));
  cache().keep(key, bytes);
}

Result<GLuint> Device::make(const KernelName& name) {
  const std::string shaders = shaderText(name);
  if (shaders.empty())
    return fail(ErrorCode::Unsupported, "gl: there is no shader ", name.function, " in ", name.file,
                ".glsl for the kernel of ", name.file, ".cl");
  if (!handsOut_ || !cache().isUsed()) return compile(name, shaders);
  const std::string key = keyOf(name, shaders);
  if (const GLuint kept = fromCache(key)) return kept;
  const auto compiled = compile(name, shaders);
  if (compiled) keep(key, *compiled);
  return compiled;
}

Result<Shader> Device::program(const KernelName& name) {
  Shader& known = programs_[name];
  if (known.name != 0) return known;
  const auto made = make(name);
  if (!made) return passOn(made);
  known = {.name = *made,
           .at = api_.glGetUniformLocation(*made, "at"),
           .words = api_.glGetUniformLocation(*made, "words")};
  return known;
}

Result<std::unique_ptr<gpu::Call>> Device::call(const KernelName& name, size_t,
                                                std::span<const std::byte> geometry, size_t items) {
  auto turn = gpu::Turn::take(*this);
  if (!turn) return passOn(turn);
  const auto made = program(name);
  if (!made) return passOn(made);
  if (auto ok = turn->end(); !ok) return passOn(ok);
  return std::make_unique<Call>(*this, *made, geometry, items);
}

Call::Call(const Device& device, Shader program, std::span<const std::byte> geometry, size_t items)
    : device_(device), program_(program), words_(geometry.size() / sizeof(GLint)), items_(items) {
  std::memcpy(words_.data(), geometry.data(), words_.size() * sizeof(GLint));
}

/// What is larger than may be bound is bound around the element that is pointed at: nothing that is
/// computed on lies further away (mostBytes).
GLint Device::bind(GLuint place, const gpu::Pointer& pointer) const {
  if (const Buffer::Object& object = objectOf(*pointer.buffer);
      object.target != GL_SHADER_STORAGE_BUFFER) {
    api_.glActiveTexture(GL_TEXTURE0 + place);
    api_.glBindTexture(object.target, object.name);
    api_.glBindSampler(place, sampler_);
    return 0;
  }
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

void Device::dispatch(size_t items) const {
  const size_t groups = (items + kGroup - 1) / kGroup, across = std::min(groups, kMostGroups);
  api_.glDispatchCompute(static_cast<GLuint>(across),
                         static_cast<GLuint>((groups + across - 1) / across), 1);
  api_.glMemoryBarrier(GL_SHADER_STORAGE_BARRIER_BIT | GL_BUFFER_UPDATE_BARRIER_BIT);
}

Result<void> Call::enqueue(std::span<const gpu::Pointer> pointers) const {
  const Api& api = device_.api();
  api.glUseProgram(program_.name);
  GLint at[gpu::kMostPointers] = {};
  for (size_t i = 0; i < pointers.size(); ++i)
    at[i] = device_.bind(static_cast<GLuint>(i), pointers[i]);
  api.glUniform1iv(program_.at, gpu::kMostPointers, at);
  api.glUniform1iv(program_.words, static_cast<GLsizei>(words_.size()), words_.data());
  device_.dispatch(items_);
  return {};  // the turn's end tells of errors
}

}  // namespace minnow::backend::gl
