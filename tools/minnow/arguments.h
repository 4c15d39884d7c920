// NAME=VALUE arguments, lists of numbers, shapes and amounts of memory, as the verbs share them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/asked_shape.h"

namespace minnow::tool {

/// "x=const:1" to {"x", "const:1"}; the first '=' that leaves both sides non-empty. Failure (usage)
/// otherwise, naming the option.
std::pair<std::string, std::string> splitArgument(const std::string& argument, const char* option);
/// NAME=VALUE arguments by name. Failure (usage) for a name that comes twice: only one could count.
std::map<std::string, std::string> byName(const std::vector<std::string>& arguments,
                                          const char* option);
/// "1,3,320,320" or "1x3x320x320"; "" is a scalar. An axis may be a range ("32..960"), a name
/// ("H"), or a name with its size or range ("H=320").
AskedShape parseShape(const std::string& text, const char* option);
/// "0.5,1,2"
std::vector<double> parseNumbers(const std::string& text, const char* option);
/// "24MB", "17.3 MiB", "4096" (bytes): B, KB, MB, GB are powers of 1000, KiB, MiB, GiB of 1024, in
/// either case. More than 0.
size_t parseBytes(const std::string& text, const char* option);

}  // namespace minnow::tool
