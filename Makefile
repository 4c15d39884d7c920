# Two commands from a bare Debian 12 machine: `make demo` and `make test`. CMakePresets.json has the builds.
.DEFAULT_GOAL := build
.PHONY: build docs follow-tutorials packages wheels test-wheels models test-shared fuzz bench-peers bench-gpu bench-arm bench-arm-layers bench-arm-check speed-page bench-memory bench-schedule bench-strips bench-frames size size-table ready test-device test-gst demo demo-live demo-video soak test test-arm test-riscv quick-arm test-all test-languages test-drives release sanitizers lint bench clean bench-contract conformance
.NOTPARALLEL:

IMAGES ?=
MODELS ?=
INPUT ?=
JOBS := $(shell nproc)
# A folder with more models and cases than a stranger has. Tests see it through this alone, `make test` never does.
MINNOW_SHARED ?= $(abspath $(wildcard ../shared))
SHARED_MODELS = $(and $(MINNOW_SHARED),$(wildcard $(MINNOW_SHARED)/models))
CACHE := .cache

build: build/build.ninja
	@cmake --build --preset release -j $(JOBS)

build/build.ninja: CMakePresets.json CMakeLists.txt
	@cmake --preset release

# Installation is remembered by a stamp, so that a second run costs nothing.
$(CACHE)/installed-demo: GROUPS := demo
$(CACHE)/installed-demo_live: GROUPS := demo video
$(CACHE)/installed-demo_video: GROUPS := demo gst gst_demo
$(CACHE)/installed-packages: GROUPS := video gst
$(CACHE)/installed-test: GROUPS := demo video gst test arm fuzz
$(CACHE)/installed-riscv: GROUPS := riscv
$(CACHE)/installed-fuzz: GROUPS := fuzz
$(CACHE)/installed-browser: GROUPS := browser
$(CACHE)/installed-docs: GROUPS := docs
$(CACHE)/installed-languages: GROUPS := demo test languages
$(CACHE)/installed-release: GROUPS := demo video test arm
$(CACHE)/installed-lint: GROUPS := demo lint
$(CACHE)/installed-arm_check: GROUPS := demo arm qemu
$(CACHE)/installed-peers: GROUPS := demo test peers
$(CACHE)/installed-bench_arm: GROUPS := demo test arm qemu peers llvm
$(CACHE)/installed-%: scripts/setup.sh
	@scripts/setup.sh $(GROUPS)
	@mkdir -p $(CACHE) && touch $@

models:
	@apps/road/fetch_models.sh apps/road/models.toml $(CACHE)/npm

demo: $(CACHE)/installed-demo build/build.ninja
	@cmake --build --preset release -j $(JOBS) --target minnow minnow_road
	@MINNOW_CACHE=$(CURDIR)/$(CACHE) apps/road/demo.sh build demo-output "$(IMAGES)" "$(MODELS)"

# The same on streams: a video of Debian's opencv-doc and the street pictures, or INPUT=video.avi, a folder or camera. Writes
# demo-output/NAME/live.mp4 (docs/scheduling.md).
demo-live: $(CACHE)/installed-demo_live
	@cmake --preset release > /dev/null
	@cmake --build --preset release -j $(JOBS) --target minnow minnow_road
	@MINNOW_CACHE=$(CURDIR)/$(CACHE) apps/road/demo_live.sh build demo-output "$(INPUT)" \
	  "$(or $(MODELS),$(SHARED_MODELS))" "$(LIVE_SECONDS)"
LIVE_SECONDS ?= 30

# The same models as GStreamer's elements, on a video: demo-output/NAME.mp4 (docs/gstreamer.md).
demo-video: $(CACHE)/installed-demo_video
	@cmake --preset release > /dev/null
	@cmake --build --preset release -j $(JOBS) --target minnow minnow_road minnow_gst
	@MINNOW_CACHE=$(CURDIR)/$(CACHE) gst/demo_video.sh build demo-output "$(INPUT)" "$(or $(MODELS),$(SHARED_MODELS))"

# A schedule for SECONDS, a day of them unless told otherwise, while all that can happen to it happens (tests/soak).
# `make test` has a minute of it, `make test-all` half an hour.
SECONDS ?= 86400
soak: build/build.ninja
	@cmake --build --preset release -j $(JOBS) --target soak
	@build/tests/soak $(SECONDS)

# What tests start from. Models and ONNX Runtime come from registries; without a network the tests that want them say
# so, or fail with MINNOW_REQUIRE_MODELS, which CI sets.
ready: $(CACHE)/installed-test
	@$(MAKE) --no-print-directory models || test -z "$$MINNOW_REQUIRE_MODELS"
	@scripts/onnx_venv.sh $(CACHE)/onnx-venv || test -z "$$MINNOW_REQUIRE_MODELS"
	@$(MAKE) --no-print-directory build

# What everybody has: nothing from beside the checkout.
test: export override MINNOW_SHARED :=
test: ready
	@$(MAKE) --no-print-directory sanitizers
	@$(MAKE) --no-print-directory quick-arm
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=7
	@ctest --preset release -j $(JOBS) -LE heavy

# What that folder adds: its models in every test on models, its cases.
ON_MODELS := Golden|RealModels|resized_models_road|same_bits_small|conformance_shared|_on_models|planted_faults
test-shared: export MINNOW_SHARED := $(MINNOW_SHARED)
ifeq ($(SHARED_MODELS),)
test-shared:
	@echo "MINNOW_SHARED names no folder with models, and there is none at ../shared: nothing more to test."
else
test-shared: ready
	@ctest --preset release -j $(JOBS) -LE heavy -R "$(ON_MODELS)"
	@cmake --preset asan > build/asan.log && cmake --build --preset asan -j $(JOBS) --target golden_test
	@ctest --preset asan -j $(JOBS) -R Golden -E "_const|_picture|_large_"
	@cmake --preset arm64 > build/arm64.log && cmake --build --preset arm64 -j $(JOBS) --target minnow
	@ctest --preset arm64 -j $(JOBS) -R same_bits_small_cortex-a53
endif

THREADED := minnow_base_test minnow_memory_test minnow_runtime_test ops_cases_test

# Parsers, operators and models under the address and undefined sanitizers, threads under the third. Of a model's three
# inputs one, and of M-LSD the tiny ones: addresses do not depend on values. The release build runs all, and counts the
# allocations of real models.
sanitizers:
	@cmake --preset asan > build/asan.log && cmake --build --preset asan -j $(JOBS)
	@ctest --preset asan -j $(JOBS) -LE "heavy|release-only" -E "Golden.*(_const|_picture|_large_)|RealModels"
	@cmake --preset tsan > build/tsan.log && cmake --build --preset tsan -j $(JOBS) --target $(THREADED)
	@ctest --preset tsan -j $(JOBS) -LE "heavy|release-only" -R "Thread|Team|Runtime|Session|Arena|ops_cases_on_threads"

# Every parser with hostile bytes, by libFuzzer under the sanitizers: MINUTES for each of nine harnesses, which is to be
# 10^7 inputs before a release. `make test` takes a minute for all.
MINUTES ?= 10
FUZZ_SECONDS ?= $(shell echo $$(($(MINUTES) * 60)))
fuzz: $(CACHE)/installed-fuzz
	@mkdir -p build && cmake --preset fuzz > build/fuzzers.log
	@cmake --build --preset fuzz -j $(JOBS) --target fuzzers
	@scripts/fuzz.sh build/fuzzers $(FUZZ_SECONDS)

# Bits on ARM under an emulator, the quick part: operator cases with SVE, NEON and plain C++, real models with NEON.
quick-arm:
	@cmake --preset arm64 > build/arm64.log && cmake --build --preset arm64 -j $(JOBS) --target minnow ops_cases_test
	@ctest --preset arm64 -j $(JOBS) -R "ops_cases_._sve256|same_bits_small_cortex-a53"

# Everything on ARM: all tests, operator cases and real models on five CPUs, planted faults (docs/arm.md).
test-arm: ready
	@set -e; for arm in arm64 armv7; do \
	  cmake --preset $$arm > build/$$arm.log; \
	  cmake --build --preset $$arm -j $(JOBS); \
	  ctest --preset $$arm -j $(JOBS); \
	done
	@$(MAKE) --no-print-directory test-device

# Another family of CPUs, by plain C++: operator cases and the quickest models on RISC-V (docs/arm.md).
test-riscv: $(CACHE)/installed-riscv ready
	@cmake --preset riscv64 > build/riscv64.log
	@cmake --build --preset riscv64 -j $(JOBS) --target minnow ops_cases_test
	@ctest --preset riscv64 -j $(JOBS) -R "ops_cases_._rv64|same_bits_few_rv64"

# The library for devices, installed and called from C, on ARM under the emulator (docs/size.md).
test-device: ready
	@tests/device_test.py build/minnow arm64-minimal armv7-minimal minimal

# GStreamer's elements with the GStreamer of Debian 13, in a root of its own (docs/gstreamer.md): for root, 7 CPU minutes at first.
test-gst:
	@scripts/try_gstreamer.sh trixie

# Python's wheels for three machines, by PyPI's ziglang, and as their users have them (docs/python.md): some 10 CPU minutes
# for each. MACHINES="x86_64".
wheels: $(CACHE)/installed-test
	@scripts/build_wheels.sh $(MACHINES)
test-wheels: wheels models
	@scripts/test_wheels.sh $(MACHINES)

# Pages are looked at in a browser, which brings 140 packages, and other languages bring compilers: not in `make test`.
test-all: test $(CACHE)/installed-browser $(CACHE)/installed-languages
	@cmake --preset release -DMINNOW_JAVA=ON > build/java.log && cmake --build --preset release -j $(JOBS)
	@ctest --preset release -L heavy

# Of it the C header from Rust and Go by their binding generators, and Java's face on this machine's virtual machine
# (docs/android.md).
test-languages: $(CACHE)/installed-languages ready
	@cmake --preset release -DMINNOW_JAVA=ON > build/java.log && cmake --build --preset release -j $(JOBS)
	@ctest --preset release -R "^(java|languages)$$"

# Recorded drives by PyPI's Ray on this machine (docs/recorded-drives.md).
test-drives: ready
	@scripts/ray_venv.sh $(CACHE)/ray-venv
	@$(CACHE)/ray-venv/bin/python tests/drives_ray_test.py build

# ONNX's own cases, generated by the newest onnx package of PyPI.
conformance: build
	@test -e build/onnx-venv/complete || { python3 -m venv build/onnx-venv && \
	  build/onnx-venv/bin/pip install -q --upgrade onnx && touch build/onnx-venv/complete; }
	@build/onnx-venv/bin/python tests/onnx_conformance.py build/minnow build/conformance

lint: $(CACHE)/installed-lint
	@$(MAKE) --no-print-directory build
	@scripts/lint.sh

# The docs site, in build/site; a link that leads nowhere ends it.
docs: $(CACHE)/installed-docs
	@scripts/docs_venv.sh $(CACHE)/docs-venv
	@$(CACHE)/docs-venv/bin/mkdocs build  # not --quiet, which keeps warnings from counting

# Does what the tutorials say, in a folder of its own, with PyTorch and TensorFlow from PyPI: half an hour, 10 GB. ONLY="int8".
follow-tutorials:
	@scripts/follow_tutorials.py build/follow $(ONLY)

# Debian packages, in build/debs (packaging/).
packages: $(CACHE)/installed-packages
	@packaging/make_debs.sh

# All artefacts with checksums and a bill of materials, in build/release (docs/releasing.md). QUICK=1: without other machines.
release: $(CACHE)/installed-release
	@scripts/release.sh $(if $(QUICK),--quick)

bench: build models
	@build/minnow bench --runs 30 $(wildcard $(SHARED_MODELS)/*.onnx) \
	  $(shell find $(CACHE)/npm -name '*mlsd*tiny*.onnx' -o -name 'face*.onnx' | sort)

# Time and memory in strips of rows beside the same layer by layer.
bench-strips: build models
	@for threads in 1 2; do \
	  build/minnow bench --threads $$threads --compare-layers --runs 30 $(wildcard $(SHARED_MODELS)/*.onnx) \
	    $(shell find $(CACHE)/npm -name '*mlsd*320*.onnx' -o -name 'face*.onnx' | sort); \
	done

# Two frames of one runtime at once, beside one after the other.
bench-frames: build models
	@cmake --build --preset release -j $(JOBS) --target frames
	@scripts/bench_frames.sh build $(CACHE) $(SHARED_MODELS)

# The library for devices: what it is made of, room by room (docs/size.md). Optimised as a whole it has no rooms.
size:
	@cmake --preset arm64-minimal -B build/arm64-rooms -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF \
	  -DMINNOW_MOST_BYTES=2000000 > /dev/null
	@cmake --build build/arm64-rooms -j $(JOBS) --target minnow_library
	@scripts/size.py --files 10 build/arm64-rooms

# The table of docs/size.md: all operators and those of some models, for each kind of machine.
size-table: ready
	@scripts/size_table.py build/minnow $(SHARED_MODELS) $(CACHE)/npm

# What the same bits everywhere cost: beside a build without them, in turns. MODELS="a.onnx b.minnow" adds models.
bench-contract: build models
	@cmake --preset release -B build/relaxed -DMINNOW_RELAXED=ON -DMINNOW_TESTS=OFF -DMINNOW_APPS=OFF > build/relaxed.log
	@cmake --build build/relaxed -j $(JOBS) --target minnow >> build/relaxed.log
	@for reader in $$(find $(CACHE)/npm -name '*v4_rec*.onnx'); do \
	  build/minnow convert $$reader -o build/relaxed/reader.minnow --shape x=1,3,48,320 >> build/relaxed.log; done
	@scripts/bench_contract.py build/minnow build/relaxed/minnow $(MODELS) $(wildcard $(SHARED_MODELS)/yolox_nano_416.onnx) \
	  $$(find $(CACHE)/npm -name 'mlsd_320x320_tiny.onnx') $$(ls build/relaxed/reader.minnow 2> /dev/null)

clean:
	@rm -rf build demo-output

# Minnow beside ONNX Runtime, MNN, ncnn and OpenVINO, from PyPI, in one run. Slow: it also exports torchvision's
# architectures. THREADS=2; BEFORE=other/minnow adds a build of another commit.
bench-peers: $(CACHE)/installed-peers build models
	@scripts/bench_peers.sh build/minnow $(CACHE) $(SHARED_MODELS)

# OpenCL (and what other devices the build has) beside the CPU's own kernels and beside ncnn's Vulkan, one pinned thread each
# (docs/gpu.md). ONLY=resnet as below.
bench-gpu: $(CACHE)/installed-peers build models
	@scripts/bench_gpu.sh build/minnow $(CACHE) $(SHARED_MODELS)

# Minnow beside ncnn and MNN on ARM cores, by an emulator: executed instructions and estimated cycles (docs/speed.md).
# ONLY=resnet takes the models whose name has that in it. What has been counted is kept, and not counted again.
bench-arm: $(CACHE)/installed-bench_arm build models
	@cmake --preset arm64 > build/arm64.log && cmake --build --preset arm64 -j $(JOBS) --target minnow
	@scripts/bench_arm.sh build/arm64/minnow build/minnow $(CACHE) $(SHARED_MODELS)

# One model's layers on an ARM core, by their share of the estimated cycles: MODEL=signs.minnow CORE=a53.
CORE ?= a53
bench-arm-layers: $(CACHE)/installed-bench_arm
	@test -n "$(MODEL)" || { echo "bench-arm-layers: MODEL=signs.minnow names the model"; exit 1; }
	@cmake --preset arm64 > build/arm64.log && cmake --build --preset arm64 -j $(JOBS) --target minnow
	@bench/arm/layers.py build/arm64/minnow "$(MODEL)" $(CORE)

# Minnow's instructions on AArch64 beside recorded ones, the regression test that times cannot be. RECORD=1 records.
bench-arm-check: $(CACHE)/installed-arm_check build models
	@cmake --preset arm64 > build/arm64.log && cmake --build --preset arm64 -j $(JOBS) --target minnow
	@tests/arm_instructions.py build/minnow build/arm64/minnow $(if $(RECORD),--record)

# Writes what bench-peers (on one thread, on two) and bench-arm left into the tables of pages, and draws it.
speed-page:
	@scripts/peers_venv.sh $(CACHE)/peers-venv
	@$(CACHE)/peers-venv/bin/python bench/peers/chart.py $(CACHE) docs/pictures/speed.svg
	@$(CACHE)/peers-venv/bin/python bench/peers/speed_page.py $(CACHE) docs/results.md docs/speed.md

# Twelve models on one stream: schedules beside threads in Minnow and in the peers, 8 minutes (docs/scheduling.md). UNITS=2 takes
# two cores, ONLY="urgency threads onnxruntime mnn" some ways: ncnn refuses two of the models.
bench-schedule: $(CACHE)/installed-peers build models
	@cmake --build --preset release -j $(JOBS) --target schedule_bench
	@scripts/bench_schedule.sh build $(CACHE) $(SHARED_MODELS)

# Twelve models resident at once in Minnow and in the peers.
bench-memory: build models
	@cmake --build --preset release -j $(JOBS) --target resident
	@scripts/bench_memory.sh build $(CACHE) $(SHARED_MODELS)
