#!/usr/bin/env bash
# PoCL 3.0: a program's binary holds machine code for those local sizes alone that have been enqueued when it is fetched.
#
# Seen: CL_PROGRAM_BINARIES fetched right after clBuildProgram has some 53,300 bytes, and fetched after the kernel has run once with 64
# work-items a group 70,900. Loaded in a new process with an empty POCL_CACHE_DIR, the first makes PoCL compile again when the
# kernel is enqueued with those 64 (its cache gets another shared object), the second does not. A cache of binaries that is filled
# where programs are built therefore saves nothing of what takes longest.
#
# Most would guess that a built program's binary is all there will ever be: clBuildProgram has returned CL_BUILD_SUCCESS.
#
# Source: clGetProgramInfo and clCreateProgramWithBinary of the OpenCL specification
# (https://registry.khronos.org/OpenCL/specs/3.0-unified/html/OpenCL_API.html), by which a binary may be code of the device, a
# representation of the implementation's own, or both; PoCL's documentation (https://portablecl.org/docs/html/), by which
# work-group functions are made for a local size when a kernel is enqueued.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 pyopencl==2026.1.4 pocl-binary-distribution==3.0
mkdir "$folder/icd"
find "$folder/python" -name 'libpocl*.so*' | head -n 1 > "$folder/icd/pocl.icd"
export OCL_ICD_VENDORS=$folder/icd PYOPENCL_NO_CACHE=1
cat > "$folder/try.py" <<'PYTHON'
import os
import pathlib
import sys

import numpy as np
import pyopencl as cl

SOURCE = "kernel void f(global float* x) { size_t i = get_global_id(0); for (int k = 0; k < 8; ++k) x[i] = x[i] * 2 + k; }"
step, file = sys.argv[1], pathlib.Path(sys.argv[2])
platform = next(one for one in cl.get_platforms() if "Portable" in one.name)
device = platform.get_devices()[0]
context = cl.Context([device])
queue = cl.CommandQueue(context)


def run(program):
    program.f(queue, (4096,), (64,), cl.Buffer(context, cl.mem_flags.READ_WRITE, 4 * 4096))
    queue.finish()


def objects():
    return len(list(pathlib.Path(os.environ["POCL_CACHE_DIR"]).rglob("*.so")))


if step == "load":
    program = cl.Program(context, [device], [file.read_bytes()]).build()
    loaded = objects()
    run(program)
    print(objects() - loaded)
else:
    program = cl.Program(context, SOURCE).build()
    if step == "built-and-run":
        run(program)
    file.write_bytes(program.get_info(cl.program_info.BINARIES)[0])
    print(platform.version, file=sys.stderr)
PYTHON
declare -A bytes compiled
for step in built built-and-run; do
  for cache in make load; do mkdir -p "$folder/$step-$cache"; done
  POCL_CACHE_DIR=$folder/$step-make "$folder/python/bin/python" "$folder/try.py" $step "$folder/$step.bin"
  bytes[$step]=$(stat -c %s "$folder/$step.bin")
  compiled[$step]=$(POCL_CACHE_DIR=$folder/$step-load "$folder/python/bin/python" "$folder/try.py" load "$folder/$step.bin")
  echo "$step: ${bytes[$step]} bytes; loaded, its first run compiles ${compiled[$step]} kernel(s)"
done
[ "${bytes[built]}" -lt "${bytes[built-and-run]}" ] && [ "${compiled[built]}" -gt 0 ] && [ "${compiled[built-and-run]}" -eq 0 ]
