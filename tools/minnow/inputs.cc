// Filling of inputs. Everything is made row-major and then copied to wherever the session wants it;
// a picture is written in place.
#include "inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "analysis/npy.h"
#include "arguments.h"
#include "exit.h"
#include "minnow/quantised_picture.h"
#include "random.h"

namespace minnow::tool {
namespace {

constexpr std::string_view kConst = "const:", kRandom = "random:";

bool endsInNpy(const std::string& spec) { return spec.ends_with(".npy"); }
bool isPicture(const std::string& spec) {
  return !endsInNpy(spec) && !spec.starts_with(kConst) && !spec.starts_with(kRandom);
}

std::array<float, 3> threeNumbers(const std::string& text, const char* option) {
  const auto numbers = parseNumbers(text, option);
  if (numbers.size() != 1 && numbers.size() != 3) {
    throw Failure(Exit::Usage, fmt::format("{}: one number or three, not '{}'", option, text));
  }
  const auto at = [&](size_t i) {
    return static_cast<float>(numbers[numbers.size() == 1 ? 0 : i]);
  };
  return {at(0), at(1), at(2)};
}

uint64_t parseSeed(std::string_view text) {
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Failure(
        Exit::Usage,
        fmt::format("--input: random:SEED wants a whole number, 0 or more, not '{}'", text));
  }
  return seed;
}

void copyChecked(const HostTensor& from, const TensorInfo& info, const TensorView& to,
                 const std::string& source) {
  if (from.type.type != to.type || !(from.type.shape == to.shape)) {
    std::string advice = "write it in that shape";
    if (from.type.type != to.type)
      advice = fmt::format("write it with numpy.save(…, x.astype('{}'))", dataTypeName(to.type));
    else if (from.type.shape.rank() == to.shape.rank())
      advice += fmt::format(", or give the input this one with --shape {}={}", info.name,
                            fmt::join(from.type.shape.dims(), ","));
    throw Failure(Exit::Error,
                  fmt::format("{} is {} {}, but input {} wants {} {}: {}", source,
                              dataTypeName(from.type.type), from.type.shape.toString(), info.name,
                              dataTypeName(to.type), to.shape.toString(), advice));
  }
  if (!from.bytes.empty()) copyTensor(from.view(), to);
}

}  // namespace

vision::PreProcess PictureOptions::preProcess() const {
  vision::PreProcess pre;
  pre.mean = threeNumbers(mean, "--mean");
  pre.scale = threeNumbers(scale, "--scale");
  pre.pad = threeNumbers(pad, "--pad");
  pre.fit = fit == "letterbox" ? vision::Fit::Letterbox : vision::Fit::Stretch;
  pre.colour = colour == "bgr"    ? vision::ColourOrder::Bgr
               : colour == "gray" ? vision::ColourOrder::Gray
                                  : vision::ColourOrder::Rgb;
  if (!alpha.empty()) {
    const auto values = parseNumbers(alpha, "--alpha");
    if (values.size() != 1) throw Failure(Exit::Usage, "--alpha: one number");
    pre.alpha = static_cast<float>(values[0]);
  }
  return pre;
}

InputSpecs::InputSpecs(const std::vector<std::string>& arguments, const PictureOptions& picture)
    : specs_(byName(arguments, "--input")), picture_(picture.preProcess()) {
  for (const auto& [name, spec] : specs_)
    if (spec.empty()) throw Failure(Exit::Usage, fmt::format("--input: '{}=' has no SPEC", name));
  const bool hasPicture =
      std::ranges::any_of(specs_, [](const auto& entry) { return isPicture(entry.second); });
  if (picture != PictureOptions{} && !specs_.empty() && !hasPicture)
    throw Failure(
        Exit::Usage,
        "--mean, --scale, --color, --resize, --alpha and --pad are for pictures, and no input is "
        "one: numbers are fed as they are");
}

std::map<std::string, Shape> InputSpecs::shapesOfFiles() const {
  std::map<std::string, Shape> shapes;
  for (const auto& [name, spec] : specs_)
    if (name != "all" && endsInNpy(spec)) shapes[name] = need(analysis::readNpy(spec)).type.shape;
  return shapes;
}

void InputSpecs::fill(const Frame& frame, std::span<const TensorInfo> inputs) const {
  const auto known = [&](const std::string& name) {
    for (const TensorInfo& info : inputs)
      if (info.name == name) return true;
    return name == "all";
  };
  std::vector<std::string> names;
  for (const TensorInfo& info : inputs) names.push_back(info.name);
  for (const auto& [name, spec] : specs_)
    if (!known(name)) throw noSuchInput("--input", name, names);
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto spec = specs_.find(inputs[i].name);
    if (spec == specs_.end()) spec = specs_.find("all");
    if (spec == specs_.end()) {
      throw Failure(Exit::Error, fmt::format("input {} ({} {}) has no value: --input {}=SPEC",
                                             inputs[i].name, dataTypeName(inputs[i].type),
                                             inputs[i].shape.toString(), inputs[i].name));
    }
    fillOne(inputs[i], spec->second, frame.input(i));
  }
}

void InputSpecs::fillOne(const TensorInfo& info, const std::string& spec,
                         const TensorView& to) const {
  HostTensor tensor = HostTensor::ofType({to.type, to.shape});
  if (spec.starts_with(kConst)) {
    const auto numbers =
        parseNumbers(spec.substr(kConst.size()), fmt::format("--input {}", info.name).c_str());
    if (numbers.size() != 1)
      throw Failure(Exit::Usage,
                    fmt::format("--input {}: const: wants one number, not '{}'", info.name, spec));
    fillConstant(tensor, numbers[0]);
  } else if (spec.starts_with(kRandom)) {
    fillRandom(tensor, parseSeed(std::string_view(spec).substr(kRandom.size())));
  } else if (endsInNpy(spec)) {
    return copyChecked(need(analysis::readNpy(spec)), info, to, spec);
  } else {
    const auto picture = vision::readImage(spec);
    if (!picture)
      throw Failure(Exit::Error, fmt::format("input {}: {} (a SPEC is const:NUMBER, random:SEED, a "
                                             ".npy file, or a jpg, png or bmp picture)",
                                             info.name, picture.error().message));
    return writePicture(spec, *picture, info, to);
  }
  if (!tensor.bytes.empty()) copyTensor(tensor.view(), to);
}

void InputSpecs::writePicture(const std::string& spec, const vision::Image& picture,
                              const TensorInfo& info, const TensorView& to) const {
  const auto refused = [&](const Error& error) {
    return Failure(Exit::Error,
                   fmt::format("{} into input {}: {}", spec, info.name, error.message));
  };
  const auto pre = vision::preProcessFor(info.type, info.quantisation, picture_);
  if (!pre) throw refused(pre.error());
  const auto placed = vision::writeImage(picture.view(), *pre, to);
  if (!placed) throw refused(placed.error());
}

void fillConstant(HostTensor& tensor, double value) {
  const int64_t n = tensor.type.shape.elements();
  for (int64_t i = 0; i < n; ++i) setElement(tensor, i, value);
}

void fillRandom(HostTensor& tensor, uint64_t seed) {
  SplitMix64 random(seed);
  const DataType type = tensor.type.type;
  const bool real =
      type == DataType::Float32 || type == DataType::Float64 || type == DataType::Float16;
  const int64_t n = tensor.type.shape.elements();
  for (int64_t i = 0; i < n; ++i) {
    const double draw = random.uniform();
    if (real) {
      setElement(tensor, i, draw);
    } else {
      setElement(tensor, i, type == DataType::Bool ? draw < 0.5 : std::floor(100 * draw));
    }
  }
}

}  // namespace minnow::tool
