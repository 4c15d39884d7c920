// Where a session's time goes.
#include "profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "clock.h"
#include "exit.h"

namespace minnow::tool {
namespace {

struct Share {
  double ms = 0;
  double multiplyAdds = 0;
  int steps = 0;
};

constexpr size_t kSlowestShown = 12;

/// By step, of all its strips in the quickest run.
std::vector<double> stepTimes(Session& session, const InputSpecs& specs, int runs) {
  std::vector<double> best(session.operators().size(), 1e30), times(best.size());
  Frame frame = need(session.begin());
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
  for (int run = 0; run < runs; ++run) {
    specs.fill(frame, session.inputs());
    std::ranges::fill(times, 0.0);
    need(frame.runWithCallback(before, after));
    for (size_t i = 0; i < best.size(); ++i) best[i] = std::min(best[i], times[i]);
  }
  return best;
}

double gflops(double multiplyAdds, double ms) { return ms > 0 ? 2 * multiplyAdds / (ms * 1e6) : 0; }

}  // namespace

std::string profile(Session& session, const InputSpecs& specs, int runs) {
  const std::vector<double> times = stepTimes(session, specs, runs);
  const auto operators = session.operators();
  std::map<std::string, Share> shares;
  std::vector<size_t> order;
  double total = 0;
  for (size_t i = 0; i < operators.size(); ++i) {
    if (operators[i].kernel == "view") continue;
    Share& share = shares[operators[i].type + " / " + operators[i].kernel];
    share.ms += times[i];
    share.multiplyAdds += static_cast<double>(operators[i].multiplyAdds);
    ++share.steps;
    total += times[i];
    order.push_back(i);
  }
  std::vector<std::pair<std::string, Share>> rows(shares.begin(), shares.end());
  std::ranges::sort(rows, [](const auto& a, const auto& b) { return a.second.ms > b.second.ms; });
  std::string out = fmt::format("{:>9} {:>6} {:>6} {:>8}  operator / kernel\n", "ms", "share",
                                "steps", "GFLOP/s");
  for (const auto& [name, share] : rows)
    out += fmt::format("{:9.3f} {:5.1f}% {:6} {:8.1f}  {}\n", share.ms, 100 * share.ms / total,
                       share.steps, gflops(share.multiplyAdds, share.ms), name);
  std::ranges::sort(order, [&](size_t a, size_t b) { return times[a] > times[b]; });
  out += "slowest operators\n";
  for (size_t i = 0; i < std::min(order.size(), kSlowestShown); ++i) {
    const OperatorInfo& info = operators[order[i]];
    out += fmt::format("{:9.3f} {:5.1f}% {:6} {:8.1f}  {} ({} / {})\n", times[order[i]],
                       100 * times[order[i]] / total, "",
                       gflops(static_cast<double>(info.multiplyAdds), times[order[i]]), info.name,
                       info.type, info.kernel);
  }
  return out;
}

}  // namespace minnow::tool
