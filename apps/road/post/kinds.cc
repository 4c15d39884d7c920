// One row a kind.
#include "post/kinds.h"

namespace road {

namespace {
/// For who reads the outputs himself, as GStreamer's tensor decoders do.
minnow::Result<std::vector<Feature>> decodeNothing(const Decoding&) {
  return std::vector<Feature>();
}

constexpr Kind kKinds[] = {
    {"text-boxes", decodeTextBoxes, nullptr},
    {"text-direction", nullptr, readTextDirection},
    {"text-line", nullptr, readTextLine},
    {"line-segments", decodeLineSegments, nullptr},
    {"anchor-faces", decodeAnchorFaces, nullptr},
    {"corner-boxes", decodeCornerBoxes, nullptr},
    {"yolox", decodeYolox, nullptr},
    {"nanodet", decodeNanodet, nullptr},
    {"fastestdet", decodeFastestdet, nullptr},
    {"masks", decodeMasks, nullptr},
    {"sign-class", nullptr, readSignClass},
    {"tensors", decodeNothing, nullptr},
};
}  // namespace

const Kind* findKind(const std::string& name) {
  for (const Kind& kind : kKinds)
    if (name == kind.name) return &kind;
  return nullptr;
}

std::vector<std::string> kindNames() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace road
