// The C face of schedules.
#include <algorithm>
#include <vector>

#include "base/c_face.h"
#include "base/fail.h"
#include "minnow/minnow_schedule.h"
#include "minnow/schedule.h"

struct minnow_schedule {
  minnow::Schedule object;
};
/// A ModelRun is one: it is handed on as it is.
struct minnow_run {};

namespace minnow {
namespace {

using namespace minnow::c;

ModelRun* asRun(minnow_run* run) { return reinterpret_cast<ModelRun*>(run); }
/// What looks only has no use for being const: a frame's tensors are to be written.
ModelRun* asRun(const minnow_run* run) { return asRun(const_cast<minnow_run*>(run)); }

/// A callback that calls one of C's; empty for none.
std::function<Result<void>(ModelRun&)> calling(minnow_run_callback callback, void* user) {
  if (callback == nullptr) return {};
  return [=](ModelRun& run) -> Result<void> {
    const int failure = callback(user, reinterpret_cast<minnow_run*>(&run));
    if (failure == 0) return {};
    return fail(ErrorCode::Stopped, "the application's callback returned ", failure);
  };
}

std::string textOf(const char* text) { return text == nullptr ? std::string() : text; }

Result<ScheduledModel> modelOf(const minnow_scheduled_model* asked) {
  auto given = completed<minnow_scheduled_model>(asked, MINNOW_SCHEDULED_MODEL_INIT);
  if (!given) return passOn(given);
  if (auto ok = areZero({given->reserved}); !ok) return passOn(ok);
  auto shapes = shapesOf(given->shapes, given->shape_count);
  if (!shapes) return passOn(shapes);
  if ((given->file == nullptr) == (given->model == nullptr))
    return fail(ErrorCode::InvalidArgument,
                "a model has a file or bytes in memory, one of the two");
  const auto [backend, backups] = splitList(given->backends);
  return ScheduledModel{.name = textOf(given->name),
                        .file = textOf(given->file),
                        .bytes = {static_cast<const std::byte*>(given->model),
                                  given->model == nullptr ? 0 : given->model_bytes},
                        .shapes = std::move(*shapes),
                        .backend = std::string(backend),
                        .backups = std::string(backups),
                        .stream = given->stream,
                        .rate = given->rate,
                        .every = given->every,
                        .deadlineMs = given->deadline_ms,
                        .deadlineFactor = given->deadline_factor,
                        .priority = given->priority,
                        .of = textOf(given->of),
                        .mostCrops = given->most_crops,
                        .evictable = given->evictable != 0,
                        .fill = calling(given->fill, given->user),
                        .done = calling(given->done, given->user)};
}

Result<ScheduleOptions> optionsOf(const minnow_schedule_options* options) {
  const auto given = completed<minnow_schedule_options>(options, MINNOW_SCHEDULE_OPTIONS_INIT);
  if (!given) return passOn(given);
  if (auto ok = areZero({given->reserved}); !ok) return passOn(ok);
  ScheduleOptions all{.threads = given->threads,
                      .cpuUnits = given->cpu_units,
                      .memoryBudget = given->memory_budget,
                      .kernelCache = textOf(given->kernel_cache),
                      .concurrency = given->concurrency};
  if (given->frame_rates != nullptr)
    all.frameRates.assign(given->frame_rates, given->frame_rates + given->stream_count);
  return all;
}

Result<Schedule> scheduleOf(const minnow_scheduled_model* models, size_t count,
                            const minnow_schedule_options* options) {
  auto all = optionsOf(options);
  if (!all) return passOn(all);
  std::vector<ScheduledModel> scheduled;
  const auto* at = reinterpret_cast<const unsigned char*>(models);
  for (size_t m = 0; m < count; ++m) {
    const auto* model = reinterpret_cast<const minnow_scheduled_model*>(at);
    auto one = modelOf(model);
    if (!one) return fail(one.error().code, "model ", m + 1, ": ", one.error().message);
    scheduled.push_back(std::move(*one));
    at += model->size;
  }
  return Schedule::create(std::move(scheduled), *all);
}

/// The element of a list that `index` numbers.
template <class T>
Result<T> numbered(std::vector<T> list, size_t index, const char* what = "model") {
  if (index < list.size()) return std::move(list[index]);
  return fail(ErrorCode::NotFound, "there is no ", what, " ", index, "; there are ", list.size());
}

/// As much as there is room for.
minnow_status cut(const std::string& words, char* text, size_t bytes) {
  text[words.copy(text, bytes - 1)] = 0;
  return MINNOW_OK;
}

minnow_admission admissionOf(const Admission& model) {
  return {sizeof(minnow_admission),
          model.rate,
          model.aloneMs,
          model.preemptionMs,
          model.deadlineMs,
          model.responseMs,
          model.rateThatHolds,
          model.holds ? 1 : 0,
          model.unit,
          model.captureMs,
          model.mayLeave ? 1 : 0,
          model.isLearning ? 1 : 0};
}

minnow_unit_status statusOf(const UnitStatus& unit) {
  minnow_unit_status status{sizeof status, {}, unit.share, unit.speed};
  cut(unit.name, status.name, sizeof status.name);
  return status;
}

minnow_model_status statusOf(const ModelStatus& model) {
  const auto drops = [&](DropReason reason) { return model.dropped[static_cast<size_t>(reason)]; };
  return {sizeof(minnow_model_status),
          model.asked,
          model.done,
          model.missed,
          model.underWay,
          model.crops,
          model.loads,
          drops(DropReason::Newer),
          drops(DropReason::Late),
          drops(DropReason::Memory),
          drops(DropReason::Failed),
          drops(DropReason::Stopped),
          drops(DropReason::Crops),
          model.latencyP50Ms,
          model.latencyP99Ms,
          model.share};
}

}  // namespace
}  // namespace minnow

using namespace minnow::c;
using minnow::asRun;
using minnow::Result;

minnow_status minnow_run_input(const minnow_run* run, const char* name, minnow_tensor* tensor) {
  return checked([&] {
    if (run == nullptr || name == nullptr || tensor == nullptr) return nullArgument();
    return handOver(asRun(run)->frame().input(name), tensor);
  });
}

minnow_status minnow_run_output(const minnow_run* run, const char* name, minnow_tensor* tensor) {
  return checked([&] {
    if (run == nullptr || name == nullptr || tensor == nullptr) return nullArgument();
    return handOver(asRun(run)->frame().output(name), tensor);
  });
}

minnow_status minnow_run_quantisation(const minnow_run* run, const char* name,
                                      minnow_quantisation* quantisation) {
  return checked([&] {
    if (run == nullptr || name == nullptr || quantisation == nullptr) return nullArgument();
    const auto inputs = asRun(run)->inputs();
    const auto one = std::ranges::find(inputs, std::string_view(name), &minnow::TensorInfo::name);
    if (one == inputs.end())
      return failed(minnow::ErrorCode::NotFound,
                    minnow::text("the model has no input '", name, "'"));
    return handOver(one->quantisation, quantisation);
  });
}

const void* minnow_run_picture(const minnow_run* run) {
  return run == nullptr ? nullptr : asRun(run)->captured().picture.get();
}

uint64_t minnow_run_number(const minnow_run* run) {
  return run == nullptr ? 0 : asRun(run)->captured().number;
}

int minnow_run_crop(const minnow_run* run) { return run == nullptr ? 0 : asRun(run)->crop(); }

minnow_status minnow_run_trigger(minnow_run* run, const char* model, int crops) {
  return checked([&] {
    if (run == nullptr || model == nullptr) return nullArgument();
    auto done = asRun(run)->trigger(model, crops);
    return done ? MINNOW_OK : failed(std::move(done.error()));
  });
}

minnow_status minnow_schedule_create(const minnow_scheduled_model* models, size_t count,
                                     const minnow_schedule_options* options,
                                     minnow_schedule** schedule) {
  return checked([&] {
    if (models == nullptr || schedule == nullptr) return nullArgument();
    return handOver(minnow::scheduleOf(models, count, options), schedule);
  });
}

void minnow_schedule_destroy(minnow_schedule* schedule) { delete schedule; }

minnow_status minnow_schedule_admission(const minnow_schedule* schedule, size_t model,
                                        minnow_admission* admission) {
  return checked([&] {
    if (schedule == nullptr || admission == nullptr) return nullArgument();
    auto one = minnow::numbered(schedule->object.admission(), model);
    if (!one) return failed(std::move(one.error()));
    return handOver(minnow::admissionOf(*one), admission);
  });
}

minnow_status minnow_schedule_left_out(const minnow_schedule* schedule, size_t model, char* text,
                                       size_t bytes) {
  return checked([&] {
    if (schedule == nullptr || text == nullptr || bytes == 0) return nullArgument();
    auto one = minnow::numbered(schedule->object.admission(), model);
    if (!one) return failed(std::move(one.error()));
    std::string words;
    for (const auto& [device, why] : one->leftOut)
      words += (words.empty() ? "" : "; ") + device + ": " + why;
    return minnow::cut(words, text, bytes);
  });
}

minnow_status minnow_schedule_start(minnow_schedule* schedule) {
  return checked([&] {
    if (schedule == nullptr) return nullArgument();
    auto done = schedule->object.start();
    return done ? MINNOW_OK : failed(std::move(done.error()));
  });
}

minnow_status minnow_schedule_feed(minnow_schedule* schedule, const minnow_captured_frame* frame) {
  using Clock = std::chrono::steady_clock;
  return checked([&] {
    if (schedule == nullptr || frame == nullptr) return nullArgument();
    const auto given = completed<minnow_captured_frame>(frame, MINNOW_CAPTURED_FRAME_INIT);
    if (!given) return failed(given.error());
    void (*release)(void*) = given->release;
    // Whatever happens from here on, the picture is given back.
    const std::shared_ptr<const void> picture(given->picture, [release](void* held) {
      if (release != nullptr && held != nullptr) release(held);
    });
    if (auto ok = areZero({given->reserved}); !ok) return failed(std::move(ok.error()));
    const std::chrono::nanoseconds captured(given->captured_ns);
    schedule->object.feed(
        {.captured = given->captured_ns == 0
                         ? Clock::now()
                         : Clock::time_point(std::chrono::duration_cast<Clock::duration>(captured)),
         .picture = picture,
         .number = given->number,
         .stream = given->stream});
    return MINNOW_OK;
  });
}

minnow_status minnow_schedule_drain(minnow_schedule* schedule) {
  return checked([&] {
    if (schedule == nullptr) return nullArgument();
    schedule->object.drain();
    return MINNOW_OK;
  });
}

minnow_status minnow_schedule_resize(minnow_schedule* schedule, size_t model,
                                     const minnow_input_shape* shapes, size_t count) {
  return checked([&] {
    if (schedule == nullptr || (shapes == nullptr && count > 0)) return nullArgument();
    const auto name = minnow::numbered(schedule->object.status().models, model);
    if (!name) return failed(name.error());
    const auto wanted = shapesOf(shapes, count);
    if (!wanted) return failed(wanted.error());
    auto done = schedule->object.resize(name->model, *wanted);
    return done ? MINNOW_OK : failed(std::move(done.error()));
  });
}

minnow_status minnow_schedule_stop(minnow_schedule* schedule) {
  return checked([&] {
    if (schedule == nullptr) return nullArgument();
    schedule->object.stop();
    return MINNOW_OK;
  });
}

minnow_status minnow_schedule_model_status(const minnow_schedule* schedule, size_t model,
                                           minnow_model_status* status) {
  return checked([&] {
    if (schedule == nullptr || status == nullptr) return nullArgument();
    auto one = minnow::numbered(schedule->object.status().models, model);
    if (!one) return failed(std::move(one.error()));
    return handOver(minnow::statusOf(*one), status);
  });
}

minnow_status minnow_schedule_model_error(const minnow_schedule* schedule, size_t model, char* text,
                                          size_t bytes) {
  return checked([&] {
    if (schedule == nullptr || text == nullptr || bytes == 0) return nullArgument();
    auto one = minnow::numbered(schedule->object.status().models, model);
    if (!one) return failed(std::move(one.error()));
    return minnow::cut(one->lastError, text, bytes);
  });
}

minnow_status minnow_schedule_model_share(const minnow_schedule* schedule, size_t model,
                                          size_t unit, double* share) {
  return checked([&] {
    if (schedule == nullptr || share == nullptr) return nullArgument();
    auto one = minnow::numbered(schedule->object.status().models, model);
    if (!one) return failed(std::move(one.error()));
    const auto found = minnow::numbered(one->shares, unit, "unit");
    if (!found) return failed(found.error());
    *share = *found;
    return MINNOW_OK;
  });
}

minnow_status minnow_schedule_unit_status(const minnow_schedule* schedule, size_t unit,
                                          minnow_unit_status* status) {
  return checked([&] {
    if (schedule == nullptr || status == nullptr) return nullArgument();
    auto one = minnow::numbered(schedule->object.status().units, unit, "unit");
    if (!one) return failed(std::move(one.error()));
    return handOver(minnow::statusOf(*one), status);
  });
}

minnow_status minnow_schedule_get_status(const minnow_schedule* schedule,
                                         minnow_schedule_status* status) {
  return checked([&] {
    if (schedule == nullptr || status == nullptr) return nullArgument();
    const minnow::ScheduleStatus now = schedule->object.status();
    const minnow_schedule_status whole{sizeof whole, now.seconds, now.speed, now.memory.now.total(),
                                       now.memory.peak.total()};
    return handOver(whole, status);
  });
}
