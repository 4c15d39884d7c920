// minnow hash: one inference; each output as 32 hexadecimal digits, the same on every machine.
#include <fmt/format.h>

#include <memory>

#include "analysis/hash.h"
#include "exit.h"
#include "inference.h"
#include "json_output.h"
#include "minnow/cpu.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

struct HashArguments {
  InferenceOptions inference;
  bool layers = false, json = false;
};

void hash(const HashArguments& args) {
  Inference inference(args.inference, !args.layers);
  need(inference.frame.run());
  nlohmann::json outputs = nlohmann::json::object();
  for (size_t i = 0; i < inference.session.outputs().size(); ++i) {
    const std::string& name = inference.session.outputs()[i].name;
    const std::string digits = analysis::hashOf(inference.frame.output(i));
    if (!args.json) fmt::print("{} {}\n", name, digits);
    outputs[name] = digits;
  }
  if (!args.json) return;
  const nlohmann::json out = {{"model", args.inference.model},
                              {"target", cpuTarget()},
                              {"threads", args.inference.threads},
                              {"strips", !args.layers},
                              {"outputs", outputs}};
  printJson(out);
}

}  // namespace

void addHash(CLI::App& app) {
  auto args = std::make_shared<HashArguments>();
  CLI::App* verb = app.add_subcommand("hash", "One inference; a line OUTPUT HASH for each output");
  addInferenceOptions(verb, args->inference);
  verb->add_flag("--layers", args->layers, "Layer by layer instead of in strips");
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "XXH3-128 of the elements, row-major in the model's own axes, little-endian. Processors,\n"
      "threads and strips make no difference.\n"
      "Examples:\n"
      "  minnow hash signs.minnow --input images=const:0.46875\n"
      "  minnow hash signs.minnow --input all=random:1 --target avx2 --threads 2");
  verb->callback([args] { hash(*args); });
}

}  // namespace minnow::tool
