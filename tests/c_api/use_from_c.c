/* One inference written in C: y = relu(x) for x of shape 2x3. Returns NULL, or what was not as it
 * should be. */
#include "use_from_c.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "minnow/minnow.h"

#define CHECK(condition) \
  if (!(condition)) return "not true: " #condition

/* Replaces what the relu reads by ones, or stops before it, as `user` says. */
static int replaceOrStop(void* user, const minnow_operator* op, const minnow_tensor* tensors,
                         size_t count) {
  const float ones[6] = {1, 1, 1, 1, 1, 1};
  if (count != 1 || op->index != 0 || strcmp(op->name, "relu") != 0) return 1;
  return *(int*)user || minnow_tensor_write(tensors, ones, sizeof ones) != MINNOW_OK;
}

static const char* useCallbacks(minnow_session* session, minnow_frame* frame) {
  minnow_tensor y;
  minnow_operand operand;
  float got[6];
  int stop = 0;
  CHECK(minnow_session_step_count(session) == 1);
  CHECK(minnow_session_input_of_step(session, 0, 0, &operand) == MINNOW_OK);
  CHECK(strcmp(operand.name, "x") == 0 && !operand.constant);
  CHECK(minnow_session_output_of_step(session, 0, 0, &operand) == MINNOW_OK);
  CHECK(strcmp(operand.name, "y") == 0);
  CHECK(minnow_session_output_of_step(session, 0, 1, &operand) == MINNOW_NOT_FOUND);
  CHECK(minnow_session_input_of_step(session, 1, 0, &operand) == MINNOW_NOT_FOUND);
  CHECK(minnow_frame_run_with_callback(frame, replaceOrStop, NULL, &stop) == MINNOW_OK);
  CHECK(minnow_frame_output(frame, "y", &y) == MINNOW_OK);
  CHECK(minnow_tensor_read(&y, got, sizeof got) == MINNOW_OK);
  for (int i = 0; i < 6; ++i) CHECK(got[i] == 1);
  stop = 1;
  CHECK(minnow_frame_run_with_callback(frame, replaceOrStop, NULL, &stop) == MINNOW_STOPPED);
  return NULL;
}

static const char* runFrame(minnow_session* session) {
  const float given[6] = {-1, 2, -3, 4, -5, 6};
  float got[6];
  const char* problem;
  minnow_frame* frame;
  minnow_tensor tensor;
  CHECK(minnow_session_begin(session, &frame) == MINNOW_OK);
  CHECK(minnow_frame_input(frame, "nothing", &tensor) == MINNOW_NOT_FOUND);
  CHECK(strcmp(minnow_last_error(), "the model has no input 'nothing'; it has: x") == 0);
  CHECK(strstr(minnow_last_error(), "nothing") != NULL);
  CHECK(minnow_frame_input(frame, "x", &tensor) == MINNOW_OK);
  CHECK(tensor.type == MINNOW_FLOAT32 && tensor.rank == 2 && tensor.shape[1] == 3);
  CHECK(minnow_tensor_bytes(&tensor) == sizeof given);
  CHECK(minnow_tensor_write(&tensor, given, 4) == MINNOW_SHAPE_MISMATCH);
  CHECK(minnow_tensor_write(&tensor, given, sizeof given) == MINNOW_OK);
  CHECK(minnow_frame_run(frame) == MINNOW_OK);
  CHECK(minnow_frame_output(frame, "y", &tensor) == MINNOW_OK);
  CHECK(minnow_tensor_read(&tensor, got, sizeof got) == MINNOW_OK);
  for (int i = 0; i < 6; ++i) CHECK(got[i] == (given[i] > 0 ? given[i] : 0));
  problem = useCallbacks(session, frame);
  minnow_frame_destroy(frame);
  return problem;
}

/* The options of a header older or newer than the library. */
static const char* useOtherVersions(void) {
  struct {
    minnow_runtime_options known;
    int later[4];
  } newer = {MINNOW_RUNTIME_OPTIONS_INIT, {0}};
  minnow_runtime_options older = MINNOW_RUNTIME_OPTIONS_INIT;
  minnow_runtime* runtime = NULL;
  newer.known.size = sizeof newer;
  CHECK(minnow_runtime_create(&newer.known, &runtime) == MINNOW_OK);
  minnow_runtime_destroy(runtime);
  newer.later[2] = 1;
  CHECK(minnow_runtime_create(&newer.known, &runtime) == MINNOW_VERSION_MISMATCH);
  /* What the older header lacks is as by default, whatever lies behind it. */
  older.size = offsetof(minnow_runtime_options, concurrency);
  older.concurrency = -7;
  older.memory_budget = 1;
  CHECK(minnow_runtime_create(&older, &runtime) == MINNOW_OK);
  minnow_runtime_destroy(runtime);
  older.size = sizeof older;
  CHECK(minnow_runtime_create(&older, &runtime) == MINNOW_INVALID_ARGUMENT);
  older.size = 0;
  CHECK(minnow_runtime_create(&older, &runtime) == MINNOW_INVALID_ARGUMENT);
  CHECK(strstr(minnow_last_error(), "OPTIONS_INIT") != NULL);
  return NULL;
}

/* A frame that is alive holds the one arena: another session is refused, not made to wait. */
static const char* beginTwice(minnow_interpreter* model, minnow_session* session) {
  minnow_session_options options = MINNOW_SESSION_OPTIONS_INIT;
  minnow_session* second;
  minnow_frame *frame, *other = NULL;
  options.in_strips = 0;
  CHECK(minnow_interpreter_create_session(model, &options, &second) == MINNOW_OK);
  CHECK(minnow_session_begin(session, &frame) == MINNOW_OK);
  CHECK(minnow_session_begin(second, &other) == MINNOW_BUSY && other == NULL);
  CHECK(strstr(minnow_last_error(), "concurrency") != NULL);
  minnow_frame_destroy(frame);
  CHECK(minnow_session_begin(second, &other) == MINNOW_OK);
  minnow_frame_destroy(other);
  minnow_session_destroy(second);
  options.backends = "cpu";
  CHECK(minnow_interpreter_create_session(model, &options, &second) == MINNOW_OK);
  minnow_session_destroy(second);
  options.backends = "cpu,tpu";
  CHECK(minnow_interpreter_create_session(model, &options, &second) == MINNOW_INVALID_ARGUMENT);
  CHECK(strstr(minnow_last_error(), "'tpu'") != NULL);
  return NULL;
}

/* The only operator as a path, and paths that there are not; by a header that knows no paths too. */
static const char* usePaths(minnow_interpreter* model) {
  const char* to[] = {"y", NULL};
  const char* nothing[] = {"z", NULL};
  minnow_path path = MINNOW_PATH_INIT;
  minnow_session_options options = MINNOW_SESSION_OPTIONS_INIT;
  minnow_session* session = NULL;
  const char* problem;
  path.to = to;
  options.backends = "cpu";
  options.paths = &path;
  options.path_count = 1;
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_OK);
  problem = runFrame(session);
  minnow_session_destroy(session);
  if (problem != NULL) return problem;
  path.to = nothing;
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_NOT_FOUND);
  CHECK(strstr(minnow_last_error(), "'z'") != NULL);
  path.to = to;
  path.reserved = 1;
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_INVALID_ARGUMENT);
  CHECK(strstr(minnow_last_error(), "path 1: a reserved member is 1") != NULL);
  path.size = offsetof(minnow_path, reserved);
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_OK);
  minnow_session_destroy(session);
  path.size = 0;
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_INVALID_ARGUMENT);
  options.reserved = 2;
  options.path_count = 0;
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_INVALID_ARGUMENT);
  CHECK(strstr(minnow_last_error(), "reserved member is 2") != NULL);
  options.reserved = 0;
  options.path_count = 1;
  options.size = offsetof(minnow_session_options, backends);
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_OK);
  minnow_session_destroy(session);
  options.size = sizeof options;
  options.paths = NULL;
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_INVALID_ARGUMENT);
  options.path_count = 0;
  options.auto_paths = 1;
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_OK);
  problem = runFrame(session);
  minnow_session_destroy(session);
  if (problem != NULL) return problem;
  options.precision = 2;
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_INVALID_ARGUMENT);
  options.precision = MINNOW_PRECISION_LOW; /* of nothing here: the same bits */
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_OK);
  problem = runFrame(session);
  minnow_session_destroy(session);
  if (problem != NULL) return problem;
  options.backends = "abacus";
  CHECK(minnow_interpreter_create_session(model, &options, &session) == MINNOW_INVALID_ARGUMENT);
  return NULL;
}

/* Shapes that no tensor has are refused, and have no bytes. */
static const char* writeNonsense(void) {
  minnow_tensor tensor = {MINNOW_FLOAT32, 2, {INT64_MAX, 3}, {0}, NULL};
  float value = 0;
  CHECK(minnow_tensor_bytes(&tensor) == 0);
  CHECK(minnow_tensor_write(&tensor, &value, 4) == MINNOW_INVALID_ARGUMENT);
  tensor.shape[0] = -1;
  CHECK(minnow_tensor_bytes(&tensor) == 0);
  tensor.rank = MINNOW_MAX_RANK + 1;
  CHECK(minnow_tensor_bytes(&tensor) == 0);
  return NULL;
}

/* Damaged weights are noticed when that is asked for. */
static const char* verifyWeights(minnow_runtime* runtime, const void* file, size_t bytes) {
  minnow_interpreter_options options = MINNOW_INTERPRETER_OPTIONS_INIT;
  minnow_interpreter *whole = NULL, *damaged = NULL;
  unsigned char* copy = aligned_alloc(64, (bytes + 63) / 64 * 64);
  CHECK(copy != NULL);
  memcpy(copy, file, bytes);
  options.verify_weights = 1;
  CHECK(minnow_interpreter_create_from_buffer(runtime, copy, bytes, &options, &whole) == MINNOW_OK);
  minnow_interpreter_destroy(whole);
  copy[bytes - 1] ^= 1;
  CHECK(minnow_interpreter_create_from_buffer(runtime, copy, bytes, &options, &damaged) ==
        MINNOW_BAD_MODEL);
  CHECK(damaged == NULL && strstr(minnow_last_error(), "weights") != NULL);
  free(copy);
  return NULL;
}

/* Another size at run time, within what the model was converted for. */
static const char* resize(minnow_interpreter* model, minnow_session* session) {
  const int64_t larger[] = {4, 3}, tooLarge[] = {5, 3}, converted[] = {2, 3};
  minnow_extent extent = {NULL, 0, 0};
  minnow_frame* frame;
  minnow_tensor output;
  CHECK(minnow_interpreter_input_extent(model, 0, 0, &extent) == MINNOW_OK);
  CHECK(strcmp(extent.name, "N") == 0 && extent.least == 1 && extent.most == 4);
  CHECK(minnow_interpreter_input_extent(model, 0, 1, &extent) == MINNOW_OK);
  CHECK(strcmp(extent.name, "") == 0 && extent.least == 0 && extent.most == INT64_MAX);
  CHECK(minnow_interpreter_input_extent(model, 0, 2, &extent) == MINNOW_NOT_FOUND);
  CHECK(minnow_interpreter_input_extent(model, 1, 0, &extent) == MINNOW_NOT_FOUND);
  CHECK(minnow_interpreter_input_extent(model, 0, 0, NULL) == MINNOW_INVALID_ARGUMENT);

  CHECK(minnow_session_resize_input(session, "x", larger, 2) == MINNOW_OK);
  CHECK(minnow_session_resize_input(session, "x", tooLarge, 2) == MINNOW_SHAPE_MISMATCH);
  CHECK(strstr(minnow_last_error(), "1..4") != NULL && strstr(minnow_last_error(), "(N)") != NULL);
  CHECK(minnow_session_begin(session, &frame) == MINNOW_OK);
  CHECK(minnow_frame_run(frame) == MINNOW_OK);
  CHECK(minnow_frame_output(frame, "y", &output) == MINNOW_OK && output.shape[0] == 4);
  CHECK(minnow_session_resize_input(session, "x", converted, 2) == MINNOW_BUSY);
  minnow_frame_destroy(frame);
  CHECK(minnow_session_resize_input(session, "x", converted, 2) == MINNOW_OK);
  return NULL;
}

/* A session of its own for another size, and several inputs at once. */
static const char* createResized(minnow_interpreter* model) {
  const int64_t larger[] = {4, 3}, tooLarge[] = {5, 3};
  minnow_input_shape shapes[] = {{"x", larger, 2}, {"y", larger, 2}};
  minnow_session* session = NULL;
  minnow_frame* frame;
  minnow_tensor input;
  CHECK(minnow_interpreter_create_session_for(model, NULL, shapes, 1, &session) == MINNOW_OK);
  CHECK(minnow_session_begin(session, &frame) == MINNOW_OK);
  CHECK(minnow_frame_input(frame, "x", &input) == MINNOW_OK && input.shape[0] == 4);
  minnow_frame_destroy(frame);
  CHECK(minnow_session_resize_inputs(session, shapes, 2) == MINNOW_NOT_FOUND);
  CHECK(strstr(minnow_last_error(), "'y'") != NULL);
  CHECK(minnow_session_resize_inputs(session, NULL, 1) == MINNOW_INVALID_ARGUMENT);
  CHECK(minnow_session_resize_inputs(session, NULL, 0) == MINNOW_OK);
  minnow_session_destroy(session);
  session = NULL;
  shapes[0].shape = tooLarge;
  CHECK(minnow_interpreter_create_session_for(model, NULL, shapes, 1, &session) ==
        MINNOW_SHAPE_MISMATCH);
  CHECK(session == NULL && strstr(minnow_last_error(), "1..4") != NULL);
  shapes[0].name = NULL;
  CHECK(minnow_interpreter_create_session_for(model, NULL, shapes, 1, &session) ==
        MINNOW_INVALID_ARGUMENT);
  return NULL;
}

/* Of a newer header, and none. */
static const char* useLedger(const minnow_runtime* runtime) {
  struct {
    minnow_ledger known;
    size_t later;
  } now = {MINNOW_LEDGER_INIT, 7};
  minnow_ledger peak = MINNOW_LEDGER_INIT;
  now.known.size = sizeof now;
  CHECK(minnow_runtime_ledger(runtime, &now.known, NULL) == MINNOW_OK);
  CHECK(now.known.model_bytes > 0 && now.later == 0 && now.known.size == sizeof now);
  CHECK(minnow_runtime_ledger(runtime, NULL, &peak) == MINNOW_OK);
  CHECK(peak.model_bytes >= now.known.model_bytes);
  peak.size = 0;
  CHECK(minnow_runtime_ledger(runtime, NULL, &peak) == MINNOW_INVALID_ARGUMENT);
  CHECK(strstr(minnow_last_error(), "MINNOW_") != NULL);
  return NULL;
}

static const char* useSession(minnow_interpreter* model) {
  minnow_session* session;
  minnow_memory_report memory = MINNOW_MEMORY_REPORT_INIT;
  minnow_device_memory device = MINNOW_DEVICE_MEMORY_INIT;
  const char* problem;
  CHECK(minnow_interpreter_create_session(model, NULL, &session) == MINNOW_OK);
  CHECK(minnow_session_input_count(session) == 1 && minnow_session_output_count(session) == 1);
  CHECK(strcmp(minnow_session_input_name(session, 0), "x") == 0);
  CHECK(minnow_session_output_name(session, 1) == NULL);
  CHECK(minnow_session_memory(session, &memory) == MINNOW_OK && memory.dynamic_bytes > 0);
  memory.dynamic_bytes = 1;
  memory.size = offsetof(minnow_memory_report, dynamic_bytes);
  CHECK(minnow_session_memory(session, &memory) == MINNOW_OK && memory.dynamic_bytes == 1);
  memory.size = 1;
  CHECK(minnow_session_memory(session, &memory) == MINNOW_INVALID_ARGUMENT);
  CHECK(minnow_session_device_memory(session, 0, &device) == MINNOW_NOT_FOUND);
  CHECK(minnow_session_device_memory(session, 0, NULL) == MINNOW_INVALID_ARGUMENT);
  CHECK(minnow_session_resize_input(session, "x", NULL, 9) == MINNOW_INVALID_ARGUMENT);
  problem = resize(model, session);
  if (problem == NULL) problem = createResized(model);
  if (problem == NULL) problem = runFrame(session);
  if (problem == NULL) problem = beginTwice(model, session);
  if (problem == NULL) problem = usePaths(model);
  minnow_session_destroy(session);
  return problem;
}

const char* useFromC(const void* file, size_t bytes) {
  minnow_runtime_options options = MINNOW_RUNTIME_OPTIONS_INIT;
  minnow_runtime* runtime;
  minnow_interpreter* model = NULL;
  const char* problem;
  options.threads = 2;
  CHECK(minnow_runtime_create(&options, NULL) == MINNOW_INVALID_ARGUMENT);
  CHECK(minnow_runtime_create(&options, &runtime) == MINNOW_OK);
  CHECK(minnow_interpreter_create_from_file(runtime, "absent.minnow", NULL, &model) ==
        MINNOW_NOT_FOUND);
  CHECK(model == NULL && strstr(minnow_last_error(), "absent.minnow") != NULL);
  CHECK(strlen(minnow_status_name(MINNOW_NOT_FOUND)) > 0 && strlen(minnow_version()) > 0);
  CHECK(minnow_limit_cpu_target("scalar-fma") == MINNOW_OK);
  CHECK(strcmp(minnow_cpu_target(), "scalar-fma") == 0);
  CHECK(minnow_limit_cpu_target(NULL) == MINNOW_OK);
  CHECK(minnow_limit_cpu_target("vax") == MINNOW_NOT_FOUND);
  CHECK(strstr(minnow_last_error(), "scalar-fma") != NULL);
  CHECK(minnow_interpreter_create_from_buffer(runtime, file, bytes, NULL, &model) == MINNOW_OK);
  problem = useSession(model);
  if (problem == NULL) problem = useLedger(runtime);
  if (problem == NULL) problem = useOtherVersions();
  if (problem == NULL) problem = writeNonsense();
  if (problem == NULL) problem = verifyWeights(runtime, file, bytes);
  minnow_interpreter_release_model(model);
  minnow_interpreter_destroy(model);
  minnow_runtime_destroy(runtime);
  return problem;
}
