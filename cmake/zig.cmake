# Building for MINNOW_ZIG_TARGET, "aarch64-linux-gnu.2.17", by the clang of PyPI's ziglang: it has the C library of any age and
# links a C++ library of its own statically, so that what it builds runs on old systems (scripts/build_wheels.sh). MINNOW_ZIG
# is the program, with -cc and -c++ beside it. Headers are the host's, as in every cross build.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MINNOW_ZIG MINNOW_ZIG_TARGET MINNOW_ZIG_PREFIX)
set(CMAKE_SYSTEM_NAME Linux)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR ${MINNOW_ZIG_TARGET})
set(zig_flags "-target ${MINNOW_ZIG_TARGET} -fno-sanitize=undefined")
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "arm")
  set(CMAKE_SYSTEM_PROCESSOR armv7)
  # VFPv4 and NEON as in armv7.cmake.
  string(APPEND zig_flags " -mcpu=generic+v7a+neon+vfp4 -D__ARM_VFPV4__=1")
endif()
set(CMAKE_C_COMPILER ${MINNOW_ZIG}-cc)
set(CMAKE_CXX_COMPILER ${MINNOW_ZIG}-c++)
set(CMAKE_C_FLAGS_INIT "${zig_flags}")
set(CMAKE_CXX_FLAGS_INIT "${zig_flags}")
foreach(language C CXX)  # this machine's ar has no index for another one's objects
  set(CMAKE_${language}_ARCHIVE_CREATE "${MINNOW_ZIG} ar qcs <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${language}_ARCHIVE_APPEND "${MINNOW_ZIG} ar qs <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${language}_ARCHIVE_FINISH "")
endforeach()
set(CMAKE_CROSSCOMPILING ON)
set(CMAKE_FIND_ROOT_PATH /nowhere)
if(MINNOW_ZIG_PREFIX)  # what was built for the target
  set(CMAKE_FIND_ROOT_PATH ${MINNOW_ZIG_PREFIX})
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
