/* What the C part of the test shows to the C++ part. */
#ifndef MINNOW_USE_FROM_C_H
#define MINNOW_USE_FROM_C_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

const char* useFromC(const void* file, size_t bytes);
/* In builds with schedules. */
const char* scheduleFromC(const void* file, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
