// What users see of a program.
#include "base/fail.h"
#include "program/program.h"

namespace minnow::program {
namespace {

std::vector<OperandInfo> operandsOf(const Program& program, std::span<const ir::ValueId> ids,
                                    const ir::Graph& names) {
  std::vector<OperandInfo> infos;
  for (const ir::ValueId id : ids) {
    OperandInfo& info = infos.emplace_back();
    if (id == ir::kNoValue) continue;
    const auto& [type, shape] = program.typeOf(id);
    const ir::ValueId own = program.modelsOwn(id);
    info = {names.values[own].name,
            type,
            shape,
            program.places[id].buffer == kNone,
            program.storedAs(id),
            names.quantisationOf(own)};
  }
  return infos;
}

/// Which path, stage and lane.
void placeInLanes(const Program& program, const Lane& of, OperatorInfo& info) {
  info.path = of.path;
  for (const Lane& lane : program.lanes) {
    const bool begins = &lane == program.lanes.data() || (&lane)[-1].stageEnd != lane.stageEnd;
    info.stage += begins;
    info.lane = begins ? 0 : info.lane + 1;
    if (&lane == &of) return;
  }
}

std::string bandName(int band) { return band == 0 ? "" : text(", band ", band + 1); }

}  // namespace

OperatorInfo describeOperator(const Program& program, size_t step) {
  const ir::Node& node = program.graph->nodes[step];
  const backend::Kernel* kernel = program.steps[step].kernel.get();
  OperatorInfo info{node.name.str(), node.op->name(), kernel ? kernel->name() : "view", 0, step};
  info.kind = ops::opKindName(node.op->kind());
  if (kernel) info.backend = program.steps[step].backend->name();
  if (backend::kHasDevices && kernel) info.launches = kernel->launches();
  if (!program.refusals.empty()) info.refused = program.refusals[step];
  if (kernel)
    info.multiplyAdds =
        node.op->multiplyAdds(program.typesOf(node.inputs), program.typesOf(node.outputs));
  const Lane* lane = program.laneAt(step);
  if (kHasPaths && lane != nullptr) placeInLanes(program, *lane, info);
  return info;
}

Operands describeOperands(const Program& program, size_t step, const ir::Graph& names) {
  const ir::Node& node = program.graph->nodes[step];
  return {operandsOf(program, node.inputs, names), operandsOf(program, node.outputs, names)};
}

std::vector<PlannedMemory> describeMemory(const Program& program) {
  const ir::Graph& graph = *program.graph;
  std::vector<std::string> names(program.buffers.size());
  const auto nameBuffers = [&](std::span<const ir::ValueId> ids, int band) {
    for (const ir::ValueId id : ids)
      if (id != ir::kNoValue && program.places[id].buffer != kNone)
        names[program.strips.bufferOf(program.places[id].buffer, band)] =
            graph.values[id].name + bandName(band);
  };
  nameBuffers(graph.inputs, 0);
  for (int n = 0; n < program.strips.steps(); ++n)
    for (int band = program.strips.bandsAt(n); band-- > 0;) {  // the first names what they share
      nameBuffers(graph.nodes[n].outputs, band);
      if (const int32_t workspace = program.steps[n].workspace; workspace != kNone)
        names[workspace + band] = "workspace of " + graph.nodes[n].name + bandName(band);
    }
  std::vector<PlannedMemory> memory;
  for (size_t b = 0; b < program.buffers.size(); ++b) {
    const Buffer& buffer = program.buffers[b];
    if (buffer.first == planning::Buffer::kUnused) continue;
    memory.push_back({names[b], buffer.offset, buffer.bytes, static_cast<size_t>(buffer.first),
                      static_cast<size_t>(buffer.last), buffer.lineBuffer >= 0,
                      buffer.device == kNone ? "" : program.devices[buffer.device]->name()});
  }
  return memory;
}

}  // namespace minnow::program
