// A plugin of qemu-user: how often every translated block ran between the last
// two marks, a mark being a system call of the number that the argument mark=N
// names. At exit it writes to the file of out=FILE the lines of /proc/self/maps
// ("map LINE") with the distance of guest addresses ("base HEX"), and "block
// ADDRESS COUNT CODE" for every block. With every=1 it writes at each mark "ran
// ADDRESS LENGTH COUNT" for what ran since the last one, and "mark". Debian's
// qemu-user ships no header for plugins, so the few declarations stand here, of
// API version 1:
//   cc -O2 -shared -fPIC -o block_counts.so block_counts.c
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
typedef uint64_t Id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
void qemu_plugin_register_vcpu_tb_trans_cb(Id, void (*)(Id, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb*, int, void*, uint64_t);
void qemu_plugin_register_vcpu_syscall_cb(Id, void (*)(Id, unsigned, int64_t, uint64_t, uint64_t,
                                                       uint64_t, uint64_t, uint64_t, uint64_t,
                                                       uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(Id, void (*)(Id, void*), void*);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb*);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn*);
void* qemu_plugin_insn_haddr(const struct qemu_plugin_insn*);
EXPORTED int qemu_plugin_version = 1;

enum { kAddOfInlineOps = 0, kBuckets = 1 << 16 };

typedef struct Block {
  struct Block* next;
  uint64_t address, length, count,
      atMark[2];  // of the last mark but one, of the last
  uint32_t code[];
} Block;

static Block* buckets[kBuckets];
static uint64_t base;
static int64_t markingCall = -1;
static int everyInterval = 0;
static const char* path = "block_counts.txt";
static FILE* out;

// What is translated anew, after qemu emptied its cache, goes on with its
// counter.
static Block* blockOf(const struct qemu_plugin_tb* translated) {
  const uint64_t address = qemu_plugin_tb_vaddr(translated),
                 length = qemu_plugin_tb_n_insns(translated);
  Block** place = &buckets[(address >> 2) % kBuckets];
  for (; *place; place = &(*place)->next)
    if ((*place)->address == address && (*place)->length == length) return *place;
  Block* block = *place = calloc(1, sizeof(Block) + length * sizeof(uint32_t));
  if (!block) abort();
  block->address = address, block->length = length;
  for (size_t i = 0; i < length; ++i)
    memcpy(&block->code[i], qemu_plugin_insn_data(qemu_plugin_tb_get_insn(translated, i)),
           sizeof(uint32_t));
  const char* host = qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(translated, 0));
  if (!base && host) base = (uint64_t)host - address;
  return block;
}

static void onTranslation(Id id, struct qemu_plugin_tb* translated) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(translated, kAddOfInlineOps, &blockOf(translated)->count,
                                           1);
}

static void pass(Block* block) {
  block->atMark[0] = block->atMark[1], block->atMark[1] = block->count;
  const uint64_t ran = block->atMark[1] - block->atMark[0];
  if (everyInterval && ran)
    fprintf(out, "ran %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", block->address, block->length, ran);
}

static void onSystemCall(Id id, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c,
                         uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  (void)id, (void)cpu, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  if (number != markingCall) return;
  for (size_t i = 0; i < kBuckets; ++i)
    for (Block* block = buckets[i]; block; block = block->next) pass(block);
  if (everyInterval) fprintf(out, "mark\n");
}

static void writeMaps(void) {
  char line[4096];
  FILE* maps = fopen("/proc/self/maps", "r");
  while (maps && fgets(line, sizeof line, maps)) fprintf(out, "map %s", line);
  if (maps) fclose(maps);
}

static void onExit(Id id, void* unused) {
  (void)id, (void)unused;
  fprintf(out, "base %" PRIx64 "\n", base);
  writeMaps();
  for (size_t i = 0; i < kBuckets; ++i)
    for (const Block* block = buckets[i]; block; block = block->next) {
      if (block->atMark[1] == block->atMark[0] && !everyInterval) continue;
      fprintf(out, "block %" PRIx64 " %" PRIu64 " ", block->address,
              block->atMark[1] - block->atMark[0]);
      for (uint64_t k = 0; k < block->length; ++k) fprintf(out, "%08" PRIx32, block->code[k]);
      fputc('\n', out);
    }
  fclose(out);
}

EXPORTED int qemu_plugin_install(Id id, const void* info, int count, char** arguments) {
  (void)info;
  for (int i = 0; i < count; ++i) {
    if (!strncmp(arguments[i], "out=", 4)) path = strdup(arguments[i] + 4);
    if (!strncmp(arguments[i], "mark=", 5)) markingCall = atoll(arguments[i] + 5);
    if (!strncmp(arguments[i], "every=", 6)) everyInterval = atoi(arguments[i] + 6);
  }
  out = fopen(path, "w");
  if (!out) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, onTranslation);
  qemu_plugin_register_vcpu_syscall_cb(id, onSystemCall);
  qemu_plugin_register_atexit_cb(id, onExit, 0);
  return 0;
}
