// One entry of the table, loaded: an interpreter and a session for each shape it was converted for.
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

class Network {
 public:
  static minnow::Result<Network> open(minnow::Runtime& runtime, const ModelEntry& entry,
                                      std::span<const std::filesystem::path> files);
  /// The whole picture, or a part of it.
  minnow::Result<Inference> run(const minnow::vision::ImageView& picture,
                                std::optional<minnow::vision::Rect> crop = std::nullopt);
  /// The sum over all shapes; weights are counted once for each.
  minnow::MemoryReport memory() const;

 private:
  struct Variant {
    minnow::Interpreter interpreter;
    minnow::Session session;
    int width = 0, height = 0;
  };
  static minnow::Result<Variant> openVariant(minnow::Runtime& runtime, const ModelEntry& entry,
                                             const std::filesystem::path& file);
  Variant& variantFor(int width, int height);

  minnow::vision::PreProcess pre_;
  std::string input_;
  std::vector<std::string> outputs_;
  std::vector<Variant> variants_;
};

}  // namespace road
