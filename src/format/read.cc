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
  std::shared_ptr<ir::Constants> constants = std::make_shared<ir::Constants>();
  ops::AttributeMap attributes = {};  ///< of the node at hand
  size_t quantisations = 0;           ///< that the file has

  bool charge(size_t bytes) {
    const bool fits = bytes <= budget;
    budget -= fits ? bytes : budget;
    return fits;
  }

  /// What copies is false where the budget is used up.
  bool copy(const flatbuffers::String* from, std::string& to) {
    if (!from) return true;
    if (!charge(from->size())) return false;
    to = from->str();
    return true;
  }

  /// Names stay where they are, beside the weights.
  static void borrow(const flatbuffers::String* from, ir::Name& to) {
    if (from) to = ir::Name::borrowed(from->string_view());
  }

  template <class T>
  bool copy(const flatbuffers::Vector<T>* from, std::vector<T>& to) {
    if (!from || from->size() == 0) return true;
    if (!charge(from->size() * sizeof(T))) return false;
    // FlatBuffers' verifier lets lists of 8-byte elements begin on 4-byte boundaries, so they are
    // copied, not read in place.
    to.resize(from->size());
    std::memcpy(to.data(), from->Data(), to.size() * sizeof(T));
    return true;
  }

  bool copy(const flatbuffers::Vector<int32_t>* from, ir::Ids& to) {
    if (!from) return true;
    if (!charge(from->size() * sizeof(ir::ValueId))) return false;
    to.resize(from->size());
    std::memcpy(to.data(), from->Data(), from->size() * sizeof(ir::ValueId));
    return true;
  }

  bool copy(const Strings* from, std::vector<std::string>& to) {
    if (!from) return true;
    if (!charge(from->size() * sizeof(std::string))) return false;
    to.resize(from->size());
    for (size_t i = 0; i < to.size(); ++i)
      if (!copy(from->Get(static_cast<flatbuffers::uoffset_t>(i)), to[i])) return false;
    return true;
  }

  static std::unexpected<Error> tooLarge() {
    return fail(ErrorCode::BadModel, "the metadata unfolds to more than a file of this size holds");
  }

  Result<void> decodeAttribute(const fb::Attribute& from, ops::AttributeValue& to);
  Result<void> decodeAttributes(const fb::Node& from);
  Result<std::span<const std::byte>> bytesAt(uint64_t offset, uint64_t bytes) const;
  Result<void> decodeConstant(const fb::Value& from, ir::Value& value);
  bool decodeQuantisations(const fb::Model& from, ir::Graph& graph);
  bool quantise(int number, const ir::Quantisations& known, ir::Value& value) const;
  Result<void> decodeValue(const fb::Value& from, const ir::Quantisations& quantisations,
                           ir::Value& value);
  Result<void> decodeOperator(const fb::Node& from, ir::Node& node);
  Result<void> decodeNode(const fb::Node& from, ir::Node& node);
  bool decodeSettings(const fb::Node& from, ir::Node& node);
  bool decodeChains(const fb::Model& from, ir::Graph& graph);
  Result<void> decodeSizes(const fb::Model& from, ir::Graph& graph);
  bool decodeExtents(const fb::Model& from, ir::Graph& graph);
  Result<void> decodeValues(const fb::Model& from, ir::Graph& graph);
  Result<void> decodeNodes(const fb::Model& from, ir::Graph& graph);
  Result<ir::Graph> decodeModel(const fb::Model& from);
};

Result<void> Decoder::decodeAttribute(const fb::Attribute& from, ops::AttributeValue& to) {
  bool fits = true;
  switch (from.type()) {
    case fb::AttributeType::Integer:
      to = from.integer();
      break;
    case fb::AttributeType::Number:
      to = from.number();
      break;
    case fb::AttributeType::Text:
      fits = copy(from.text(), to.emplace<std::string>());
      break;
    case fb::AttributeType::Integers:
      fits = copy(from.integers(), to.emplace<std::vector<int64_t>>());
      break;
    case fb::AttributeType::Numbers:
      fits = copy(from.numbers(), to.emplace<std::vector<float>>());
      break;
    default:
      return fail(ErrorCode::BadModel, "an attribute of unknown type");
  }
  if (!fits) return tooLarge();
  return {};
}

Result<void> Decoder::decodeAttributes(const fb::Node& from) {
  attributes.clear();
  if (!from.attributes()) return {};
  if (!charge(from.attributes()->size() * sizeof(ops::AttributeMap::value_type))) return tooLarge();
  attributes.reserve(from.attributes()->size());
  for (const fb::Attribute* attribute : *from.attributes()) {
    if (!charge(attribute->name()->size())) return tooLarge();
    auto& made = attributes.emplace_back(attribute->name()->string_view(), int64_t{0});
    if (auto ok = decodeAttribute(*attribute, made.second); !ok) return ok;
  }
  return {};
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

Result<std::span<const std::byte>> Decoder::bytesAt(uint64_t offset, uint64_t bytes) const {
  // The area ends with bytes that belong to no constant, so that a vector may be read past any.
  const size_t room = weights.size() - base::kAlignment;
  if (offset % base::kAlignment != 0 || offset > room || bytes > room - offset)
    return fail(ErrorCode::BadModel, bytes, " bytes at ", offset, " of the weights' ", room,
                " are out of range or not aligned");
  return weights.subspan(offset, bytes);
}

Result<void> Decoder::decodeConstant(const fb::Value& from, ir::Value& value) {
  const uint64_t bytes = from.bytes();
  const uint64_t plain =
      static_cast<uint64_t>(value.type.shape.elements()) * elementSize(value.type.type);
  if (value.packing == Packing::None && bytes != plain)
    return fail(ErrorCode::BadModel, "a constant of ", bytes, " bytes, its shape ",
                value.type.shape, " wants ", plain);
  const auto found = bytesAt(from.offset(), bytes);
  if (!found) return passOn(found);
  value.constant = {constants, &constants->emplace_back(*found, owner)};
  return {};
}

using Table = flatbuffers::Vector<flatbuffers::Offset<fb::Quantisation>>;

Quantisation quantisationAt(const void* table, size_t index) {
  const fb::Quantisation& from =
      *static_cast<const Table*>(table)->Get(static_cast<flatbuffers::uoffset_t>(index));
  return {{from.scales()->data(), from.scales()->size()},
          {from.zero_points()->data(), from.zero_points()->size()},
          from.axis(),
          static_cast<Quantisation::Rule>(from.rule())};
}

bool isSound(const fb::Quantisation& one) {
  const size_t scales = one.scales() ? one.scales()->size() : 0;
  const size_t zeros = one.zero_points() ? one.zero_points()->size() : 0;
  return scales > 0 && (zeros == 1 || zeros == scales) && (scales > 1) == (one.axis() >= 0);
}

/// They stay in the file.
bool Decoder::decodeQuantisations(const fb::Model& from, ir::Graph& graph) {
  if (!from.quantisations() || from.quantisations()->size() == 0) return true;
  quantisations = from.quantisations()->size();
  for (const fb::Quantisation* one : *from.quantisations())
    if (!isSound(*one)) return false;
  graph.quantisations = {from.quantisations(), &quantisationAt};
  return quantisations <= UINT16_MAX;
}

/// False of a number that the file does not have. One scale fits any tensor, several an axis that is as long.
bool Decoder::quantise(int number, const ir::Quantisations& known, ir::Value& value) const {
  if (number < -1 || std::cmp_greater_equal(number, quantisations)) return false;
  value.quantisation = static_cast<uint16_t>(number + 1);
  const Quantisation by = known.at(value.quantisation);
  const Shape& shape = value.type.shape;
  return by.axis < 0 ||
         (by.axis < shape.rank() && std::cmp_equal(by.scales.size(), shape[by.axis]));
}

/// Copied first: see copy() on where lists of 8-byte elements may begin.
Shape shapeOf(const flatbuffers::Vector<int64_t>& from) {
  std::array<int64_t, kMaxRank> dims{};
  std::memcpy(dims.data(), from.Data(), from.size() * sizeof(int64_t));
  return Shape(std::span(dims).first(from.size()));
}

Result<void> Decoder::decodeValue(const fb::Value& from, const ir::Quantisations& known,
                                  ir::Value& value) {
  borrow(from.name(), value.name);
  const auto inValue = [&](const Error& error) {
    return fail(error.code, "value '", value.name, "': ", error.message);
  };
  if ((from.shape() && from.shape()->size() > kMaxRank) ||
      from.order() >= static_cast<uint8_t>(ops::StorageOrder::kCount))
    return inValue({ErrorCode::BadModel, "its rank or storage order is unknown to this engine"});
  value.type.type = static_cast<DataType>(from.type());
  if (from.shape()) value.type.shape = shapeOf(*from.shape());
  if (!quantise(from.quantisation(), known, value))
    return inValue({ErrorCode::BadModel, "its scales do not fit its shape"});
  value.order = static_cast<ops::StorageOrder>(from.order());
  value.packing = static_cast<Packing>(from.packing());
  value.size = from.size();
  if (auto ok = checkType(value); !ok) return inValue(ok.error());
  if (from.constant())
    if (auto ok = decodeConstant(from, value); !ok) return inValue(ok.error());
  if (auto ok = checkPacking(value); !ok) return inValue(ok.error());
  return {};
}

// Nodes -------------------------------------------------------------------------------------------

Result<void> Decoder::decodeOperator(const fb::Node& from, ir::Node& node) {
  const std::string_view kindName = from.kind()->string_view();
  const auto kind = ops::opKindFromName(kindName);
  if (!kind)
    return fail(ErrorCode::VersionMismatch, "node '", node.name, "': this engine has no operator '",
                kindName, "'; use an engine as new as the converter");
  node.op = ops::makeOperator(*kind);
  if (!node.op)
    return fail(ErrorCode::Unsupported, "node '", node.name, "': operator '", kindName,
                "' was left out of this engine; build it with this model in MINNOW_MODELS, or with "
                "MINNOW_MODELS empty for all operators");
  if (auto ok = node.op->setAttributes(std::move(attributes)); !ok)
    return fail(ok.error().code, "node '", node.name, "' (", kindName, "): ", ok.error().message,
                "; if another version of Minnow wrote the file, convert the ONNX model again");
  return {};
}

Result<void> Decoder::decodeNode(const fb::Node& from, ir::Node& node) {
  borrow(from.name(), node.name), borrow(from.source(), node.source);
  if (!copy(from.inputs(), node.inputs) || !copy(from.outputs(), node.outputs) ||
      !decodeSettings(from, node))
    return tooLarge();
  if (auto ok = decodeAttributes(from); !ok) return ok;
  return decodeOperator(from, node);
}

bool Decoder::decodeSettings(const fb::Node& from, ir::Node& node) {
  if (!from.settings()) return true;
  for (const fb::Setting* one : *from.settings()) {
    if (!charge(sizeof(ir::Setting))) return false;
    ir::Setting& setting = node.settings.emplace_back();
    if (!copy(one->attribute(), setting.attribute)) return false;
    setting.size = one->size();
  }
  return true;
}

/// Copied first: see copy().
ir::Chain decodeChain(const uint8_t* from) {
  fb::Chain chain;
  std::memcpy(&chain, from, sizeof chain);
  return {chain.first(), chain.end(), chain.rows()};
}

bool Decoder::decodeChains(const fb::Model& from, ir::Graph& graph) {
  if (!from.chains()) return true;
  const size_t count = from.chains()->size();
  if (!charge(count * sizeof(ir::Chain))) return false;
  graph.chains.reserve(count);
  for (size_t i = 0; i < count; ++i)
    graph.chains.push_back(decodeChain(from.chains()->Data() + i * sizeof(fb::Chain)));
  return true;
}

/// The size graph stays in the file until a session is resized.
Result<void> Decoder::decodeSizes(const fb::Model& from, ir::Graph& graph) {
  if (from.sizes_bytes() > 0) {
    const auto bytes = bytesAt(from.sizes_offset(), from.sizes_bytes());
    if (!bytes) return passOn(bytes);
    graph.sizes = std::make_shared<ir::Constant>(ir::Constant{*bytes, owner});
  }
  if (!from.assumptions()) return {};
  for (const fb::Assumption* one : *from.assumptions()) {
    if (!charge(sizeof(ir::Assumption))) return tooLarge();
    ir::Assumption& assumption = graph.assumptions.emplace_back();
    assumption.value = one->value();
    assumption.expected = one->expected();
    if (!copy(one->node(), assumption.node) || !copy(one->op(), assumption.op)) return tooLarge();
  }
  return {};
}

/// Copied first: see copy().
ir::InputAxis decodeAxis(const uint8_t* from) {
  fb::Axis axis;
  std::memcpy(&axis, from, sizeof axis);
  return {axis.input(), axis.axis()};
}

bool Decoder::decodeExtents(const fb::Model& from, ir::Graph& graph) {
  if (!from.extents()) return true;
  for (const fb::Extent* one : *from.extents()) {
    if (!charge(sizeof(ir::Extent) + one->axes()->size() * sizeof(ir::InputAxis))) return false;
    ir::Extent& extent = graph.extents.emplace_back();
    if (!copy(one->name(), extent.name)) return false;
    extent.least = one->least();
    extent.most = one->most();
    for (size_t i = 0; i < one->axes()->size(); ++i)
      extent.axes.push_back(decodeAxis(one->axes()->Data() + i * sizeof(fb::Axis)));
  }
  return true;
}

Result<void> Decoder::decodeValues(const fb::Model& from, ir::Graph& graph) {
  const auto count = static_cast<size_t>(
      std::ranges::count_if(*from.values(), [](const fb::Value* one) { return one->constant(); }));
  if (!charge(from.values()->size() * sizeof(ir::Value) + count * sizeof(ir::Constant)))
    return tooLarge();
  graph.values.reserve(from.values()->size());
  constants->reserve(count);  // none may move afterwards
  for (const fb::Value* one : *from.values())
    if (auto ok = decodeValue(*one, graph.quantisations, graph.values.emplace_back()); !ok)
      return ok;
  return {};
}

Result<void> Decoder::decodeNodes(const fb::Model& from, ir::Graph& graph) {
  if (!charge(from.nodes()->size() * sizeof(ir::Node))) return tooLarge();
  graph.nodes.reserve(from.nodes()->size());
  for (const fb::Node* one : *from.nodes())
    if (auto ok = decodeNode(*one, graph.nodes.emplace_back()); !ok) return ok;
  return {};
}

Result<ir::Graph> Decoder::decodeModel(const fb::Model& from) {
  ir::Graph graph;
  if (!copy(from.name(), graph.name) || !copy(from.producer(), graph.producer) ||
      !copy(from.inputs(), graph.inputs) || !copy(from.outputs(), graph.outputs) ||
      !copy(from.output_names(), graph.outputNames) || !decodeChains(from, graph) ||
      !decodeExtents(from, graph))
    return tooLarge();
  if (!decodeQuantisations(from, graph))
    return fail(ErrorCode::BadModel, "scales do not fit zero points");
  if (auto ok = decodeValues(from, graph); !ok) return passOn(ok);
  if (auto ok = decodeNodes(from, graph); !ok) return passOn(ok);
  if (auto ok = decodeSizes(from, graph); !ok) return passOn(ok);
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

/// Inlined as a whole: call by call, it took a quarter of the time of loading.
[[gnu::flatten]] bool isSound(flatbuffers::Verifier verifier) {
  return fb::VerifyModelBuffer(verifier);
}

/// The metadata's root, after FlatBuffers' own verification.
Result<const fb::Model*> openMetadata(std::span<const std::byte> file, const Header& header) {
  if (checksum(file.subspan(sizeof header, header.weightsOffset - sizeof header)) !=
      header.metadataChecksum)
    return fail(ErrorCode::BadModel, "the metadata is damaged (its checksum differs)");
  const auto* bytes = reinterpret_cast<const uint8_t*>(file.data() + sizeof header);
  constexpr flatbuffers::uoffset_t kDepth = 8, kMostTables = 1u << 22;
  if (!isSound(flatbuffers::Verifier(bytes, header.metadataBytes, kDepth, kMostTables)))
    return fail(ErrorCode::BadModel, "the metadata contradicts itself");
  return fb::GetModel(bytes);
}

Result<ir::Graph> readChecked(std::span<const std::byte> file, const Header& header,
                              std::shared_ptr<const void> owner) {
  auto model = openMetadata(file, header);
  if (!model) return passOn(model);
  if (header.weightsBytes < base::kAlignment)
    return fail(ErrorCode::BadModel, "the weights lack their padding");
  constexpr uint64_t kUnfolding = 64;  // most that honest metadata grows on the heap
  const uint64_t most =
      std::min<uint64_t>(header.metadataBytes * kUnfolding, std::numeric_limits<size_t>::max());
  Decoder decoder{file.subspan(header.weightsOffset), std::move(owner), static_cast<size_t>(most)};
  auto graph = decoder.decodeModel(**model);
  if (!graph) return graph;
  if (auto ok = graph->verify(); !ok) return passOn(ok);
  if (auto ok = checkPackedInputs(*graph); !ok) return passOn(ok);
  return graph;
}

}  // namespace

Result<ir::Graph> read(std::span<const std::byte> file, std::string_view sourceName,
                       std::shared_ptr<const void> owner) {
  const auto header = readHeader(file, sourceName);
  if (!header) return passOn(header);
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
  if (!header) return passOn(header);
  if (checksum(file.subspan(header->weightsOffset)) != header->weightsChecksum)
    return fail(ErrorCode::BadModel, sourceName,
                ": the weights are damaged (their checksum differs); fetch or convert it again");
  return {};
}

}  // namespace minnow::format
