// From a float model to one that runs in integers: ranges of activations out of pictures, weights by
// channel, and what each layer costs (docs/quantisation.md). The same pictures give the same bytes.
#pragma once

#include <filesystem>

#include "converter/convert.h"
#include "quantise/measure.h"

namespace minnow::quantise {

struct Options {
  PlanOptions plan = {};
  bool equalise = true;
  size_t keep = 0;       ///< layers that cost most by themselves, which stay float
  double maxError = 0;   ///< as many of them stay float as the outputs' error needs; 0: none
  size_t measured = 16;  ///< pictures that costs are taken from
  int threads = 1;
  Progress progress = {};
};

struct Report {
  converter::ConvertReport conversion;
  Costs costs;
  int equalised = 0;  ///< pairs of layers
};

/// Of a float graph as it was imported, one that passes are still to make operators on integers of.
Result<ir::Graph> quantiseGraph(ir::Graph graph, const Samples& samples, const Options& options,
                                Report& report);

/// The bytes of a .minnow file. Unsupported for a model that holds quantised tensors already.
Result<std::vector<std::byte>> quantiseFile(const std::filesystem::path& model,
                                            const converter::ConvertOptions& conversion,
                                            const Samples& samples, const Options& options,
                                            Report& report);

}  // namespace minnow::quantise
