// Strips of rows: every operator case that can be computed in strips is, from nothing but the rows
// that rowsRead() names, on every target; the bits must be those of the reference on the whole.
// Where a kernel is given the rows to compute (rowsStandAlone is false), its tensors hold just a
// window of rows: what lies around them is fenced, and poisoned under the address sanitizer.
#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include <set>

#include "backend/cpu/kernel_table.h"
#include "base/aligned.h"
#include "base/threads.h"
#include "kernels/movement.h"
#include "minnow/cpu.h"
#include "tests/ops/op_case.h"
#include "tests/ops/packed_weights.h"
#include "tests/ops/test_tensor.h"

namespace minnow::optest {
namespace {

using ops::Rows;

constexpr int64_t kHeights[] = {1, 2, 3, 7};

/// What runs, and on what: everything a failure message has to name.
struct Setting {
  std::string_view target;
  Storing storing = Storing::Plain;
  int threads = 1;
  bool packed = false;
  int axis = 0;
  int64_t height = 1;

  std::string toString(const Rows& strip, const char* kernel) const {
    return text("kernel ", kernel, ", target ", target,
                storing == Storing::Plain ? ", plain" : ", channels-last", ", threads ", threads,
                packed ? ", weights packed" : "", ", axis ", axis, ", rows ", strip.begin, " to ",
                strip.end);
  }
};

base::Team& teamOf(int threads) {
  static base::ThreadPool pool(3);
  static base::Team one, three = pool.lease(3);
  return threads == 1 ? one : three;
}

/// The rows of a tensor without memory for any other: a view of the whole tensor's shape whose data
/// pointer is displaced so that row r lies where it would.
TensorView displaced(const TensorView& window, const Rows& rows, const Shape& whole) {
  TensorView view = kernels::shifted(window, -rows.begin * window.strides[rows.axis]);
  view.shape = whole;
  return view;
}

/// One vector behind the last element may be read (base/aligned.h), nothing else around.
void poisonAround(const TestTensor& tensor) {
  const auto bytes = tensor.bytes();
  const TensorView& view = tensor.view();
  int64_t last = 0;
  for (int axis = 0; axis < view.shape.rank(); ++axis)
    last += (view.shape[axis] - 1) * view.strides[axis];
  const auto size = static_cast<int64_t>(elementSize(view.type));
  const auto* first = view.as<const uint8_t>();
  const auto* end = view.elements() ? first + (last + 1) * size + base::kAlignment : first;
  ASAN_POISON_MEMORY_REGION(bytes.data(), static_cast<size_t>(first - bytes.data()));
  ASAN_POISON_MEMORY_REGION(end, static_cast<size_t>(bytes.data() + bytes.size() - end));
}

class Strips {
 public:
  explicit Strips(const OpCase& c) : case_(c) {
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const OpInput& input = c.inputs[i];
      inputs_.push_back(input.absent ? TestTensor() : filled(input, c.name, static_cast<int>(i)));
      types_.push_back(input.absent ? TensorType{} : TensorType{input.type, input.shape});
    }
    const auto types = c.op->inferShape(types_);
    EXPECT_TRUE(types);
    if (types) outputTypes_ = *types;
  }

  void check() {
    if (outputTypes_.empty() || case_.fails) return;
    for (int axis = 0; axis < outputTypes_[0].shape.rank(); ++axis)
      if (outputTypes_[0].shape[axis] > 0 && canStrip(axis)) checkAxis(axis);
  }

 private:
  struct Run {
    Setting setting;
    std::shared_ptr<const ops::Operator> op;  ///< as converted where weights are packed
    std::vector<TestTensor> inputs;           ///< whole
    std::vector<PackedWeights> packed;
    std::vector<TensorView> inputViews;
  };

  std::optional<Rows> read(size_t input, const Rows& strip) const {
    return case_.op->rowsRead(static_cast<int>(input), strip, types_, outputTypes_);
  }

  bool canStrip(int axis) const {
    const Rows all{axis, 0, outputTypes_[0].shape[axis]};
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (inputs_[i].view() && !read(i, all)) return false;
    return true;
  }

  void checkAxis(int axis) {
    EXPECT_TRUE(case_.op->facts().rowsStandAlone ||
                (axis == 2 && outputTypes_[0].shape.rank() == 4));
    if (expected_.empty()) runReference();
    for (int64_t height : heights(axis)) checkRising(axis, height);
    for (std::string_view target : cpuTargets()) {
      ASSERT_TRUE(limitCpuTarget(target));
      checkTarget(axis, target);
    }
    ASSERT_TRUE(limitCpuTarget(""));
  }

  void runReference() {
    std::vector<TensorView> inputs, outputs;
    for (const TestTensor& input : inputs_) inputs.push_back(input.view());
    for (const TensorType& type : outputTypes_) {
      expected_.emplace_back(type, Storing::Plain);
      outputs.push_back(expected_.back().view());
    }
    execute(*case_.op, backend::referenceRow(case_.op->kind()), inputs, outputs, 1, {}, "whole");
  }

  /// begin and end stay inside and never fall as the strip moves on.
  void checkRising(int axis, int64_t height) const {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].view()) continue;
      Rows before;
      for (int64_t begin = 0; begin + height <= outputTypes_[0].shape[axis]; ++begin) {
        const auto rows = read(i, {axis, begin, begin + height});
        ASSERT_TRUE(rows) << "input " << i << ", rows from " << begin;
        if (rows->axis == Rows::kWhole) break;
        EXPECT_LE(before.begin, rows->begin) << "input " << i << ", rows from " << begin;
        EXPECT_LE(before.end, rows->end) << "input " << i << ", rows from " << begin;
        EXPECT_LE(rows->begin, rows->end) << "input " << i << ", rows from " << begin;
        EXPECT_LE(rows->end, types_[i].shape[rows->axis]) << "input " << i;
        before = *rows;
      }
    }
  }

  std::set<int64_t> heights(int axis) const {
    std::set<int64_t> all;
    for (int64_t height : kHeights) all.insert(std::min(height, outputTypes_[0].shape[axis]));
    return all;
  }

  /// Several threads take part in the tallest strips alone, which are large enough for them.
  void checkTarget(int axis, std::string_view target) const {
    const std::set<int64_t> all = heights(axis);
    if (target == cpuTargets().back()) {  // the reference knows no storage
      for (int64_t height : all)
        checkStrips(prepare({target, Storing::Plain, 1, false, axis, height}));
      return;
    }
    for (Storing storing : {Storing::Plain, Storing::ChannelsLast})
      for (bool packed : {false, true})
        for (int64_t height : all)
          for (int threads : {1, 3})
            if ((!packed || packable(axis)) && (threads == 1 || height == *all.rbegin()))
              checkStrips(prepare({target, storing, threads, packed, axis, height}));
  }

  /// Packed weights cannot be cut.
  bool packable(int axis) const {
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (case_.inputs[i].weights && read(i, {axis, 0, 1})->axis == Rows::kWhole &&
          packedWeights(*case_.op, static_cast<int>(i), inputs_[i].view()))
        return true;
    return false;
  }

  std::shared_ptr<const ops::Operator> asConverted() const {
    std::vector<TensorView> inputs;
    for (const TestTensor& input : inputs_) inputs.push_back(input.view());
    return optest::asConverted(*case_.op, inputs);
  }

  Run prepare(const Setting& setting) const {
    Run run{setting, setting.packed ? asConverted() : case_.op, {}, {}, {}};
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].view()) {
        run.inputs.emplace_back();
        run.inputViews.emplace_back();
        continue;
      }
      const bool weights = case_.inputs[i].weights;
      run.inputs.emplace_back(inputs_[i].view(), weights ? Storing::Plain : setting.storing);
      run.inputViews.push_back(run.inputs.back().view());
      if (!weights || !setting.packed) continue;
      if (auto packed = packedWeights(*case_.op, static_cast<int>(i), run.inputs.back().view())) {
        run.packed.push_back(std::move(*packed));
        run.inputViews.back() = run.packed.back().view;
      }
    }
    return run;
  }

  void checkStrips(const Run& run) const {
    const Setting& setting = run.setting;
    const int64_t extent = outputTypes_[0].shape[setting.axis];
    for (int64_t begin = 0; begin < extent && !testing::Test::HasFailure(); begin += setting.height)
      checkStrip(run, {setting.axis, begin, std::min(begin + setting.height, extent)});
  }

  void checkStrip(const Run& run, const Rows& strip) const {
    const bool alone = case_.op->facts().rowsStandAlone;
    std::vector<TestTensor> windows, outputs;
    std::vector<TensorView> inputViews = run.inputViews, outputViews;
    for (size_t i = 0; i < inputViews.size(); ++i) {
      if (!inputViews[i]) continue;
      const Rows rows = *read(i, strip);
      if (rows.axis == Rows::kWhole) continue;
      TensorView part =
          kernels::partOf(inputViews[i], rows.axis, rows.begin, rows.end - rows.begin);
      if (!alone) {
        windows.emplace_back(part, run.setting.storing);
        poisonAround(windows.back());
        part = displaced(windows.back().view(), rows, types_[i].shape);
      }
      inputViews[i] = part;
    }
    for (const TensorType& type : outputTypes_) {
      TensorType window = type;
      window.shape[strip.axis] = strip.end - strip.begin;
      outputs.emplace_back(window, run.setting.storing);
      const TensorView& view = outputs.back().view();
      outputViews.push_back(alone ? view : displaced(view, strip, type.shape));
    }
    const auto row = backend::cpu::chooseKernel(*run.op, inputViews, outputViews);
    const std::string name = run.setting.toString(strip, row.name);
    kernels::OutputRows asked;
    if (!alone) asked = {strip.begin, strip.end};
    execute(*run.op, row, inputViews, outputViews, run.setting.threads, asked, name);
    for (size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_FALSE(outputs[i].brokenFence()) << name << ": wrote outside output " << i;
      const TensorView expected =
          kernels::partOf(expected_[i].view(), strip.axis, strip.begin, strip.end - strip.begin);
      EXPECT_EQ(firstDifference(expected, outputs[i].view()), "")
          << name << ": output " << i << " differs";
    }
  }

  void execute(const ops::Operator& op, const backend::KernelRow& row,
               std::vector<TensorView>& inputs, std::vector<TensorView>& outputs, int threads,
               const kernels::OutputRows& rows, const std::string& name) const {
    // As a plan asks: for as many rows as the largest call computes.
    kernels::OutputRows most;
    if (rows.end < std::numeric_limits<int64_t>::max()) most.end = rows.end - rows.begin;
    const kernels::CallShape call(threads, most);
    FencedBytes workspace(row.workspace ? row.workspace(op, inputs, outputs, call) : 0);
    const base::DenormalsFlushed flushed;
    const auto result = row.run(op, {inputs, outputs, workspace.bytes(), &teamOf(threads), rows});
    EXPECT_TRUE(result) << name;
    EXPECT_TRUE(workspace.intact()) << name << ": wrote outside its workspace";
  }

  const OpCase& case_;
  std::vector<TestTensor> inputs_, expected_;
  std::vector<TensorType> types_;
  ops::TensorTypes outputTypes_;
};

}  // namespace

class StripCases : public testing::TestWithParam<OpCase> {};

TEST_P(StripCases, SameBitsAsWhole) { Strips(GetParam()).check(); }

INSTANTIATE_TEST_SUITE_P(All, StripCases, testing::ValuesIn(allCases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace minnow::optest
