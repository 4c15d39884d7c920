// The page: boxes and edges as SVG, facts of each operator as JSON beside it, and a script that zooms,
// pans and shows the facts of what is clicked on.
#include "graph_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "analysis/hash.h"
#include "exit.h"
#include "layered_layout.h"
#include "page.h"
#include "profile.h"
#include "report_table.h"
#include "svg.h"
#include "words.h"

namespace minnow::tool {
namespace {

using Json = nlohmann::json;

constexpr double kHeight = 40, kLetter = 7.2, kPadding = 20, kMostWidth = 260;
constexpr int kRuns = 3;

constexpr const char* kStyle = R"(
body { max-width: none; margin: 0; padding: 0; height: 100vh; display: grid; grid-template: auto 1fr / 1fr 340px; }
header { grid-column: 1 / 3; display: flex; gap: 1rem; align-items: baseline; padding: 0.4rem 1rem; border-bottom: 1px solid var(--line); flex-wrap: wrap; }
h1 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; } input, select { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); padding: 0.1rem 0.4rem; }
#graph { width: 100%; height: 100%; min-height: 0; cursor: grab; touch-action: none; }
aside { overflow: auto; border-left: 1px solid var(--line); padding: 0 1rem; font-size: 13px; overflow-wrap: anywhere; }
aside table { width: 100%; } aside th, aside td { text-align: left; vertical-align: top; padding: 0.2rem 0.4rem; } aside th { overflow-wrap: normal; }
svg .edge { fill: none; stroke: var(--soft); stroke-width: 1.2; } svg .edge.near { stroke: var(--bound); stroke-width: 2.5; }
svg .op { cursor: pointer; } svg .op rect { fill: color-mix(in srgb, #f2a65a calc(var(--heat) * 1%), color-mix(in srgb, #6fa9dc 22%, var(--page))); stroke: var(--soft); }
svg .op.end rect { fill: color-mix(in srgb, #7cc48b 45%, var(--page)); } svg .op.view rect { stroke-dasharray: 4 3; fill: var(--page); }
svg .op text { text-anchor: middle; pointer-events: none; } svg .op.chosen rect { stroke: var(--bound); stroke-width: 3; }
svg .op.found rect { stroke: #2c8a4b; stroke-width: 4; }
@media (max-width: 700px) { body { grid-template: auto 1fr 40vh / 1fr; } header { grid-column: 1; } aside { border-left: 0; border-top: 1px solid var(--line); } }
)";

constexpr const char* kScript = R"(<script>
const svg = document.getElementById('graph'), aside = document.querySelector('aside');
const facts = JSON.parse(document.getElementById('facts').textContent);
const [wide, high] = [svg.dataset.width, svg.dataset.height].map(Number);
let view = null;
const show = () => svg.setAttribute('viewBox', [view.x, view.y, view.w, view.h].join(' '));
const fit = all => { const box = svg.getBoundingClientRect(), ratio = box.height / box.width;
  const w = all ? Math.max(wide + 40, (high + 40) / ratio) : box.width;
  view = {x: wide / 2 - w / 2, y: -20, w, h: w * ratio}; show(); };
const zoom = (factor, px, py) => { const box = svg.getBoundingClientRect();
  const fx = (px - box.left) / box.width, fy = (py - box.top) / box.height;
  view.x += view.w * fx * (1 - factor); view.y += view.h * fy * (1 - factor);
  view.w *= factor; view.h *= factor; show(); };
const move = (dx, dy) => { const scale = view.w / svg.getBoundingClientRect().width;
  view.x -= dx * scale; view.y -= dy * scale; show(); };
svg.addEventListener('wheel', e => { e.preventDefault(); zoom(Math.exp(e.deltaY * 0.0015), e.clientX, e.clientY); }, {passive: false});
const pointers = new Map(); let moved = 0;
svg.addEventListener('pointerdown', e => { pointers.set(e.pointerId, e); moved = 0; });
addEventListener('pointerup', e => pointers.delete(e.pointerId));
addEventListener('pointercancel', e => pointers.delete(e.pointerId));
addEventListener('pointermove', e => { const before = pointers.get(e.pointerId); if (!before) return;
  const others = [...pointers.values()].filter(p => p.pointerId !== e.pointerId);
  if (others.length) { const o = others[0], d = p => Math.hypot(p.clientX - o.clientX, p.clientY - o.clientY);
    zoom(d(before) / Math.max(d(e), 1), o.clientX, o.clientY); }
  else { moved += Math.abs(e.clientX - before.clientX) + Math.abs(e.clientY - before.clientY);
    move(e.clientX - before.clientX, e.clientY - before.clientY); }
  pointers.set(e.pointerId, e); });
const row = (head, text) => { const tr = document.createElement('tr');
  for (const [tag, words] of [['th', head], ['td', text]]) { const cell = document.createElement(tag); cell.textContent = words; tr.append(cell); }
  return tr; };
const choose = index => { for (const e of document.querySelectorAll('.chosen, .near')) e.classList.remove('chosen', 'near');
  const box = document.getElementById('op' + index); box.classList.add('chosen');
  for (const e of document.querySelectorAll('.edge')) if (e.dataset.from == index || e.dataset.to == index) e.classList.add('near');
  const head = document.createElement('h2'), table = document.createElement('table');
  head.textContent = facts[index].title; for (const [name, text] of facts[index].rows) table.append(row(name, text));
  aside.replaceChildren(head, table); };
for (const box of document.querySelectorAll('.op')) box.addEventListener('click', () => { if (moved < 5) choose(box.id.slice(2)); });
const heat = () => { const by = document.getElementById('heat').value, most = Math.max(...facts.map(f => f[by]), 1e-30);
  facts.forEach((f, i) => document.getElementById('op' + i).style.setProperty('--heat', 100 * f[by] / most)); };
document.getElementById('heat').addEventListener('change', heat); heat();
document.getElementById('find').addEventListener('input', e => { const text = e.target.value.toLowerCase(); let first = true;
  facts.forEach((f, i) => { const found = text !== '' && (f.title + JSON.stringify(f.rows)).toLowerCase().includes(text), box = document.getElementById('op' + i);
    box.classList.toggle('found', found);
    if (found && first) { first = false; view.x = box.dataset.x - view.w / 2; view.y = box.dataset.y - view.h / 2; show(); } }); });
document.getElementById('all').addEventListener('click', () => fit(true));
addEventListener('resize', () => { const box = svg.getBoundingClientRect(); view.h = view.w * box.height / box.width; show(); });
fit(false);
</script>
)";

struct Picture {
  std::vector<LaidBox> boxes;
  std::vector<std::string> titles, kinds;  ///< a kind is a class of the style sheet
  Json facts = Json::array();
  std::map<std::string, int, std::less<>> writers;  ///< boxes, by the tensor that they write

  int add(const std::string& title, const char* kind, std::vector<int> after) {
    const std::string shown = shortened(title, 34);
    const double width =
        std::min(kMostWidth, kPadding + kLetter * static_cast<double>(shown.size()));
    boxes.push_back({width, kHeight, std::move(after)});
    titles.push_back(shown);
    kinds.emplace_back(kind);
    return static_cast<int>(boxes.size()) - 1;
  }
};

std::string tensorInWords(const OperandInfo& tensor) {
  const std::string meaning = inWords(tensor.quantisation);
  return fmt::format("{}: {} {}, {} bits an element{}{}", tensor.name, dataTypeName(tensor.type),
                     tensor.shape.toString(), 8 * elementSize(tensor.type),
                     meaning.empty() ? "" : ", ", meaning);
}

size_t bytesOf(const OperandInfo& tensor) {
  return static_cast<size_t>(tensor.shape.elements()) * elementSize(tensor.type);
}

Json factsOf(const std::string& title, double ms, size_t bytes) {
  return {{"title", title}, {"ms", ms}, {"bytes", bytes}, {"rows", Json::array()}};
}

void addEnd(Picture& picture, const char* what, const TensorInfo& info, std::vector<int> after) {
  picture.writers[info.name] =
      picture.add(fmt::format("{} {}", what, info.name), "end", std::move(after));
  Json facts = factsOf(fmt::format("{} {}", what, info.name), 0, 0);
  facts["rows"] = {{"type", typeInWords(info)}};
  picture.facts.push_back(std::move(facts));
}

/// The operators before a step, each once.
std::vector<int> before(const Picture& picture, const Operands& operands) {
  std::vector<int> boxes;
  for (const OperandInfo& input : operands.inputs)
    if (const auto writer = picture.writers.find(input.name);
        writer != picture.writers.end() && std::ranges::find(boxes, writer->second) == boxes.end())
      boxes.push_back(writer->second);
  return boxes;
}

void addStep(Picture& picture, const StepCost& step, const Operands& operands, double allMs,
             const std::vector<std::string>& hashes) {
  const bool isView = step.info.kernel == "view";
  size_t bytes = 0;
  for (const OperandInfo& output : operands.outputs) bytes += isView ? 0 : bytesOf(output);
  Json facts = factsOf(step.info.type, step.ms, bytes);
  Json& rows = facts["rows"];
  const auto say = [&](const char* head, const std::string& text) { rows.push_back({head, text}); };
  say("node", step.info.name);
  say("kernel", analysis::kernelInWords(step.info.backend, step.info.kernel));
  say("time", fmt::format("{:.3f} ms, {:.1f} % of the run", step.ms,
                          100 * step.ms / std::max(allMs, 1e-12)));
  if (step.info.multiplyAdds > 0)
    say("multiply-adds", countInWords(static_cast<double>(step.info.multiplyAdds)));
  say("results", bytesInWords(bytes));
  for (const OperandInfo& input : operands.inputs)
    if (input.type != DataType::Undefined)
      say(input.constant ? "weights" : "input", tensorInWords(input));
  for (size_t i = 0; i < operands.outputs.size(); ++i) {
    if (operands.outputs[i].type == DataType::Undefined) continue;
    say("output", tensorInWords(operands.outputs[i]));
    if (i < hashes.size()) say("hash", hashes[i]);
  }
  const int box = picture.add(step.info.type, isView ? "view" : "", before(picture, operands));
  for (const OperandInfo& output : operands.outputs)
    picture.writers[std::string(output.name)] = box;
  picture.facts.push_back(std::move(facts));
}

/// Of every output of every step, of one run.
std::vector<std::vector<std::string>> hashesOf(Session& session, const InputSpecs& specs) {
  std::vector<std::vector<std::string>> hashes(session.operators().size());
  Frame frame = need(session.begin());
  specs.fill(frame, session.inputs());
  need(frame.runWithCallback({}, [&](const OperatorInfo& op, std::span<const TensorView> outputs) {
    for (const TensorView& output : outputs) hashes[op.index].push_back(analysis::hashOf(output));
    return CallbackVerdict::Continue;
  }));
  return hashes;
}

Picture pictureOf(Session& session) {
  const InputSpecs specs({"all=const:0.46875"}, {});
  const auto hashes = hashesOf(session, specs);
  const std::vector<StepCost> costs = stepCosts(session, specs, kRuns);
  double allMs = 0;
  for (const StepCost& cost : costs) allMs += cost.ms;
  Picture picture;
  for (const TensorInfo& input : session.inputs()) addEnd(picture, "input", input, {});
  for (const StepCost& cost : costs)
    addStep(picture, cost, session.operands(cost.info.index), allMs, hashes[cost.info.index]);
  for (const TensorInfo& output : session.outputs()) {
    const auto writer = picture.writers.find(output.name);
    addEnd(picture, "output", output,
           writer == picture.writers.end() ? std::vector<int>{} : std::vector<int>{writer->second});
  }
  return picture;
}

/// A curve that leaves and enters every layer straight downwards.
std::string pathOf(const LaidEdge& edge) {
  std::string path = fmt::format("M{:.1f} {:.1f}", edge.points[0].first, edge.points[0].second);
  for (size_t i = 1; i < edge.points.size(); ++i) {
    const auto [x0, y0] = edge.points[i - 1];
    const auto [x1, y1] = edge.points[i];
    const double middle = (y0 + y1) / 2;
    path +=
        fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", x0, middle, x1, middle, x1, y1);
  }
  return path;
}

std::string drawn(Picture& picture) {
  const Layers layers = layOut(picture.boxes);
  std::string out = fmt::format(
      "<svg id=\"graph\" xmlns=\"http://www.w3.org/2000/svg\" data-width=\"{:.0f}\" "
      "data-height=\"{:.0f}\">\n",
      layers.width, layers.height);
  for (const LaidEdge& edge : layers.edges)
    out += fmt::format("<path class=\"edge\" data-from=\"{}\" data-to=\"{}\" d=\"{}\"/>\n",
                       edge.from, edge.to, pathOf(edge));
  for (size_t i = 0; i < picture.boxes.size(); ++i) {
    const LaidBox& box = picture.boxes[i];
    out += fmt::format(
        "<g class=\"op {}\" id=\"op{}\" data-x=\"{:.1f}\" data-y=\"{:.1f}\"><rect x=\"{:.1f}\" "
        "y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.0f}\" rx=\"6\"/><text x=\"{:.1f}\" "
        "y=\"{:.1f}\">{}</text></g>\n",
        picture.kinds[i], i, box.x, box.y, box.x - box.width / 2, box.y - box.height / 2, box.width,
        box.height, box.x, box.y + 4, escaped(picture.titles[i]));
  }
  return out + "</svg>\n";
}

/// JSON within a page: nothing in it may end the script that it lies in.
std::string harmless(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace), out;
  for (const char c : text) c == '<' ? out += "\\u003c" : out += c;
  return out;
}

}  // namespace

std::string graphPage(const std::string& title, Session& session) {
  Picture picture = pictureOf(session);
  const std::string graph = drawn(picture);
  const size_t operators = session.operators().size();
  return htmlPage(
      title,
      fmt::format(
          "<header><h1>{}</h1><span class=\"soft\">{}</span><label>colour "
          "<select id=\"heat\"><option value=\"ms\">time</option><option value=\"bytes\">bytes of "
          "results</option></select></label><input id=\"find\" placeholder=\"find\" "
          "aria-label=\"find\"><button id=\"all\">whole</button></header>\n{}<aside><p>Wheel or "
          "two "
          "fingers zoom, dragging moves, a click on a box shows its shapes, memory, time and "
          "bits. Dashed boxes compute nothing. Times are the least of {} runs on one machine; "
          "hashes are of inputs that are all 0.46875, the same on every CPU.</p></aside>\n"
          "<script type=\"application/json\" id=\"facts\">{}</script>\n{}",
          escaped(title), fmt::format("{} operator{}", operators, operators == 1 ? "" : "s"), graph,
          kRuns, harmless(picture.facts), kScript),
      kStyle);
}

}  // namespace minnow::tool
