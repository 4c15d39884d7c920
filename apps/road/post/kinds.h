// The kinds of post-processing that the table may name.
#pragma once

#include <string>
#include <vector>

#include "post/decoding.h"

namespace road {

/// A model looks at the whole picture (decode) or at crops of features found before (read).
struct Kind {
  const char* name;
  Decoder decode = nullptr;
  Reader read = nullptr;
};

/// Null when there is no such kind.
const Kind* findKind(const std::string& name);
std::vector<std::string> kindNames();

}  // namespace road
