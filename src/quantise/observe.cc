// A session of the graph's own file: what is seen is what the engine computes.
#include "quantise/observe.h"

#include <algorithm>

#include "base/aligned.h"
#include "base/fail.h"
#include "format/write.h"
#include "passes/pass_list.h"

namespace minnow::quantise {

Observed::Observed(std::shared_ptr<std::byte[]> bytes, Runtime runtime, Interpreter model,
                   Session session)
    : bytes_(std::move(bytes)),
      runtime_(std::move(runtime)),
      model_(std::move(model)),
      session_(std::move(session)) {
  for (const OperatorInfo& op : session_.operators()) {
    std::vector<std::string>& names = names_.emplace_back();
    for (const OperandInfo& output : session_.operands(op.index).outputs)
      names.emplace_back(output.name);
  }
}

Result<Observed> Observed::create(const ir::Graph& graph, int threads) {
  ir::Graph ready = graph.clone();
  const std::vector<std::string> apart{"fuse-activation"};
  if (auto ok = passes::runPasses(ready, apart); !ok) return passOn(ok);
  const auto file = format::write(ready);
  if (!file) return passOn(file);
  auto bytes = base::alignedBytes(file->size());
  if (!bytes) return fail(ErrorCode::OutOfMemory, file->size(), " bytes of a model to observe");
  std::ranges::copy(*file, bytes.get());
  auto runtime = Runtime::create({.threads = threads});
  if (!runtime) return passOn(runtime);
  auto model = Interpreter::createFromBuffer(*runtime, {bytes.get(), file->size()});
  if (!model) return passOn(model);
  auto session = model->createSession({.inStrips = false});
  if (!session) return passOn(session);
  return Observed(std::move(bytes), std::move(*runtime), std::move(*model), std::move(*session));
}

Result<void> Observed::run(const Samples& samples, size_t sample, const Look& look) {
  auto frame = session_.begin();
  if (!frame) return passOn(frame);
  if (auto ok = samples.fill(sample, *frame, session_.inputs()); !ok) return ok;
  Result<void> kept;
  for (size_t i = 0; kept && i < session_.inputs().size(); ++i)
    kept = look(session_.inputs()[i].name, frame->input(i));
  Result<void> ran;
  if (kept)
    ran = frame->runWithCallback({},
                                 [&](const OperatorInfo& op, std::span<const TensorView> outputs) {
                                   for (size_t i = 0; kept && i < outputs.size(); ++i)
                                     if (outputs[i]) kept = look(names_[op.index][i], outputs[i]);
                                   return kept ? CallbackVerdict::Continue : CallbackVerdict::Stop;
                                 });
  if (!kept) return fail(kept.error().code, samples.name(sample), ": ", kept.error().message);
  return ran;
}

}  // namespace minnow::quantise
