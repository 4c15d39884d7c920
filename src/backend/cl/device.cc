// Opening the device and compiling for it.
#include "backend/cl/device.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "backend/cl/joined_text.h"
#include "base/aligned.h"
#include "base/checksum.h"
#include "base/fail.h"

namespace minnow::backend::cl {
namespace {

/// Of all platforms, GPUs first.
std::vector<cl_device_id> devices(const Api& api) {
  std::vector<cl_platform_id> platforms(16);
  cl_uint count = 0;
  if (api.clGetPlatformIDs(16, platforms.data(), &count) != CL_SUCCESS) return {};
  platforms.resize(std::min<cl_uint>(count, 16));
  std::vector<cl_device_id> all;
  for (const auto type : {cl_device_type{CL_DEVICE_TYPE_GPU}, cl_device_type{CL_DEVICE_TYPE_ALL}})
    for (const cl_platform_id platform : platforms) {
      cl_device_id found[16];
      if (api.clGetDeviceIDs(platform, type, 16, found, &count) == CL_SUCCESS)
        all.insert(all.end(), found, found + std::min<cl_uint>(count, 16));
    }
  return all;
}

std::string words(const Api& api, cl_device_id id, cl_device_info what) {
  char letters[256] = {};
  api.clGetDeviceInfo(id, what, sizeof letters - 1, letters, nullptr);
  return letters;
}

template <class T>
T number(const Api& api, cl_device_id id, cl_device_info what) {
  T value{};
  api.clGetDeviceInfo(id, what, sizeof value, &value, nullptr);
  return value;
}

/// One size of groups for all kernels, as workGroups() says: some devices compile anew for each.
constexpr size_t kGroup = 16;

/// Nanoseconds by a core's estimate, of which it takes a twentieth, of a step that one thread of a CPU computes
/// as soon as several do: to wake another one takes 10 us (PP-OCR's turns by two threads 1.19 ms in 80
/// kernels, 0.35 ms in one).
constexpr double kSmallStep = 300'000;

constexpr int32_t kOneItem = 1;

/// What the application wants the process's device to be; nothing where it does not care.
std::mutex ownMutex;
ClDevice ownDevice;

ClDevice asked() {
  const std::lock_guard lock(ownMutex);
  return ownDevice;
}

cl_mem memoryOf(const gpu::Buffer& buffer) { return static_cast<const Buffer&>(buffer).get(); }

}  // namespace

const gpu::Opened& Device::get() {
  static const gpu::Opened opened = open();
  return opened;
}

gpu::Opened Device::open() {
  const auto found = cl::api();
  if (!found) return passOn(found);
  const ClDevice own = asked();
  const auto chosen = choose(**found, own);
  if (!chosen) return passOn(chosen);
  std::unique_ptr<Device> device(new Device(**found, *chosen));
  if (auto ok = device->start(own); !ok) return passOn(ok);
  return device;
}

Result<cl_device_id> Device::choose(const Api& api, const ClDevice& own) {
  if (own.device != nullptr) return own.device;
  if (own.context != nullptr) {
    cl_device_id found[16] = {};
    const auto code =
        api.clGetContextInfo(own.context, CL_CONTEXT_DEVICES, sizeof found, found, nullptr);
    if (code == CL_SUCCESS && found[0] != nullptr) return found[0];
    return fail(ErrorCode::InvalidArgument, "cl: the context that the application gave is none (",
                code, " from clGetContextInfo)");
  }
  const auto all = devices(api);
  if (!all.empty()) return all.front();
  return fail(ErrorCode::Unsupported,
              "OpenCL has no device here: install a driver, as pocl-opencl-icd, which computes on "
              "the CPU, or look for yours with clinfo");
}

Result<ClDevice> Device::shared(const ClDevice& own) {
  if (own.context != nullptr) {
    const std::lock_guard lock(ownMutex);
    ownDevice = own;
  }
  const gpu::Opened& opened = get();
  if (!opened) return passOn(opened);
  const auto& device = static_cast<const Device&>(**opened);
  const bool isOther = (own.context != nullptr && own.context != device.context_) ||
                       (own.device != nullptr && own.device != device.id_) ||
                       (own.queue != nullptr && own.queue != device.queue_);
  if (!isOther) return ClDevice{device.id_, device.context_, device.queue_};
  return fail(ErrorCode::InvalidArgument, "cl: ", device.name_,
              " is open already, and not as the application gives it; give it before the first "
              "session of the process and before backendsHere(), with its context");
}

Result<void> Device::makeQueue(const ClDevice& own) {
  cl_int code = CL_SUCCESS;
  if (own.context != nullptr) {
    context_ = own.context;
    if (auto ok = check(api_.clRetainContext(context_), "clRetainContext", name_); !ok) return ok;
  } else {
    context_ = api_.clCreateContext(nullptr, 1, &id_, nullptr, nullptr, &code);
    if (auto ok = check(code, "clCreateContext", name_); !ok) return ok;
  }
  if (own.context == nullptr || own.queue == nullptr) {
    queue_ = api_.clCreateCommandQueue(context_, id_, 0, &code);
    return check(code, "clCreateCommandQueue", name_);
  }
  queue_ = own.queue;
  cl_command_queue_properties properties = 0;
  code = api_.clGetCommandQueueInfo(queue_, CL_QUEUE_PROPERTIES, sizeof properties, &properties,
                                    nullptr);
  if (auto ok = check(code, "clGetCommandQueueInfo", name_); !ok) return ok;
  if ((properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0)
    return fail(ErrorCode::InvalidArgument, "cl: the application's queue on ", name_,
                " is out of order; give one that is in order, or none");
  return check(api_.clRetainCommandQueue(queue_), "clRetainCommandQueue", name_);
}

Result<void> Device::start(const ClDevice& own) {
  name_ = words(api_, id_, CL_DEVICE_NAME) + ", " + words(api_, id_, CL_DEVICE_VERSION);
  const std::string driver = words(api_, id_, CL_DRIVER_VERSION);
  if (name_.find(driver) == std::string::npos) name_ += ", driver " + driver;
  vectorWidth_ = static_cast<int>(number<cl_uint>(api_, id_, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT));
  mostBytes_ = static_cast<size_t>(number<cl_ulong>(api_, id_, CL_DEVICE_MAX_MEM_ALLOC_SIZE));
  const auto abilities = number<cl_device_fp_config>(api_, id_, CL_DEVICE_SINGLE_FP_CONFIG);
  const auto type = number<cl_device_type>(api_, id_, CL_DEVICE_TYPE);
  isCpu_ = (type & CL_DEVICE_TYPE_CPU) != 0;
  options_ = text("-cl-std=CL1.2 -D LOOSE=", isCpu_ ? 1 : 0, " ");
  hasSameBits_ = (abilities & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
  if (hasSameBits_) options_ += "-cl-fp32-correctly-rounded-divide-sqrt ";
  if (auto ok = makeQueue(own); !ok) return ok;
  cache().own(name_ + options_);
  settleTinyNumbers();
  keepWhatRan();  // the trial: sessions may run nothing here
  return {};
}

void Device::settleTinyNumbers() {
  const std::string options = options_;
  options_ += "-cl-denorms-are-zero -D KEEPS_TINY=0 ";  // a wish, which a device need not grant
  if (flushesTiny()) return;
  options_ = options + "-D KEEPS_TINY=1 ";
  name_ += ", keeps numbers below 2^-126 in the midst of sums";
}

bool Device::flushesTiny() {
  std::vector<float> numbers(32, 0x1p-130F);
  std::fill_n(numbers.begin() + 16, 16, 0x1p-66F);
  const auto bytes = std::as_writable_bytes(std::span(numbers));
  const int32_t items = 1;
  const auto made = constant(bytes);
  const auto trial = call({"tiny", "tiny", ""}, 1, std::as_bytes(std::span(&items, 1)),
                          static_cast<size_t>(items));
  if (!made || !trial || !(*trial)->enqueue({{{made->get(), 0}}})) return false;
  const auto there = map(**made, 0, bytes.size(), false);
  if (!there) return false;
  std::memcpy(bytes.data(), *there, bytes.size());
  return unmap(**made, *there) &&
         std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{}; });
}

Buffer::~Buffer() {
  device_.forget(*this);
  device_.api().clReleaseMemObject(memory_);
}

Result<std::unique_ptr<gpu::Buffer>> Device::buffer(size_t bytes) {
  cl_int code = CL_SUCCESS;
  const size_t size = std::max<size_t>(bytes, base::kAlignment);
  const cl_mem memory = api_.clCreateBuffer(context_, CL_MEM_READ_WRITE, size, nullptr, &code);
  if (auto ok = check(code, "clCreateBuffer", name_); !ok)
    return fail(ok.error().code, ok.error().message, "; ", size, " bytes were asked for");
  return std::make_unique<Buffer>(*this, memory, size);
}

Result<std::unique_ptr<gpu::Buffer>> Device::constant(std::span<const std::byte> bytes) {
  auto made = buffer(base::blockBytes(bytes.size()));
  if (!made || bytes.empty()) return made;
  const cl_mem memory = memoryOf(**made);
  const auto there = mapped(memory, CL_MAP_WRITE_INVALIDATE_REGION, 0, bytes.size());
  if (!there) return passOn(there);
  std::ranges::copy(bytes, static_cast<std::byte*>(*there));
  if (auto ok = unmapped(memory, *there); !ok) return passOn(ok);
  return made;
}

Result<void> Device::checkTheirs(cl_mem memory, size_t bytes) const {
  cl_context context = nullptr;
  cl_mem_object_type type = 0;
  size_t size = 0;
  for (const auto& [what, into, room] :
       {std::tuple<cl_mem_info, void*, size_t>{CL_MEM_CONTEXT, &context, sizeof context},
        {CL_MEM_TYPE, &type, sizeof type},
        {CL_MEM_SIZE, &size, sizeof size}})
    if (const cl_int code = api_.clGetMemObjectInfo(memory, what, room, into, nullptr);
        code != CL_SUCCESS)
      return fail(ErrorCode::InvalidArgument, "cl: what the application gives is no memory of ",
                  name_, " (", code, " from clGetMemObjectInfo)");
  if (context != context_)
    return fail(ErrorCode::InvalidArgument, "cl: the application's memory is of another context; ",
                "make it in that of minnow::clDevice(), or give yours to that function at first");
  if (type != CL_MEM_OBJECT_BUFFER || size != bytes)
    return fail(ErrorCode::ShapeMismatch, "cl: the application's memory is ",
                type == CL_MEM_OBJECT_BUFFER ? "a buffer" : "no buffer", " of ", size,
                " bytes, a buffer of ", bytes, " was expected");
  return {};
}

Result<gpu::Theirs> Device::theirs(cl_mem memory, size_t bytes, void* ready) {
  if (memory == nullptr)
    return fail(ErrorCode::InvalidArgument, "cl: the session computes on ", name_,
                ", by OpenCL, and no memory of that is given");
  if (auto ok = checkTheirs(memory, bytes); !ok) return passOn(ok);
  if (ready != nullptr) noteBegun();
  if (const auto event = static_cast<cl_event>(ready); event != nullptr)
    if (auto ok = check(api_.clEnqueueBarrierWithWaitList(queue_, 1, &event, nullptr),
                        "clEnqueueBarrierWithWaitList", name_);
        !ok)
      return passOn(ok);
  if (auto ok = check(api_.clRetainMemObject(memory), "clRetainMemObject", name_); !ok)
    return passOn(ok);
  return gpu::Theirs{std::make_unique<Buffer>(*this, memory, bytes)};
}

Result<gpu::Theirs> Device::theirs(const DeviceTensor& tensor, size_t bytes) {
  return theirs(tensor.cl, bytes, tensor.ready);
}

Result<gpu::Theirs> Device::theirs(const DevicePicture& picture) {
  return theirs(picture.cl, size_t{4} * picture.width * picture.height, picture.ready);
}

Result<void*> Device::mapped(cl_mem memory, cl_map_flags flags, size_t first, size_t bytes) const {
  cl_int code = CL_SUCCESS;
  void* there = api_.clEnqueueMapBuffer(queue_, memory, CL_TRUE, flags, first, bytes, 0, nullptr,
                                        nullptr, &code);
  if (auto ok = check(code, "clEnqueueMapBuffer", name_, While::Running); !ok) return passOn(ok);
  return there;
}

Result<void> Device::unmapped(cl_mem memory, void* there) const {
  return check(api_.clEnqueueUnmapMemObject(queue_, memory, there, 0, nullptr, nullptr),
               "clEnqueueUnmapMemObject", name_, While::Running);
}

Result<void> Device::copy(const gpu::Buffer& buffer, size_t first, std::span<std::byte> host,
                          bool toDevice) {
  noteBegun();
  const cl_mem memory = memoryOf(buffer);
  if (toDevice)
    return check(api_.clEnqueueWriteBuffer(queue_, memory, CL_FALSE, first, host.size(),
                                           host.data(), 0, nullptr, nullptr),
                 "clEnqueueWriteBuffer", name_, While::Running);
  return check(api_.clEnqueueReadBuffer(queue_, memory, CL_FALSE, first, host.size(), host.data(),
                                        0, nullptr, nullptr),
               "clEnqueueReadBuffer", name_, While::Running);
}

Result<void*> Device::map(const gpu::Buffer& buffer, size_t first, size_t bytes, bool toWrite) {
  if (!toWrite)
    if (auto ok = finish(); !ok) return passOn(ok);
  return mapped(memoryOf(buffer), toWrite ? CL_MAP_WRITE : CL_MAP_READ, first, bytes);
}

Result<void> Device::unmap(const gpu::Buffer& buffer, void* there) {
  return unmapped(memoryOf(buffer), there);
}

/// Waits for a marker behind all that was enqueued: unlike clFinish it tells of commands that failed.
Result<void> Device::waitForMarker() const {
  cl_event done = nullptr;
  auto ok = check(api_.clEnqueueMarkerWithWaitList(queue_, 0, nullptr, &done),
                  "clEnqueueMarkerWithWaitList", name_, While::Running);
  if (!ok) return ok;
  ok = check(api_.clWaitForEvents(1, &done), "clWaitForEvents", name_, While::Running);
  (void)api_.clReleaseEvent(done);
  return ok;
}

/// Nothing where all has been waited for, as by a tensor that crossed. After an error too nothing may
/// be under way that reads or writes the process's memory.
Result<void> Device::finish() {
  const uint64_t begun = begun_;
  if (waitedFor_ >= begun) return {};
  auto ok = waitForMarker();
  if (!ok) (void)api_.clFinish(queue_);
  uint64_t last = waitedFor_;
  while (ok && last < begun && !waitedFor_.compare_exchange_weak(last, begun)) {
  }
  return ok;
}

std::string Device::buildLog(cl_program program) const {
  std::string log(2000, '\0');
  size_t length = 0;
  api_.clGetProgramBuildInfo(program, id_, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), &length);
  log.resize(std::min(log.size(), length));
  return log;
}

std::array<std::string_view, 3> Device::textsOf(const KernelName& name) {
  return {gpu::kernelText("vocabulary.cl"), gpu::kernelText("elementary.inc"),
          name.text.empty() ? gpu::kernelText(name.file + ".cl") : name.text};
}

Result<void> Device::build(cl_program program, const KernelName& name) const {
  const std::string options = options_ + name.options;
  const cl_int code = api_.clBuildProgram(program, 1, &id_, options.c_str(), nullptr, nullptr);
  if (auto ok = check(code, "clBuildProgram", name_); !ok)
    return fail(ok.error().code, ok.error().message, "; ", name.file, ".cl with ", options, ": ",
                buildLog(program));
  return {};
}

Result<cl_program> Device::compile(const KernelName& name) const {
  const auto parts = textsOf(name);
  const char* starts[parts.size()];
  size_t lengths[parts.size()];
  for (size_t i = 0; i < parts.size(); ++i)
    starts[i] = parts[i].data(), lengths[i] = parts[i].size();
  cl_int code = CL_SUCCESS;
  const cl_program program =
      api_.clCreateProgramWithSource(context_, parts.size(), starts, lengths, &code);
  if (auto ok = check(code, "clCreateProgramWithSource", name_); !ok) return passOn(ok);
  auto built = build(program, name);
  if (built) return program;
  (void)api_.clReleaseProgram(program);
  return passOn(built);
}

// The cache ---------------------------------------------------------------------------------------

/// What was compiled: with its text, which a later version of this library may alter alone.
std::string Device::cacheKey(const KernelName& name) const {
  std::string texts;
  for (const std::string_view part : textsOf(name)) texts += part;
  return text("program ", name.file, " ", options_, name.options, " ", texts.size(), " ",
              base::checksum(std::as_bytes(std::span(texts))));
}

/// Null where there is none, or the driver does not take it: it is compiled then.
cl_program Device::fromCache(const KernelName& name) {
  const auto kept = cache().find(cacheKey(name));
  if (!kept) return nullptr;
  const auto* bytes = reinterpret_cast<const unsigned char*>(kept->data());
  const size_t size = kept->size();
  cl_int taken = CL_SUCCESS, code = CL_SUCCESS;
  const cl_program program =
      api_.clCreateProgramWithBinary(context_, 1, &id_, &size, &bytes, &taken, &code);
  if (code == CL_SUCCESS && taken == CL_SUCCESS && build(program, name)) return program;
  if (code == CL_SUCCESS) (void)api_.clReleaseProgram(program);
  return nullptr;
}

void Device::keepWhatRan() {
  if (!hasUnkept_.exchange(false)) return;  // after nearly every frame
  const std::lock_guard lock(mutex());
  for (const auto& [key, program] : std::exchange(unkept_, {})) {
    size_t size = 0;
    if (api_.clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, nullptr) !=
            CL_SUCCESS ||
        size == 0)
      continue;
    std::vector<std::byte> bytes(size);
    std::byte* start = bytes.data();
    if (api_.clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof start, &start, nullptr) ==
        CL_SUCCESS)
      cache().keep(key, bytes);
  }
}

Result<cl_program> Device::program(const KernelName& name) {
  cl_program& known = programs_[{name.file, name.options, name.text}];
  if (known != nullptr) return known;
  known = fromCache(name);
  if (known != nullptr) return known;
  auto compiled = compile(name);
  if (!compiled) return compiled;
  known = *compiled;
  if (cache().isUsed()) {
    unkept_.emplace_back(cacheKey(name), known);
    hasUnkept_ = true;
  }
  return known;
}

Result<cl_kernel> Device::kernel(const KernelName& name) {
  const std::lock_guard lock(mutex());
  const auto compiled = program(name);
  if (!compiled) return passOn(compiled);
  cl_int code = CL_SUCCESS;
  const cl_kernel kernel = api_.clCreateKernel(*compiled, name.function.c_str(), &code);
  if (auto ok = check(code, "clCreateKernel", name_); !ok) return passOn(ok);
  return kernel;
}

Result<std::unique_ptr<gpu::Call>> Device::call(const KernelName& name, size_t pointers,
                                                std::span<const std::byte> geometry,
                                                WorkItems items) {
  const auto made = kernel(name);
  if (!made) return passOn(made);
  auto call = std::make_unique<Call>(*this, *made, items);
  const auto last = static_cast<cl_uint>(pointers + 1);
  const auto set = api_.clSetKernelArg(*made, last, geometry.size(), geometry.data());
  if (auto ok = check(set, "clSetKernelArg", name_); !ok) return passOn(ok);
  return call;
}

Result<std::unique_ptr<gpu::Call>> Device::call(const KernelName& name, size_t pointers,
                                                std::span<const std::byte> geometry, size_t items) {
  return call(name, pointers, geometry, WorkItems{(items + kGroup - 1) / kGroup * kGroup, kGroup});
}

bool Device::joins(size_t items, double cost) const {
  return items <= kGroup || (isCpu_ && cost <= kSmallStep);
}

/// A CPU has no use for a second work-item in a group: nothing is to be waited for then.
Result<std::unique_ptr<gpu::Call>> Device::joined(std::span<const KernelName> kernels) {
  const size_t group = isCpu_ ? 1 : kGroup;
  KernelName name{"joined", "joined", "", joinedText(kernels)};
  return call(name, 3, std::as_bytes(std::span(&kOneItem, 1)), WorkItems{group, group});
}

template <class Value>
Result<void> Call::set(size_t argument, const Value& value) const {
  return check(
      device_.api().clSetKernelArg(kernel_, static_cast<cl_uint>(argument), sizeof value, &value),
      "clSetKernelArg", device_.name(), While::Running);
}

/// A kernel's arguments: buffers, a long4 of distances in them, the geometry. Of fewer, larger ones
/// drivers copy fewer for each start.
Result<void> Call::enqueue(std::span<const gpu::Pointer> pointers) const {
  std::array<cl_long, gpu::kMostPointers> places{};
  for (size_t i = 0; i < pointers.size(); ++i) {
    const auto& buffer = static_cast<const Buffer&>(*pointers[i].buffer);
    places[i] = pointers[i].at;
    if (buffers_[i] == buffer.number()) continue;
    if (auto ok = set(i, buffer.get()); !ok) return ok;
    buffers_[i] = buffer.number();
  }
  if (places != places_) {
    if (auto ok = set(pointers.size(), places); !ok) return ok;
    places_ = places;
  }
  device_.noteBegun();
  return check(
      device_.api().clEnqueueNDRangeKernel(device_.queue(), kernel_, 1, nullptr, &items_.all,
                                           &items_.group, 0, nullptr, nullptr),
      "clEnqueueNDRangeKernel", device_.name(), While::Running);
}

}  // namespace minnow::backend::cl
