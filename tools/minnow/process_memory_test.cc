// The system's figures as text, and as they follow what a process does.
#include "process_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace minnow::tool {
namespace {

constexpr const char* kRollup =
    "55d0-7ffe ---p 00000000 00:00 0   [rollup]\n"
    "Rss:                5120 kB\n"
    "Pss:                1200 kB\n"
    "Pss_Anon:             99 kB\n"
    "Anonymous:          2048 kB\n";
constexpr const char* kStatus = "Name:\tminnow\nVmPeak:\t   9000 kB\nVmHWM:\t    6000 kB\n";

TEST(ProcessMemory, ParsesTheSystemsText) {
  const auto memory = parseProcessMemory(kRollup, kStatus);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->anonymous, 2048u * 1024);
  EXPECT_EQ(memory->fileBacked, 3072u * 1024);
  EXPECT_EQ(memory->pss, 1200u * 1024);
  EXPECT_EQ(memory->peakResident, 6000u * 1024);
}

TEST(ProcessMemory, MissingOrDamagedFieldsGiveNothing) {
  const std::string whole = kRollup;
  for (const char* name : {"Rss:", "Pss:", "Anonymous:"}) {
    std::string text = whole;
    text[text.find(name)] = '?';
    EXPECT_FALSE(parseProcessMemory(text, kStatus)) << name;
  }
  for (const char* text : {"", "\n", "Rss:", "Rss: x kB\n", "Rss: 99999999999999999999 kB\n"})
    EXPECT_FALSE(parseProcessMemory(text, kStatus)) << text;
  EXPECT_FALSE(parseProcessMemory(whole, "VmHWM"));
}

TEST(ProcessMemory, SeesPagesThatAreTouched) {
  const auto before = processMemory();
  if (!before) GTEST_SKIP() << "no /proc/self/smaps_rollup here";
  constexpr size_t kBytes = size_t{16} << 20;
  void* block = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, kBytes);
  const auto after = processMemory();
  munmap(block, kBytes);
  ASSERT_TRUE(after);
  EXPECT_GE(after->anonymous, before->anonymous + kBytes);
  EXPECT_LT(after->anonymous, before->anonymous + kBytes + (size_t{2} << 20));
}

/// Touches `bytes` of stack.
[[gnu::noinline]] int deep(size_t bytes) {
  volatile char page[4096];
  page[0] = static_cast<char>(bytes);
  page[4095] = 1;
  return bytes <= sizeof page ? page[0] : deep(bytes - sizeof page) + page[4095];
}

TEST(MeasuredStack, TellsHowDeepAThreadWent) {
  MeasuredStack stack;
  EXPECT_EQ(stack.touchedBytes(), 0u);
  size_t shallow = 0, afterwards = 0;
  stack.run([&] {
    shallow = stack.touchedBytes();
    deep(300000);
    afterwards = stack.touchedBytes();
  });
  EXPECT_GT(shallow, 0u);
  EXPECT_GE(afterwards, 300000u);
  EXPECT_LT(shallow, 300000u);
}

TEST(Heap, CountsWhatIsHeld) {
  const auto before = heapInUse();
  if (!before) GTEST_SKIP() << "the C library does not say";
  constexpr size_t kBytes = size_t{4} << 20;
  void* block = std::malloc(kBytes);
  ASSERT_NE(block, nullptr);
  std::memset(block, 1, kBytes);
  EXPECT_GE(*heapInUse(), *before + kBytes);
  std::free(block);
  EXPECT_LT(*heapInUse(), *before + kBytes);
}

}  // namespace
}  // namespace minnow::tool
