// Replacing the allocation functions. A block of operator new is preceded by its size.
#include "tests/memory/allocations.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MINNOW_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MINNOW_SANITIZED 1
#endif
#endif

namespace minnow::allocations {
namespace {

std::atomic<int64_t> madeCount{0}, blocks{0}, countdown{-1};
std::atomic<size_t> bytesAlive{0}, largest{0};
std::atomic<bool> armed{false}, lasting{false}, hit{false};

/// Counts an allocation; false if it is to fail.
bool mayAllocate() {
  madeCount.fetch_add(1, std::memory_order_relaxed);
  if (!armed.load(std::memory_order_relaxed)) return true;
  const int64_t left = countdown.fetch_sub(1);
  if (left > 0 || (left < 0 && !lasting)) return true;
  hit = true;
  errno = ENOMEM;
  return false;
}

}  // namespace

int64_t made() { return madeCount; }
size_t liveBytes() { return bytesAlive; }
int64_t liveBlocks() { return blocks; }
bool replacesMalloc() {
#ifdef MINNOW_SANITIZED
  return false;
#else
  return true;
#endif
}
size_t takeLargest() { return largest.exchange(0); }

Failing::Failing(int64_t n, bool persistent) {
  countdown = n;
  lasting = persistent;
  hit = false;
  armed = true;
}
Failing::~Failing() { armed = false; }
bool Failing::reached() const { return hit; }

namespace {

/// Room for the size before a block, as large as its alignment.
size_t headOf(size_t alignment) { return alignment < 16 ? 16 : alignment; }

void* allocate(size_t bytes, size_t alignment) {
#ifdef MINNOW_SANITIZED
  if (!mayAllocate()) return nullptr;
#endif
  const size_t head = headOf(alignment);
  auto* block = static_cast<std::byte*>(
      alignment <= 16
          ? std::malloc(head + bytes)
          : std::aligned_alloc(alignment, (head + bytes + alignment - 1) / alignment * alignment));
  if (block == nullptr) return nullptr;
  *reinterpret_cast<size_t*>(block + head - sizeof(size_t)) = bytes;
  bytesAlive += bytes;
  if (bytes > largest) largest = bytes;
  ++blocks;
  return block + head;
}

void* allocateOrThrow(size_t bytes, size_t alignment) {
  void* block = allocate(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void release(void* block, size_t alignment) {
  if (block == nullptr) return;
  auto* bytes = static_cast<std::byte*>(block);
  bytesAlive -= *reinterpret_cast<size_t*>(bytes - sizeof(size_t));
  --blocks;
  std::free(bytes - headOf(alignment));
}

}  // namespace
}  // namespace minnow::allocations

using minnow::allocations::allocate;
using minnow::allocations::allocateOrThrow;
using minnow::allocations::release;
using Alignment = std::align_val_t;

// NOLINTBEGIN(misc-new-delete-overloads)
void* operator new(size_t n) { return allocateOrThrow(n, 0); }
void* operator new[](size_t n) { return allocateOrThrow(n, 0); }
void* operator new(size_t n, const std::nothrow_t&) noexcept { return allocate(n, 0); }
void* operator new[](size_t n, const std::nothrow_t&) noexcept { return allocate(n, 0); }
void* operator new(size_t n, Alignment a) { return allocateOrThrow(n, static_cast<size_t>(a)); }
void* operator new[](size_t n, Alignment a) { return allocateOrThrow(n, static_cast<size_t>(a)); }
void* operator new(size_t n, Alignment a, const std::nothrow_t&) noexcept {
  return allocate(n, static_cast<size_t>(a));
}
void* operator new[](size_t n, Alignment a, const std::nothrow_t&) noexcept {
  return allocate(n, static_cast<size_t>(a));
}
void operator delete(void* p) noexcept { release(p, 0); }
void operator delete[](void* p) noexcept { release(p, 0); }
void operator delete(void* p, size_t) noexcept { release(p, 0); }
void operator delete[](void* p, size_t) noexcept { release(p, 0); }
void operator delete(void* p, const std::nothrow_t&) noexcept { release(p, 0); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { release(p, 0); }
void operator delete(void* p, Alignment a) noexcept { release(p, static_cast<size_t>(a)); }
void operator delete[](void* p, Alignment a) noexcept { release(p, static_cast<size_t>(a)); }
void operator delete(void* p, size_t, Alignment a) noexcept { release(p, static_cast<size_t>(a)); }
void operator delete[](void* p, size_t, Alignment a) noexcept {
  release(p, static_cast<size_t>(a));
}
// NOLINTEND(misc-new-delete-overloads)

#if !defined(MINNOW_SANITIZED) && defined(__GLIBC__)

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

using minnow::allocations::mayAllocate;

extern "C" {

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t n) { return mayAllocate() ? __libc_malloc(n) : nullptr; }
void* calloc(size_t n, size_t size) { return mayAllocate() ? __libc_calloc(n, size) : nullptr; }
void* realloc(void* p, size_t n) { return mayAllocate() ? __libc_realloc(p, n) : nullptr; }
void* memalign(size_t a, size_t n) { return mayAllocate() ? __libc_memalign(a, n) : nullptr; }
void* aligned_alloc(size_t a, size_t n) { return memalign(a, n); }
int posix_memalign(void** p, size_t a, size_t n) {
  *p = memalign(a, n);
  return *p == nullptr ? ENOMEM : 0;
}
#if defined(SYS_mmap)
void* mmap(void* at, size_t bytes, int protection, int flags, int file, off_t offset) {
  if (!mayAllocate()) return MAP_FAILED;
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<void*>(syscall(SYS_mmap, at, bytes, protection, flags, file, offset));
}
#endif

}  // extern "C"

#endif
