# SPDX-License-Identifier: MIT
"""conan create docs/packaging/conan, in a clone of the repository; meson and ninja are the machine's."""
import pathlib

from conan import ConanFile
from conan.tools.files import copy
from conan.tools.layout import basic_layout
from conan.tools.meson import Meson, MesonToolchain

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCES = ("LICENSE", "README.md", "docs/*.md", "include/*", "lib/*", "meson.build", "meson_options.txt", "sape.pc.in")


class Sape(ConanFile):
    name = "sape"
    version = "0.3.0"
    license = "MIT"
    description = "Neural fields with spatially-adaptive progressive encoding"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    languages = "C"

    def export_sources(self):
        for pattern in SOURCES:
            copy(self, pattern, ROOT, self.export_sources_folder)

    def layout(self):
        basic_layout(self)

    def generate(self):
        toolchain = MesonToolchain(self)
        toolchain.project_options.update(blas="none", tests="disabled", examples="disabled")
        toolchain.generate()

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()

    def package(self):
        Meson(self).install()

    def package_info(self):
        self.cpp_info.libs = ["sape"]
        self.cpp_info.set_property("pkg_config_name", "sape")
        if self.settings.os == "Linux":
            self.cpp_info.system_libs = ["m", "pthread"]
