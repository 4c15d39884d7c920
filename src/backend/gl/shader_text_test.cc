// What becomes of OpenCL C on the way to GLSL.
#include "backend/gl/shader_text.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace minnow::backend::gl {
namespace {

TEST(ShaderText, TakesTheStructOfTheKernelThatIsNamed) {
  const char* kernels =
      "typedef struct {\n  int a;\n} Other;\n"
      "typedef struct {\n  int items, across;  // first; of all\n  int taps[2],\n      pad[2][2];\n"
      "  float alpha;\n} Mine;\n"
      "kernel void other(global float* y, long yAt, Other g) {}\n"
      "kernel void mine(global const float* x, long xAt,\n                 Mine g) {}\n";
  EXPECT_EQ(
      geometryText(kernels, "mine"),
      "struct Mine {\nint items;\nint across;\nint taps[2];\nint pad[2][2];\nfloat alpha;\n};\n"
      "uniform int words[9];\nMine g;\nvoid readGeometry() {\n"
      "g.items = words[0];\ng.across = words[1];\ng.taps[0] = words[2];\n"
      "g.taps[1] = words[3];\ng.pad[0][0] = words[4];\ng.pad[0][1] = words[5];\n"
      "g.pad[1][0] = words[6];\ng.pad[1][1] = words[7];\ng.alpha = intBitsToFloat(words[8]);\n}\n");
  EXPECT_EQ(geometryText(kernels, "nobodys"), "");
}

TEST(ShaderText, NumbersAreReadBackTheSame) {
  EXPECT_EQ(withDecimalNumbers("f(0x1.8p+1f, 0x10)"), "f(3.000000000e+00f, 0x10)");
  for (const char* number : {"0x1.5554b0p-3", "-0x1.de4fa0p-4", "0x1p-126", "0x1.fffffep+127"}) {
    const std::string decimal = withDecimalNumbers(number);
    EXPECT_EQ(decimal.find('x'), std::string::npos) << decimal;
    EXPECT_EQ(std::strtof(decimal.c_str(), nullptr), std::strtof(number, nullptr)) << decimal;
  }
}

TEST(ShaderText, HasOptionsAsLinesAndIsNothingForUnknownKernels) {
  const std::string text = shaderText({"pool", "pool", "-D AVERAGE=1 -D OTHER=2"});
  EXPECT_TRUE(text.starts_with("#version 310 es\n#define KERNEL_pool\n#define AVERAGE 1"))
      << text.substr(0, 80);
  EXPECT_NE(text.find("\n#define OTHER 2\n"), std::string::npos);
  EXPECT_EQ(shaderText({"pool", "nobodys", ""}), "");
  EXPECT_EQ(shaderText({"nobodys", "pool", ""}), "");
}

}  // namespace
}  // namespace minnow::backend::gl
