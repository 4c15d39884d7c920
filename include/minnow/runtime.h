// The engine: Runtime → Interpreter → Session → Frame.
//
//   auto runtime = orExit(minnow::Runtime::create({.threads = 2}));
//   auto model = orExit(minnow::Interpreter::createFromFile(runtime, argv[1]));
//   auto session = orExit(model.createSession());
//   auto frame = orExit(session.begin());  // leases an arena, in which inputs and outputs lie
//   orExit(minnow::writeTensor(frame.input("images"), pixels));
//   orExit(frame.run());
//   orExit(minnow::readTensor(frame.output("scores"), scores));
//
// orExit() is what a program does about errors (examples/classify.cc). Pictures are written into an
// input by minnow/image.h.
//
// A Runtime must outlive its interpreters, an interpreter its sessions, a session its frames. A
// Runtime and an Interpreter may be used from any threads at once, a Session and a Frame from one
// thread at a time. Different sessions of one runtime may run on different threads at once, as many
// as the runtime's `concurrency` has arenas. What was moved from may be destroyed or assigned to.
//
// fork(): the child may go on with what the parent made, if no other thread was inside a call of
// this library at that moment. The parent's threads do not exist in the child: there its frames are
// computed by the calling thread alone, with the same bits, and arenas that other threads had
// leased stay leased. A child that wants threads creates a Runtime of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minnow/elements.h"
#include "minnow/memory.h"
#include "minnow/status.h"
#include "minnow/tensor.h"

#pragma GCC visibility push(default)

namespace minnow {

struct RuntimeOptions {
  /// Threads that compute, the callers' included: a lone frame has them all, frames that run at
  /// once share them. Each has its caller's at least, and none waits for another: two frames on two
  /// threads run side by side. What comes out does not depend on it.
  int threads = 1;
  /// Frames that may be under way at once; each has an arena as large as the largest plans need.
  int concurrency = 1;
  /// Most bytes the library may hold (MemoryLedger::total(): weights are counted, file-backed or
  /// not; all arenas that may be needed are counted from the start); 0 for no limit. A model, a
  /// session or a resizing that does not fit is refused with OutOfMemory and the shortfall by
  /// category, and nothing changes.
  size_t memoryBudget = 0;
  /// A folder in which devices keep what costs time once: compiled kernels, what their self-test
  /// found, what was measured of them. It is made where there is none; "" for nothing is kept, and
  /// each process compiles anew. What lies there is checked and, where it is damaged or another
  /// device's, driver's or version's, made anew; a folder that cannot be written does no harm.
  /// A device belongs to the process: of several runtimes the last one's folder is used.
  std::string kernelCache = {};
};

/// One input or output of a model.
struct TensorInfo {
  std::string name;
  DataType type = DataType::Undefined;
  Shape shape;
  Quantisation quantisation = {};
};

/// Shapes of inputs, by name.
using InputShapes = std::span<const std::pair<std::string, Shape>>;

/// What resizing may make of an axis of an input.
struct ExtentInfo {
  /// Axes of one name have one extent; "" where there is none. Lives as long as the model.
  std::string_view name = "";
  int64_t least = 0, most = kAnyExtent;
};

/// One step of a session, for traces and profiles.
struct OperatorInfo {
  std::string name;  ///< of the ONNX node
  std::string type;  ///< "Conv"
  /// Which kernel was chosen: "conv-panels", "reference"; "view" where nothing is computed.
  std::string kernel;
  int64_t multiplyAdds = 0;
  size_t index = 0;
  /// Rows of the output that are computed now, where the operator runs in strips; else 0, 0.
  int64_t rowBegin = 0, rowEnd = 0;
  /// The kind of operator that the engine links for it: "Unary" where the type is "Sigmoid".
  const char* kind = "";
  /// The back-end that computes it, "cpu"; "" where nothing is computed. A step of type "Relayout"
  /// whose kernel is "to-device" or "from-device" takes a tensor from one memory to the other.
  const char* backend = "";
  /// What a back-end that stands before it in the session's list says against it; "" for nothing.
  /// Lives until the session is resized or goes.
  std::string_view refused = "";
  size_t launches = 0;  ///< kernels that a device starts for it
  /// The path that it belongs to, an index into SessionOptions::paths; -1 for none.
  int path = -1;
  /// Where it runs beside other steps: which stage that is, and its lane there, from 0 on. Lanes of
  /// one stage run side by side as far as there are threads. -1 for a step that runs alone.
  int stage = -1, lane = -1;

  /// True for a step that takes a tensor from one memory to the other.
  bool crosses() const { return kernel == "to-device" || kernel == "from-device"; }
};

/// A tensor that a step reads or writes. An optional one that is absent has no name and no type.
struct OperandInfo {
  /// Of the tensor in the ONNX file; of one that conversion added, its source's with '#' and what
  /// it is. Lives as long as the model.
  std::string_view name;
  DataType type = DataType::Undefined;
  Shape shape;            ///< as planned; what depends on data may turn out smaller
  bool constant = false;  ///< weights, or a view of them: never written
  /// As memory has it: Float16 for what a device of Precision::Low stores so.
  DataType stored = DataType::Undefined;
  Quantisation quantisation = {};
};

/// What a step reads and writes, in the order of the views that callbacks get.
struct Operands {
  std::vector<OperandInfo> inputs, outputs;
};

/// A stretch of the arena and when it is in use.
/// Where several threads run a chain of operators in bands, each band has tensors and workspace of
/// its own, "conv1, band 2": those of different bands never share bytes, whatever their steps.
struct PlannedMemory {
  std::string name;  ///< of the tensor it holds, the last one written; "workspace of NODE"
  size_t offset = 0, bytes = 0;
  size_t firstStep = 0, lastStep = 0;  ///< indices into Session::operators(), both included
  bool strip = false;                  ///< holds a strip of the tensor's rows, not all of it
  const char* device = "";  ///< the back-end in whose block of a frame it lies; "" in the arena
};

enum class CallbackVerdict { Continue, Stop };
/// Called for one operator with its inputs or outputs (views into the arena, valid during the
/// call; Session::operands() names them).
using OpCallback = std::function<CallbackVerdict(const OperatorInfo&, std::span<const TensorView>)>;

/// A piece of a run, and when: for timelines.
struct RunEvent {
  enum class Kind : uint8_t {
    Step,  ///< a step was computed, or its rows were
    Wait,  ///< nothing to do until other lanes, or other bands, came so far
  };
  Kind kind = Kind::Step;
  /// Index into Session::operators(); of a wait, the first step of what is waited for.
  size_t step = 0;
  /// Bands that compute the step's rows side by side, each of which is told for itself.
  int bands = 1;
  int64_t rowBegin = 0, rowEnd = 0;  ///< as in OperatorInfo
  std::chrono::steady_clock::time_point begin, end;
};
using RunObserver = std::function<void(const RunEvent&)>;

class Interpreter;
class Session;
class Frame;
struct DeviceTensor;
struct DevicePicture;

/// Threads, the arena pool and the memory budget. One a process as a rule.
class Runtime {
 public:
  static Result<Runtime> create(const RuntimeOptions& options = {});
  Runtime(Runtime&&) noexcept;
  Runtime& operator=(Runtime&&) noexcept;
  ~Runtime();

  const RuntimeOptions& options() const;
  /// Bytes of all arenas together once as many frames as `concurrency` have been under way at once:
  /// the largest plans that exist. Equals predicted().dynamicBytes.
  size_t arenaBytes() const;
  /// What is held by this runtime and all that was made from it.
  LedgerReport ledger() const;
  /// The ledger's peak starts anew from what is held now.
  void resetPeak();
  /// What all models and sessions that exist need at `concurrency` frames at once (0: the runtime's
  /// own). The ledger's peak reaches it when the largest plans run at once, and never exceeds it;
  /// but for arenas that frames under way still hold of sessions that went.
  MemoryReport predicted(int concurrency = 0) const;

  struct Impl;

 private:
  explicit Runtime(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
  friend class Interpreter;
};

/// A part of a model that is computed in its own way. Names are those of operators or tensors in the
/// ONNX file, or of the model's outputs; a tensor stands for the operator that writes it. Conversion
/// joins operators, and only names that are left can be given (`minnow info --backend cpu` lists them).
struct PathOptions {
  /// The operators where it ends, at least one.
  std::vector<std::string> to;
  /// Those where it begins: then it is all that lies between. Else it is all that leads to its ends
  /// and, but through them, neither to an output nor to the end of another path.
  std::vector<std::string> from = {};
  /// Where it is computed, as SessionOptions has it for what is in no path.
  std::string backend = "cpu", backups = "";
  /// That share its loops while other lanes run; 0 for an even share of the runtime's.
  int threads = 0;
  bool operator==(const PathOptions&) const = default;
};

/// How a device stores tensors and constants of float32 (SessionOptions::precision).
enum class Precision : uint8_t {
  High,  ///< as they are
  /// As float16, in half the memory, of which half as much is moved; computed in float32, from which
  /// each result is rounded once. It has 11 binary digits: rounding changes a number by 2^-11 of itself
  /// at most, and one below 2^-14 by 2^-25, so that what is smaller than that becomes 0. From 65520 on it
  /// becomes an infinity, and not the largest number, so that it shows. Nothing watches over what a
  /// model's numbers are: try it on its own inputs with `minnow diff --precision low --against cpu`.
  Low,
};

struct SessionOptions {
  /// Whether begin() waits for a free arena or returns ErrorCode::Busy. It returns Busy at once
  /// where waiting could never end: where the arenas that it needs are held by the calling thread
  /// (a detector's frame is alive, and the reader's is begun, with one arena), or by threads that
  /// wait for an arena themselves. A frame counts as held by the thread that began it, also after
  /// it was moved to another thread: who begins frames here and ends them there does so with
  /// `waitForArena` false, or with as many arenas as frames can be alive.
  bool waitForArena = true;
  /// Frames of this session that may be alive at a time, each promised an arena of its own: 1 to
  /// the runtime's concurrency, 0 for just that. Sessions share what they can, so several frames of
  /// one session cost no more than one frame of each of several.
  int frames = 1;
  /// false: every operator runs its scalar reference. For checking, not for use.
  bool fastKernels = true;
  /// false: layer by layer, every feature map in full. The same bits in more memory; for traces and
  /// callbacks that want whole tensors.
  bool inStrips = true;
  /// Where operators are computed: "cpu", "cl" for an OpenCL device, or "gl" for OpenGL ES 3.1, whose
  /// results are near the CPU's and not its bits. Of several devices
  /// each operator goes to the first that is there and supports it. What none supports, or what would be
  /// moved there and back for longer than it takes to compute, goes to the CPU, which supports everything: no session fails because an
  /// operator, or a device, does not exist. OperatorInfo::refused says why. Where
  /// anything is computed on a device, by a path too, the whole session runs layer by layer.
  std::string_view backend = "cpu";
  std::string_view backups = "";  ///< in their order, separated by commas
  /// Of what is computed on a device; inputs and outputs, and what the CPU computes, are float32 and
  /// have its bits. Types other than float32 are stored as they are. An operator whose constants
  /// float16 does not hold, because they are too large or all of them too small, is not computed
  /// there, and OperatorInfo::refused says so.
  Precision precision = Precision::High;
  /// Parts of the model that have back-ends and threads of their own. What several of them need is
  /// computed once, before them. Paths that do not need each other run side by side, each on a thread
  /// that it has from the runtime's, as far as there are enough, and so does what is in no path and
  /// none of them needs. The bits are the same; the arena may be larger, because more exists at a
  /// time. Refused where a name is unknown, where two paths have an operator in common or need each
  /// other in a circle, and in builds without paths (MINNOW_PATHS).
  std::vector<PathOptions> paths = {};
  /// createSession() finds paths itself, as Interpreter::choosePaths() does.
  bool autoPaths = false;
};

/// What choosePaths() found.
struct PathChoice {
  SessionOptions options;  ///< for the session; without paths where one is the fastest
  /// A way to run the model, and milliseconds of an inference.
  struct Tried {
    std::string what;
    double predictedMs = 0;  ///< out of the times of steps, each measured on its unit
    double measuredMs = 0;   ///< of the whole, the least of several runs
  };
  std::vector<Tried> tried;  ///< the first is the session as it was asked for, in one path
  size_t chosen = 0;         ///< of `tried`
};

/// A back-end of this build, by the name that SessionOptions takes.
struct BackendInfo {
  const char* name = "";
  const char* device = "";   ///< of this machine, with its driver; "" for the CPU
  const char* missing = "";  ///< why there is none here, and what to install; "" where there is one
  /// What is wrong with it, a sentence each: operators that its self-test found to err and that are
  /// not computed there, a failure after which it is not used any more, a kernel cache that cannot
  /// be used; "" for nothing, so far.
  std::string trouble = {};
  const char* workGroups = "";  ///< work-items that it starts together, "16x1x1"; "" for the CPU
};
/// In the order in which they are worth trying. Opens the devices. Self-tests are run by the first
/// sessions.
std::vector<BackendInfo> backendsHere();

struct InterpreterOptions {
  /// Reads all weights once and compares their checksum with the one that the file states: a
  /// damaged file is BadModel instead of other numbers. Without it only the metadata is checked,
  /// and weights are first read when a frame runs. The file is read from end to end at the speed of
  /// its disk, of which 1 GB takes some 0.3 s of computing.
  bool verifyWeights = false;
};

/// A loaded model: metadata on the heap, weights in the mapped file.
class Interpreter {
 public:
  /// The file is mapped, not copied, and must stay as it is until the last interpreter and session
  /// of it are gone. Safe: to delete it, or to put another file in its place by renaming (as
  /// `minnow convert` and `mv` within one disk do); what was loaded goes on with the old content.
  /// Not safe, and nothing the library could notice: to write into it (`cp` over it does that),
  /// which changes results, or to make it shorter, after which touching a lost page ends the
  /// process by SIGBUS. So does a disk that fails or is removed. Where that may happen, read the
  /// file and use createFromBuffer.
  static Result<Interpreter> createFromFile(Runtime& runtime, const std::filesystem::path& path,
                                            const InterpreterOptions& options = {});
  /// The caller's bytes are used in place, must outlive the interpreter and may not change; 64-byte
  /// aligned.
  static Result<Interpreter> createFromBuffer(Runtime& runtime, std::span<const std::byte> model,
                                              const InterpreterOptions& options = {});
  Interpreter(Interpreter&&) noexcept;
  Interpreter& operator=(Interpreter&&) noexcept;
  ~Interpreter();

  const std::string& name() const;
  std::span<const TensorInfo> inputs() const;
  std::span<const TensorInfo> outputs() const;
  /// Of an axis of inputs()[input], as conversion was told it or the ONNX file names it. A model
  /// that was converted for a range has the largest shapes until it is resized.
  ExtentInfo extent(size_t input, int axis) const;
  Result<Session> createSession(const SessionOptions& options = {}) const;
  /// For other shapes of some inputs, as Session::resizeInputs gives them: what the model was
  /// converted for need not fit the budget.
  Result<Session> createSession(const SessionOptions& options, InputShapes shapes) const;
  /// Finds parts of the model that can run side by side and tries them: on threads of the CPU and,
  /// where the options ask for a device, one of them there at a time; and each unit alone. Runs the
  /// model some tens of times on made-up inputs for each way that it tries, half a second each or more,
  /// and takes memory for a few sessions. Paths are chosen where they were faster by 2 % or more, else one path, as the options
  /// have it or on the CPU.
  Result<PathChoice> choosePaths(const SessionOptions& options = {}, InputShapes shapes = {}) const;
  /// Tells the system that the file's pages are not needed now; they are read again when a session
  /// touches them. Of its metadata names alone are read again; it leaves the ledger.
  void releaseModel();
  /// The graph in Graphviz' language.
  std::string graphviz() const;
  /// The kinds of operators that a build for this model has to link, by name and in order: those
  /// that run, and those by which sizes are computed when inputs are resized.
  std::vector<std::string> operatorKinds() const;
  /// 32 hexadecimal digits that stand for the file, metadata and weights: what the file states.
  /// That its weights are those is known with InterpreterOptions::verifyWeights.
  std::string checksum() const;

  struct Impl;

 private:
  explicit Interpreter(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// A plan of offsets for one set of input shapes; holds no arena except while a frame lives.
class Session {
 public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Leases an arena. The frame's input memory holds no defined values before it is written. Busy
  /// if as many frames are alive as SessionOptions::frames says. May be called on several threads
  /// at a time, and frames run side by side.
  Result<Frame> begin();
  /// Plans anew with another shape of one input: the session then gives the bits of a model that was
  /// converted for it, with the same convolutions in Winograd's tiles (`minnow convert --winograd off`:
  /// none). Axes of other inputs that have the name of one of its axes
  /// (Interpreter::extent) get its extent. Refused where an extent is out of its range and, naming a
  /// node, where conversion decided something by the shape it was given, or the model can have no
  /// such shape. On error the session stays as it was.
  Result<void> resizeInput(std::string_view name, const Shape& shape);
  /// The same for several inputs at once; those of one name have to agree. The budget is asked as
  /// for a new session.
  Result<void> resizeInputs(InputShapes shapes);
  std::span<const TensorInfo> inputs() const;
  std::span<const TensorInfo> outputs() const;
  /// The steps in execution order, views included. Made at each call.
  std::vector<OperatorInfo> operators() const;
  /// What step `index` of operators() reads and writes; empty beyond the last. Made at each call.
  Operands operands(size_t index) const;
  /// What this session and its model need, known before anything runs.
  MemoryReport memory() const;
  /// Of that, each device's part, in the order of the session's list; those that compute nothing are
  /// not among them.
  std::vector<DeviceMemoryReport> deviceMemory() const;
  /// What lies where in the arena, or in a device's block, and when, for drawings.
  std::vector<PlannedMemory> memoryPlan() const;

  struct Impl;

 private:
  explicit Session(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
  friend class Interpreter;
};

/// One inference. Input and output memory lies in the leased arena and belongs to the caller until
/// the frame goes. After a session's first frame, beginning, running and ending one allocates
/// nothing, but for arenas that have not been allocated yet, and small lists of shapes where data
/// decide the size of a result.
///
/// The axes of the views are the model's (N,C,H,W), but memory mostly holds a picture's elements as
/// N,H,W,C, and there may be gaps: the strides say where each element lies. A memcpy of an N,C,H,W
/// buffer to input(0).data puts elements in wrong places, and nothing notices. writeTensor and
/// readTensor (minnow/elements.h) go by the strides, and so does writeImage (minnow/image.h).
class Frame {
 public:
  Frame(Frame&&) noexcept;
  Frame& operator=(Frame&&) noexcept;
  ~Frame();

  /// A view without data (it tests false) when there is no input of that name. Its `missing` names it
  /// and lists those that there are, until the frame is asked for another that is not there;
  /// writeImage's error says the same.
  TensorView input(std::string_view name) const;
  TensorView input(size_t index) const;
  /// From now on run() takes the input from what the application has on the session's device
  /// (minnow/device.h), and input() holds nothing of it; one with nothing in it ends that.
  /// Unsupported, naming the operator, where one on the CPU reads the input, so that it has to be in
  /// the process's memory: write it there then. InvalidArgument for what is another device's,
  /// ShapeMismatch for other extents or bytes. Takes some bytes of the heap until the frame goes,
  /// which are in its account and the budget.
  Result<void> bindInput(std::string_view name, const DeviceTensor& tensor);
  Result<void> bindInput(std::string_view name, const DevicePicture& picture);
  /// The same of an output: run() leaves it there, and output() holds nothing. Unsupported where an
  /// operator on the CPU computes it, or reads it too.
  Result<void> bindOutput(std::string_view name, const DeviceTensor& tensor);
  /// May overwrite the inputs' memory: write them again before another run(). What is bound stays so.
  Result<void> run();
  /// Computes one piece of what run() computes: begins where nothing is under way, goes on from where
  /// the last call ended, and says whether that was the last piece. A piece is what nothing can go
  /// between: an operator, or its rows in a strip; paths that run side by side. Where run() has a chain
  /// computed in bands, a thread each, here all threads share one operator after another. Between two
  /// calls other frames may run, and another thread may go on with this one; the bits are the same. A
  /// step that was begun on a device may still be computed then. After an error, and by run(), the
  /// frame begins anew.
  Result<bool> advance();
  /// Calls `before` with each operator's inputs and `after` with its outputs; either may be empty.
  /// They run in the floating-point mode of the caller, on the thread of the caller.
  /// Views are steps too: they compute nothing, but are called for. A callback may
  ///
  /// - stop the run: it ends with ErrorCode::Stopped before anything else is computed. Outputs hold
  ///   no defined values then. Write the inputs anew and the frame runs again from the start.
  /// - replace tensors by writing through the views (`before`: what the operator reads; `after`:
  ///   what it has written), except constants, which may lie in pages that cannot be written.
  ///   A replaced tensor stays replaced: every later operator that reads it sees the new values. So
  ///   does every view of it, and of a tensor that is a view of another, or was written into its
  ///   place in a concatenation, so does that other one, because they are the same memory. An
  ///   operator that works in place overwrites what it read: after it, only its output is there.
  ///
  /// Views are whole tensors if the session was created with `inStrips` false. In strips, an operator
  /// of a chain is called once for each strip, with the rows it reads and writes for that strip
  /// alone; neighbouring strips may read the same rows, and rows that are replaced stay so.
  /// Where run() has several threads compute such a chain side by side, each a band of its rows,
  /// here one band follows another, from the last to the first. So do paths that run() computes side
  /// by side.
  Result<void> runWithCallback(const OpCallback& before, const OpCallback& after);
  /// As run(), with threads, lanes and bands as there, and calls back after every piece of it, on the
  /// thread that did it: on several threads at a time. Steps on a device are waited for one by one,
  /// so that their times are theirs; run() does not do that.
  Result<void> runObserved(const RunObserver& observer);
  /// Valid after run(), or advance() that said true. The shape may be smaller than Session::outputs() says where it depends on
  /// data.
  TensorView output(std::string_view name) const;
  TensorView output(size_t index) const;

  struct Impl;

 private:
  explicit Frame(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // lies in the session
  friend class Session;
};

/// "0.1.0"
const char* version();

}  // namespace minnow

#pragma GCC visibility pop
