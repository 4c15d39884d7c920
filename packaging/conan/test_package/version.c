// What version the library says it is, and on what it would run.
#include <minnow/minnow.h>
#include <stdio.h>

int main(void) {
  printf("minnow %s\n", minnow_version());
  return 0;
}
