// minnow diff: which operator is the first that differs between two traces.
#include <memory>

#include "analysis/compare.h"
#include "exit.h"
#include "outputs.h"
#include "report_table.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

struct Arguments {
  std::string a, b;
  ReportOptions report;
};

void run(const Arguments& args) {
  std::vector<analysis::Trace> traces;  // read by the report
  refuseToOverwrite({args.report.html}, {args.a, args.b});
  showReport(args.report, [&] {
    traces.push_back(need(analysis::Trace::open(args.a)));
    traces.push_back(need(analysis::Trace::open(args.b)));
    return need(compare(traces[0], traces[1], args.report.tolerance));
  });
}

}  // namespace

void addDiff(CLI::App& app) {
  auto args = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("diff", "The first operator that differs between two traces");
  verb->add_option("A", args->a, "A trace, an .npz file")->required();
  verb->add_option("B", args->b, "The reference: another trace, of any engine")->required();
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
      "Exit codes: 0 equal, 1 different, 2 cannot be compared.");
  verb->callback([args] { run(*args); });
}

}  // namespace minnow::tool
