// JSON on standard output and in files. Names come from files and may be anything: what is not UTF-8 is
// replaced.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

namespace minnow::tool {

template <class Json>
std::string jsonText(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <class Json>
void printJson(const Json& json) {
  fmt::print("{}", jsonText(json));
}

}  // namespace minnow::tool
