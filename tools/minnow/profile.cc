// Where a session's time goes.
#include "profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

#include "backends.h"
#include "clock.h"
#include "exit.h"

namespace minnow::tool {
namespace {

struct Share {
  double ms = 0;
  double multiplyAdds = 0;
  double bytes = 0;
  int steps = 0;

  void operator+=(const Share& other) {
    ms += other.ms, multiplyAdds += other.multiplyAdds;
    bytes += other.bytes, steps += other.steps;
  }
};

constexpr size_t kSlowestShown = 12;

bool hasDevices(Session& session) { return !session.deviceMemory().empty(); }

/// One run between callbacks, which see one step at a time: adds what each took.
void runWithCallbacks(Frame& frame, std::vector<double>& times) {
  double start = 0;
  const Clock clock;
  const OpCallback before = [&](const OperatorInfo&, std::span<const TensorView>) {
    start = clock.ms();
    return CallbackVerdict::Continue;
  };
  const OpCallback after = [&](const OperatorInfo& info, std::span<const TensorView>) {
    times[info.index] += clock.ms() - start;
    return CallbackVerdict::Continue;
  };
  need(frame.runWithCallback(before, after));
}

/// The same of a session with devices, from which callbacks would copy all tensors, within the time.
void runObserved(Frame& frame, std::vector<double>& times) {
  std::mutex mutex;  // lanes are told of on their own threads
  need(frame.runObserved([&](const RunEvent& event) {
    if (event.kind != RunEvent::Kind::Step) return;
    const std::lock_guard lock(mutex);
    times[event.step] += std::chrono::duration<double, std::milli>(event.end - event.begin).count();
  }));
}

/// By step, of all its strips in the quickest run.
std::vector<double> stepTimes(Session& session, const InputSpecs& specs, int runs) {
  std::vector<double> best(session.operators().size(), 1e30), times(best.size());
  Frame frame = need(session.begin());
  const auto run = hasDevices(session) ? runObserved : runWithCallbacks;
  for (int i = 0; i < runs; ++i) {
    specs.fill(frame, session.inputs());
    std::ranges::fill(times, 0.0);
    run(frame, times);
    for (size_t s = 0; s < best.size(); ++s) best[s] = std::min(best[s], times[s]);
  }
  return best;
}

/// Of what a step reads and writes, if all of it were moved once.
double bytesMoved(const Operands& operands) {
  double bytes = 0;
  for (const auto* tensors : {&operands.inputs, &operands.outputs})
    for (const OperandInfo& tensor : *tensors) {
      if (tensor.type == DataType::Undefined) continue;
      const TensorDesc dense{tensor.type, tensor.shape, plainStrides(tensor.shape)};
      bytes += static_cast<double>(dense.bytes());
    }
  return bytes;
}

Share shareOf(const StepCost& step) {
  return {step.ms, static_cast<double>(step.info.multiplyAdds), step.bytes, 1};
}

/// One row; what nothing is multiplied in has no rate.
std::string row(const Share& share, double totalMs, double peakGflops, bool single) {
  const double gflops = share.ms > 0 ? 2 * share.multiplyAdds / (share.ms * 1e6) : 0;
  return fmt::format(
      "{:9.3f} {:5.1f}% {:>6} {:>8} {:>6} {:9.3f}  ", share.ms,
      totalMs > 0 ? 100 * share.ms / totalMs : 0, single ? "" : fmt::format("{}", share.steps),
      gflops > 0 ? fmt::format("{:.1f}", gflops) : "",
      gflops > 0 && peakGflops > 0 ? fmt::format("{:.1f}%", 100 * gflops / peakGflops) : "",
      share.bytes * 1e-6);
}

}  // namespace

std::vector<StepCost> stepCosts(Session& session, const InputSpecs& specs, int runs) {
  const std::vector<double> times = stepTimes(session, specs, runs);
  std::vector<StepCost> steps;
  for (OperatorInfo& info : session.operators()) {
    const size_t i = info.index;
    steps.push_back({std::move(info), times[i], bytesMoved(session.operands(i))});
  }
  return steps;
}

std::string profileTable(std::span<const StepCost> steps, double peakGflops) {
  std::map<std::string, Share> kinds;
  std::vector<const StepCost*> order;
  Share all;
  for (const StepCost& step : steps) {
    if (step.info.kernel == "view") continue;
    kinds[step.info.type + " / " + step.info.kernel] += shareOf(step);
    all += shareOf(step);
    order.push_back(&step);
  }
  std::vector<std::pair<std::string, Share>> rows(kinds.begin(), kinds.end());
  std::ranges::sort(rows, [](const auto& a, const auto& b) { return a.second.ms > b.second.ms; });
  std::string out = fmt::format("{:>9} {:>6} {:>6} {:>8} {:>6} {:>9}  operator / kernel\n", "ms",
                                "share", "steps", "GFLOP/s", "peak", "MB");
  for (const auto& [name, share] : rows) out += row(share, all.ms, peakGflops, false) + name + "\n";
  out += row(all, all.ms, peakGflops, false) + "all\n";
  if (peakGflops > 0) out += fmt::format("peak {:.1f} GFLOP/s; ", peakGflops);
  out += "MB of inputs, weights and outputs, moved once\nslowest operators\n";
  std::ranges::sort(order, [](const StepCost* a, const StepCost* b) { return a->ms > b->ms; });
  for (size_t i = 0; i < std::min(order.size(), kSlowestShown); ++i) {
    const OperatorInfo& info = order[i]->info;
    out += row(shareOf(*order[i]), all.ms, peakGflops, true) +
           fmt::format("{} ({} / {})\n", info.name, info.type, info.kernel);
  }
  if (std::ranges::any_of(steps, [](const StepCost& step) { return isOnDevice(step.info); }))
    out += fmt::format(
        "Steps of a device were started and waited for one by one, {:.3f} ms in all; a run, whose\n"
        "least time stands above, starts them without waiting.\n",
        all.ms);
  return out;
}

}  // namespace minnow::tool
