/* What the command line does, for every language that can call C: conversion, an inference by one call, traces and what
 * compares them. All of it, and the functions of minnow.h, minnow_vision.h and minnow_schedule.h, are in libminnow_tools.so,
 * which has the converter in it and is no library for devices.
 *
 *   minnow_bytes model = {NULL, 0};
 *   require(minnow_convert("signs.onnx", NULL, &model, NULL));
 *   require(minnow_interpreter_create_from_buffer(runtime, model.data, model.count, NULL, &interpreter));
 *   ...
 *   minnow_interpreter_destroy(interpreter);
 *   minnow_bytes_destroy(&model); */
#ifndef MINNOW_MINNOW_TOOLS_H
#define MINNOW_MINNOW_TOOLS_H

#include "minnow/minnow.h"
#include "minnow/minnow_vision.h"

#pragma GCC visibility push(default)

#ifdef __cplusplus
extern "C" {
#endif

/* Lists of words end with NULL, and NULL is an empty one. Words are those of `minnow convert`: its --help tells more. */
typedef struct minnow_convert_options {
  size_t size;               /* sizeof(minnow_convert_options) */
  const char* const* shapes; /* "x=1,3,48,32..960" */
  const char* const* values; /* "sizes=1,64" or "sizes=FILE.npy": inputs that become constants */
  const char* const* bounds; /* "boxes=300": the most that a size can be which data decide */
  const char* const* disabled_passes;
  int for_speed;       /* 1: weights may take more memory where that saves time */
  int float16_weights; /* 1: they are rounded to float16 */
  int byte_inputs;     /* 1: inputs that the model rounds to bytes are these bytes */
} minnow_convert_options;
#define MINNOW_CONVERT_OPTIONS_INIT \
  {sizeof(minnow_convert_options), NULL, NULL, NULL, NULL, 0, 0, 0}

/* Turns an .onnx or .tflite file into the bytes of a .minnow file. `report`, unless it is NULL, becomes a text in JSON:
 * "operators_before", "operators_after", "weight_bytes", "opset", "byte_inputs", "passes" and "warnings". UNSUPPORTED names all
 * nodes that cannot be converted, with advice, and so where the library has no converter. */
minnow_status minnow_convert(const char* file, const minnow_convert_options* options,
                             minnow_bytes* model, minnow_bytes* report);

/* An inference by one call: begins a frame, copies inputs into it, runs it, copies outputs out of it, and ends it. The
 * tensors are all of the session's, in its order. Inputs may have any strides, negative ones too, and are SHAPE_MISMATCH
 * unless type and shape are the session's. Of an output `data` is given, with room for what
 * minnow_session_describe_output says; it is filled row-major, and the rest of the tensor says with what. One whose `data`
 * is NULL is left out. */
minnow_status minnow_session_infer(minnow_session* session, const minnow_tensor* inputs,
                                   size_t input_count, minnow_tensor* outputs, size_t output_count);

/* What all models and sessions of a runtime need at `concurrency` frames at once, 0 for its own: Runtime::predicted in
 * minnow/runtime.h. */
minnow_status minnow_runtime_predicted(const minnow_runtime* runtime, int concurrency,
                                       minnow_memory_report* report);

/* XXH3-128 of the elements in row-major order, as 32 digits, the same on every machine: `minnow hash`. */
minnow_status minnow_tensor_hash(const minnow_tensor* tensor, char digits[33]);

/* Runs a frame whose inputs are filled and writes what every operator put out to an .npz file, as `minnow trace` does.
 * `only`, NULL for everything, is a pattern of names; `summary` 1: figures and hashes instead of elements. The session has
 * to work layer by layer (minnow_session_options.in_strips 0). */
minnow_status minnow_trace(const minnow_runtime* runtime, const minnow_interpreter* interpreter,
                           const minnow_session* session, minnow_frame* frame, const char* path,
                           const char* only, int summary);

/* An element is within it if |a - b| <= absolute + relative * |b|; 0 and 0 asks for the same bits. */
typedef struct minnow_tolerance {
  double absolute, relative;
} minnow_tolerance;
/* The first operator that differs between two traces, `b` the reference: `minnow diff`. The report is what that prints
 * with --json. A difference is no error: "result" is "equal" or "different". */
minnow_status minnow_diff(const char* a, const char* b, minnow_tolerance tolerance,
                          minnow_bytes* report);
/* Each operator on a reference's inputs, so that its own error stands apart from what it inherits: `minnow replay`. The
 * session is as for minnow_trace. */
minnow_status minnow_replay(const minnow_runtime* runtime, const minnow_interpreter* interpreter,
                            minnow_session* session, const char* reference,
                            minnow_tolerance tolerance, minnow_bytes* report);

/* The command line itself, in this process: what main() of `minnow` is. Prints, and takes signals. */
int minnow_command_line(int argc, char** argv);

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop

#endif /* MINNOW_MINNOW_TOOLS_H */
