// The functions that write operators, one for each kind.
#include "converter/onnx_export/node_writer.h"
#include "ops/arg_reduce.h"
#include "ops/batch_normalization.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/cum_sum.h"
#include "ops/deform_conv.h"
#include "ops/depth_space.h"
#include "ops/det.h"
#include "ops/einsum.h"
#include "ops/expand.h"
#include "ops/gather.h"
#include "ops/grid.h"
#include "ops/group_normalization.h"
#include "ops/in_run.h"
#include "ops/index_fill.h"
#include "ops/integer_product.h"
#include "ops/layer_normalization.h"
#include "ops/lp_normalization.h"
#include "ops/lrn.h"
#include "ops/matmul.h"
#include "ops/max_unpool.h"
#include "ops/mean_variance_normalization.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "ops/quantize.h"
#include "ops/quantized.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/relayout.h"
#include "ops/reshape.h"
#include "ops/resize.h"
#include "ops/roi_align.h"
#include "ops/scatter.h"
#include "ops/select.h"
#include "ops/shape_of.h"
#include "ops/slice.h"
#include "ops/softmax.h"
#include "ops/split.h"
#include "ops/transpose.h"
#include "ops/unary.h"
#include "ops/where.h"

namespace minnow::converter::exported {

#define MINNOW_OP(name) void write(NodeWriter& w, const ops::name& op);
#include "ops/op_list.inc"
#undef MINNOW_OP

/// Inside another one there is none: NodeWriter shows the operator that it holds.
void write(NodeWriter& w, const ops::InRun&) { w.refuse("an operator within two others"); }

template <class Op>
static void writeAs(NodeWriter& w) {
  write(w, static_cast<const Op&>(w.op()));
}

void writeOperator(NodeWriter& w) {
  static constexpr void (*kWriters[])(NodeWriter&) = {
#define MINNOW_OP(name) writeAs<ops::name>,
#include "ops/op_list.inc"
#undef MINNOW_OP
  };
  kWriters[static_cast<size_t>(w.op().kind())](w);
}

}  // namespace minnow::converter::exported
