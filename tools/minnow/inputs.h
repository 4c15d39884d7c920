// What fills a model's inputs: NAME=SPEC, where SPEC is const:NUMBER, random:SEED, a .npy file or a
// picture.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "analysis/host_tensor.h"
#include "minnow/image.h"
#include "minnow/runtime.h"

namespace minnow::tool {

using analysis::HostTensor;

/// How a picture becomes a tensor, as given on the command line.
struct PictureOptions {
  std::string mean = "0", scale = "1", pad = "0", colour = "rgb", fit = "stretch";
  std::string alpha;  ///< value of a fourth channel; empty: there is none
  /// Failure (usage) for what cannot be read.
  vision::PreProcess preProcess() const;
  bool operator==(const PictureOptions&) const = default;
};

class InputSpecs {
 public:
  /// Arguments of --input; the name "all" stands for every input that has no SPEC of its own.
  InputSpecs(const std::vector<std::string>& arguments, const PictureOptions& picture);

  /// Writes every input of the frame. Failure names inputs that have no SPEC or files that do not
  /// fit.
  void fill(const Frame& frame, std::span<const TensorInfo> inputs) const;
  /// Shapes of .npy files, by input name: they say what a symbolic dimension is.
  std::map<std::string, Shape> shapesOfFiles() const;

 private:
  void fillOne(const TensorInfo& info, const std::string& spec, const TensorView& to) const;
  void writePicture(const std::string& spec, const vision::Image& picture, const TensorInfo& info,
                    const TensorView& to) const;

  std::map<std::string, std::string> specs_;
  vision::PreProcess picture_;
};

/// `const:NUMBER`: integers get the number without its fraction.
void fillConstant(HostTensor& tensor, double value);
/// `random:SEED`: element i (row-major) takes draw i of SplitMix64. Floats: uniform in [0, 1),
/// multiples of 2^-24; bool: uniform() < 0.5; other integers: floor(100 * uniform()).
void fillRandom(HostTensor& tensor, uint64_t seed);

}  // namespace minnow::tool
