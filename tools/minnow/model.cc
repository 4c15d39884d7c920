// Opening models and sessions.
#include "model.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "arguments.h"
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
  for (const std::string& argument : arguments) {
    const auto [name, text] = splitArgument(argument, "--shape");
    if (!shapes.emplace(name, parseShape(text, "--shape")).second)
      throw givenTwice("--shape", name);
  }
  return shapes;
}

std::vector<std::string> inputNames(const std::string& model) {
  if (isOnnx(model)) return inputNamesOfOnnx(model);
  Runtime runtime = need(Runtime::create());
  std::vector<std::string> names;
  const Interpreter interpreter = need(Interpreter::createFromFile(runtime, model));
  for (const TensorInfo& info : interpreter.inputs()) names.push_back(info.name);
  return names;
}

Shapes among(const Shapes& shapes, const std::vector<std::string>& names) {
  Shapes found;
  for (const std::string& name : names)
    if (const auto shape = shapes.find(name); shape != shapes.end()) found.insert(*shape);
  return found;
}

}  // namespace

std::vector<Shapes> shapesFor(std::span<const std::string> models,
                              const std::vector<std::string>& arguments) {
  const Shapes all = parseShapes(arguments);
  std::vector<Shapes> shapes(models.size());
  if (all.empty()) return shapes;
  std::vector<std::string> known;
  for (size_t i = 0; i < models.size(); ++i) {
    const auto names = inputNames(models[i]);
    shapes[i] = among(all, names);
    known.insert(known.end(), names.begin(), names.end());
  }
  for (const auto& [name, shape] : all)
    if (std::ranges::find(known, name) == known.end()) throw noSuchInput("--shape", name, known);
  return shapes;
}

Shapes shapesFor(const std::string& model, const std::vector<std::string>& arguments) {
  return shapesFor({&model, 1}, arguments).front();
}

Shapes ofInputs(const std::string& model, const Shapes& shapes) {
  return shapes.empty() ? Shapes{} : among(shapes, inputNames(model));
}

bool isOnnx(const std::filesystem::path& path) { return path.extension() == ".onnx"; }

Model openModel(Runtime& runtime, const std::filesystem::path& path,
                const ConvertSettings& settings, const InterpreterOptions& options) {
  if (!isOnnx(path)) {
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
  Session session = need(model.interpreter.createSession(options));
  if (isOnnx(path) || settings.shapes.empty()) return session;
  const std::vector<std::pair<std::string, Shape>> shapes(settings.shapes.begin(),
                                                          settings.shapes.end());
  need(session.resizeInputs(shapes));
  return session;
}

}  // namespace minnow::tool
