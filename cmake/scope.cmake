# What is set for Minnow's own folders: they neither see what a program that takes Minnow in has set for itself, nor
# does anything here reach that program.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# A user's targets link the codecs that minnow::minnow links, so they have to know them.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

# Bits must not depend on what a compiler likes to fuse or reorder (docs/design.md, numerics).
add_compile_options(-ffp-contract=off -Wall -Wextra $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<BOOL:${MINNOW_UNITY}>>:-Wno-subobject-linkage>)

if(NOT PROJECT_IS_TOP_LEVEL)
  add_compile_options(-fno-fast-math -Wno-error)
  set(CMAKE_UNITY_BUILD OFF)
  set(CMAKE_COMPILE_WARNING_AS_ERROR OFF)
  set_directory_properties(PROPERTIES INCLUDE_DIRECTORIES "")  # which may have a base/ or an ops/ of their own
  return()
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# A compiler takes up to 650 MB: as many at a time as memory holds, whatever Ninja makes of a small board's four CPUs.
cmake_host_system_information(RESULT megabytes QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR compilers "${megabytes} / 700")
if(compilers LESS 1)
  set(compilers 1)
endif()
set_property(GLOBAL PROPERTY JOB_POOLS compilers=${compilers})
set(CMAKE_JOB_POOL_COMPILE compilers)
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache refuses precompiled headers without this sloppiness. Comments count, because g++ skips a header with
  # `#pragma once` only where its bytes are those of the one in the precompiled header: one that was cached before a
  # comment changed would define everything twice.
  if(MINNOW_QUICK_BUILD)
    set(for_precompiled CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_COMMENTS=1)
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${for_precompiled} ${CCACHE})
endif()
