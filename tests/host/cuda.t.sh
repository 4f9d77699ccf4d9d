#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The GPU backends without a GPU: unbraid_cuda.so's own code on a CUDA that the host plays,
# which fails where it is told to (tests/gpu/standin/standin.h).  It ends the program if
# a lost device is used again, or if a run allocates memory or waits.
. tests/host/lib.sh

STANDIN=$BUILD/tests/gpu/standin.so
CHECKED=$BUILD/asan
"$WAVE" make "$T/in.wav" 44100 11025

# golden CONVOLUTIONS TEST: with the device's memory under the address sanitizer
golden() {
    UNBRAID_CUDA_LIBRARY=$CHECKED/tests/gpu/standin.so UNBRAID_CUDA_CONV=$1 \
        CMOCKA_MESSAGE_OUTPUT=TAP "$CHECKED/tests/unit/test_golden" "$2" >"$T/tap" 2>&1 ||
        { cat "$T/tap" && return 1; }
    grep "^ok 1 - $2\$" "$T/tap"
}
check "masks in bfloat16" golden legacy masks_are_right_cuda-bf16
check "masks in half precision, convolutions fused" golden fused masks_are_right_cuda-fp16

"$BUILD/tests/host/cli_tool" model "$T/small" 4 2 44100 # the stand-in is slow
bundle "$T/app" "$T/small"
export LV2_PATH="$T/app"

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
    through "" device && grep -q 'late 0 status 3 ' "$T/said" &&
        same "$T/cpu.wav" "$T/device.wav" 0 1e-4
}
check "a plugin on the device sounds as on the CPU" on_device

# taken_over ARGUMENT: the CPU takes over, and nothing is missing
taken_over() {
    through "$1" over && grep -q 'late 0 status [12] ' "$T/said" &&
        same "$T/cpu.wav" "$T/over.wav" 0 1e-3
}
check "no memory for weights: the CPU takes over" taken_over memory
# plays ARGUMENT: one worker's device may fail before it is ready, and the other's not
plays() { through "$1" over && grep -q 'late 0 ' "$T/said" && same "$T/cpu.wav" "$T/over.wav" 0 1e-3; }
check "no memory for one worker's buffers" plays memory:20
for n in 1 2 10 40 90 200 400; do
    check "a call that fails, the number $n" plays "call:$n"
done
check "an error in flight, once" taken_over error:3
check "a device that does not answer" taken_over hang:3

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
check "an old driver is said" says "driver is too old (for CUDA 11.4, expected 13.0)" "$STANDIN" old
check "an old device is said" says "expected compute capability 7.5 or more" "$STANDIN" weak
# driver HOW WHY: the real library meets a driver that is of no use, and the plugin plays
driver() {
    export "UNBRAID_DRIVER=$1" "LD_LIBRARY_PATH=$BUILD/tests/gpu"
    status=1
    says "$2" "$REAL" "" && UNBRAID_BACKEND=gpu UNBRAID_CUDA_LIBRARY=$REAL \
        "$HOST" -a "$T/in.wav" "$T/over.wav" >"$T/said" 2>"$T/err" && cat "$T/said" "$T/err" &&
        grep -q 'late 0 status [12] ' "$T/said" && [ "$(wc -l <"$T/err")" = 1 ] &&
        grep -q "$2.* takes over\$" "$T/err" && same "$T/cpu.wav" "$T/over.wav" 0 1e-3 && status=0
    unset UNBRAID_DRIVER LD_LIBRARY_PATH
    return $status
}
REAL=$BUILD/unbraid.lv2/unbraid_cuda.so
for how in "old:driver is too old (for CUDA 11.4" "none:no CUDA-capable device" "broken:unknown error"; do
    if [ -e "$REAL" ]; then
        check "the library with a driver: ${how%%:*}" driver "${how%%:*}" "${how#*:}"
    else
        skip "the library with a driver: ${how%%:*}" "it is not built here"
    fi
done

# Nobody asks for the device: it is used because it agrees, though the stand-in is slow
agreed() {
    UNBRAID_CUDA_LIBRARY=$STANDIN UNBRAID_STANDIN=two "$BUILD/unbraid" info --json | tee "$T/info"
    perl -MJSON::PP -0e '$o = decode_json(<>); exit !(@{$o->{devices}} == 2 &&
        $o->{devices}[0]{used} && $o->{backend} eq "cuda" &&
        $o->{why} =~ /^it is there and agrees with native \([\d.]+ dB\)$/)' "$T/info"
}
check "a device that agrees is used" agreed
logged() {
    UNBRAID_CUDA_LIBRARY=$STANDIN "$HOST" -a "$T/in.wav" "$T/device.wav" >"$T/said" 2>"$T/err"
    cat "$T/said" "$T/err"
    grep -q 'late 0 status 3 ' "$T/said" && [ "$(wc -l <"$T/err")" = 1 ] &&
        grep -q '^unbraid: cuda computes: it is there and agrees with native' "$T/err"
}
check "the host's log says so" logged
alone() {
    UNBRAID_CUDA_LIBRARY=$T/absent.so "$BUILD/unbraid" info | tee "$T/info"
    grep -q '^chosen  *native: no device to compute on is there$' "$T/info" &&
        grep -q '\* native ' "$T/info"
}
check "without a device the processor computes" alone
listed() {
    info "$STANDIN" "" | tee "$T/info"
    grep -q '\* cuda ' "$T/info" && grep -q "^gpu .*stand-in 0 for tests" "$T/info"
}
check "the device is listed" listed
plan
