// minnow trace: one inference; what every operator put out becomes one .npz file.
#include <fmt/format.h>

#include <memory>

#include "analysis/record.h"
#include "exit.h"
#include "inference.h"
#include "outputs.h"
#include "verbs.h"
#include "words.h"

namespace minnow::tool {
namespace {

struct TraceArguments {
  InferenceOptions inference;
  std::string file;
  analysis::RecordOptions record;
};

void trace(const TraceArguments& args) {
  refuseToOverwrite({args.file}, filesRead(args.inference));
  Inference inference(args.inference, /*strips=*/false);
  const analysis::Recorded recorded =
      need(analysis::recordTrace(inference.runtime, inference.model.interpreter, inference.session,
                                 inference.frame, args.record, args.file));
  fmt::print("{}: {} tensor{}, {}\n", args.file, recorded.tensors, recorded.tensors == 1 ? "" : "s",
             bytesInWords(recorded.bytes));
}

}  // namespace

void addTrace(CLI::App& app) {
  auto args = std::make_shared<TraceArguments>();
  CLI::App* verb = app.add_subcommand("trace", "What every operator puts out, as one .npz file");
  addInferenceOptions(verb, args->inference);
  verb->add_option("-o,--output", args->file, "The .npz file to write")->required();
  verb->add_option("--only", args->record.only,
                   "Only what matches this pattern (* ? [abc]): all outputs of an operator whose "
                   "name or type matches, and tensors whose name does. The model's inputs are "
                   "always there");
  verb->add_flag("--summary", args->record.summary,
                 "Statistics and hashes instead of elements: small, for devices");
  verb->footer(
      "Runs layer by layer. Tensors keep their ONNX names, a fused operator reports the tensor it\n"
      "ends in; names that begin with ~ are of tensors that conversion added. In Python:\n"
      "  z = numpy.load(\"trace.npz\"); z[\"relu0\"]; json.loads(z[\"minnow.json\"])\n"
      "`minnow diff` compares two traces; `minnow replay --culprit DIR` writes the operator that\n"
      "errs, alone, as an ONNX model.\n"
      "Examples:\n"
      "  minnow trace signs.minnow --input images=const:0.46875 -o trace.npz\n"
      "  minnow trace signs.minnow --input all=random:1 --only 'Conv*' -o convolutions.npz\n"
      "  minnow trace signs.minnow --input all=random:1 --summary -o device.npz");
  verb->callback([args] { trace(*args); });
}

}  // namespace minnow::tool
