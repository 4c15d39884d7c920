// An OpenCL device that fails, computes wrongly, or finds a damaged cache: functions of the driver are
// replaced by such as do so when they are told to. Skipped where there is no device.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "analysis/test_folder.h"
#include "backend/cl/device.h"
#include "backend/cpu/cpu.h"
#include "backend/gpu/gpu.h"
#include "backend/reference/reference.h"
#include "base/whole_file.h"
#include "program/program.h"
#include "runtime/test_models.h"

namespace minnow {
namespace {

using backend::cl::Api;
using backend::gpu::DeviceBackend;

// The faulty driver -------------------------------------------------------------------------------

struct Driver {
  Api real;
  std::string failing;  ///< the function that fails
  int calls = 0;        ///< of it that go well before
  cl_int code = CL_SUCCESS;
  std::map<std::string, int> called, failed;
  std::string planted, instead;  ///< options of the compiler, or words of a text, that are replaced
  size_t asked = 0;              ///< bytes of buffers

  bool underWay = false;  ///< something was begun and not waited for
  int freedUnderWay = 0;  ///< buffers, meanwhile

  void note(std::string_view name) {
    const bool waits = name == "clFinish" || name == "clWaitForEvents";
    if (waits || name.starts_with("clEnqueue")) underWay = !waits;
    if (name == "clReleaseMemObject" && underWay) ++freedUnderWay;
  }
  bool fails(const char* name) {
    note(name);
    ++called[name];
    const bool now = failing == name && calls-- <= 0;
    failed[name] += now ? 1 : 0;
    return now;
  }
};
Driver* driver = nullptr;

/// Functions like those of the table, which count their calls and fail when they are told to.
#define MINNOW_CL(name)                                                      \
  template <class R, class... A>                                             \
  R faulty_##name(A... args) {                                               \
    if (!driver->fails(#name)) return driver->real.name(args...);            \
    if constexpr (std::is_same_v<R, cl_int>) {                               \
      return driver->code;                                                   \
    } else {                                                                 \
      *std::get<sizeof...(A) - 1>(std::tuple<A...>(args...)) = driver->code; \
      return nullptr;                                                        \
    }                                                                        \
  }                                                                          \
  template <class R, class... A>                                             \
  void put_##name(R (*&entry)(A...)) {                                       \
    entry = &faulty_##name<R, A...>;                                         \
  }
#include "backend/cl/functions.inc"
#undef MINNOW_CL

cl_int buildOther(cl_program program, cl_uint count, const cl_device_id* devices,
                  const char* options, void (*notify)(cl_program, void*), void* user) {
  if (driver->fails("clBuildProgram")) return driver->code;
  std::string changed = options;
  if (const size_t at = changed.find(driver->planted);
      !driver->planted.empty() && at != std::string::npos)
    changed.replace(at, driver->planted.size(), driver->instead);
  return driver->real.clBuildProgram(program, count, devices, changed.c_str(), notify, user);
}

cl_program createOther(cl_context context, cl_uint count, const char** parts, const size_t* lengths,
                       cl_int* code) {
  std::string text;
  for (cl_uint i = 0; i < count; ++i) text.append(parts[i], lengths[i]);
  if (const size_t at = text.find(driver->planted);
      !driver->planted.empty() && at != std::string::npos)
    text.replace(at, driver->planted.size(), driver->instead);
  const char* words = text.c_str();
  return faulty_clCreateProgramWithSource<cl_program>(context, cl_uint{1}, &words,
                                                      static_cast<const size_t*>(nullptr), code);
}

cl_mem createCounted(cl_context context, cl_mem_flags flags, size_t size, void* there,
                     cl_int* code) {
  driver->asked += size;
  return faulty_clCreateBuffer<cl_mem>(context, flags, size, there, code);
}

// Sessions on it ----------------------------------------------------------------------------------

/// Functions of which the device has the first, and the last twice.
ir::Graph network(ops::UnaryFn first, ops::UnaryFn last) {
  test::Builder b("functions");
  const auto function = [&](ops::UnaryFn fn, ir::ValueId x) {
    ops::Unary op;
    op.fn = fn;
    return b.add(op, {x});
  };
  const ir::ValueId x = b.input("x", {1, 64, 96, 96});
  return b.finish(function(last, function(last, function(first, x))));
}

ir::Graph convolutions() {
  test::Builder b("convolutions");
  const ir::ValueId x = b.conv(b.input("x", {1, 16, 64, 64}), 16, 32, 3, 1, 1, 1);
  return b.finish(b.conv(x, 32, 16, 1, 1, 1, 2));
}

class DeviceFaults : public testing::Test {
 protected:
  void SetUp() override {
    const auto api = backend::cl::api();
    if (!api || !backend::cl::Device::get()) GTEST_SKIP() << "there is no OpenCL device here";
    table_ = *api;
    driver_.real = **api;
    driver = &driver_;
#define MINNOW_CL(name) put_##name(table_->name);
#include "backend/cl/functions.inc"
#undef MINNOW_CL
    table_->clBuildProgram = buildOther;
    table_->clCreateBuffer = createCounted;
    table_->clCreateProgramWithSource = createOther;
  }
  void TearDown() override {
    if (table_ == nullptr) return;
    *table_ = driver_.real;
    (*backend::cl::Device::get())->forgetFailure();
  }
  void fail(const std::string& function, cl_int code, int callsBefore = 0) {
    driver_.failing = function, driver_.code = code, driver_.calls = callsBefore;
  }
  void heal() { driver_.failing = {}; }
  int buffers() {
    return driver_.called["clCreateBuffer"] - driver_.failed["clCreateBuffer"] -
           driver_.called["clReleaseMemObject"];
  }

  Driver driver_;
  Api* table_ = nullptr;
};

constexpr SessionOptions kOnDevice{.backend = "cl", .backups = "cpu"};

std::vector<std::string> backendsOf(const Session& session) {
  std::vector<std::string> all;
  for (const OperatorInfo& op : session.operators()) all.push_back(op.backend);
  return all;
}

bool has(const std::string& words, const std::string& part) {
  return words.find(part) != std::string::npos;
}

/// Whatever fails under way: an error that names it, nothing is lost, what is there goes on, and the
/// session can be made again.
TEST_F(DeviceFaults, UnderWayAreErrorsAndSessionsAreMadeAgain) {
  const test::Model model(network(ops::UnaryFn::Sigmoid, ops::UnaryFn::Relu));
  struct Fault {
    const char* function;
    cl_int code;
    ErrorCode error;
    Precision precision = Precision::High;  // low: tensors are converted as they cross, so mapped
  };
  using enum Precision;
  const Fault faults[] = {
      {"clEnqueueNDRangeKernel", CL_OUT_OF_RESOURCES, ErrorCode::DeviceFailed},
      {"clEnqueueNDRangeKernel", CL_MEM_OBJECT_ALLOCATION_FAILURE, ErrorCode::OutOfMemory},
      {"clSetKernelArg", CL_INVALID_ARG_VALUE, ErrorCode::DeviceFailed},
      {"clEnqueueWriteBuffer", CL_OUT_OF_RESOURCES, ErrorCode::DeviceFailed},
      {"clEnqueueReadBuffer", CL_INVALID_COMMAND_QUEUE, ErrorCode::DeviceFailed},
      {"clEnqueueReadBuffer", CL_OUT_OF_HOST_MEMORY, ErrorCode::OutOfMemory},
      {"clEnqueueMapBuffer", CL_MAP_FAILURE, ErrorCode::DeviceFailed, Low},
      {"clEnqueueMapBuffer", CL_OUT_OF_HOST_MEMORY, ErrorCode::OutOfMemory, Low},
      {"clEnqueueUnmapMemObject", CL_INVALID_COMMAND_QUEUE, ErrorCode::DeviceFailed, Low},
      {"clEnqueueMarkerWithWaitList", CL_INVALID_COMMAND_QUEUE, ErrorCode::DeviceFailed},
      {"clWaitForEvents", CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, ErrorCode::DeviceFailed},
  };
  for (const Fault& fault : faults) {
    for (const int calls : {0, 1}) {
      SCOPED_TRACE(testing::Message() << fault.function << " " << fault.code << " after " << calls);
      Runtime runtime = *Runtime::create();
      auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
      SessionOptions options = kOnDevice;
      options.precision = fault.precision;
      const auto ranOnce = [&](const SessionOptions& by) {
        auto session = interpreter.createSession(by);
        return session ? test::runOnce(*session, -0.5F) : std::vector<float>();
      };
      const auto expected = ranOnce(options);
      ASSERT_FALSE(expected.empty());
      auto session = interpreter.createSession(options);  // whose kernels' arguments are not set
      ASSERT_TRUE(session) << session.error().message;
      ASSERT_TRUE(std::ranges::count(backendsOf(*session), "cl"));

      auto frame = *session->begin();
      test::writeInput(frame, -0.5F);
      driver_.called.clear();
      fail(fault.function, fault.code, calls);
      const auto ran = frame.run();
      const int called = driver_.called[fault.function];
      heal();
      if (ran) {  // a run has no second call of it
        EXPECT_LE(called, calls);
        EXPECT_GT(calls, 0) << "a run never calls it";
        continue;
      }
      EXPECT_EQ(ran.error().code, fault.error);
      for (const std::string& part :
           {std::string(fault.function), std::to_string(fault.code), std::string("cl: "),
            std::string("node '"), (*backend::cl::Device::get())->name()})
        EXPECT_TRUE(has(ran.error().message, part)) << part << " in: " << ran.error().message;

      EXPECT_EQ(test::runFrame(frame, -0.5F), expected) << "the frame runs again";
      auto again = interpreter.createSession(options);
      ASSERT_TRUE(again) << again.error().message;
      const auto where = backendsOf(*again);
      const bool gone = fault.error == ErrorCode::DeviceFailed;
      EXPECT_EQ(std::ranges::count(where, "cl") == 0, gone);
      if (gone) {
        EXPECT_TRUE(has(std::string(again->operators()[0].refused), fault.function));
      }
      {
        const auto ended = std::move(frame);
      }
      EXPECT_EQ(test::runOnce(*again, -0.5F), gone ? ranOnce({}) : expected);
      EXPECT_EQ(has(backendsHere()[0].trouble, fault.function), gone);
      (*backend::cl::Device::get())->forgetFailure();
    }
  }
}

/// Nothing is lost whichever call fails while a session is made and run.
TEST_F(DeviceFaults, LeaveNothingBehind) {
  const test::Model model(convolutions());
  for (const char* function :
       {"clCreateBuffer", "clCreateKernel", "clSetKernelArg", "clEnqueueWriteBuffer",
        "clEnqueueReadBuffer", "clEnqueueMapBuffer", "clEnqueueUnmapMemObject",
        "clEnqueueNDRangeKernel", "clEnqueueMarkerWithWaitList"}) {
    int failures = 0;
    for (int calls = 0; calls < 60; calls += 1 + calls / 4) {
      SCOPED_TRACE(testing::Message() << function << " after " << calls << " calls");
      Runtime runtime = *Runtime::create();
      driver_.called.clear(), driver_.failed.clear();
      {
        auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
        fail(function, CL_OUT_OF_HOST_MEMORY, calls);
        auto session = interpreter.createSession(kOnDevice);
        if (session) {
          if (auto frame = session->begin()) {
            test::writeInput(*frame, 0);
            if (!frame->run()) ++failures;
          }
        } else {
          ++failures;
          EXPECT_EQ(session.error().code, ErrorCode::OutOfMemory) << session.error().message;
          EXPECT_TRUE(has(session.error().message, function)) << session.error().message;
        }
        heal();
      }
      EXPECT_EQ(buffers(), 0);
      EXPECT_EQ(runtime.ledger().now.total(), 0U);
      (*backend::cl::Device::get())->forgetFailure();
    }
    EXPECT_GT(failures, 0) << function;
  }
}

/// What a kernel's pointers are set to is remembered: whichever call fails, and whatever block a frame
/// has, each frame reads and writes its own.
TEST_F(DeviceFaults, NoKernelKeepsThePointersOfAnotherFrame) {
  const test::Model model(convolutions());
  Runtime runtime = *Runtime::create({.concurrency = 2});
  auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  auto session = *interpreter.createSession({.frames = 2, .backend = "cl"});
  std::map<float, std::vector<float>> expected;
  for (const float start : {-0.5F, 0.25F}) expected[start] = test::runOnce(session, start);
  ASSERT_NE(expected[-0.5F], expected[0.25F]);
  auto one = *session.begin();
  std::optional<Frame> other = *session.begin();
  for (int calls = 0; calls < 12; ++calls) {
    fail("clSetKernelArg", CL_OUT_OF_HOST_MEMORY, calls);
    test::writeInput(*other, 0.25F);
    const auto ran = other->run();
    heal();
    EXPECT_TRUE(ran || ran.error().code == ErrorCode::OutOfMemory);
    EXPECT_EQ(test::runFrame(one, -0.5F), expected[-0.5F]) << calls;
    EXPECT_EQ(test::runFrame(*other, 0.25F), expected[0.25F]) << calls;
  }
  driver_.called.clear();
  EXPECT_EQ(test::runFrame(*other, 0.25F), expected[0.25F]);
  EXPECT_EQ(driver_.called["clSetKernelArg"], 0) << "nothing has changed";
}

/// A device joins them.
ir::Graph functionsThatAreJoined() {
  test::Builder b("small");
  ops::Unary sigmoid, relu;
  sigmoid.fn = ops::UnaryFn::Sigmoid, relu.fn = ops::UnaryFn::Relu;
  ir::ValueId x = b.input("x", {1, 32, 48, 48});
  for (int i = 0; i < 3; ++i) x = b.add(relu, {b.add(sigmoid, {x})});
  return b.finish(x);
}

TEST_F(DeviceFaults, SmallStepsInHalvesAreNearThoseInFloats) {
  const test::Model model(functionsThatAreJoined());
  Runtime runtime = *Runtime::create();
  auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  SessionOptions options{.backend = "cl"};
  auto precise = *interpreter.createSession(options);
  const auto floats = test::runOnce(precise, -0.5F);
  options.precision = Precision::Low;
  auto session = *interpreter.createSession(options);
  ASSERT_TRUE(std::ranges::count(backendsOf(session), "cl"));
  const auto halves = test::runOnce(session, -0.5F);
  for (size_t i = 0; i < floats.size(); ++i) ASSERT_NEAR(halves[i], floats[i], 0.002) << i;
}

/// Small steps are started late, perhaps by another frame: if that fails, this one has no results.
TEST_F(DeviceFaults, WhatAnotherFrameFailsToStartIsNoResult) {
  const test::Model model(functionsThatAreJoined());
  for (const cl_int code : {CL_OUT_OF_RESOURCES, CL_MEM_OBJECT_ALLOCATION_FAILURE})
    for (int pieces = 1; pieces < 8; ++pieces) {
      SCOPED_TRACE(testing::Message() << code << " after " << pieces << " pieces");
      Runtime runtime = *Runtime::create({.concurrency = 2});
      auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
      auto session = *interpreter.createSession({.frames = 2, .backend = "cl"});
      const auto expected = test::runOnce(session, -0.5F);
      ASSERT_TRUE(std::ranges::count(backendsOf(session), "cl"));
      auto one = *session.begin(), other = *session.begin();
      test::writeInput(one, -0.5F), test::writeInput(other, 0.25F);
      auto done = Result<bool>(false);
      for (int i = 0; i < pieces && done && !*done; ++i) done = one.advance();
      fail("clEnqueueNDRangeKernel", code);
      const auto ran = other.run();
      heal();
      while (done && !*done) done = one.advance();
      EXPECT_FALSE(ran);
      if (done) {
        EXPECT_EQ(test::outputOf(one), expected);
      }
      EXPECT_EQ(test::runFrame(one, -0.5F), expected) << "the frame runs again";
      (*backend::cl::Device::get())->forgetFailure();
    }
}

TEST_F(DeviceFaults, AKernelThatIsNotCompiledFallsToTheCpuAndSaysWhy) {
  const test::Model model(network(ops::UnaryFn::Softplus, ops::UnaryFn::Abs));
  Runtime runtime = *Runtime::create();
  auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  fail("clBuildProgram", CL_BUILD_PROGRAM_FAILURE);
  auto session = interpreter.createSession(kOnDevice);
  ASSERT_TRUE(session) << session.error().message;
  const std::string why(session->operators()[0].refused);
  for (const char* part : {"clBuildProgram failed with -11", "elementwise.cl", "EPILOGUE=Softplus"})
    EXPECT_TRUE(has(why, part)) << why;
  heal();
  auto onCpu = *interpreter.createSession();
  EXPECT_EQ(test::runOnce(*session, 0), test::runOnce(onCpu, 0));
}

// Beside another device ---------------------------------------------------------------------------

/// Two convolutions, of which the first ends in a function of its own, and what no device computes.
ir::Graph threeKinds(ops::UnaryFn own) {
  test::Builder b("three-kinds");
  ops::Unary sine;
  sine.fn = ops::UnaryFn::Sin;
  const ir::ValueId x = b.conv(b.input("x", {1, 16, 64, 64}), 16, 32, 3, 1, 1, 1);
  ir::Graph graph = b.finish(b.add(sine, {b.conv(x, 32, 64, 3, 1, 1, 2)}));
  static_cast<ops::Conv&>(*graph.nodes[0].op).epilogue.fn = own;
  return graph;
}

class BesideAnotherDevice : public DeviceFaults {
 protected:
  void SetUp() override {
    DeviceFaults::SetUp();
    const auto isThere = [](const BackendInfo& one) {
      return std::string_view(one.name) == "gl" && *one.missing == '\0';
    };
    if (!std::ranges::any_of(backendsHere(), isThere)) GTEST_SKIP() << "there is no OpenGL ES";
  }
  Interpreter load(ops::UnaryFn own) {
    model_.emplace(threeKinds(own));
    return *Interpreter::createFromBuffer(runtime_, model_->span);
  }
  static void expectNearTheCpu(Session& session, const Interpreter& interpreter) {
    auto onCpu = *interpreter.createSession();
    const auto found = test::runOnce(session, -0.5F), expected = test::runOnce(onCpu, -0.5F);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-4) << i;
  }
  static std::vector<OperatorInfo> computed(const Session& session) {
    auto all = session.operators();
    std::erase_if(all, &OperatorInfo::crosses);
    return all;
  }

  static constexpr SessionOptions kOnBoth{.backend = "cl", .backups = "gl,cpu"};
  Runtime runtime_ = *Runtime::create();
  std::optional<test::Model> model_;
};

TEST_F(BesideAnotherDevice, WhatTheDriverDoesNotCompileIsForTheNext) {
  driver_.planted = "EPILOGUE=Softsign", driver_.instead = "EPILOGUE=NoFunction";
  const auto interpreter = load(ops::UnaryFn::Softsign);
  auto session = interpreter.createSession(kOnBoth);
  ASSERT_TRUE(session) << session.error().message;
  const auto operators = computed(*session);
  ASSERT_EQ(operators.size(), 3U);
  EXPECT_STREQ(operators[0].backend, "gl");
  EXPECT_TRUE(has(std::string(operators[0].refused), "cl: clBuildProgram")) << operators[0].refused;
  EXPECT_STREQ(operators[1].backend, "cl");
  EXPECT_EQ(operators[1].refused, "");
  EXPECT_STREQ(operators[2].backend, "cpu");
  EXPECT_TRUE(has(std::string(operators[2].refused), "; gl: ")) << operators[2].refused;
  expectNearTheCpu(*session, interpreter);
}

TEST_F(BesideAnotherDevice, SessionsAreMadeAgainThereWhenThisOneFails) {
  const auto interpreter = load(ops::UnaryFn::Relu);
  auto session = *interpreter.createSession(kOnBoth);
  EXPECT_EQ(std::ranges::count(backendsOf(session), "gl"), 0) << "none is worth crossing to it";
  fail("clEnqueueNDRangeKernel", CL_OUT_OF_RESOURCES);
  {
    auto frame = *session.begin();
    test::writeInput(frame, -0.5F);
    const auto ran = frame.run();
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, ErrorCode::DeviceFailed) << ran.error().message;
  }
  heal();
  auto again = *interpreter.createSession(kOnBoth);
  const auto operators = computed(again);
  EXPECT_STREQ(operators[0].backend, "gl");
  EXPECT_STREQ(operators[1].backend, "gl");
  EXPECT_TRUE(has(std::string(operators[1].refused), "cl: it failed before"))
      << operators[1].refused;
  expectNearTheCpu(again, interpreter);
}

/// What a session says that it takes here is what the driver is asked for.
TEST_F(BesideAnotherDevice, ItsBytesAreThoseThatTheDriverIsAskedFor) {
  const auto interpreter = load(ops::UnaryFn::Relu);
  const SessionOptions options{.backend = "gl",
                               .paths = {{.to = {"Conv1"}, .from = {"Conv1"}, .backend = "cl"}}};
  (void)interpreter.createSession(options);  // the self-test has its own
  driver_.asked = 0;
  auto session = interpreter.createSession(options);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_FALSE(test::runOnce(*session, 0).empty());
  const auto devices = session->deviceMemory();
  ASSERT_EQ(devices.size(), 2U);
  size_t sum = 0;
  for (const DeviceMemoryReport& one : devices) {
    sum += one.total();
    if (std::string_view(one.backend) == "cl") {
      EXPECT_EQ(driver_.asked, one.total());
    }
  }
  EXPECT_EQ(sum, session->memory().deviceBytes);
  EXPECT_GT(sum, driver_.asked);
}

// A process of its own ----------------------------------------------------------------------------

/// Takes so long by estimate that all goes to the device that can.
struct SlowHost final : backend::Backend {
  const char* name() const override { return "cpu"; }
  Result<void> supports(const backend::Work&) const override { return {}; }
  double cost(const backend::Work&) const override { return 1e12; }
  Result<std::unique_ptr<backend::Kernel>> prepare(
      std::span<const backend::Work> forms) const override {
    return backend::referenceBackend().prepare(forms);
  }
  Result<void> wait(backend::Event) const override { return {}; }
};

/// The device as another process would open it, with a back-end of its own.
struct Process {
  explicit Process(const std::string& folder = {}) {
    backend::gpu::Cache::use(folder, "test");
    opened = backend::cl::Device::open();
    current = &opened;
    backend.measure(backend::cpuBackend());
  }
  static const backend::gpu::Opened& device() { return *current; }
  /// Where the first node of a network is computed, and why not on the device.
  OperatorInfo first(const ir::Graph& graph, bool inHalves = false) {
    std::vector<TensorType> types;
    for (const ir::Value& value : graph.values) types.push_back(value.type);
    program = *program::build(graph, types, {1, false, {&backend, &host}, true, {}, inHalves});
    for (size_t n = 0; n < program->steps.size(); ++n)
      if (const OperatorInfo op = program::describeOperator(*program, n); op.type != "Relayout")
        return op;
    return {};
  }
  /// Kernels that the steps of the last network start.
  size_t launches() const {
    size_t all = 0;
    for (size_t n = 0; n < program->steps.size(); ++n)
      all += program::describeOperator(*program, n).launches;
    return all;
  }
  ~Process() {  // as at the end of a frame
    current = &opened;
    if (opened) {
      EXPECT_TRUE(backend.wait(backend::kDone + 1));
    }
  }

  static inline const backend::gpu::Opened* current = nullptr;
  backend::gpu::Opened opened = std::unexpected(Error{});
  DeviceBackend backend{"cl", &device};
  SlowHost host;
  std::shared_ptr<const program::Program> program;
};

class DeviceCache : public DeviceFaults {
 protected:
  std::string folder(const char* name = "cache") { return (folder_.path() / name).string(); }
  int compiled() { return std::exchange(driver_.called["clCreateProgramWithSource"], 0); }
  std::vector<std::filesystem::path> entries() {
    std::vector<std::filesystem::path> all;
    for (const auto& one : std::filesystem::directory_iterator(folder())) all.push_back(one.path());
    return all;
  }

  analysis::TestFolder folder_;
  const ir::Graph graph_ = network(ops::UnaryFn::Sigmoid, ops::UnaryFn::Relu);
};

TEST_F(DeviceCache, IsFoundByTheNextProcess) {
  EXPECT_STREQ(Process(folder()).first(graph_).backend, "cl");
  EXPECT_GT(compiled(), 0);
  EXPECT_FALSE(entries().empty());
  EXPECT_STREQ(Process(folder()).first(graph_).backend, "cl");
  EXPECT_EQ(compiled(), 0);
  EXPECT_STREQ(Process(folder("other")).first(graph_).backend, "cl");
  EXPECT_GT(compiled(), 0) << "an empty folder";
  EXPECT_STREQ(Process().first(graph_).backend, "cl");
  EXPECT_GT(compiled(), 0) << "no folder";
}

/// Each byte of a header, and some of the rest.
TEST_F(DeviceCache, DamagedEntriesAreMadeAnew) {
  (void)Process(folder()).first(graph_);
  const int all = compiled();
  const auto damage = [&](const auto& how) {
    for (const auto& path : entries()) {
      auto bytes = *base::readFile(path);
      how(bytes);
      ASSERT_TRUE(base::writeFile(path, bytes));
    }
  };
  const auto check = [&](const char* what) {
    EXPECT_STREQ(Process(folder()).first(graph_).backend, "cl") << what;
    EXPECT_EQ(compiled(), all) << what;
    EXPECT_STREQ(Process(folder()).first(graph_).backend, "cl") << what;
    EXPECT_EQ(compiled(), 0) << "mended after: " << what;
  };
  damage([](auto& bytes) { bytes[bytes.size() - 1] ^= std::byte{1}; });
  check("the last bit");
  damage([](auto& bytes) { bytes.resize(bytes.size() / 2); });
  check("half of it");
  damage([](auto& bytes) { bytes.clear(); });
  check("nothing");
  std::vector<std::byte> another = *base::readFile(entries()[0]);
  damage([&](auto& bytes) { std::swap(bytes, another); });
  EXPECT_STREQ(Process(folder()).first(graph_).backend, "cl") << "entries of other keys";
  EXPECT_GT(compiled(), 0);
}

TEST_F(DeviceCache, ThatTheDriverRefusesIsMadeAnew) {
  (void)Process(folder()).first(graph_);
  EXPECT_GT(compiled(), 2);
  fail("clCreateProgramWithBinary", CL_INVALID_BINARY);
  EXPECT_STREQ(Process(folder()).first(graph_).backend, "cl");
  EXPECT_EQ(compiled(), 3) << "both functions and the trial of small numbers; all else is there";
}

TEST_F(DeviceCache, ThatCannotBeWrittenDoesNoHarmAndIsSaid) {
  ASSERT_TRUE(base::writeFile(folder("file"), std::string_view("no folder")));
  Process process(folder("file"));
  EXPECT_STREQ(process.first(graph_).backend, "cl");
  EXPECT_TRUE(process.backend.wait(backend::kDone + 1));
  EXPECT_TRUE(has(process.backend.info().trouble, "kernel cache"))
      << process.backend.info().trouble;
  EXPECT_TRUE(has(process.backend.info().trouble, folder("file")));
}

TEST_F(DeviceCache, WhatTheDeviceGetsWrongIsNotComputedThere) {
  driver_.planted = "EPILOGUE=Sigmoid", driver_.instead = "EPILOGUE=Relu";
  Process process(folder());
  const OperatorInfo op = process.first(graph_);
  EXPECT_STREQ(op.backend, "cpu");
  EXPECT_TRUE(has(std::string(op.refused), "self-test")) << op.refused;
  const std::string trouble = process.backend.info().trouble;
  for (const std::string& part : {std::string("Sigmoid"), (*process.opened)->name()})
    EXPECT_TRUE(has(trouble, part)) << trouble;
  EXPECT_FALSE(has(trouble, "Relu")) << trouble;

  driver_.planted = {};  // what was found is kept, and the kernel is as wrong as it was
  EXPECT_TRUE(has(std::string(Process(folder()).first(graph_).refused), "self-test"));
  EXPECT_STREQ(Process(folder("other")).first(graph_).backend, "cl");
}

/// Small faults too: beyond the tolerance, and in a few elements.
TEST_F(DeviceCache, FaultsThatAreCloseAreFound) {
  driver_.planted = "EPILOGUE=Mish", driver_.instead = "EPILOGUE=Swish";
  const ir::Graph graph = network(ops::UnaryFn::Mish, ops::UnaryFn::Relu);
  EXPECT_STREQ(Process().first(graph).backend, "cpu");
  driver_.planted = {};
  EXPECT_STREQ(Process().first(graph).backend, "cl");
}

/// What is stored as float16 is tried by itself: that float32 is right says nothing of it.
TEST_F(DeviceCache, FaultsInHalvesAreFound) {
  driver_.planted = "EPILOGUE=Sigmoid -D HALF=1";
  driver_.instead = "EPILOGUE=Relu -D HALF=1";
  const ir::Graph graph = network(ops::UnaryFn::Sigmoid, ops::UnaryFn::Relu);
  Process process;
  const OperatorInfo op = process.first(graph, true);
  EXPECT_STREQ(op.backend, "cpu");
  EXPECT_TRUE(has(std::string(op.refused), "self-test")) << op.refused;
  EXPECT_TRUE(has(process.backend.info().trouble, "float16")) << process.backend.info().trouble;
  EXPECT_STREQ(process.first(graph).backend, "cl");
  driver_.planted = {};
  EXPECT_STREQ(Process().first(graph, true).backend, "cl");
}

/// Whatever fails while an operator is tried, its memory stays until nothing is under way.
TEST_F(DeviceCache, ATrialThatFailsIsWaitedFor) {
  for (const char* function : {"clEnqueueWriteBuffer", "clEnqueueReadBuffer",
                               "clEnqueueNDRangeKernel", "clEnqueueMarkerWithWaitList"})
    for (const int calls : {0, 1}) {
      SCOPED_TRACE(testing::Message() << function << " after " << calls << " calls");
      Process process;
      driver_.freedUnderWay = 0;
      fail(function, CL_OUT_OF_HOST_MEMORY, calls);
      (void)process.first(graph_);
      heal();
      EXPECT_GT(driver_.failed[function], 0);
      EXPECT_EQ(driver_.freedUnderWay, 0);
    }
}

// Joined steps ------------------------------------------------------------------------------------

/// Steps so small that they are started together, two of one pixel.
ir::Graph smallSteps() {
  test::Builder b("small-steps");
  const ir::ValueId x = b.conv(b.input("x", {1, 16, 20, 20}), 16, 32, 3, 1, 1, 1);
  ops::Pool pool;
  pool.fn = ops::PoolFn::Average, pool.global = true;
  const ir::ValueId one = b.conv(b.conv(b.add(pool, {x}), 32, 8, 1, 1, 1, 2), 8, 32, 1, 1, 1, 3);
  ops::Binary multiply;
  multiply.fn = ops::BinaryFn::Mul;
  return b.finish(b.conv(b.add(multiply, {x, one}), 32, 16, 3, 2, 1, 4));
}

class JoinedSteps : public DeviceFaults {
 protected:
  Interpreter load() { return *Interpreter::createFromBuffer(runtime_, model_.span); }
  static size_t started(const Session& session) {
    size_t all = 0;
    for (const OperatorInfo& op : session.operators()) all += op.launches;
    return all;
  }
  std::vector<float> onCpu() {
    auto session = *load().createSession();
    return test::runOnce(session, -0.5F);
  }

  test::Model model_{smallSteps()};
  Runtime runtime_ = *Runtime::create({.concurrency = 2});
  const SessionOptions options_{.frames = 2, .backend = "cl", .backups = "cpu"};
};

TEST_F(JoinedSteps, AreOneKernelWithTheBitsOfTheCpu) {
  auto interpreter = load();
  auto session = *interpreter.createSession(options_);
  EXPECT_EQ(std::ranges::count(backendsOf(session), "cpu"), 0);
  EXPECT_EQ(started(session), 1U);
  auto frame = *session.begin();
  EXPECT_EQ(test::runFrame(frame, -0.5F), onCpu());
  driver_.called.clear();
  EXPECT_EQ(test::runFrame(frame, -0.5F), onCpu());
  EXPECT_EQ(driver_.called["clEnqueueNDRangeKernel"], 1);
}

/// Each tensor, as the CPU computes it; and what a callback writes is what goes on.
TEST_F(JoinedSteps, AreSeenOneByOne) {
  auto interpreter = load();
  const auto seen = [&](const SessionOptions& options) {
    auto session = *interpreter.createSession(options);
    std::vector<std::vector<float>> all;
    auto frame = *session.begin();
    test::writeInput(frame, -0.5F);
    const auto note = [&](const OperatorInfo& op, std::span<const TensorView> outputs) {
      if (op.crosses()) return CallbackVerdict::Continue;
      const TensorView& y = outputs[0];
      if (op.type == "GlobalAveragePool") y.as<float>()[3] = 7;
      auto& numbers = all.emplace_back(static_cast<size_t>(y.elements()));
      copyTensor(y, {{y.type, y.shape, plainStrides(y.shape)}, numbers.data()});
      return CallbackVerdict::Continue;
    };
    EXPECT_TRUE(frame.runWithCallback({}, note));
    return all;
  };
  const auto here = seen(options_), there = seen({});
  ASSERT_EQ(here.size(), 6U);
  EXPECT_TRUE(here == there);
}

/// Two frames of one program, step by step in turns.
TEST_F(JoinedSteps, OfSeveralFramesKeepApart) {
  auto interpreter = load();
  auto session = *interpreter.createSession(options_);
  const auto expected = onCpu(), other = test::runOnce(session, 0.25F);
  auto one = *session.begin(), two = *session.begin();
  test::writeInput(one, -0.5F), test::writeInput(two, 0.25F);
  for (bool done = false; !done;) {
    const auto first = one.advance(), second = two.advance();
    ASSERT_TRUE(first && second);
    ASSERT_EQ(*first, *second);
    done = *first;
  }
  EXPECT_EQ(test::outputOf(one), expected);
  EXPECT_EQ(test::outputOf(two), other);
}

/// Whichever call fails, nothing stays noted of a frame that is gone.
TEST_F(JoinedSteps, ThatFailAreErrorsAndRunAgain) {
  auto interpreter = load();
  auto session = *interpreter.createSession(options_);
  const auto expected = onCpu();
  for (const char* function : {"clSetKernelArg", "clEnqueueNDRangeKernel", "clEnqueueWriteBuffer",
                               "clEnqueueReadBuffer"}) {
    auto fresh = *interpreter.createSession(options_);
    {
      auto frame = *fresh.begin();
      test::writeInput(frame, -0.5F);
      fail(function, CL_OUT_OF_HOST_MEMORY);
      const auto ran = frame.run();
      heal();
      ASSERT_FALSE(ran) << function;
      EXPECT_TRUE(has(ran.error().message, function)) << ran.error().message;
    }
    EXPECT_EQ(test::runOnce(fresh, -0.5F), expected) << function;
  }
}

/// A driver that leaves the last step out, and one that does not compile it.
TEST_F(DeviceCache, StepsThatAreJoinedWronglyAreStartedOneByOne) {
  const ir::Graph graph = smallSteps();
  for (const auto& [planted, instead] :
       {std::pair{"p < (int)range.y", "p + 1 < (int)range.y"}, {"switch (part[0])", "no OpenCL"}}) {
    driver_.planted = planted, driver_.instead = instead;
    Process process;
    EXPECT_STREQ(process.first(graph).backend, "cl");
    EXPECT_EQ(process.launches(), 6U);
    EXPECT_TRUE(has(process.backend.info().trouble, "started one by one"))
        << process.backend.info().trouble;
  }
  driver_.planted = {};
  Process process;
  (void)process.first(graph);
  EXPECT_EQ(process.backend.info().trouble, "");
}

/// Those of one model say nothing of the next one's.
TEST_F(DeviceCache, StepsThatDoNotCompileJoinedDoNotHinderLaterOnes) {
  driver_.planted = "case 2:", driver_.instead = "no OpenCL";
  Process process;
  EXPECT_STREQ(process.first(smallSteps()).backend, "cl");
  EXPECT_EQ(process.launches(), 6U);
  EXPECT_TRUE(has(process.backend.info().trouble, "some steps are started one by one"))
      << process.backend.info().trouble;
  EXPECT_STREQ(process.first(functionsThatAreJoined()).backend, "cl");
  EXPECT_EQ(process.launches(), 1U);
}

TEST_F(DeviceCache, CostsAreMeasuredOnceAndKept) {
  const auto costOf = [&](Process& process) { return process.backend.crossingCost(1 << 20); };
  Process without;
  EXPECT_EQ(costOf(without), 10'000 + (1 << 20) / 4.0) << "by estimate";
  Process first(folder());
  const double measured = costOf(first);
  EXPECT_GT(measured, 0);
  EXPECT_NE(measured, costOf(without));
  Process second(folder());
  EXPECT_EQ(costOf(second), measured);
  if (!has((*second.opened)->name(), "PoCL")) return;
  const auto costs = backend::gpu::costsOf(second.backend, **second.opened, backend::cpuBackend());
  EXPECT_GT(costs.sums, 0.5) << "it is this CPU by another compiler: 10 is the CPU's estimate";
  EXPECT_LT(costs.sums, 40);
}

}  // namespace
}  // namespace minnow
