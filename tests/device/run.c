/* run MODEL.minnow: one frame on numbers that are the same everywhere; prints a checksum of each
 * output, or why there is none. */
#include <minnow/minnow.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void require(minnow_status status) {
  if (status == MINNOW_OK) return;
  fprintf(stderr, "%s: %s\n", minnow_status_name(status), minnow_last_error());
  exit(1);
}

static void* bytesFor(const minnow_tensor* tensor) {
  void* bytes = calloc(minnow_tensor_bytes(tensor), 1);
  if (!bytes) exit(1);
  return bytes;
}

static void fill(const minnow_tensor* tensor) {
  const size_t bytes = minnow_tensor_bytes(tensor);
  float* numbers = bytesFor(tensor);
  if (tensor->type == MINNOW_FLOAT32)
    for (size_t i = 0; i < bytes / sizeof *numbers; ++i)
      numbers[i] = (float)((uint32_t)i * 2654435761u % 1021) / 512 - 1;
  require(minnow_tensor_write(tensor, numbers, bytes));
  free(numbers);
}

/* FNV-1a of the elements. */
static unsigned long long checksum(const minnow_tensor* tensor) {
  const size_t bytes = minnow_tensor_bytes(tensor);
  unsigned char* elements = bytesFor(tensor);
  unsigned long long sum = 14695981039346656037u;
  require(minnow_tensor_read(tensor, elements, bytes));
  for (size_t i = 0; i < bytes; ++i) sum = (sum ^ elements[i]) * 1099511628211u;
  free(elements);
  return sum;
}

int main(int argc, char** argv) {
  minnow_runtime_options options = MINNOW_RUNTIME_OPTIONS_INIT;
  minnow_runtime* runtime;
  minnow_interpreter* model;
  minnow_session* session;
  minnow_frame* frame;
  minnow_tensor tensor;
  if (argc != 2) return 2;
  options.threads = 2;
  require(minnow_runtime_create(&options, &runtime));
  require(minnow_interpreter_create_from_file(runtime, argv[1], NULL, &model));
  require(minnow_interpreter_create_session(model, NULL, &session));
  require(minnow_session_begin(session, &frame));
  for (size_t i = 0; i < minnow_session_input_count(session); ++i) {
    require(minnow_frame_input(frame, minnow_session_input_name(session, i), &tensor));
    fill(&tensor);
  }
  require(minnow_frame_run(frame));
  for (size_t i = 0; i < minnow_session_output_count(session); ++i) {
    const char* name = minnow_session_output_name(session, i);
    require(minnow_frame_output(frame, name, &tensor));
    printf("%s %016llx\n", name, checksum(&tensor));
  }
  minnow_frame_destroy(frame);
  minnow_session_destroy(session);
  minnow_interpreter_destroy(model);
  minnow_runtime_destroy(runtime);
  return 0;
}
