// minnow bench: how long loading, creating a session, the first and the later runs take; and how
// strips compare with whole layers.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "backends.h"
#include "clock.h"
#include "exit.h"
#include "inputs.h"
#include "json_output.h"
#include "kernels/simd/peak.h"
#include "model.h"
#include "number_check.h"
#include "paths.h"
#include "profile.h"
#include "target.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

struct BenchArguments {
  std::vector<std::string> models, shapes, paths;
  int threads = 1, runs = 20;
  double peak = 0;
  std::string backends, kernelCache;
  Precision precision = Precision::High;
  bool json = false, profile = false, compareLayers = false, layers = false, autoPaths = false;
};

struct Timing {
  std::string model;
  double load = 0, create = 0, first = 0, min = 0, median = 0, p90 = 0, gflops = 0;
  std::vector<StepCost> steps = {};
};

/// Inputs may be overwritten by a run, so they are written before each, outside the time taken.
double timedRun(Frame& frame, const InputSpecs& specs, std::span<const TensorInfo> inputs) {
  specs.fill(frame, inputs);
  const Clock clock;
  need(frame.run());
  return clock.ms();
}

/// The value below which `part` of the sorted times lie.
double quantile(const std::vector<double>& sorted, double part) {
  const auto index = static_cast<size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5);
  return sorted[index];
}

/// Of all threads, as named or as this core's fused multiply-adds in registers reach it.
double peakOf(const BenchArguments& args) {
  return args.threads * (args.peak > 0 ? args.peak : kernels::simd::peakGflops());
}

Timing measure(const std::string& path, const BenchArguments& args,
               const ConvertSettings& settings) {
  Timing timing{.model = path};
  Runtime runtime =
      need(Runtime::create({.threads = args.threads, .kernelCache = args.kernelCache}));
  const Model model = openModel(runtime, path, settings);
  timing.load = model.loadMs;
  const SessionOptions options = withBackends({.inStrips = !args.layers,
                                               .precision = args.precision,
                                               .paths = parsePaths(args.paths),
                                               .autoPaths = args.autoPaths},
                                              args.backends);
  const Clock clock;
  Session session = openSession(model, path, settings, options);
  timing.create = clock.ms();

  const InputSpecs specs({"all=const:0.46875"}, {});
  if (args.profile) timing.steps = stepCosts(session, specs, args.runs);
  Frame frame = need(session.begin());
  timing.first = timedRun(frame, specs, session.inputs());
  std::vector<double> times;
  for (int i = 0; i < args.runs; ++i) times.push_back(timedRun(frame, specs, session.inputs()));
  std::sort(times.begin(), times.end());
  timing.min = times.front();
  timing.median = quantile(times, 0.5);
  timing.p90 = quantile(times, 0.9);
  double multiplyAdds = 0;
  for (const OperatorInfo& op : session.operators())
    multiplyAdds += static_cast<double>(op.multiplyAdds);
  timing.gflops = 2 * multiplyAdds / (timing.median * 1e6);
  return timing;
}

// Strips beside whole layers ----------------------------------------------------------------------

/// [0] layer by layer, [1] in strips.
struct Comparison {
  std::string model;
  double min[2] = {}, median[2] = {};
  size_t dynamicBytes[2] = {};
};

/// In turns, so that what else the machine does falls on both.
Comparison compareLayers(const std::string& path, const BenchArguments& args,
                         const ConvertSettings& settings) {
  Comparison comparison{.model = path};
  Runtime runtime =
      need(Runtime::create({.threads = args.threads, .kernelCache = args.kernelCache}));
  const Model model = openModel(runtime, path, settings);
  const InputSpecs specs({"all=const:0.46875"}, {});
  std::vector<Session> sessions;
  for (const bool strips : {false, true})
    sessions.push_back(openSession(
        model, path, settings,
        withBackends({.inStrips = strips, .paths = parsePaths(args.paths)}, args.backends)));
  std::vector<double> times[2];
  for (int run = -1; run < args.runs; ++run)
    for (size_t s = 0; s < 2; ++s) {
      Frame frame = need(sessions[s].begin());
      const double ms = timedRun(frame, specs, sessions[s].inputs());
      if (run >= 0) times[s].push_back(ms);
    }
  for (size_t s = 0; s < 2; ++s) {
    std::sort(times[s].begin(), times[s].end());
    comparison.min[s] = times[s].front();
    comparison.median[s] = quantile(times[s], 0.5);
    comparison.dynamicBytes[s] = sessions[s].memory().dynamicBytes;
  }
  return comparison;
}

double rounded(double ms) { return std::round(ms * 1e4) / 1e4; }

nlohmann::json jsonOf(std::span<const StepCost> steps) {
  nlohmann::json rows = nlohmann::json::array();
  for (const StepCost& step : steps)
    rows.push_back({{"name", step.info.name},
                    {"type", step.info.type},
                    {"kernel", step.info.kernel},
                    {"ms", rounded(step.ms)},
                    {"multiply_adds", step.info.multiplyAdds},
                    {"bytes", step.bytes}});
  return rows;
}

void bench(const BenchArguments& args) {
  const auto shapes = shapesFor(args.models, args.shapes);
  nlohmann::json out = nlohmann::json::array();
  if (!args.json) {
    fmt::print("{:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  model ({} thread{}, {} runs)\n",
               "load ms", "create ms", "first ms", "min ms", "median ms", "p90 ms", "GFLOP/s",
               args.threads, args.threads == 1 ? "" : "s", args.runs);
  }
  for (size_t i = 0; i < args.models.size(); ++i) {
    const Timing t = measure(args.models[i], args, {.shapes = shapes[i]});
    if (!args.json) {
      fmt::print("{:9.3f} {:9.3f} {:9.3f} {:9.3f} {:9.3f} {:9.3f} {:9.1f}  {}\n", t.load, t.create,
                 t.first, t.min, t.median, t.p90, t.gflops, t.model);
      if (args.profile) fmt::print("{}", profileTable(t.steps, peakOf(args)));
      std::fflush(stdout);
    }
    out.push_back({{"model", t.model},
                   {"threads", args.threads},
                   {"load_ms", rounded(t.load)},
                   {"create_ms", rounded(t.create)},
                   {"first_ms", rounded(t.first)},
                   {"min_ms", rounded(t.min)},
                   {"median_ms", rounded(t.median)},
                   {"p90_ms", rounded(t.p90)}});
    if (args.profile) out.back()["operators"] = jsonOf(t.steps);
  }
  if (args.json) printJson(out);
  // A device is opened with the first session, which is timed.
  warnOfDevices(args.backends, parsePaths(args.paths));
}

void benchLayers(const BenchArguments& args) {
  const auto shapes = shapesFor(args.models, args.shapes);
  nlohmann::json out = nlohmann::json::array();
  if (!args.json)
    fmt::print("{:>9} {:>9} {:>7} {:>7} {:>9} {:>9}  model ({} thread{}, {} runs in turns)\n",
               "layers ms", "strips ms", "min", "median", "layers MB", "strips MB", args.threads,
               args.threads == 1 ? "" : "s", args.runs);
  for (size_t i = 0; i < args.models.size(); ++i) {
    const Comparison c = compareLayers(args.models[i], args, {.shapes = shapes[i]});
    if (!args.json) {
      fmt::print("{:9.3f} {:9.3f} {:7.3f} {:7.3f} {:9.2f} {:9.2f}  {}\n", c.min[0], c.min[1],
                 c.min[1] / c.min[0], c.median[1] / c.median[0],
                 static_cast<double>(c.dynamicBytes[0]) / 1e6,
                 static_cast<double>(c.dynamicBytes[1]) / 1e6, c.model);
      std::fflush(stdout);
    }
    const auto part = [&](size_t s) {
      return nlohmann::json{{"min_ms", rounded(c.min[s])},
                            {"median_ms", rounded(c.median[s])},
                            {"dynamic_bytes", c.dynamicBytes[s]}};
    };
    out.push_back(
        {{"model", c.model}, {"threads", args.threads}, {"layers", part(0)}, {"strips", part(1)}});
  }
  if (args.json) printJson(out);
  warnOfDevices(args.backends, parsePaths(args.paths));
}

}  // namespace

void addBench(CLI::App& app) {
  auto args = std::make_shared<BenchArguments>();
  CLI::App* verb = app.add_subcommand("bench", "Times of loading, creating and running");
  verb->add_option("MODEL", args->models, "One or more .minnow, .onnx or .tflite files")
      ->required();
  verb->add_option("-t,--threads", args->threads, "Threads")->check(CLI::Range(1, 256));
  addTargetOption(verb);
  addBackendOptions(verb, args->backends, args->kernelCache);
  addPrecisionOption(verb, args->precision);
  addPathOption(verb, args->paths);
  verb->add_flag("--auto-paths", args->autoPaths, "Paths that are found by measuring (minnow run)")
      ->excludes("--path");
  verb->add_option("-n,--runs", args->runs, "Steady runs after the first")
      ->check(CLI::Range(1, 1000000));
  verb->add_option("--shape", args->shapes, "NAME=1,3,320,320: an input's shape (repeatable)")
      ->allow_extra_args(false);
  verb->add_flag(
      "--profile", args->profile,
      "Also where the time goes, by operator and kernel; a device's steps one by one, each of "
      "which is waited for");
  verb->add_option("--peak", args->peak,
                   "A core's peak in GFLOP/s, for --profile; else it is measured")
      ->check(within(1e-3, 1e9))
      ->needs("--profile");
  verb->add_flag("--layers", args->layers, "Layer by layer instead of in strips");
  verb->add_flag("--compare-layers", args->compareLayers,
                 "Strips of rows beside the same model layer by layer: time and memory")
      ->excludes("--profile")
      ->excludes("--auto-paths")
      ->excludes("--layers");
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "Inputs are 0.46875. An .onnx or .tflite file is converted in memory first, which is not "
      "timed.\n"
      "GFLOP/s counts two operations a multiply-add, at the median. The peak is what fused\n"
      "multiply-adds in registers reach just before, or what --peak names.\n"
      "Examples:\n"
      "  minnow bench signs.minnow --threads 2 --runs 100\n"
      "  minnow bench a.onnx b.onnx --json\n"
      "  minnow bench a.onnx --compare-layers");
  verb->callback([args] { args->compareLayers ? benchLayers(*args) : bench(*args); });
}

}  // namespace minnow::tool
