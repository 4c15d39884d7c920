# minnow_flatbuffer(target schema): makes <schema>_generated.h in the build folder, under the schema's own path below
# src, and lets the target include it. Only FlatBuffers' headers are used.
find_program(MINNOW_FLATC flatc REQUIRED)
minnow_version(flatbuffers_version FLATBUFFERS_VERSION ${MINNOW_FOLDER_OF_flatbuffers}/flatbuffers/base.h)
execute_process(COMMAND ${MINNOW_FLATC} --version OUTPUT_VARIABLE flatc_version)
string(REGEX MATCH "[0-9.]+" flatc_version "${flatc_version}")
if(NOT flatc_version VERSION_EQUAL flatbuffers_version)
  message(FATAL_ERROR "${MINNOW_FLATC} is version ${flatc_version}, and the headers in "
    "${MINNOW_FOLDER_OF_flatbuffers}/flatbuffers are ${flatbuffers_version}: what one writes the other refuses. Name a "
    "pair that belongs together by -DMINNOW_FLATC=FILE or -DMINNOW_FOLDER_OF_flatbuffers=FOLDER")
endif()

function(minnow_flatbuffer target schema)
  cmake_path(REPLACE_EXTENSION schema LAST_ONLY "" OUTPUT_VARIABLE stem)
  cmake_path(GET stem PARENT_PATH folder)
  string(REGEX REPLACE "^src/?" "" folder "${folder}")
  cmake_path(GET stem FILENAME stem)
  set(header ${PROJECT_BINARY_DIR}/generated/${folder}/${stem}_generated.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${MINNOW_FLATC} --cpp --scoped-enums -o ${PROJECT_BINARY_DIR}/generated/${folder}
            ${PROJECT_SOURCE_DIR}/${schema}
    DEPENDS ${schema}
    VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} SYSTEM PRIVATE ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE minnow_flatbuffers)
endfunction()
