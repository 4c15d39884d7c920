// How far one tensor is from another, in figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/host_tensor.h"

namespace minnow::analysis {

/// An element is within it if |a - b| <= absolute + relative * |b|, if both are NaN, or if both are
/// the same infinity. 0 and 0 asks for the same bits, NaN for NaN (so -0 is not 0).
struct Tolerance {
  double absolute = 0, relative = 0;
  bool exact() const { return absolute == 0 && relative == 0; }
};

/// Of tensor a against the reference b. All but the counts are taken over the elements that are
/// finite in both; of quantised tensors over the numbers that integers stand for, but for `maxUlp`,
/// which counts steps of the integers, and for the tolerance, which is theirs too.
struct Figures {
  int64_t elements = 0;
  Shape shape;
  int64_t differing = 0;   ///< other bits, but for NaN and NaN
  int64_t beyond = 0;      ///< of these, beyond the tolerance
  double maxAbsolute = 0;  ///< |a - b|
  double maxRelative =
      0;  ///< |a - b| / max(|b|, t): t is the type's least normal number, 1 for integers
  uint64_t maxUlp = 0;  ///< numbers of the type from a to b, -0 and 0 are two; a - b for integers
  double scale = 0;     ///< largest |b|
  double step = 0;      ///< what a step of quantised integers stands for; 0 of all others
  double cosine = 1;    ///< 1 if both are 0 everywhere, 0 if one is; NaN if squares overflow
  int64_t nansA = 0, nansB = 0, infinitiesA = 0, infinitiesB = 0;
  int64_t specialInOne =
      0;  ///< places with NaN or an infinity on one side and something else on the other
  /// Row-major index of the element farthest off of those beyond the tolerance: the first special
  /// one, else the first of the largest |a - b|. -1 if there is none.
  int64_t worst = -1;
  /// The least box that holds all elements that differ: its first and its last position along each
  /// axis. Empty if there is none.
  std::vector<int64_t> first, last;

  bool equal() const { return differing == 0; }
  bool within() const { return beyond == 0; }
  /// The largest error as a part of the largest value; infinite where b is 0 everywhere and a not.
  double ofScale() const;
  /// Where elements differ, as numpy indexes: "[0, :, :, 31]". Empty if that is most of the tensor,
  /// or nowhere.
  std::string where() const;
};

/// One pass over both. Type and shape must be the same.
Figures figuresOf(const HostTensor& a, const HostTensor& b, const Tolerance& tolerance = {});

/// "12 of 1000 elements differ, by up to 1.2e-06 (3e-07 of the largest value, 5 ULP); 3 NaN instead
/// of 0; all at [0, :, 31]"; "equal".
std::string inWords(const Figures& figures);

}  // namespace minnow::analysis
