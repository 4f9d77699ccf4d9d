#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The GPU backends without a GPU: a stand-in for unbraid_cuda.so runs what a device
# would, and fails where it is told to.  A failed device ends the program if it is
# used again.
. tests/host/lib.sh

STANDIN=$BUILD/tests/gpu/standin.so
GOLDEN=$BUILD/asan/tests/unit/test_golden
"$WAVE" make "$T/in.wav" 44100 88200

golden() {
    UNBRAID_CUDA_LIBRARY=$STANDIN UNBRAID_CUDA_UP=$1 \
        CMOCKA_MESSAGE_OUTPUT=TAP "$GOLDEN" "$2" >"$T/tap" 2>&1 || { cat "$T/tap" && return 1; }
    grep "^ok 1 - $2\$" "$T/tap"
}
check "masks in bfloat16" golden "" masks_are_right_cuda-bf16
check "masks, phases one by one" golden phases masks_are_right_cuda

# through STANDIN_ARGUMENT: the song through the plugin on the stand-in
through() {
    UNBRAID_BACKEND=gpu UNBRAID_CUDA_LIBRARY=$STANDIN UNBRAID_STANDIN=$1 \
        "$HOST" -a "$T/in.wav" "$T/$2.wav" >"$T/said" 2>"$T/err"
    status=$?
    cat "$T/said" "$T/err"
    return $status
}
UNBRAID_BACKEND=cpu "$HOST" -a "$T/in.wav" "$T/cpu.wav" >/dev/null
on_device() {
    through "" device && grep -q 'late 0 status 4 ' "$T/said" &&
        same "$T/cpu.wav" "$T/device.wav" 0 1e-4
}
check "a plugin on the device sounds as on the CPU" on_device

# taken_over ARGUMENT: the CPU takes over, and nothing is missing
taken_over() {
    through "$1" over && grep -q 'late 0 status [1235] ' "$T/said" &&
        same "$T/cpu.wav" "$T/over.wav" 0 1e-3
}
check "no memory at load: the CPU takes over" taken_over load
check "no memory in flight" taken_over memory:2
check "an error in flight, once" taken_over error:9
check "a device that does not answer" taken_over hang:9

# says WHY LIBRARY ARGUMENT: the reason is on one line
info() { UNBRAID_BACKEND=gpu UNBRAID_CUDA_LIBRARY=$1 UNBRAID_STANDIN=$2 "$BUILD/unbraid" info 2>&1; }
says() {
    info "$2" "$3" | tee "$T/info"
    grep -q "gpu.*$1" "$T/info"
}
check "no device is said" says "no CUDA-capable device" "$STANDIN" none
check "no library is said" says "absent.so" "$T/absent.so" ""
: >"$T/empty.so"
check "a broken library is said" says "empty.so" "$T/empty.so" ""
listed() {
    info "$STANDIN" "" | tee "$T/info"
    grep -q '\* cuda ' "$T/info" && grep -q "^gpu .*stand-in for tests" "$T/info"
}
check "the device is listed" listed
plan
