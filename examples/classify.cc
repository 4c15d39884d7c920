// The shortest useful program: load a model, write a picture into its input, run, print the five
// strongest classes.
//
//   classify MODEL.minnow PICTURE      (a classifier with one input of 3 channels, ImageNet
//   normalisation)
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

#include "minnow/image.h"
#include "minnow/runtime.h"

namespace {

int complain(const minnow::Error& error) {
  std::fprintf(stderr, "%s: %s\n", minnow::errorCodeName(error.code), error.message.c_str());
  return 1;
}

void printStrongest(const minnow::TensorView& scores) {
  std::vector<float> values(static_cast<size_t>(scores.elements()));
  minnow::copyTensor(
      scores, {scores.type, scores.shape, minnow::plainStrides(scores.shape), values.data()});
  std::vector<int> classes(values.size());
  std::iota(classes.begin(), classes.end(), 0);
  const size_t shown = std::min<size_t>(5, classes.size());
  std::partial_sort(classes.begin(), classes.begin() + static_cast<ptrdiff_t>(shown), classes.end(),
                    [&](int a, int b) { return values[a] > values[b]; });
  for (size_t i = 0; i < shown; ++i)
    std::printf("class %4d  %.4f\n", classes[i], values[classes[i]]);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: classify MODEL.minnow PICTURE\n");
    return 2;
  }
  auto runtime = minnow::Runtime::create({.threads = 2});
  if (!runtime) return complain(runtime.error());
  auto model = minnow::Interpreter::createFromFile(*runtime, argv[1]);
  if (!model) return complain(model.error());
  auto session = model->createSession();
  if (!session) return complain(session.error());
  auto picture = minnow::vision::readImage(argv[2]);
  if (!picture) return complain(picture.error());

  auto frame = session->begin();  // leases an arena; the input tensor lies in it
  if (!frame) return complain(frame.error());
  const minnow::vision::PreProcess normalise{.mean = {123.675f, 116.28f, 103.53f},
                                             .scale = {1 / 58.395f, 1 / 57.12f, 1 / 57.375f}};
  if (auto placed = minnow::vision::writeImage(picture->view(), normalise, frame->input(0));
      !placed)
    return complain(placed.error());
  if (auto ran = frame->run(); !ran) return complain(ran.error());
  printStrongest(frame->output(0));
  return 0;
}
