// ONNX models made in memory, for tests that convert them.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "base/fail.h"
#include "converter/convert.h"
#include "minnow/runtime.h"
#include "onnx/onnx_pb.h"

namespace minnow::test {

/// Small whole numbers, so that sums of their products are exact in any order.
inline int64_t wholeNumber(int64_t i) { return i * 7 % 11 - 5; }

/// A graph of nodes on "x", whose shape is given at conversion, to "y".
class OnnxModel {
 public:
  explicit OnnxModel(int opset, onnx::TensorProto::DataType type = onnx::TensorProto::FLOAT,
                     int rank = 4) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(opset);
    auto* x = graph().add_input();
    x->set_name("x");
    x->mutable_type()->mutable_tensor_type()->set_elem_type(type);
    auto* shape = x->mutable_type()->mutable_tensor_type()->mutable_shape();
    for (int axis = 0; axis < rank; ++axis)
      shape->add_dim()->set_dim_param("d" + std::to_string(axis));
    graph().set_name("test");
    graph().add_output()->set_name("y");
  }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  onnx::NodeProto& node(const std::string& type, const std::vector<std::string>& inputs,
                        const std::string& output = "y") {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(type);
    node.set_name(type + "_" + output);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }
  /// Of floats, int64, or a type of at most 32 bits.
  void constant(const std::string& name, const std::vector<int64_t>& dims,
                const std::vector<double>& values,
                onnx::TensorProto::DataType type = onnx::TensorProto::FLOAT) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    for (const double value : values)
      if (type == onnx::TensorProto::FLOAT)
        tensor.add_float_data(static_cast<float>(value));
      else if (type == onnx::TensorProto::INT64)
        tensor.add_int64_data(static_cast<int64_t>(value));
      else
        tensor.add_int32_data(static_cast<int32_t>(value));
  }

  /// A conversion is refused for a node that no output needs, a resize is not.
  void dropUnread() {
    std::set<std::string> read{"y"};
    auto& nodes = *graph().mutable_node();
    for (int n = nodes.size() - 1; n >= 0; --n) {
      const bool wanted = std::ranges::any_of(
          nodes[n].output(), [&](const std::string& name) { return read.contains(name); });
      if (!wanted) {
        nodes.DeleteSubrange(n, 1);
        continue;
      }
      read.insert(nodes[n].input().begin(), nodes[n].input().end());
      for (const auto& attribute : nodes[n].attribute())  // of a branch
        for (const auto& inner : attribute.g().node())
          read.insert(inner.input().begin(), inner.input().end());
    }
  }

  /// The bytes of a .minnow file; with `value`, for an x that is a constant.
  Result<std::vector<std::byte>> convert(const Shape& x,
                                         const std::optional<converter::FixedInput>& value = {},
                                         const std::map<std::string, int64_t>& bounds = {}) const {
    const std::string bytes = model_.SerializeAsString();
    converter::ConvertOptions options;
    options.shapes["x"] = x;
    options.bounds = bounds;
    if (value) options.fixedInputs["x"] = *value;
    converter::ConvertReport report;
    auto file = converter::convertBuffer(std::as_bytes(std::span(bytes)), {}, options, report);
    if (file || report.unsupported.empty()) return file;
    const auto& first = report.unsupported.front();
    return fail(file.error().code, file.error().message, ": node '", first.node, "' (", first.op,
                "): ", first.reason);
  }

 private:
  onnx::ModelProto model_;
};

inline void setInt(onnx::NodeProto& node, const char* name, int64_t value) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}
inline void setInts(onnx::NodeProto& node, const char* name, const std::vector<int64_t>& values) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  for (const int64_t value : values) attribute->add_ints(value);
}
inline void setString(onnx::NodeProto& node, const char* name, const std::string& value) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::STRING);
  attribute->set_s(value);
}

struct PlainTensor {
  TensorType type;
  std::vector<std::byte> bytes;  ///< row-major
  bool operator==(const PlainTensor&) const = default;

  double at(int64_t i) const {
    switch (type.type) {
      case DataType::Float32:
        return element<float>(i);
      case DataType::Int32:
        return element<int32_t>(i);
      case DataType::Bool:
      case DataType::Uint8:
        return element<uint8_t>(i);
      default:
        return static_cast<double>(element<int64_t>(i));
    }
  }

 private:
  template <class T>
  T element(int64_t i) const {
    T value;
    std::memcpy(&value, bytes.data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
    return value;
  }
};

/// A session on a converted model.
class OnnxSession {
 public:
  static Result<OnnxSession> create(const OnnxModel& model, const Shape& x) {
    const auto file = model.convert(x);
    if (!file) return std::unexpected(file.error());
    OnnxSession made;
    made.memory_ = base::alignedBytes(file->size());
    std::memcpy(made.memory_.get(), file->data(), file->size());
    made.runtime_ = std::make_unique<Runtime>(*Runtime::create());
    auto interpreter =
        Interpreter::createFromBuffer(*made.runtime_, {made.memory_.get(), file->size()});
    if (!interpreter) return std::unexpected(interpreter.error());
    auto session = interpreter->createSession();
    if (!session) return std::unexpected(session.error());
    made.session_ = std::make_unique<Session>(std::move(*session));
    return made;
  }
  Session& session() { return *session_; }

  /// Output 0 for whole numbers as input 0; unsigned ones without their sign.
  PlainTensor run() {
    auto frame = session_->begin();
    const TensorView in = frame->input(0);
    TensorView plain{{in.type, in.shape, plainStrides(in.shape)}, nullptr};
    std::vector<float> floats;
    std::vector<uint8_t> bytes;
    for (int64_t i = 0; i < in.elements(); ++i) {
      floats.push_back(static_cast<float>(wholeNumber(i)));
      bytes.push_back(static_cast<uint8_t>(std::abs(wholeNumber(i))));
    }
    plain.data = in.type == DataType::Uint8 ? static_cast<void*>(bytes.data()) : floats.data();
    copyTensor(plain, in);
    if (!frame->run()) return {};
    const TensorView out = frame->output(0);
    PlainTensor result{{out.type, out.shape}, {}};
    result.bytes.resize(static_cast<size_t>(out.elements()) * elementSize(out.type));
    copyTensor(out, {{out.type, out.shape, plainStrides(out.shape)}, result.bytes.data()});
    return result;
  }

 private:
  std::shared_ptr<std::byte[]> memory_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Session> session_;
};

}  // namespace minnow::test
