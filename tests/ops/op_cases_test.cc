// Runs every operator case (op_case.h): the scalar reference on row-major storage says what is
// right; every target, storage, packing and thread count must give the same bits and write nothing
// but its outputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "backend/reference/reference.h"
#include "base/aligned.h"
#include "base/fail.h"
#include "base/team.h"
#include "base/threads.h"
#include "minnow/cpu.h"
#include "ops/conv.h"
#include "runtime/backends.h"
#include "tests/ops/hashes.h"
#include "tests/ops/op_case.h"
#include "tests/ops/packed_weights.h"
#include "tests/ops/test_tensor.h"

namespace minnow::optest {

#define MINNOW_CASES(function) CaseList function();
#include "tests/ops/case_list.inc"
#undef MINNOW_CASES

CaseList allCases() {
  CaseList all;
#define MINNOW_CASES(function) \
  for (OpCase & c : function()) all.push_back(std::move(c));
#include "tests/ops/case_list.inc"
#undef MINNOW_CASES
  return all;
}

namespace {

/// How the tensors of one run are stored. Weights and absent inputs take no part.
struct Variant {
  const char* name;
  Storing first, others, outputs;
};
constexpr Variant kVariants[] = {
    {"plain", Storing::Plain, Storing::Plain, Storing::Plain},
    {"channels-last", Storing::ChannelsLast, Storing::ChannelsLast, Storing::ChannelsLast},
    {"gapped", Storing::Gapped, Storing::Gapped, Storing::Gapped},
    {"channels-last with plain others", Storing::ChannelsLast, Storing::Plain,
     Storing::ChannelsLast},
    {"plain to channels-last", Storing::Plain, Storing::Plain, Storing::ChannelsLast},
    {"gapped to plain", Storing::Gapped, Storing::Gapped, Storing::Plain},
};

/// What runs, and on what: everything a failure message has to name.
struct Setting {
  const Variant* variant = kVariants;
  std::string_view target = "scalar-fma";
  int threads = 1;
  bool packed = false;
  bool converted = false;  ///< the operator knows what the converter told it of packed weights
  int inPlace = -1;        ///< the input that output 0 overwrites
  bool atPoints = false;   ///< weights of Winograd's tiles are stored transformed
  bool constants = false;  ///< inputs from 1 on are known before the run, not weights alone
  bool halves = false;     ///< a device stores float32 as float16
  bool inHalves = false;   ///< packed weights are stored as float16
  bool direct = false;     ///< no convolution is computed in Winograd's tiles
  bool joined = false;     ///< a device is told of it twice, as of two steps of a program

  std::string toString(const char* kernel) const {
    return text("kernel ", kernel, ", target ", target, ", storage ", variant->name, ", threads ",
                threads, packed ? inHalves ? ", weights packed in halves" : ", weights packed" : "",
                atPoints ? ", at points" : "", constants ? ", constants" : "",
                halves ? ", in halves" : "", joined ? ", joined" : "",
                converted ? ", as converted" : "",
                inPlace >= 0 ? text(", in place of input ", inPlace) : "");
  }
};

/// A back-end with memory of its own for which this machine has a device.
struct DeviceHere {
  std::string name;
  bool keepsTiny;  ///< numbers below 2^-126
};
const std::vector<DeviceHere>& devicesHere() {
  static const std::vector<DeviceHere> devices = [] {
    std::vector<DeviceHere> found;
    for (const BackendInfo& one : backendsHere())
      if (*one.device != '\0')
        found.push_back({one.name, std::string_view(one.device).contains("keeps numbers below")});
    return found;
  }();
  return devices;
}

/// A case that a device's self-test refused would be left out in silence.
class SelfTestsFindNothing : public testing::Environment {
  void TearDown() override {
    for (const BackendInfo& one : backendsHere()) EXPECT_EQ(one.trouble, "") << one.name;
  }
};
[[maybe_unused]] const auto* const kAfterAll =
    testing::AddGlobalTestEnvironment(new SelfTestsFindNothing);

base::Team& teamOf(int threads) {
  static base::ThreadPool pool(3);
  static base::Team one, three = pool.lease(3);
  return threads == 1 ? one : three;
}

/// One case: its inputs, its output types, and what the reference made of them.
class Runner {
 public:
  explicit Runner(const OpCase& c) : case_(c) {
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const bool absent = c.inputs[i].absent;
      inputs_.push_back(absent ? TestTensor() : filled(c.inputs[i], c.name, static_cast<int>(i)));
      types_.push_back(absent ? TensorType{} : TensorType{c.inputs[i].type, c.inputs[i].shape});
    }
  }

  /// What devices make of tensors in halves: what the reference makes of the same numbers, rounded once.
  void checkInHalves() {
    if (devicesHere().empty()) return;
    for (const TestTensor& input : inputs_)
      if (input.view()) roundToHalves(input.view());
    outputTypes_ = *case_.op->inferShape(types_);
    Run reference = prepare({.direct = true});
    expected_ = execute(reference, *prepared(backend::referenceBackend(), reference));
    expectedOutputs_ = std::move(reference.outputs);
    expectedViews_ = std::move(reference.outputViews);
    for (const auto& [name, keepsTiny] : devicesHere())
      for (const Variant& variant : std::span(kVariants).first(3))
        if (const auto list = backendsFor({.backend = name}); expected_ && differs(variant))
          checkDevice({.variant = &variant,
                       .target = "none",
                       .constants = &variant != kVariants,
                       .halves = true},
                      *list.front());
  }

  /// Twice, one after another, by OpenCL, which starts both as one, if it is the first of its kernels: to
  /// compile them takes a third of a second. Where MINNOW_EVERY_CASE_JOINED is set, all are.
  void checkJoined() {
    static const bool all = std::getenv("MINNOW_EVERY_CASE_JOINED") != nullptr;
    static std::set<std::string> tried;
    const auto cl = std::ranges::find(devicesHere(), "cl", &DeviceHere::name);
    if (cl == devicesHere().end() || (cl->keepsTiny && sumsTinyNumbers(case_.name))) return;
    outputTypes_ = *case_.op->inferShape(types_);
    const auto list = backendsFor({.backend = "cl"});
    const Setting setting{.target = "none", .constants = true, .joined = true};
    Run reference = prepare(setting);
    const auto kernel = prepared(*list.front(), reference);
    if (!kernel || (!tried.insert(kernel->name()).second && !all)) return;
    expected_ = execute(reference, *prepared(backend::referenceBackend(), reference));
    expectedOutputs_ = std::move(reference.outputs);
    expectedViews_ = std::move(reference.outputViews);
    if (expected_) checkDevice(setting, *list.front());
  }

  /// Packed weights that are stored as float16, which holds them exactly: no bit depends on it.
  void checkWeightsInHalves() {
    if (!packable()) return;
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (case_.inputs[i].weights && inputs_[i].view()) roundToHalves(inputs_[i].view());
    outputTypes_ = *case_.op->inferShape(types_);
    Run reference = prepare({});
    expected_ = execute(reference, *prepared(backend::referenceBackend(), reference));
    expectedOutputs_ = std::move(reference.outputs);
    expectedViews_ = std::move(reference.outputViews);
    for (std::string_view target : cpuTargets()) {
      ASSERT_TRUE(limitCpuTarget(target));
      for (int threads : {1, 3})
        checkSetting({.variant = kVariants + 1,
                      .target = target,
                      .threads = threads,
                      .packed = true,
                      .inHalves = true},
                     target == cpuTargets().front());
    }
    ASSERT_TRUE(limitCpuTarget(""));
  }

  /// `name` is that of the expected hash. Every way to store and share, or, where that has been
  /// checked, two storages and one thread.
  void check(const std::string& name, bool everySetting) {
    everySetting_ = everySetting;
    auto types = case_.op->inferShape(types_);
    ASSERT_TRUE(types) << types.error().message;
    outputTypes_ = *types;
    Run reference = prepare({});
    expected_ = execute(reference, *prepared(backend::referenceBackend(), reference));
    if (everySetting) {
      ASSERT_EQ(expected_.has_value(), !case_.fails)
          << (expected_ ? "expected an error" : expected_.error().message);
    }
    expectedOutputs_ = std::move(reference.outputs);
    expectedViews_ = std::move(reference.outputViews);
    if (expected_) expectHash(name, expectedViews_);
    for (std::string_view target : cpuTargets()) {
      ASSERT_TRUE(limitCpuTarget(target));
      for (const Variant& variant : kVariants)
        if (differs(variant)) checkVariant(variant, target, target == cpuTargets().front());
    }
    ASSERT_TRUE(limitCpuTarget(""));
    if (expected_) checkDevices(sumsTinyNumbers(name));
  }

 private:
  struct Run {
    Setting setting;
    std::shared_ptr<const ops::Operator> op;
    std::vector<TestTensor> inputs, outputs;
    std::vector<PackedWeights> packed;
    std::vector<TensorView> inputViews, outputViews;
  };

  /// False if this variant stores everything as `plain` does.
  bool differs(const Variant& variant) const {
    if (&variant == kVariants) return true;
    if (!everySetting_ && &variant > kVariants + 1) return false;
    int rank = 0;
    for (const TensorType& type : types_) rank = std::max(rank, type.shape.rank());
    for (const TensorType& type : outputTypes_) rank = std::max(rank, type.shape.rank());
    return rank >= 3 || (rank == 2 && variant.first == Storing::Gapped);
  }

  void checkVariant(const Variant& variant, std::string_view target, bool firstTarget) {
    // The thread sanitizer has nothing to see on one.
    static const bool onThreadsAlone = std::getenv("MINNOW_TESTED_THREADS") != nullptr;
    for (int threads : {1, 3})
      if (threads == 1 ? !onThreadsAlone : everySetting_)
        checkThreads(variant, target, threads, firstTarget);
  }

  void checkThreads(const Variant& variant, std::string_view target, int threads,
                    bool firstTarget) {
    const auto check = [&](bool packed, bool converted, bool atPoints = false) {
      for (int inPlace = -1; inPlace < static_cast<int>(types_.size()); ++inPlace)
        if (inPlace < 0 || mayOverwrite(inPlace, variant))
          checkSetting({&variant, target, threads, packed, converted, inPlace, atPoints},
                       firstTarget);
    };
    check(false, false);
    if (hasPoints()) check(false, false, true);
    if (!packable()) return;
    check(true, false);
    if (hasPoints()) check(true, false, true);
    if (asConverted()->attributes() != case_.op->attributes()) check(true, true);
  }

  std::shared_ptr<const ops::Operator> asConverted() const {
    std::vector<TensorView> inputs;
    for (const TestTensor& input : inputs_) inputs.push_back(input.view());
    return optest::asConverted(*case_.op, inputs);
  }

  bool hasPoints() const {
    return case_.inputs.size() > 1 && inputs_[1].view() &&
           weightsAtPoints(*case_.op, inputs_[1].view());
  }

  std::shared_ptr<const ops::Operator> direct() const {
    if (case_.op->kind() != ops::OpKind::Conv) return case_.op;
    auto conv = std::make_shared<ops::Conv>(static_cast<const ops::Conv&>(*case_.op));
    conv->winograd = false;
    return conv;
  }

  bool packable() const {
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (case_.inputs[i].weights &&
          packedWeights(*case_.op, static_cast<int>(i), inputs_[i].view()))
        return true;
    return false;
  }

  bool mayOverwrite(int index, const Variant& variant) const {
    const OpInput& input = case_.inputs[static_cast<size_t>(index)];
    return !input.absent && !input.weights && case_.op->mayRunInPlace(index) &&
           types_[static_cast<size_t>(index)] == outputTypes_[0] &&
           (index == 0 ? variant.first : variant.others) == variant.outputs;
  }

  Run prepare(const Setting& setting) const {
    Run run;
    run.setting = setting;
    run.op = setting.converted ? asConverted() : setting.direct ? direct() : case_.op;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].view()) {
        run.inputs.emplace_back();
        run.inputViews.emplace_back();
        continue;
      }
      const bool weights = case_.inputs[i].weights;
      const Storing storing = weights  ? Storing::Plain
                              : i == 0 ? setting.variant->first
                                       : setting.variant->others;
      run.inputs.emplace_back(inputs_[i].view(), storing);
      run.inputViews.push_back(run.inputs.back().view());
      if (!weights) continue;
      const auto replace = [&](std::optional<PackedWeights> by) {
        if (!by) return;
        run.packed.push_back(std::move(*by));
        run.inputViews.back() = run.packed.back().view;
      };
      if (setting.atPoints) replace(weightsAtPoints(*case_.op, run.inputViews.back()));
      if (setting.packed)
        replace(
            packedWeights(*case_.op, static_cast<int>(i), run.inputViews.back(), setting.inHalves));
    }
    for (const TensorType& type : outputTypes_) {
      run.outputs.emplace_back(type, setting.variant->outputs);
      run.outputViews.push_back(run.outputs.back().view());
    }
    if (setting.inPlace >= 0)
      run.outputViews[0] = run.inputViews[static_cast<size_t>(setting.inPlace)];
    return run;
  }

  /// What a back-end prepares for these tensors; null if it does not support them.
  std::unique_ptr<backend::Kernel> prepared(const backend::Backend& backend, const Run& run) const {
    auto inputs = sizesOnly(run.inputViews);
    auto outputs = sizesOnly(run.outputViews);
    const auto inputTypes = typesOf(inputs), outputTypes = typesOf(outputs);
    const bool isDevice = backend.memory() != nullptr;
    for (size_t i = 0; isDevice && i < inputs.size(); ++i)
      if (case_.inputs[i].weights || (run.setting.constants && i > 0))
        inputs[i].data = run.inputViews[i].data;
    inputs = storedBy(run.setting, inputs), outputs = storedBy(run.setting, outputs);
    const backend::Work work{*run.op,    inputs,      outputs,
                             inputTypes, outputTypes, run.setting.threads,
                             false,      {},          run.setting.joined};
    if (!backend.supports(work)) return nullptr;
    auto kernel = backend.prepare({&work, 1});
    EXPECT_TRUE(kernel) << kernel.error().message;
    return kernel ? std::move(*kernel) : nullptr;
  }

  /// As a device stores what is no constant.
  static std::vector<TensorView> storedBy(const Setting& setting, std::vector<TensorView> views) {
    for (TensorView& view : views)
      if (setting.halves && view.type == DataType::Float32 && view.data == nullptr)
        view.type = DataType::Float16;
    return views;
  }

  /// Runs a kernel and checks every fence.
  Result<void> execute(Run& run, const backend::Kernel& kernel) const {
    const Setting& setting = run.setting;
    const size_t bytes = kernel.workspaceBytes();
    const std::string name = setting.toString(kernel.name());
    FencedBytes workspace(bytes);
    base::DenormalsFlushed flushed;
    auto event =
        kernel.run({run.inputViews, run.outputViews, workspace.bytes(), &teamOf(setting.threads)});
    EXPECT_TRUE(workspace.intact())
        << name << ": wrote outside its " << bytes << " bytes of workspace";
    expectFences(run.outputs, "output", name);
    expectFences(run.inputs, "input", name);
    for (size_t i = 0; i < run.inputs.size(); ++i) {
      if (!run.inputs[i].view() || static_cast<int>(i) == setting.inPlace) continue;
      EXPECT_EQ(firstDifference(inputs_[i].view(), run.inputs[i].view()), "")
          << name << ": changed input " << i;
    }
    if (!event) return std::unexpected(event.error());
    return {};
  }

  static std::vector<TensorType> typesOf(std::span<const TensorView> views) {
    std::vector<TensorType> types;
    for (const TensorView& view : views) types.push_back({view.type, view.shape});
    return types;
  }

  /// The views as a session shows them when it asks for workspace: only constants have data.
  std::vector<TensorView> sizesOnly(std::span<const TensorView> views) const {
    std::vector<TensorView> sizes(views.begin(), views.end());
    for (TensorView& view : sizes)
      if (view.packing == Packing::None) view.data = nullptr;
    return sizes;
  }

  static void expectFences(const std::vector<TestTensor>& tensors, const char* what,
                           const std::string& setting) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (!tensors[i].view()) continue;
      const auto broken = tensors[i].brokenFence();
      EXPECT_FALSE(broken) << setting << ": wrote outside " << what << " " << i << ", " << *broken
                           << " bytes from its first element";
    }
  }

  /// On every back-end of the list. What no target changes is checked on the first alone.
  void checkSetting(const Setting& setting, bool firstTarget) const {
    for (const backend::Backend* backend : backends()) {
      const bool slow = backend == &backend::referenceBackend();
      if (slow && !(firstTarget && setting.threads == 1)) continue;
      Run run = prepare(setting);
      const auto kernel = prepared(*backend, run);
      if (!kernel || (!firstTarget && kernel->name() == std::string_view("reference"))) continue;
      checkKernel(run, *kernel, *backend);
    }
  }

  void checkKernel(Run& run, const backend::Kernel& kernel, const backend::Backend& backend) const {
    const auto result = execute(run, kernel);
    const std::string name = text(backend.name(), ": ", run.setting.toString(kernel.name()));
    EXPECT_EQ(result.has_value(), expected_.has_value())
        << name << (result ? ": expected an error" : ": " + result.error().message);
    if (!result || !expected_) return;
    for (size_t i = 0; i < run.outputViews.size(); ++i)
      EXPECT_EQ(firstDifference(expectedViews_[i], run.outputViews[i]), "")
          << name << ": output " << i << " differs";
  }

  // On devices of this machine ---------------------------------------------------------------------

  /// Some devices keep what is below 2^-126 in the midst of a convolution's sum, where the CPU takes
  /// it for 0, and say so: these cases alone have other bits there.
  bool sumsTinyNumbers(const std::string& name) const {
    using enum ops::OpKind;
    const ops::OpKind kind = case_.op->kind();
    return (kind == Conv || kind == ConvTranspose || kind == MatMul) &&
           (name.ends_with("/tiny") || name.ends_with("/special") || name == "Conv_denormal_bias" ||
            name == "Conv_minus_zero_bias");
  }

  /// Where numbers near the ends of float32 are multiplied and added up, each rounding decides what
  /// becomes of them: a device that does not round as the CPU does gives others, infinities too.
  bool addsAwkwardNumbers() const {
    using enum ops::OpKind;
    const bool awkward = std::ranges::any_of(case_.inputs, [](const OpInput& input) {
      return input.fill == Fill::Tiny || input.fill == Fill::Special;
    });
    const ops::OpKind kind = case_.op->kind();
    return awkward && (case_.op->multiplyAdds(types_, outputTypes_) > 0 || kind == Reduce ||
                       kind == Resize || kind == BatchNormalization || kind == LpNormalization);
  }

  /// What a back-end with memory of its own supports, in every storage.
  void checkDevices(bool sumsTiny) const {
    for (const auto& [name, keepsTiny] : devicesHere())
      for (const Variant& variant : kVariants) {
        if (!differs(variant)) continue;
        const auto list = backendsFor({.backend = name});
        if ((keepsTiny && sumsTiny) || (!list.front()->hasSameBits() && addsAwkwardNumbers())) {
          testing::Test::RecordProperty(list.front()->name(), "left out: awkward numbers");
          continue;
        }
        checkDevice({.variant = &variant, .target = "none"}, *list.front());
        if (&variant == kVariants && hasPoints())
          checkDevice({.variant = &variant, .target = "none", .atPoints = true}, *list.front());
        if (case_.inputs.size() > 1 && &variant <= kVariants + 2)
          checkDevice({.variant = &variant, .target = "none", .constants = true}, *list.front());
      }
  }

  void checkDevice(const Setting& setting, const backend::Backend& backend) const {
    Run run = prepare(setting);
    Kernels kernels;
    kernels.push_back(prepared(backend, run));
    const auto& kernel = kernels.front();
    // --gtest_output=json shows what ran where, what was refused and what was left out.
    if (kernel || !ranOn_.contains(backend.name()))
      testing::Test::RecordProperty(backend.name(), kernel ? kernel->name() : "refused");
    if (!kernel) return;
    ranOn_.insert(backend.name());
    if (setting.joined) kernels.push_back(prepared(backend, run));
    checkDevice(run, kernels, backend);
  }

  using Kernels = std::vector<std::unique_ptr<backend::Kernel>>;

  void checkDevice(Run& run, const Kernels& kernels, const backend::Backend& backend) const {
    const std::string name =
        text(backend.name(), ": ", run.setting.toString(kernels.front()->name()));
    const auto ok = executeOnDevice(run, kernels, backend);
    ASSERT_TRUE(ok) << name << ": " << ok.error().message;
    const bool exact = backend.hasSameBits();
    const auto difference = [&](const TensorView& expected, const TensorView& found) {
      if (run.setting.halves) return firstBeyondHalves(expected, found, exact);
      return exact ? firstDifference(expected, found) : firstBeyondTolerance(expected, found);
    };
    for (size_t i = 0; i < run.outputViews.size(); ++i)
      EXPECT_EQ(difference(expectedViews_[i], run.outputViews[i]), "")
          << name << ": output " << i << " differs";
    for (size_t i = 0; i < run.inputs.size(); ++i) {
      if (!run.inputs[i].view()) continue;
      EXPECT_EQ(firstDifference(inputs_[i].view(), run.inputs[i].view()), "")
          << name << ": changed input " << i;
    }
  }

  /// Tensors go to a block, where what lies between their elements is the same everywhere.
  Result<void> executeOnDevice(Run& run, const Kernels& kernels,
                               const backend::Backend& backend) const {
    const backend::DeviceMemory& memory = *backend.memory();
    size_t end = 0;
    const auto placed = [&](std::vector<TensorView> all) {
      for (TensorView& view : all) view.data = nullptr;
      all = storedBy(run.setting, std::move(all));
      for (TensorView& view : all) {
        view.data = reinterpret_cast<void*>(end);
        end += base::alignUp(static_cast<size_t>(reachOf(view)) * elementSize(view.type));
      }
      return all;
    };
    std::vector<TensorView> inputs = placed(run.inputViews), outputs = placed(run.outputViews);
    const std::span workspace(reinterpret_cast<std::byte*>(end), kernels[0]->workspaceBytes());
    auto block = memory.allocate(end + workspace.size());
    if (!block) return std::unexpected(block.error());
    std::vector<backend::PlacedKernel> steps;
    for (const auto& kernel : kernels) steps.push_back({kernel.get(), inputs, outputs, workspace});
    if (run.setting.joined)
      if (auto ok = joined(backend, steps); !ok) return ok;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i])
        if (auto ok = memory.upload(run.inputViews[i], **block, inputs[i]); !ok)
          return std::unexpected(ok.error());
    Result<backend::Event> event = backend::kDone;
    for (const auto& kernel : kernels) {
      event = kernel->run({inputs, outputs, workspace, &teamOf(1), {}, nullptr, block->get()});
      if (!event) return std::unexpected(event.error());
    }
    if (auto ok = backend.wait(*event); !ok) return ok;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i])
        if (auto ok = memory.download(**block, inputs[i], run.inputViews[i]); !ok)
          return std::unexpected(ok.error());
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i])
        if (auto ok = memory.download(**block, outputs[i], run.outputViews[i]); !ok)
          return std::unexpected(ok.error());
    return backend.wait(*event);
  }

  /// As one it starts what is small, as all cases but a few are.
  Result<void> joined(const backend::Backend& backend,
                      std::span<const backend::PlacedKernel> steps) const {
    auto ok = backend.join(steps);
    const size_t one = steps[0].kernel->launches(), other = steps[1].kernel->launches();
    const bool isLarge = case_.op->multiplyAdds(types_, outputTypes_) > 100'000;
    EXPECT_TRUE((one <= 1 && other == 0) || (one == other && isLarge)) << one << ", " << other;
    return ok;
  }

  /// Elements from the first to the end of the last.
  static int64_t reachOf(const TensorView& view) {
    int64_t last = 0;
    for (int axis = 0; axis < view.shape.rank(); ++axis)
      last += (view.shape[axis] - 1) * view.strides[axis];
    return std::max<int64_t>(last, 0) + 1;
  }

  const OpCase& case_;
  mutable std::set<std::string> ranOn_{};  // devices, in some storage
  std::vector<TestTensor> inputs_, expectedOutputs_;
  std::vector<TensorType> types_;
  ops::TensorTypes outputTypes_;
  std::vector<TensorView> expectedViews_;
  Result<void> expected_;
  bool everySetting_ = true;
};

/// The case with other numbers in its float32 inputs.
OpCase refilled(const OpCase& from, Fill fill) {
  OpCase c = from;
  for (OpInput& input : c.inputs)
    if (input.type == DataType::Float32 && input.fill == Fill::Random) input.fill = fill;
  return c;
}

}  // namespace

void PrintTo(const OpCase& c, std::ostream* out) { *out << c.op->name(); }

class OpCases : public testing::TestWithParam<OpCase> {};

TEST_P(OpCases, SameBitsEverywhere) { Runner(GetParam()).check(GetParam().name, true); }

TEST_P(OpCases, SameBitsOfAwkwardNumbers) {
  const bool hasNumbers = std::ranges::any_of(GetParam().inputs, [](const OpInput& input) {
    return input.type == DataType::Float32 && input.fill == Fill::Random && !input.absent;
  });
  if (!hasNumbers || GetParam().fails) return;
  for (Fill fill : {Fill::Tiny, Fill::Special}) {
    const OpCase c = refilled(GetParam(), fill);
    const std::string numbers = fill == Fill::Tiny ? "tiny" : "special";
    SCOPED_TRACE(numbers + " numbers");
    Runner(c).check(c.name + "/" + numbers, false);
  }
}

/// Drivers compile every kernel anew for halves, half a second each, and a kernel reads and writes them in
/// one way whatever function follows: one in sixteen cases of each kind of operator, or, where the variable
/// MINNOW_EVERY_CASE_IN_HALVES is set, all.
bool isTriedInHalves(const OpCase& c) {
  static const std::set<std::string> tried = [] {
    const int step = std::getenv("MINNOW_EVERY_CASE_IN_HALVES") != nullptr ? 1 : 16;
    std::map<ops::OpKind, int> count;
    std::set<std::string> names;
    for (const OpCase& one : allCases())
      if (count[one.op->kind()]++ % step == 0) names.insert(one.name);
    return names;
  }();
  return tried.contains(c.name);
}

TEST_P(OpCases, InHalvesOnDevices) {
  if (!GetParam().fails && isTriedInHalves(GetParam())) Runner(GetParam()).checkInHalves();
}

TEST_P(OpCases, JoinedOnDevices) {
  if (!GetParam().fails) Runner(GetParam()).checkJoined();
}

TEST_P(OpCases, SameBitsOfWeightsInHalves) {
  if (!GetParam().fails) Runner(GetParam()).checkWeightsInHalves();
}

TEST_P(OpCases, AttributesSurviveEncodingInAnyOrder) {
  const ops::Operator& op = *GetParam().op;
  for (const bool reversed : {false, true}) {
    ops::AttributeMap map = op.attributes();
    if (reversed) std::ranges::reverse(map);
    const auto copy = ops::makeOperator(op.kind());
    const auto set = copy->setAttributes(std::move(map));
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_EQ(copy->name(), op.name());
    // Inputs that a run sets attributes by stand in their order.
    const bool ordered = op.held() != nullptr;
    EXPECT_TRUE((reversed && ordered) || copy->attributes() == op.attributes());
  }
}

INSTANTIATE_TEST_SUITE_P(All, OpCases, testing::ValuesIn(allCases()),
                         [](const auto& info) { return info.param.name; });

// Else a target that is no longer dispatched to would pass every case.
TEST(OpCaseList, RunsOnTheTargetThatTheTestIsFor) {
  const char* target = std::getenv("MINNOW_TESTED_TARGET");
  if (target && *target) {
    EXPECT_TRUE(std::ranges::count(cpuTargets(), std::string_view(target)) == 1) << target;
  }
}

TEST(OpCaseList, RunsOnDevices) {
  for (const BackendInfo& one : backendsHere())
    if (*one.missing != '\0') GTEST_SKIP() << one.name << ": " << one.missing;
}

TEST(OpCaseList, NamesAreUnique) {
  std::set<std::string> names;
  for (const OpCase& c : allCases()) EXPECT_TRUE(names.insert(c.name).second) << c.name;
}

}  // namespace minnow::optest
