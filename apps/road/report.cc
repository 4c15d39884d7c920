// features.jsonl and report.html.
#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace road {

namespace {

double tenth(double x) { return std::round(x * 10) / 10; }

nlohmann::ordered_json pointList(const std::vector<Point>& points) {
  auto list = nlohmann::ordered_json::array();
  for (const Point& p : points) list.push_back({tenth(p.x), tenth(p.y)});
  return list;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string base64(const std::vector<std::byte>& bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? std::to_integer<uint32_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

constexpr const char* kHead = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Minnow: road features</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1100px;padding:1.5rem;color:#1c2530;background:#f6f7f9}
h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%;background:#fff;font-size:.92em}
th,td{padding:.3rem .6rem;border-bottom:1px solid #e3e7ec;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
th{background:#eef1f5;font-weight:600}
img{width:100%;height:auto;border-radius:6px;display:block;margin:.4rem 0}
.dot{display:inline-block;width:.8em;height:.8em;border-radius:50%;margin-right:.5em;border:1px solid #0003}
.big{font-weight:600}summary{cursor:pointer;padding:.3rem 0;color:#42566b}
.sum{display:flex;gap:2.5rem;flex-wrap:wrap;margin:1rem 0}.sum b{display:block;font-size:1.35rem}
@media(prefers-color-scheme:dark){body{background:#14181d;color:#dde3ea}table{background:#1b2128}th{background:#242c35}th,td{border-color:#2c3540}summary{color:#9db2c8}}
</style></head><body>
)html";

double mib(size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

/// The process's largest resident size, in bytes; 0 where /proc does not say.
size_t peakResident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  return 0;
}

std::string dot(const Worker& worker) {
  const auto& c = worker.entry.colour;
  return fmt::format("<span class=dot style=\"background:rgb({},{},{})\"></span>", c[0], c[1],
                     c[2]);
}

std::string modelTable(const std::vector<Worker>& workers) {
  std::string out =
      "<table><tr><th>model</th><th>finds</th><th class=n>runs</th><th class=n>ms a run</th>"
      "<th class=n>weights, MiB</th><th class=n>feature maps, MiB</th></tr>\n";
  for (const Worker& w : workers) {
    const std::string time = w.runs ? fmt::format("{:.1f}", w.milliseconds / w.runs) : "–";
    out += fmt::format(
        "<tr><td>{}{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{:.2f}</td>"
        "<td class=n>{:.2f}</td></tr>\n",
        dot(w), escaped(w.entry.name), escaped(w.entry.task), w.runs, time,
        mib(w.network.staticBytes()), mib(w.network.dynamicBytes()));
  }
  return out + "</table>\n";
}

std::string summary(const std::vector<PictureResult>& pictures, const std::vector<Worker>& workers,
                    const minnow::MemoryLedger& held, int threads) {
  size_t maps = 0, features = 0;
  for (const Worker& w : workers) maps += w.network.dynamicBytes();
  for (const PictureResult& p : pictures) features += p.features.size();
  return fmt::format(
      "<div class=sum><div><b>{}</b>models in one process</div><div><b>{}</b>pictures</div>"
      "<div><b>{}</b>features</div><div><b>{:.1f} MiB</b>weights, mapped from the files</div>"
      "<div><b>{:.1f} MiB</b>feature maps: one shared arena<br>(one for each model: {:.1f} "
      "MiB)</div>"
      "<div><b>{:.0f} MiB</b>largest resident size</div><div><b>{}</b>threads</div></div>\n",
      workers.size(), pictures.size(), features, mib(held.staticBytes), mib(held.dynamicBytes),
      mib(maps), mib(peakResident()), threads);
}

std::string where(const Feature& f) {
  std::string out;
  for (size_t i = 0; i < f.points.size() && i < 4; ++i)
    out += fmt::format("{}{:.0f},{:.0f}", i ? " · " : "", f.points[i].x, f.points[i].y);
  return f.points.size() > 4 ? out + fmt::format(" … ({} points)", f.points.size()) : out;
}

std::string rows(const std::vector<const Shown*>& shown) {
  std::string out =
      "<table><tr><th>kind</th><th>what</th><th "
      "class=n>score</th><th>where</th><th>says</th></tr>\n";
  for (const Shown* s : shown)
    out += fmt::format(
        "<tr><td>{}</td><td class=big>{}</td><td class=n>{:.2f}</td><td>{}</td><td>{}</td></tr>\n",
        escaped(s->feature.kind), escaped(s->feature.text), s->feature.score, where(s->feature),
        escaped(fmt::format("{}", fmt::join(s->models, ", "))));
  return out + "</table>\n";
}

/// Texts, signs, objects and faces in the open; lines and areas, of which there are many, folded.
std::string featureTables(const PictureResult& picture) {
  std::vector<const Shown*> open, folded;
  for (const Shown& s : picture.shown)
    (s.feature.form == Form::Line || s.feature.kind == "area" ? folded : open).push_back(&s);
  std::stable_sort(open.begin(), open.end(), [](const Shown* a, const Shown* b) {
    return a->feature.kind > b->feature.kind;  // text, sign, object, face
  });
  std::string out = open.empty() ? "" : rows(open);
  if (!folded.empty())
    out += fmt::format("<details><summary>{} lines and areas</summary>{}</details>\n",
                       folded.size(), rows(folded));
  return out;
}

}  // namespace

nlohmann::ordered_json toJson(const Feature& feature) {
  nlohmann::ordered_json line;
  line["model"] = feature.model;
  line["kind"] = feature.kind;
  const std::vector<Point>& p = feature.points;
  if (feature.form == Form::Box && p.size() == 2)
    line["box"] = {tenth(p[0].x), tenth(p[0].y), tenth(p[1].x), tenth(p[1].y)};
  else
    line[feature.form == Form::Line ? "line" : "polygon"] = pointList(p);
  if (!feature.text.empty()) line[feature.kind == "text" ? "text" : "class"] = feature.text;
  line["score"] = std::round(feature.score * 1e4) / 1e4;
  return line;
}

std::string featureLine(const std::string& picture, const Feature& feature) {
  nlohmann::ordered_json line{{"picture", picture}};
  line.update(toJson(feature));
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string reportPage(const std::vector<PictureResult>& pictures,
                       const std::vector<Worker>& workers, const minnow::MemoryLedger& held,
                       int threads) {
  std::string page = kHead;
  page += "<h1>Road features</h1>\n" + summary(pictures, workers, held, threads);
  for (const PictureResult& p : pictures) {
    page += fmt::format("<h2>{} <small>({}×{}, {:.0f} ms)</small></h2>\n", escaped(p.name), p.width,
                        p.height, p.milliseconds);
    page += fmt::format("<img alt=\"{}\" src=\"data:image/jpeg;base64,{}\">\n", escaped(p.name),
                        base64(p.preview));
    page += featureTables(p);
  }
  page += "<h2>Models</h2>\n" + modelTable(workers);
  page += fmt::format("<p>Minnow {}</p></body></html>\n", minnow::version());
  return page;
}

}  // namespace road
