// What an element computes: a model of a table, opened once, on one picture after another.
#pragma once

#include <memory>
#include <string>

#include "pipeline.h"

namespace minnowgst {

struct Settings {
  std::string model;  ///< a .minnow file
  std::string
      config;  ///< a table as apps/road/models.toml; empty: the picture as it is, and tensors
  std::string runtime;  ///< elements that name the same one share it; empty: one of its own
  int threads = 1;
  size_t budget = 0;
};

/// An output, elements row-major.
struct Output {
  std::string name;
  minnow::DataType type{};
  minnow::Shape shape;
  std::vector<std::byte> bytes;
};

struct Found {
  std::vector<road::Feature> changed;  ///< as `before`, as far as the model has read them
  std::vector<road::Feature> features;
  std::vector<Output> outputs;  ///< of a model of kind "tensors"
};

class Model {
 public:
  static minnow::Result<Model> open(const Settings& settings);
  const road::ModelEntry& entry() const { return worker_.entry; }
  /// `before`: what models before this one found in the picture.
  minnow::Result<Found> run(const minnow::vision::ImageView& picture,
                            std::vector<road::Feature> before);

 private:
  Model(std::shared_ptr<minnow::Runtime> runtime, road::Worker worker)
      : runtime_(std::move(runtime)), worker_(std::move(worker)) {}
  minnow::Result<Found> tensors(const minnow::vision::ImageView& picture);

  std::shared_ptr<minnow::Runtime> runtime_;  // outlives the worker
  road::Worker worker_;
};

}  // namespace minnowgst
