# minnow_flatbuffer(target schema): makes <schema>_generated.h in the build folder, under the schema's own path below
# src, and lets the target include it. Only FlatBuffers' headers are used.
find_program(MINNOW_FLATC flatc REQUIRED)

function(minnow_flatbuffer target schema)
  cmake_path(REPLACE_EXTENSION schema LAST_ONLY "" OUTPUT_VARIABLE stem)
  cmake_path(GET stem PARENT_PATH folder)
  string(REGEX REPLACE "^src/?" "" folder "${folder}")
  cmake_path(GET stem FILENAME stem)
  set(header ${CMAKE_BINARY_DIR}/generated/${folder}/${stem}_generated.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${MINNOW_FLATC} --cpp --scoped-enums -o ${CMAKE_BINARY_DIR}/generated/${folder}
            ${CMAKE_SOURCE_DIR}/${schema}
    DEPENDS ${schema}
    VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE minnow_flatbuffers)
endfunction()
