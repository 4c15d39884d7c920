// Runs a fuzzing harness without libFuzzer: every file of the given folders as it is, cut at many
// lengths, and with bytes altered by a fixed pseudo-random sequence.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

void run(const Bytes& bytes) { LLVMFuzzerTestOneInput(bytes.data(), bytes.size()); }

void runCut(const Bytes& bytes) {
  const size_t step = std::max<size_t>(1, bytes.size() / 100);
  for (size_t length = 0; length < bytes.size(); length += step)
    run(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length)));
}

void runAltered(const Bytes& bytes, int rounds) {
  static constexpr uint8_t kTelling[] = {0, 1, 2, 0x7f, 0x80, 0xfe, 0xff};
  std::mt19937 random(1);
  for (int round = 0; round < rounds && !bytes.empty(); ++round) {
    Bytes altered = bytes;
    for (int i = 0; i <= round % 4; ++i)
      altered[random() % altered.size()] =
          random() % 2 ? kTelling[random() % std::size(kTelling)] : static_cast<uint8_t>(random());
    run(altered);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const char* given = std::getenv("MINNOW_FUZZ_ROUNDS");
  const int rounds = given ? std::atoi(given) : 200;
  int files = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const Bytes bytes{std::istreambuf_iterator<char>(file), {}};
      run(bytes);
      runCut(bytes);
      runAltered(bytes, rounds);
      ++files;
    }
  std::printf("%d seeds, %d alterations each\n", files, rounds);
  return files > 0 ? 0 : 1;
}
