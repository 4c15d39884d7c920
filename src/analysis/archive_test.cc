// Archives out and in, one that Python wrote, and everything that hostile ones may claim.
#include "analysis/archive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "analysis/inflate.h"
#include "analysis/test_folder.h"
#include "base/whole_file.h"

namespace minnow::analysis {
namespace {

using Bytes = std::vector<std::byte>;

class Archive : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "a.npz"; }
  size_t files() const {
    const auto entries = std::filesystem::directory_iterator(folder_.path());
    return static_cast<size_t>(std::distance(begin(entries), end(entries)));
  }
  static Bytes bytesOf(std::string_view text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
  }
  /// An archive of "one" ("first bytes") and "two/é" ("").
  Bytes sample() const {
    auto writer = ArchiveWriter::create(path());
    EXPECT_TRUE(writer->add("one", bytesOf("first bytes")));
    EXPECT_TRUE(writer->add("two/é", {}));
    EXPECT_TRUE(writer->finish());
    return *base::readFile(path());
  }
  /// What reading every entry says; "" if all is well.
  std::string complaint(const Bytes& archive) const {
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(archive.data()),
               static_cast<std::streamsize>(archive.size()));
    const auto reader = ArchiveReader::open(path());
    if (!reader) return reader.error().message;
    for (const std::string& name : reader->names())
      if (const auto bytes = reader->read(name); !bytes) return bytes.error().message;
    return "";
  }
  static void put(Bytes& bytes, size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(value >> 8 * i & 0xFF);
  }

  TestFolder folder_;
};

TEST_F(Archive, WhatIsWrittenIsReadAgain) {
  sample();
  const auto reader = ArchiveReader::open(path());
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(std::vector<std::string>(reader->names().begin(), reader->names().end()),
            (std::vector<std::string>{"one", "two/é"}));
  EXPECT_EQ(*reader->read("one"), bytesOf("first bytes"));
  EXPECT_TRUE(reader->read("two/é")->empty());
  EXPECT_TRUE(reader->has("one"));
  EXPECT_EQ(reader->read("three").error().code, ErrorCode::NotFound);
}

TEST_F(Archive, TheSameContentIsTheSameFile) { EXPECT_EQ(sample(), sample()); }

TEST_F(Archive, MoreEntriesThanSixteenBitsCount) {
  auto writer = ArchiveWriter::create(path());
  for (int i = 0; i < 66000; ++i) ASSERT_TRUE(writer->add(fmt::format("{}", i), {}));
  ASSERT_TRUE(writer->finish());
  const auto reader = ArchiveReader::open(path());
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(reader->names().size(), 66000u);
  EXPECT_TRUE(reader->read("65999"));
}

TEST_F(Archive, NothingIsLeftOfAFileThatWasNotFinished) {
  ASSERT_TRUE(base::writeFile(path(), "older"));
  {
    auto writer = ArchiveWriter::create(path());
    ASSERT_TRUE(writer->add("one", bytesOf("x")));
    EXPECT_FALSE(writer->add("one", bytesOf("x")));
    EXPECT_FALSE(writer->add(std::string(70000, 'x'), {}));
    EXPECT_FALSE(writer->add(std::string_view("a\0b", 3), {}));
  }
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(*base::readFile(path()), bytesOf("older"));
}

TEST_F(Archive, AFileThatMayNotGrowIsAnError) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1 << 16, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  Result<void> written;
  {
    auto writer = ArchiveWriter::create(path());
    written = writer->add("large", Bytes(1 << 17));
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::Io);
  EXPECT_EQ(files(), 0u);
}

// Written by Python's zipfile: deflated, its sizes in zip64 fields, as numpy.savez_compressed does.
TEST_F(Archive, PythonsAreRead) {
  const char kPython[] =
      "\120\113\003\004\055\000\000\000\010\000\000\000\041\000\303\154\353\034\377\377"
      "\377\377\377\377\377\377\005\000\024\000\141\056\164\170\164\001\000\020\000\214"
      "\000\000\000\000\000\000\000\014\000\000\000\000\000\000\000\313\315\314\313\313"
      "\057\127\310\035\014\024\000\120\113\001\002\055\003\055\000\000\000\010\000\000"
      "\000\041\000\303\154\353\034\014\000\000\000\214\000\000\000\005\000\000\000\000"
      "\000\000\000\000\000\000\000\200\001\000\000\000\000\141\056\164\170\164\120\113"
      "\005\006\000\000\000\000\001\000\001\000\063\000\000\000\103\000\000\000\000\000";
  const Bytes whole = bytesOf({kPython, sizeof kPython - 1});
  ASSERT_TRUE(base::writeFile(path(), whole));
  const auto reader = ArchiveReader::open(path());
  ASSERT_TRUE(reader) << reader.error().message;
  const auto text = reader->read("a.txt");
  if (!canInflate()) {
    EXPECT_NE(text.error().message.find("numpy.savez"), std::string::npos);
    return;
  }
  ASSERT_TRUE(text) << text.error().message;
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += "minnow ";
  EXPECT_EQ(*text, bytesOf(expected));

  EXPECT_TRUE(reader->read("a.txt", 140));
  const auto refused = reader->read("a.txt", 139);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfMemory);
  for (const std::string& said : {path().string(), std::string("'a.txt'"), std::string("140 bytes"),
                                  std::string("139 are allowed")})
    EXPECT_NE(refused.error().message.find(said), std::string::npos) << refused.error().message;

  const size_t directory = whole.size() - 22 - 51;
  for (const uint32_t size : {139U, 141U, 0U, 0xFFFFFFF0U}) {
    Bytes altered = whole;
    put(altered, directory + 24, size);
    EXPECT_NE(complaint(altered), "") << size;
  }
}

TEST_F(Archive, CutAnywhereItIsAnError) {
  const Bytes whole = sample();
  for (size_t size = 0; size < whole.size(); size += size + 60 < whole.size() ? 5 : 1)
    EXPECT_NE(complaint({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)}), "") << size;
}

TEST_F(Archive, LiesAreErrors) {
  const Bytes whole = sample();
  const size_t second = 30 + 3 + 11, directory = second + 30 + 6, end = whole.size() - 22;
  struct Lie {
    size_t at;
    uint32_t value;
    const char* says;
  };
  const Lie lies[] = {
      {30 + 3, 0, "checksum"},                            // a byte of the data
      {directory + 16, 0, "checksum"},                    // CRC
      {directory + 20, 10, "impossible size"},            // stored bytes that are not all read
      {directory + 24, 0xFFFFFFF0, "impossible size"},    // 4 GB
      {directory + 24, 0xFFFFFFFF, "damaged"},            // 64 bits that are not there
      {directory + 42, second - 1, "overlap"},            // two entries share bytes
      {directory + 42, 0xFFFFFF00, "overlap"},            // outside of the file
      {directory + 28, 0xFFFF, "damaged"},                // a name that is longer than all
      {directory + 10, 99, "in a way that is not read"},  // an unknown method
      {end + 8, 0x00030003, "damaged"},                   // more entries than there are
      {end + 12, 0xFFFFFF00, "impossible size"},          // directory: size
      {end + 16, 0xFFFFFFFF, "damaged"},                  // directory: beyond 32 bits
      {0, 0, "not what the directory says"},              // no local header
      {26, 0x0000FFFF, "not what the directory says"},    // another length of name there
  };
  for (const Lie& lie : lies) {
    Bytes altered = whole;
    put(altered, lie.at, lie.value);
    const std::string said = complaint(altered);
    EXPECT_NE(said.find(lie.says), std::string::npos) << lie.at << ": '" << said << "'";
  }
}

TEST_F(Archive, ANameTwiceIsAnError) {
  auto writer = ArchiveWriter::create(path());
  ASSERT_TRUE(writer->add("aaa", {}));
  ASSERT_TRUE(writer->add("bbb", {}));
  ASSERT_TRUE(writer->finish());
  std::string text;
  const Bytes whole = *base::readFile(path());
  for (const std::byte byte : whole) text += static_cast<char>(byte);
  for (size_t at; (at = text.find("bbb")) != std::string::npos;) text.replace(at, 3, "aaa");
  EXPECT_NE(complaint(bytesOf(text)).find("twice"), std::string::npos);
}

}  // namespace
}  // namespace minnow::analysis
