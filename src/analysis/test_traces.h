// For tests: tensors in few words, and traces in a folder that goes with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

#include "analysis/npy.h"
#include "analysis/test_folder.h"
#include "analysis/trace.h"

namespace minnow::analysis {

inline HostTensor floatTensor(const Shape& shape, const std::vector<float>& values) {
  HostTensor tensor = HostTensor::ofType({DataType::Float32, shape});
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}
inline HostTensor floatTensor(const std::vector<float>& values) {
  return floatTensor({static_cast<int64_t>(values.size())}, values);
}

class TraceFolder {
 public:
  using Tensors = std::vector<std::pair<std::string, HostTensor>>;

  /// Null info: an archive as numpy.savez writes it.
  Trace write(const Tensors& tensors, const TraceInfo* info) {
    const auto path = folder_.path() / (std::to_string(++files_) + ".npz");
    auto writer = ArchiveWriter::create(path);
    for (const auto& [name, tensor] : tensors)
      EXPECT_TRUE(writer->add(entryOf(name), encodeNpy(tensor)));
    if (info != nullptr) {
      const std::string json = toJson(*info);
      EXPECT_TRUE(writer->add(kTraceEntry, std::as_bytes(std::span(json))));
    }
    EXPECT_TRUE(writer->finish());
    auto trace = Trace::open(path);
    EXPECT_TRUE(trace) << trace.error().message;
    return std::move(*trace);
  }

 private:
  TestFolder folder_;
  int files_ = 0;
};

}  // namespace minnow::analysis
