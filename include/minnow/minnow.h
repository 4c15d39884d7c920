/* The engine for every language that can call C: mirrors minnow/runtime.h. One inference, out of
 * examples/infer.c, where require() ends the program when a status is not MINNOW_OK:
 *
 *   require(minnow_runtime_create(NULL, &runtime));
 *   require(minnow_interpreter_create_from_file(runtime, argv[1], NULL, &model));
 *   require(minnow_interpreter_create_session(model, NULL, &session));
 *   require(minnow_session_begin(session, &frame));
 *   require(minnow_frame_input(frame, minnow_session_input_name(session, 0), &input));
 *   readInput(&input);  // by minnow_tensor_write
 *   require(minnow_frame_run(frame));
 *   require(minnow_frame_output(frame, minnow_session_output_name(session, 0), &output));
 *   writeOutput(&output);  // by minnow_tensor_read
 *
 * Handles belong to the caller and are destroyed in the opposite order: frame, session,
 * interpreter, runtime. A runtime and an interpreter may be used from any threads at once, a session
 * and a frame from one thread at a time. Every destroy function takes NULL. A function that fails
 * leaves its results as they were. Nothing prints or aborts. */
#ifndef MINNOW_MINNOW_H
#define MINNOW_MINNOW_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#ifdef __cplusplus
extern "C" {
#endif

/* minnow/status.h, ErrorCode, moved by one. */
typedef enum minnow_status {
  MINNOW_OK = 0,
  MINNOW_INVALID_ARGUMENT,
  MINNOW_NOT_FOUND,
  MINNOW_IO,
  MINNOW_BAD_MODEL,
  MINNOW_VERSION_MISMATCH,
  MINNOW_UNSUPPORTED,
  MINNOW_SHAPE_MISMATCH,
  MINNOW_OUT_OF_MEMORY,
  MINNOW_BUSY,
  MINNOW_STOPPED,
  MINNOW_INTERNAL,
  MINNOW_DEVICE_FAILED
} minnow_status;

/* What went wrong in the last call of this thread that failed. Valid until another call fails. */
const char* minnow_last_error(void);
/* "BadModel" and the like; never NULL. */
const char* minnow_status_name(minnow_status status);
/* "0.1.0" */
const char* minnow_version(void);

/* minnow/cpu.h: the name of the target in use ("avx2"), and limiting the process to one; NULL or ""
 * lifts the limit. */
const char* minnow_cpu_target(void);
minnow_status minnow_limit_cpu_target(const char* name);

/* Element types, numbered as in ONNX. */
typedef enum minnow_type {
  MINNOW_FLOAT32 = 1,
  MINNOW_UINT8 = 2,
  MINNOW_INT8 = 3,
  MINNOW_UINT16 = 4,
  MINNOW_INT16 = 5,
  MINNOW_INT32 = 6,
  MINNOW_INT64 = 7,
  MINNOW_BOOL = 9,
  MINNOW_FLOAT16 = 10,
  MINNOW_FLOAT64 = 11,
  MINNOW_UINT32 = 12,
  MINNOW_UINT64 = 13
} minnow_type;

#define MINNOW_MAX_RANK 8

/* A tensor in the frame's arena: element (i0, i1, …) lies at data + (i0*strides[0] + i1*strides[1]
 * + …) elements. Axes are the model's own, N,C,H,W for a picture as ONNX has it, but memory mostly
 * holds pictures as N,H,W,C, and there may be gaps. So a memcpy of an N,C,H,W buffer to `data` puts
 * its elements in wrong places, and nothing notices: use minnow_tensor_write and
 * minnow_tensor_read, or the strides. */
typedef struct minnow_tensor {
  minnow_type type;
  int rank;
  int64_t shape[MINNOW_MAX_RANK];
  int64_t strides[MINNOW_MAX_RANK];
  void* data;
} minnow_tensor;

/* Bytes of a tensor's elements without gaps. */
size_t minnow_tensor_bytes(const minnow_tensor* tensor);
/* Copies elements that lie row-major in the order of the tensor's axes into the tensor, or out of
 * it, whatever its strides are. `bytes` must be minnow_tensor_bytes(). */
minnow_status minnow_tensor_write(const minnow_tensor* tensor, const void* elements, size_t bytes);
minnow_status minnow_tensor_read(const minnow_tensor* tensor, void* elements, size_t bytes);

typedef struct minnow_runtime minnow_runtime;
typedef struct minnow_interpreter minnow_interpreter;
typedef struct minnow_session minnow_session;
typedef struct minnow_frame minnow_frame;

/* Options, and accounts that are filled in, begin with their size, so that a program and a library
 * of different versions understand each other: what the caller's header does not have yet is as by
 * default, or left out; what the library does not know yet is refused unless it is zero, or comes
 * back as zero. What is reserved has to be zero. Begin with the initialiser:
 *
 *   minnow_runtime_options options = MINNOW_RUNTIME_OPTIONS_INIT;
 *   options.threads = 2; */
typedef struct minnow_runtime_options {
  size_t size;              /* sizeof(minnow_runtime_options) */
  int threads;              /* that compute, the callers' included; frames at once share them */
  int concurrency;          /* frames that may be under way at once */
  size_t memory_budget;     /* most bytes the library may hold; 0 for no limit */
  const char* kernel_cache; /* folder for what devices compile; NULL: nothing is kept */
} minnow_runtime_options;
#define MINNOW_RUNTIME_OPTIONS_INIT {sizeof(minnow_runtime_options), 1, 1, 0, NULL}

/* NULL options: one thread, one frame, no limit. */
minnow_status minnow_runtime_create(const minnow_runtime_options* options,
                                    minnow_runtime** runtime);
void minnow_runtime_destroy(minnow_runtime* runtime);

/* Bytes held by a runtime and all that was made from it: minnow/memory.h, MemoryLedger. */
typedef struct minnow_ledger {
  size_t size; /* sizeof(minnow_ledger) */
  size_t model_bytes, static_bytes, dynamic_bytes, heap_bytes, device_bytes;
} minnow_ledger;
#define MINNOW_LEDGER_INIT {sizeof(minnow_ledger), 0, 0, 0, 0, 0}
/* What is held now, and at the moment of the largest total; either may be NULL. */
minnow_status minnow_runtime_ledger(const minnow_runtime* runtime, minnow_ledger* now,
                                    minnow_ledger* peak);

typedef struct minnow_interpreter_options {
  size_t size;        /* sizeof(minnow_interpreter_options) */
  int verify_weights; /* 1: read all weights once; damaged ones are MINNOW_BAD_MODEL */
  int reserved;       /* 0 */
} minnow_interpreter_options;
#define MINNOW_INTERPRETER_OPTIONS_INIT {sizeof(minnow_interpreter_options), 0, 0}

/* The file is mapped and must stay as it is while the model is in use: see
 * Interpreter::createFromFile in minnow/runtime.h. NULL options: weights are not verified. */
minnow_status minnow_interpreter_create_from_file(minnow_runtime* runtime, const char* path,
                                                  const minnow_interpreter_options* options,
                                                  minnow_interpreter** interpreter);
/* The bytes are used in place: on a 64-byte boundary, alive as long as the interpreter. */
minnow_status minnow_interpreter_create_from_buffer(minnow_runtime* runtime, const void* model,
                                                    size_t bytes,
                                                    const minnow_interpreter_options* options,
                                                    minnow_interpreter** interpreter);
/* Tells the system that the file's pages are not needed now. */
void minnow_interpreter_release_model(minnow_interpreter* interpreter);
void minnow_interpreter_destroy(minnow_interpreter* interpreter);

/* What resizing may make of an axis of an input: minnow/runtime.h, Interpreter::extent. `name` is ""
 * where there is none and lives as long as the interpreter; `most` is INT64_MAX where nothing bounds
 * it. NOT_FOUND when there is no such axis. */
typedef struct minnow_extent {
  const char* name;
  int64_t least, most;
} minnow_extent;
minnow_status minnow_interpreter_input_extent(const minnow_interpreter* interpreter, size_t input,
                                              int axis, minnow_extent* extent);

/* A part of the model that is computed in its own way: minnow/runtime.h, PathOptions. In an array one
 * follows the other at its size. */
typedef struct minnow_path {
  size_t size;             /* sizeof(minnow_path) */
  const char* const* to;   /* operators or tensors where it ends; NULL after the last */
  const char* const* from; /* where it begins; NULL, or likewise */
  const char* backends;    /* "cl,cpu", as the session's; NULL for the CPU */
  int threads;             /* 0: an even share */
  int reserved;            /* 0 */
} minnow_path;
#define MINNOW_PATH_INIT {sizeof(minnow_path), NULL, NULL, NULL, 0, 0}

/* How a device stores float32: minnow/runtime.h, Precision. */
typedef enum minnow_precision {
  MINNOW_PRECISION_HIGH = 0, /* as it is */
  MINNOW_PRECISION_LOW = 1   /* as float16; from 65520 on a number becomes an infinity */
} minnow_precision;

typedef struct minnow_session_options {
  size_t size;        /* sizeof(minnow_session_options) */
  int wait_for_arena; /* 0: minnow_session_begin returns MINNOW_BUSY instead of waiting */
  int in_strips;      /* 0: layer by layer, for callbacks that want whole tensors */
  int frames;         /* alive at a time, 1 to the runtime's concurrency; 0: just that */
  int reserved;       /* 0 */
  /* Where operators are computed, "cpu" or "cl,cpu": SessionOptions::backend, and its backups behind
   * it; NULL for the CPU. */
  const char* backends;
  const minnow_path* paths; /* parts that are computed in their own way, beside each other */
  size_t path_count;
  int auto_paths; /* 1: finds paths by measuring, for which creating the session takes some runs */
  int precision;  /* a minnow_precision, of what is computed on a device */
} minnow_session_options;
#define MINNOW_SESSION_OPTIONS_INIT \
  {sizeof(minnow_session_options), 1, 1, 1, 0, NULL, NULL, 0, 0, 0}

typedef struct minnow_input_shape {
  const char* name;
  const int64_t* shape;
  int rank;
} minnow_input_shape;

/* NULL options: begin waits, but not for what its own thread holds: see SessionOptions in
 * minnow/runtime.h. */
minnow_status minnow_interpreter_create_session(const minnow_interpreter* interpreter,
                                                const minnow_session_options* options,
                                                minnow_session** session);
/* For other shapes of some inputs (minnow_session_resize_inputs): what the model was converted for
 * need not fit the budget. */
minnow_status minnow_interpreter_create_session_for(const minnow_interpreter* interpreter,
                                                    const minnow_session_options* options,
                                                    const minnow_input_shape* shapes, size_t count,
                                                    minnow_session** session);
void minnow_session_destroy(minnow_session* session);

size_t minnow_session_input_count(const minnow_session* session);
size_t minnow_session_output_count(const minnow_session* session);
/* Names in the model's order; NULL beyond the last. Valid until the session is resized or
 * destroyed. */
const char* minnow_session_input_name(const minnow_session* session, size_t index);
const char* minnow_session_output_name(const minnow_session* session, size_t index);
/* Type and shape of an input or output, as it is planned: what depends on data may turn out smaller.
 * Without data and strides. NOT_FOUND beyond the last. */
minnow_status minnow_session_describe_input(const minnow_session* session, size_t index,
                                            minnow_tensor* tensor);
minnow_status minnow_session_describe_output(const minnow_session* session, size_t index,
                                             minnow_tensor* tensor);
/* What the integers of an input (`output` 0) or output (1) stand for: (integer - zero point) * scale.
 * `scale_count` is 0 where it is not quantised, more than 1 where each position along `axis` has a scale;
 * there are as many zero points, or one for all. They live as long as the interpreter. NOT_FOUND beyond
 * the last. */
typedef struct minnow_quantisation {
  size_t size; /* sizeof(minnow_quantisation) */
  const float* scales;
  const int32_t* zero_points;
  size_t scale_count, zero_point_count;
  int axis; /* -1 where one scale is the whole tensor's */
  int rule; /* whose arithmetic: 0 ONNX Runtime's, 1 TensorFlow Lite's */
} minnow_quantisation;
#define MINNOW_QUANTISATION_INIT {sizeof(minnow_quantisation), NULL, NULL, 0, 0, -1, 0}
minnow_status minnow_session_quantisation(const minnow_session* session, int output, size_t index,
                                          minnow_quantisation* quantisation);
/* Plans anew for another shape of one input; axes of others that have the name of one of its axes
 * get its extent. On error the session stays as it was. */
minnow_status minnow_session_resize_input(minnow_session* session, const char* name,
                                          const int64_t* shape, int rank);
/* The same for several inputs at once. */
minnow_status minnow_session_resize_inputs(minnow_session* session,
                                           const minnow_input_shape* shapes, size_t count);

/* Bytes, as MemoryReport in minnow/runtime.h. */
typedef struct minnow_memory_report {
  size_t size; /* sizeof(minnow_memory_report) */
  size_t model_bytes, static_bytes, dynamic_bytes, lower_bound_bytes, metadata_bytes, device_bytes;
} minnow_memory_report;
#define MINNOW_MEMORY_REPORT_INIT {sizeof(minnow_memory_report), 0, 0, 0, 0, 0, 0}
minnow_status minnow_session_memory(const minnow_session* session, minnow_memory_report* report);

/* Of device_bytes each device's part: its weights, and a frame's block there. The backend's name lives
 * as long as the process. NOT_FOUND beyond the last. */
typedef struct minnow_device_memory {
  size_t size; /* sizeof(minnow_device_memory) */
  const char* backend;
  size_t weight_bytes, block_bytes;
} minnow_device_memory;
#define MINNOW_DEVICE_MEMORY_INIT {sizeof(minnow_device_memory), NULL, 0, 0}
minnow_status minnow_session_device_memory(const minnow_session* session, size_t index,
                                           minnow_device_memory* report);

/* A tensor that a step reads or writes: the name is the ONNX tensor's, "" for an optional one that
 * is absent, and lives as long as the interpreter. Constants must not be written. */
typedef struct minnow_operand {
  const char* name;
  int constant;
} minnow_operand;
size_t minnow_session_step_count(const minnow_session* session);
/* Input or output `index` of a step, in the order of the tensors that callbacks get; NOT_FOUND
 * beyond the last. */
minnow_status minnow_session_input_of_step(const minnow_session* session, size_t step, size_t index,
                                           minnow_operand* operand);
minnow_status minnow_session_output_of_step(const minnow_session* session, size_t step,
                                            size_t index, minnow_operand* operand);

/* Leases an arena. The inputs hold no defined values before they are written. */
minnow_status minnow_session_begin(minnow_session* session, minnow_frame** frame);
/* Valid as long as the frame; outputs after minnow_frame_run. NOT_FOUND when there is none of that
 * name. */
minnow_status minnow_frame_input(const minnow_frame* frame, const char* name,
                                 minnow_tensor* tensor);
minnow_status minnow_frame_output(const minnow_frame* frame, const char* name,
                                  minnow_tensor* tensor);
/* May overwrite the inputs' memory: write them again before another run. */
minnow_status minnow_frame_run(minnow_frame* frame);

/* Inputs that already lie on the session's device, and outputs that are wanted there: minnow/device.h,
 * which says who waits for whom. One of `cl`, a cl_mem, and `gl`, the name of a buffer object; neither
 * ends a binding. `ready` is a cl_event or a GLsync, or NULL. */
typedef struct minnow_device_tensor {
  size_t size; /* sizeof(minnow_device_tensor) */
  void* cl;
  void* ready;
  unsigned gl;
  int reserved; /* 0 */
} minnow_device_tensor;
#define MINNOW_DEVICE_TENSOR_INIT {sizeof(minnow_device_tensor), NULL, NULL, 0, 0}
minnow_status minnow_frame_bind_input(minnow_frame* frame, const char* name,
                                      const minnow_device_tensor* tensor);
minnow_status minnow_frame_bind_output(minnow_frame* frame, const char* name,
                                       const minnow_device_tensor* tensor);
/* How a picture becomes a tensor: PreProcess in minnow/image.h. */
typedef enum minnow_fit { MINNOW_FIT_STRETCH = 0, MINNOW_FIT_LETTERBOX } minnow_fit;
typedef enum minnow_anchor { MINNOW_ANCHOR_CENTRE = 0, MINNOW_ANCHOR_TOP_LEFT } minnow_anchor;
typedef enum minnow_colour {
  MINNOW_COLOUR_RGB = 0,
  MINNOW_COLOUR_BGR,
  MINNOW_COLOUR_GRAY
} minnow_colour;
typedef enum minnow_channels {
  MINNOW_CHANNELS_AUTO = 0,
  MINNOW_CHANNELS_FIRST,
  MINNOW_CHANNELS_LAST
} minnow_channels;

/* tensor = x = (pixel - mean) * scale; of uint8 and int8 round(x / byte_scale) + byte_zero, clamped. First cropped, if
 * `crop_width` is not 0, then turned clockwise by quarters, then mirrored. */
typedef struct minnow_pre_process {
  size_t size;                       /* sizeof(minnow_pre_process) */
  int fit, anchor, colour, channels; /* of the enumerations above */
  float mean[3], scale[3];
  float pad[3];  /* in pixel values, before mean and scale */
  int has_alpha; /* 1: `alpha` is a last channel */
  float alpha;
  int crop_x, crop_y, crop_width, crop_height;
  int quarters, mirror; /* 0 to 3; 0 or 1 */
  int nearest;          /* 1: the nearest pixel, instead of bilinear interpolation */
  int byte_zero;        /* of a quantised tensor of uint8 or int8, whose bytes */
  float byte_scale;     /* stand for (byte - byte_zero) * byte_scale */
} minnow_pre_process;
#define MINNOW_PRE_PROCESS_INIT \
  {sizeof(minnow_pre_process),  \
   0,                           \
   0,                           \
   0,                           \
   0,                           \
   {0, 0, 0},                   \
   {1, 1, 1},                   \
   {0, 0, 0},                   \
   0,                           \
   0,                           \
   0,                           \
   0,                           \
   0,                           \
   0,                           \
   0,                           \
   0,                           \
   0,                           \
   0,                           \
   1}

/* A picture that lies there: DevicePicture in minnow/device.h. One of `cl`, `texture` and `image`, an
 * EGLImage; none of them ends a binding. It is not resized. NULL `pre`: red, green, blue, as they are. */
typedef struct minnow_device_picture {
  size_t size; /* sizeof(minnow_device_picture) */
  int width, height;
  void *cl, *image, *ready;
  unsigned texture;
  int reserved; /* 0 */
} minnow_device_picture;
#define MINNOW_DEVICE_PICTURE_INIT {sizeof(minnow_device_picture), 0, 0, NULL, NULL, NULL, 0, 0}
minnow_status minnow_frame_bind_picture(minnow_frame* frame, const char* name,
                                        const minnow_device_picture* picture,
                                        const minnow_pre_process* pre);
/* The engine's cl_device_id, cl_context and cl_command_queue; those that are not NULL before are the
 * application's, which the engine is to take: clDevice in minnow/device.h. */
minnow_status minnow_cl_device(void** device, void** context, void** queue);
/* Its EGLDisplay and EGLContext: glDevice there. */
minnow_status minnow_gl_device(void** display, void** context);

/* A step of a session: minnow/runtime.h, OperatorInfo. The texts are valid during the call. */
typedef struct minnow_operator {
  const char *name, *type, *kernel;
  size_t index;
  int64_t row_begin, row_end;
} minnow_operator;
/* Gets an operator's inputs or outputs, absent ones with type 0. Anything but 0 stops the run. */
typedef int (*minnow_callback)(void* user, const minnow_operator* op, const minnow_tensor* tensors,
                               size_t count);
/* Calls `before` with each operator's inputs and `after` with its outputs; either may be NULL. What
 * they may do, replacing what an operator reads for one, is told at Frame::runWithCallback in
 * minnow/runtime.h. MINNOW_STOPPED when one of them stopped the run. */
minnow_status minnow_frame_run_with_callback(minnow_frame* frame, minnow_callback before,
                                             minnow_callback after, void* user);
/* Gives the arena back. */
void minnow_frame_destroy(minnow_frame* frame);

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop

#endif /* MINNOW_MINNOW_H */
