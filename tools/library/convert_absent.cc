// Stands in for convert.cc in builds without the converter.
#include "face.h"

extern "C" minnow_status minnow_convert(const char* file, const minnow_convert_options*,
                                        minnow_bytes*, minnow_bytes*) {
  using namespace minnow;
  return c::checked([&] {
    return c::failed(ErrorCode::Unsupported,
                     text(file ? file : "",
                          ": this build has no converter (MINNOW_CONVERTER=OFF); "
                          "convert it elsewhere and use the .minnow file"));
  });
}
