// TFLite_Detection_PostProcess: boxes from what a network says of its anchors, and the best of those that overlap.
// Outputs: boxes [1, n, 4] (top, left, bottom, right), classes [1, n], scores [1, n], how many there are [1]; what is
// behind these is 0.
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "converter/tflite/flex_map.h"
#include "converter/tflite/operator.h"
#include "converter/tflite/quantised.h"
#include "ops/arg_reduce.h"
#include "ops/cum_sum.h"
#include "ops/quantize.h"
#include "ops/scatter.h"
#include "ops/select.h"

namespace minnow::converter {
namespace {

using ops::BinaryFn;
using ops::ReduceFn;
using ops::UnaryFn;
using Value = ir::ValueId;

struct DetectionOptions {
  int64_t detections = 0, perClass = 100, classesPerDetection = 1, classes = 0;
  bool eachClass =
      false;  ///< suppresses within classes; else the best class of a box stands for it
  float leastScore = 0, mostOverlap = 0, yScale = 0, xScale = 0, hScale = 0, wScale = 0;

  explicit DetectionOptions(const TfliteOperator& op) {
    const auto numbers = flexNumbers(op.customOptions());
    if (!numbers) op.broken("its options are no map");
    const auto number = [&](const char* name, double otherwise = 0) {
      const auto found = numbers->find(name);
      return found == numbers->end() ? otherwise : found->second;
    };
    const auto count = [&](const char* name, double otherwise = 0) {
      const double n = number(name, otherwise);
      if (!(n >= 1 && n <= 1 << 16)) op.broken(text("its option ", name, " is ", n));
      return static_cast<int64_t>(n);
    };
    const auto real = [&](const char* name) { return static_cast<float>(number(name)); };
    detections = count("max_detections");
    classesPerDetection = count("max_classes_per_detection");
    classes = count("num_classes");
    eachClass = number("use_regular_nms") != 0;
    perClass = count("detections_per_class", 100);
    leastScore = real("nms_score_threshold"), mostOverlap = real("nms_iou_threshold");
    yScale = real("y_scale"), xScale = real("x_scale");
    hScale = real("h_scale"), wScale = real("w_scale");
    if (classesPerDetection != 1 && !eachClass)
      op.unsupported(text("max_classes_per_detection of ", classesPerDetection));
  }
};

class Detection {
 public:
  explicit Detection(TfliteOperator& op) : op_(op), c_(op.compose()), options_(op) {
    const Shape boxes = op.shape(0), scores = op.shape(1), anchors = op.shape(2);
    if (boxes.rank() != 3 || scores.rank() != 3 || anchors.rank() != 2 || boxes[0] != 1 ||
        scores[0] != 1 || boxes[2] != 4 || anchors[1] != 4 || boxes[1] != anchors[0] ||
        scores[1] != anchors[0] || scores[2] < options_.classes)
      op.broken(text("boxes of shape ", boxes, ", scores of ", scores, " and anchors of ", anchors,
                     " do not belong together"));
    anchors_ = anchors[0];
  }

  void import() {
    boxes_ = decoded();
    scores_ = classScores();
    options_.eachClass ? byClass() : byBestClass();
  }

 private:
  Value real(int i) const {
    if (op_.typeOf(i) == DataType::Float32) return op_.in(i);
    const tfl::Tensor& tensor = op_.declaredInput(i);
    if (!isQuantised(tensor) || tensor.quantization()->scale()->size() != 1)
      op_.unsupported(text("an input of ", op_.typeOf(i)));
    const std::vector<int64_t> zeros = zeroPoints(*tensor.quantization());
    const int64_t zero = zeros.empty() ? 0 : zeros.front();
    return op_.emit(std::make_unique<ops::DequantizeLinear>(),
                    {op_.in(i), c_.number(tensor.quantization()->scale()->Get(0)),
                     c_.cast(c_.integer(zero), op_.typeOf(i))});
  }

  /// From centres and extents in units of an anchor's.
  Value decoded() const {
    const Value boxes = c_.reshape(real(0), {-1, 4}), anchors = real(2);
    const auto column = [&](Value of, int64_t i) { return c_.slice(of, 1, i, i + 1); };
    const auto centre = [&](int64_t i, float scale) {
      const Value moved = c_(BinaryFn::Mul, c_(BinaryFn::Div, column(boxes, i), c_.number(scale)),
                             column(anchors, i + 2));
      return c_(BinaryFn::Add, moved, column(anchors, i));
    };
    const auto half = [&](int64_t i, float scale) {
      const Value grown = c_(UnaryFn::Exp, c_(BinaryFn::Div, column(boxes, i), c_.number(scale)));
      return c_(BinaryFn::Mul, c_(BinaryFn::Mul, c_.number(0.5F), grown), column(anchors, i));
    };
    const Value y = centre(0, options_.yScale), x = centre(1, options_.xScale),
                h = half(2, options_.hScale), w = half(3, options_.wScale);
    return c_.concat({c_(BinaryFn::Sub, y, h), c_(BinaryFn::Sub, x, w), c_(BinaryFn::Add, y, h),
                      c_(BinaryFn::Add, x, w)},
                     1);
  }

  /// [boxes, classes], without the background, which comes first where there is one.
  Value classScores() const {
    const int64_t all = op_.shape(1)[2];
    return c_.reshape(c_.slice(real(1), 2, all - options_.classes, all), {-1, options_.classes});
  }

  /// Rows of 0, class and box of the boxes that stay.
  Value suppressed(Value scores, int64_t most) const {
    auto nms = std::make_unique<ops::NonMaxSuppression>();
    nms->mostPerClass = most;
    nms->iouThreshold = options_.mostOverlap;
    nms->hasScoreThreshold = true;  // a score that is the threshold counts here
    nms->scoreThreshold =
        std::nextafter(options_.leastScore, -std::numeric_limits<float>::infinity());
    const Value boxes = c_.reshape(boxes_, {1, anchors_, 4});
    return op_.emit(std::move(nms), {boxes, scores});
  }

  /// Column i of these rows.
  Value chosen(Value rows, int64_t i) const {
    return c_.reshape(c_.slice(rows, 1, i, i + 1), {-1});
  }

  /// 0, 1, 2 … as a column, as many as there are.
  Value places(Value of) const {
    auto sum = std::make_unique<ops::CumSum>();
    sum->exclusive = true;
    return c_.reshape(op_.emit(std::move(sum), {ones(of)}), {-1, 1});
  }
  Value ones(Value of) const {
    return c_(BinaryFn::Add, c_(BinaryFn::Mul, of, c_.integer(0)), c_.integer(1));
  }

  /// What stands first of `room` elements; behind them `blank`.
  Value placed(Value values, Value at, std::vector<int64_t> room, Value blank) const {
    return op_.emit(std::make_unique<ops::ScatterNd>(), {c_.expand(blank, room), at, values});
  }

  void byBestClass() {
    auto best = std::make_unique<ops::ArgReduce>();
    best->axis = 1, best->keepDims = false;
    const Value classes = c_.cast(op_.emit(std::move(best), {scores_}), DataType::Float32);
    const Value scores = c_.reshape(c_.reduce(ReduceFn::Max, scores_, 1), {-1});
    const Value rows = suppressed(c_.reshape(scores, {1, 1, anchors_}), options_.detections);
    const Value boxes = chosen(rows, 2), at = places(boxes);
    const int64_t most = options_.detections;
    const auto kept = [&](Value of, std::vector<int64_t> room) {
      return placed(c_.gather(of, boxes, 0), at, std::move(room), c_.number(0));
    };
    setOutputs(kept(boxes_, {most, 4}), kept(classes, {most}), kept(scores, {most}),
               c_.reduce(ReduceFn::Sum, ones(boxes), 0));
  }

  /// The best of all classes: first all that stay, then the greatest scores.
  void byClass() {
    const Value scores = c_.reshape(c_.transpose(scores_, {1, 0}), {1, options_.classes, anchors_});
    const int64_t each = std::min(options_.perClass, options_.detections);
    const Value rows = suppressed(scores, std::min(each, anchors_));
    const Value classes = chosen(rows, 1), boxes = chosen(rows, 2), at = places(boxes);
    const Value flat = c_.reshape(scores, {-1});
    const Value inFlat = c_(BinaryFn::Add, c_(BinaryFn::Mul, classes, c_.integer(anchors_)), boxes);
    const int64_t room = std::max(std::min(each, anchors_) * options_.classes, options_.detections);
    const Value none = c_.number(-std::numeric_limits<float>::infinity());
    auto top = std::make_unique<ops::TopK>();
    top->k = options_.detections;
    const auto best = op_.context().emitMany(
        std::move(top), {placed(c_.gather(flat, inFlat, 0), at, {room}, none)}, 2);
    const Value isThere = c_(BinaryFn::Greater, best[0], none);
    const auto kept = [&](Value values, Value there) {
      return c_.choose(there, values, c_.number(0));
    };
    const auto picked = [&](Value of) {
      return c_.gather(placed(of, at, {room}, c_.integer(0)), best[1], 0);
    };
    setOutputs(kept(c_.gather(boxes_, picked(boxes), 0), c_.reshape(isThere, {-1, 1})),
               kept(c_.cast(picked(classes), DataType::Float32), isThere), kept(best[0], isThere),
               c_.reduce(ReduceFn::Sum, c_.cast(isThere, DataType::Int64), 0));
  }

  void setOutputs(Value boxes, Value classes, Value scores, Value count) const {
    const int64_t most = options_.detections;
    op_.set(0, c_.reshape(boxes, {1, most, 4}));
    op_.set(1, c_.reshape(classes, {1, most}));
    op_.set(2, c_.reshape(scores, {1, most}));
    op_.set(3, c_.reshape(c_.cast(count, DataType::Float32), {1}));
  }

  TfliteOperator& op_;
  Composer c_;
  DetectionOptions options_;
  int64_t anchors_ = 0;
  Value boxes_ = ir::kNoValue, scores_ = ir::kNoValue;
};

}  // namespace

void importDetectionPostProcess(TfliteOperator& op) { Detection(op).import(); }

}  // namespace minnow::converter
