// POSIX calls, because every error has to be seen: a full disk shows at write, fsync or close.
//
// Where the system can (O_TMPFILE), a file has no name at all before it is whole, so that not even
// a killed process leaves anything. Elsewhere it has a name beside its place; that one goes with
// the FileWriter, or by removeUnfinishedFiles() when a signal ends the process.
#include "base/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/descriptor.h"
#include "base/fail.h"

namespace minnow::base {
namespace {

std::unexpected<Error> ioError(const std::string& path, const char* what) {
  const int code = errno;
  const ErrorCode kind = code == ENOENT || code == ENOTDIR ? ErrorCode::NotFound : ErrorCode::Io;
  return fail(kind, path, ": cannot be ", what, ": ", std::strerror(code));
}

std::unexpected<Error> cannotWrite(const std::string& path) {
  const char* reason =
      errno == ENOENT ? "its folder does not exist; make it first" : std::strerror(errno);
  return fail(ErrorCode::Io, path, ": cannot be written: ", reason);
}

// Names of unfinished files -----------------------------------------------------------------------

std::array<std::atomic<const char*>, 16> unfinished;

/// From now on a signal removes the file. (Of more than sixteen at once it forgets the rest.)
void remember(const char* name) {
  for (auto& slot : unfinished) {
    const char* none = nullptr;
    if (slot.compare_exchange_strong(none, name)) return;
  }
}

/// False if a signal handler reads the name just now.
bool forget(const char* name) {
  for (auto& slot : unfinished) {
    const char* wanted = name;
    if (slot.compare_exchange_strong(wanted, nullptr)) return true;
  }
  return false;
}

std::string folderOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

/// A short name in the same folder that nobody else has.
std::string nameBeside(const std::string& place) {
  static std::atomic<unsigned> count = 0;
  return text(folderOf(place), ".part-", ::getpid(), "-", count++);
}

/// The name stands for nothing any more. One that a signal handler reads lives on.
void discard(std::unique_ptr<std::string> name) {
  if (name && !forget(name->c_str())) (void)name.release();
}

/// Calls `make` with new names until there is no file of that name yet.
template <class Make>
std::unique_ptr<std::string> makeBeside(const std::string& place, Make make) {
  while (true) {
    auto name = std::make_unique<std::string>(nameBeside(place));
    remember(name->c_str());
    if (make(name->c_str())) return name;
    const int code = errno;
    discard(std::move(name));
    errno = code;
    if (code != EEXIST) return nullptr;
  }
}

#ifdef O_TMPFILE
std::string linkTo(int file) { return text("/proc/self/fd/", file); }

/// A file without a name; -1 where the system does not know such files or could not name them.
int openUnnamed(const std::string& place) {
  const int file = ::open(folderOf(place).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (file < 0 || ::access(linkTo(file).c_str(), F_OK) == 0) return file;
  ::close(file);
  return -1;
}

bool nameUnnamed(int file, const char* name) {
  return ::linkat(AT_FDCWD, linkTo(file).c_str(), AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}
#else
int openUnnamed(const std::string&) { return -1; }
bool nameUnnamed(int, const char*) { return false; }
#endif

/// Makes the renaming itself durable; what cannot be synced (some file systems) is not an error.
void syncFolder(const std::string& place) {
  const Descriptor folder(::open(folderOf(place).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number >= 0) ::fsync(folder.number);
}

}  // namespace

void removeUnfinishedFiles() noexcept {
  for (auto& slot : unfinished)
    if (const char* name = slot.exchange(nullptr)) ::unlink(name);
}

// Reading -----------------------------------------------------------------------------------------

Result<std::vector<std::byte>> readFile(const std::filesystem::path& path, uint64_t most) {
  const std::string& name = path.native();
  const Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts{};
  if (file.number < 0 || ::fstat(file.number, &facts) != 0) return ioError(name, "opened");
  if (S_ISDIR(facts.st_mode))
    return fail(ErrorCode::InvalidArgument, name, ": is a folder, not a file");
  if (!S_ISREG(facts.st_mode) && !S_ISFIFO(facts.st_mode))
    return fail(ErrorCode::InvalidArgument, name, ": is neither a file nor a pipe");
  const auto expected = static_cast<uint64_t>(facts.st_size);  // 0 for a pipe
  const auto tooMuch = [&] {
    return fail(ErrorCode::OutOfMemory, name, ": has more than ", most, " bytes");
  };
  if (expected > std::min<uint64_t>(most, SIZE_MAX - 1)) return tooMuch();
  // A byte more than expected shows the end without growing.
  std::vector<std::byte> bytes(expected > 0 ? static_cast<size_t>(expected) + 1 : 1 << 16);
  size_t filled = 0;
  while (true) {
    const ssize_t got = ::read(file.number, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ioError(name, "read");
    filled += static_cast<size_t>(got);
    if (filled > most) return tooMuch();
    if (got == 0) break;
    if (filled == bytes.size()) bytes.resize(2 * bytes.size());
  }
  bytes.resize(filled);
  return bytes;
}

// Writing -----------------------------------------------------------------------------------------

FileWriter::FileWriter(const std::filesystem::path& path) : path_(path.native()), place_(path_) {
  // Of a link, the file that it names; of what is not there yet, the name itself.
  char whole[PATH_MAX];
  if (::realpath(path_.c_str(), whole) != nullptr) place_ = whole;
}

FileWriter::FileWriter(FileWriter&& other) noexcept
    : path_(std::move(other.path_)),
      place_(std::move(other.place_)),
      part_(std::move(other.part_)),
      mode_(other.mode_),
      direct_(other.direct_),
      file_(std::exchange(other.file_, -1)) {}

FileWriter& FileWriter::operator=(FileWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(place_, other.place_);
  std::swap(part_, other.part_);
  std::swap(mode_, other.mode_);
  std::swap(direct_, other.direct_);
  std::swap(file_, other.file_);
  return *this;
}

FileWriter::~FileWriter() {
  if (file_ >= 0) ::close(file_);
  if (part_) ::unlink(part_->c_str());
  discard(std::move(part_));
}

Result<FileWriter> FileWriter::create(const std::filesystem::path& path) {
  FileWriter writer(path);
  if (auto opened = writer.open(); !opened) return passOn(opened);
  return writer;
}

Result<void> FileWriter::open() {
  struct stat there{};
  const bool exists = ::stat(place_.c_str(), &there) == 0;
  if (exists && S_ISDIR(there.st_mode))
    return fail(ErrorCode::Io, path_, ": cannot be written: is a folder; name a file in it");
  direct_ = exists && !S_ISREG(there.st_mode);
  if (exists && ::access(place_.c_str(), W_OK) != 0) return cannotWrite(path_);
  if (exists && !direct_) mode_ = there.st_mode & 07777;
  if (direct_) file_ = ::open(place_.c_str(), O_WRONLY | O_CLOEXEC);
  if (direct_ ? file_ >= 0 : openBeside()) return {};
  return cannotWrite(path_);
}

bool FileWriter::openBeside() {
  file_ = openUnnamed(place_);
  if (file_ >= 0) return true;
  part_ = makeBeside(place_, [&](const char* name) {
    file_ = ::open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return file_ >= 0;
  });
  return part_ != nullptr;
}

Result<void> FileWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return cannotWrite(path_);
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  return {};
}

bool FileWriter::nameIt() {
  if (part_) return true;
  part_ = makeBeside(place_, [&](const char* name) { return nameUnnamed(file_, name); });
  return part_ != nullptr;
}

bool FileWriter::putInPlace() {
  if (mode_ != 0 && ::fchmod(file_, mode_) != 0) return false;
  return ::fsync(file_) == 0 && nameIt() && ::rename(part_->c_str(), place_.c_str()) == 0;
}

Result<void> FileWriter::finish() {
  // What fails here leaves the file to the destructor; close() alone ends it, failed or not.
  if (!direct_ && !putInPlace()) return cannotWrite(path_);
  discard(std::move(part_));
  if (::close(std::exchange(file_, -1)) != 0) return cannotWrite(path_);
  if (!direct_) syncFolder(place_);
  return {};
}

Result<void> writeFile(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  auto file = FileWriter::create(path);
  if (!file) return passOn(file);
  if (auto written = file->write(bytes); !written) return written;
  return file->finish();
}

Result<void> writeFile(const std::filesystem::path& path, std::string_view text) {
  return writeFile(path, std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace minnow::base
