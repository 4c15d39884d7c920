// Encoding a graph.
#include "format/write.h"

#include <cstring>
#include <map>

#include "base/aligned.h"
#include "base/fail.h"
#include "format/header.h"
#include "format/schema_generated.h"

namespace minnow::format {
namespace {

// Weights -----------------------------------------------------------------------------------------

/// Gives constants their places, equal bytes the same one.
class WeightsArea {
 public:
  uint64_t add(std::span<const std::byte> bytes) {
    auto& same = byChecksum_[checksum(bytes)];
    for (const Piece& piece : same)
      if (std::ranges::equal(piece.bytes, bytes)) return piece.offset;
    same.push_back({bytes, end_});
    pieces_.push_back(same.back());
    end_ += base::alignUp(bytes.size());
    return pieces_.back().offset;
  }
  /// With the 64 bytes that let a vector be read past the last constant.
  size_t bytes() const { return end_ + base::kAlignment; }
  void copyTo(std::byte* out) const {
    for (const Piece& piece : pieces_)
      if (!piece.bytes.empty())
        std::memcpy(out + piece.offset, piece.bytes.data(), piece.bytes.size());
  }

 private:
  struct Piece {
    std::span<const std::byte> bytes;
    uint64_t offset = 0;
  };
  std::map<uint64_t, std::vector<Piece>> byChecksum_;
  std::vector<Piece> pieces_;
  uint64_t end_ = 0;
};

// Metadata ----------------------------------------------------------------------------------------

template <class T>
using Offset = flatbuffers::Offset<T>;

Offset<fb::Attribute> encodeAttribute(flatbuffers::FlatBufferBuilder& out, const std::string& name,
                                      const ops::AttributeValue& value) {
  const auto type = static_cast<fb::AttributeType>(value.index());
  const auto key = out.CreateSharedString(name);
  int64_t integer = 0;
  float number = 0;
  Offset<flatbuffers::String> words;
  Offset<flatbuffers::Vector<int64_t>> integers;
  Offset<flatbuffers::Vector<float>> numbers;
  if (const auto* v = std::get_if<int64_t>(&value)) integer = *v;
  if (const auto* v = std::get_if<float>(&value)) number = *v;
  if (const auto* v = std::get_if<std::string>(&value)) words = out.CreateString(*v);
  if (const auto* v = std::get_if<std::vector<int64_t>>(&value)) integers = out.CreateVector(*v);
  if (const auto* v = std::get_if<std::vector<float>>(&value)) numbers = out.CreateVector(*v);
  fb::AttributeBuilder attribute(out);
  attribute.add_name(key);
  attribute.add_type(type);
  attribute.add_integer(integer);
  // A float is stored even when it equals the default: -0 would otherwise come back as 0.
  if (type == fb::AttributeType::Number) {
    out.ForceDefaults(true);
    attribute.add_number(number);
    out.ForceDefaults(false);
  }
  attribute.add_text(words);
  attribute.add_integers(integers);
  attribute.add_numbers(numbers);
  return attribute.Finish();
}

/// An attribute's name, type and bytes: -0 is not 0 here.
std::string keyOf(const std::string& name, const ops::AttributeValue& value) {
  std::string key = name + '\0' + static_cast<char>(value.index());
  const auto append = [&](const auto* data, size_t count) {
    key.append(reinterpret_cast<const char*>(data), count * sizeof *data);
  };
  if (const auto* v = std::get_if<int64_t>(&value)) append(v, 1);
  if (const auto* v = std::get_if<float>(&value)) append(v, 1);
  if (const auto* v = std::get_if<std::string>(&value)) append(v->data(), v->size());
  if (const auto* v = std::get_if<std::vector<int64_t>>(&value)) append(v->data(), v->size());
  if (const auto* v = std::get_if<std::vector<float>>(&value)) append(v->data(), v->size());
  return key;
}

/// Attributes that are there already: most nodes have the same strides, groups, paddings.
using KnownAttributes = std::map<std::string, Offset<fb::Attribute>>;

Offset<fb::Attribute> sharedAttribute(flatbuffers::FlatBufferBuilder& out, const std::string& name,
                                      const ops::AttributeValue& value, KnownAttributes& known) {
  const std::string key = keyOf(name, value);
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  return known[key] = encodeAttribute(out, name, value);
}

/// Those of a graph that its values have, and where each is among them.
class UsedQuantisations {
 public:
  explicit UsedQuantisations(const ir::Graph& graph) : graph_(graph) {
    for (const ir::Value& value : graph.values)
      if (value.quantisation && places_.emplace(value.quantisation, used_.size()).second)
        used_.push_back(value.quantisation);
  }
  int placeOf(const ir::Value& value) const {
    return value.quantisation ? static_cast<int>(places_.at(value.quantisation)) : -1;
  }
  Offset<flatbuffers::Vector<Offset<fb::Quantisation>>> encode(
      flatbuffers::FlatBufferBuilder& out) const {
    std::vector<Offset<fb::Quantisation>> each;
    for (const uint16_t number : used_) {
      const Quantisation one = graph_.quantisations.at(number);
      const auto scales = out.CreateVector(one.scales.data(), one.scales.size());
      const auto zeros = out.CreateVector(one.zeroPoints.data(), one.zeroPoints.size());
      each.push_back(
          fb::CreateQuantisation(out, one.axis, scales, zeros, static_cast<uint8_t>(one.rule)));
    }
    return out.CreateVector(each);
  }

 private:
  const ir::Graph& graph_;
  std::map<uint16_t, size_t> places_;
  std::vector<uint16_t> used_;
};

Offset<fb::Value> encodeValue(flatbuffers::FlatBufferBuilder& out, const ir::Value& value,
                              int quantisation, WeightsArea& weights) {
  const auto name = out.CreateSharedString(value.name.view());
  const auto shape = out.CreateVector(value.type.shape.begin(), value.type.shape.rank());
  fb::ValueBuilder encoded(out);
  encoded.add_name(name);
  encoded.add_type(static_cast<uint8_t>(value.type.type));
  encoded.add_order(static_cast<uint8_t>(value.order));
  encoded.add_packing(static_cast<uint8_t>(value.packing));
  encoded.add_shape(shape);
  if (value.isConstant()) {
    encoded.add_constant(true);
    encoded.add_offset(weights.add(value.constant->bytes));
    encoded.add_bytes(value.constant->bytes.size());
  }
  encoded.add_quantisation(quantisation);
  encoded.add_size(value.size);
  return encoded.Finish();
}

Offset<fb::Node> encodeNode(flatbuffers::FlatBufferBuilder& out, const ir::Node& node,
                            KnownAttributes& known) {
  std::vector<Offset<fb::Attribute>> attributes;
  for (const auto& [name, value] : node.op->attributes())
    attributes.push_back(sharedAttribute(out, name, value, known));
  const auto name = out.CreateString(node.name.view());
  const auto kind = out.CreateSharedString(ops::opKindName(node.op->kind()));
  const auto source = out.CreateSharedString(node.source.view());
  const auto list = out.CreateVector(attributes);
  const auto inputs = out.CreateVector(node.inputs.data(), node.inputs.size());
  const auto outputs = out.CreateVector(node.outputs.data(), node.outputs.size());
  Offset<flatbuffers::Vector<Offset<fb::Setting>>> settings;
  if (!node.settings.empty()) {
    std::vector<Offset<fb::Setting>> each;
    for (const ir::Setting& setting : node.settings)
      each.push_back(
          fb::CreateSetting(out, out.CreateSharedString(setting.attribute), setting.size));
    settings = out.CreateVector(each);
  }
  return fb::CreateNode(out, name, kind, source, list, inputs, outputs, settings);
}

Offset<flatbuffers::Vector<Offset<fb::Assumption>>> encodeAssumptions(
    flatbuffers::FlatBufferBuilder& out, const ir::Graph& graph) {
  if (graph.assumptions.empty()) return {};
  std::vector<Offset<fb::Assumption>> each;
  for (const ir::Assumption& one : graph.assumptions)
    each.push_back(fb::CreateAssumption(out, one.value, one.expected,
                                        out.CreateSharedString(one.node),
                                        out.CreateSharedString(one.op)));
  return out.CreateVector(each);
}

Offset<flatbuffers::Vector<Offset<fb::Extent>>> encodeExtents(flatbuffers::FlatBufferBuilder& out,
                                                              const ir::Graph& graph) {
  if (graph.extents.empty()) return {};
  std::vector<Offset<fb::Extent>> each;
  for (const ir::Extent& one : graph.extents) {
    std::vector<fb::Axis> axes;
    for (const ir::InputAxis axis : one.axes) axes.emplace_back(axis.input, axis.axis);
    const auto name = out.CreateSharedString(one.name);
    each.push_back(
        fb::CreateExtent(out, name, one.least, one.most, out.CreateVectorOfStructs(axes)));
  }
  return out.CreateVector(each);
}

void encodeModel(flatbuffers::FlatBufferBuilder& out, const ir::Graph& graph,
                 WeightsArea& weights) {
  std::vector<Offset<fb::Value>> values;
  const UsedQuantisations used(graph);
  for (const ir::Value& value : graph.values)
    values.push_back(encodeValue(out, value, used.placeOf(value), weights));
  std::vector<Offset<fb::Node>> nodes;
  KnownAttributes known;
  for (const ir::Node& node : graph.nodes) nodes.push_back(encodeNode(out, node, known));
  const auto name = out.CreateString(graph.name);
  const auto producer = out.CreateString(graph.producer);
  const auto valueList = out.CreateVector(values);
  const auto nodeList = out.CreateVector(nodes);
  const auto inputs = out.CreateVector(graph.inputs);
  const auto outputs = out.CreateVector(graph.outputs);
  const auto names = out.CreateVectorOfStrings(graph.outputNames);
  std::vector<fb::Chain> chains;
  for (const ir::Chain& chain : graph.chains)
    chains.emplace_back(chain.first, chain.end, chain.rows);
  const auto chainList = out.CreateVectorOfStructs(chains);
  const auto quantisations = used.encode(out);
  const uint64_t sizesOffset = graph.sizes ? weights.add(graph.sizes->bytes) : 0;
  const uint64_t sizesBytes = graph.sizes ? graph.sizes->bytes.size() : 0;
  const auto assumptions = encodeAssumptions(out, graph);
  const auto extents = encodeExtents(out, graph);
  out.Finish(fb::CreateModel(out, name, producer, valueList, nodeList, inputs, outputs, names,
                             chainList, quantisations, sizesOffset, sizesBytes, assumptions,
                             extents));
}

}  // namespace

Result<std::vector<std::byte>> write(const ir::Graph& graph) {
  if (auto ok = graph.verify(); !ok) return passOn(ok);
  flatbuffers::FlatBufferBuilder metadata;
  WeightsArea weights;
  encodeModel(metadata, graph, weights);

  Header header;
  header.metadataBytes = metadata.GetSize();
  header.weightsOffset = base::alignUp(sizeof header + header.metadataBytes);
  header.weightsBytes = weights.bytes();
  std::vector<std::byte> file(header.weightsOffset + header.weightsBytes);
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, metadata.GetBufferPointer(), metadata.GetSize());
  weights.copyTo(file.data() + header.weightsOffset);
  seal(file);
  return file;
}

}  // namespace minnow::format
