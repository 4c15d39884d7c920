// minnow replay: each operator on a reference's inputs, so that its own error stands apart from
// what it inherits.
#include "analysis/replay.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "backends.h"
#include "culprit.h"
#include "exit.h"
#include "model.h"
#include "outputs.h"
#include "report_table.h"
#include "target.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

struct ReplayArguments {
  std::string model, reference, backends, kernelCache, culprit;
  Precision precision = Precision::High;
  std::vector<std::string> shapes;
  int threads = 1;
  bool referenceKernels = false;
  ReportOptions report;
};

/// A session on the reference's inputs, and what it stands on.
struct Replayed {
  explicit Replayed(const ReplayArguments& args)
      : reference(need(analysis::Trace::open(args.reference))),
        settings(settingsOf(args, reference)),
        runtime(need(Runtime::create({.threads = args.threads, .kernelCache = args.kernelCache}))),
        model(openModel(runtime, args.model, settings, {.verifyWeights = true})),
        session(openSession(model, args.model, settings,
                            withBackends({.fastKernels = !args.referenceKernels,
                                          .inStrips = false,
                                          .precision = args.precision},
                                         args.backends))) {}

  /// Where conversion has to know shapes, the reference's inputs say them.
  static ConvertSettings settingsOf(const ReplayArguments& args, const analysis::Trace& reference) {
    ConvertSettings settings{.shapes = shapesFor(args.model, args.shapes)};
    if (!isSource(args.model)) return settings;
    Shapes told;
    for (const std::string& input : reference.info().inputs)
      if (reference.has(input)) told[input] = need(reference.tensor(input)).type.shape;
    settings.shapes.merge(ofInputs(args.model, told));
    return settings;
  }

  analysis::Trace reference;
  ConvertSettings settings;
  Runtime runtime;
  Model model;
  Session session;
};

/// What becomes of it does not change the report: a culprit without ONNX form is still one.
void keepCulprit(const ReplayArguments& args, const Model& model, const analysis::Report& report) {
  if (args.culprit.empty()) return;
  if (report.culprit < 0)
    return fmt::print(stderr, "minnow: no operator errs: nothing is written to {}\n", args.culprit);
  try {
    if (isSource(args.model)) return writeCulprit(args.culprit, model.bytes.span(), report);
    writeCulprit(args.culprit, modelBytes(args.model).span(), report);
  } catch (const std::exception& error) {
    fmt::print(stderr, "minnow: --culprit {}: {}\n", args.culprit, error.what());
  }
}

void run(const ReplayArguments& args) {
  std::optional<Replayed> replayed;  // read by the report
  refuseToOverwrite({args.report.html}, {args.model, args.reference});
  showReport(args.report, [&] {
    replayed.emplace(args);
    auto report =
        need(analysis::replay(replayed->runtime, replayed->model.interpreter, replayed->session,
                              replayed->reference, args.report.tolerance));
    report.nameA = args.model;
    keepCulprit(args, replayed->model, report);
    return report;
  });
}

}  // namespace

void addReplay(CLI::App& app) {
  auto args = std::make_shared<ReplayArguments>();
  CLI::App* verb =
      app.add_subcommand("replay", "Each operator on a reference's inputs: its single error");
  verb->add_option("MODEL", args->model, "A .minnow, .onnx or .tflite file")->required();
  verb->add_option("--reference", args->reference,
                   "A trace, an .npz file of any engine, with the model's inputs")
      ->required();
  verb->add_option("--shape", args->shapes, "NAME=1,3,320,320: an input's shape (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("-t,--threads", args->threads, "Threads")->check(CLI::Range(1, 256));
  addTargetOption(verb, Exit::CannotCompare);
  addBackendOptions(verb, args->backends, args->kernelCache);
  addPrecisionOption(verb, args->precision);
  verb->add_flag("--reference-kernels", args->referenceKernels, "Scalar reference kernels only");
  addReportOptions(verb, args->report);
  verb->add_option(
      "--culprit", args->culprit,
      "DIR: write the operator that errs most as an ONNX model with its inputs and the "
      "reference's outputs, which `minnow conformance DIR` runs");
  verb->footer(
      "An operator whose inputs the reference lacks (fused away there) gets what the operators\n"
      "before it computed; its single error is then that of the group. single: error on the\n"
      "reference's inputs; entire: error of the whole inference, inherited and single; of scale: "
      "by\n"
      "the largest value; excess: single error by what rounding explains, (terms added up + 16) *\n"
      "unit roundoff * largest value. Above 1 it is large. A reference made by Minnow must be met\n"
      "bit for bit.\n"
      "Examples:\n"
      "  minnow trace signs.minnow --input images=street.jpg -o workstation.npz\n"
      "  minnow replay signs.minnow --reference workstation.npz          (on the device)\n"
      "  tools/trace_onnxruntime.py signs.onnx --input images=random:1 -o ort.npz\n"
      "  minnow replay signs.minnow --reference ort.npz --all\n"
      "  minnow replay signs.minnow --reference ort.npz --culprit erring && minnow conformance "
      "erring\n"
      "Exit codes: 0 no large single error, 1 there is one, 2 cannot be compared.");
  verb->callback([args] { run(*args); });
}

}  // namespace minnow::tool
