// Real models against ONNX Runtime's answers, summarised in data/*.json by make_goldens.py. A model
// that is not on this machine is skipped, and the test says so.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "analysis/host_tensor.h"
#include "exit.h"
#include "inputs.h"
#include "minnow/runtime.h"
#include "model.h"
#include "tests/golden/find_model.h"

namespace minnow::tool {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPicture = "/usr/share/doc/opencv-doc/examples/data/leuvenA.jpg";

/// The golden's picture arguments, as the command line has them.
PictureOptions pictureOptions(const json& arguments) {
  PictureOptions options;
  const std::map<std::string, std::string*> places{
      {"--mean", &options.mean},    {"--scale", &options.scale}, {"--pad", &options.pad},
      {"--color", &options.colour}, {"--resize", &options.fit},  {"--alpha", &options.alpha}};
  for (size_t i = 0; i + 1 < arguments.size(); i += 2)
    *places.at(arguments[i].get<std::string>()) = arguments[i + 1].get<std::string>();
  return options;
}

/// `noise`: what rounding alone does to this output, measured by make_goldens.py.
void expectClose(double actual, const json& expected, const std::string& what, double noise = 0) {
  const double wanted = expected.get<double>();
  EXPECT_LE(std::fabs(actual - wanted), 1e-4 + 1e-3 * std::fabs(wanted) + noise)
      << what << ": " << actual << " instead of " << wanted;
}

double norm(const HostTensor& tensor) {
  double squares = 0;
  for (int64_t i = 0; i < tensor.type.shape.elements(); ++i)
    squares += elementAsDouble(tensor, i) * elementAsDouble(tensor, i);
  return std::sqrt(squares);
}

void expectOutput(const HostTensor& actual, const json& golden) {
  const std::string name = golden["name"];
  const auto shape = golden["shape"].get<std::vector<int64_t>>();
  ASSERT_EQ(actual.type.shape, Shape(shape)) << name;
  const analysis::Summary summary = summarise(actual);
  EXPECT_EQ(summary.nans, 0) << name;
  const double noise = golden["noise"].get<double>();
  expectClose(summary.min, golden["min"], name + " min", noise);
  expectClose(summary.max, golden["max"], name + " max", noise);
  expectClose(summary.mean, golden["mean"], name + " mean");
  expectClose(norm(actual), golden["l2"], name + " L2", noise);
  const auto n = static_cast<uint64_t>(actual.type.shape.elements());
  const json& samples = golden["samples"];
  const bool all = samples.size() == n;
  for (size_t k = 0; k < samples.size() && !testing::Test::HasFailure(); ++k) {
    const uint64_t place = all ? k : k * 2654435761u % n;
    expectClose(elementAsDouble(actual, static_cast<int64_t>(place)), samples[k],
                name + " element " + std::to_string(place), noise);
  }
}

/// Strips change memory and nothing else; plans come near their bound.
void expectSameLayerByLayer(const Model& opened, const Session& strips, const InputSpecs& specs,
                            const std::vector<HostTensor>& expected) {
  Session whole = need(opened.interpreter.createSession({.inStrips = false}));
  for (const Session* session : {&strips, static_cast<const Session*>(&whole)}) {
    const MemoryReport memory = session->memory();
    EXPECT_LE(static_cast<double>(memory.dynamicBytes),
              1.05 * static_cast<double>(memory.lowerBoundBytes));
  }
  EXPECT_LE(strips.memory().dynamicBytes, whole.memory().dynamicBytes);
  Frame frame = need(whole.begin());
  specs.fill(frame, whole.inputs());
  need(frame.run());
  for (size_t o = 0; o < expected.size(); ++o) {
    const HostTensor actual = HostTensor::copyOf(frame.output(o));
    EXPECT_EQ(actual.bytes, expected[o].bytes) << "output " << o;
  }
}

/// True for a picture without contours whose outputs rounding alone decides: M-LSD takes the
/// scores that are the greatest around them, and here all are equal but for that. ONNX Runtime
/// without its optimisations is as far from itself (`noise`) as from anybody else. Direct
/// convolutions at least treat all pixels alike, as they do there; Winograd's tiles do not.
bool isOfTies(const json& golden) {
  const auto isNoisy = [](const json& output) { return output["noise"].get<double>() > 0; };
  return golden["spec"].get<std::string>().starts_with("const") &&
         std::ranges::any_of(golden["outputs"], isNoisy);
}

void check(const json& golden, const fs::path& model) {
  const bool isPicture = golden["spec"] == "picture";
  const std::string input = golden["input"];
  const std::string spec = isPicture ? kPicture : golden["spec"].get<std::string>();
  const InputSpecs specs({input + "=" + spec},
                         isPicture ? pictureOptions(golden["picture"]) : PictureOptions{});
  const auto shape = golden["shape"].get<std::vector<int64_t>>();
  Runtime runtime = need(Runtime::create({.threads = 2}));
  ConvertSettings settings{.shapes = {{input, Shape(shape)}}};
  if (isOfTies(golden)) settings.disabledPasses = {"choose-winograd"};
  const Model opened = openModel(runtime, model, settings);
  Session session = openSession(opened, model);
  std::vector<HostTensor> outputs;
  {
    Frame frame = need(session.begin());
    specs.fill(frame, session.inputs());
    expectClose(summarise(HostTensor::copyOf(frame.input(0))).mean, golden["input_mean"], "input");
    need(frame.run());
    for (const json& output : golden["outputs"]) {
      const TensorView view = frame.output(output["name"].get<std::string>());
      ASSERT_TRUE(view) << output["name"];
      expectOutput(HostTensor::copyOf(view), output);
    }
    for (size_t o = 0; o < session.outputs().size(); ++o)
      outputs.push_back(HostTensor::copyOf(frame.output(o)));
  }
  expectSameLayerByLayer(opened, session, specs, outputs);
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, AgreesWithOnnxRuntime) {
  std::ifstream file(kRoot / "tests/golden/data" / GetParam());
  const json golden = json::parse(file);
  const fs::path model = findModel(golden["model"]);
  if (model.empty()) {
    ASSERT_FALSE(isRequired(golden["model"])) << golden["model"] << ": make models";
    GTEST_SKIP() << golden["model"] << " is not on this machine";
  }
  if (golden["spec"] == "picture" && !fs::exists(kPicture)) {
    ASSERT_TRUE(environment("MINNOW_REQUIRE_MODELS").empty()) << kPicture << ": install opencv-doc";
    GTEST_SKIP() << kPicture << " is not on this machine (package opencv-doc)";
  }
  try {
    check(golden, model);
  } catch (const Failure& failure) {
    FAIL() << failure.what();
  }
}

std::vector<std::string> goldenFiles() {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(kRoot / "tests/golden/data"))
    if (entry.path().extension() == ".json") files.push_back(entry.path().filename().string());
  std::sort(files.begin(), files.end());
  return files;
}

std::string testName(const testing::TestParamInfo<std::string>& info) {
  std::string name = fs::path(info.param).stem().string();
  std::replace_if(name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, testing::ValuesIn(goldenFiles()), testName);

}  // namespace
}  // namespace minnow::tool
