// Recurrent cells: up to four sequences at a time. What gates take from the input is computed for
// several steps at once, what they take from the hidden state step by step, continuing the same
// sums.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/recurrent.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/packing.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/recurrent.h"
#include "kernels/simd/rows-inl.h"
#include "kernels/simd/scratch.h"
#include "kernels/simd/unary.h"
#include "ops/recurrent.h"

#ifndef MINNOW_SIMD_RECURRENT_PRODUCT_
#define MINNOW_SIMD_RECURRENT_PRODUCT_
namespace minnow::kernels::simd {

/// sums[row][o] + x[row][0] * weights[o][0] + x[row][1] * weights[o][1] + …, one fused multiply-add
/// after another, for all outputs of a group. Sums have a multiple of four of them.
struct Product {
  PanelShape shape;
  const float* weights;  ///< of the group
  const float* x;
  int64_t xStep;
  float* sums;
  int64_t sumsStep;
  int64_t rows;
};

}  // namespace minnow::kernels::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

// Never chosen: dispatch.h.
void addProducts(const Product&) {}

#else

/// Vectors of outputs from `first` on, of panels of one width.
template <class D, int kRows, int kVectors>
HWY_NOINLINE void addBlock(const Product& p, int64_t first, int64_t row) {
  const D d;
  constexpr int kN = hn::MaxLanes(D());
  const float* weights[kVectors];
  hn::Vec<D> sum[kRows][kVectors];
  float* sums = p.sums + row * p.sumsStep + first;
  HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v) {
    weights[v] = p.weights + p.shape.offset(0, first + v * kN, 0);
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) sum[r][v] = hn::LoadU(d, sums + r * p.sumsStep + v * kN);
  }
  const int64_t width = p.shape.stepElements(first);
  const float* x = p.x + row * p.xStep;
  for (int64_t k = 0, at = 0; k < p.shape.depth; ++k, at += width) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) {
      const auto weight = hn::LoadU(d, weights[v] + at);
      HWY_UNROLL(4)
      for (int r = 0; r < kRows; ++r)
        sum[r][v] = hn::MulAdd(hn::Set(d, x[r * p.xStep + k]), weight, sum[r][v]);
    }
  }
  HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v) {
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) hn::StoreU(sum[r][v], d, sums + r * p.sumsStep + v * kN);
  }
}

/// The outputs of full panels from `first` on; returns where it stopped.
template <int kRows, int kVectors>
HWY_INLINE int64_t addPanels(const Product& p, int64_t first, int64_t row) {
  using D = hn::CappedTag<float, kPanel>;
  constexpr int64_t kStep = kVectors * static_cast<int64_t>(hn::MaxLanes(D()));
  const int64_t end = p.shape.outputs / kPanel * kPanel;
  for (; first + kStep <= end; first += kStep) addBlock<D, kRows, kVectors>(p, first, row);
  return first;
}

/// As many sums at a time as hide a multiply-add's latency.
template <int kRows>
HWY_INLINE void addRows(const Product& p, int64_t row) {
  int64_t first = addPanels<kRows, 8 / kRows>(p, 0, row);
  if constexpr (kRows == 1) first = addPanels<kRows, 2>(p, first, row);
  first = addPanels<kRows, 1>(p, first, row);
  for (; first < p.shape.outputs; first += 4)
    addBlock<hn::CappedTag<float, 4>, kRows, 1>(p, first, row);
}

void addProducts(const Product& p) {
  int64_t row = 0;
  for (; row + 4 <= p.rows; row += 4) addRows<4>(p, row);
  for (; row < p.rows; ++row) addRows<1>(p, row);
}

#endif

/// y = a * b.
void multiply(const float* a, const float* b, float* y, size_t n) {
  const auto fn = [](auto, auto x, auto z) HWY_ATTR { return hn::Mul(x, z); };
  mapRows(n, y, fn, DenseRow{a}, DenseRow{b});
}
/// y = a * b + c, fused.
void multiplyAdd(const float* a, const float* b, const float* c, float* y, size_t n) {
  const auto fn = [](auto, auto x, auto z, auto w) HWY_ATTR { return hn::MulAdd(x, z, w); };
  mapRows(n, y, fn, DenseRow{a}, DenseRow{b}, DenseRow{c});
}
/// y = (1 - a) * b.
void multiplyRest(const float* a, const float* b, float* y, size_t n) {
  const auto fn = [](auto d, auto x, auto z)
                      HWY_ATTR { return hn::Mul(hn::Sub(hn::Set(d, 1.0f), x), z); };
  mapRows(n, y, fn, DenseRow{a}, DenseRow{b});
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

using ops::CellActivation;
using ops::CellFn;
using ops::Recurrent;

/// Sequences that are computed side by side, and rows of sums of their next steps.
constexpr int64_t kSequences = 4, kSumRows = 16;

/// The function of elementary.inc that has the activation's bits; Identity if none has. Relu is a
/// loop of its own: that function makes -0 a +0.
ops::UnaryFn functionOf(CellActivation fn) {
  switch (fn) {
    case CellActivation::Tanh:
      return ops::UnaryFn::Tanh;
    case CellActivation::Sigmoid:
      return ops::UnaryFn::Sigmoid;
    case CellActivation::HardSigmoid:
      return ops::UnaryFn::HardSigmoid;
    case CellActivation::LeakyRelu:
      return ops::UnaryFn::LeakyRelu;
    default:
      return ops::UnaryFn::Identity;
  }
}

struct Extents {
  int64_t steps, batch, inputs, hidden, gates, directions;
  int64_t padded;     ///< hidden units of a gate, a multiple of four
  int64_t sequences;  ///< at a time: as many as have the same number of steps for certain

  Extents(const Recurrent& op, std::span<const TensorView> inputs)
      : steps(inputs[0].shape[op.batchFirst ? 1 : 0]),
        batch(inputs[0].shape[op.batchFirst ? 0 : 1]),
        inputs(inputs[0].shape[2]),
        hidden(inputs[2].shape[2]),
        gates(op.gates()),
        directions(op.directions()),
        padded(PanelShape::roundUp(hidden, 4)),
        sequences(inputs.size() > 4 && inputs[4] ? 1 : std::min(batch, kSequences)) {}

  int64_t row() const { return gates * padded; }
  int64_t items() const {
    return sequences ? directions * ((batch + sequences - 1) / sequences) : 0;
  }
  /// Where sums start, sums, x; hidden bias of a GRU's candidate; h, c and a further row of units.
  size_t scratchBytes() const {
    return static_cast<size_t>(row() + kSumRows * (row() + inputs) + padded +
                               3 * sequences * padded) *
           sizeof(float);
  }
};

/// Some sequences in one direction.
class Sequences {
 public:
  Sequences(const Recurrent& op, const KernelArgs& args, const Extents& e, int64_t item,
            std::byte* scratch)
      : op_(op),
        args_(args),
        e_(e),
        d_(item % e.directions),
        first_(item / e.directions * e.sequences),
        count_(std::min(e.sequences, e.batch - first_)) {
    start_ = reinterpret_cast<float*>(scratch);
    sums_ = start_ + e.row();
    x_ = sums_ + kSumRows * e.row();
    hiddenBias_ = x_ + kSumRows * e.inputs;
    h_ = hiddenBias_ + e.padded;
    c_ = h_ + e.sequences * e.padded;
    other_ = c_ + e.sequences * e.padded;
  }

  void run() {
    const int64_t steps =
        args_.has(4) ? args_.inputs[4].as<const int32_t>()[first_ * args_.inputs[4].strides[0]]
                     : e_.steps;
    findStart();
    loadState(5, h_);
    loadState(6, c_);
    for (int64_t t = 0; t < steps; t += kSumRows / count_)
      runSteps(t, std::min(kSumRows / count_, steps - t), steps);
    std::fill_n(other_, e_.padded, 0.0f);
    for (int64_t t = steps; t < e_.steps; ++t)
      for (int64_t s = 0; s < count_; ++s) store(s, t, other_);
    storeState(1, h_);
    storeState(2, c_);
  }

 private:
  bool isGru() const { return op_.cell == CellFn::Gru; }

  /// The sums of biases. A GRU that is linear before its reset gate adds the candidate's hidden
  /// bias to the hidden state's part.
  void findStart() {
    const bool apart = isGru() && op_.linearBeforeReset;
    std::fill_n(start_, e_.row(), 0.0f);
    std::fill_n(hiddenBias_, e_.padded, 0.0f);
    if (!args_.has(3)) return;
    const TensorView& bias = args_.inputs[3];
    const float* from = bias.as<const float>() + d_ * bias.strides[0];
    for (int64_t g = 0; g < e_.gates; ++g)
      for (int64_t i = 0; i < e_.hidden; ++i) {
        const float ofInput = from[(g * e_.hidden + i) * bias.strides[1]];
        const float ofHidden = from[((e_.gates + g) * e_.hidden + i) * bias.strides[1]];
        const bool later = apart && g == 2;
        start_[g * e_.padded + i] = later ? ofInput : ofInput + ofHidden;
        if (later) hiddenBias_[i] = ofHidden;
      }
  }

  float* state(const TensorView& view, int64_t s) const {
    const bool first = op_.batchFirst;
    return view.as<float>() + view.strides[first ? 1 : 0] * d_ +
           view.strides[first ? 0 : 1] * (first_ + s);
  }
  void loadState(size_t input, float* to) const {
    std::fill_n(to, count_ * e_.padded, 0.0f);
    if (!args_.has(input) || (input == 6 && op_.cell != CellFn::Lstm)) return;
    const TensorView& view = args_.inputs[input];
    for (int64_t s = 0; s < count_; ++s)
      for (int64_t i = 0; i < e_.hidden; ++i)
        to[s * e_.padded + i] = state(view, s)[i * view.strides[2]];
  }
  void storeState(size_t output, const float* from) const {
    if (output >= args_.outputs.size() || !args_.outputs[output]) return;
    const TensorView& view = args_.outputs[output];
    for (int64_t s = 0; s < count_; ++s)
      for (int64_t i = 0; i < e_.hidden; ++i)
        state(view, s)[i * view.strides[2]] = from[s * e_.padded + i];
  }
  void store(int64_t s, int64_t t, const float* from) const {
    const TensorView& y = args_.outputs[0];
    if (!y) return;
    const bool first = op_.batchFirst;
    float* to = y.as<float>() + t * y.strides[first ? 1 : 0] + d_ * y.strides[first ? 2 : 1] +
                (first_ + s) * y.strides[first ? 0 : 2];
    for (int64_t i = 0; i < e_.hidden; ++i) to[i * y.strides[3]] = from[i];
  }

  void runSteps(int64_t t, int64_t count, int64_t steps) {
    const bool reverse = op_.direction == ops::SequenceDirection::Reverse || d_ == 1;
    const auto at = [&](int64_t i) { return reverse ? steps - 1 - t - i : t + i; };
    for (int64_t i = 0; i < count; ++i)
      for (int64_t s = 0; s < count_; ++s) {
        loadInput(s, at(i), x_ + (i * count_ + s) * e_.inputs);
        std::copy_n(start_, e_.row(), sums_ + (i * count_ + s) * e_.row());
      }
    for (int64_t g = 0; g < e_.gates; ++g)
      addGate(1, g, x_, e_.inputs, sums_ + g * e_.padded, e_.row(), count * count_);
    for (int64_t i = 0; i < count; ++i) {
      step(sums_ + i * count_ * e_.row());
      for (int64_t s = 0; s < count_; ++s) store(s, at(i), h_ + s * e_.padded);
    }
  }

  void loadInput(int64_t s, int64_t t, float* to) const {
    const TensorView& x = args_.inputs[0];
    const float* from = x.as<const float>() + t * x.strides[op_.batchFirst ? 1 : 0] +
                        (first_ + s) * x.strides[op_.batchFirst ? 0 : 1];
    for (int64_t i = 0; i < e_.inputs; ++i) to[i] = from[i * x.strides[2]];
  }

  /// Adds the products of a gate's weights, which are input 1 or 2.
  void addGate(size_t input, int64_t gate, const float* x, int64_t xStep, float* sums,
               int64_t sumsStep, int64_t rows) const {
    const PanelShape shape{1, e_.hidden, input == 1 ? e_.inputs : e_.hidden};
    const float* weights =
        args_.inputs[input].as<const float>() + (d_ * e_.gates + gate) * shape.groupElements();
    static const auto add = MINNOW_DISPATCH(addProducts);
    add({shape, weights, x, xStep, sums, sumsStep, rows});
  }
  /// Adds what gates [0, end) take from the hidden state.
  void addHidden(int64_t end, float* sums) const {
    for (int64_t g = 0; g < end; ++g)
      addGate(2, g, h_, e_.padded, sums + g * e_.padded, e_.row(), count_);
  }

  void activate(int index, const float* from, float* to, int64_t n) const {
    const auto i = static_cast<size_t>(index + d_ * op_.activationsPerDirection());
    const auto fn = static_cast<CellActivation>(op_.activations[i]);
    if (op_.clip > 0) {
      for (int64_t k = 0; k < n; ++k) to[k] = std::min(std::max(from[k], -op_.clip), op_.clip);
      from = to;
    }
    if (fn == CellActivation::Relu)
      for (int64_t k = 0; k < n; ++k) to[k] = std::max(from[k], 0.0f);
    else
      mapFloatsHere()({functionOf(fn), op_.alpha[i], op_.beta[i]}, {from, to, n});
  }

  /// From the sums of the input's part to the next state.
  void step(float* sums) {
    addHidden(isGru() ? 2 : e_.gates, sums);
    if (isGru()) return stepGru(sums);
    for (int64_t s = 0; s < count_; ++s, sums += e_.row()) {
      float* h = h_ + s * e_.padded;
      if (op_.cell == CellFn::Rnn)
        activate(0, sums, h, e_.padded);
      else
        stepLstm(sums, h, c_ + s * e_.padded);
    }
  }
  void stepLstm(float* in, float* h, float* c) const {
    float *out = in + e_.padded, *forget = out + e_.padded, *candidate = forget + e_.padded;
    const auto n = static_cast<size_t>(e_.padded);
    activate(0, in, in, 3 * e_.padded);
    activate(1, candidate, candidate, e_.padded);
    MINNOW_DISPATCH(multiply)(in, candidate, candidate, n);
    MINNOW_DISPATCH(multiplyAdd)(forget, c, candidate, c, n);
    activate(2, c, h, e_.padded);
    MINNOW_DISPATCH(multiply)(out, h, h, n);
  }
  void stepGru(float* sums) {
    const int64_t row = e_.row();
    const auto n = static_cast<size_t>(e_.padded);
    for (int64_t s = 0; s < count_; ++s) {
      float *reset = sums + s * row + e_.padded, *other = other_ + s * e_.padded;
      activate(0, sums + s * row, sums + s * row, 2 * e_.padded);
      if (op_.linearBeforeReset)
        std::copy_n(hiddenBias_, e_.padded, other);
      else
        MINNOW_DISPATCH(multiply)(reset, h_ + s * e_.padded, other, n);
    }
    if (op_.linearBeforeReset)
      addGate(2, 2, h_, e_.padded, other_, e_.padded, count_);
    else
      addGate(2, 2, other_, e_.padded, sums + 2 * e_.padded, row, count_);
    for (int64_t s = 0; s < count_; ++s) {
      float *update = sums + s * row, *reset = update + e_.padded, *candidate = reset + e_.padded;
      float* h = h_ + s * e_.padded;
      if (op_.linearBeforeReset)
        MINNOW_DISPATCH(multiplyAdd)(reset, other_ + s * e_.padded, candidate, candidate, n);
      activate(1, candidate, candidate, e_.padded);
      MINNOW_DISPATCH(multiplyRest)(update, candidate, candidate, n);
      MINNOW_DISPATCH(multiplyAdd)(update, h, candidate, h, n);
    }
  }

  const Recurrent& op_;
  const KernelArgs& args_;
  const Extents& e_;
  int64_t d_, first_, count_;
  float *start_, *sums_, *x_, *hiddenBias_, *h_, *c_, *other_;
};

}  // namespace

bool acceptsRecurrent(const ops::Operator& op, std::span<const TensorView> inputs,
                      std::span<const TensorView>) {
  const auto& recurrent = static_cast<const Recurrent&>(op);
  const auto isFast = [](int64_t i) {
    const auto fn = static_cast<CellActivation>(i);
    return fn == CellActivation::Relu || functionOf(fn) != ops::UnaryFn::Identity;
  };
  return inputs[1].packing == Packing::F32x16 && inputs[2].packing == Packing::F32x16 &&
         !recurrent.inputForget && !(inputs.size() > 7 && inputs[7]) &&
         std::ranges::all_of(recurrent.activations, isFast);
}

size_t recurrentWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView>, const CallShape& call) {
  const Extents e(static_cast<const Recurrent&>(op), inputs);
  return scratchWorkspace(e.scratchBytes(), call.threads);
}

Result<void> runRecurrent(const ops::Operator& op, const KernelArgs& args) {
  const auto& recurrent = static_cast<const Recurrent&>(op);
  const Extents e(recurrent, args.inputs);
  if (auto ok = recurrent.checkLengths(args.has(4) ? args.inputs[4] : TensorView{}, e.steps); !ok)
    return ok;
  const bool shared = e.steps * e.row() * (e.inputs + e.hidden) >= kMultiplyAddsWorthSharing;
  const size_t bytes = e.scratchBytes();
  const auto workspace = shared ? args.workspace : args.workspace.first(scratchWorkspace(bytes, 1));
  forEachItem(*args.team, e.items(), workspace, bytes, [&](int64_t item, std::byte* scratch) {
    Sequences(recurrent, args, e, item, scratch).run();
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
