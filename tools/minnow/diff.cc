// minnow diff: which operator is the first that differs between two traces.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "analysis/compare.h"
#include "analysis/record.h"
#include "backends.h"
#include "exit.h"
#include "inference.h"
#include "outputs.h"
#include "paths.h"
#include "report_table.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

struct DiffArguments {
  std::string a, b, against;
  InferenceOptions inference;  ///< with --against
  ReportOptions report;
};

/// A folder that goes with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "minnow-diff-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw Failure(Exit::Error, name + ": no folder for the traces can be made; TMPDIR names one");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What every operator puts out on the back-ends of a list.
analysis::Trace traceOn(InferenceOptions options, const std::string& backends,
                        const std::filesystem::path& file) {
  options.backends = backends;
  Inference inference(options, /*strips=*/false);
  need(analysis::recordTrace(inference.runtime, inference.model.interpreter, inference.session,
                             inference.frame, {}, file));
  return need(analysis::Trace::open(file));
}

/// ", path 'to=a backend=cl'" for each.
std::string inWords(const std::vector<std::string>& paths) {
  std::string words;
  for (const std::string& path : paths) words += fmt::format(", path '{}'", path);
  return words;
}

void run(const DiffArguments& args) {
  std::vector<analysis::Trace> traces;  // read by the report
  std::optional<TemporaryFolder> folder;
  refuseToOverwrite({args.report.html}, {args.a, args.b});
  showReport(args.report, [&] {
    if (args.against.empty()) {
      traces.push_back(need(analysis::Trace::open(args.a)));
      traces.push_back(need(analysis::Trace::open(args.b)));
      return need(compare(traces[0], traces[1], args.report.tolerance));
    }
    const std::string own = args.inference.backends.empty() ? "cpu" : args.inference.backends;
    folder.emplace();
    InferenceOptions onOther = args.inference;
    onOther.paths.clear();
    onOther.precision = Precision::High;
    traces.push_back(traceOn(args.inference, own, folder->path() / "a.npz"));
    traces.push_back(traceOn(onOther, args.against, folder->path() / "b.npz"));
    auto report = need(compare(traces[0], traces[1], args.report.tolerance));
    report.nameA = args.a + " on " + own + inWords(args.inference.paths);
    report.nameB = "on " + args.against;
    return report;
  });
}

void check(const DiffArguments& args) {
  if (args.against.empty() == args.b.empty())
    throw Failure(Exit::Usage, "give two traces, or a model and --against");
  const InferenceOptions& model = args.inference;
  const auto refuse = [&](const char* option, bool isGiven) {
    if (args.against.empty() && isGiven)
      throw Failure(Exit::Usage, fmt::format("{} is for a model, with --against", option));
  };
  refuse("--input", !model.inputs.empty());
  refuse("--shape", !model.shapes.empty());
  refuse("--backend", !model.backends.empty());
  refuse("--kernel-cache", !model.kernelCache.empty());
  refuse("--path", !model.paths.empty());
}

}  // namespace

void addDiff(CLI::App& app) {
  auto args = std::make_shared<DiffArguments>();
  CLI::App* verb = app.add_subcommand("diff", "The first operator that differs between two traces");
  verb->add_option("A", args->a, "A trace, an .npz file; with --against a model")->required();
  verb->add_option("B", args->b, "The reference: another trace, of any engine");
  verb->add_option("--against", args->against,
                   "cpu: runs the model A on --backend and on these, and compares the two");
  verb->add_option("-i,--input", args->inference.inputs,
                   "NAME=SPEC (repeatable): with --against, as for `minnow run`")
      ->allow_extra_args(false);
  verb->add_option("--shape", args->inference.shapes,
                   "NAME=1,3,320,320: an input's shape (repeatable), with --against")
      ->allow_extra_args(false);
  verb->add_option("-t,--threads", args->inference.threads, "Threads, with --against")
      ->check(CLI::Range(1, 256));
  addBackendOptions(verb, args->inference.backends, args->inference.kernelCache);
  addPrecisionOption(verb, args->inference.precision);
  addPathOption(verb, args->inference.paths);
  addReportOptions(verb, args->report);
  verb->footer(
      "Tensors are compared under their names in the ONNX file, in the execution order of A; what\n"
      "only one side has (fused away, say) is left out. A summary (`minnow trace --summary`) is\n"
      "compared by hashes; with a tolerance by minimum, maximum, mean and deviation.\n"
      "max rel: |a - b| / |b|; of scale: max abs by the largest |b|; max ULP: how many numbers of\n"
      "the type lie between; NaN+Inf: in A / in B.\n"
      "Examples:\n"
      "  minnow diff workstation.npz phone.npz\n"
      "  minnow diff minnow.npz onnxruntime.npz --tolerance 1e-5,1e-4 --all\n"
      "  minnow diff signs.minnow --backend cl,cpu --against cpu --input images=random:1\n"
      "  minnow diff signs.minnow --backend cl,cpu --precision low --against cl,cpu --all\n"
      "Exit codes: 0 equal, 1 different, 2 cannot be compared.");
  verb->callback([args] {
    check(*args);
    args->inference.model = args->a;
    run(*args);
  });
}

}  // namespace minnow::tool
