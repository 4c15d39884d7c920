// minnow conformance: sweeps folders of ONNX test cases, each case in a process of its own.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include "base/whole_file.h"
#include "case_runner.h"
#include "exit.h"
#include "forked_jobs.h"
#include "json_output.h"
#include "number_check.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

namespace fs = std::filesystem;

struct ConformanceArguments {
  std::vector<std::string> folders;
  std::string list;
  JobOptions jobs;
  bool json = false, quiet = false, throughExport = false;
};

struct Case {
  std::string name;
  fs::path folder;
  CaseResult result;
};

bool isCase(const fs::path& folder) { return fs::exists(folder / "model.onnx"); }

void addCase(const fs::path& root, const fs::path& folder, std::vector<Case>& cases) {
  const fs::path relative = folder.lexically_relative(root);
  const fs::path whole = fs::absolute(folder).lexically_normal();
  const fs::path last = whole.has_filename() ? whole.filename() : whole.parent_path().filename();
  cases.push_back({relative == "." ? last.string() : relative.generic_string(), folder, {}});
}

std::vector<Case> walk(const fs::path& root) {
  std::vector<Case> cases;
  if (isCase(root)) addCase(root, root, cases);
  std::error_code error;
  fs::recursive_directory_iterator entries(root, fs::directory_options::follow_directory_symlink,
                                           error);
  if (error)
    throw Failure(Exit::Error, fmt::format("{}: {}; name a folder that holds folders of cases",
                                           root.string(), error.message()));
  for (const auto& entry : entries)
    if (entry.is_directory() && isCase(entry.path())) addCase(root, entry.path(), cases);
  std::sort(cases.begin(), cases.end(),
            [](const Case& a, const Case& b) { return a.name < b.name; });
  return cases;
}

/// Folders named in the list, a line each, looked for under every DIR; one that is nowhere fails.
std::vector<Case> listed(const std::vector<std::string>& roots, const std::string& list) {
  const auto bytes = need(base::readFile(list));
  std::istringstream file(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    const auto root = std::find_if(roots.begin(), roots.end(), [&](const std::string& folder) {
      return isCase(fs::path(folder) / line);
    });
    const fs::path base(root == roots.end() ? roots.front() : *root);
    cases.push_back({line, base / line, {}});
  }
  return cases;
}

std::string encode(const CaseResult& result) { return result.status + '\n' + result.detail; }
CaseResult decode(const JobOutcome& outcome) {
  if (!outcome.crash.empty()) return {"crash", outcome.crash};
  const size_t end = outcome.text.find('\n');
  return {outcome.text.substr(0, end), outcome.text.substr(end + 1)};
}

void report(const ConformanceArguments& args, const std::vector<Case>& cases,
            const std::map<std::string, int>& totals) {
  if (!args.json) {
    fmt::print("{} cases: {} pass, {} fail, {} unsupported, {} crash\n", cases.size(),
               totals.at("pass"), totals.at("fail"), totals.at("unsupported"), totals.at("crash"));
    return;
  }
  nlohmann::json rows = nlohmann::json::array();
  for (const Case& c : cases)
    rows.push_back({{"name", c.name}, {"status", c.result.status}, {"detail", c.result.detail}});
  nlohmann::json sums = totals;
  sums["cases"] = cases.size();
  printJson(nlohmann::json{{"cases", rows}, {"totals", sums}});
}

void conformance(const ConformanceArguments& args) {
  std::vector<Case> cases;
  if (!args.list.empty()) {
    cases = listed(args.folders, args.list);
  } else {
    for (const std::string& folder : args.folders) {
      auto found = walk(folder);
      std::move(found.begin(), found.end(), std::back_inserter(cases));
    }
  }
  if (cases.empty())
    throw Failure(Exit::Error, args.list.empty()
                                   ? fmt::format("{}: holds no folder with a model.onnx",
                                                 fmt::join(args.folders, ", "))
                                   : fmt::format("{}: names no case", args.list));
  std::map<std::string, int> totals{{"pass", 0}, {"fail", 0}, {"unsupported", 0}, {"crash", 0}};
  runForked(
      cases.size(), args.jobs,
      [&](size_t i) { return encode(runCase(cases[i].folder, args.throughExport)); },
      [&](size_t i, const JobOutcome& outcome) {
        Case& c = cases[i];
        c.result = decode(outcome);
        ++totals[c.result.status];
        const bool shown = !args.quiet || c.result.status == "fail" || c.result.status == "crash";
        if (!args.json && shown)
          fmt::print("{:<11} {}  {}\n", c.result.status, c.name, c.result.detail);
      });
  report(args, cases, totals);
  if (totals["fail"] + totals["crash"] > 0) throw CLI::RuntimeError(static_cast<int>(Exit::Error));
}

}  // namespace

void addConformance(CLI::App& app) {
  auto args = std::make_shared<ConformanceArguments>();
  args->jobs.parallel = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App* verb =
      app.add_subcommand("conformance", "Run folders of ONNX test cases and compare the outputs");
  verb->add_option("DIR", args->folders, "Folders that are searched for model.onnx")->required();
  verb->add_option("--list", args->list, "FILE: only these folders, relative to a DIR, one a line");
  verb->add_option("--jobs", args->jobs.parallel, "Cases at once")->check(CLI::Range(1, 256));
  verb->add_option("--timeout", args->jobs.timeoutSeconds, "Seconds a case may take")
      ->check(within(0.001, 86400));
  verb->add_flag("--through-export", args->throughExport,
                 "Run what `minnow export` makes of each model, converted again");
  verb->add_flag("--quiet", args->quiet, "Print only what fails or crashes, and the totals");
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "A case passes when types and shapes are equal and every element lies within\n"
      "1e-5 + 1e-3 |expected| (float16: 1e-3 + 2e-3 |expected|). Exit code 1 when one fails.\n"
      "Examples:\n"
      "  minnow conformance /usr/share/libonnx-testdata/data\n"
      "  minnow conformance cases --list tier1.txt --json > tier1.json");
  verb->callback([args] { conformance(*args); });
}

}  // namespace minnow::tool
