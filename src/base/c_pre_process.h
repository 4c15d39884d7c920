// How C says that a picture becomes a tensor, for pictures in memory and on devices: minnow_pre_process in minnow/minnow.h, whose
// numbers are those of minnow/image.h.
#pragma once

#include "base/c_face.h"
#include "base/fail.h"
#include "minnow/image.h"

namespace minnow::c {

static_assert(MINNOW_FIT_LETTERBOX == static_cast<int>(vision::Fit::Letterbox));
static_assert(MINNOW_ANCHOR_TOP_LEFT == static_cast<int>(vision::Anchor::TopLeft));
static_assert(MINNOW_COLOUR_GRAY == static_cast<int>(vision::ColourOrder::Gray));
static_assert(MINNOW_CHANNELS_LAST == static_cast<int>(vision::ChannelsAxis::Last));

/// A member that has to be one of an enumeration's, and the last of them.
struct Chosen {
  const char* name;
  int value, last;
};
inline Result<void> areKnown(std::initializer_list<Chosen> members) {
  for (const auto& [name, value, last] : members)
    if (value < 0 || value > last)
      return fail(ErrorCode::InvalidArgument, name, " is ", value, ", expected 0 to ", last);
  return {};
}

inline Result<vision::PreProcess> preProcessOf(const minnow_pre_process* pre) {
  const auto given = completed<minnow_pre_process>(pre, MINNOW_PRE_PROCESS_INIT);
  if (!given) return passOn(given);
  if (auto ok = areKnown({{"fit", given->fit, MINNOW_FIT_LETTERBOX},
                          {"anchor", given->anchor, MINNOW_ANCHOR_TOP_LEFT},
                          {"colour", given->colour, MINNOW_COLOUR_GRAY},
                          {"channels", given->channels, MINNOW_CHANNELS_LAST},
                          {"quarters", given->quarters, 3}});
      !ok)
    return passOn(ok);
  vision::PreProcess all{
      .fit = static_cast<vision::Fit>(given->fit),
      .anchor = static_cast<vision::Anchor>(given->anchor),
      .colour = static_cast<vision::ColourOrder>(given->colour),
      .channels = static_cast<vision::ChannelsAxis>(given->channels),
      .bytes = {given->byte_scale, given->byte_zero},
      .turn = {static_cast<vision::Rotation>(given->quarters), given->mirror != 0}};
  std::ranges::copy(given->mean, all.mean.begin());
  std::ranges::copy(given->scale, all.scale.begin());
  std::ranges::copy(given->pad, all.pad.begin());
  if (given->has_alpha != 0) all.alpha = given->alpha;
  if (given->crop_width != 0)
    all.crop = {given->crop_x, given->crop_y, given->crop_width, given->crop_height};
  if (given->nearest != 0) all.interpolation = vision::Interpolation::Nearest;
  return all;
}

}  // namespace minnow::c
