"""Minnow's library for Conan 2: `conan create packaging/conan -s compiler.cppstd=23`, for Conan takes g++ 12 for C++17. The converter
and the command line stay outside, as their dependencies do; FlatBuffers and Highway are only compiled against."""
import pathlib

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class Minnow(ConanFile):
    name = "minnow"
    version = "0.1.0"
    license = "Apache-2.0"
    description = "Convolutional networks in little memory, with the same bits on every CPU"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "schedule": [True, False]}
    default_options = {"shared": False, "schedule": True}

    def validate(self):
        check_min_cppstd(self, 23)

    def export_sources(self):
        root = pathlib.Path(self.recipe_folder).parents[1]
        for folder in ("cmake", "gst", "include", "packaging", "src", "tools"):
            copy(self, "*", root / folder, pathlib.Path(self.export_sources_folder) / folder)
        for file in ("CMakeLists.txt", "LICENSE"):
            copy(self, file, root, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for what in ("CONVERTER", "TOOLS", "EXAMPLES", "APPS", "TESTS", "OPENCL", "OPENGL", "JPEG", "PNG"):
            toolchain.cache_variables[f"MINNOW_{what}"] = "OFF"
        toolchain.cache_variables["MINNOW_SCHEDULE"] = "ON" if self.options.schedule else "OFF"
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build(target="minnow_library")

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "minnow")
        self.cpp_info.set_property("cmake_target_name", "minnow::minnow")
        self.cpp_info.libs = ["minnow"]
        self.cpp_info.system_libs = ["pthread", "m"]
