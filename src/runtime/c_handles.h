// What C's handles are: each holds the object of minnow/runtime.h.
#pragma once

#include "minnow/minnow.h"
#include "minnow/runtime.h"

struct minnow_runtime {
  minnow::Runtime object;
};
struct minnow_interpreter {
  minnow::Interpreter object;
};
struct minnow_session {
  minnow::Session object;
};
struct minnow_frame {
  minnow::Frame object;
};
