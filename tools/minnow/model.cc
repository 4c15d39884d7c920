// Opening models and sessions.
#include "model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>

#include "arguments.h"
#include "base/whole_file.h"
#include "clock.h"
#include "exit.h"

namespace minnow::tool {

void AlignedBytes::Free::operator()(std::byte* bytes) const { std::free(bytes); }

AlignedBytes::AlignedBytes(std::span<const std::byte> bytes) : size_(bytes.size()) {
  constexpr size_t kAlignment = 64;
  const size_t whole = (bytes.size() / kAlignment + 1) * kAlignment;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, whole)));
  if (!data_) throw std::bad_alloc();
  if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
}

namespace {

Shapes parseShapes(const std::vector<std::string>& arguments) {
  Shapes shapes;
  for (const auto& [name, text] : byName(arguments, "--shape"))
    shapes[name] = parseShape(text, "--shape");
  return shapes;
}

InputNames namesIn(const Interpreter& model) {
  InputNames names;
  for (size_t i = 0; i < model.inputs().size(); ++i) {
    const TensorInfo& info = model.inputs()[i];
    names.inputs.push_back(info.name);
    for (int axis = 0; axis < info.shape.rank(); ++axis)
      if (const auto name = model.extent(i, axis).name; !name.empty())
        names.axes.emplace_back(name);
  }
  return names;
}

InputNames inputNames(const std::string& model) {
  if (isSource(model)) return inputNamesOfOnnx(model);
  Runtime runtime = need(Runtime::create());
  return namesIn(need(Interpreter::createFromFile(runtime, model)));
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// Names that shapes give axes are names too.
Shapes among(const Shapes& shapes, InputNames names) {
  Shapes found;
  for (const auto& [name, shape] : shapes) {
    if (!contains(names.inputs, name)) continue;
    found.insert({name, shape});
    for (const AskedExtent& axis : shape.axes) names.axes.push_back(axis.name);
  }
  for (const auto& [name, shape] : shapes)
    if (shape.axes.size() == 1 && contains(names.axes, name)) found.insert({name, shape});
  return found;
}

int64_t numberOf(const std::string& argument, const AskedExtent& extent) {
  if (extent.isSaid() && !extent.isRange()) return extent.converted;
  const std::string said =
      extent.isRange() ? fmt::format("{}..{}", extent.least, extent.most) : extent.name;
  throw Failure(Exit::Usage,
                fmt::format("--shape {}: '{}' is for conversion, and the model is converted: give "
                            "a number, as in 320",
                            argument, said));
}

}  // namespace

std::vector<std::pair<std::string, Shape>> sessionShapes(const Interpreter& model,
                                                         const Shapes& shapes) {
  std::vector<std::pair<std::string, Shape>> resized;
  for (size_t i = 0; i < model.inputs().size(); ++i) {
    const TensorInfo& info = model.inputs()[i];
    const auto given = shapes.find(info.name);
    Shape shape;
    if (given != shapes.end())
      for (const AskedExtent& axis : given->second.axes) shape.push_back(numberOf(info.name, axis));
    else
      shape = info.shape;
    bool named = false;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const std::string name(model.extent(i, axis).name);
      const auto size = name.empty() ? shapes.end() : shapes.find(name);
      if (size == shapes.end() || size->second.axes.size() != 1) continue;
      shape[axis] = numberOf(name, size->second.axes[0]);
      named = true;
    }
    if (named || given != shapes.end()) resized.emplace_back(info.name, shape);
  }
  return resized;
}

std::vector<Shapes> shapesFor(std::span<const std::string> models,
                              const std::vector<std::string>& arguments) {
  const Shapes all = parseShapes(arguments);
  std::vector<Shapes> shapes(models.size());
  if (all.empty()) return shapes;
  std::vector<std::string> known, axes;
  for (size_t i = 0; i < models.size(); ++i) {
    const auto names = inputNames(models[i]);
    shapes[i] = among(all, names);
    known.insert(known.end(), names.inputs.begin(), names.inputs.end());
    axes.insert(axes.end(), names.axes.begin(), names.axes.end());
  }
  known.insert(known.end(), axes.begin(), axes.end());
  for (const auto& [name, shape] : all)
    if (std::ranges::none_of(shapes, [&](const Shapes& one) { return one.contains(name); }))
      throw noSuchInput("--shape", name, known);
  return shapes;
}

Shapes shapesFor(const std::string& model, const std::vector<std::string>& arguments) {
  return shapesFor({&model, 1}, arguments).front();
}

Shapes ofInputs(const std::string& model, const Shapes& shapes) {
  return shapes.empty() ? Shapes{} : among(shapes, inputNames(model));
}

std::string endingOf(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

bool isSource(const std::filesystem::path& path) {
  const std::string ending = endingOf(path);
  return ending == ".onnx" || ending == ".tflite";
}

AlignedBytes modelBytes(const std::filesystem::path& path, const ConvertSettings& settings) {
  return AlignedBytes(isSource(path) ? convertInMemory(path, settings)
                                     : need(base::readFile(path)));
}

Model openModel(Runtime& runtime, const std::filesystem::path& path,
                const ConvertSettings& settings, const InterpreterOptions& options) {
  if (!isSource(path)) {
    const Clock clock;
    auto interpreter = need(Interpreter::createFromFile(runtime, path, options));
    return {{}, std::move(interpreter), clock.ms()};
  }
  AlignedBytes bytes(convertInMemory(path, settings));
  const Clock clock;
  auto interpreter = need(Interpreter::createFromBuffer(runtime, bytes.span()));
  const double ms = clock.ms();
  return {std::move(bytes), std::move(interpreter), ms};
}

Session openSession(const Model& model, const std::filesystem::path& path,
                    const ConvertSettings& settings, const SessionOptions& options) {
  const Shapes shapes = isSource(path) ? Shapes{} : settings.shapes;
  return need(model.interpreter.createSession(options, sessionShapes(model.interpreter, shapes)));
}

}  // namespace minnow::tool
