# The library for devices, libminnow.so (docs/size.md). MINNOW_MINIMAL compiles for size; MINNOW_MODELS links the
# operators of some models only. Included before the rooms; minnow_device_flags() comes after them.
option(MINNOW_MINIMAL "Compile for size, and build the shared library of the runtime: libminnow.so" OFF)
set(MINNOW_MODELS "" CACHE STRING "Link only the operators of these models: a.minnow;b.onnx; empty for all operators")
set(MINNOW_HOST_TOOL ${PROJECT_SOURCE_DIR}/build/minnow CACHE FILEPATH "The command line that reads MINNOW_MODELS")
set(MINNOW_MOST_BYTES 1000000 CACHE STRING "libminnow.so for AArch64 may not be larger")

if(MINNOW_MODELS)  # the converter and the tests want every operator
  set(MINNOW_CONVERTER OFF)
  set(MINNOW_TESTS OFF)
  set(MINNOW_APPS OFF)
endif()
set(MINNOW_FOR_DEVICES OFF)
if(MINNOW_MINIMAL OR MINNOW_MODELS)
  set(MINNOW_FOR_DEVICES ON)
endif()
set(MINNOW_SHARED OFF)
if(BUILD_SHARED_LIBS OR MINNOW_MINIMAL OR MINNOW_MODELS)
  set(MINNOW_SHARED ON)
  add_compile_options(-fvisibility=hidden -fvisibility-inlines-hidden -ffunction-sections -fdata-sections)
endif()
if(MINNOW_MINIMAL OR MINNOW_MODELS)
  set(MINNOW_JPEG OFF)  # files are decoded by whoever has the libraries; cameras' frames are raw
  set(MINNOW_PNG OFF)
  set(MINNOW_BMP OFF)
endif()
set(MINNOW_WITHOUT_CONVERSION OFF)
if((MINNOW_MINIMAL OR MINNOW_MODELS) AND NOT MINNOW_CONVERTER AND NOT MINNOW_TESTS)
  set(MINNOW_WITHOUT_CONVERSION ON)
  add_compile_definitions(MINNOW_WITHOUT_CONVERSION)  # see src/ops/operator.h
endif()
if(NOT MINNOW_PATHS)
  add_compile_definitions(MINNOW_WITHOUT_PATHS)  # see src/program/lane.h
endif()
if((MINNOW_MINIMAL OR MINNOW_MODELS) AND NOT MINNOW_OPENCL AND NOT MINNOW_OPENGL)
  add_compile_definitions(MINNOW_WITHOUT_DEVICES)  # see src/backend/backend.h
endif()
if(MINNOW_MINIMAL)
  add_compile_options(-Os)
  # No class is asked for its type at run time, and GCC keeps frame pointers on AArch64 though nothing walks them.
  add_compile_options(-fomit-frame-pointer $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
endif()
set(MINNOW_SHORT_ADDRESSES OFF)
if(MINNOW_MINIMAL AND CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
    AND MINNOW_MOST_BYTES LESS 1048576)
  # Everything in a library below 1 MB is within reach of one instruction, where otherwise two make an address. The
  # linker refuses a larger one ("relocation truncated to fit"): -DMINNOW_MOST_BYTES=2000000 takes two again.
  set(MINNOW_SHORT_ADDRESSES ON)
  add_compile_options(-mcmodel=tiny)
endif()

# Writes the list that src/ops/linked.h includes: the operators of all models, as the host's command line names them.
function(minnow_linked_operators list)
  if(NOT EXISTS ${MINNOW_HOST_TOOL})
    message(FATAL_ERROR "MINNOW_MODELS needs Minnow's command line for this machine, and ${MINNOW_HOST_TOOL} does not "
      "exist. Build it (cmake --preset release && cmake --build --preset release --target minnow), or name another by "
      "-DMINNOW_HOST_TOOL=FILE.")
  endif()
  set(operators "")
  foreach(model ${MINNOW_MODELS})
    cmake_path(ABSOLUTE_PATH model BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${model})
    execute_process(COMMAND ${MINNOW_HOST_TOOL} info --operators ${model}
      OUTPUT_VARIABLE printed ERROR_VARIABLE complaint RESULT_VARIABLE code)
    if(NOT code EQUAL 0)
      message(FATAL_ERROR "MINNOW_MODELS: ${model} cannot be read: ${complaint}")
    endif()
    string(REGEX MATCHALL "[^\n]+" lines "${printed}")
    list(APPEND operators ${lines})
  endforeach()
  list(REMOVE_DUPLICATES operators)
  list(SORT operators)
  list(TRANSFORM operators REPLACE "(.+)" "MINNOW_LINKED(\\1)\n")
  list(JOIN operators "" text)
  file(CONFIGURE OUTPUT ${list} CONTENT "${text}")
endfunction()

# The rooms' own flags. Kernels never allocate, so nothing is thrown through them (AArch64 has unwinding tables unless
# both kinds are switched off); those with SIMD are where time goes.
function(minnow_minimal_flags)
  foreach(room kernels kernels_reference kernels_simd)
    target_compile_options(minnow_${room} PRIVATE -fno-exceptions -fno-asynchronous-unwind-tables -fno-unwind-tables)
  endforeach()
  # Where time goes: register tiles and elementary functions. The loops around them are vectors too, but few
  # instructions.
  foreach(fast panel_tile panel_run depthwise_tile unary epilogue_rows byte_rows byte_tile_dot byte_tile_mmla byte_tile_neon)
    set_source_files_properties(src/kernels/simd/${fast}.cc PROPERTIES COMPILE_OPTIONS "-O2")
  endforeach()
  # The list of targets is made on the heap.
  set_source_files_properties(src/kernels/simd/dispatch.cc PROPERTIES
    COMPILE_OPTIONS "-fexceptions;-funwind-tables;-fasynchronous-unwind-tables")
endfunction()

# The rooms' flags, and the operators that are linked.
function(minnow_device_flags)
  if(MINNOW_MODELS)
    set(list ${PROJECT_BINARY_DIR}/generated/linked_operators.inc)
    minnow_linked_operators(${list})
    foreach(room ops kernels_reference backend_cpu)
      target_compile_definitions(minnow_${room} PRIVATE MINNOW_LINKED_OPERATORS="${list}")
    endforeach()
  endif()
  if(MINNOW_MINIMAL)
    minnow_minimal_flags()
  endif()
endfunction()

# Of the library itself: stripped, with the linker's map beside it, and its size told.
function(minnow_device_library)
  target_link_options(minnow_library PRIVATE -Wl,--strip-all,-Map=$<TARGET_FILE:minnow_library>.map)
  if(MINNOW_MINIMAL AND CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    # What is read-only after relocation would end on a page of 64 KB in the file: up to 64 KB of zeros for 12 KB.
    target_link_options(minnow_library PRIVATE -Wl,-z,norelro)
    # The linker mends Cortex-A53's erratum 843419 by a short ADR, which reaches all of a library below 1 MB. For the long
    # form it sets pages of 4 KB aside, three of them as addresses fall, unless it is told that there is none.
    if(MINNOW_SHORT_ADDRESSES)
      target_link_options(minnow_library PRIVATE -Wl,--fix-cortex-a53-843419=adr)
    endif()
  endif()
  if(MINNOW_MINIMAL AND CMAKE_INTERPROCEDURAL_OPTIMIZATION AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC inlines within a part of the program: of many small parts 995,464 bytes are left of 1,007,200, in one they are
    # 1,040,912. Tiles, where time goes, are within a file each.
    target_link_options(minnow_library PRIVATE -Os --param=lto-partitions=512 --param=lto-min-partition=1000)
  endif()
  add_custom_command(TARGET minnow_library POST_BUILD VERBATIM COMMAND ${CMAKE_COMMAND}
    -DLIBRARY=$<TARGET_FILE:minnow_library> -DPROCESSOR=${CMAKE_SYSTEM_PROCESSOR} -DMOST_BYTES=${MINNOW_MOST_BYTES}
    -DMINIMAL=${MINNOW_MINIMAL} -P ${PROJECT_SOURCE_DIR}/cmake/print_size.cmake)
endfunction()
