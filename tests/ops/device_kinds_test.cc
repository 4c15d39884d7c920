// Which operators devices take, of the operator cases: device_kinds.tsv. No device is asked, but a
// stand-in that has no limits: a device that ceases to take a kind of operator fails here, on every
// machine.
#ifdef MINNOW_DEVICES
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "backend/gpu/rows.h"
#include "tests/ops/op_case.h"
#include "tests/ops/test_tensor.h"

namespace minnow::optest {
namespace {

using backend::gpu::Device;

constexpr const char* kFile = MINNOW_SOURCE_DIR "/tests/ops/device_kinds.tsv";

/// A device that computes nothing.
class Nobody final : public Device {
 public:
  Nobody(const char* backend, const char* language, const char* ending, int lanes)
      : backend_(backend), language_(language), ending_(ending), lanes_(lanes) {}
  const char* backend() const override { return backend_; }
  const char* language() const override { return language_; }
  const char* ending() const override { return ending_; }
  const std::string& name() const override { return name_; }
  int lanes() const override { return lanes_; }
  int pixels() const override { return 4; }
  size_t mostBytes() const override { return SIZE_MAX; }
  bool hasSameBits() const override { return true; }
  Result<std::unique_ptr<backend::gpu::Buffer>> buffer(size_t) override { return nothing(); }
  Result<std::unique_ptr<backend::gpu::Buffer>> constant(std::span<const std::byte>) override {
    return nothing();
  }
  Result<backend::gpu::Theirs> theirs(const DeviceTensor&, size_t) override { return nothing(); }
  Result<backend::gpu::Theirs> theirs(const DevicePicture&) override { return nothing(); }
  Result<std::unique_ptr<backend::gpu::Call>> call(const backend::gpu::KernelName&, size_t,
                                                   std::span<const std::byte>, size_t) override {
    return nothing();
  }
  Result<void> finish() override { return nothing(); }
  Result<void*> map(const backend::gpu::Buffer&, size_t, size_t, bool) override {
    return nothing();
  }
  Result<void> unmap(const backend::gpu::Buffer&, void*) override { return nothing(); }

 private:
  static std::unexpected<Error> nothing() { return fail(ErrorCode::Internal, "it is nobody"); }
  const char *backend_, *language_, *ending_;
  int lanes_;
  std::string name_ = "nobody";
};

/// The row that takes a case, of row-major tensors; its weights, or all inputs but the first, are
/// constants. "" for none.
std::string rowOf(const OpCase& c, bool constants, const Device& device) {
  std::vector<TensorView> inputs, outputs;
  std::vector<TensorType> types;
  std::vector<TestTensor> elements;  // of constants
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const OpInput& input = c.inputs[i];
    elements.push_back(input.absent ? TestTensor() : filled(input, c.name, static_cast<int>(i)));
    inputs.push_back(elements.back().view());
    if (!input.weights && !(constants && i > 0)) inputs.back().data = nullptr;
    types.push_back({inputs.back().type, inputs.back().shape});
  }
  const auto results = c.op->inferShape(types);
  if (!results) return "";
  for (const TensorType& type : *results)
    outputs.push_back(
        {{.type = type.type, .shape = type.shape, .strides = plainStrides(type.shape)}});
  const auto row = backend::gpu::rowFor({*c.op, inputs, outputs, types, *results, {1}}, device);
  return row ? (*row)->name : "";
}

/// "Conv, conv": the operator and the row; and who takes it, "cl gl".
std::map<std::string, std::string> takenBy() {
  std::map<std::string, std::set<std::string>> devices;
  for (const Nobody& device :
       {Nobody("cl", "OpenCL", ".cl", 16), Nobody("gl", "OpenGL ES", ".glsl", 4)})
    for (const OpCase& c : allCases())
      for (const bool constants : {false, true})
        if (const std::string row = rowOf(c, constants, device); !row.empty())
          devices[text(c.op->name(), ", ", row)].insert(device.backend());
  std::map<std::string, std::string> taken;
  for (const auto& [kind, names] : devices)
    for (const std::string& name : names) taken[kind] += (taken[kind].empty() ? "" : " ") + name;
  return taken;
}

TEST(DeviceKinds, AreThoseThatAreCommitted) {
  const auto taken = takenBy();
  if (const char* file = std::getenv("MINNOW_WRITE_DEVICE_KINDS")) {
    std::ofstream out(file);
    for (const auto& [kind, devices] : taken) out << kind << '\t' << devices << '\n';
    return;
  }
  std::map<std::string, std::string> committed;
  std::ifstream in(kFile);
  for (std::string line; std::getline(in, line);)
    committed[line.substr(0, line.find('\t'))] = line.substr(line.find('\t') + 1);
  ASSERT_FALSE(committed.empty()) << kFile;
  for (const auto& [kind, devices] : committed) {
    const auto found = taken.find(kind);
    EXPECT_EQ(found == taken.end() ? "" : found->second, devices) << kind << " was taken by these";
  }
  for (const auto& [kind, devices] : taken)
    EXPECT_TRUE(committed.contains(kind))
        << kind << " is taken by " << devices << ", and not in " << kFile
        << "; write it anew with\n  MINNOW_WRITE_DEVICE_KINDS=" << kFile << " ops_cases_test";
}

}  // namespace
}  // namespace minnow::optest
#endif
