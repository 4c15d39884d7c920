/* A camera where there is none: preloaded, it answers for /dev/video* what a driver of V4L2 answers, as far as FFmpeg
 * asks. FAKE_CAMERA says what it is: ok, 64x48 in YUYV at the rate that is asked for; busy; forbidden; formats, it refuses
 * all; no-camera, it is some other device; unplugged, after ten frames. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { kWidth = 64, kHeight = 48, kBytes = kWidth * kHeight * 2, kRoom = 8192, kMostBuffers = 32 };

static int camera = -1, queued[kMostBuffers], head, tail, given;
static unsigned rate = 30;

static int is(const char* kind) {
  const char* wanted = getenv("FAKE_CAMERA");
  return wanted != NULL && strcmp(wanted, kind) == 0;
}

static int fails(int code) {
  errno = code;
  return -1;
}

static int openCamera(void) {
  if (is("busy")) return fails(EBUSY);
  if (is("forbidden")) return fails(EACCES);
  camera = memfd_create("camera", 0); /* which can be mapped, and is always ready */
  return camera;
}

static int openAs(const char* name, const char* path, int flags, mode_t mode) {
  int (*next)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, name);
  return strncmp(path, "/dev/video", 10) == 0 ? openCamera() : next(path, flags, mode);
}

#define OPEN(name)                                        \
  int name(const char* path, int flags, ...) {            \
    va_list more;                                         \
    mode_t mode;                                          \
    va_start(more, flags);                                \
    mode = (flags & O_CREAT) ? va_arg(more, mode_t) : 0;  \
    va_end(more);                                         \
    return openAs(#name, path, flags, mode);              \
  }
OPEN(open)
OPEN(open64)

static int setFormat(struct v4l2_format* format) {
  struct v4l2_pix_format* pixels = &format->fmt.pix;
  if (is("formats")) return fails(EINVAL);
  memset(pixels, 0, sizeof *pixels);
  pixels->width = kWidth;
  pixels->height = kHeight;
  pixels->pixelformat = V4L2_PIX_FMT_YUYV; /* whatever was wished for */
  pixels->field = V4L2_FIELD_NONE;
  pixels->bytesperline = kWidth * 2;
  pixels->sizeimage = kBytes;
  return 0;
}

static int tellRate(struct v4l2_streamparm* parameters, int set) {
  struct v4l2_captureparm* capture = &parameters->parm.capture;
  if (set && capture->timeperframe.numerator > 0)
    rate = capture->timeperframe.denominator / capture->timeperframe.numerator;
  capture->capability = V4L2_CAP_TIMEPERFRAME;
  capture->timeperframe.numerator = 1;
  capture->timeperframe.denominator = rate;
  return 0;
}

/* The oldest that was queued, at its time: a ramp that moves. */
static int takeBuffer(struct v4l2_buffer* buffer) {
  static struct timespec due;
  const int index = queued[head++ % kMostBuffers];
  unsigned char pixels[kBytes];
  int i;
  if (is("unplugged") && given == 10) return fails(ENODEV);
  if (given == 0) clock_gettime(CLOCK_MONOTONIC, &due);
  due.tv_nsec += 1000000000L / (long)rate;
  if (due.tv_nsec >= 1000000000L) due.tv_nsec -= 1000000000L, ++due.tv_sec;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
  for (i = 0; i < kBytes; ++i) pixels[i] = i % 2 ? 128 : (unsigned char)(i / 2 % kWidth * 3 + given);
  if (pwrite(camera, pixels, kBytes, (off_t)index * kRoom) != kBytes) return fails(EIO);
  buffer->index = (unsigned)index;
  buffer->bytesused = kBytes;
  buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  buffer->timestamp.tv_sec = due.tv_sec;
  buffer->timestamp.tv_usec = due.tv_nsec / 1000;
  buffer->sequence = (unsigned)given++;
  return 0;
}

static int askBuffers(struct v4l2_requestbuffers* asked) {
  if (asked->count > kMostBuffers) asked->count = kMostBuffers;
  return ftruncate(camera, (off_t)asked->count * kRoom);
}

static int tellBuffer(struct v4l2_buffer* buffer) {
  buffer->length = kBytes;
  buffer->m.offset = buffer->index * kRoom;
  return 0;
}

static int queueBuffer(const struct v4l2_buffer* buffer) {
  queued[tail++ % kMostBuffers] = (int)buffer->index;
  return 0;
}

static int tellCapabilities(struct v4l2_capability* said) {
  memset(said, 0, sizeof *said);
  said->capabilities = is("no-camera") ? V4L2_CAP_VIDEO_OUTPUT
                                       : V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  return 0;
}

static int tellInput(struct v4l2_input* input) {
  input->type = V4L2_INPUT_TYPE_CAMERA;
  return 0;
}

static int answer(unsigned long request, void* about) {
  switch (request) {
    case VIDIOC_QUERYCAP: return tellCapabilities(about);
    case VIDIOC_G_INPUT: return *(int*)about = 0;
    case VIDIOC_ENUMINPUT: return tellInput(about);
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT: return setFormat(about);
    case VIDIOC_G_PARM: return tellRate(about, 0);
    case VIDIOC_S_PARM: return tellRate(about, 1);
    case VIDIOC_REQBUFS: return askBuffers(about);
    case VIDIOC_QUERYBUF: return tellBuffer(about);
    case VIDIOC_QBUF: return queueBuffer(about);
    case VIDIOC_DQBUF: return takeBuffer(about);
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF: return 0;
    default: return fails(ENOTTY);
  }
}

int ioctl(int file, unsigned long request, ...) {
  int (*next)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
  va_list more;
  void* about;
  va_start(more, request);
  about = va_arg(more, void*);
  va_end(more);
  return file >= 0 && file == camera ? answer((unsigned int)request, about) : next(file, request, about);
}
