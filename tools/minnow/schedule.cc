// minnow schedule: whether many models keep their rates on this machine, and how they do.
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <memory>

#include "base/fail.h"
#include "base/whole_file.h"
#include "exit.h"
#include "frames/source.h"
#include "json_output.h"
#include "minnow/quantised_picture.h"
#include "minnow/schedule.h"
#include "number_check.h"
#include "outputs.h"
#include "schedule_file.h"
#include "schedule_report.h"
#include "schedule_timeline.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

using Clock = std::chrono::steady_clock;

struct ScheduleArguments {
  std::string file, input = "synthetic", timeline;
  double seconds = 10;
  int threads = 0;
  bool check = false, json = false;
};

/// Crop k of n: squares side by side, row by row, as a finder might give them.
vision::Rect cropOf(const vision::Image& image, int crop, int crops) {
  const int columns = static_cast<int>(std::ceil(std::sqrt(crops)));
  const int side = std::max(1, std::min(image.width, image.height) / columns);
  return {crop % columns * side, crop / columns * side, side, side};
}

Result<void> fill(ModelRun& run, vision::PreProcess picture, bool ofAnother, int crops) {
  const auto& image = *static_cast<const vision::Image*>(run.captured().picture.get());
  if (ofAnother) picture.crop = cropOf(image, run.crop(), crops);
  const TensorInfo& input = run.inputs()[0];
  const auto pre = vision::preProcessFor(input.type, input.quantisation, picture);
  if (!pre) return passOn(pre);
  const auto placed = vision::writeImage(image.view(), *pre, run.frame().input(0));
  return placed ? Result<void>() : passOn(placed);
}

/// An ONNX file becomes bytes that the entry holds.
void convertIfOnnx(ScheduleEntry& entry) {
  const std::string path = entry.model.file.string();
  if (!isSource(path)) return;
  entry.bytes = AlignedBytes(convertInMemory(path, {.shapes = shapesFor(path, entry.shapes)}));
  entry.model.bytes = entry.bytes.span();
  entry.model.shapes.clear();
}

/// Models with their callbacks. This program reads no results: what runs on those of another model
/// runs on as many crops as it may, of every frame.
std::vector<ScheduledModel> modelsOf(ScheduleFile& file) {
  std::vector<ScheduledModel> models;
  for (ScheduleEntry& entry : file.models) {
    convertIfOnnx(entry);
    ScheduledModel& model = models.emplace_back(entry.model);
    model.fill = [picture = entry.picture, ofAnother = !model.of.empty(), crops = model.mostCrops](
                     ModelRun& run) { return fill(run, picture, ofAnother, crops); };
    std::vector<std::pair<std::string, int>> triggered;
    for (const ScheduleEntry& other : file.models)
      if (other.model.of == model.name)
        triggered.emplace_back(other.model.name, other.model.mostCrops);
    model.done = [triggered](ModelRun& run) -> Result<void> {
      for (const auto& [name, crops] : triggered)
        if (auto ok = run.trigger(name, crops); !ok) return ok;
      return {};
    };
  }
  return models;
}

/// Over the last one where somebody looks on.
void showLive(const Schedule& schedule, int& lines) {
  const std::string text = statusInWords(schedule, schedule.status());
  if (lines > 0) fmt::print("\x1b[{}A\x1b[J", lines);
  fmt::print("{}", text);
  std::fflush(stdout);
  lines = static_cast<int>(std::ranges::count(text, '\n'));
}

void feedFrames(Schedule& schedule, frames::Source& source, const ScheduleArguments& args) {
  const bool live = !args.json && isatty(STDOUT_FILENO) != 0;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(args.seconds));
  auto shown = start;
  int lines = 0;
  for (;;) {
    const frames::SourceFrame frame = need(source.next());
    if (frame.captured >= end) break;
    schedule.feed({.captured = frame.captured, .picture = frame.picture, .number = frame.number});
    if (!live || Clock::now() - shown < std::chrono::milliseconds(250)) continue;
    showLive(schedule, lines);
    shown = Clock::now();
  }
  schedule.stop();
  if (lines > 0) fmt::print("\x1b[{}A\x1b[J", lines);
}

/// A video and a camera have a rate of their own. What asks for more than all frames gets all.
void followRate(ScheduleFile& file, const frames::Source& source, bool json) {
  double& rate = file.options.frameRates[0];
  if (source.rate() == rate) return;
  if (!json)
    fmt::print("the input has {:g} frames a second, not {:g} as the file says\n", source.rate(),
               rate);
  rate = source.rate();
  for (ScheduleEntry& entry : file.models) {
    if (entry.model.rate <= rate) continue;
    if (!json)
      fmt::print("model '{}': {:g} a second, not {:g}\n", entry.model.name, rate, entry.model.rate);
    entry.model.rate = rate;
  }
}

/// Nothing where no frame was lost before the schedule saw it.
std::string lossesInWords(const frames::Source& source) {
  std::string words;
  if (source.lost() > 0)
    words +=
        fmt::format("{} frames of the input came while nobody could take them\n", source.lost());
  if (source.damaged() > 0)
    words += fmt::format("{} frames of the input are damaged\n", source.damaged());
  return words;
}

std::vector<std::string> filesRead(const ScheduleArguments& args, const ScheduleFile& file,
                                   const frames::Source& source) {
  std::vector<std::string> files = source.files();
  files.push_back(args.file);
  for (const ScheduleEntry& entry : file.models) files.push_back(entry.model.file.string());
  return files;
}

Schedule scheduleOf(ScheduleFile& file, const ScheduleArguments& args,
                    const frames::Source& source) {
  if (args.threads > 0) file.options.threads = args.threads;
  file.options.example.picture = source.example();
  auto schedule = Schedule::create(modelsOf(file), file.options);
  if (!schedule && schedule.error().code == ErrorCode::OutOfMemory)
    throw Failure(Exit::OverBudget, fmt::format("{}: {}", args.file, schedule.error().message));
  if (!schedule)
    throw Failure(Exit::Error, fmt::format("{}: {}", args.file, schedule.error().message));
  return std::move(*schedule);
}

void run(const ScheduleArguments& args) {
  ScheduleFile file = readScheduleFile(args.file);
  frames::Source source = need(frames::Source::open(args.input, file.options.frameRates[0]));
  followRate(file, source, args.json);
  if (!args.timeline.empty()) refuseToOverwrite({args.timeline}, filesRead(args, file, source));
  ScheduleTimeline timeline;
  if (!args.timeline.empty())
    file.options.observer = [&](const ScheduleEvent& event) { timeline.note(event); };
  Schedule schedule = scheduleOf(file, args, source);
  const std::vector<Admission> admission = schedule.admission();
  if (!args.json) fmt::print("{}", admissionInWords(schedule, admission));
  if (!args.check) {
    if (!args.json) fmt::print("\n");
    need(schedule.start());
    feedFrames(schedule, source, args);
    if (!args.json)
      fmt::print("{}{}", statusInWords(schedule, schedule.status()), lossesInWords(source));
  }
  if (args.json) {
    auto report = scheduleJson(schedule, admission, schedule.status());
    report["input"] = {
        {"rate", source.rate()}, {"lost", source.lost()}, {"damaged", source.damaged()}};
    printJson(report);
  }
  if (!args.timeline.empty()) {
    std::vector<std::string> models, units;
    for (const ScheduleEntry& entry : file.models) models.push_back(entry.model.name);
    for (const UnitStatus& unit : schedule.status().units) units.push_back(unit.name);
    need(base::writeFile(args.timeline, timeline.file(args.file, models, units)));
  }
  if (args.check && !std::ranges::all_of(admission, &Admission::holds))
    throw CLI::RuntimeError(static_cast<int>(Exit::Different));
}

}  // namespace

void addSchedule(CLI::App& app) {
  auto args = std::make_shared<ScheduleArguments>();
  CLI::App* verb =
      app.add_subcommand("schedule", "Many models on one stream of frames, each at its own rate");
  verb->add_option("file", args->file, "FILE.toml: models, rates, deadlines, priorities")
      ->required();
  verb->add_flag(
      "--check", args->check,
      "Measure each model alone and tell what will hold, without running; exit code 1 if "
      "not all do");
  verb->add_option("-i,--input", args->input,
                   "video.avi; a picture or a folder of them; camera, which is /dev/video0, or "
                   "another device; lavfi:testsrc, or what "
                   "FFmpeg's input devices give; or synthetic. Files begin anew at their end");
  verb->add_option("--seconds", args->seconds, "How long to run")->check(within(0.1, 1e6));
  verb->add_option("-t,--threads", args->threads, "Instead of the file's")
      ->check(CLI::Range(1, 1024));
  verb->add_option("--timeline", args->timeline,
                   "FILE: who computed what when, for ui.perfetto.dev; drops are marked")
      ->type_name("FILE");
  verb->add_flag("--json", args->json, "Report in JSON");
  verb->footer(
      "Each model's response is bounded from its time alone, before anything runs: what misses, by "
      "how\n"
      "much, and at which rate it would hold. docs/scheduling.md has the file's keys.\n"
      "Examples:\n"
      "  minnow schedule road.toml --check\n"
      "  minnow schedule road.toml --input video.avi --seconds 30 --timeline road.json");
  verb->callback([args] { run(*args); });
}

}  // namespace minnow::tool
