/* Pictures and cameras' frames into a model's input, for every language that can call C: mirrors minnow/image.h, which says
 * what all this means.
 *
 *   minnow_image frame = MINNOW_IMAGE_INIT;
 *   minnow_pre_process pre = MINNOW_PRE_PROCESS_INIT;
 *   frame.data = pixels, frame.width = 1280, frame.height = 720, frame.row_bytes = 1280;
 *   frame.format = MINNOW_NV12, frame.chroma[0] = pixels + 1280 * 720, frame.chroma_row_bytes[0] = 1280;
 *   pre.fit = MINNOW_FIT_LETTERBOX;
 *   require(minnow_write_image(&frame, &pre, &input, NULL));
 *
 * The library for devices (MINNOW_MINIMAL, MINNOW_MODELS) has none of these functions. */
#ifndef MINNOW_MINNOW_VISION_H
#define MINNOW_MINNOW_VISION_H

#include "minnow/minnow.h"

#pragma GCC visibility push(default)

#ifdef __cplusplus
extern "C" {
#endif

typedef enum minnow_pixel_format {
  MINNOW_GRAY = 0,
  MINNOW_RGB,
  MINNOW_BGR,
  MINNOW_RGBA,
  MINNOW_BGRA,
  MINNOW_NV12,
  MINNOW_NV21,
  MINNOW_I420
} minnow_pixel_format;
typedef enum minnow_yuv_matrix { MINNOW_BT601 = 0, MINNOW_BT709 } minnow_yuv_matrix;

/* Somebody's pixels: row y begins at data + y * row_bytes, which may be negative. */
typedef struct minnow_image {
  size_t size; /* sizeof(minnow_image) */
  const uint8_t* data;
  int width, height;
  ptrdiff_t row_bytes;
  int format;               /* a minnow_pixel_format */
  int matrix;               /* a minnow_yuv_matrix, of NV12, NV21 and I420 */
  const uint8_t* chroma[2]; /* NV12, NV21: the first; I420: Cb, Cr */
  ptrdiff_t chroma_row_bytes[2];
  int full_range; /* 1: 0 … 255, as JPEG has it; of NV12, NV21 and I420 */
  int reserved;   /* 0 */
} minnow_image;
#define MINNOW_IMAGE_INIT \
  {sizeof(minnow_image), NULL, 0, 0, 0, MINNOW_RGB, MINNOW_BT601, {NULL, NULL}, {0, 0}, 0, 0}

/* Where a picture came to lie in a tensor: Placement in minnow/image.h. */
typedef struct minnow_placement {
  size_t size; /* sizeof(minnow_placement) */
  double scale_x, scale_y, offset_x, offset_y;
  int quarters, mirror, width, height;
} minnow_placement;
#define MINNOW_PLACEMENT_INIT {sizeof(minnow_placement), 1, 1, 0, 0, 0, 0, 0, 0}
/* From the tensor's columns and rows to the picture's pixels, as they were before turning: x, y. */
void minnow_placement_to_picture(const minnow_placement* placement, double column, double row,
                                 double picture[2]);

/* Crops, turns, resizes, reorders, normalises and writes into a tensor of float32, uint8 or int8, whose strides may be
 * any: writeImage in minnow/image.h. `placement` may be NULL. Allocates nothing. */
minnow_status minnow_write_image(const minnow_image* image, const minnow_pre_process* pre,
                                 const minnow_tensor* tensor, minnow_placement* placement);

/* Completes `pre` for an input of this type, whose integers stand for what `by` says: preProcessFor in
 * minnow/quantised_picture.h. NULL: for what `pre` says.
 *
 *   require(minnow_session_quantisation(session, 0, 0, &by));
 *   require(minnow_pre_process_for(input.type, &by, &pre));
 *   require(minnow_write_image(&frame, &pre, &input, NULL)); */
minnow_status minnow_pre_process_for(minnow_type type, const minnow_quantisation* by,
                                     minnow_pre_process* pre);

/* Memory that the library gave, on a 64-byte boundary; a zero follows its last byte. */
typedef struct minnow_bytes {
  void* data;
  size_t count;
} minnow_bytes;
/* Frees it and leaves it empty; NULL and what is empty are taken. */
void minnow_bytes_destroy(minnow_bytes* bytes);

/* Decodes a JPEG, PNG or BMP file to RGB, upright: readImage in minnow/image.h. `image` describes `pixels`. */
minnow_status minnow_read_image(const char* path, minnow_bytes* pixels, minnow_image* image);

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop

#endif /* MINNOW_MINNOW_VISION_H */
