// What importers of real and of quantised images share.
#pragma once

#include "converter/tflite/operator.h"
#include "ops/pool.h"
#include "ops/resize.h"

namespace minnow::converter {

/// The window of a pool.
std::unique_ptr<ops::Pool> poolOf(TfliteOperator& op);
/// A linear resizing of images, as its options and sizes say.
ops::Resize bilinearOf(TfliteOperator& op);
/// The axes of a reduction, rising.
std::vector<int64_t> reducedAxes(TfliteOperator& op);

void importReduce(TfliteOperator& op);
void importPack(TfliteOperator& op);
void importResizeBilinear(TfliteOperator& op);

}  // namespace minnow::converter
