// What costs time once, kept in a folder from process to process. Nothing that lies there is
// believed: an entry that is damaged, or of another key, is as one that is not there.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minnow::backend::gpu {

class Cache {
 public:
  /// Where all caches of this process lie from now on; "" for nothing is found or kept. `engine`, who
  /// writes, is part of every key.
  static void use(std::string_view folder, std::string_view engine);
  /// So is `device`, which this one is for, with its driver. Before, nothing is found or kept.
  void own(std::string_view device);
  /// True if what is kept is there the next time, as far as is known.
  bool isUsed() const;
  std::optional<std::vector<std::byte>> find(std::string_view key) const;
  /// Appears as a whole or not at all. Where that fails, trouble() says why.
  void keep(std::string_view key, std::span<const std::byte> bytes);
  /// Why nothing is kept, for a user; "" where it is.
  std::string trouble() const;

 private:
  std::string entryOf(std::string_view engine, std::string_view key) const;

  mutable std::mutex mutex_;
  std::string device_, trouble_, troubled_;  ///< the folder where there is trouble
};

}  // namespace minnow::backend::gpu
