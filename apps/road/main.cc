// road: many models over street pictures. See --help.
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/program.h"
#include "base/whole_file.h"
#include "draw.h"
#include "live_run.h"
#include "pipeline.h"
#include "report.h"

namespace {

namespace fs = std::filesystem;
using road::Pipeline;

struct Options {
  std::vector<fs::path> modelFolders, pictures;
  fs::path table = "models.toml", out = "demo-output";
  int threads = 0;
  bool listConversions = false;
  road::LiveOptions live;
};

/// One line on the terminal, rewritten; on anything else only whole lines are printed.
class Progress {
 public:
  void step(const std::string& text) {
    if (!terminal_) return;
    fmt::print(stderr, "\r\x1b[K{}", text);
    std::fflush(stderr);
  }
  void line(const std::string& text) {
    fmt::print(stderr, "{}{}\n", terminal_ ? "\r\x1b[K" : "", text);
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
};

int fail(const minnow::Error& error) {
  fmt::print(stderr, "road: {} ({})\n", error.message, errorCodeName(error.code));
  return 1;
}

bool isPicture(const fs::path& path) {
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return end == ".jpg" || end == ".jpeg" || end == ".png" || end == ".bmp";
}

/// Files as given; of folders the pictures in them, by name.
std::vector<fs::path> listPictures(const std::vector<fs::path>& given) {
  std::vector<fs::path> pictures;
  for (const fs::path& path : given) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      pictures.push_back(path);
      continue;
    }
    const size_t before = pictures.size();
    for (const fs::directory_entry& entry : fs::directory_iterator(path, error))
      if (entry.is_regular_file(error) && isPicture(entry.path())) pictures.push_back(entry.path());
    std::sort(pictures.begin() + static_cast<std::ptrdiff_t>(before), pictures.end());
  }
  return pictures;
}

/// The annotated file's name; a number is added where two pictures have one stem.
std::string outputName(const fs::path& picture, std::set<std::string>& used) {
  const std::string stem = picture.stem().string();
  std::string name = stem + ".png";
  for (int i = 2; !used.insert(name).second; ++i) name = fmt::format("{}-{}.png", stem, i);
  return name;
}

/// Arguments of `minnow convert`, one file a line, separated by tabs: what the demo has to convert.
int listConversions(const std::vector<road::ModelEntry>& table, const Options& options) {
  std::set<std::string> seen;
  for (const road::ModelEntry& entry : table) {
    const fs::path onnx = road::findFile(options.modelFolders, entry.onnx);
    if (onnx.empty()) continue;
    if (!seen.insert(entry.convertedName()).second) continue;
    const std::string range = entry.shapeRange();
    fmt::print("{}\t{}\t{}\n", onnx.string(), entry.convertedName(),
               range.empty() ? range : fmt::format("{}={}", entry.input, range));
  }
  return 0;
}

/// Where the annotated pictures go, in the pictures' order; an error where one of them is there.
minnow::Result<std::vector<fs::path>> outputPlaces(const Options& options,
                                                   const std::vector<fs::path>& pictures) {
  std::set<std::string> used;
  std::vector<fs::path> places;
  for (const fs::path& picture : pictures) {
    places.push_back(options.out / outputName(picture, used));
    for (const fs::path& read : pictures) {
      std::error_code error;
      if (fs::equivalent(places.back(), read, error))
        return std::unexpected(minnow::Error{
            minnow::ErrorCode::InvalidArgument,
            places.back().string() + " would be written over a picture that is read; name another "
                                     "folder with --out"});
    }
  }
  return places;
}

class Demo {
 public:
  Demo(const Options& options, Pipeline pipeline)
      : options_(options), pipeline_(std::move(pipeline)) {
    for (const road::Worker& w : pipeline_.workers()) {
      colours_[w.entry.name] = w.entry.colour;
      if (!w.entry.draw) hidden_.insert(w.entry.name);
    }
  }

  minnow::Result<void> one(const fs::path& path, const fs::path& annotated,
                           const std::string& place) {
    const auto picture = minnow::vision::readImage(path);
    if (!picture) return std::unexpected(picture.error());
    const auto start = std::chrono::steady_clock::now();
    road::PictureResult result{
        path.filename().string(), picture->width, picture->height, 0, {}, {}, {}};
    result.features = pipeline_.process(
        *picture, [&](const auto& model) { progress.step(place + ": " + model); },
        [&](const auto& what) { progress.line(place + ": " + what), ++failures; });
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    result.milliseconds = took.count();
    if (auto ok = draw(*picture, annotated, result); !ok) return ok;
    progress.line(fmt::format("{}: {} features, {:.0f} ms", place, result.features.size(),
                              result.milliseconds));
    results_.push_back(std::move(result));
    return {};
  }

  minnow::Result<void> writeReports(const minnow::MemoryLedger& held) const {
    std::string lines;
    for (const road::PictureResult& picture : results_)
      for (const road::Feature& f : picture.features) lines += road::featureLine(picture.name, f);
    if (auto ok = minnow::base::writeFile(options_.out / "features.jsonl", lines); !ok) return ok;
    return minnow::base::writeFile(
        options_.out / "report.html",
        road::reportPage(results_, pipeline_.workers(), held, options_.threads));
  }

  Progress progress;
  int failures = 0;

 private:
  minnow::Result<void> draw(const minnow::vision::Image& picture, const fs::path& place,
                            road::PictureResult& result) {
    result.shown = road::mergeAgreeing(result.features);
    std::vector<road::Shown> drawn = result.shown;
    std::erase_if(drawn, [&](const road::Shown& s) {
      return std::all_of(s.models.begin(), s.models.end(),
                         [&](const std::string& m) { return hidden_.contains(m); });
    });
    const auto annotated =
        road::annotate(picture, drawn, [&](const std::string& m) { return colours_[m]; });
    auto preview = minnow::vision::encodeJpeg(annotated.view(), 88);
    if (!preview) return std::unexpected(preview.error());
    result.preview = std::move(*preview);
    return minnow::vision::writePng(place, annotated.view());
  }

  const Options& options_;
  Pipeline pipeline_;
  std::map<std::string, road::Colour> colours_;
  std::set<std::string> hidden_;
  std::vector<road::PictureResult> results_;
};

/// A stream in place of pictures.
int runLive(Options& options, const std::vector<road::ModelEntry>& table) {
  std::error_code error;
  fs::create_directories(options.out, error);
  options.live.video = options.out / "live.mp4";
  // A thread is left for what is drawn and encoded.
  options.live.threads = std::max(1, options.threads - 1);
  options.modelFolders.push_back(fs::absolute(options.table).parent_path());
  Progress progress;
  const auto done = road::runLive(table, options.modelFolders, options.live,
                                  [&](const std::string& what) { progress.line(what); });
  if (!done) return fail(done.error());
  fmt::print("{}\n", fs::absolute(options.live.video).lexically_normal().string());
  return 0;
}

int run(Options& options) {
  auto table = road::readTable(options.table);
  if (!table) return fail(table.error());
  if (options.listConversions) return listConversions(*table, options);
  if (!options.live.input.empty()) return runLive(options, *table);
  const std::vector<fs::path> pictures = listPictures(options.pictures);
  if (pictures.empty())
    return fail({minnow::ErrorCode::NotFound, "no pictures: give files or folders by --images"});
  std::error_code error;
  fs::create_directories(options.out, error);
  if (error) return fail({minnow::ErrorCode::Io, options.out.string() + ": " + error.message()});

  const auto places = outputPlaces(options, pictures);
  if (!places) return fail(places.error());

  auto runtime = minnow::Runtime::create({.threads = options.threads});
  if (!runtime) return fail(runtime.error());
  options.modelFolders.push_back(fs::absolute(options.table).parent_path());
  Progress start;
  auto pipeline = Pipeline::open(*runtime, std::move(*table), options.modelFolders,
                                 [&](const std::string& what) { start.line(what); });
  if (!pipeline) return fail(pipeline.error());
  start.line(fmt::format("{} models, {} pictures, {} threads", pipeline->workers().size(),
                         pictures.size(), options.threads));

  Demo demo(options, std::move(*pipeline));
  for (size_t i = 0; i < pictures.size(); ++i) {
    const std::string place =
        fmt::format("[{}/{}] {}", i + 1, pictures.size(), pictures[i].filename().string());
    if (auto ok = demo.one(pictures[i], (*places)[i], place); !ok) {
      demo.progress.line(fmt::format("{}: {}", place, ok.error().message));
      ++demo.failures;
    }
  }
  if (auto ok = demo.writeReports(runtime->ledger().peak); !ok) return fail(ok.error());
  fmt::print("{}\n", (fs::absolute(options.out) / "report.html").lexically_normal().string());
  return demo.failures ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  minnow::base::beginProgram();
  CLI::App app(
      "Finds signs, texts, lines, faces and more in street pictures, by many small networks.");
  app.footer(
      "Example:\n  road --models-dir build/models --table apps/road/models.toml --images pictures "
      "--out demo-output\nWrites an annotated PNG for each picture, features.jsonl and "
      "report.html.");
  Options options;
  app.add_option("--models-dir", options.modelFolders,
                 "Folders of .minnow files and label files, searched with all below them")
      ->required();
  app.add_option("--table", options.table, "The table of models")->required();
  app.add_option("--images", options.pictures, "JPEG, PNG and BMP files, and folders of them");
  app.add_option(
      "--live", options.live.input,
      "In place of --images a stream: video.avi, a folder of pictures, camera, lavfi:testsrc; "
      "writes live.mp4");
  app.add_option("--seconds", options.live.seconds,
                 "Of the stream; 0: once through, or ten of what has no end")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--memory", options.live.memoryBudget,
                 "Most bytes that a stream's models may take: 80MB")
      ->transform(CLI::AsSizeValue(true));
  app.add_option("--out", options.out, "Folder to write to")->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of one run; 0: one for each CPU")
      ->check(CLI::Range(0, 256));
  app.add_flag("--list-conversions", options.listConversions,
               "Print which ONNX files of --models-dir have to be converted, and how");
  CLI11_PARSE(app, argc, argv);
  if (options.threads == 0)
    options.threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 16);
  const int code = run(options);
  if (auto ok = minnow::base::flushOutput(); !ok) return fail(ok.error());
  return code;
}
