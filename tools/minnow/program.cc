// minnow, the program. In Python's wheel it is all there is of it: the command line is in the library beside it.
#include "minnow/minnow_tools.h"

int main(int argc, char** argv) { return minnow_command_line(argc, argv); }
