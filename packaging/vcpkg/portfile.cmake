# Untested: no vcpkg registry could be reached. To try it as an overlay: vcpkg install minnow --overlay-ports=packaging
# with VCPKG_OVERLAY_PORTS pointing here; the sources are this checkout's.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS
  -DMINNOW_CONVERTER=OFF -DMINNOW_TOOLS=OFF -DMINNOW_EXAMPLES=OFF -DMINNOW_APPS=OFF -DMINNOW_TESTS=OFF
  -DMINNOW_OPENCL=OFF -DMINNOW_OPENGL=OFF -DMINNOW_JPEG=OFF -DMINNOW_PNG=OFF
  "-DMINNOW_FLATC=${CURRENT_HOST_INSTALLED_DIR}/tools/flatbuffers/flatc${VCPKG_HOST_EXECUTABLE_SUFFIX}")
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME minnow CONFIG_PATH lib/cmake/minnow)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
