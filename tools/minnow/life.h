// The life of sessions, watched: load, create, release, write inputs, run, destroy, with the ledger
// and the system's figures after each. Every life is led in a process of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "memory_facts.h"
#include "model.h"

namespace minnow::tool {

/// A model to be looked at; one that came as ONNX lies, converted, in a file without a name.
struct ModelFile {
  std::string name;            ///< for people, different from all others'
  std::filesystem::path path;  ///< of a .minnow file
  Shapes shapes{};             ///< what to resize inputs to
};

struct LifeOptions {
  int threads = 1;
  int concurrency = 1;
  size_t budget = 0;  ///< the runtime's memoryBudget; 0 for none
  bool run = true;    ///< false: only the plan, from loading and creating a session
  std::string backends{}, kernelCache{};  ///< of --backend and --kernel-cache
  Precision precision = Precision::High;
};

/// Converts what is ONNX. `shapes` are arguments of --shape. Failure names the file that cannot be
/// converted.
std::vector<ModelFile> openFiles(const std::vector<std::string>& paths,
                                 const std::vector<std::string>& shapes);

/// Plan and life of one model.
ModelFacts lifeOf(const ModelFile& model, const LifeOptions& options);
/// All models resident in one process: `concurrency` of them, those with the largest plans, hold
/// frames at once; then each runs twice, one after another.
Life residentLife(const std::vector<ModelFile>& models, const LifeOptions& options);

}  // namespace minnow::tool
