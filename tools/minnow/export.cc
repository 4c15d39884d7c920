// minnow export: a model after its passes, as ONNX that other tools open.
#include <fmt/format.h>

#include <memory>

#include "base/whole_file.h"
#include "converter/onnx_export.h"
#include "exit.h"
#include "model.h"
#include "outputs.h"
#include "verbs.h"
#include "words.h"

namespace minnow::tool {
namespace {

struct ExportArguments {
  std::string model, output;
  std::vector<std::string> shapes;
};

void exportModel(const ExportArguments& args) {
  refuseToOverwrite({args.output}, {args.model});
  if (!args.shapes.empty() && !isSource(args.model))
    throw Failure(Exit::Usage, "--shape: " + args.model +
                                   " is converted, and is written for the shapes that it was "
                                   "converted for; convert it for others");
  const auto bytes = modelBytes(args.model, {.shapes = shapesFor(args.model, args.shapes)});
  const auto onnx = need(converter::exportOnnx(bytes.span(), args.model));
  need(base::writeFile(args.output, onnx));
  fmt::print("{}: {}\n", args.output, bytesInWords(onnx.size()));
}

}  // namespace

void addExport(CLI::App& app) {
  auto args = std::make_shared<ExportArguments>();
  CLI::App* verb = app.add_subcommand("export", "A model after its passes, back to ONNX");
  verb->add_option("MODEL", args->model, "A .minnow, .onnx or .tflite file")->required();
  verb->add_option("-o,--output", args->output, "The .onnx file to write")->required();
  verb->add_option("--shape", args->shapes,
                   "NAME=1,3,320,320: an input's shape, of a model that is converted (repeatable)")
      ->allow_extra_args(false);
  verb->footer(
      "Netron and ONNX Runtime open what is written. Weights are unpacked and activations are "
      "nodes\n"
      "again; shapes are those that the model was converted for. What has no ONNX form is refused "
      "by\n"
      "name.\n"
      "Examples:\n"
      "  minnow export signs.minnow -o after.onnx\n"
      "  minnow export signs.tflite -o signs.onnx");
  verb->callback([args] { exportModel(*args); });
}

}  // namespace minnow::tool
