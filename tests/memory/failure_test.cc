// Every single allocation fails in turn, alone and with all that follow: each public function then
// returns OutOfMemory, nothing leaks, the ledger is as before, and the same call succeeds when
// memory is back.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "minnow/image.h"
#include "minnow/minnow.h"
#include "src/runtime/test_models.h"
#include "tests/memory/allocations.h"
#include "tests/memory/fail_each.h"

namespace minnow {
namespace {

const test::Model& model() {
  static const test::Model network(test::smallNetwork(5));
  return network;
}

std::filesystem::path modelFile() {
  const auto path = std::filesystem::path(testing::TempDir()) /
                    ("allocation_failure." + std::to_string(::getpid()) + ".minnow");
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(model().span.data()),
             static_cast<std::streamsize>(model().span.size()));
  return path;
}

TEST(AllocationFailure, CreatingARuntime) {
  for (int threads : {1, 3})
    failEach([&] { return outcome(Runtime::create({.threads = threads, .concurrency = 2})); });
}

TEST(AllocationFailure, LoadingAFile) {
  const auto path = modelFile();
  auto runtime = Runtime::create();
  failEach([&] { return outcome(Interpreter::createFromFile(*runtime, path)); }, &*runtime);
}

TEST(AllocationFailure, LoadingABuffer) {
  auto runtime = Runtime::create();
  failEach([&] { return outcome(Interpreter::createFromBuffer(*runtime, model().span)); },
           &*runtime);
}

TEST(AllocationFailure, CreatingASession) {
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model().span);
  failEach([&] { return outcome(interpreter->createSession()); }, &*runtime);
}

TEST(AllocationFailure, Resizing) {
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model().span);
  auto session = interpreter->createSession();
  const Shape usual = session->inputs()[0].shape;
  const auto expected = test::runOnce(*session, 1);
  failEach(
      [&] {
        auto resized = session->resizeInput("x", {1, 4, 30, 30});
        EXPECT_EQ(session->inputs()[0].shape, resized ? Shape({1, 4, 30, 30}) : usual);
        return resized;
      },
      &*runtime, [&] { EXPECT_TRUE(session->resizeInput("x", usual).has_value()); });
  EXPECT_EQ(test::runOnce(*session, 1), expected);
}

TEST(AllocationFailure, BeginningAndRunning) {
  auto runtime = Runtime::create({.threads = 3});
  auto interpreter = Interpreter::createFromBuffer(*runtime, model().span);
  std::vector<float> expected;
  {
    auto session = interpreter->createSession();
    expected = test::runOnce(*session, 1);
  }
  // The first frame of a session: arena and bindings are made.
  for (const bool persistent : {false, true})
    for (int64_t n = 0; n < 8; ++n) {
      auto fresh = interpreter->createSession();
      bool reached = false;
      {
        const allocations::Failing failing(n, persistent);
        auto frame = fresh->begin();
        reached = failing.reached();
        if (frame) {
          EXPECT_TRUE(frame->run().has_value()) << "running allocates nothing";
        } else {
          EXPECT_EQ(frame.error().code, ErrorCode::OutOfMemory);
        }
      }
      EXPECT_EQ(test::runOnce(*fresh, 1), expected) << "allocation " << n;
      if (!reached) break;
    }
}

// Pictures ----------------------------------------------------------------------------------------

vision::Image picture() {
  vision::Image image = vision::Image::ofSize(40, 30).value();
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>((i * 2654435761U) >> 13);
  return image;
}

/// Turned by a quarter, so that reading takes a second picture.
std::vector<std::byte> turnedJpeg(std::vector<std::byte> jpeg) {
  const uint8_t app1[] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0,    0, 'I', 'I',
                          42,   0,    8, 0,  0,   0,   1,   0,   0x12, 1, 3,   0,
                          1,    0,    0, 0,  6,   0,   0,   0,   0,    0, 0,   0};
  const auto bytes = std::as_bytes(std::span(app1));
  jpeg.insert(jpeg.begin() + 2, bytes.begin(), bytes.end());
  return jpeg;
}

/// What this build reads: a name and a file.
std::map<std::string, std::vector<std::byte>> pictureFiles() {
  std::map<std::string, std::vector<std::byte>> files;
  if (auto png = vision::encodePng(picture().view())) files["picture.png"] = *png;
  if (auto jpeg = vision::encodeJpeg(picture().view())) files["picture.jpg"] = turnedJpeg(*jpeg);
  std::vector<std::byte> bmp(54 + 40 * 30 * 3);
  const std::pair<int, int> fields[] = {{0, 'B'}, {1, 'M'}, {10, 54}, {14, 40},
                                        {18, 40}, {22, 30}, {26, 1},  {28, 24}};
  for (const auto& [at, value] : fields) bmp[at] = static_cast<std::byte>(value);
  files["picture.bmp"] = bmp;
  return files;
}

TEST(AllocationFailure, ReadingPictures) {
  for (const auto& [name, file] : pictureFiles()) {
    SCOPED_TRACE(name);
    failEach([&] { return outcome(vision::decodeImage(file, name)); });
    std::vector<uint8_t> memory(40 * 30 * 3);
    // A BMP takes none, and libjpeg takes it by malloc.
    if (name.ends_with("png") || (name.ends_with("jpg") && allocations::replacesMalloc()))
      failEach([&] { return outcome(vision::decodeImageInto(file, name, memory)); });
    const auto path = std::filesystem::path(testing::TempDir()) /
                      ("allocation_failure_" + std::to_string(::getpid()) + name);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));
    failEach([&] { return outcome(vision::readImage(path)); });
  }
}

// libpng takes memory for two rows when it is told to go on: here, four gigabytes.
TEST(AllocationFailure, AHugePngIsRefusedBeforeMemoryIsTaken) {
  if (!vision::encodePng(picture().view())) GTEST_SKIP() << "no PNG in this build";
  const uint8_t file[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,    0,    0,
                          13,   'I', 'H', 'D', 'R',  0x7f, 0xff, 0xff, 0xff, 0,    0,
                          0,    1,   8,   0,   0,    0,    0,    0x85, 0x5d, 0x6c, 0x1,
                          0,    0,   0,   9,   'I',  'D',  'A',  'T'};
  allocations::takeLargest();
  const auto info = vision::imageInfo(std::as_bytes(std::span(file)), "huge.png");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::OutOfMemory);
  EXPECT_LT(allocations::takeLargest(), size_t{1} << 20);
}

TEST(AllocationFailure, WritingPictures) {
  const vision::Image image = picture();
  if (vision::encodePng(image.view()))
    failEach([&] { return outcome(vision::encodePng(image.view())); });
  if (vision::encodeJpeg(image.view(), 100))  // more than one of the encoder's buffers
    failEach([&] { return outcome(vision::encodeJpeg(image.view(), 100)); });
  failEach([] { return outcome(vision::Image::ofSize(40, 30)); });
  const auto folder = std::filesystem::path(testing::TempDir()) /
                      ("allocation_failure_folder" + std::to_string(::getpid()));
  const auto file = folder / "a.png";
  std::filesystem::create_directory(folder);
  if (vision::encodePng(image.view()))
    failEach([&] { return outcome(vision::writePng(file, image.view())); });
  EXPECT_LE(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

// The C face --------------------------------------------------------------------------------------

/// All of it, from the runtime to the last frame.
minnow_status useFromC(const char* path) {
  minnow_runtime* runtime = nullptr;
  minnow_interpreter* interpreter = nullptr;
  minnow_session* session = nullptr;
  minnow_frame* frame = nullptr;
  minnow_tensor tensor;
  const int64_t shape[] = {1, 4, 20, 20};
  minnow_status status = minnow_runtime_create(nullptr, &runtime);
  if (!status) status = minnow_interpreter_create_from_file(runtime, path, nullptr, &interpreter);
  if (!status) status = minnow_interpreter_create_session(interpreter, nullptr, &session);
  if (!status) status = minnow_session_resize_input(session, "x", shape, 4);
  if (!status) status = minnow_session_begin(session, &frame);
  if (!status) {
    const minnow_status missing = minnow_frame_input(frame, "no such input at all", &tensor);
    if (missing != MINNOW_NOT_FOUND) status = missing;
  }
  if (!status) status = minnow_frame_input(frame, "x", &tensor);
  if (!status) status = minnow_frame_run(frame);
  minnow_frame_destroy(frame);
  minnow_session_destroy(session);
  minnow_interpreter_destroy(interpreter);
  minnow_runtime_destroy(runtime);
  return status;
}

TEST(AllocationFailure, FromC) {
  const std::string path = modelFile().string();
  // A text that the thread keeps from an earlier error would otherwise look like a leak.
  minnow_interpreter_create_from_file(nullptr, nullptr, nullptr, nullptr);
  const int64_t before = allocations::made();
  ASSERT_EQ(useFromC(path.c_str()), MINNOW_OK);
  const int64_t all = allocations::made() - before;
  for (const bool persistent : {false, true})
    for (int64_t n = 0; n < all; ++n) {
      minnow_status status = MINNOW_OK;
      {
        const allocations::Failing failing(n, persistent);
        status = useFromC(path.c_str());
      }
      ASSERT_TRUE(status == MINNOW_OUT_OF_MEMORY || status == MINNOW_OK)
          << minnow_last_error() << ", allocation " << n;
    }
  EXPECT_EQ(useFromC(path.c_str()), MINNOW_OK);
}

}  // namespace
}  // namespace minnow
