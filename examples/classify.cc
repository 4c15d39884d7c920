// The shortest useful program: loads a model, writes a picture into its input, runs it, prints the
// five strongest classes.
//
//   classify MODEL.minnow PICTURE
//
// The model is a classifier with one input of 3 channels, normalised as for ImageNet.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

#include "minnow/image.h"
#include "minnow/runtime.h"

// What a program does about an error is its own affair; this one says it and ends.
template <class T>
T orExit(minnow::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  return std::move(result).value();
}

static void printStrongest(const std::vector<float>& scores) {
  std::vector<size_t> classes(scores.size());
  std::iota(classes.begin(), classes.end(), 0);
  std::ranges::sort(classes, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  classes.resize(std::min<size_t>(5, classes.size()));
  for (size_t c : classes) std::printf("class %4zu  %.4f\n", c, scores[c]);
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: classify MODEL.minnow PICTURE\n");
    return 2;
  }
  const minnow::vision::PreProcess normalise{.mean = {123.675f, 116.28f, 103.53f},
                                             .scale = {1 / 58.395f, 1 / 57.12f, 1 / 57.375f}};

  auto runtime = orExit(minnow::Runtime::create({.threads = 2}));
  auto model = orExit(minnow::Interpreter::createFromFile(runtime, argv[1]));
  auto session = orExit(model.createSession());
  auto frame = orExit(session.begin());  // leases an arena, in which inputs and outputs lie
  auto picture = orExit(minnow::vision::readImage(argv[2]));
  orExit(minnow::vision::writeImage(picture.view(), normalise, frame.input(0)));
  orExit(frame.run());

  std::vector<float> scores(static_cast<size_t>(frame.output(0).elements()));
  orExit(minnow::readTensor(frame.output(0), scores));
  printStrongest(scores);
  return 0;
}
