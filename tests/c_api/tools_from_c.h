/* What C makes of minnow_tools.h and minnow_vision.h: NULL, or what was not as it should be. */
#ifndef TOOLS_FROM_C_H
#define TOOLS_FROM_C_H

#ifdef __cplusplus
extern "C" {
#endif

/* `onnx`: y = relu(x) for x of shape 2x3, 2 being the axis "n". Writes into the folder. */
const char* toolsFromC(const char* onnx, const char* folder);
const char* picturesFromC(const char* folder);

#ifdef __cplusplus
}
#endif

#endif
