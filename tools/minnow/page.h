// What pages share: one HTML file that needs no other, readable in light and dark, on a phone and
// on paper.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace minnow::tool {

/// `style` is added to the sheet that all pages and drawings have; `body` is HTML.
std::string htmlPage(std::string_view title, std::string_view body, std::string_view style = {});

/// A table of texts, which scrolls sideways where there is no room.
std::string htmlTable(const std::vector<std::string>& head,
                      const std::vector<std::vector<std::string>>& rows);

}  // namespace minnow::tool
