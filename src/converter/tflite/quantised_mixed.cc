// Products of integers with others than bytes: real numbers times integers (dynamic range), and integers of 16 bits.
#include "converter/tflite/products.h"
#include "converter/tflite/quantised.h"

namespace minnow::converter {

void importHybridConv(TfliteOperator& op) { op.unsupported("integer weights of float tensors"); }
void importHybridFullyConnected(TfliteOperator& op) {
  op.unsupported("integer weights of float tensors");
}
void importWideConv(TfliteOperator& op) { op.unsupported("quantised int16"); }
void importWideFullyConnected(TfliteOperator& op) { op.unsupported("quantised int16"); }

}  // namespace minnow::converter
