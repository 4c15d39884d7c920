# Where libraries come from. The host's packages serve cross builds too: headers are the same on every machine, and
# GoogleTest is compiled from its sources. So a cross build needs a compiler and no package of another architecture.
set(MINNOW_GTEST_SOURCE /usr/src/googletest CACHE PATH "GoogleTest's sources, for cross builds")

# minnow_headers(target name): a target with the header, or folder of headers, of that name. A cross build reaches it
# through a folder of links, so that it sees nothing that lies beside: a foreign C library must not meet the host's.
function(minnow_headers target name)
  # Not in the PATH's folders, where `fmt` is a program.
  find_path(MINNOW_FOLDER_OF_${name} ${name} PATHS /usr/include NO_SYSTEM_ENVIRONMENT_PATH NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(MINNOW_FOLDER_OF_${name})
  set(folder ${MINNOW_FOLDER_OF_${name}})
  if(NOT folder)
    message(FATAL_ERROR "No header ${name}: run scripts/setup.sh, or name its folder by CMAKE_INCLUDE_PATH")
  endif()
  if(CMAKE_CROSSCOMPILING)
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/host-headers)
    file(CREATE_LINK ${folder}/${name} ${PROJECT_BINARY_DIR}/host-headers/${name} SYMBOLIC)
    set(folder ${PROJECT_BINARY_DIR}/host-headers)
  endif()
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${folder})
endfunction()

# minnow_texts(target header name=file…): a header below the build folder's src that holds the files as text, for what is
# compiled when a program runs: a struct Source {name, text}, and kSources, a list of them.
function(minnow_texts target header)
  set(made ${PROJECT_BINARY_DIR}/generated/${header})
  string(REGEX REPLACE "^(.*/generated)/src/" "\\1/" made ${made})
  set(lines "")
  foreach(pair IN LISTS ARGN)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched ${pair})
    file(READ ${CMAKE_MATCH_2} text)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${CMAKE_MATCH_2})
    string(APPEND lines "    {\"${CMAKE_MATCH_1}\", R\"=====(${text})=====\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${made} @ONLY CONTENT "#pragma once
#include <string_view>
struct Source {
  std::string_view name, text;
};
inline constexpr Source kSources[] = {
@lines@};
")
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/generated)
endfunction()

# minnow_version(variable prefix header…): the version that a library's headers state in macros of that prefix.
function(minnow_version variable prefix)
  set(numbers "")
  foreach(header IN LISTS ARGN)
    if(EXISTS ${header})
      file(STRINGS ${header} lines REGEX "define ${prefix}_(MAJOR|MINOR|PATCH|REVISION) +[0-9]")
      list(TRANSFORM lines REPLACE ".* ([0-9]+).*" "\\1")
      list(APPEND numbers ${lines})
    endif()
  endforeach()
  list(JOIN numbers . version)
  set(${variable} ${version} PARENT_SCOPE)
endfunction()

# minnow_picture_format(room JPEG): the codec in the room's folder of that name, or absent.cc, as MINNOW_JPEG says.
# MINNOW_CODECS lists those that are there.
set(MINNOW_CODECS "")
function(minnow_picture_format room name)
  set(MINNOW_${name} AUTO CACHE STRING "Read and write ${name} pictures: ON, OFF or AUTO (where the library is found)")
  set_property(CACHE MINNOW_${name} PROPERTY STRINGS AUTO ON OFF)
  if(MINNOW_${name} STREQUAL AUTO)
    find_package(${name})
  elseif(MINNOW_${name})
    find_package(${name} REQUIRED)
  endif()
  string(TOLOWER ${name} format)
  if(MINNOW_${name} AND TARGET ${name}::${name})
    target_sources(${room} PRIVATE src/vision/${format}/decode.cc src/vision/${format}/encode.cc)
    target_link_libraries(${room} PRIVATE ${name}::${name})
    set(MINNOW_CODECS ${MINNOW_CODECS} ${name} PARENT_SCOPE)
  else()
    message(STATUS "No ${name} pictures in this build (MINNOW_${name}=${MINNOW_${name}})")
    target_sources(${room} PRIVATE src/vision/${format}/absent.cc)
  endif()
endfunction()

find_package(Threads REQUIRED)
minnow_headers(minnow_hwy hwy)
minnow_headers(minnow_flatbuffers flatbuffers)
minnow_version(hwy_version HWY ${MINNOW_FOLDER_OF_hwy}/hwy/highway.h ${MINNOW_FOLDER_OF_hwy}/hwy/base.h)
if(hwy_version VERSION_LESS 1.0.3)
  message(FATAL_ERROR "Minnow needs Highway 1.0.3 or later, and ${MINNOW_FOLDER_OF_hwy}/hwy is ${hwy_version}: name the "
    "folder of a later one by -DMINNOW_FOLDER_OF_hwy=FOLDER")
endif()
if(MINNOW_TOOLS OR MINNOW_APPS OR MINNOW_TESTS)
  minnow_headers(minnow_json nlohmann)
  minnow_headers(minnow_cli11 CLI)
  minnow_headers(minnow_xxhash xxhash.h)
  if(CMAKE_CROSSCOMPILING)
    minnow_headers(minnow_fmt fmt)
    target_compile_definitions(minnow_fmt INTERFACE FMT_HEADER_ONLY)
  else()
    find_package(fmt REQUIRED)
    add_library(minnow_fmt ALIAS fmt::fmt)
  endif()
endif()
if(MINNOW_TESTS AND CMAKE_CROSSCOMPILING)
  set(INSTALL_GTEST OFF)
  set(BUILD_GMOCK OFF)
  add_subdirectory(${MINNOW_GTEST_SOURCE} ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL SYSTEM)
elseif(MINNOW_TESTS)
  find_package(GTest REQUIRED)
endif()
