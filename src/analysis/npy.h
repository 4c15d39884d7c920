// NumPy's .npy files (numpy.lib.format, versions 1 to 3): little-endian numbers, C or Fortran
// order.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "analysis/host_tensor.h"
#include "minnow/status.h"

namespace minnow::analysis {

/// f2 f4 f8, i1 … i8, u1 … u8, b1. Errors name the file.
Result<HostTensor> readNpy(const std::filesystem::path& path);
/// The same from a file's bytes; `name` is used in messages.
Result<HostTensor> parseNpy(std::span<const std::byte> file, const std::string& name);
/// What stands before the elements: version 1.0, C order.
std::vector<std::byte> npyHeader(const TensorType& type);
/// Header and elements.
std::vector<std::byte> encodeNpy(const HostTensor& tensor);

}  // namespace minnow::analysis
