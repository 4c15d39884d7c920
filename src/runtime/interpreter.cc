// A model: its bytes, its graph and what it asks of the accounts.
#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "base/fail.h"
#include "base/guarded.h"
#include "format/header.h"
#include "format/read.h"
#include "ir/extents.h"
#include "runtime/graphviz.h"
#include "runtime/impl.h"

namespace minnow {

Interpreter::Interpreter(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;
Interpreter::~Interpreter() = default;

Result<std::shared_ptr<Interpreter::Impl>> Interpreter::Impl::create(
    std::shared_ptr<Runtime::Impl> runtime, std::shared_ptr<ModelBytes> model, std::string source,
    const InterpreterOptions& options) {
  auto graph = format::read(model->bytes, source);
  if (!graph) return passOn(graph);
  if (options.verifyWeights)
    if (auto ok = format::verifyWeights(model->bytes, source); !ok) return passOn(ok);
  auto impl = std::make_shared<Impl>();
  impl->runtime = std::move(runtime);
  impl->model = std::move(model);
  impl->source = std::move(source);
  impl->graph = std::move(*graph);
  impl->nameInputsAndOutputs();
  if (auto ok = impl->enterAccounts(); !ok) return passOn(ok);
  return impl;
}

void Interpreter::Impl::nameInputsAndOutputs() {
  inputs.reserve(graph.inputs.size());
  outputs.reserve(graph.outputs.size());
  for (ir::ValueId id : graph.inputs) {
    const ir::Value& value = graph.values[id];
    inputs.push_back(
        {value.name.str(), value.type.type, value.type.shape, graph.quantisationOf(id)});
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const ir::Value& value = graph.values[graph.outputs[i]];
    outputs.push_back({graph.outputNames[i], value.type.type, value.type.shape,
                       graph.quantisationOf(graph.outputs[i])});
  }
}

size_t Interpreter::Impl::heapBytes() const {
  return kSharedHeader + sizeof(Impl) + kSharedHeader + sizeof(ModelBytes) +
         minnow::heapBytes(source) + ir::heapBytes(graph) + minnow::heapBytes(inputs) +
         minnow::heapBytes(outputs);
}

/// Uses the bytes that another interpreter has already entered, if there is one.
bool Interpreter::Impl::shareBytes() {
  std::erase_if(runtime->models, [](const auto& known) { return known.expired(); });
  for (const auto& known : runtime->models)
    if (auto same = known.lock(); same && same->bytes.data() == model->bytes.data()) {
      model = std::move(same);
      return true;
    }
  return false;
}

/// Asks the budget and charges file, weights and metadata.
Result<void> Interpreter::Impl::enterAccounts() {
  const auto header = format::readHeader(model->bytes, source);
  if (!header) return passOn(header);
  const std::lock_guard lock(runtime->mutex);
  const bool shared = shareBytes();
  const MemoryLedger metadata{.heapBytes = heapBytes()};
  const auto modelBytes = static_cast<size_t>(header->weightsOffset);
  const MemoryLedger file{.modelBytes = modelBytes,
                          .staticBytes = model->bytes.size() - modelBytes};
  const MemoryLedger more{file.modelBytes, file.staticBytes, 0, metadata.heapBytes};
  if (auto ok = askBudget(*runtime, model->charge.amount(), more, runtime->arenas.need()); !ok)
    return fail(ok.error().code, source, ": ", ok.error().message);
  if (!shared) runtime->models.push_back(model);
  model->charge.set(runtime->ledger, file);
  heap.set(runtime->ledger, metadata);
  return {};
}

Result<Interpreter> Interpreter::createFromBuffer(Runtime& runtime,
                                                  std::span<const std::byte> model,
                                                  const InterpreterOptions& options) {
  return guarded("model in memory", [&]() -> Result<Interpreter> {
    auto bytes = std::make_shared<ModelBytes>();
    bytes->bytes = model;
    auto impl = Impl::create(runtime.impl_, std::move(bytes), "model in memory", options);
    if (!impl) return passOn(impl);
    return Interpreter(std::move(*impl));
  });
}

Result<Interpreter> Interpreter::createFromFile(Runtime& runtime, const std::filesystem::path& path,
                                                const InterpreterOptions& options) {
  return guarded(path.native(), [&]() -> Result<Interpreter> {
    auto file = base::MappedFile::open(path);
    if (!file) return passOn(file);
    auto bytes = std::make_shared<ModelBytes>();
    bytes->bytes = (*file)->bytes();
    bytes->file = std::move(*file);
    auto impl = Impl::create(runtime.impl_, std::move(bytes), path.native(), options);
    if (!impl) return passOn(impl);
    return Interpreter(std::move(*impl));
  });
}

const std::string& Interpreter::name() const { return impl_->graph.name; }
std::span<const TensorInfo> Interpreter::inputs() const { return impl_->inputs; }
std::span<const TensorInfo> Interpreter::outputs() const { return impl_->outputs; }
ExtentInfo Interpreter::extent(size_t input, int axis) const {
  constexpr size_t kMostInputs = INT32_MAX;
  const ir::InputAxis asked{static_cast<int32_t>(std::min(input, kMostInputs)), axis};
  const ir::Extent* found = ir::extentOf(impl_->graph, asked);
  return found ? ExtentInfo{found->name, found->least, found->most} : ExtentInfo{};
}

std::string Interpreter::graphviz() const {
  return guarded(impl_->source,
                 [&]() -> Result<std::string> { return runtime::graphviz(impl_->graph); })
      .value_or(std::string());
}

std::vector<std::string> Interpreter::operatorKinds() const {
  return guarded(impl_->source, [&] { return runtime::operatorKinds(impl_->graph); })
      .value_or(std::vector<std::string>());
}

std::string Interpreter::checksum() const {
  return guarded(impl_->source,
                 [&]() -> Result<std::string> {
                   const auto header = format::readHeader(impl_->model->bytes, impl_->source);
                   if (!header) return passOn(header);
                   char digits[33];
                   std::snprintf(digits, sizeof digits, "%016" PRIx64 "%016" PRIx64,
                                 header->metadataChecksum, header->weightsChecksum);
                   return std::string(digits);
                 })
      .value_or(std::string());
}

void Interpreter::releaseModel() {
  const std::lock_guard lock(impl_->runtime->mutex);
  ModelBytes& model = *impl_->model;
  model.charge.set({.staticBytes = model.charge.amount().staticBytes});
  if (model.file) model.file->dropPages();
}

}  // namespace minnow
