/* One frame from C: elements of the first input come from standard input, those of the first output go to standard
 * output, as they are, row-major in the model's own axis order (a picture is 1, 3, height, width).
 *
 *   infer MODEL.minnow < elements > results */
#include <minnow/minnow.h>
#include <stdio.h>
#include <stdlib.h>

static void require(minnow_status status) {
  if (status == MINNOW_OK) return;
  fprintf(stderr, "%s: %s\n", minnow_status_name(status), minnow_last_error());
  exit(1);
}

static void* bytesFor(const minnow_tensor* tensor) {
  void* elements = malloc(minnow_tensor_bytes(tensor));
  if (elements != NULL) return elements;
  fprintf(stderr, "no memory for %zu bytes\n", minnow_tensor_bytes(tensor));
  exit(1);
}

static void readInput(const minnow_tensor* input) {
  const size_t bytes = minnow_tensor_bytes(input);
  void* elements = bytesFor(input);
  if (fread(elements, 1, bytes, stdin) != bytes) {
    fprintf(stderr, "the input has %zu bytes, and standard input fewer\n", bytes);
    exit(1);
  }
  require(minnow_tensor_write(input, elements, bytes));
  free(elements);
}

static void writeOutput(const minnow_tensor* output) {
  const size_t bytes = minnow_tensor_bytes(output);
  void* elements = bytesFor(output);
  require(minnow_tensor_read(output, elements, bytes));
  if (fwrite(elements, 1, bytes, stdout) != bytes || fflush(stdout) != 0) exit(1);
  free(elements);
}

int main(int argc, char** argv) {
  minnow_runtime* runtime;
  minnow_interpreter* model;
  minnow_session* session;
  minnow_frame* frame;
  minnow_tensor input, output;
  if (argc != 2) {
    fprintf(stderr, "usage: infer MODEL.minnow < elements > results\n");
    return 2;
  }

  require(minnow_runtime_create(NULL, &runtime));
  require(minnow_interpreter_create_from_file(runtime, argv[1], NULL, &model));
  require(minnow_interpreter_create_session(model, NULL, &session));
  require(minnow_session_begin(session, &frame));
  require(minnow_frame_input(frame, minnow_session_input_name(session, 0), &input));
  readInput(&input);  // by minnow_tensor_write
  require(minnow_frame_run(frame));
  require(minnow_frame_output(frame, minnow_session_output_name(session, 0), &output));
  writeOutput(&output);  // by minnow_tensor_read

  minnow_frame_destroy(frame);
  minnow_session_destroy(session);
  minnow_interpreter_destroy(model);
  minnow_runtime_destroy(runtime);
  return 0;
}
