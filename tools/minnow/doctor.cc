// minnow doctor: what this machine and this build give, and what is missing for the rest.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <sstream>
#include <string_view>
#include <thread>

#include "frames/video.h"
#include "json_output.h"
#include "minnow/cpu.h"
#include "minnow/image.h"
#include "minnow/runtime.h"
#include "model.h"
#include "verbs.h"
#include "words.h"

namespace minnow::tool {
namespace {

/// A line: what was looked at, what was found, and what would help where something is missing.
struct Finding {
  std::string what, found, help = {};
};
using Findings = std::vector<Finding>;

/// "KEY : VALUE" lines as /proc has them; the first of each key.
std::map<std::string, std::string> facts(const char* file) {
  std::map<std::string, std::string> all;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    all.insert({key, value == std::string::npos ? "" : line.substr(value)});
  }
  return all;
}

std::string firstLine(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::vector<std::string> wordsOf(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

/// What a target asks of a CPU, in the words of /proc/cpuinfo.
struct Target {
  const char* name;
  std::vector<std::string> features;
};

std::vector<Target> targetsOfArchitecture() {
#if defined(__x86_64__)
  const std::vector<std::string> avx2{"sse4_2", "pclmulqdq", "aes", "avx2",
                                      "bmi1",   "bmi2",      "fma", "f16c"};
  return {{"avx3", {"avx2", "avx512f", "avx512vl", "avx512dq", "avx512bw"}}, {"avx2", avx2}};
#elif defined(__aarch64__)
  return {{"sve", {"sve"}}, {"neon", {"asimd"}}};
#elif defined(__arm__)
  return {{"neon", {"neon", "vfpv4"}}};
#else
  return {};
#endif
}

std::string whyNot(const Target& target, const std::vector<std::string>& features) {
  std::vector<std::string> missing;
  for (const std::string& feature : target.features)
    if (std::ranges::find(features, feature) == features.end()) missing.push_back(feature);
  if (missing.empty()) return "not in this build";
  return fmt::format("this CPU lacks {}", fmt::join(missing, ", "));
}

void addCpu(Findings& findings) {
  const auto cpu = facts("/proc/cpuinfo");
  const auto of = [&](const char* key) {
    const auto found = cpu.find(key);
    return found == cpu.end() ? std::string() : found->second;
  };
  const std::string model = of("model name");
  const std::string arm =
      fmt::format("implementer {}, part {}", of("CPU implementer"), of("CPU part"));
  findings.push_back({"CPU", !model.empty() ? model : of("CPU part").empty() ? "unknown" : arm});
  const auto features = wordsOf(of("flags") + " " + of("Features"));
  const auto targets = cpuTargets();
  findings.push_back(
      {"target", fmt::format("{}, the best of {}", cpuTarget(), fmt::join(targets, ", "))});
  for (const Target& target : targetsOfArchitecture())
    if (std::ranges::find(targets, target.name) == targets.end())
      findings.push_back(
          {"no target", fmt::format("{}: {}", target.name, whyNot(target, features))});
  std::vector<std::string> bytes;
  for (const char* feature : {"avx_vnni", "avx512_vnni", "asimddp", "i8mm"})
    if (std::ranges::find(features, feature) != features.end()) bytes.emplace_back(feature);
  findings.push_back({"products of bytes", bytes.empty()
                                               ? "no instruction of this CPU for them"
                                               : fmt::format("{}", fmt::join(bytes, ", "))});
}

void addThreads(Findings& findings) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const int usable = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 0;
  findings.push_back({"threads", fmt::format("{} CPUs, {} of them this process may use",
                                             std::thread::hardware_concurrency(), usable)});
  const auto limit = wordsOf(firstLine("/sys/fs/cgroup/cpu.max"));
  if (limit.size() == 2 && limit[0] != "max")
    findings.push_back({"threads", fmt::format("its group has the time of {:.2f}",
                                               std::stod(limit[0]) / std::stod(limit[1]))});
}

void addMemory(Findings& findings) {
  const auto memory = facts("/proc/meminfo");
  const auto bytes = [&](const char* key) {
    const auto found = memory.find(key);
    return found == memory.end() ? size_t{0} : std::stoull(found->second) * 1024;
  };
  findings.push_back(
      {"memory", fmt::format("{}, {} of it available", bytesInWords(bytes("MemTotal")),
                             bytesInWords(bytes("MemAvailable")))});
  const std::string group = firstLine("/sys/fs/cgroup/memory.max");
  if (!group.empty() && group != "max")
    findings.push_back({"memory", bytesInWords(std::stoull(group)) + " for its group"});
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    findings.push_back({"memory", bytesInWords(limit.rlim_cur) + " of addresses (ulimit -v)"});
}

/// Devices of the kernel through which drivers reach a GPU.
std::string deviceFiles() {
  namespace fs = std::filesystem;
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/dev/dri", error))
    if (entry.path().filename().string().starts_with("renderD")) found.push_back(entry.path());
  for (const char* file : {"/dev/kgsl-3d0", "/dev/mali0", "/dev/nvidia0"})
    if (fs::exists(file, error)) found.emplace_back(file);
  std::ranges::sort(found);
  return found.empty() ? "none" : fmt::format("{}", fmt::join(found, ", "));
}

void addDevices(Findings& findings) {
  findings.push_back({"GPU files", deviceFiles()});
  for (const BackendInfo& one : backendsHere()) {
    const std::string found = *one.missing != '\0'  ? one.missing
                              : *one.device != '\0' ? one.device
                                                    : "here";
    const bool isMissing = *one.missing != '\0';
    const std::string what = fmt::format("back-end {}", one.name);
    findings.push_back(
        {what,
         isMissing ? "none" : found + (one.trouble.empty() ? "" : "; " + std::string(one.trouble)),
         isMissing ? found : ""});
  }
}

void addFiles(Findings& findings) {
  std::vector<uint8_t> pixels(8 * 8 * 3, 128);
  const vision::ImageView picture =
      vision::ImageView::packed(pixels.data(), 8, 8, vision::PixelFormat::Rgb);
  const auto say = [&](const char* what, const auto& encoded) {
    findings.push_back(encoded ? Finding{what, "read and written"}
                               : Finding{what, "none", encoded.error().message});
  };
  say("JPEG", vision::encodeJpeg(picture, 90));
  say("PNG", vision::encodePng(picture));
  constexpr std::string_view kBegun = "BM";
  const auto bmp = vision::imageInfo(std::as_bytes(std::span(kBegun)), "BMP");
  findings.push_back(!bmp && bmp.error().code == ErrorCode::Unsupported
                         ? Finding{"BMP", "none", bmp.error().message}
                         : Finding{"BMP", "read"});
  const auto video = frames::videoModule();
  findings.push_back(video ? Finding{"video", "FFmpeg's module is here"}
                           : Finding{"video", "none", video.error().message});
}

Findings examine() {
  Findings findings{{"minnow", version()}};
  addCpu(findings);
  addThreads(findings);
  addMemory(findings);
  addDevices(findings);
  addFiles(findings);
  findings.push_back({"ONNX, TFLite", hasConverter() ? "converted here" : "none",
                      hasConverter() ? "" : "this build has no converter (MINNOW_CONVERTER=OFF)"});
  return findings;
}

void doctor(bool json) {
  const Findings findings = examine();
  if (!json) {
    for (const Finding& finding : findings)
      fmt::print("{:<18} {}{}\n", finding.what, finding.found,
                 finding.help.empty() ? "" : ": " + finding.help);
    return;
  }
  nlohmann::json rows = nlohmann::json::array();
  for (const Finding& finding : findings)
    rows.push_back({{"what", finding.what}, {"found", finding.found}, {"help", finding.help}});
  printJson(rows);
}

}  // namespace

void addDoctor(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb =
      app.add_subcommand("doctor", "What this machine and this build give, and what is missing");
  verb->add_flag("--json", *json, "Report in JSON");
  verb->footer(
      "The instruction set that is chosen and why not a better one, threads, memory, GPUs with "
      "what\n"
      "stands against them, picture formats, video. Devices are opened, nothing is run on them.\n"
      "Examples:\n"
      "  minnow doctor\n"
      "  minnow doctor --json");
  verb->callback([json] { doctor(*json); });
}

}  // namespace minnow::tool
