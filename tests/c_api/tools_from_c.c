/* Conversion, an inference by one call, traces and comparisons, written in C. */
#include "tools_from_c.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "minnow/minnow_tools.h"

#define CHECK(condition) \
  if (!(condition)) return "not true: " #condition

static const char* const kShape[] = {"x=1..2,3", NULL};

static minnow_tensor plain(void* data) {
  minnow_tensor tensor = {MINNOW_FLOAT32, 2, {2, 3}, {3, 1}, NULL};
  tensor.data = data;
  return tensor;
}

static const char* infer(minnow_session* session) {
  float given[6] = {-1, 2, -3, 4, -5, 6}, got[6];
  minnow_tensor x = plain(given), y, described;
  minnow_quantisation quantisation = MINNOW_QUANTISATION_INIT;
  CHECK(minnow_session_describe_input(session, 0, &described) == MINNOW_OK);
  CHECK(described.type == MINNOW_FLOAT32 && described.rank == 2 && described.shape[1] == 3);
  CHECK(described.data == NULL);
  CHECK(minnow_session_describe_input(session, 1, &described) == MINNOW_NOT_FOUND);
  CHECK(minnow_session_quantisation(session, 0, 0, &quantisation) == MINNOW_OK);
  CHECK(quantisation.scale_count == 0 && quantisation.axis == -1);
  CHECK(minnow_session_quantisation(session, 1, 1, &quantisation) == MINNOW_NOT_FOUND);
  CHECK(minnow_session_quantisation(NULL, 1, 0, &quantisation) == MINNOW_INVALID_ARGUMENT);
  CHECK(minnow_session_describe_output(session, 0, &y) == MINNOW_OK);
  y.data = got;
  CHECK(minnow_session_infer(session, &x, 1, &y, 1) == MINNOW_OK);
  for (int i = 0; i < 6; ++i) CHECK(got[i] == (given[i] > 0 ? given[i] : 0));
  CHECK(y.shape[0] == 2 && y.strides[0] == 3 && y.strides[1] == 1);
  /* From the last element backwards. */
  x.data = given + 5, x.strides[0] = -3, x.strides[1] = -1;
  CHECK(minnow_session_infer(session, &x, 1, &y, 1) == MINNOW_OK);
  for (int i = 0; i < 6; ++i) CHECK(got[i] == (given[5 - i] > 0 ? given[5 - i] : 0));
  y.data = NULL; /* is not wanted */
  CHECK(minnow_session_infer(session, &x, 1, &y, 1) == MINNOW_OK);
  x.shape[0] = 1;
  CHECK(minnow_session_infer(session, &x, 1, &y, 1) == MINNOW_SHAPE_MISMATCH);
  CHECK(strstr(minnow_last_error(), "input 'x' is float32 2x3, not float32 1x3") != NULL);
  CHECK(minnow_session_infer(session, &x, 2, &y, 1) == MINNOW_INVALID_ARGUMENT);
  return NULL;
}

static const char* hashAndPredict(minnow_runtime* runtime) {
  float ones[6] = {1, 1, 1, 1, 1, 1};
  const minnow_tensor tensor = plain(ones);
  char digits[33], again[33];
  minnow_memory_report report = MINNOW_MEMORY_REPORT_INIT;
  CHECK(minnow_tensor_hash(&tensor, digits) == MINNOW_OK && strlen(digits) == 32);
  ones[5] = 2;
  CHECK(minnow_tensor_hash(&tensor, again) == MINNOW_OK && strcmp(digits, again) != 0);
  CHECK(minnow_runtime_predicted(runtime, 0, &report) == MINNOW_OK);
  CHECK(report.dynamic_bytes > 0 && report.model_bytes > 0);
  CHECK(minnow_runtime_predicted(runtime, -1, &report) == MINNOW_INVALID_ARGUMENT);
  return NULL;
}

/* The trace of a frame whose input is filled with one number. */
static const char* traceOf(float number, const char* path, minnow_runtime* runtime,
                           minnow_interpreter* model, minnow_session* session) {
  float given[6];
  minnow_frame* frame;
  minnow_tensor x;
  for (int i = 0; i < 6; ++i) given[i] = number;
  CHECK(minnow_session_begin(session, &frame) == MINNOW_OK);
  CHECK(minnow_frame_input(frame, "x", &x) == MINNOW_OK);
  CHECK(minnow_tensor_write(&x, given, sizeof given) == MINNOW_OK);
  CHECK(minnow_trace(runtime, model, session, frame, path, NULL, 0) == MINNOW_OK);
  minnow_frame_destroy(frame);
  return NULL;
}

static const char* compare(const char* folder, minnow_runtime* runtime, minnow_interpreter* model) {
  const minnow_tolerance exact = {0, 0};
  minnow_session_options layers = MINNOW_SESSION_OPTIONS_INIT;
  minnow_bytes report = {NULL, 0};
  minnow_session* session;
  const char* problem;
  char ones[512], twos[512];
  snprintf(ones, sizeof ones, "%s/ones.npz", folder);
  snprintf(twos, sizeof twos, "%s/twos.npz", folder);
  layers.in_strips = 0;
  CHECK(minnow_interpreter_create_session(model, &layers, &session) == MINNOW_OK);
  problem = traceOf(1, ones, runtime, model, session);
  if (problem == NULL) problem = traceOf(2, twos, runtime, model, session);
  if (problem != NULL) return problem;
  CHECK(minnow_diff(ones, ones, exact, &report) == MINNOW_OK);
  CHECK(strstr(report.data, "\"result\": \"equal\"") != NULL);
  CHECK(strlen(report.data) == report.count);
  minnow_bytes_destroy(&report);
  CHECK(minnow_diff(ones, twos, exact, &report) == MINNOW_OK);
  CHECK(strstr(report.data, "\"result\": \"different\"") != NULL);
  minnow_bytes_destroy(&report);
  CHECK(minnow_diff(ones, folder, exact, &report) != MINNOW_OK && report.data == NULL);
  const minnow_tolerance none = {NAN, 0}, less = {0, -1};
  CHECK(minnow_diff(ones, ones, none, &report) == MINNOW_INVALID_ARGUMENT && report.data == NULL);
  CHECK(minnow_diff(ones, ones, less, &report) == MINNOW_INVALID_ARGUMENT && report.data == NULL);
  CHECK(minnow_replay(runtime, model, session, twos, exact, &report) == MINNOW_OK);
  CHECK(strstr(report.data, "\"result\": \"equal\"") != NULL);
  minnow_bytes_destroy(&report);
  minnow_session_destroy(session);
  return NULL;
}

static const char* useModel(const minnow_bytes* bytes, const char* folder) {
  minnow_runtime* runtime;
  minnow_interpreter* model;
  minnow_session* session;
  const char* problem;
  CHECK((size_t)bytes->data % 64 == 0);
  CHECK(minnow_runtime_create(NULL, &runtime) == MINNOW_OK);
  CHECK(minnow_interpreter_create_from_buffer(runtime, bytes->data, bytes->count, NULL, &model) ==
        MINNOW_OK);
  CHECK(minnow_interpreter_create_session(model, NULL, &session) == MINNOW_OK);
  problem = infer(session);
  if (problem == NULL) problem = hashAndPredict(runtime);
  minnow_session_destroy(session);
  if (problem == NULL) problem = compare(folder, runtime, model);
  minnow_interpreter_destroy(model);
  minnow_runtime_destroy(runtime);
  return problem;
}

const char* toolsFromC(const char* onnx, const char* folder) {
  minnow_convert_options options = MINNOW_CONVERT_OPTIONS_INIT;
  minnow_bytes model = {NULL, 0}, report = {NULL, 0};
  const char* const unknown[] = {"z=1", NULL};
  const char* problem;
  CHECK(minnow_convert("nowhere.onnx", NULL, &model, NULL) == MINNOW_NOT_FOUND);
  CHECK(strstr(minnow_last_error(), "nowhere.onnx") != NULL);
  options.shapes = unknown;
  CHECK(minnow_convert(onnx, &options, &model, &report) == MINNOW_INVALID_ARGUMENT);
  CHECK(model.data == NULL && report.data == NULL);
  options.shapes = kShape;
  CHECK(minnow_convert(onnx, &options, &model, &report) == MINNOW_OK);
  CHECK(strstr(report.data, "\"operators_after\": 1") != NULL);
  problem = useModel(&model, folder);
  minnow_bytes_destroy(&report);
  minnow_bytes_destroy(&model);
  CHECK(model.data == NULL);
  return problem;
}

static const char* writePixels(void) {
  /* Red, green; blue, white, upside down in memory. */
  const uint8_t pixels[12] = {0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 255, 0};
  float values[12];
  minnow_tensor tensor = {MINNOW_FLOAT32, 4, {1, 3, 2, 2}, {12, 4, 2, 1}, NULL};
  minnow_image image = MINNOW_IMAGE_INIT;
  minnow_pre_process pre = MINNOW_PRE_PROCESS_INIT;
  minnow_placement placement = MINNOW_PLACEMENT_INIT;
  double at[2];
  tensor.data = values;
  image.data = pixels + 6, image.width = 2, image.height = 2, image.row_bytes = -6;
  pre.scale[0] = pre.scale[1] = pre.scale[2] = 1.f / 255;
  CHECK(minnow_write_image(&image, &pre, &tensor, &placement) == MINNOW_OK);
  CHECK(values[0] == 1 && values[1] == 0 && values[2] == 0 && values[3] == 1);   /* red */
  CHECK(values[8] == 0 && values[9] == 0 && values[10] == 1 && values[11] == 1); /* blue */
  minnow_placement_to_picture(&placement, 1.5, 0.5, at);
  CHECK(at[0] == 1.5 && at[1] == 0.5);
  pre.mirror = 1;
  CHECK(minnow_write_image(&image, &pre, &tensor, NULL) == MINNOW_OK);
  CHECK(values[0] == 0 && values[1] == 1);
  pre.quarters = 4;
  CHECK(minnow_write_image(&image, &pre, &tensor, NULL) == MINNOW_INVALID_ARGUMENT);
  image.format = 8;
  CHECK(minnow_write_image(&image, NULL, &tensor, NULL) == MINNOW_INVALID_ARGUMENT);
  CHECK(strcmp(minnow_last_error(), "format is 8, expected 0 to 7") == 0);
  return NULL;
}

static const char* writeFrame(void) {
  /* Luma and chroma in planes of their own: grey of full range stays what it is. */
  const uint8_t luma[4] = {10, 20, 30, 40}, chroma[2] = {128, 128};
  uint8_t values[12];
  minnow_tensor tensor = {MINNOW_UINT8, 4, {1, 3, 2, 2}, {12, 4, 2, 1}, NULL};
  minnow_image image = MINNOW_IMAGE_INIT;
  tensor.data = values;
  image.data = luma, image.width = 2, image.height = 2, image.row_bytes = 2;
  image.format = MINNOW_NV12, image.full_range = 1;
  CHECK(minnow_write_image(&image, NULL, &tensor, NULL) == MINNOW_INVALID_ARGUMENT); /* no chroma */
  image.chroma[0] = chroma, image.chroma_row_bytes[0] = 2;
  CHECK(minnow_write_image(&image, NULL, &tensor, NULL) == MINNOW_OK);
  for (int i = 0; i < 12; ++i) CHECK(values[i] == luma[i % 4]);
  return NULL;
}

static const char* writeIntegers(void) {
  /* Integers of -1 to 1 are pixels less 128; of (x - 3) / 2 they are not, and numbers are quantised. */
  const uint8_t pixels[3] = {0, 100, 255};
  const float scales[2] = {1.f / 128, 0.5f};
  const int32_t zeros[2] = {0, 3};
  int8_t values[3];
  minnow_tensor tensor = {MINNOW_INT8, 4, {1, 3, 1, 1}, {3, 1, 1, 1}, NULL};
  minnow_image image = MINNOW_IMAGE_INIT;
  minnow_pre_process pre = MINNOW_PRE_PROCESS_INIT;
  minnow_quantisation by = MINNOW_QUANTISATION_INIT;
  tensor.data = values;
  image.data = pixels, image.width = 1, image.height = 1, image.row_bytes = 3;
  CHECK(minnow_pre_process_for(MINNOW_INT8, NULL, &pre) == MINNOW_INVALID_ARGUMENT);
  by.scales = scales, by.zero_points = zeros, by.scale_count = by.zero_point_count = 1;
  CHECK(minnow_pre_process_for(MINNOW_INT8, &by, &pre) == MINNOW_OK);
  CHECK(minnow_write_image(&image, &pre, &tensor, NULL) == MINNOW_OK);
  CHECK(values[0] == -128 && values[1] == -28 && values[2] == 127);
  by.scales = scales + 1, by.zero_points = zeros + 1;
  for (int i = 0; i < 3; ++i) pre.mean[i] = 100, pre.scale[i] = 0.25f;
  CHECK(minnow_pre_process_for(MINNOW_INT8, &by, &pre) == MINNOW_OK);
  CHECK(minnow_write_image(&image, &pre, &tensor, NULL) == MINNOW_OK);
  CHECK(values[0] == -47 && values[1] == 3 && values[2] == 81); /* 77.5 is 78 */
  return NULL;
}

static const char* readFile(const char* folder) {
  /* A BMP of one pixel: blue, green, red, and a row's padding. */
  static const uint8_t kBmp[58] = {'B', 'M', 58, 0, 0, 0, 0, 0, 0, 0,  54, 0, 0, 0, 40, 0, 0, 0, 1,
                                   0,   0,   0,  1, 0, 0, 0, 1, 0, 24, 0,  0, 0, 0, 0,  4, 0, 0, 0,
                                   0,   0,   0,  0, 0, 0, 0, 0, 0, 0,  0,  0, 0, 0, 0,  0, 3, 2, 1};
  minnow_bytes pixels = {NULL, 0};
  minnow_image image = MINNOW_IMAGE_INIT;
  char path[512];
  FILE* file;
  snprintf(path, sizeof path, "%s/pixel.bmp", folder);
  CHECK(minnow_read_image(path, &pixels, &image) == MINNOW_NOT_FOUND);
  file = fopen(path, "wb");
  CHECK(file != NULL && fwrite(kBmp, sizeof kBmp, 1, file) == 1 && fclose(file) == 0);
  CHECK(minnow_read_image(path, &pixels, &image) == MINNOW_OK);
  CHECK(image.width == 1 && image.height == 1 && image.format == MINNOW_RGB);
  CHECK(image.data == pixels.data && pixels.count == 3);
  CHECK(memcmp(pixels.data, "\1\2\3", 3) == 0);
  minnow_bytes_destroy(&pixels);
  return NULL;
}

const char* picturesFromC(const char* folder) {
  const char* problem = writePixels();
  if (problem == NULL) problem = writeFrame();
  if (problem == NULL) problem = writeIntegers();
  return problem != NULL ? problem : readFile(folder);
}
