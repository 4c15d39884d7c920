// Options shared by the verbs that run a model once, and the frame they run.
#include "inference.h"

#include "arguments.h"
#include "backends.h"
#include "exit.h"
#include "paths.h"
#include "target.h"

namespace minnow::tool {
namespace {

std::vector<std::string> joined(std::vector<std::string> list,
                                const std::vector<std::string>& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

ConvertSettings settingsOf(const InferenceOptions& options, const InputSpecs& specs) {
  ConvertSettings settings{.shapes = shapesFor(options.model, options.shapes)};
  if (!isSource(options.model)) return settings;
  const auto files = specs.shapesOfFiles();
  settings.shapes.merge(ofInputs(options.model, Shapes(files.begin(), files.end())));
  return settings;
}

SessionOptions sessionOptions(const InferenceOptions& options, bool strips) {
  return withBackends({.fastKernels = !options.reference,
                       .inStrips = strips,
                       .precision = options.precision,
                       .paths = parsePaths(options.paths)},
                      options.backends);
}

std::optional<PathChoice> chosen(const InferenceOptions& options, const Model& model,
                                 const ConvertSettings& settings, bool strips) {
  if (!options.autoPaths) return {};
  const auto shapes = isSource(options.model) ? std::vector<std::pair<std::string, Shape>>()
                                              : sessionShapes(model.interpreter, settings.shapes);
  return need(model.interpreter.choosePaths(sessionOptions(options, strips), shapes));
}

}  // namespace

void addPictureOptions(CLI::App* verb, PictureOptions& picture) {
  const auto group = verb->add_option_group(
      "Pictures", "value = (pixel - mean) * scale, quantised where the input is");
  group->add_option("--mean", picture.mean, "One number or three, in the model's colour order");
  group->add_option("--scale", picture.scale, "One number or three (0.00392157 is 1/255)");
  group->add_option("--color,--colour", picture.colour, "Channels the model wants")
      ->check(CLI::IsMember({"rgb", "bgr", "gray"}));
  group->add_option("--resize", picture.fit, "Fill the input, or keep the aspect ratio and pad")
      ->check(CLI::IsMember({"stretch", "letterbox"}));
  group->add_option("--alpha", picture.alpha,
                    "Value of a fourth channel, for models that want one");
  group->add_option("--pad", picture.pad, "Pixel value around a letterboxed picture");
}

void addInferenceOptions(CLI::App* verb, InferenceOptions& options) {
  verb->add_option("MODEL", options.model, "A .minnow, .onnx or .tflite file")->required();
  verb->add_option("-i,--input", options.inputs,
                   "NAME=SPEC (repeatable): const:NUMBER, random:SEED, FILE.npy, or a jpg, png or "
                   "bmp; the name `all` stands for every input")
      ->allow_extra_args(false);
  verb->add_option("SPECS", options.moreInputs, "More NAME=SPEC after the first");
  verb->add_option("--shape", options.shapes, "NAME=1,3,320,320: an input's shape (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("-t,--threads", options.threads, "Threads")->check(CLI::Range(1, 256));
  addTargetOption(verb);
  addBackendOptions(verb, options.backends, options.kernelCache);
  addPrecisionOption(verb, options.precision);
  addPathOption(verb, options.paths);
  verb->add_flag("--reference", options.reference, "Scalar reference kernels only");
  addPictureOptions(verb, options.picture);
}

std::vector<std::string> filesRead(const InferenceOptions& options) {
  std::vector<std::string> files{options.model};
  for (const std::string& argument : joined(options.inputs, options.moreInputs))
    files.push_back(splitArgument(argument, "--input").second);
  return files;
}

Inference::Inference(const InferenceOptions& options, bool strips)
    : specs(joined(options.inputs, options.moreInputs), options.picture),
      settings(settingsOf(options, specs)),
      runtime(
          need(Runtime::create({.threads = options.threads, .kernelCache = options.kernelCache}))),
      model(openModel(runtime, options.model, settings, {.verifyWeights = true})),
      choice(chosen(options, model, settings, strips)),
      session(openSession(model, options.model, settings,
                          choice ? choice->options : sessionOptions(options, strips))),
      frame(need(session.begin())) {
  warnOfDevices(options.backends, parsePaths(options.paths));
  specs.fill(frame, session.inputs());
}

}  // namespace minnow::tool
