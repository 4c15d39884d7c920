// Writing the operator that errs: its graph by the converter, its tensors from the report.
#include "culprit.h"

#include <fmt/format.h>

#include "base/whole_file.h"
#include "converter/onnx_export.h"
#include "converter/tensor_file.h"
#include "exit.h"
#include "format/read.h"

namespace minnow::tool {
namespace {

namespace fs = std::filesystem;
using analysis::HostTensor;
using analysis::Report;

void writeTensor(const fs::path& file, const std::string& name, const HostTensor& tensor) {
  need(base::writeFile(file, converter::encodeTensorFile({name, tensor.type, tensor.bytes})));
}

/// What the operator read when it erred: the reference's, else what was computed before it.
HostTensor inputOf(const Report& report, const ir::Value& value) {
  auto tensor = report.tensorB(value.name.str());
  if (!tensor) tensor = report.tensorOwn(value.name.str());
  HostTensor found = need(std::move(tensor));
  if (found.type != value.type)
    throw Failure(
        Exit::CannotCompare,
        fmt::format("{} had shape {}, the model was converted for {}: convert it for the "
                    "shapes of the reference",
                    value.name, found.type.shape.toString(), value.type.shape.toString()));
  return found;
}

}  // namespace

void writeCulprit(const fs::path& folder, std::span<const std::byte> model, const Report& report) {
  const auto& row = report.rows[static_cast<size_t>(report.culprit)];
  const ir::Graph graph = need(format::read(model, report.nameA));
  const ir::Graph alone = need(converter::operatorAlone(graph, row.entire.tensor));
  const auto onnx = need(converter::exportOnnx(alone));
  const fs::path data = folder / "test_data_set_0";
  fs::create_directories(data);
  int inputs = 0, outputs = 0;
  for (const ir::ValueId id : alone.inputs)
    writeTensor(data / fmt::format("input_{}.pb", inputs++), alone.values[id].name.str(),
                inputOf(report, alone.values[id]));
  for (const std::string& name : alone.outputNames)
    if (const auto expected = report.tensorB(name))
      writeTensor(data / fmt::format("output_{}.pb", outputs++), name, *expected);
  need(base::writeFile(folder / "model.onnx", onnx));
}

}  // namespace minnow::tool
