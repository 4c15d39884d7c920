// Running a graph on pictures, layer by layer, with a look at every tensor.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "minnow/runtime.h"

namespace minnow::quantise {

/// What a model is shown.
struct Samples {
  size_t count = 0;
  /// Writes every input of a frame.
  std::function<Result<void>(size_t sample, const Frame&, std::span<const TensorInfo>)> fill;
  std::function<std::string(size_t sample)> name;  ///< for messages
};

/// Called with 0 … 1 and what is being done.
using Progress = std::function<void(double, const std::string&)>;

/// A tensor by its name in the graph.
using Look = std::function<Result<void>(const std::string& name, const TensorView& tensor)>;

/// A graph made ready to run as conversion would make it, but for activations, which stay apart from
/// what they follow, so that both results can be seen.
class Observed {
 public:
  static Result<Observed> create(const ir::Graph& graph, int threads);
  /// Inputs and what every operator gives, in the order of execution.
  Result<void> run(const Samples& samples, size_t sample, const Look& look);

 private:
  Observed(std::shared_ptr<std::byte[]> bytes, Runtime runtime, Interpreter model, Session session);

  std::shared_ptr<std::byte[]> bytes_;
  Runtime runtime_;
  Interpreter model_;
  Session session_;
  std::vector<std::vector<std::string>> names_;  ///< of outputs, by step
};

}  // namespace minnow::quantise
