// Opening the device and compiling for it.
#include "backend/cl/device.h"

#include <algorithm>
#include <vector>

#include "backend/cl/sources.h"
#include "base/aligned.h"
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

std::string_view sourceOf(const std::string& file) {
  for (const Source& source : kSources)
    if (file == source.name) return source.text;
  return {};
}

}  // namespace

Result<Device*> Device::get() {
  static const Result<std::unique_ptr<Device>> opened = open();
  if (!opened) return std::unexpected(opened.error());
  return opened->get();
}

Result<std::unique_ptr<Device>> Device::open() {
  const auto found = cl::api();
  if (!found) return std::unexpected(found.error());
  const auto all = devices(**found);
  if (all.empty())
    return fail(
        ErrorCode::Unsupported,
        "OpenCL has no device here: install a driver, as pocl-opencl-icd, which computes on "
        "the CPU, or look for yours with clinfo");
  std::unique_ptr<Device> device(new Device(**found, all.front()));
  if (auto ok = device->start(); !ok) return std::unexpected(ok.error());
  return device;
}

Result<void> Device::start() {
  name_ = words(api_, id_, CL_DEVICE_NAME) + ", " + words(api_, id_, CL_DEVICE_VERSION);
  vectorWidth_ = static_cast<int>(number<cl_uint>(api_, id_, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT));
  const auto abilities = number<cl_device_fp_config>(api_, id_, CL_DEVICE_SINGLE_FP_CONFIG);
  options_ = abilities & CL_FP_DENORM ? "-D KEEPS_TINY=1 " : "-D KEEPS_TINY=0 ";
  options_ += "-cl-std=CL1.2 ";
  if (abilities & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)
    options_ += "-cl-fp32-correctly-rounded-divide-sqrt ";
  cl_int code = CL_SUCCESS;
  context_ = api_.clCreateContext(nullptr, 1, &id_, nullptr, nullptr, &code);
  if (auto ok = check(code, "clCreateContext"); !ok) return ok;
  queue_ = api_.clCreateCommandQueue(context_, id_, 0, &code);
  return check(code, "clCreateCommandQueue");
}

Result<std::unique_ptr<Buffer>> Device::buffer(size_t bytes) const {
  cl_int code = CL_SUCCESS;
  const size_t size = std::max<size_t>(bytes, base::kAlignment);
  const cl_mem memory = api_.clCreateBuffer(context_, CL_MEM_READ_WRITE, size, nullptr, &code);
  if (auto ok = check(code, "clCreateBuffer"); !ok)
    return fail(ok.error().code, ok.error().message, "; ", size, " bytes on ", name_);
  return std::make_unique<Buffer>(api_, memory, size);
}

Result<std::unique_ptr<Buffer>> Device::constant(std::span<const std::byte> bytes) const {
  auto made = buffer(base::blockBytes(bytes.size()));
  if (!made || bytes.empty()) return made;
  cl_int code = CL_SUCCESS;
  void* there =
      api_.clEnqueueMapBuffer(queue_, (*made)->get(), CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0,
                              bytes.size(), 0, nullptr, nullptr, &code);
  if (auto ok = check(code, "clEnqueueMapBuffer"); !ok) return std::unexpected(ok.error());
  std::ranges::copy(bytes, static_cast<std::byte*>(there));
  code = api_.clEnqueueUnmapMemObject(queue_, (*made)->get(), there, 0, nullptr, nullptr);
  if (auto ok = check(code, "clEnqueueUnmapMemObject"); !ok) return std::unexpected(ok.error());
  return made;
}

std::string Device::buildLog(cl_program program) const {
  std::string log(2000, '\0');
  size_t length = 0;
  api_.clGetProgramBuildInfo(program, id_, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), &length);
  log.resize(std::min(log.size(), length));
  return log;
}

Result<cl_program> Device::compile(const KernelName& name) const {
  const std::string_view parts[] = {sourceOf("vocabulary"), sourceOf("elementary"),
                                    sourceOf(name.file)};
  const char* starts[3];
  size_t lengths[3];
  for (int i = 0; i < 3; ++i) starts[i] = parts[i].data(), lengths[i] = parts[i].size();
  cl_int code = CL_SUCCESS;
  const cl_program program = api_.clCreateProgramWithSource(context_, 3, starts, lengths, &code);
  if (auto ok = check(code, "clCreateProgramWithSource"); !ok) return std::unexpected(ok.error());
  const std::string options = options_ + name.options;
  code = api_.clBuildProgram(program, 1, &id_, options.c_str(), nullptr, nullptr);
  if (auto ok = check(code, "clBuildProgram"); !ok)
    return fail(ok.error().code, ok.error().message, "; ", name.file, ".cl with ", options, " on ",
                name_, ": ", buildLog(program));
  return program;
}

Result<cl_program> Device::program(const KernelName& name) {
  cl_program& known = programs_[{name.file, name.options}];
  if (known != nullptr) return known;
  auto compiled = compile(name);
  if (compiled) known = *compiled;
  return compiled;
}

Result<cl_kernel> Device::kernel(const KernelName& name) {
  const std::lock_guard lock(mutex_);
  const auto compiled = program(name);
  if (!compiled) return std::unexpected(compiled.error());
  cl_int code = CL_SUCCESS;
  const cl_kernel kernel = api_.clCreateKernel(*compiled, name.function.c_str(), &code);
  if (auto ok = check(code, "clCreateKernel"); !ok) return std::unexpected(ok.error());
  return kernel;
}

}  // namespace minnow::backend::cl
