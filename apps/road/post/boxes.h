// Scored boxes, their overlap, and the two ways to keep one of many.
#pragma once

#include <vector>

#include "post/decoding.h"

namespace road {

/// In the units of whoever made it.
struct ScoredBox {
  double left = 0, top = 0, right = 0, bottom = 0;
  double score = 0;
  size_t category = 0;
};

/// Intersection over union; 0 for boxes without area.
double overlap(const ScoredBox& a, const ScoredBox& b);

/// Greedy non-maximum suppression within a category: the best first, then what overlaps a kept box
/// by no more than `maxOverlap`.
std::vector<ScoredBox> keepBest(std::vector<ScoredBox> boxes, double maxOverlap);

/// As BlazeFace's paper has it: boxes that overlap the best one are averaged with it, weighted by
/// their scores, instead of being dropped.
std::vector<ScoredBox> blendOverlapping(std::vector<ScoredBox> boxes, double minOverlap);

/// Boxes in input pixels to features of a kind, named by the parameters' labels. Only the classes
/// that the parameter `classes` lists, if it does.
std::vector<Feature> toFeatures(const std::vector<ScoredBox>& boxes, const Decoding& decoding,
                                const std::string& kind);

}  // namespace road
