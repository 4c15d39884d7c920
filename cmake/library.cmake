# The library that users link as minnow::minnow, and its installation (docs/in-your-program.md, docs/size.md): static, or shared where
# BUILD_SHARED_LIBS, MINNOW_MINIMAL or MINNOW_MODELS ask for it. All that a user sees is include/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# minnow_library(room…): one file of all these rooms.
function(minnow_library)
  if(MINNOW_SHARED)
    minnow_shared_library()
  else()
    list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_OBJECTS:minnow_\\1>" OUTPUT_VARIABLE objects)
    add_library(minnow_library STATIC ${objects})
    list(TRANSFORM MINNOW_CODECS REPLACE "(.+)" "\\1::\\1" OUTPUT_VARIABLE codecs)
    target_link_libraries(minnow_library PRIVATE Threads::Threads ${codecs})
  endif()
  add_library(minnow::minnow ALIAS minnow_library)
  # While the major version is 0, what was compiled with another minor version has to be compiled anew.
  set_target_properties(minnow_library PROPERTIES OUTPUT_NAME minnow EXPORT_NAME minnow LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_features(minnow_library INTERFACE cxx_std_23)
  target_include_directories(minnow_library INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  if(MINNOW_INSTALL)
    minnow_install()
  endif()
endfunction()

# What include/minnow declares and nothing else is exported; what that does not reach is not in it.
function(minnow_shared_library)
  add_library(minnow_library SHARED
    $<TARGET_OBJECTS:minnow_base> $<TARGET_OBJECTS:minnow_runtime> $<TARGET_OBJECTS:minnow_vision>
    $<$<BOOL:${MINNOW_SCHEDULE}>:$<TARGET_OBJECTS:minnow_schedule>>
    $<$<NOT:$<BOOL:${MINNOW_FOR_DEVICES}>>:$<TARGET_OBJECTS:minnow_vision_c>>)
  target_link_libraries(minnow_library PRIVATE $<BUILD_INTERFACE:minnow_runtime> $<BUILD_INTERFACE:minnow_vision>)
  set(exported ${PROJECT_SOURCE_DIR}/cmake/exported.map)
  set_target_properties(minnow_library PROPERTIES LINK_DEPENDS ${exported})
  target_link_options(minnow_library PRIVATE -Wl,--gc-sections,-z,defs,--version-script=${exported})
endfunction()

function(minnow_install)
  set(cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/minnow)
  set(pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  install(TARGETS minnow_library EXPORT minnow LIBRARY COMPONENT library NAMELINK_COMPONENT development
    ARCHIVE COMPONENT development)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/minnow DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT licence)
  install(EXPORT minnow NAMESPACE minnow:: FILE minnow-targets.cmake DESTINATION ${cmake_folder} COMPONENT development)

  # Found from where the files lie, so that the prefix may be chosen, and changed, after the build.
  set(made ${PROJECT_BINARY_DIR}/installed)
  set(static_packages "")
  set(static_libraries "")
  if(NOT MINNOW_SHARED)
    set(static_packages ${MINNOW_CODECS})
    set(static_libraries " ${CMAKE_THREAD_LIBS_INIT} -lstdc++ -lm")
  endif()
  list(TRANSFORM static_packages TOLOWER OUTPUT_VARIABLE requires)
  list(TRANSFORM requires PREPEND lib)
  list(JOIN requires " " requires)
  file(RELATIVE_PATH prefix_from_pkgconfig /${pkgconfig_folder} /)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/minnow.pc.in ${made}/minnow.pc @ONLY)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/minnow-config.cmake.in ${made}/minnow-config.cmake
    INSTALL_DESTINATION ${cmake_folder} NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file(${made}/minnow-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${made}/minnow.pc DESTINATION ${pkgconfig_folder} COMPONENT development)
  install(FILES ${made}/minnow-config.cmake ${made}/minnow-config-version.cmake DESTINATION ${cmake_folder}
    COMPONENT development)
endfunction()
