/* A schedule of two models written in C, of which one runs on what the other finds: y = relu(x) for x of shape 2x3. Returns
 * NULL, or what was not as it should be. */
#include <stddef.h>
#include <string.h>

#include "minnow/minnow_schedule.h"
#include "use_from_c.h"

#define CHECK(condition) \
  if (!(condition)) return "not true: " #condition

static int released, found, crops, wrong;

static int fill(void* user, minnow_run* run) {
  float given[6];
  minnow_quantisation by = MINNOW_QUANTISATION_INIT;
  minnow_tensor x;
  int i;
  const float start = *(const float*)minnow_run_picture(run) + (float)minnow_run_crop(run);
  for (i = 0; i < 6; ++i) given[i] = start - (float)i;
  if (minnow_run_input(run, (const char*)user, &x) != MINNOW_OK) return 1;
  if (minnow_run_quantisation(run, "nothing", &by) != MINNOW_NOT_FOUND) ++wrong;
  if (minnow_run_quantisation(run, (const char*)user, &by) != MINNOW_OK) return 1;
  if (by.scale_count != 1 || by.scales[0] != 0.5F || by.zero_points[0] != 7) ++wrong;
  return minnow_tensor_write(&x, given, sizeof given) != MINNOW_OK;
}

static void compare(minnow_run* run) {
  float got[6];
  minnow_tensor y;
  int i;
  const float start = *(const float*)minnow_run_picture(run) + (float)minnow_run_crop(run);
  if (minnow_run_output(run, "nothing", &y) != MINNOW_NOT_FOUND) ++wrong;
  if (minnow_run_output(run, "y", &y) != MINNOW_OK) ++wrong;
  if (minnow_tensor_read(&y, got, sizeof got) != MINNOW_OK) ++wrong;
  for (i = 0; i < 6; ++i) wrong += got[i] != (start - (float)i > 0 ? start - (float)i : 0);
}

static int finderDone(void* user, minnow_run* run) {
  (void)user;
  compare(run);
  ++found;
  if (minnow_run_trigger(run, "nobody", 1) != MINNOW_NOT_FOUND) ++wrong;
  return minnow_run_trigger(run, "reader", 3) != MINNOW_OK;
}

static int readerDone(void* user, minnow_run* run) {
  (void)user;
  compare(run);
  ++crops;
  return minnow_run_number(run) == 2 ? 5 : 0; /* the third frame fails */
}

static void release(void* picture) { released += *(const float*)picture == 1.5F; }

static const char* feed(minnow_schedule* schedule) {
  static float picture = 1.5F;
  minnow_captured_frame frame = MINNOW_CAPTURED_FRAME_INIT;
  frame.picture = &picture;
  frame.release = release;
  CHECK(minnow_schedule_start(schedule) == MINNOW_OK);
  CHECK(minnow_schedule_start(schedule) == MINNOW_INVALID_ARGUMENT);
  for (frame.number = 0; frame.number < 3; ++frame.number) {
    CHECK(minnow_schedule_feed(schedule, &frame) == MINNOW_OK);
    CHECK(minnow_schedule_drain(schedule) == MINNOW_OK);
  }
  frame.reserved = 1;
  CHECK(minnow_schedule_feed(schedule, &frame) == MINNOW_INVALID_ARGUMENT);
  CHECK(minnow_schedule_stop(schedule) == MINNOW_OK);
  CHECK(released == 4); /* the one that was refused too */
  CHECK(found == 3 && crops == 5 && wrong == 0);
  return NULL;
}

static const char* look(const minnow_schedule* schedule) {
  minnow_model_status model = MINNOW_MODEL_STATUS_INIT;
  minnow_schedule_status status = MINNOW_SCHEDULE_STATUS_INIT;
  minnow_admission admission = MINNOW_ADMISSION_INIT;
  char error[16];
  CHECK(minnow_schedule_model_status(schedule, 0, &model) == MINNOW_OK);
  CHECK(model.asked == 3 && model.done == 3 && model.under_way == 0);
  CHECK(minnow_schedule_model_status(schedule, 1, &model) == MINNOW_OK);
  CHECK(model.asked == 3 && model.done == 2 && model.dropped_failed == 1);
  CHECK(model.crops == 4 && model.dropped_crops == 3);
  CHECK(minnow_schedule_model_status(schedule, 2, &model) == MINNOW_NOT_FOUND);
  CHECK(minnow_schedule_model_error(schedule, 1, error, sizeof error) == MINNOW_OK);
  CHECK(strcmp(error, "the application") == 0);
  CHECK(minnow_schedule_model_error(schedule, 0, error, sizeof error) == MINNOW_OK && !*error);
  CHECK(minnow_schedule_get_status(schedule, &status) == MINNOW_OK);
  CHECK(status.seconds > 0 && status.memory_bytes > 0 && status.memory_peak_bytes > 0);
  CHECK(minnow_schedule_admission(schedule, 0, &admission) == MINNOW_OK);
  CHECK(admission.rate == 20 && admission.alone_ms > 0 && admission.deadline_ms == 1e6);
  admission.size = offsetof(minnow_admission, alone_ms); /* of an older header */
  admission.alone_ms = -1;
  CHECK(minnow_schedule_admission(schedule, 0, &admission) == MINNOW_OK);
  CHECK(admission.rate == 20 && admission.alone_ms == -1);
  return NULL;
}

/* Two units of cores: each has its share, and what a model has on them is its own. */
static const char* lookAtUnits(const minnow_schedule* schedule) {
  minnow_unit_status unit = MINNOW_UNIT_STATUS_INIT;
  minnow_admission admission = MINNOW_ADMISSION_INIT;
  minnow_model_status model = MINNOW_MODEL_STATUS_INIT;
  double first = -1, second = -1;
  char text[8];
  CHECK(minnow_schedule_unit_status(schedule, 0, &unit) == MINNOW_OK);
  CHECK(strcmp(unit.name, "cpu 1") == 0 && unit.share >= 0 && unit.speed > 0);
  CHECK(minnow_schedule_unit_status(schedule, 1, &unit) == MINNOW_OK);
  CHECK(strcmp(unit.name, "cpu 2") == 0);
  CHECK(minnow_schedule_unit_status(schedule, 2, &unit) == MINNOW_NOT_FOUND);
  CHECK(minnow_schedule_model_status(schedule, 1, &model) == MINNOW_OK);
  CHECK(minnow_schedule_model_share(schedule, 1, 0, &first) == MINNOW_OK && first >= 0);
  CHECK(minnow_schedule_model_share(schedule, 1, 1, &second) == MINNOW_OK && second >= 0);
  CHECK(first + second > 0 && model.share > 0);
  CHECK(minnow_schedule_model_share(schedule, 1, 2, &first) == MINNOW_NOT_FOUND);
  CHECK(minnow_schedule_admission(schedule, 1, &admission) == MINNOW_OK);
  CHECK(admission.unit == 0 || admission.unit == 1);
  CHECK(!admission.may_leave && !admission.is_learning);
  CHECK(admission.capture_ms >= admission.response_ms); /* the finder's before its own */
  CHECK(minnow_schedule_left_out(schedule, 1, text, sizeof text) == MINNOW_OK && !*text);
  return NULL;
}

/* The model's input has a fixed shape: another one is refused, its own is taken, and then its times are to be learned. */
static const char* resizeModel(minnow_schedule* schedule) {
  static const int64_t same[2] = {2, 3}, other[3] = {2, 3, 4};
  minnow_input_shape shape = {"x", other, 3};
  minnow_admission admission = MINNOW_ADMISSION_INIT;
  CHECK(minnow_schedule_resize(schedule, 0, &shape, 1) != MINNOW_OK);
  CHECK(strncmp(minnow_last_error(), "model 'finder' stays as it was: ", 32) == 0);
  CHECK(minnow_schedule_resize(schedule, 2, &shape, 1) == MINNOW_NOT_FOUND);
  CHECK(minnow_schedule_admission(schedule, 0, &admission) == MINNOW_OK && !admission.is_learning);
  shape.shape = same, shape.rank = 2;
  CHECK(minnow_schedule_resize(schedule, 0, &shape, 1) == MINNOW_OK);
  CHECK(minnow_schedule_admission(schedule, 0, &admission) == MINNOW_OK);
  CHECK(admission.is_learning && !admission.holds);
  return NULL;
}

const char* scheduleFromC(const void* file, size_t bytes) {
  static const double rate = 20;
  minnow_scheduled_model models[2] = {MINNOW_SCHEDULED_MODEL_INIT, MINNOW_SCHEDULED_MODEL_INIT};
  minnow_schedule_options options = MINNOW_SCHEDULE_OPTIONS_INIT;
  minnow_schedule* schedule = NULL;
  const char* problem;
  int m;
  options.frame_rates = &rate;
  options.stream_count = 1;
  options.cpu_units = 2;
  for (m = 0; m < 2; ++m) {
    models[m].name = m == 0 ? "finder" : "reader";
    models[m].model = file;
    models[m].model_bytes = bytes;
    models[m].deadline_ms = 1e6;
    models[m].fill = fill;
    models[m].done = m == 0 ? finderDone : readerDone;
    models[m].user = "x";
  }
  models[1].of = "finder";
  models[1].most_crops = 2;
  models[1].file = "both.minnow";
  CHECK(minnow_schedule_create(models, 2, &options, &schedule) == MINNOW_INVALID_ARGUMENT);
  CHECK(strncmp(minnow_last_error(), "model 2: ", 9) == 0);
  models[1].file = NULL;
  CHECK(minnow_schedule_create(models, 0, &options, &schedule) == MINNOW_INVALID_ARGUMENT);
  CHECK(minnow_schedule_create(NULL, 2, &options, &schedule) == MINNOW_INVALID_ARGUMENT);
  CHECK(schedule == NULL);
  CHECK(minnow_schedule_create(models, 2, &options, &schedule) == MINNOW_OK);
  problem = feed(schedule);
  if (problem == NULL) problem = look(schedule);
  if (problem == NULL) problem = lookAtUnits(schedule);
  if (problem == NULL) problem = resizeModel(schedule);
  minnow_schedule_destroy(schedule);
  minnow_schedule_destroy(NULL);
  return problem;
}
