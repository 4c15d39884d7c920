// For tests: TensorFlow Lite files, written operator by operator.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "base/half.h"
#include "converter/tflite/schema_generated.h"

namespace minnow::converter {

class TfliteModel {
 public:
  using Dims = std::vector<int32_t>;
  /// The format's numbers of element types.
  enum Type : int8_t {
    Float32 = 0,
    Float16 = 1,
    Int32 = 2,
    Uint8 = 3,
    Bool = 6,
    Int16 = 7,
    Int8 = 9,
    Int4 = 17
  };

  TfliteModel() { buffers_.push_back(tfl::CreateBuffer(b_)); }

  int tensor(const std::string& name, const Dims& shape, Type type = Float32, uint32_t buffer = 0,
             const std::vector<float>& scales = {}, const Dims& signature = {},
             flatbuffers::Offset<tfl::SparsityParameters> sparsity = 0) {
    flatbuffers::Offset<tfl::QuantizationParameters> quantisation = 0;
    if (!scales.empty()) {
      const auto written = b_.CreateVector(scales);
      const auto zeros = longs(std::vector<int64_t>(scales.size(), 3));
      quantisation = tfl::CreateQuantizationParameters(b_, 0, 0, written, zeros);
    }
    tensors_.push_back(tfl::CreateTensorDirect(b_, &shape, type, buffer, name.c_str(), quantisation,
                                               false, sparsity,
                                               signature.empty() ? nullptr : &signature));
    return static_cast<int>(tensors_.size()) - 1;
  }
  int input(const std::string& name, const Dims& shape, Type type = Float32,
            const std::vector<float>& scales = {}, const Dims& signature = {}) {
    inputs_.push_back(tensor(name, shape, type, 0, scales, signature));
    return inputs_.back();
  }
  template <class T>
  int constant(const Dims& shape, const std::vector<T>& values, Type type,
               const std::vector<float>& scales = {},
               flatbuffers::Offset<tfl::SparsityParameters> sparsity = 0) {
    return tensor("constant" + std::to_string(tensors_.size()), shape, type, buffer(values), scales,
                  {}, sparsity);
  }
  int floats(const Dims& shape, const std::vector<float>& values) {
    return constant(shape, values, Float32);
  }
  int ints(const std::vector<int32_t>& values) {
    return constant({static_cast<int32_t>(values.size())}, values, Int32);
  }
  /// The operator `number`, one output, which is returned; its shape is what LiteRT finds out anew.
  template <class Options = tfl::MulOptions>
  int add(int number, const Dims& inputs, flatbuffers::Offset<Options> options = {},
          Type type = Float32, const std::vector<float>& scales = {}) {
    const int output = tensor("t" + std::to_string(tensors_.size()), {1}, type, 0, scales);
    addTo(number, inputs, {output}, options);
    return output;
  }
  template <class Options = tfl::MulOptions>
  void addTo(int number, const Dims& inputs, const Dims& outputs,
             flatbuffers::Offset<Options> options = {}, const char* custom = nullptr,
             const std::vector<uint8_t>& bytes = {}) {
    codes_.push_back(tfl::CreateOperatorCodeDirect(
        b_, static_cast<int8_t>(number > 127 ? 127 : number), custom, 1, number));
    operators_.push_back(
        tfl::CreateOperatorDirect(b_, static_cast<uint32_t>(codes_.size()) - 1, &inputs, &outputs,
                                  options.IsNull() ? tfl::BuiltinOptions::NONE
                                                   : tfl::BuiltinOptionsTraits<Options>::enum_value,
                                  options.Union(), bytes.empty() ? nullptr : &bytes));
  }
  flatbuffers::FlatBufferBuilder& builder() { return b_; }

  std::string bytes(const Dims& outputs, uint32_t version = 3) {
    const auto graph = tfl::CreateSubGraphDirect(b_, &tensors_, &inputs_, &outputs, &operators_);
    const std::vector<flatbuffers::Offset<tfl::SubGraph>> graphs{graph};
    tfl::FinishModelBuffer(
        b_, tfl::CreateModelDirect(b_, version, &codes_, &graphs, "test", &buffers_));
    return {reinterpret_cast<const char*>(b_.GetBufferPointer()), b_.GetSize()};
  }

 private:
  /// At any multiple of four, as FlatBuffers' verifier lets it pass.
  flatbuffers::Offset<flatbuffers::Vector<int64_t>> longs(const std::vector<int64_t>& values) {
    b_.StartVector(values.size() * sizeof(int64_t), 1);
    b_.PushBytes(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(int64_t));
    return b_.EndVector(values.size());
  }

  template <class T>
  uint32_t buffer(const std::vector<T>& values) {
    const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
    const std::vector<uint8_t> bytes(begin, begin + values.size() * sizeof(T));
    buffers_.push_back(tfl::CreateBufferDirect(b_, &bytes));
    return static_cast<uint32_t>(buffers_.size()) - 1;
  }

  flatbuffers::FlatBufferBuilder b_;
  std::vector<flatbuffers::Offset<tfl::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<tfl::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tfl::Operator>> operators_;
  std::vector<flatbuffers::Offset<tfl::OperatorCode>> codes_;
  Dims inputs_;
};

}  // namespace minnow::converter
