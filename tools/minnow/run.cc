// minnow run: one inference from files, numbers or a picture; outputs as .npy files.
#include <fmt/format.h>

#include <memory>
#include <set>

#include "analysis/files.h"
#include "analysis/npy.h"
#include "base/whole_file.h"
#include "clock.h"
#include "exit.h"
#include "inference.h"
#include "json_output.h"
#include "minnow/cpu.h"
#include "outputs.h"
#include "paths.h"
#include "timeline.h"
#include "verbs.h"
#include "words.h"

namespace minnow::tool {
namespace {

struct RunArguments {
  InferenceOptions inference;
  std::string outputDir, saveInputs, timeline;
  bool json = false;
};

/// The file of an output; two names that come out alike are told apart by a number.
std::string fileName(const std::string& output, std::set<std::string>& used) {
  const std::string name = analysis::sanitisedName(output.empty() ? "output" : output);
  std::string file = name + ".npy";
  for (int i = 2; !used.insert(file).second; ++i) file = fmt::format("{}-{}.npy", name, i);
  return file;
}

/// One file a tensor, in their order.
std::vector<std::string> fileNames(std::span<const TensorInfo> tensors) {
  std::set<std::string> used;
  std::vector<std::string> files;
  for (const TensorInfo& tensor : tensors) files.push_back(fileName(tensor.name, used));
  return files;
}

/// Refuses to write over what was read, before anything is written.
void checkPlaces(const RunArguments& args, const Session& session) {
  std::vector<std::string> places;
  const auto add = [&](const std::filesystem::path& folder, std::span<const TensorInfo> tensors) {
    if (folder.empty()) return;
    for (const std::string& file : fileNames(tensors)) places.push_back((folder / file).string());
  };
  add(args.outputDir, session.outputs());
  add(args.saveInputs, session.inputs());
  places.push_back(args.timeline);
  refuseToOverwrite(places, filesRead(args.inference));
}

/// Writes all tensors, or none: earlier ones are removed when a later one cannot be written.
void writeFiles(const std::filesystem::path& folder, const std::vector<std::string>& files,
                const std::vector<HostTensor>& tensors) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw Failure(Exit::Error, fmt::format("{}: the folder cannot be made: {}", folder.string(),
                                           error.message()));
  }
  for (size_t i = 0; i < files.size(); ++i) {
    const auto written = base::writeFile(folder / files[i], encodeNpy(tensors[i]));
    if (written) continue;
    for (size_t j = 0; j < i; ++j) std::filesystem::remove(folder / files[j], error);
    throw Failure(written.error());
  }
}

void saveInputs(const std::filesystem::path& folder, const Frame& frame,
                std::span<const TensorInfo> inputs) {
  std::vector<HostTensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) tensors.push_back(HostTensor::copyOf(frame.input(i)));
  writeFiles(folder, fileNames(inputs), tensors);
}

nlohmann::json outputJson(const std::string& name, const std::string& file,
                          const HostTensor& tensor) {
  const analysis::Summary summary = summarise(tensor);
  const auto dims = tensor.type.shape.dims();
  return {{"name", name},
          {"file", file},
          {"type", dataTypeName(tensor.type.type)},
          {"shape", std::vector<int64_t>(dims.begin(), dims.end())},
          {"min", summary.min},
          {"max", summary.max},
          {"mean", summary.mean},
          {"nan", summary.nans}};
}

void printOutput(const std::string& name, const HostTensor& tensor) {
  const analysis::Summary summary = summarise(tensor);
  fmt::print("{}: {} {}  min {:.7g}  max {:.7g}  mean {:.7g}{}\n", name,
             dataTypeName(tensor.type.type), tensor.type.shape.toString(), summary.min, summary.max,
             summary.mean, summary.nans > 0 ? fmt::format("  NaN {}", summary.nans) : "");
}

void report(const RunArguments& args, const Inference& inference,
            const std::vector<HostTensor>& tensors, const std::vector<std::string>& files,
            double ms) {
  const auto infos = inference.session.outputs();
  if (!args.json && inference.choice)
    fmt::print("{}{}", choiceInWords(*inference.choice), lanesInWords(inference.session));
  nlohmann::json outputs = nlohmann::json::array();
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!args.json) printOutput(infos[i].name, tensors[i]);
    const auto path = std::filesystem::path(args.outputDir) / files[i];
    if (args.json) {
      outputs.push_back(
          outputJson(infos[i].name, args.outputDir.empty() ? "" : path.string(), tensors[i]));
    }
  }
  if (!args.json) return;
  nlohmann::json out = {{"model", args.inference.model},
                        {"target", cpuTarget()},
                        {"threads", args.inference.threads},
                        {"run_ms", ms},
                        {"outputs", outputs}};
  if (inference.choice) out["auto_paths"] = choiceJson(*inference.choice);
  printJson(out);
}

/// Milliseconds.
double runOnce(const RunArguments& args, Inference& inference) {
  Frame& frame = inference.frame;
  if (args.timeline.empty()) {
    const Clock clock;
    need(frame.run());
    return clock.ms();
  }
  need(frame.run());  // pages and caches are warm then, as in every later run
  inference.specs.fill(frame, inference.session.inputs());
  Timeline timeline;
  const double ms = timeline.run(frame);
  need(base::writeFile(args.timeline, timeline.file(args.inference.model, inference.session)));
  return ms;
}

void run(const RunArguments& args) {
  Inference inference(args.inference);
  const Session& session = inference.session;
  Frame& frame = inference.frame;
  checkPlaces(args, session);
  if (!args.saveInputs.empty()) saveInputs(args.saveInputs, frame, session.inputs());
  const double ms = runOnce(args, inference);

  std::vector<HostTensor> tensors;
  for (size_t i = 0; i < session.outputs().size(); ++i)
    tensors.push_back(HostTensor::copyOf(frame.output(i)));
  const auto files = fileNames(session.outputs());
  if (!args.outputDir.empty()) writeFiles(args.outputDir, files, tensors);
  report(args, inference, tensors, files, ms);
}

}  // namespace

void addRun(CLI::App& app) {
  auto args = std::make_shared<RunArguments>();
  CLI::App* verb = app.add_subcommand("run", "One inference; outputs become .npy files");
  addInferenceOptions(verb, args->inference);
  verb->add_option("-o,--output-dir", args->outputDir, "Folder for one NAME.npy per output");
  verb->add_option("--save-inputs", args->saveInputs, "Folder for the inputs, as they are fed");
  verb->add_flag("--auto-paths", args->inference.autoPaths,
                 "Find parts that can run side by side, measure them on each unit, and place them "
                 "where that is faster; prints what was tried")
      ->excludes("--path");
  verb->add_option(
          "--timeline", args->timeline,
          "FILE: who did what when, for ui.perfetto.dev: a row for each thread and device; "
          "of a second run, in which steps on a device are waited for one by one")
      ->type_name("FILE");
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "random:SEED draws from SplitMix64: uniform multiples of 2^-24 in [0,1) for real inputs,\n"
      "0 to 99 for integers. Outputs keep the model's own axis order.\n"
      "Examples:\n"
      "  minnow run signs.minnow --input images=const:0.46875 --output-dir out\n"
      "  minnow run signs.minnow --input images=street.jpg --scale 0.00392157 --color bgr\n"
      "  minnow run roads.minnow --input all=random:7 -t 2 --path to=lanes --timeline run.json\n"
      "  minnow run det.onnx --shape x=1,3,640,640 --input all=random:7 --json");
  verb->callback([args] { run(*args); });
}

}  // namespace minnow::tool
