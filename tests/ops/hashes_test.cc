// Reading, comparing and writing anew of hashes.tsv.
#include "tests/ops/hashes.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string_view>

#include "analysis/hash.h"

namespace minnow::optest {
namespace {

constexpr const char* kFile = MINNOW_SOURCE_DIR "/tests/ops/hashes.tsv";
// Names of hashes that are a machine's own end so: "unflushed" where denormals cannot be flushed.
#if defined(__arm__) || defined(__aarch64__)
constexpr const char* kOwn = "@arm";
#elif defined(__riscv)
constexpr const char* kOwn = "@unflushed";
#else
constexpr const char* kOwn = "@none";
#endif

class Hashes {
 public:
  Hashes() {
    if (const char* file = std::getenv("MINNOW_WRITE_HASHES")) written_ = file;
    std::ifstream in(kFile);
    std::string name, hash;
    while (in >> name >> hash)
      if (written_.empty() || name.find('@') != std::string::npos) hashes_[name] = hash;
  }
  ~Hashes() {
    if (written_.empty()) return;
    std::ofstream out(written_);
    for (const auto& [name, hash] : hashes_) out << name << '\t' << hash << '\n';
  }

  void expect(const std::string& name, const std::string& hash) {
    if (!written_.empty()) {
      hashes_[name] = hash;
      return;
    }
    auto found = hashes_.find(name + kOwn);
    if (found == hashes_.end()) found = hashes_.find(name);
    ASSERT_NE(found, hashes_.end())
        << "no hash of this case in " << kFile
        << "; write all anew with\n  MINNOW_WRITE_HASHES=" << kFile << " ops_cases_test";
    EXPECT_EQ(hash, found->second) << "other bits than on other machines, or than before";
  }

 private:
  std::string written_;
  std::map<std::string, std::string> hashes_;
};

}  // namespace

void expectHash(const std::string& name, std::span<const TensorView> outputs) {
  static Hashes hashes;
  std::string hash;
  for (const TensorView& output : outputs) hash += analysis::hashOf(output).substr(0, 16);
  hashes.expect(name, hash);
}

}  // namespace minnow::optest
