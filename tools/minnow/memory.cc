// minnow memory: what models need, what they take in each stage of their life, whether they fit.
#include <fmt/format.h>

#include <memory>

#include "arguments.h"
#include "backends.h"
#include "exit.h"
#include "json_output.h"
#include "life.h"
#include "memory_report.h"
#include "outputs.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

struct MemoryArguments {
  std::vector<std::string> models, shapes;
  std::string budget, svg, html;
  std::string backends, kernelCache;
  Precision precision = Precision::High;
  int threads = 1, concurrency = 1;
  bool json = false, measure = false;
};

/// Leads the models' common life in a runtime that has the budget. The runtime must see it as the
/// verdict does.
void askRuntime(MemoryFindings& findings, const std::vector<ModelFile>& files,
                LifeOptions options) {
  options.budget = findings.verdict->budget;
  try {
    findings.resident = residentLife(files, options);
  } catch (const Failure& failure) {
    if (findings.verdict->fits()) throw;
    findings.refusal = failure.what();
    return;
  }
  if (findings.verdict->fits()) return;
  throw Failure(Exit::Error, "the runtime accepts a budget that does not suffice: a defect");
}

MemoryFindings findOut(const MemoryArguments& args, std::optional<size_t> budget) {
  MemoryFindings findings{.concurrency = static_cast<size_t>(args.concurrency)};
  const LifeOptions options{.threads = args.threads,
                            .concurrency = args.concurrency,
                            .run = !budget || args.measure,
                            .backends = args.backends,
                            .kernelCache = args.kernelCache,
                            .precision = args.precision};
  const auto files = openFiles(args.models, args.shapes);
  for (const ModelFile& file : files) findings.models.push_back(lifeOf(file, options));
  if (budget)
    findings.verdict = judge(budgetNeedsOf(findings.models), findings.concurrency, *budget);
  if (options.run && budget) {
    askRuntime(findings, files, options);
  } else if (options.run && files.size() > 1) {
    findings.resident = residentLife(files, options);
  }
  return findings;
}

void memory(const MemoryArguments& args) {
  std::optional<size_t> budget;
  if (!args.budget.empty()) budget = parseBytes(args.budget, "--budget");
  refuseToOverwrite({args.svg, args.html}, args.models);
  const MemoryFindings findings = findOut(args, budget);
  bool printed = !args.svg.empty() && writeOrPrint(args.svg, asSvg(findings));
  printed |= !args.html.empty() && writeOrPrint(args.html, asPage(findings));
  if (args.json && !printed) {
    printJson(asJson(findings));
  } else if (!printed) {
    fmt::print("{}", asText(findings));
  }
  const auto measured = findings.measuredPeak();
  if (measured && *measured != findings.predictedPeak())
    throw Failure(Exit::Error,
                  fmt::format("{} bytes were predicted and {} measured: a defect, please report it",
                              findings.predictedPeak(), *measured));
  if (findings.verdict && !findings.verdict->fits())
    throw CLI::RuntimeError(static_cast<int>(Exit::OverBudget));
}

}  // namespace

void addMemory(CLI::App& app) {
  auto args = std::make_shared<MemoryArguments>();
  CLI::App* verb = app.add_subcommand("memory", "Memory by stage and category; budgets; drawings");
  verb->add_option("MODEL", args->models, "One or more .minnow, .onnx or .tflite files")
      ->required();
  verb->add_option("-b,--budget", args->budget,
                   "24MB: whether the models fit together in RuntimeOptions::memoryBudget, without "
                   "running them. B, KB, MB, GB are powers of 1000; KiB, MiB, GiB of 1024");
  verb->add_option("-c,--concurrency", args->concurrency, "Models that run at the same time")
      ->check(CLI::Range(1, 1024));
  verb->add_flag("--measure", args->measure,
                 "With --budget: also run the models, in a runtime that has the budget");
  verb->add_option("-t,--threads", args->threads, "Threads")->check(CLI::Range(1, 256));
  addBackendOptions(verb, args->backends, args->kernelCache);
  addPrecisionOption(verb, args->precision);
  verb->add_option("--shape", args->shapes, "NAME=1,3,320,320: an input's shape (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--svg", args->svg, "FILE: draw the plans, offset by time; - prints");
  verb->add_option("--html", args->html, "FILE: a page with drawings, stages and totals; - prints");
  verb->add_flag("--json", args->json, "Report in JSON; every figure in bytes");
  verb->footer(
      "Each model lives in a process of its own: load, createSession, releaseModel, write inputs,\n"
      "run, destroy. Several models then live together in one, and each runs twice. The ledger\n"
      "counts what the library holds; Anonymous, file-backed (Rss less Anonymous), Pss and VmHWM\n"
      "are the system's. In the table they are differences to 'before load', whose own row, in\n"
      "brackets, is absolute; in JSON they are all absolute. Heap is what malloc has handed out\n"
      "beyond 'before load', arenas excepted; stack is what the calling thread has touched,\n"
      "rounded up to pages. The peak counts static and dynamic memory, and with --backend that of\n"
      "devices; a budget counts, as RuntimeOptions::memoryBudget does, metadata and model buffers\n"
      "(until releaseModel) too.\n"
      "Exit code 4: the models do not fit the budget.\n"
      "Examples:\n"
      "  minnow memory signs.minnow\n"
      "  minnow memory signs.minnow faces.minnow --html memory.html --svg plans.svg\n"
      "  minnow memory --budget 24MB --concurrency 2 signs.minnow faces.minnow lanes.minnow");
  verb->callback([args] { memory(*args); });
}

}  // namespace minnow::tool
