// Comparing traces: what may be compared at all, then every tensor once.
#include "analysis/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/fail.h"

namespace minnow::analysis {
namespace {

using State = TensorComparison::State;

/// True if types and shapes agree; else the comparison says how they differ.
bool sameType(const TensorType& a, const TensorType& b, TensorComparison& result) {
  result.type = a;
  if (a == b) return true;
  result.state = State::Unlike;
  result.note = text(a.type, " ", a.shape, " against ", b.type, " ", b.shape);
  return false;
}

/// True unless equal integers stand for different numbers.
bool sameMeaning(const Meaning& a, const Meaning& b, TensorComparison& result) {
  if (!a || !b || a == b) return true;
  result.state = State::Unlike;
  result.note = fmt::format("integers of scale {:.9g} and zero point {} against {:.9g} and {}",
                            a.scale, a.zeroPoint, b.scale, b.zeroPoint);
  return false;
}

bool near(double a, double b, const Tolerance& tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  return std::fabs(a - b) <= tolerance.absolute + tolerance.relative * std::fabs(b);
}

TensorComparison compareRecords(const std::string& tensor, const TensorRecord& a,
                                const TensorRecord& b, const Tolerance& tolerance) {
  TensorComparison result{.tensor = tensor};
  if (!sameType(a.type, b.type, result) || !sameMeaning(a.meaning, b.meaning, result))
    return result;
  if (a.hash.empty() || b.hash.empty()) {
    result.note = "neither elements nor a hash";
    return result;
  }
  if (a.hash == b.hash) {
    result.state = State::Equal;
    return result;
  }
  const bool within = !tolerance.exact() && near(a.min, b.min, tolerance) &&
                      near(a.max, b.max, tolerance) && near(a.mean, b.mean, tolerance) &&
                      near(a.deviation, b.deviation, tolerance) && a.nans == b.nans &&
                      a.infinities == b.infinities;
  result.state = within ? State::Within : State::Differs;
  result.note = fmt::format(
      "summaries: minimum {:.6g} against {:.6g}, maximum {:.6g} against {:.6g}, mean {:.6g} "
      "against "
      "{:.6g}, NaN {} against {}",
      a.min, b.min, a.max, b.max, a.mean, b.mean, a.nans, b.nans);
  return result;
}

class TraceComparison {
 public:
  TraceComparison(const Trace& a, const Trace& b, const Tolerance& tolerance) : a_(a), b_(b) {
    report_.nameA = a.name();
    report_.nameB = b.name();
    report_.a = summaryOf(a.info());
    report_.b = summaryOf(b.info());
    report_.tolerance = tolerance;
    report_.outputs = listed(&TraceInfo::outputs);
    report_.tensorA = [&a](const std::string& tensor) { return a.tensor(tensor); };
    report_.tensorB = [&b](const std::string& tensor) { return b.tensor(tensor); };
  }

  Result<Report> run() {
    if (auto ok = checkSameModel(a_.info(), b_.info(), a_.name() + " and " + b_.name()); !ok)
      return passOn(ok);
    if (auto ok = compareInputs(); !ok) return passOn(ok);
    if (auto ok = compareRows(); !ok) return passOn(ok);
    if (std::ranges::none_of(known_, [](const auto& entry) { return entry.second.compared(); }))
      return nothingInCommon();
    for (size_t i = report_.rows.size(); i-- > 0;)
      if (report_.rows[i].entire.differs()) report_.culprit = static_cast<int>(i);
    return std::move(report_);
  }

 private:
  static TraceInfo summaryOf(const TraceInfo& info) {
    TraceInfo summary = info;
    summary.operators.clear();
    summary.tensors.clear();
    return summary;
  }

  /// A list of A's, or where A has none of B's.
  template <class List>
  const List& listed(List TraceInfo::* list) const {
    return (a_.info().*list).empty() ? b_.info().*list : a_.info().*list;
  }

  Result<void> compareInputs() {
    for (const std::string& name : listed(&TraceInfo::inputs)) {
      const auto compared = of(name);
      if (!compared) return passOn(compared);
      const TensorComparison& input = **compared;
      if (input.state == State::Unlike)
        return fail(ErrorCode::ShapeMismatch, a_.name(), " and ", b_.name(),
                    " have inputs of different types or shapes, ", name, ": ", input.note,
                    "; trace both sides with the same --shape and --input");
      report_.inputs.push_back(input);
    }
    return {};
  }

  Result<void> compareRows() {
    const auto& operators = listed(&TraceInfo::operators);
    for (size_t step = 0; step < operators.size(); ++step)
      if (auto ok = compareOperator(operators[step], step); !ok) return ok;
    if (!operators.empty()) return {};
    for (const std::string& name : tensorsOf(b_)) {
      if (known_.contains(name)) continue;  // a model input
      const auto compared = of(name);
      if (!compared) return passOn(compared);
      report_.rows.push_back({.step = report_.rows.size(), .entire = **compared});
    }
    return {};
  }

  static std::vector<std::string> tensorsOf(const Trace& trace) {
    std::vector<std::string> names = trace.tensors();
    if (names.empty())
      for (const auto& [name, record] : trace.info().tensors) names.push_back(name);
    return names;
  }

  Result<void> compareOperator(const OperatorRecord& op, size_t step) {
    std::vector<TensorComparison> inputs;
    for (const std::string& name : op.inputs) {
      const auto compared = of(name);
      if (!compared) return passOn(compared);
      inputs.push_back(**compared);
    }
    for (const std::string& name : op.outputs) {
      const auto compared = of(name);
      if (!compared) return passOn(compared);
      report_.rows.push_back({.step = step,
                              .name = op.name,
                              .type = op.type,
                              .kernel = kernelInWords(op.backend, op.kernel),
                              .entire = **compared,
                              .inputs = inputs});
    }
    return {};
  }

  /// Compared when first asked for.
  Result<const TensorComparison*> of(const std::string& name) {
    const auto known = known_.find(name);
    if (known != known_.end()) return &known->second;
    auto compared = compareTensor(name);
    if (!compared) return passOn(compared);
    return &known_.emplace(name, std::move(*compared)).first->second;
  }

  Result<TensorComparison> compareTensor(const std::string& name) const {
    if (a_.has(name) && b_.has(name)) {
      const auto a = a_.tensor(name), b = b_.tensor(name);
      if (!a) return passOn(a);
      if (!b) return passOn(b);
      return compare(name, &*a, &*b, report_.tolerance);
    }
    const auto a = recordIn(a_, name), b = recordIn(b_, name);
    if (!a) return passOn(a);
    if (!b) return passOn(b);
    if (*a && *b) return compareRecords(name, **a, **b, report_.tolerance);
    TensorComparison result{.tensor = name};
    if (*a || *b) {
      result.state = *a ? State::OnlyInA : State::OnlyInB;
      result.type = (*a ? **a : **b).type;
    }
    return result;
  }

  /// The record of a tensor that the trace knows.
  static Result<std::optional<TensorRecord>> recordIn(const Trace& trace, const std::string& name) {
    if (!trace.has(name)) {
      const auto kept = trace.info().tensors.find(name);
      return kept == trace.info().tensors.end() ? std::nullopt : std::optional(kept->second);
    }
    const auto tensor = trace.tensor(name);
    if (!tensor) return passOn(tensor);
    return recordOf(*tensor);
  }

  std::unexpected<Error> nothingInCommon() const {
    const auto some = [](const Trace& trace) {
      const std::vector<std::string> names = tensorsOf(trace);
      std::string list;
      for (size_t i = 0; i < names.size() && i < 3; ++i) list += (i > 0 ? ", " : "") + names[i];
      return list + (names.size() > 3 ? ", …" : names.empty() ? "nothing" : "");
    };
    return fail(ErrorCode::InvalidArgument, a_.name(), " and ", b_.name(),
                " have no tensor of the same name: ", some(a_), " in one, ", some(b_),
                " in the other; trace the same model on both sides");
  }

  const Trace &a_, &b_;
  Report report_;
  std::map<std::string, TensorComparison> known_;
};

}  // namespace

Result<Report> compare(const Trace& a, const Trace& b, const Tolerance& tolerance) {
  return TraceComparison(a, b, tolerance).run();
}

Result<void> checkSameModel(const TraceInfo& a, const TraceInfo& b, const std::string& names) {
  if (a.engine != "minnow" || b.engine != "minnow" || a.checksum.empty() || b.checksum.empty() ||
      a.checksum == b.checksum)
    return {};
  return fail(ErrorCode::InvalidArgument, names, " are of different models (", a.model,
              ", checksum ", a.checksum, ", and ", b.model, ", checksum ", b.checksum,
              "); use one .minnow file on both sides");
}

TensorComparison compare(const std::string& tensor, const HostTensor* a, const HostTensor* b,
                         const Tolerance& tolerance) {
  TensorComparison result{.tensor = tensor};
  if (a != nullptr && b != nullptr) {
    if (!sameType(a->type, b->type, result) || !sameMeaning(a->meaning, b->meaning, result))
      return result;
    result.figures = figuresOf(*a, *b, tolerance);
    result.state = result.figures->equal()    ? State::Equal
                   : result.figures->within() ? State::Within
                                              : State::Differs;
  } else if (a != nullptr || b != nullptr) {
    result.state = a != nullptr ? State::OnlyInA : State::OnlyInB;
    result.type = (a != nullptr ? a : b)->type;
  }
  return result;
}

}  // namespace minnow::analysis
