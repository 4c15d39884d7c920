// Making the sessions of a model and running the one that suits a picture.
#include "network.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "minnow/quantised_picture.h"

namespace road {

using minnow::Error;
using minnow::ErrorCode;
using minnow::Result;

namespace {

std::unexpected<Error> mismatch(const std::string& message) {
  return std::unexpected(Error{ErrorCode::ShapeMismatch, message});
}

}  // namespace

Result<std::pair<int, int>> pictureExtent(const std::string& name, const minnow::Shape& s,
                                          const minnow::vision::PreProcess& pre) {
  const int64_t channels =
      (pre.colour == minnow::vision::ColourOrder::Gray ? 1 : 3) + (pre.alpha ? 1 : 0);
  if (s.rank() != 4) return mismatch("input " + name + " is no picture: " + s.toString());
  const int row = s[1] == channels ? 2 : 1;
  return std::pair{static_cast<int>(s[row + 1]), static_cast<int>(s[row])};
}

Result<minnow::vision::PreProcess> preFor(std::span<const minnow::TensorInfo> inputs,
                                          const std::string& name,
                                          const minnow::vision::PreProcess& pre) {
  const auto info = std::ranges::find(inputs, name, &minnow::TensorInfo::name);
  if (info == inputs.end()) return mismatch("no input " + name);
  auto found = minnow::vision::preProcessFor(info->type, info->quantisation, pre);
  if (!found) found.error().message.insert(0, "input " + name + ": ");
  return found;
}

namespace {

bool contains(std::span<const minnow::TensorInfo> infos, const std::string& name) {
  return std::ranges::find(infos, name, &minnow::TensorInfo::name) != infos.end();
}

}  // namespace

Result<void> Network::addVariant(const ModelEntry& entry, minnow::InputShapes shapes) {
  auto session = interpreter_.createSession({}, shapes);
  if (!session) return std::unexpected(session.error());
  const auto inputs = session->inputs();
  const auto info = std::ranges::find(inputs, input_, &minnow::TensorInfo::name);
  const auto extent = pictureExtent(info->name, info->shape, entry.pre);
  if (!extent) return std::unexpected(extent.error());
  variants_.push_back({std::move(*session), extent->first, extent->second});
  return {};
}

Result<Network> Network::open(minnow::Runtime& runtime, const ModelEntry& entry,
                              const std::filesystem::path& file) {
  auto interpreter = minnow::Interpreter::createFromFile(runtime, file);
  if (!interpreter) return std::unexpected(interpreter.error());
  std::string input = entry.input;
  if (input.empty() && !interpreter->inputs().empty()) input = interpreter->inputs()[0].name;
  if (!contains(interpreter->inputs(), input))
    return mismatch(fmt::format("{} has no input `{}`", file.string(), input));
  for (const std::string& name : entry.outputs)
    if (!contains(interpreter->outputs(), name))
      return mismatch(fmt::format("{} has no output `{}`", file.string(), name));
  const auto pre = preFor(interpreter->inputs(), input, entry.pre);
  if (!pre) return std::unexpected(pre.error());
  Network network(std::move(*interpreter));
  network.pre_ = *pre;
  network.input_ = std::move(input);
  network.outputs_ = entry.outputs;
  if (entry.shapes.empty())
    if (auto ok = network.addVariant(entry, {}); !ok) return std::unexpected(ok.error());
  for (const minnow::Shape& shape : entry.shapes) {
    const std::pair<std::string, minnow::Shape> input{network.input_, shape};
    if (auto ok = network.addVariant(entry, {&input, 1}); !ok) return std::unexpected(ok.error());
  }
  const auto area = [](const Variant& v) { return int64_t{v.width} * v.height; };
  std::ranges::sort(network.variants_, {}, area);
  if (network.outputs_.empty())
    for (const auto& info : network.interpreter_.outputs()) network.outputs_.push_back(info.name);
  return network;
}

// The variant that shows the picture largest; the smallest of those that do.
Network::Variant& Network::variantFor(int width, int height) {
  const auto scale = [&](const Variant& v) {
    return std::min(static_cast<double>(v.width) / width, static_cast<double>(v.height) / height);
  };
  return *std::max_element(
      variants_.begin(), variants_.end(),
      [&](const Variant& a, const Variant& b) { return scale(a) < scale(b) * 0.999; });
}

Result<Inference> Network::run(const minnow::vision::ImageView& picture,
                               std::optional<minnow::vision::Rect> crop) {
  Variant& variant =
      crop ? variantFor(crop->width, crop->height) : variantFor(picture.width, picture.height);
  auto frame = variant.session.begin();
  if (!frame) return std::unexpected(frame.error());
  minnow::vision::PreProcess pre = pre_;
  pre.crop = crop;
  const auto placement = minnow::vision::writeImage(picture, pre, frame->input(input_));
  if (!placement) return std::unexpected(placement.error());
  const auto start = std::chrono::steady_clock::now();
  if (auto ok = frame->run(); !ok) return std::unexpected(ok.error());
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::vector<minnow::TensorView> outputs;
  for (const std::string& name : outputs_) outputs.push_back(frame->output(name));
  return Inference{std::move(*frame), std::move(outputs), *placement,
                   variant.width,     variant.height,     took.count()};
}

size_t Network::staticBytes() const { return variants_.front().session.memory().staticBytes; }

size_t Network::dynamicBytes() const {
  size_t most = 0;
  for (const Variant& variant : variants_)
    most = std::max(most, variant.session.memory().dynamicBytes);
  return most;
}

}  // namespace road
