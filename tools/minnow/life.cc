// Lives, led in forked processes; what they saw comes back as JSON.
#include "life.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ranges>
#include <set>
#include <span>
#include <string_view>

#include "analysis/files.h"
#include "backends.h"
#include "exit.h"
#include "forked_jobs.h"

namespace minnow::tool {
namespace {

/// Where files without a name are found.
constexpr std::string_view kUnnamed = "/proc/self/fd/";

/// Runs `work` in a process of its own. A Failure there is a Failure here.
nlohmann::json apart(const std::string& name, const std::function<nlohmann::json()>& work) {
  const auto job = [&](size_t) -> std::string {
    nlohmann::json out;
    try {
      out = work();
    } catch (const Failure& failure) {
      out = {{"failure", failure.what()}, {"exit", static_cast<int>(failure.exit)}};
    } catch (const std::exception& error) {
      out = {{"failure", error.what()}, {"exit", static_cast<int>(Exit::Error)}};
    }
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  JobOutcome outcome;
  constexpr double kPatienceSeconds = 600;
  runForked(1, {.parallel = 1, .timeoutSeconds = kPatienceSeconds}, job,
            [&](size_t, const JobOutcome& ended) { outcome = ended; });
  if (!outcome.crash.empty())
    throw Failure(Exit::Error, fmt::format("{}: {}", name, outcome.crash));
  nlohmann::json out = nlohmann::json::parse(outcome.text);
  if (out.contains("failure"))
    throw Failure(Exit{out["exit"].get<int>()}, out["failure"].get<std::string>());
  return out;
}

/// The same, for work on these models; errors name a converted file as people know it.
nlohmann::json apart(const std::string& name, std::span<const ModelFile> models,
                     const std::function<nlohmann::json()>& work) {
  try {
    return apart(name, work);
  } catch (const Failure& failure) {
    std::string message = failure.what();
    for (const ModelFile& model : models | std::views::reverse) {  // 12 before 1
      const std::string path = model.path.string();
      if (!path.starts_with(kUnnamed)) continue;
      for (size_t at = message.find(path); at != std::string::npos; at = message.find(path))
        message.replace(at, path.size(), model.name);
    }
    throw Failure(failure.exit, message);
  }
}

/// Stages as they pass. Room for all of them is there before the first, so that watching takes no
/// memory.
class Watch {
 public:
  Watch(const Runtime& runtime, const MeasuredStack& stack) : runtime_(runtime), stack_(stack) {
    constexpr size_t kMostStages = 8;
    stages_.reserve(kMostStages);
  }

  void note(const char* stage) {
    const auto heap = heapInUse();
    stages_.push_back({stage, runtime_.ledger().now, heap, processMemory(), stack_.touchedBytes()});
  }

  Life life() const {
    Life life{.stages = {}, .peak = runtime_.ledger().peak};
    for (const Note& note : stages_) {
      Stage stage{note.stage, note.ledger, note.system, {}, note.stack};
      if (note.heap) stage.heapBytes = heapBeyondFirst(note);
      life.stages.push_back(std::move(stage));
    }
    return life;
  }

 private:
  struct Note {
    const char* stage;
    MemoryLedger ledger;
    std::optional<size_t> heap;
    std::optional<ProcessMemory> system;
    size_t stack;
  };

  /// Arenas come from malloc too and are the ledger's dynamic bytes.
  size_t heapBeyondFirst(const Note& note) const {
    const size_t known = stages_.front().heap.value_or(0) + note.ledger.dynamicBytes;
    return *note.heap - std::min(*note.heap, known);
  }

  const Runtime& runtime_;
  const MeasuredStack& stack_;
  std::vector<Note> stages_;
};

/// Writes 0.46875 (0 where a type has no fractions) into every input where it lies.
void writeInputs(const Frame& frame, size_t inputs) {
  for (size_t i = 0; i < inputs; ++i) {
    const TensorView to = frame.input(i);
    const float number = 0.46875F;
    const double longNumber = 0.46875;
    const uint16_t half = 0x3780;
    const uint64_t zero = 0;
    const void* value = &zero;
    if (to.type == DataType::Float32) value = &number;
    if (to.type == DataType::Float64) value = &longNumber;
    if (to.type == DataType::Float16) value = &half;
    copyTensor({{.type = to.type, .shape = to.shape}, const_cast<void*>(value)}, to);
  }
}

Session sessionOf(const Interpreter& interpreter, const ModelFile& file,
                  const LifeOptions& options) {
  return need(
      interpreter.createSession(withBackends({.precision = options.precision}, options.backends),
                                sessionShapes(interpreter, file.shapes)));
}

void describe(const Session& session, ModelFacts& facts) {
  facts.memory = session.memory();
  facts.plan = session.memoryPlan();
  facts.devices = session.deviceMemory();
  for (const OperatorInfo& op : session.operators())
    facts.steps.push_back(fmt::format("{} ({})", op.name, op.type));
}

void leadLife(const ModelFile& file, const LifeOptions& options, Runtime& runtime, Watch& watch) {
  watch.note("before load");
  {
    auto interpreter = need(Interpreter::createFromFile(runtime, file.path));
    watch.note("after load");
    Session session = sessionOf(interpreter, file, options);
    watch.note("after createSession");
    interpreter.releaseModel();
    watch.note("after releaseModel");
    Frame frame = need(session.begin());
    writeInputs(frame, session.inputs().size());
    watch.note("input in place");
    need(frame.run());
    watch.note("after run");
  }
  watch.note("destroyed");
}

/// Holds frames of the sessions with the largest plans, as many as the runtime has arenas.
void runTogether(std::vector<Session>& sessions, size_t count) {
  std::vector<Session*> order;
  for (Session& session : sessions) order.push_back(&session);
  std::ranges::stable_sort(order, [](const Session* a, const Session* b) {
    return a->memory().dynamicBytes > b->memory().dynamicBytes;
  });
  std::vector<Frame> frames;
  for (size_t i = 0; i < std::min(count, order.size()); ++i) {
    frames.push_back(need(order[i]->begin()));
    writeInputs(frames.back(), order[i]->inputs().size());
  }
  for (Frame& frame : frames) need(frame.run());
}

void leadLives(const std::vector<ModelFile>& files, const LifeOptions& options, Runtime& runtime,
               Watch& watch) {
  watch.note("before load");
  {
    std::vector<Interpreter> interpreters;
    for (const ModelFile& file : files)
      interpreters.push_back(need(Interpreter::createFromFile(runtime, file.path)));
    watch.note("after load");
    std::vector<Session> sessions;
    for (size_t i = 0; i < files.size(); ++i)
      sessions.push_back(sessionOf(interpreters[i], files[i], options));
    watch.note("after createSession");
    for (Interpreter& interpreter : interpreters) interpreter.releaseModel();
    watch.note("after releaseModel");
    if (options.concurrency > 1) runTogether(sessions, static_cast<size_t>(options.concurrency));
    for (Session& session : sessions) {
      for (int run = 0; run < 2; ++run) {
        Frame frame = need(session.begin());
        writeInputs(frame, session.inputs().size());
        need(frame.run());
      }
    }
    watch.note("after run");
  }
  watch.note("destroyed");
}

/// Runs `lead` on a stack whose use is watched, and returns what it saw.
Life watched(const LifeOptions& options,
             const std::function<void(Runtime& runtime, Watch& watch)>& lead) {
  MeasuredStack stack;
  Life life;
  std::exception_ptr failure;
  stack.run([&] {
    try {
      Runtime runtime = need(Runtime::create({.threads = options.threads,
                                              .concurrency = options.concurrency,
                                              .memoryBudget = options.budget,
                                              .kernelCache = options.kernelCache}));
      Watch watch(runtime, stack);
      lead(runtime, watch);
      life = watch.life();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
  return life;
}

/// Converts in another process, so that what conversion takes stays out of this one's figures.
std::filesystem::path convertedFile(const std::string& onnx, const ConvertSettings& settings) {
  // By the kernel's name: the C library has a function for it from glibc 2.27 on. 1 is MFD_CLOEXEC.
  const int file = static_cast<int>(::syscall(SYS_memfd_create, "minnow", 1U));
  if (file < 0) throw Failure(Exit::Error, onnx + ": there is no memory file for its conversion");
  const std::filesystem::path path = fmt::format("{}{}", kUnnamed, file);
  apart(onnx, [&]() -> nlohmann::json {
    const auto bytes = convertInMemory(onnx, settings);
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t written = write(file, bytes.data() + done, bytes.size() - done);
      if (written <= 0) throw Failure(Exit::Error, onnx + ": memory is short");
      done += static_cast<size_t>(written);
    }
    return {{"bytes", bytes.size()}};
  });
  return path;
}

}  // namespace

std::vector<ModelFile> openFiles(const std::vector<std::string>& paths,
                                 const std::vector<std::string>& shapes) {
  const auto wanted = shapesFor(paths, shapes);
  std::set<std::string> used;
  std::vector<ModelFile> files;
  for (size_t file = 0; file < paths.size(); ++file) {
    const std::filesystem::path path = paths[file];
    const std::string stem = path.stem().string();
    std::string name = stem;
    for (int i = 2; !used.insert(name).second; ++i) name = fmt::format("{}-{}", stem, i);
    if (isSource(path))
      files.push_back({name, convertedFile(path, {.shapes = wanted[file]})});
    else
      files.push_back({name, path, wanted[file]});
  }
  return files;
}

ModelFacts lifeOf(const ModelFile& model, const LifeOptions& options) {
  const auto work = [&] {
    ModelFacts facts{.name = model.name, .memory = {}, .steps = {}, .plan = {}, .life = {}};
    if (options.run)
      facts.life = watched(options, [&](Runtime& runtime, Watch& watch) {
        leadLife(model, options, runtime, watch);
      });
    Runtime runtime =
        need(Runtime::create({.threads = options.threads, .kernelCache = options.kernelCache}));
    const auto interpreter = need(Interpreter::createFromFile(runtime, model.path));
    describe(sessionOf(interpreter, model, options), facts);
    return toJson(facts);
  };
  return factsFrom(apart(model.name, {&model, 1}, work));
}

Life residentLife(const std::vector<ModelFile>& models, const LifeOptions& options) {
  const auto work = [&] {
    return toJson(watched(options, [&](Runtime& runtime, Watch& watch) {
      leadLives(models, options, runtime, watch);
    }));
  };
  return lifeFrom(apart("all models at once", models, work));
}

}  // namespace minnow::tool
