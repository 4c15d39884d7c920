// A TensorFlow Lite file to a graph: the file is verified as a whole, then constants, inputs, and operator by operator
// in the file's order. Operators that cannot be imported are collected, as of ONNX.
#include "converter/tflite/import.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/fail.h"
#include "converter/onnx/graph_inputs.h"
#include "converter/tflite/operator.h"

namespace minnow::converter {

#define MINNOW_TFLITE(number, name, function, quantised) void function(TfliteOperator&);
#define MINNOW_TFLITE_BYTES(number, name, function, bytesFunction) \
  void function(TfliteOperator&);                                  \
  void bytesFunction(TfliteOperator&);
#define MINNOW_TFLITE_REFUSED(number, name)
#include "converter/tflite/import_list.inc"
#undef MINNOW_TFLITE
#undef MINNOW_TFLITE_BYTES
#undef MINNOW_TFLITE_REFUSED
void importConvolution2DTransposeBias(TfliteOperator&);
void importMaxPoolingWithArgmax2D(TfliteOperator&);
void importMaxUnpooling2D(TfliteOperator&);
void importDetectionPostProcess(TfliteOperator&);

namespace {

using flatbuffers::uoffset_t;

/// What an operator makes of integers that stand for real numbers.
enum class Quantised : uint8_t { Refused, Moved, Own };

struct OperatorRow {
  int number;
  const char* name;
  void (*import)(TfliteOperator&);  ///< null: refused
  Quantised quantised;
  void (*importBytes)(TfliteOperator&) = nullptr;  ///< where any tensor is quantised
};
constexpr OperatorRow kOperators[] = {
#define MINNOW_TFLITE(number, name, function, quantised) \
  {number, #name, function, Quantised::quantised},
#define MINNOW_TFLITE_BYTES(number, name, function, bytesFunction) \
  {number, #name, function, Quantised::Refused, bytesFunction},
#define MINNOW_TFLITE_REFUSED(number, name) {number, #name, nullptr, Quantised::Refused},
#include "converter/tflite/import_list.inc"
#undef MINNOW_TFLITE
#undef MINNOW_TFLITE_BYTES
#undef MINNOW_TFLITE_REFUSED
};
constexpr int kCustom = 32;
constexpr OperatorRow kCustomOperators[] = {
    {kCustom, "Convolution2DTransposeBias", importConvolution2DTransposeBias, Quantised::Refused},
    {kCustom, "MaxPoolingWithArgmax2D", importMaxPoolingWithArgmax2D, Quantised::Refused},
    {kCustom, "MaxUnpooling2D", importMaxUnpooling2D, Quantised::Refused},
    {kCustom, "TFLite_Detection_PostProcess", importDetectionPostProcess, Quantised::Own},
};

/// The number was a byte once, and 127 stands for those that are larger.
int numberOf(const tfl::OperatorCode& code) {
  return std::max<int>(code.builtin_code(), code.deprecated_builtin_code());
}

const OperatorRow* rowOf(const tfl::OperatorCode& code) {
  const int number = numberOf(code);
  if (number != kCustom) {
    const auto* row = std::ranges::find(kOperators, number, &OperatorRow::number);
    return row == std::end(kOperators) ? nullptr : row;
  }
  const std::string_view name = code.custom_code() ? code.custom_code()->string_view() : "";
  const auto* row = std::ranges::find(
      kCustomOperators, name, [](const OperatorRow& one) { return std::string_view(one.name); });
  return row == std::end(kCustomOperators) ? nullptr : row;
}

std::string nameOf(const tfl::OperatorCode& code) {
  if (const OperatorRow* row = rowOf(code)) return row->name;
  if (numberOf(code) != kCustom) return text("operator ", numberOf(code));
  return "custom operator " +
         (code.custom_code() ? code.custom_code()->str() : std::string("without a name"));
}

/// The file as tables, or an error.
Result<const tfl::Model*> verified(std::span<const std::byte> file) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(file.data());
  flatbuffers::Verifier verifier(bytes, file.size());
  if (!isTflite(file) || !tfl::VerifyModelBuffer(verifier))
    return fail(ErrorCode::BadModel,
                "the file is no TensorFlow Lite model, or it is truncated or damaged");
  const tfl::Model* model = tfl::GetModel(bytes);
  if (model->version() != 3)
    return fail(ErrorCode::Unsupported, "the model is of version ", model->version(),
                " of the TensorFlow Lite format; 3 is known");
  if (!model->subgraphs() || model->subgraphs()->size() == 0 || !model->operator_codes() ||
      !model->buffers() || !model->subgraphs()->Get(0)->tensors())
    return fail(ErrorCode::BadModel, "the file holds no graph");
  return model;
}

/// Names that are unique: files may have tensors without one, or two of one.
std::vector<std::string> namesOf(const tfl::SubGraph& graph) {
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const tfl::Tensor* tensor : *graph.tensors()) {
    std::string name = tensor->name() ? tensor->name()->str() : "";
    if (name.empty() || name.starts_with('~') || taken.contains(name))
      name += text("#", names.size());
    taken.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

class ModelImport {
 public:
  ModelImport(const tfl::Model& model, std::span<const std::byte> file, ImportState& state)
      : model_(model), graph_(*model.subgraphs()->Get(0)), file_(file), state_(state) {}

  void run() {
    if (model_.subgraphs()->size() > 1)
      state_.report.warnings.push_back(text("the model has ", model_.subgraphs()->size(),
                                            " graphs; the first one is converted"));
    state_.report.format = "TensorFlow Lite version";
    state_.report.opset = 3;
    state_.graph.name = graph_.name() ? graph_.name()->str() : "";
    state_.graph.producer = model_.description() ? model_.description()->str() : "";
    readTensors();
    checkNumbers();
    addConstants();
    addInputs();
    importOperators();
    if (state_.report.unsupported.empty()) bindOutputs();
  }

 private:
  void readTensors() {
    const std::vector<std::string> names = namesOf(graph_);
    for (uoffset_t i = 0; i < graph_.tensors()->size(); ++i)
      tensors_.push_back({.declared = graph_.tensors()->Get(i), .name = names[i]});
  }

  /// Every number of a tensor in range; −1 stands for an operand that is left out.
  void checkNumbers() const {
    checkNumbers(graph_.inputs(), 0, "the graph's inputs");
    checkNumbers(graph_.outputs(), 0, "the graph's outputs");
    if (!graph_.operators()) return;
    for (uoffset_t i = 0; i < graph_.operators()->size(); ++i) {
      const tfl::Operator& op = *graph_.operators()->Get(i);
      if (op.opcode_index() >= model_.operator_codes()->size())
        throw ImportError(text("the model is broken: operator ", i, " is of kind ",
                               op.opcode_index(), ", of ", model_.operator_codes()->size()));
      checkNumbers(op.inputs(), -1, text("the inputs of operator ", i));
      checkNumbers(op.outputs(), 0, text("the outputs of operator ", i));
    }
  }

  void checkNumbers(const flatbuffers::Vector<int32_t>* numbers, int least,
                    const std::string& what) const {
    if (!numbers) return;
    for (int32_t number : *numbers)
      if (number < least || number >= std::ssize(tensors_))
        throw ImportError(text("the model is broken: among ", what, " is tensor ", number, ", of ",
                               tensors_.size()));
  }

  /// A buffer's bytes; those of files beyond two gigabytes lie behind the tables.
  std::span<const std::byte> bytesOf(const TfliteTensor& tensor) const {
    const uint32_t number = tensor.declared->buffer();
    if (number >= model_.buffers()->size())
      throw ImportError(text("the model is broken: tensor '", tensor.name, "' is in buffer ",
                             number, ", of ", model_.buffers()->size()));
    const tfl::Buffer& buffer = *model_.buffers()->Get(number);
    if (buffer.data() && buffer.data()->size() > 0)
      return std::as_bytes(std::span(buffer.data()->data(), buffer.data()->size()));
    if (buffer.offset() <= 1) return {};
    if (buffer.offset() > file_.size() || buffer.size() > file_.size() - buffer.offset())
      throw ImportError(text("the model is broken: buffer ", number, " lies outside the file"));
    return file_.subspan(buffer.offset(), buffer.size());
  }

  void addConstants() {
    const std::vector<bool> isComputed = computed();
    for (size_t i = 0; i < tensors_.size(); ++i)
      if (const auto bytes = bytesOf(tensors_[i]);
          !bytes.empty() || (!isComputed[i] && holdsNothing(*tensors_[i].declared)))
        addConstant(tensors_[i], bytes);
  }

  /// Graph inputs, and what an operator writes.
  std::vector<bool> computed() const {
    std::vector<bool> all(tensors_.size());
    const auto add = [&](std::span<const int32_t> list) {
      for (int32_t number : list) all[static_cast<size_t>(number)] = true;
    };
    add(numbers(graph_.inputs()));
    if (graph_.operators())
      for (const tfl::Operator* op : *graph_.operators()) add(numbers(op->outputs()));
    return all;
  }

  /// The constant shape of a scalar, say, has no elements, and so no bytes. Of types that are not known only what is
  /// read is refused.
  static bool holdsNothing(const tfl::Tensor& tensor) {
    return tensor.shape() && std::ranges::count(*tensor.shape(), 0) > 0 &&
           dataTypeOf(tensor) != DataType::Undefined;
  }

  void addConstant(TfliteTensor& tensor, std::span<const std::byte> bytes) {
    if (tensor.declared->sparsity()) {
      tensor.sparse = bytes;
      return;
    }
    const TensorType type{dataTypeOf(*tensor.declared), declaredShape(*tensor.declared)};
    std::vector<std::byte> widened;
    if (typeName(*tensor.declared) == "INT4") {
      widened = widenedHalves(bytes, type.shape.elements());
      state_.spendBytes(widened.size());
      bytes = widened;
    }
    if (type.type == DataType::Undefined) {  // whoever reads it is refused
      tensor.failed = true;
      return unread(tensor);
    }
    if (bytes.size() != static_cast<size_t>(type.shape.elements()) * elementSize(type.type))
      throw ImportError(text("the model is broken: constant '", tensor.name, "' of shape ",
                             type.shape, " has ", bytes.size(), " bytes"));
    tensor.file = state_.graph.addConstant(tensor.name, type, bytes);
    noteQuantisation(state_.graph, tensor.file, *tensor.declared);
  }

  /// Numbers of four bits, the first in the lower half of a byte, a byte each; none if there are not as many.
  static std::vector<std::byte> widenedHalves(std::span<const std::byte> from, int64_t count) {
    std::vector<std::byte> all;
    if (std::cmp_not_equal(from.size(), count / 2 + count % 2)) return all;
    for (int64_t i = 0; i < count; ++i) {
      const auto byte = static_cast<uint8_t>(from[static_cast<size_t>(i / 2)]);
      const int half = i % 2 == 0 ? byte & 15 : byte >> 4;
      all.push_back(static_cast<std::byte>(half >= 8 ? half - 16 : half));
    }
    return all;
  }

  void unread(const TfliteTensor& tensor) {
    state_.report.unsupported.push_back(
        {tensor.name,
         "constant",
         0,
         "elements of type " + typeName(*tensor.declared) + " are not supported",
         {}});
  }

  /// Declared as ONNX declares them: shapes given, ranges and open sizes are one business.
  void addInputs() {
    ::onnx::GraphProto declared;
    for (int32_t number : numbers(graph_.inputs())) {
      const TfliteTensor& tensor = tensors_[static_cast<size_t>(number)];
      auto& info = *declared.add_input();
      info.set_name(tensor.name);
      auto& type = *info.mutable_type()->mutable_tensor_type();
      if (dataTypeOf(*tensor.declared) == DataType::Undefined ||
          typeName(*tensor.declared) == "INT4")
        throw UnsupportedModel("input '" + tensor.name + "' has elements of type " +
                               typeName(*tensor.declared) + ", which are not supported");
      type.set_elem_type(static_cast<int>(dataTypeOf(*tensor.declared)));
      const auto* signature = tensor.declared->shape_signature();
      const auto* extents =
          signature && signature->size() > 0 ? signature : tensor.declared->shape();
      type.mutable_shape();
      for (int64_t extent : numbers(extents))
        type.mutable_shape()->add_dim()->set_dim_value(extent);
    }
    declareInputs(declared, state_);
    for (int32_t number : numbers(graph_.inputs())) {
      TfliteTensor& tensor = tensors_[static_cast<size_t>(number)];
      tensor.file = state_.scopes.find(tensor.name);
      noteQuantisation(state_.graph, tensor.file, *tensor.declared);
    }
  }

  static std::span<const int32_t> numbers(const flatbuffers::Vector<int32_t>* list) {
    return list ? std::span(reinterpret_cast<const int32_t*>(list->data()), list->size())
                : std::span<const int32_t>();
  }

  void importOperators() {
    if (!graph_.operators()) return;
    const uoffset_t count = graph_.operators()->size();
    for (uoffset_t i = 0; i < count; ++i) {
      if (state_.options.progress)
        state_.options.progress(static_cast<double>(i) / count, "importing");
      importOperator(*graph_.operators()->Get(i), i);
    }
  }

  void importOperator(const tfl::Operator& op, uoffset_t i) {
    const tfl::OperatorCode& code = *model_.operator_codes()->Get(op.opcode_index());
    const auto outputs = numbers(op.outputs());
    state_.nodeOp = nameOf(code);
    state_.nodeName = outputs.empty() ? text(state_.nodeOp, "#", i)
                                      : tensors_[static_cast<size_t>(outputs[0])].name;
    state_.settings.clear();
    state_.spendNode();
    TfliteOperator context(state_, tensors_, op, state_.nodeOp);
    try {
      const OperatorRow* row = rowOf(code);
      if (context.dependsOnFailed()) return context.markFailed();
      for (int32_t number : outputs)
        if (typeName(*tensors_[static_cast<size_t>(number)].declared) == "INT4")
          throw ImportError("results of four bits are not supported");
      if (row && row->importBytes && hasQuantised(op)) {
        row->importBytes(context);
        return;
      }
      if (row) expectReal(op, row->quantised);
      if (!row || !row->import) throw ImportError("this operator is not supported");
      row->import(context);
    } catch (const ModelError&) {
      throw;
    } catch (const NeedsValue& error) {
      report(error.what() + std::string("; it is computed from the model's inputs"),
             code.version());
      context.markFailed();
    } catch (const ImportError& error) {
      report(error.what(), code.version());
      context.markFailed();
    }
  }

  void report(const std::string& reason, int version) {
    state_.report.unsupported.push_back({state_.nodeName, state_.nodeOp, version, reason, {}});
  }

  bool hasQuantised(const tfl::Operator& op) const {
    for (const auto* list : {op.inputs(), op.outputs()})
      for (int32_t number : numbers(list))
        if (number >= 0 && isQuantised(*tensors_[static_cast<size_t>(number)].declared))
          return true;
    return false;
  }

  /// Refuses integers that stand for real numbers, unless the operator only moves or compares them.
  void expectReal(const tfl::Operator& op, Quantised quantised) const {
    if (quantised == Quantised::Own) return;
    for (const auto* list : {op.inputs(), op.outputs()})
      for (int32_t number : numbers(list))
        if (number >= 0) expectReal(*tensors_[static_cast<size_t>(number)].declared, quantised);
  }
  static void expectReal(const tfl::Tensor& tensor, Quantised quantised) {
    if (!isQuantised(tensor) || (quantised == Quantised::Moved && typeName(tensor) != "INT4"))
      return;
    throw ImportError(text("computes with quantised tensors (", typeName(tensor),
                           "), which this operator does not yet; convert the float32 or float16 "
                           "file of this model"));
  }

  void bindOutputs() {
    for (int32_t number : numbers(graph_.outputs())) {
      TfliteTensor& tensor = tensors_[static_cast<size_t>(number)];
      if (!tensor.isKnown())
        throw ImportError("the graph's output '" + tensor.name +
                          "' is neither an input nor written by any of its operators");
      state_.graph.outputs.push_back(inFileOrder(tensor));
      state_.graph.outputNames.push_back(tensor.name);
    }
    if (state_.graph.outputs.empty()) throw ImportError("the graph has no outputs");
  }

  ir::ValueId inFileOrder(TfliteTensor& tensor) {
    if (!tensor.sparse.empty()) throw UnsupportedModel("output '" + tensor.name + "' is sparse");
    if (tensor.file != ir::kNoValue) return tensor.file;
    state_.nodeName = tensor.name;
    state_.nodeOp = "TRANSPOSE";
    return tensor.file = channelsLast(state_, tensor.channelsFirst);
  }

  const tfl::Model& model_;
  const tfl::SubGraph& graph_;
  std::span<const std::byte> file_;
  ImportState& state_;
  std::vector<TfliteTensor> tensors_;
};

}  // namespace

bool isTflite(std::span<const std::byte> file) {
  return file.size() >= 8 && tfl::ModelBufferHasIdentifier(file.data());
}

Result<ir::Graph> importTflite(std::span<const std::byte> file, const ConvertOptions& options,
                               ConvertReport& report, sizes::Budget& budget) {
  const auto model = verified(file);
  if (!model) return passOn(model);
  ImportState state(options, report, {}, budget);
  const auto* graphs = (*model)->subgraphs();
  const auto* operators = graphs && graphs->size() > 0 ? graphs->Get(0)->operators() : nullptr;
  return state.finish([&] { ModelImport(**model, file, state).run(); }, "operator",
                      operators ? static_cast<int>(operators->size()) : 0);
}

Result<ModelSignature> tfliteSignature(std::span<const std::byte> file) {
  const auto model = verified(file);
  if (!model) return passOn(model);
  const tfl::SubGraph& graph = *(*model)->subgraphs()->Get(0);
  const std::vector<std::string> names = namesOf(graph);
  const auto entries = [&](const flatbuffers::Vector<int32_t>* numbers) {
    std::vector<ModelSignature::Entry> list;
    for (uoffset_t i = 0; numbers && i < numbers->size(); ++i) {
      const auto number = static_cast<uoffset_t>(numbers->Get(i));
      if (number >= names.size()) continue;  // import says what is wrong
      const tfl::Tensor& tensor = *graph.tensors()->Get(number);
      const int rank = tensor.shape() ? static_cast<int>(tensor.shape()->size()) : 0;
      list.push_back({names[number], dataTypeOf(tensor), rank, true, {}});
    }
    return list;
  };
  return ModelSignature{entries(graph.inputs()), entries(graph.outputs())};
}

}  // namespace minnow::converter
