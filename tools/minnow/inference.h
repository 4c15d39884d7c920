// What verbs that run a model once have in common: the model, its inputs, and how it runs.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "inputs.h"
#include "minnow/runtime.h"
#include "model.h"

namespace minnow::tool {

struct InferenceOptions {
  std::string model;
  std::vector<std::string> inputs, moreInputs, shapes;
  PictureOptions picture;
  int threads = 1;
  bool reference = false;
  std::string backends, kernelCache;
  Precision precision = Precision::High;
  std::vector<std::string> paths;
  bool autoPaths = false;
};
/// --mean and what else says how a picture becomes a tensor.
void addPictureOptions(CLI::App* verb, PictureOptions& picture);
void addInferenceOptions(CLI::App* verb, InferenceOptions& options);

/// The model and what fills its inputs, files and other words.
std::vector<std::string> filesRead(const InferenceOptions& options);

/// A frame whose inputs are filled, and what it stands on. The model's weights are verified: what
/// is printed or traced says whose results it is.
struct Inference {
  explicit Inference(const InferenceOptions& options, bool strips = true);

  InputSpecs specs;
  ConvertSettings settings;
  Runtime runtime;
  Model model;
  std::optional<PathChoice> choice;  ///< with InferenceOptions::autoPaths
  Session session;
  Frame frame;
};

}  // namespace minnow::tool
