// One entry of the table, loaded: an interpreter, and a session for each shape that pictures may
// take.
#pragma once

#include "minnow/runtime.h"
#include "table.h"

namespace road {

/// A finished inference; the outputs live as long as it does.
struct Inference {
  minnow::Frame frame;
  std::vector<minnow::TensorView> outputs;
  minnow::vision::Placement placement;
  int inputWidth = 0, inputHeight = 0;
  double milliseconds = 0;  ///< of run() alone
};

/// Width and height of a picture input, by the rule of ChannelsAxis::Auto.
minnow::Result<std::pair<int, int>> pictureExtent(const std::string& name,
                                                  const minnow::Shape& shape,
                                                  const minnow::vision::PreProcess& pre);

/// How a picture goes into the input of that name, quantised or not.
minnow::Result<minnow::vision::PreProcess> preFor(std::span<const minnow::TensorInfo> inputs,
                                                  const std::string& name,
                                                  const minnow::vision::PreProcess& pre);

class Network {
 public:
  static minnow::Result<Network> open(minnow::Runtime& runtime, const ModelEntry& entry,
                                      const std::filesystem::path& file);
  /// The whole picture, or a part of it.
  minnow::Result<Inference> run(const minnow::vision::ImageView& picture,
                                std::optional<minnow::vision::Rect> crop = std::nullopt);
  /// Names of an inference's outputs, in their order.
  const std::vector<std::string>& outputs() const { return outputs_; }
  /// Weights, which all sessions share.
  size_t staticBytes() const;
  /// Feature maps and workspace of the session that needs most.
  size_t dynamicBytes() const;

 private:
  struct Variant {
    minnow::Session session;
    int width = 0, height = 0;
  };
  explicit Network(minnow::Interpreter interpreter) : interpreter_(std::move(interpreter)) {}
  minnow::Result<void> addVariant(const ModelEntry& entry, minnow::InputShapes shapes);
  Variant& variantFor(int width, int height);

  minnow::Interpreter interpreter_;
  minnow::vision::PreProcess pre_;
  std::string input_;
  std::vector<std::string> outputs_;
  std::vector<Variant> variants_;
};

}  // namespace road
