// What the public objects hold: one struct for each, and the budget that they ask.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "base/threads.h"
#include "ir/graph.h"
#include "memory/arena_pool.h"
#include "minnow/runtime.h"
#include "runtime/plan.h"

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

struct Interpreter::Impl {
  std::shared_ptr<Runtime::Impl> runtime;
  std::shared_ptr<ModelBytes> model;
  std::string source;  // the file's name
  ir::Graph graph;
  std::vector<TensorInfo> inputs, outputs;
  memory::Charge heap;

  static Result<std::shared_ptr<Impl>> create(std::shared_ptr<Runtime::Impl> runtime,
                                              std::shared_ptr<ModelBytes> model, std::string source,
                                              const InterpreterOptions& options);
  bool shareBytes();
  Result<void> enterAccounts();
  void nameInputsAndOutputs();
  size_t heapBytes() const;
};

struct Frame::Impl {
  Session::Impl* session = nullptr;
  memory::ArenaLease lease;
  std::string missing;  // what the last view that was not there says
};

struct Session::Impl {
  ~Impl() {
    if (announced.model != nullptr) model->runtime->arenas.forget(announced);
  }

  std::shared_ptr<Interpreter::Impl> model;
  SessionOptions options;
  runtime::Plan plan;
  memory::ArenaPool::Claim announced;  // the plan as the pool knows it
  memory::Charge heap;
  std::atomic<bool> framed = false;  // a frame of this session is alive
  Frame::Impl frame;

  /// For inputs of these shapes; none if they have them.
  Result<std::optional<runtime::Plan>> planFor(
      std::span<const std::pair<std::string, Shape>> shapes) const;
  Result<void> replacePlan(runtime::Plan newPlan);
};

}  // namespace minnow
