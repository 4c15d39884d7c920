// Functions of elements: Unary and every operator's activation, Binary, Where, Cast.
#include "converter/onnx_export/node_writer.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/where.h"

namespace minnow::converter::exported {

using ops::BinaryFn;
using ops::UnaryFn;

/// Most functions have ONNX's names and no parameters.
Name NodeWriter::apply(UnaryFn fn, float alpha, float beta, const Name& x, DataType type) {
  switch (fn) {
    case UnaryFn::Identity:
      return x;
    case UnaryFn::Clip:
      return add("Clip", {x, number(alpha, type), number(beta, type)});
    case UnaryFn::LeakyRelu:
    case UnaryFn::Elu:
    case UnaryFn::Celu:
    case UnaryFn::ThresholdedRelu:
      return add(ops::unaryFnName(fn), {x}).set("alpha", alpha);
    case UnaryFn::HardSigmoid:
      return add("HardSigmoid", {x}).set("alpha", alpha).set("beta", beta);
    case UnaryFn::Selu:
      return add("Selu", {x}).set("alpha", alpha).set("gamma", beta);
    case UnaryFn::Shrink:
      return add("Shrink", {x}).set("lambd", alpha).set("bias", beta);
    case UnaryFn::GeluTanh:
      return add("Gelu", {x}).set("approximate", "tanh");
    case UnaryFn::Swish: {
      const Name inner = alpha == 1 ? x : Name(add("Mul", {x, number(alpha, type)}));
      return add("Mul", {x, add("Sigmoid", {inner})});
    }
    case UnaryFn::IsInf:
      return add("IsInf", {x})
          .set("detect_negative", static_cast<int64_t>(alpha))
          .set("detect_positive", static_cast<int64_t>(beta));
    default:
      return add(ops::unaryFnName(fn), {x});
  }
}

void write(NodeWriter& w, const ops::Unary& op) {
  w.give(0, w.apply(op.fn, op.alpha, op.beta, w.x(0), w.type(0).type));
}

void write(NodeWriter& w, const ops::Binary& op) {
  Name y;
  if (op.fn == BinaryFn::Fmod)
    y = w.add("Mod", {w.x(0), w.x(1)}).set("fmod", int64_t{1});
  else if (op.fn == BinaryFn::ShiftLeft || op.fn == BinaryFn::ShiftRight)
    y = w.add("BitShift", {w.x(0), w.x(1)})
            .set("direction", op.fn == BinaryFn::ShiftLeft ? "LEFT" : "RIGHT");
  else
    y = w.add(ops::binaryFnName(op.fn), {w.x(0), w.x(1)});
  w.give(0, w.apply(op.epilogue, y));
}

void write(NodeWriter& w, const ops::Where&) {
  w.give(0, w.add("Where", {w.x(0), w.x(1), w.x(2)}));
}

void write(NodeWriter& w, const ops::Cast& op) { w.give(0, w.cast(w.x(0), op.to)); }

}  // namespace minnow::converter::exported
