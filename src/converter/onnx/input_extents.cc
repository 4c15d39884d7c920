// Gathering what is said of names, and grouping axes by them.
#include "converter/onnx/input_extents.h"

#include "base/fail.h"
#include "converter/onnx/import_state.h"

namespace minnow::converter {
namespace {

std::string inWords(const AskedExtent& extent) {
  return extent.isRange() ? text(extent.least, "..", extent.most) : text(extent.converted);
}

/// A number beside a range may be its most.
bool agree(const AskedExtent& a, const AskedExtent& b) {
  const bool ranges = a.isRange() && b.isRange();
  return a.converted == b.converted && (!ranges || a.least == b.least);
}

}  // namespace

void InputExtents::say(const AskedExtent& extent, bool declared) {
  const auto [at, isNew] = said_.try_emplace(extent.name, Said{extent, declared});
  if (isNew) return;
  Said& known = at->second;
  if (!agree(known.extent, extent)) {
    if (declared && known.declared) return;
    throw ModelError(ErrorCode::InvalidArgument,
                     text("'", extent.name, "' is ", inWords(known.extent), " in one place and ",
                          inWords(extent),
                          " in another; axes of one name have one extent: give them two names"));
  }
  if (extent.isRange()) known = {extent, declared};
}

const AskedExtent* InputExtents::of(const std::string& name) const {
  const auto found = said_.find(name);
  return found == said_.end() ? nullptr : &found->second.extent;
}

/// Declared names whose axes are given different numbers.
std::set<std::string> InputExtents::splitNames() const {
  std::set<std::string> split;
  for (const Axis& axis : axes_) {
    const AskedExtent* said = of(axis.extent.name);
    if (said && !agree(*said, axis.extent)) split.insert(axis.extent.name);
  }
  return split;
}

std::vector<ir::Extent> InputExtents::take(std::vector<std::string>& warnings) const {
  const std::set<std::string> split = splitNames();
  std::vector<ir::Extent> extents;
  std::map<std::string, size_t> byName;
  for (const auto& [at, asked] : axes_) {
    const std::string name = split.contains(asked.name) ? "" : asked.name;
    if (name.empty() && !asked.isRange()) continue;
    const auto [known, isNew] = byName.try_emplace(name, extents.size());
    if (isNew || name.empty()) extents.push_back({name, asked.least, asked.most, {}});
    (name.empty() ? extents.back() : extents[known->second]).axes.push_back(at);
  }
  for (const std::string& name : split)
    warnings.push_back(text("the model has one name, '", name,
                            "', for axes that --shape gives different numbers; they are taken for "
                            "independent axes"));
  return extents;
}

}  // namespace minnow::converter
