// Decoding a graph out of hostile bytes: header, checksum, FlatBuffers' structure, then every
// number on its own, then the graph's own verification, then the packed weights against the
// operators that read them.
#include "format/read.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/aligned.h"
#include "base/fail.h"
#include "format/header.h"
#include "format/schema_generated.h"
#include "kernels/pack.h"

namespace minnow::format {
namespace {

using Strings = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

struct Decoder {
  std::span<const std::byte> weights;
  std::shared_ptr<const void> owner;
  /// Bytes that decoding may still take. Parts of a FlatBuffer may be referred to many times, so
  /// that a small hostile file could ask for any amount of memory.
  size_t budget = 0;

  bool charge(size_t bytes) {
    const bool fits = bytes <= budget;
    budget -= fits ? bytes : budget;
    return fits;
  }

  Result<std::string> decodeText(const flatbuffers::String* from) {
    if (!from) return std::string();
    if (!charge(from->size())) return tooLarge();
    return from->str();
  }

  template <class T>
  Result<std::vector<T>> decodeList(const flatbuffers::Vector<T>* from) {
    if (!from) return std::vector<T>();
    if (!charge(from->size() * sizeof(T))) return tooLarge();
    // FlatBuffers' verifier lets lists of 8-byte elements begin on 4-byte boundaries, so they are
    // copied, not read in place.
    std::vector<T> list(from->size());
    if (!list.empty()) std::memcpy(list.data(), from->Data(), list.size() * sizeof(T));
    return list;
  }

  Result<std::vector<std::string>> decodeTexts(const Strings* from) {
    std::vector<std::string> texts;
    for (size_t i = 0; from && i < from->size(); ++i) {
      auto one = decodeText(from->Get(static_cast<flatbuffers::uoffset_t>(i)));
      if (!one) return std::unexpected(one.error());
      if (!charge(sizeof(std::string))) return tooLarge();
      texts.push_back(std::move(*one));
    }
    return texts;
  }

  static std::unexpected<Error> tooLarge() {
    return fail(ErrorCode::BadModel, "the metadata unfolds to more than a file of this size holds");
  }

  Result<ops::AttributeValue> decodeAttribute(const fb::Attribute& from);
  Result<ops::AttributeMap> decodeAttributes(const fb::Node& from);
  Result<std::shared_ptr<const ir::Constant>> decodeBytes(uint64_t offset, uint64_t bytes);
  Result<std::shared_ptr<const ir::Constant>> decodeConstant(const fb::Value& from,
                                                             const ir::Value& value);
  Result<ir::Value> decodeValue(const fb::Value& from);
  Result<ir::Node> decodeNode(const fb::Node& from);
  Result<std::vector<ir::Setting>> decodeSettings(const fb::Node& from);
  Result<void> decodeChains(const fb::Model& from, ir::Graph& graph);
  Result<void> decodeSizes(const fb::Model& from, ir::Graph& graph);
  Result<void> decodeExtents(const fb::Model& from, ir::Graph& graph);
  Result<void> decodeParts(const fb::Model& from, ir::Graph& graph);
  Result<ir::Graph> decodeModel(const fb::Model& from);
};

/// The value of one alternative of an attribute.
template <class T>
Result<ops::AttributeValue> asAttribute(Result<T> value) {
  if (!value) return std::unexpected(value.error());
  return ops::AttributeValue(std::move(*value));
}

Result<ops::AttributeValue> Decoder::decodeAttribute(const fb::Attribute& from) {
  switch (from.type()) {
    case fb::AttributeType::Integer:
      return ops::AttributeValue(from.integer());
    case fb::AttributeType::Number:
      return ops::AttributeValue(from.number());
    case fb::AttributeType::Text:
      return asAttribute(decodeText(from.text()));
    case fb::AttributeType::Integers:
      return asAttribute(decodeList(from.integers()));
    case fb::AttributeType::Numbers:
      return asAttribute(decodeList(from.numbers()));
  }
  return fail(ErrorCode::BadModel, "an attribute of unknown type");
}

Result<ops::AttributeMap> Decoder::decodeAttributes(const fb::Node& from) {
  ops::AttributeMap map;
  if (!from.attributes()) return map;
  for (const fb::Attribute* attribute : *from.attributes()) {
    auto name = decodeText(attribute->name());
    if (!name) return std::unexpected(name.error());
    auto value = decodeAttribute(*attribute);
    if (!value) return std::unexpected(value.error());
    if (!charge(sizeof(ops::AttributeMap::value_type))) return tooLarge();
    map.emplace_back(std::move(*name), std::move(*value));
  }
  return map;
}

// Values ------------------------------------------------------------------------------------------

Result<void> checkType(const ir::Value& value) {
  if (elementSize(value.type.type) == 0)
    return fail(ErrorCode::BadModel, "the element type ", static_cast<int>(value.type.type),
                " is unknown");
  if (auto ok = ops::checkShape(value.type.shape); !ok) return ok;
  if (value.order == ops::StorageOrder::ChannelsLast && value.type.shape.rank() < 3)
    return fail(ErrorCode::BadModel, "channels-last storage wants a rank of at least 3");
  return {};
}

/// Packed elements lie as the packing says, so no storage order can be said too. How many bytes
/// they have, and whether they can be packed at all, their readers say: checkPackedInputs().
Result<void> checkPacking(const ir::Value& value) {
  if (value.packing == Packing::None) return {};
  const DataType packed = kernels::packedType(value.packing);
  if (packed == DataType::Undefined)
    return fail(ErrorCode::VersionMismatch, "this engine has no packing ",
                static_cast<int>(value.packing), "; use an engine as new as the converter");
  if (value.type.type != packed)
    return fail(ErrorCode::BadModel, "packed as ", packingName(value.packing), ", which is for ",
                packed, ", not ", value.type.type);
  if (value.order != ops::StorageOrder::Plain || !value.isConstant())
    return fail(ErrorCode::BadModel, "packed as ", packingName(value.packing),
                ", which is for constants in plain order");
  return {};
}

Result<std::shared_ptr<const ir::Constant>> Decoder::decodeBytes(uint64_t offset, uint64_t bytes) {
  // The area ends with bytes that belong to no constant, so that a vector may be read past any.
  const size_t room = weights.size() - base::kAlignment;
  if (offset % base::kAlignment != 0 || offset > room || bytes > room - offset)
    return fail(ErrorCode::BadModel, bytes, " bytes at ", offset, " of the weights' ", room,
                " are out of range or not aligned");
  return std::make_shared<ir::Constant>(ir::Constant{weights.subspan(offset, bytes), owner});
}

Result<std::shared_ptr<const ir::Constant>> Decoder::decodeConstant(const fb::Value& from,
                                                                    const ir::Value& value) {
  const uint64_t bytes = from.bytes();
  const uint64_t plain =
      static_cast<uint64_t>(value.type.shape.elements()) * elementSize(value.type.type);
  if (value.packing == Packing::None && bytes != plain)
    return fail(ErrorCode::BadModel, "a constant of ", bytes, " bytes, its shape ",
                value.type.shape, " wants ", plain);
  return decodeBytes(from.offset(), bytes);
}

Result<ir::Value> Decoder::decodeValue(const fb::Value& from) {
  ir::Value value;
  auto name = decodeText(from.name());
  if (!name) return std::unexpected(name.error());
  value.name = std::move(*name);
  const auto inValue = [&](const Error& error) {
    return fail(error.code, "value '", value.name, "': ", error.message);
  };
  auto dims = decodeList(from.shape());
  if (!dims) return std::unexpected(dims.error());
  if (dims->size() > kMaxRank || from.order() >= static_cast<uint8_t>(ops::StorageOrder::kCount))
    return inValue({ErrorCode::BadModel, "its rank or storage order is unknown to this engine"});
  if (from.quantisation() != -1)
    return inValue({ErrorCode::VersionMismatch,
                    "this engine has no quantised values; use an engine as new as the converter"});
  value.type = {static_cast<DataType>(from.type()), Shape(*dims)};
  value.order = static_cast<ops::StorageOrder>(from.order());
  value.packing = static_cast<Packing>(from.packing());
  value.size = from.size();
  if (auto ok = checkType(value); !ok) return inValue(ok.error());
  if (from.constant()) {
    auto constant = decodeConstant(from, value);
    if (!constant) return inValue(constant.error());
    value.constant = std::move(*constant);
  }
  if (auto ok = checkPacking(value); !ok) return inValue(ok.error());
  return value;
}

// Nodes -------------------------------------------------------------------------------------------

Result<ir::Node> Decoder::decodeNode(const fb::Node& from) {
  ir::Node node;
  auto name = decodeText(from.name());
  auto kindName = decodeText(from.kind());
  auto source = decodeText(from.source());
  auto attributes = decodeAttributes(from);
  auto inputs = decodeList(from.inputs());
  auto outputs = decodeList(from.outputs());
  if (!name || !kindName || !source || !inputs || !outputs) return tooLarge();
  if (!attributes) return std::unexpected(attributes.error());
  auto settings = decodeSettings(from);
  if (!settings) return std::unexpected(settings.error());
  const auto kind = ops::opKindFromName(*kindName);
  if (!kind)
    return fail(ErrorCode::VersionMismatch, "node '", *name, "': this engine has no operator '",
                *kindName, "'; use an engine as new as the converter");
  node.op = ops::makeOperator(*kind);
  if (!node.op)
    return fail(ErrorCode::Unsupported, "node '", *name, "': operator '", *kindName,
                "' was left out of this engine; build it with this model in MINNOW_MODELS, or with "
                "MINNOW_MODELS empty for all operators");
  if (auto ok = node.op->setAttributes(*attributes); !ok)
    return fail(ok.error().code, "node '", *name, "' (", *kindName, "): ", ok.error().message,
                "; if another version of Minnow wrote the file, convert the ONNX model again");
  node.name = std::move(*name);
  node.source = std::move(*source);
  node.inputs = std::move(*inputs);
  node.outputs = std::move(*outputs);
  node.settings = std::move(*settings);
  return node;
}

Result<std::vector<ir::Setting>> Decoder::decodeSettings(const fb::Node& from) {
  std::vector<ir::Setting> settings;
  if (!from.settings()) return settings;
  for (const fb::Setting* one : *from.settings()) {
    auto attribute = decodeText(one->attribute());
    if (!attribute) return std::unexpected(attribute.error());
    if (!charge(sizeof(ir::Setting))) return tooLarge();
    settings.push_back({std::move(*attribute), one->size()});
  }
  return settings;
}

/// Copied first: see decodeList on where lists of 8-byte elements may begin.
ir::Chain decodeChain(const uint8_t* from) {
  fb::Chain chain;
  std::memcpy(&chain, from, sizeof chain);
  return {chain.first(), chain.end(), chain.rows()};
}

Result<void> Decoder::decodeChains(const fb::Model& from, ir::Graph& graph) {
  if (!from.chains()) return {};
  const size_t count = from.chains()->size();
  if (!charge(count * sizeof(ir::Chain))) return tooLarge();
  for (size_t i = 0; i < count; ++i)
    graph.chains.push_back(decodeChain(from.chains()->Data() + i * sizeof(fb::Chain)));
  return {};
}

/// The size graph stays in the file until a session is resized.
Result<void> Decoder::decodeSizes(const fb::Model& from, ir::Graph& graph) {
  if (from.sizes_bytes() > 0) {
    auto bytes = decodeBytes(from.sizes_offset(), from.sizes_bytes());
    if (!bytes) return std::unexpected(bytes.error());
    graph.sizes = std::move(*bytes);
  }
  if (!from.assumptions()) return {};
  for (const fb::Assumption* one : *from.assumptions()) {
    auto node = decodeText(one->node()), op = decodeText(one->op());
    if (!node || !op || !charge(sizeof(ir::Assumption))) return tooLarge();
    graph.assumptions.push_back({one->value(), one->expected(), std::move(*node), std::move(*op)});
  }
  return {};
}

/// Copied first: see decodeList.
ir::InputAxis decodeAxis(const uint8_t* from) {
  fb::Axis axis;
  std::memcpy(&axis, from, sizeof axis);
  return {axis.input(), axis.axis()};
}

Result<void> Decoder::decodeExtents(const fb::Model& from, ir::Graph& graph) {
  if (!from.extents()) return {};
  if (!charge(from.extents()->size() * sizeof(ir::Extent))) return tooLarge();
  for (const fb::Extent* one : *from.extents()) {
    auto name = decodeText(one->name());
    if (!name || !charge(one->axes()->size() * sizeof(ir::InputAxis))) return tooLarge();
    std::vector<ir::InputAxis> axes;
    for (size_t i = 0; i < one->axes()->size(); ++i)
      axes.push_back(decodeAxis(one->axes()->Data() + i * sizeof(fb::Axis)));
    graph.extents.push_back({std::move(*name), one->least(), one->most(), std::move(axes)});
  }
  return {};
}

Result<void> Decoder::decodeParts(const fb::Model& from, ir::Graph& graph) {
  if (!charge(from.values()->size() * sizeof(ir::Value))) return tooLarge();
  graph.values.reserve(from.values()->size());
  for (const fb::Value* one : *from.values()) {
    auto value = decodeValue(*one);
    if (!value) return std::unexpected(value.error());
    graph.values.push_back(std::move(*value));
  }
  if (!charge(from.nodes()->size() * sizeof(ir::Node))) return tooLarge();
  graph.nodes.reserve(from.nodes()->size());
  for (const fb::Node* one : *from.nodes()) {
    auto node = decodeNode(*one);
    if (!node) return std::unexpected(node.error());
    graph.nodes.push_back(std::move(*node));
  }
  return {};
}

Result<ir::Graph> Decoder::decodeModel(const fb::Model& from) {
  ir::Graph graph;
  auto name = decodeText(from.name());
  auto producer = decodeText(from.producer());
  auto inputs = decodeList(from.inputs());
  auto outputs = decodeList(from.outputs());
  auto names = decodeTexts(from.output_names());
  if (!name || !producer || !inputs || !outputs || !names) return tooLarge();
  graph.name = std::move(*name);
  graph.producer = std::move(*producer);
  graph.inputs = std::move(*inputs);
  graph.outputs = std::move(*outputs);
  graph.outputNames = std::move(*names);
  if (auto ok = decodeParts(from, graph); !ok) return std::unexpected(ok.error());
  if (auto ok = decodeChains(from, graph); !ok) return std::unexpected(ok.error());
  if (auto ok = decodeSizes(from, graph); !ok) return std::unexpected(ok.error());
  if (auto ok = decodeExtents(from, graph); !ok) return std::unexpected(ok.error());
  return graph;
}

// The whole ---------------------------------------------------------------------------------------

/// Packed weights must be what their reader expects: a kernel does not check.
Result<void> checkPackedInput(const ir::Node& node, int index, const ir::Value& value) {
  const Shape& shape = value.type.shape;
  const auto matrices = node.op->weightMatrices(index, shape, plainStrides(shape));
  if (!matrices)
    return fail(ErrorCode::BadModel, "node '", node.name, "' (", node.op->name(),
                ") takes no packed input ", index, ", and '", value.name, "' is packed as ",
                packingName(value.packing));
  const uint64_t bytes = kernels::packedBytes(value.packing, *matrices);
  if (bytes != value.constant->bytes.size())
    return fail(ErrorCode::BadModel, "node '", node.name, "' (", node.op->name(), ") wants ", bytes,
                " bytes of '", value.name, "' packed as ", packingName(value.packing), ", it has ",
                value.constant->bytes.size());
  return {};
}

Result<void> checkPackedInputs(const ir::Graph& graph) {
  for (const ir::Node& node : graph.nodes)
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == ir::kNoValue) continue;
      const ir::Value& value = graph.values[node.inputs[i]];
      if (value.packing == Packing::None) continue;
      if (auto ok = checkPackedInput(node, static_cast<int>(i), value); !ok) return ok;
    }
  for (ir::ValueId id : graph.outputs)
    if (graph.values[id].packing != Packing::None)
      return fail(ErrorCode::BadModel, "output '", graph.values[id].name, "' is packed");
  return {};
}

/// The metadata's root, after FlatBuffers' own verification.
Result<const fb::Model*> openMetadata(std::span<const std::byte> file, const Header& header) {
  if (checksum(file.subspan(sizeof header, header.weightsOffset - sizeof header)) !=
      header.metadataChecksum)
    return fail(ErrorCode::BadModel, "the metadata is damaged (its checksum differs)");
  const auto* bytes = reinterpret_cast<const uint8_t*>(file.data() + sizeof header);
  constexpr flatbuffers::uoffset_t kDepth = 8, kMostTables = 1u << 22;
  flatbuffers::Verifier verifier(bytes, header.metadataBytes, kDepth, kMostTables);
  if (!fb::VerifyModelBuffer(verifier))
    return fail(ErrorCode::BadModel, "the metadata contradicts itself");
  return fb::GetModel(bytes);
}

Result<ir::Graph> readChecked(std::span<const std::byte> file, const Header& header,
                              std::shared_ptr<const void> owner) {
  auto model = openMetadata(file, header);
  if (!model) return std::unexpected(model.error());
  if (header.weightsBytes < base::kAlignment)
    return fail(ErrorCode::BadModel, "the weights lack their padding");
  constexpr uint64_t kUnfolding = 64;  // most that honest metadata grows on the heap
  const uint64_t most =
      std::min<uint64_t>(header.metadataBytes * kUnfolding, std::numeric_limits<size_t>::max());
  Decoder decoder{file.subspan(header.weightsOffset), std::move(owner), static_cast<size_t>(most)};
  auto graph = decoder.decodeModel(**model);
  if (!graph) return graph;
  if (auto ok = graph->verify(); !ok) return std::unexpected(ok.error());
  if (auto ok = checkPackedInputs(*graph); !ok) return std::unexpected(ok.error());
  return graph;
}

}  // namespace

Result<ir::Graph> read(std::span<const std::byte> file, std::string_view sourceName,
                       std::shared_ptr<const void> owner) {
  const auto header = readHeader(file, sourceName);
  if (!header) return std::unexpected(header.error());
  if (reinterpret_cast<uintptr_t>(file.data()) % base::kAlignment != 0)
    return fail(ErrorCode::InvalidArgument, sourceName,
                ": the model's bytes do not lie on a 64-byte boundary; map the file or copy them "
                "into aligned memory");
  auto graph = readChecked(file, *header, std::move(owner));
  if (!graph) return fail(graph.error().code, sourceName, ": ", graph.error().message);
  return graph;
}

Result<void> verifyWeights(std::span<const std::byte> file, std::string_view sourceName) {
  const auto header = readHeader(file, sourceName);
  if (!header) return std::unexpected(header.error());
  if (checksum(file.subspan(header->weightsOffset)) != header->weightsChecksum)
    return fail(ErrorCode::BadModel, sourceName,
                ": the weights are damaged (their checksum differs); fetch or convert it again");
  return {};
}

}  // namespace minnow::format
