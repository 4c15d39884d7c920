// What the public objects hold: one struct for each, and the budget that they ask.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "base/team.h"
#include "ir/graph.h"
#include "memory/arena_pool.h"
#include "minnow/runtime.h"
#include "runtime/runner.h"
#include "runtime/settled.h"

namespace minnow {

/// A model's bytes, mapped or the caller's. Interpreters of the same bytes share it, so that they
/// are counted once.
struct ModelBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const base::MappedFile> file;  // null for the caller's bytes
  memory::Charge charge;
};

struct Runtime::Impl {
  explicit Impl(const RuntimeOptions& chosen)
      : options(chosen), threads(chosen.threads), arenas(chosen.concurrency, ledger) {}

  RuntimeOptions options;
  memory::Ledger ledger;
  base::ThreadPool threads;
  memory::ArenaPool arenas;
  std::mutex mutex;  // whoever asks the budget holds it until the charge is made
  std::vector<std::weak_ptr<ModelBytes>> models;
};

/// Refuses what would leave the budget: charges `less` replaced by `more`, and the pool in need of
/// `arenas`. The caller holds Runtime::Impl::mutex until it has charged.
Result<void> askBudget(const Runtime::Impl& runtime, const MemoryLedger& less,
                       const MemoryLedger& more, const memory::ArenaPool::Need& arenas);

struct SharedProgram;

struct Interpreter::Impl {
  std::shared_ptr<Runtime::Impl> runtime;
  std::shared_ptr<ModelBytes> model;
  std::string source;  // the file's name
  ir::Graph graph;
  std::vector<TensorInfo> inputs, outputs;
  memory::Charge heap;
  std::vector<std::weak_ptr<SharedProgram>> programs;  // the runtime's mutex guards it

  static Result<std::shared_ptr<Impl>> create(std::shared_ptr<Runtime::Impl> runtime,
                                              std::shared_ptr<ModelBytes> model, std::string source,
                                              const InterpreterOptions& options);
  bool shareBytes();
  Result<void> enterAccounts();
  void nameInputsAndOutputs();
  size_t heapBytes() const;
  /// A program for these types of the inputs: one that some session uses, or a new one. Of `types`,
  /// those of all values, the others may be out of date.
  Result<std::shared_ptr<SharedProgram>> programFor(std::vector<TensorType> types,
                                                    const SessionOptions& asked);
};

/// A program and what it was made for. Sessions of the same model, shapes and options share it, so
/// that it is counted once.
struct SharedProgram {
  SessionOptions options;
  std::string_view cpuTarget;                       // fast kernels are chosen for it
  std::unique_ptr<const sizes::Settled> settled;    // null where the model's own graph fits
  std::shared_ptr<const program::Program> program;  // of the settled graph or the model's
  memory::Charge heap;

  bool fits(std::span<const TensorType> types, const SessionOptions& asked) const;
};
/// Of the paths that they name.
size_t heapBytes(const SessionOptions& options);

struct Frame::Impl {
  /// What one thread needs to run a band of a chain, or a lane of a stage.
  struct Way {
    runtime::Runner runner;
    Result<void> outcome;
  };

  void use(Session::Impl& of, std::shared_ptr<const program::Program> program);
  size_t heapBytes() const;  // of what it holds
  /// A kernel in place of a step's, null for none, if the budget allows.
  Result<void> bind(size_t step, std::unique_ptr<const backend::Kernel> kernel);

  Session::Impl* session = nullptr;
  bool taken = false;     // Session::Impl::mutex guards it
  bool underWay = false;  // advance() has more to do
  memory::ArenaLease lease;
  std::optional<runtime::Bindings> bindings;
  std::optional<runtime::Runner> runner;
  std::vector<Way> ways;  // as many as a chain has bands or a stage lanes at most
  std::string missing;    // what the last view that was not there says
};

struct Session::Impl {
  ~Impl() {
    if (announced.model != nullptr) model->runtime->arenas.forget(announced);
  }

  std::shared_ptr<Interpreter::Impl> model;
  SessionOptions options;
  std::shared_ptr<SharedProgram> shared;
  memory::ArenaPool::Claim announced;  // the plan as the pool knows it
  memory::Charge heap;
  std::mutex mutex;  // of what follows
  int alive = 0;     // frames begun, or waiting for an arena
  std::vector<Frame::Impl> frames;

  const program::Program& program() const { return *shared->program; }
  /// Makes a program the session's own, if the budget allows; else nothing changes. `mutex` is held
  /// or nobody knows the session yet.
  Result<void> use(std::shared_ptr<SharedProgram> next);
  /// For inputs of these shapes; null if they have them.
  Result<std::shared_ptr<SharedProgram>> programFor(InputShapes shapes) const;
  Result<void> enter();
  void leave();
  Frame::Impl& takeFrame();
  void giveBack(Frame::Impl& frame);
};

}  // namespace minnow
