// Opening models and sessions.
#include "model.h"

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

std::map<std::string, Shape> parseShapes(const std::vector<std::string>& arguments) {
  std::map<std::string, Shape> shapes;
  for (const std::string& argument : arguments) {
    const auto [name, text] = splitArgument(argument, "--shape");
    shapes[name] = parseShape(text, "--shape");
  }
  return shapes;
}

bool isOnnx(const std::filesystem::path& path) { return path.extension() == ".onnx"; }

Model openModel(Runtime& runtime, const std::filesystem::path& path,
                const ConvertSettings& settings) {
  if (!isOnnx(path)) {
    const Clock clock;
    auto interpreter = need(Interpreter::createFromFile(runtime, path));
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
