/* Many models on camera streams, for every language that can call C: mirrors minnow/schedule.h, which says what all this
 * means.
 *
 *   minnow_scheduled_model models[2] = {MINNOW_SCHEDULED_MODEL_INIT, MINNOW_SCHEDULED_MODEL_INIT};
 *   models[0].name = "signs";
 *   models[0].file = "signs.minnow";
 *   models[0].rate = 15;
 *   models[0].fill = fillFromFrame;  // by minnow_run_input and minnow_tensor_write
 *   models[0].done = takeSigns;      // by minnow_run_output and minnow_tensor_read
 *   ...
 *   require(minnow_schedule_create(models, 2, NULL, &schedule));
 *   require(minnow_schedule_start(schedule));
 *   while (nextFrame(&frame)) require(minnow_schedule_feed(schedule, &frame));
 *   minnow_schedule_destroy(schedule);
 *
 * A library that was built without schedules (MINNOW_SCHEDULE=OFF) has none of these functions. */
#ifndef MINNOW_MINNOW_SCHEDULE_H
#define MINNOW_MINNOW_SCHEDULE_H

#include "minnow/minnow.h"

#pragma GCC visibility push(default)

#ifdef __cplusplus
extern "C" {
#endif

typedef struct minnow_schedule minnow_schedule;
/* An inference for one frame, or for one crop of it, during a callback. */
typedef struct minnow_run minnow_run;

/* Called on a thread that computes. Anything but 0: the model loses the frame, which is counted as failed. */
typedef int (*minnow_run_callback)(void* user, minnow_run* run);

/* Valid during the callback; NOT_FOUND when there is none of that name. */
minnow_status minnow_run_input(const minnow_run* run, const char* name, minnow_tensor* tensor);
minnow_status minnow_run_output(const minnow_run* run, const char* name, minnow_tensor* tensor);
/* What the integers of an input stand for, as minnow_session_quantisation has it: for minnow_pre_process_for. */
minnow_status minnow_run_quantisation(const minnow_run* run, const char* name,
                                      minnow_quantisation* quantisation);
/* Of the frame: what the application gave. */
const void* minnow_run_picture(const minnow_run* run);
uint64_t minnow_run_number(const minnow_run* run);
/* From 0 on, of a model with `of`; else 0. */
int minnow_run_crop(const minnow_run* run);
/* For `done`: a model whose `of` is this one is to run on `crops` crops of this frame. */
minnow_status minnow_run_trigger(minnow_run* run, const char* model, int crops);

/* minnow/schedule.h, ScheduledModel. In an array one follows the other at its size. */
typedef struct minnow_scheduled_model {
  size_t size; /* sizeof(minnow_scheduled_model) */
  const char* name;
  const char* file;  /* a .minnow file; or NULL and */
  const void* model; /* one in memory, as for minnow_interpreter_create_from_buffer */
  size_t model_bytes;
  const minnow_input_shape* shapes; /* as minnow_interpreter_create_session_for has them */
  size_t shape_count;
  const char* backends; /* "cl,cpu"; NULL for the CPU */
  double rate;          /* frames a second; 0: */
  int every;            /* every n-th frame */
  int stream;
  double deadline_ms, deadline_factor; /* both 0: the time between two frames */
  int priority;                        /* the greater goes first */
  int most_crops;                      /* of one frame, where there is */
  const char* of;                      /* the model on whose results it runs; or NULL */
  int evictable;                       /* 1: may be unloaded where memory is short */
  int reserved;                        /* 0 */
  minnow_run_callback fill, done;      /* either may be NULL */
  void* user;                          /* for both */
} minnow_scheduled_model;
#define MINNOW_SCHEDULED_MODEL_INIT \
  {sizeof(minnow_scheduled_model),  \
   NULL,                            \
   NULL,                            \
   NULL,                            \
   0,                               \
   NULL,                            \
   0,                               \
   NULL,                            \
   0,                               \
   1,                               \
   0,                               \
   0,                               \
   0,                               \
   0,                               \
   1,                               \
   NULL,                            \
   0,                               \
   0,                               \
   NULL,                            \
   NULL,                            \
   NULL}

typedef struct minnow_schedule_options {
  size_t size;     /* sizeof(minnow_schedule_options) */
  int threads;     /* of each unit of cores */
  int concurrency; /* runs that may be begun at a time on each unit; 0: as many as are of use and fit */
  size_t memory_budget;      /* most bytes the library may hold; 0 for no limit */
  const char* kernel_cache;  /* as minnow_runtime_options has it */
  const double* frame_rates; /* of streams, frames a second; NULL: one stream of 30 */
  size_t stream_count;
  int cpu_units; /* that compute a model each, side by side */
  int reserved;  /* 0 */
} minnow_schedule_options;
#define MINNOW_SCHEDULE_OPTIONS_INIT {sizeof(minnow_schedule_options), 1, 0, 0, NULL, NULL, 0, 1, 0}

/* Loads the models and measures each alone, for which no callback is called. NULL options: as by the initialiser. */
minnow_status minnow_schedule_create(const minnow_scheduled_model* models, size_t count,
                                     const minnow_schedule_options* options,
                                     minnow_schedule** schedule);
/* Stops it. */
void minnow_schedule_destroy(minnow_schedule* schedule);

/* What is known of a model before it runs: minnow/schedule.h, Admission. */
typedef struct minnow_admission {
  size_t size; /* sizeof(minnow_admission) */
  double rate, alone_ms, preemption_ms, deadline_ms, response_ms, rate_that_holds;
  int holds;
  int unit; /* for which all this is said: minnow_schedule_unit_status numbers them so */
  double capture_ms;
  int may_leave, is_learning;
} minnow_admission;
#define MINNOW_ADMISSION_INIT {sizeof(minnow_admission), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
/* Models are numbered as they were given; NOT_FOUND beyond the last. */
minnow_status minnow_schedule_admission(const minnow_schedule* schedule, size_t model,
                                        minnow_admission* admission);

/* Devices that it names and that have no room for it, "cl: the reason", cut to `bytes` with the 0 at its end; "" for none. */
minnow_status minnow_schedule_left_out(const minnow_schedule* schedule, size_t model, char* text,
                                       size_t bytes);

/* A frame of a stream. Its picture belongs to the schedule until `release`, which may be NULL, is called with it, on any
 * thread: when no model needs it any more, or before minnow_schedule_feed returns an error. */
typedef struct minnow_captured_frame {
  size_t size;         /* sizeof(minnow_captured_frame) */
  int64_t captured_ns; /* of CLOCK_MONOTONIC; latencies and deadlines begin here. 0: now */
  void* picture;
  void (*release)(void* picture);
  uint64_t number;
  int stream;
  int reserved; /* 0 */
} minnow_captured_frame;
#define MINNOW_CAPTURED_FRAME_INIT {sizeof(minnow_captured_frame), 0, NULL, NULL, 0, 0, 0}

/* Begins to compute. Once. */
minnow_status minnow_schedule_start(minnow_schedule* schedule);
/* Returns at once. Of several threads one at a time for each stream. */
minnow_status minnow_schedule_feed(minnow_schedule* schedule, const minnow_captured_frame* frame);
/* Waits for what is under way or waits for its turn. */
minnow_status minnow_schedule_drain(minnow_schedule* schedule);
/* As minnow_interpreter_create_session_for has shapes, while others compute; on an error the model stays as it was. Not to
 * be called by callbacks. */
minnow_status minnow_schedule_resize(minnow_schedule* schedule, size_t model,
                                     const minnow_input_shape* shapes, size_t count);
/* Drops what waits, ends what was begun, and then computes nothing any more. */
minnow_status minnow_schedule_stop(minnow_schedule* schedule);

/* minnow/schedule.h, ModelStatus: asked = done + under_way + all drops but those of crops. */
typedef struct minnow_model_status {
  size_t size; /* sizeof(minnow_model_status) */
  uint64_t asked, done, missed, under_way, crops, loads;
  uint64_t dropped_newer, dropped_late, dropped_memory, dropped_failed, dropped_stopped,
      dropped_crops;
  double latency_p50_ms, latency_p99_ms, share;
} minnow_model_status;
#define MINNOW_MODEL_STATUS_INIT \
  {sizeof(minnow_model_status), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
minnow_status minnow_schedule_model_status(const minnow_schedule* schedule, size_t model,
                                           minnow_model_status* status);
/* What made the model lose a frame last, cut to `bytes` with the 0 at its end; "" for nothing. */
minnow_status minnow_schedule_model_error(const minnow_schedule* schedule, size_t model, char* text,
                                          size_t bytes);

/* Of the time since the schedule began, on one unit. */
minnow_status minnow_schedule_model_share(const minnow_schedule* schedule, size_t model,
                                          size_t unit, double* share);

/* minnow/schedule.h, UnitStatus. */
typedef struct minnow_unit_status {
  size_t size;   /* sizeof(minnow_unit_status) */
  char name[32]; /* "cpu", "cpu 2", "cl" */
  double share, speed;
} minnow_unit_status;
#define MINNOW_UNIT_STATUS_INIT {sizeof(minnow_unit_status), {0}, 0, 0}
/* Units are numbered from 0 on; NOT_FOUND beyond the last. */
minnow_status minnow_schedule_unit_status(const minnow_schedule* schedule, size_t unit,
                                          minnow_unit_status* status);

/* minnow/schedule.h, ScheduleStatus. */
typedef struct minnow_schedule_status {
  size_t size; /* sizeof(minnow_schedule_status) */
  double seconds, speed;
  size_t memory_bytes, memory_peak_bytes;
} minnow_schedule_status;
#define MINNOW_SCHEDULE_STATUS_INIT {sizeof(minnow_schedule_status), 0, 0, 0, 0}
minnow_status minnow_schedule_get_status(const minnow_schedule* schedule,
                                         minnow_schedule_status* status);

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop

#endif /* MINNOW_MINNOW_SCHEDULE_H */
