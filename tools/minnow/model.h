// Opening a model for the verbs that use one: a .minnow file as it is, an .onnx file converted in
// memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analysis/host_tensor.h"
#include "base/asked_shape.h"
#include "minnow/runtime.h"

namespace minnow::tool {

using analysis::HostTensor;

/// Bytes where createFromBuffer wants them: on a 64-byte boundary.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::span<const std::byte> bytes);
  std::span<const std::byte> span() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t size_ = 0;
};

/// By input, or by axis: then it has one, and says what all axes of that name are.
using Shapes = std::map<std::string, AskedShape>;

/// What the command line says of a conversion.
struct ConvertSettings {
  Shapes shapes{};
  std::vector<std::string> values{};  ///< NAME=NUMBERS or NAME=FILE.npy
  std::vector<std::string> bounds{};  ///< NAME=NUMBER
  std::vector<std::string> disabledPasses{};
  bool forSpeed = false;  ///< --optimise speed
  bool inHalves = false;  ///< --weights float16
  bool byteInputs = false;
  std::function<void(double, const std::string&)> progress{};
};

/// Arguments of --shape, for each of the models those that name one of its inputs or their axes.
/// Failure for a name that is none of any.
std::vector<Shapes> shapesFor(std::span<const std::string> models,
                              const std::vector<std::string>& arguments);
Shapes shapesFor(const std::string& model, const std::vector<std::string>& arguments);
/// Only what names one of the model's inputs or their axes.
Shapes ofInputs(const std::string& model, const Shapes& shapes);
/// What a session of a converted model is resized to. Failure where a shape holds what only
/// conversion understands.
std::vector<std::pair<std::string, Shape>> sessionShapes(const Interpreter& model,
                                                         const Shapes& shapes);

/// False in a build without the converter.
bool hasConverter();
/// ".onnx" of "NET.ONNX".
std::string endingOf(const std::filesystem::path& path);
/// True for a file that has to be converted first: ONNX or TensorFlow Lite.
bool isSource(const std::filesystem::path& path);
/// Bytes of a .minnow file. Failure with all unsupported nodes, or when this build has no
/// converter.
std::vector<std::byte> convertInMemory(const std::filesystem::path& onnx,
                                       const ConvertSettings& settings);

/// Names of a model's inputs, and of their axes.
struct InputNames {
  std::vector<std::string> inputs, axes;
};
/// Before it is converted.
InputNames inputNamesOfOnnx(const std::filesystem::path& onnx);
/// Files beside a model in which its tensors lie; none where it cannot be read, which whoever opens
/// it will say.
std::vector<std::string> externalFilesOfOnnx(const std::filesystem::path& onnx);

/// The bytes of a .minnow file, of the model itself or of what it is converted to.
AlignedBytes modelBytes(const std::filesystem::path& path, const ConvertSettings& settings = {});

struct Model {
  AlignedBytes bytes;  ///< of a converted model; empty when the file is mapped
  Interpreter interpreter;
  double loadMs = 0;  ///< reading the file; conversion is not counted
};

Model openModel(Runtime& runtime, const std::filesystem::path& path,
                const ConvertSettings& settings = {}, const InterpreterOptions& options = {});
/// A session with --shape applied where the model came from a .minnow file.
Session openSession(const Model& model, const std::filesystem::path& path,
                    const ConvertSettings& settings = {}, const SessionOptions& options = {});

}  // namespace minnow::tool
