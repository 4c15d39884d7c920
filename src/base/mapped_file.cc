// Mapping files by POSIX means.
#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/fail.h"

namespace minnow::base {
namespace {

std::unexpected<Error> systemFailure(const std::string& path, const char* what) {
  const int code = errno;
  ErrorCode kind = ErrorCode::Io;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorCode::NotFound;
  if (code == ENOMEM) kind = ErrorCode::OutOfMemory;
  return fail(kind, path, ": cannot ", what, ": ", std::strerror(code));
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  const std::string& name = path.native();
  const Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0) return systemFailure(name, "open");
  struct stat info{};
  if (::fstat(file.number, &info) != 0) return systemFailure(name, "read its size");
  if (S_ISDIR(info.st_mode)) return fail(ErrorCode::Io, name, ": is a folder, not a file");
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::Io, name, ": is not a regular file");
  if (info.st_size == 0) return fail(ErrorCode::BadModel, name, ": the file is empty");
  if (static_cast<uint64_t>(info.st_size) > SIZE_MAX)
    return fail(ErrorCode::OutOfMemory, name, ": too large to be mapped");
  const auto size = static_cast<size_t>(info.st_size);
  std::shared_ptr<MappedFile> mapped(new MappedFile);  // first, so that no mapping is ever lost
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (data == MAP_FAILED) return systemFailure(name, "map");
  mapped->bytes_ = {static_cast<const std::byte*>(data), size};
  return mapped;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::dropPages() const {
  ::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

}  // namespace minnow::base
