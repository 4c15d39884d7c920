// The parts of an import, for each other.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "converter/convert.h"
#include "converter/onnx/node_context.h"

namespace minnow::converter {

/// importOnnx() that takes what it spends off `budget`. Throws only what the standard library does.
Result<ir::Graph> importModel(std::span<const std::byte> model, const std::filesystem::path& folder,
                              const ConvertOptions& options, ConvertReport& report,
                              sizes::Budget& budget);

/// Null for an operator that import_list.inc does not name.
ImportFn findImport(const std::string& op);
/// Of the domain com.microsoft.
ImportFn findMicrosoftImport(const std::string& op);
/// Of ONNX's own operators.
bool isDefaultDomain(const std::string& domain);

/// If the file is of another well-known kind: which, and what can be done; else empty.
std::string otherFormat(std::span<const std::byte> file);

}  // namespace minnow::converter
