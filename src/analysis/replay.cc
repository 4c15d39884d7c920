// Two runs of a session: one plain, one that is put back on the reference's track before each
// operator.
//
// Values share memory (views, operators that run in place, slots of a concatenation), so that
// writing one may change another. Therefore nothing in the arena is relied upon from operator to
// operator: before each, all of its inputs are written, and what it puts out is copied at once.
#include "analysis/replay.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string_view>

#include "analysis/compare.h"
#include "analysis/record.h"
#include "base/fail.h"

namespace minnow::analysis {
namespace {

using State = TensorComparison::State;
using Tensors = std::map<std::string, HostTensor>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool hasType(const HostTensor& tensor, const TensorView& view) {
  return tensor.type == TensorType{view.type, view.shape};
}

/// Relative error of rounding once; 0 for types without fractions.
double unitRoundoff(DataType type) {
  switch (type) {
    case DataType::Float16:
      return 0x1p-11;
    case DataType::Float32:
      return 0x1p-24;
    case DataType::Float64:
      return 0x1p-53;
    default:
      return 0;
  }
}

/// The least normal number of the type.
double leastNormal(DataType type) {
  if (type == DataType::Float16) return 0x1p-14;
  return type == DataType::Float64 ? std::numeric_limits<double>::min()
                                   : std::numeric_limits<float>::min();
}

/// Functions whose results engines compute to an absolute error.
bool endsInOne(const std::string& type) {
  static constexpr std::array<std::string_view, 6> kTypes = {"Sigmoid", "Tanh", "Erf",
                                                             "Softmax", "Sin",  "Cos"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

double largestFinite(const HostTensor& tensor) { return figuresOf(tensor, tensor).scale; }

/// What is known of how a tensor came about since the last tensors that the reference has.
struct Origin {
  std::vector<std::string> group;  ///< operators whose outputs the reference lacks
  double terms = 0;                ///< that were added up for an element, over the group
};

class Replay {
 public:
  Replay(Session& session, TraceInfo self, const Trace& reference, const Tolerance& tolerance)
      : session_(session), reference_(reference) {
    report_.kind = Report::Kind::Replay;
    report_.nameA = self.model.empty() ? "the model" : self.model;
    report_.nameB = reference.name();
    report_.a = std::move(self);
    report_.b = reference.info();
    for (TraceInfo* info : {&report_.a, &report_.b}) info->operators.clear(), info->tensors.clear();
    report_.tolerance = tolerance;
    for (const TensorInfo& output : session.outputs()) report_.outputs.push_back(output.name);
    for (const TensorInfo& input : session.inputs()) mine_.insert(input.name);
    for (size_t step = 0; step < session.operators().size(); ++step) {
      steps_.push_back(namesOf(session.operands(step)));
      mine_.insert(steps_[step].outputs.begin(), steps_[step].outputs.end());
    }
    for (const OperatorRecord& op : reference.info().operators)
      for (const std::string& output : op.outputs) makers_[output] = &op;
  }

  Result<Report> run() {
    if (auto ok = checkSameModel(report_.a, report_.b, report_.nameA + " and " + report_.nameB);
        !ok)
      return passOn(ok);
    if (auto ok = runPlain(); !ok) return passOn(ok);
    if (auto ok = runOnTrack(); !ok) return passOn(ok);
    for (const OperatorInfo& op : session_.operators())
      if (auto ok = addRows(op); !ok) return passOn(ok);
    if (std::ranges::none_of(report_.rows,
                             [](const ReportRow& row) { return row.single->compared(); }))
      return fail(ErrorCode::InvalidArgument, reference_.name(),
                  " has no tensor that this model computes; trace the same model");
    findCulprit();
    giveTensors();
    return std::move(report_);
  }

 private:
  /// Names of operands in order; empty for constants and what is absent.
  struct Names {
    std::vector<std::string> inputs, outputs;
    std::vector<Meaning> meanings = {};  ///< of the outputs
  };
  static Names namesOf(const Operands& operands) {
    const auto names = [](std::span<const OperandInfo> infos) {
      std::vector<std::string> list;
      for (const OperandInfo& info : infos)
        list.emplace_back(info.constant ? std::string_view() : info.name);
      return list;
    };
    Names all{names(operands.inputs), names(operands.outputs)};
    for (const OperandInfo& output : operands.outputs)
      all.meanings.push_back(meaningOf(output.quantisation));
    return all;
  }

  // Running ---------------------------------------------------------------------------------------

  Result<void> feed(const Frame& frame) const {
    for (const TensorInfo& input : session_.inputs()) {
      if (!reference_.has(input.name))
        return fail(ErrorCode::InvalidArgument, reference_.name(), " lacks the elements of input ",
                    input.name, "; trace the reference with its inputs and not as a summary");
      const auto tensor = reference_.tensor(input.name);
      if (!tensor) return passOn(tensor);
      const TensorView to = frame.input(input.name);
      if (!hasType(*tensor, to))
        return fail(ErrorCode::ShapeMismatch, "input ", input.name, " is ", tensor->type.type, " ",
                    tensor->type.shape, " in ", reference_.name(), ", but ", to.type, " ", to.shape,
                    " here; --shape changes an input");
      if (to.elements() > 0) copyTensor(tensor->view(), to);
    }
    return {};
  }

  /// Keeps what every operator puts out.
  OpCallback keepOutputs(Tensors& tensors) const {
    return [&](const OperatorInfo& op, std::span<const TensorView> outputs) {
      const std::vector<std::string>& names = steps_[op.index].outputs;
      for (size_t i = 0; !op.crosses() && i < outputs.size(); ++i)
        if (!names[i].empty())
          tensors[names[i]] = HostTensor::copyOf(outputs[i], steps_[op.index].meanings[i]);
      return CallbackVerdict::Continue;
    };
  }

  Result<void> runPlain() {
    auto frame = session_.begin();
    if (!frame) return passOn(frame);
    if (auto ok = feed(*frame); !ok) return ok;
    return frame->runWithCallback({}, keepOutputs(*plain_));
  }

  Result<void> runOnTrack() {
    auto frame = session_.begin();
    if (!frame) return passOn(frame);
    if (auto ok = feed(*frame); !ok) return ok;
    std::optional<Error> error;
    const auto before = [&](const OperatorInfo& op, std::span<const TensorView> inputs) {
      const auto ok = replaceInputs(op, inputs);
      if (!ok) error = ok.error();
      return ok ? CallbackVerdict::Continue : CallbackVerdict::Stop;
    };
    auto ran = frame->runWithCallback(before, keepOutputs(*own_));
    if (error) return std::unexpected(std::move(*error));
    return ran;
  }

  Result<void> replaceInputs(const OperatorInfo& op, std::span<const TensorView> inputs) {
    std::vector<std::pair<TensorView, HostTensor>> written;
    const std::vector<std::string>& names = steps_[op.index].inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (names[i].empty()) continue;
      auto tensor = valueFor(names[i], inputs[i]);
      if (!tensor) return passOn(tensor);
      if (!*tensor || inputs[i].elements() == 0) continue;
      copyTensor((*tensor)->view(), inputs[i]);
      written.emplace_back(inputs[i], std::move(**tensor));
    }
    for (const auto& [view, tensor] : written)
      if (HostTensor::copyOf(view).bytes != tensor.bytes) contradicted_.push_back(op.index);
    return {};
  }

  /// The reference's tensor, else the one computed in this run; none if neither fits.
  Result<std::optional<HostTensor>> valueFor(const std::string& name,
                                             const TensorView& view) const {
    if (reference_.has(name)) {
      auto tensor = reference_.tensor(name);
      if (!tensor) return passOn(tensor);
      if (hasType(*tensor, view)) return std::move(*tensor);
    }
    const auto computed = own_->find(name);
    if (computed == own_->end() || !hasType(computed->second, view)) return std::nullopt;
    return computed->second;
  }

  // Judging ---------------------------------------------------------------------------------------

  Result<void> addRows(const OperatorInfo& op) {
    if (op.crosses()) return {};
    Origin origin = originOfInputs(op);
    for (const std::string& name : steps_[op.index].outputs) {
      if (name.empty() || !own_->contains(name)) continue;
      auto row = rowOf(op, name, origin);
      if (!row) return passOn(row);
      if (!knows(*row->single)) {
        Origin mine = origin;
        mine.group.push_back(op.name);
        mine.terms += termsOf(op, row->single->type);
        origins_[name] = std::move(mine);
      }
      totals_[name] = row->entire;
      report_.rows.push_back(std::move(*row));
    }
    return {};
  }

  /// True if the reference has the tensor, in the type that it has here.
  static bool knows(const TensorComparison& comparison) { return comparison.figures.has_value(); }

  Origin originOfInputs(const OperatorInfo& op) const {
    Origin all;
    for (const std::string& input : steps_[op.index].inputs) {
      const auto origin = origins_.find(input);
      if (origin == origins_.end()) continue;
      all.terms += origin->second.terms;
      for (const std::string& name : origin->second.group)
        if (std::ranges::find(all.group, name) == all.group.end()) all.group.push_back(name);
    }
    return all;
  }

  Result<ReportRow> rowOf(const OperatorInfo& op, const std::string& name,
                          const Origin& origin) const {
    std::optional<HostTensor> expected;
    if (reference_.has(name)) {
      auto tensor = reference_.tensor(name);
      if (!tensor) return passOn(tensor);
      expected = std::move(*tensor);
    }
    const HostTensor* b = expected ? &*expected : nullptr;
    ReportRow row{.step = op.index,
                  .name = op.name,
                  .type = op.type,
                  .kernel = kernelInWords(op.backend, op.kernel)};
    row.entire = compare(name, &plain_->at(name), b, report_.tolerance);
    row.single = compare(name, &own_->at(name), b, report_.tolerance);
    row.group = origin.group;
    for (const std::string& input : steps_[op.index].inputs)
      if (const auto known = totals_.find(input); known != totals_.end())
        row.inputs.push_back(known->second);
    if (std::ranges::find(contradicted_, op.index) != contradicted_.end()) {
      row.single->note = "inputs that share memory differ in the reference";
    } else if (row.single->figures) {
      if (auto ok = explain(row, origin.terms + termsOf(op, row.single->type)); !ok)
        return passOn(ok);
    }
    return row;
  }

  /// Terms of the sum that an element is.
  double termsOf(const OperatorInfo& op, const TensorType& output) const {
    if (op.kernel == "view") return 0;
    const auto elements = static_cast<double>(std::max<int64_t>(output.shape.elements(), 1));
    double read = 0;
    for (const std::string& input : steps_[op.index].inputs)
      if (const auto tensor = own_->find(input); tensor != own_->end())
        read = std::max(read, static_cast<double>(tensor->second.type.shape.elements()));
    return std::max(static_cast<double>(op.multiplyAdds), read) / elements;
  }

  Result<void> explain(ReportRow& row, double terms) const {
    const Figures& own = *row.single->figures;
    if (own.equal()) return {};
    const auto explained = explainedError(row, terms);
    if (!explained) return passOn(explained);
    row.explained = *explained;
    const bool nothing = own.specialInOne > 0 || row.explained == 0;
    row.excess = nothing ? kInfinity : own.maxAbsolute / row.explained;
    return {};
  }

  Result<double> explainedError(const ReportRow& row, double terms) const {
    constexpr double kAnyOperator = 16;
    const DataType type = row.single->type.type;
    if (report_.b.engine == "minnow") return 0;
    if (type == DataType::Int8 || type == DataType::Uint8) return oneStep(*row.single->figures);
    const double roundoff = unitRoundoff(type);
    if (roundoff == 0) return 0;
    const auto magnitude = magnitudeOf(row);
    if (!magnitude) return passOn(magnitude);
    return (terms + kAnyOperator) * std::max(roundoff * *magnitude, leastNormal(type));
  }

  static double oneStep(const Figures& figures) { return figures.step > 0 ? figures.step : 1; }

  /// Largest value on the reference's way from tensors that this model has to the row's.
  Result<double> magnitudeOf(const ReportRow& row) const {
    double largest = row.single->figures->scale;
    bool toOne = endsInOne(row.type);
    std::set<std::string> seen = {row.entire.tensor};
    std::vector<std::string> waiting = {row.entire.tensor};
    while (!waiting.empty()) {
      const auto maker = makers_.find(waiting.back());
      waiting.pop_back();
      if (maker == makers_.end()) continue;
      toOne = toOne || endsInOne(maker->second->type);
      for (const std::string& input : maker->second->inputs) {
        if (mine_.contains(input) || !seen.insert(input).second) continue;
        waiting.push_back(input);
        if (!reference_.has(input)) continue;
        const auto tensor = reference_.tensor(input);
        if (!tensor) return passOn(tensor);
        if (unitRoundoff(tensor->type.type) > 0)
          largest = std::max(largest, largestFinite(*tensor));
      }
    }
    return toOne ? std::max(largest, 1.0) : largest;
  }

  /// The one that is farthest above what rounding explains; of several, the largest.
  void findCulprit() {
    const auto larger = [](const ReportRow& a, const ReportRow& b) {
      if (a.excess != b.excess) return a.excess > b.excess;
      return a.single->figures->ofScale() > b.single->figures->ofScale();
    };
    for (size_t i = 0; i < report_.rows.size(); ++i) {
      const ReportRow& row = report_.rows[i];
      if (row.excess <= 1 || !row.single->differs()) continue;
      if (report_.culprit < 0 || larger(row, report_.rows[static_cast<size_t>(report_.culprit)]))
        report_.culprit = static_cast<int>(i);
    }
  }

  void giveTensors() {
    const auto from = [](const std::shared_ptr<Tensors>& tensors) {
      return [tensors](const std::string& name) -> Result<HostTensor> {
        const auto found = tensors->find(name);
        if (found == tensors->end()) return fail(ErrorCode::NotFound, "there is no tensor ", name);
        return found->second;
      };
    };
    report_.tensorA = from(plain_);
    report_.tensorOwn = from(own_);
    report_.tensorB = [&reference = reference_](const std::string& name) {
      return reference.tensor(name);
    };
  }

  Session& session_;
  const Trace& reference_;
  Report report_;
  std::shared_ptr<Tensors> plain_ = std::make_shared<Tensors>(), own_ = std::make_shared<Tensors>();
  std::vector<Names> steps_;
  std::set<std::string> mine_;                           // tensors of this model
  std::map<std::string, const OperatorRecord*> makers_;  // of the reference's tensors
  std::vector<size_t> contradicted_;                     // steps
  std::map<std::string, Origin> origins_;
  std::map<std::string, TensorComparison> totals_;
};

}  // namespace

Result<Report> replay(const Runtime& runtime, const Interpreter& model, Session& session,
                      const Trace& reference, const Tolerance& tolerance) {
  return Replay(session, describe(runtime, model, session), reference, tolerance).run();
}

}  // namespace minnow::analysis
