// JSON on standard output. Names come from files and may be anything: what is not UTF-8 is
// replaced.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace minnow::tool {

template <class Json>
void printJson(const Json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace minnow::tool
