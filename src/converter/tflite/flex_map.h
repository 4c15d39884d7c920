// The options of custom operators: numbers by name, in a map of FlexBuffers, the format without a schema. Read here
// because its own header wants a library behind it where a number may be a string.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace minnow::converter {

/// Numbers and truth values of the map that the bytes are; nullopt if they are none. Other entries are left out.
std::optional<std::map<std::string, double>> flexNumbers(std::span<const uint8_t> bytes);

}  // namespace minnow::converter
