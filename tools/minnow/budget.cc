// Sums of the k largest plans, and the search for the fewest models to drop.
#include "budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "words.h"

namespace minnow::tool {
namespace {

size_t sumOfLargest(std::vector<size_t> plans, size_t count) {
  std::ranges::sort(plans, std::greater());
  plans.resize(std::min(plans.size(), count));
  return std::accumulate(plans.begin(), plans.end(), size_t{0});
}

/// The total of those models that `keeps(index)`.
template <class Keeps>
size_t totalOf(std::span<const ModelNeeds> models, size_t concurrency, const Keeps& keeps) {
  size_t total = 0;
  std::map<std::string_view, std::vector<size_t>> plans;  // by device; "" for arenas
  for (size_t i = 0; i < models.size(); ++i) {
    if (!keeps(i)) continue;
    total += models[i].statics;
    plans[""].push_back(models[i].plan);
    for (const auto& [device, bytes] : models[i].blocks) plans[device].push_back(bytes);
  }
  for (auto& [device, all] : plans) total += sumOfLargest(std::move(all), concurrency);
  return total;
}

/// The models that stay, as many as possible and of those sets the one that uses most of the
/// budget: every subset is tried.
uint64_t largestSetThatFits(std::span<const ModelNeeds> models, size_t concurrency, size_t budget) {
  uint64_t best = 0;
  size_t bestTotal = 0;
  for (uint64_t kept = 1; kept < uint64_t{1} << models.size(); ++kept) {
    if (std::popcount(kept) < std::popcount(best)) continue;
    const size_t total =
        totalOf(models, concurrency, [&](size_t i) { return (kept >> i & 1) != 0; });
    if (total > budget) continue;
    if (std::popcount(kept) == std::popcount(best) && total <= bestTotal) continue;
    best = kept;
    bestTotal = total;
  }
  return best;
}

/// For more models than can be tried: drops, one by one, the model whose going saves most.
std::vector<size_t> dropGreedily(std::vector<ModelNeeds> left, size_t concurrency, size_t budget) {
  std::vector<size_t> names(left.size()), dropped;
  std::iota(names.begin(), names.end(), size_t{0});
  while (!left.empty() && totalBytes(left, concurrency) > budget) {
    size_t best = 0, bestTotal = SIZE_MAX;
    for (size_t i = 0; i < left.size(); ++i) {
      auto without = left;
      without.erase(without.begin() + static_cast<ptrdiff_t>(i));
      const size_t total = totalBytes(without, concurrency);
      if (total >= bestTotal) continue;
      best = i;
      bestTotal = total;
    }
    dropped.push_back(names[best]);
    left.erase(left.begin() + static_cast<ptrdiff_t>(best));
    names.erase(names.begin() + static_cast<ptrdiff_t>(best));
  }
  return dropped;
}

std::vector<size_t> modelsToDrop(std::span<const ModelNeeds> models, size_t concurrency,
                                 size_t budget) {
  constexpr size_t kMostTried = 16;  // 65,536 subsets
  if (models.size() > kMostTried)
    return dropGreedily({models.begin(), models.end()}, concurrency, budget);
  const uint64_t kept = largestSetThatFits(models, concurrency, budget);
  std::vector<size_t> drop;
  for (size_t i = 0; i < models.size(); ++i)
    if ((kept >> i & 1) == 0) drop.push_back(i);
  return drop;
}

/// The largest plan of `model` with which all fits.
std::optional<size_t> planThatFits(std::span<const ModelNeeds> models, const Verdict& verdict,
                                   size_t model) {
  std::vector<ModelNeeds> changed(models.begin(), models.end());
  changed[model].plan = 0;
  if (totalBytes(changed, verdict.concurrency) > verdict.budget) return std::nullopt;
  return verdict.budget - totalBytes(changed, verdict.concurrency - 1);
}

std::string listed(std::span<const ModelNeeds> models, const std::vector<size_t>& indices) {
  std::string out;
  for (const size_t i : indices) out += (out.empty() ? "" : ", ") + models[i].name;
  return out;
}

/// "12.3" or, where the number is whole, "12"; small ones with two digits.
std::string trimmed(double value) {
  if (value > 0 && value < 0.1) return fmt::format("{:.2g}", value);
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

/// Total, budget and excess in the unit that suits the budget; exact bytes where tenths would hide
/// the excess.
std::string amounts(const Verdict& verdict) {
  double unit = 1;
  const char* name = "bytes";
  if (verdict.budget >= 1000000) {
    unit = 1e6;
    name = "MB";
  } else if (verdict.budget >= 1000) {
    unit = 1e3;
    name = "kB";
  }
  const double excess = static_cast<double>(verdict.excess()) / unit;
  const double total = static_cast<double>(verdict.total) / unit;
  const double budget = static_cast<double>(verdict.budget) / unit;
  if (verdict.fits()) return fmt::format("{} of {} {}", trimmed(total), trimmed(budget), name);
  if (excess >= 0.1)
    return fmt::format("{} of {} {}, {} too many", trimmed(total), trimmed(budget), name,
                       trimmed(excess));
  return fmt::format("{} of {} bytes, {} too many", verdict.total, verdict.budget,
                     verdict.excess());
}

}  // namespace

ModelNeeds budgetNeedsOf(const std::string& name, const MemoryReport& memory,
                         std::span<const DeviceMemoryReport> devices) {
  ModelNeeds needs{name, memory.modelBytes + memory.staticBytes + memory.metadataBytes,
                   memory.dynamicBytes};
  addDevices(needs, devices);
  return needs;
}

void addDevices(ModelNeeds& needs, std::span<const DeviceMemoryReport> devices) {
  for (const DeviceMemoryReport& device : devices) {
    needs.statics += device.weightBytes;
    needs.blocks[device.backend] += device.blockBytes;
  }
}

size_t totalBytes(std::span<const ModelNeeds> models, size_t concurrency) {
  return totalOf(models, concurrency, [](size_t) { return true; });
}

size_t shareBytes(std::span<const ModelNeeds> models, size_t concurrency, size_t model) {
  const auto planOf = [](size_t sum, const ModelNeeds& one) {
    sum += one.plan;
    for (const auto& [device, bytes] : one.blocks) sum += bytes;
    return sum;
  };
  const size_t all = std::accumulate(models.begin(), models.end(), size_t{0}, planOf);
  if (all == 0) return models[model].statics;
  const double part = static_cast<double>(planOf(0, models[model])) / static_cast<double>(all);
  const auto arenas = static_cast<double>(totalBytes(models, concurrency) - totalBytes(models, 0));
  return models[model].statics + static_cast<size_t>(std::llround(part * arenas));
}

Verdict judge(std::span<const ModelNeeds> models, size_t concurrency, size_t budget) {
  Verdict verdict{
      .total = totalBytes(models, concurrency), .budget = budget, .concurrency = concurrency};
  if (verdict.fits()) return verdict;
  verdict.drop = modelsToDrop(models, concurrency, budget);
  if (verdict.drop.size() == models.size()) verdict.drop.clear();
  std::vector<ModelNeeds> rest;
  for (size_t i = 0; i < models.size(); ++i)
    if (std::ranges::find(verdict.drop, i) == verdict.drop.end()) rest.push_back(models[i]);
  verdict.afterDrop = totalBytes(rest, concurrency);
  verdict.largestPlan =
      static_cast<size_t>(std::ranges::max_element(models, {}, &ModelNeeds::plan) - models.begin());
  verdict.planThatFits = planThatFits(models, verdict, verdict.largestPlan);
  for (size_t k = std::min(concurrency, models.size()); k-- > 1 && !verdict.concurrencyThatFits;)
    if (totalBytes(models, k) <= budget) verdict.concurrencyThatFits = k;
  return verdict;
}

std::string verdictInWords(std::span<const ModelNeeds> models, const Verdict& verdict) {
  const std::string figures = amounts(verdict);
  if (verdict.fits()) return "fits: " + figures + "\n";
  std::string out = "does not fit: " + figures + "\n";
  if (models.size() > 1) {
    out += verdict.drop.empty()
               ? "  drop: not one of the models fits alone\n"
               : fmt::format("  drop: {} ({} without {})\n", listed(models, verdict.drop),
                             bytesInWords(verdict.afterDrop),
                             verdict.drop.size() == 1 ? "it" : "them");
  }
  if (verdict.concurrencyThatFits)
    out +=
        fmt::format("  or run fewer at once: concurrency {} fits\n", *verdict.concurrencyThatFits);
  const ModelNeeds& largest = models[verdict.largestPlan];
  out += fmt::format("  largest plan: {}, {}; ", largest.name, bytesInWords(largest.plan));
  out += verdict.planThatFits ? fmt::format("with at most {} (a smaller input) all would fit\n",
                                            bytesInWords(*verdict.planThatFits))
                              : "no smaller plan of it would make all fit\n";
  return out;
}

nlohmann::json toJson(const Verdict& verdict, std::span<const ModelNeeds> models) {
  nlohmann::json json = {{"budget_bytes", verdict.budget},     {"total_bytes", verdict.total},
                         {"excess_bytes", verdict.excess()},   {"fits", verdict.fits()},
                         {"concurrency", verdict.concurrency}, {"drop", nlohmann::json::array()}};
  if (verdict.fits()) return json;
  for (const size_t i : verdict.drop) json["drop"].push_back(models[i].name);
  json["total_bytes_after_drop"] =
      verdict.drop.empty() ? nlohmann::json() : nlohmann::json(verdict.afterDrop);
  json["largest_plan"] = models[verdict.largestPlan].name;
  json["largest_plan_bytes"] = models[verdict.largestPlan].plan;
  json["plan_that_fits_bytes"] =
      verdict.planThatFits ? nlohmann::json(*verdict.planThatFits) : nlohmann::json();
  json["concurrency_that_fits"] =
      verdict.concurrencyThatFits ? nlohmann::json(*verdict.concurrencyThatFits) : nlohmann::json();
  return json;
}

}  // namespace minnow::tool
