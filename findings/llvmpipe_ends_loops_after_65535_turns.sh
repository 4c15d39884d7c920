#!/usr/bin/env bash
# Mesa 22.3.6, llvmpipe: all loops of a shader's invocation end after 65,535 turns together, in silence, and the result is wrong.
#
# Seen: a compute shader that adds 1 in a loop of 65,535 turns gives 65535; of 65,536, 65535 as well; of 70,000, 65535. A loop of 300
# turns in another of 300 gives 65101 instead of 90000, and two of 40,000 one behind the other 65534 instead of 80000: turns of all
# loops count together, those that find the condition false as well. There is no error of OpenGL, no message, and the context is not lost.
#
# Most would guess that a loop that is too long for a driver is a lost context or a hang that is reset, which robustness extensions
# are about, and that 70,000 additions, some 0.1 ms, are none.
#
# Source: 6.3 "Iteration" of the OpenGL ES Shading Language 3.10 and of GLSL 4.30 (https://registry.khronos.org/OpenGL/specs/), by which
# a loop ends when its condition is false, with no limit of turns; LP_MAX_TGSI_LOOP_ITERATIONS in
# src/gallium/auxiliary/gallivm/lp_bld_limits.h of Mesa.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
python3 -m venv python
python/bin/pip install --quiet numpy==2.4.6 moderngl==5.13.0 glcontext==3.1.0
mesa=22.3.6-1+deb12u2
apt-get -qq -o APT::Sandbox::User=root download libegl1=1.6.0-1 libgles2=1.6.0-1 libglvnd0=1.6.0-1 \
  libegl-mesa0=$mesa libgl1-mesa-dri=$mesa libglapi-mesa=$mesa libgbm1=$mesa libllvm15=1:15.0.6-4+b1
# What those load, in whatever version.
apt-get -qq -o APT::Sandbox::User=root download libdrm2 libdrm-amdgpu1 libdrm-intel1 libdrm-nouveau2 libdrm-radeon1 libpciaccess0 \
  libsensors5 libelf1 libz3-4 libxml2 libicu72 libedit2 libbsd0 libmd0 libexpat1 libffi8 libzstd1 libwayland-client0 libwayland-server0 \
  libx11-6 libx11-xcb1 libxau6 libxdmcp6 libxcb1 libxcb-dri2-0 libxcb-dri3-0 libxcb-present0 libxcb-randr0 libxcb-sync1 \
  libxcb-xfixes0 libxshmfence1
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(dirname "$(find root -name 'libEGL_mesa.so.0')")
export LD_LIBRARY_PATH=$folder/$libraries LIBGL_DRIVERS_PATH=$folder/$libraries/dri
export __EGL_VENDOR_LIBRARY_FILENAMES=$folder/root/usr/share/glvnd/egl_vendor.d/50_mesa.json
export LIBGL_ALWAYS_SOFTWARE=1 GALLIUM_DRIVER=llvmpipe
cat > try.py <<'PYTHON'
import moderngl
import numpy as np

SOURCE = """#version 430
layout(local_size_x = 1) in;
layout(std430, binding = 0) buffer Y { int y; };
uniform int outer, inner;
void main() {
  int count = 0;
  %s
  y = count;
}"""
SINGLE = "for (int i = 0; i < outer * inner; ++i) count += 1;"
NESTED = "for (int i = 0; i < outer; ++i) for (int k = 0; k < inner; ++k) count += 1;"
BEHIND = ("for (int i = 0; i < inner; ++i) count += 1; for (int i = 0; i < inner; ++i) count += 1;")

context = moderngl.create_context(standalone=True, require=430, backend="egl", libgl="libGLESv2.so.2", libegl="libEGL.so.1")
print(context.info["GL_VERSION"], "on", context.info["GL_RENDERER"])


def turns(loops, outer, inner):
    shader, y = context.compute_shader(SOURCE % loops), context.buffer(np.zeros(1, np.int32).tobytes())
    for name, value in (("outer", outer), ("inner", inner)):
        if name in shader:
            shader[name] = value
    y.bind_to_storage_buffer(0)
    shader.run(1)
    context.finish()
    return int(np.frombuffer(y.read(), np.int32)[0])


seen = True
for name, loops, outer, inner, wanted, expected in (
        ("one loop", SINGLE, 1, 65535, 65535, 65535), ("one loop", SINGLE, 1, 65536, 65536, 65535),
        ("one loop", SINGLE, 1, 70000, 70000, 65535), ("one in another", NESTED, 300, 300, 90000, 65101),
        ("one behind another", BEHIND, 2, 40000, 80000, 65534)):
    counted = turns(loops, outer, inner)
    print(f"{name}, {wanted} turns: {counted}, {context.error}")
    seen = seen and counted == expected and context.error == "GL_NO_ERROR"
raise SystemExit(0 if seen else "this has changed")
PYTHON
python/bin/python try.py
