#include "base/fail.h"

static_assert(__cplusplus == 201703L, "Minnow raised the standard of code that does not use it");

int main() { return parentsOwnAnswer() == 42 ? 0 : 1; }
