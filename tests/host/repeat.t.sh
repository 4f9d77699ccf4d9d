#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The same samples every time: however busy the machine is, whatever number of threads computes.
. tests/host/cli_lib.sh
export UNBRAID_MODEL="$BUILD/unbraid.lv2/default.safetensors"
wave make song.wav 44100 44100
busy=

load() {
    for _ in 1 2; do
        while :; do :; done &
        busy="$busy $!"
    done
}
stop() {
    # shellcheck disable=SC2086 # some numbers
    [ -z "$busy" ] || kill $busy
    busy=
}

# alike N: N runs, on one to three threads in turns, give the stem of the first
alike() {
    for run in $(seq "$1"); do
        unbraid -q -s drums -j $((run % 3 + 1)) -o stems song.wav || return 1
        cksum <stems/song.drums.wav >>sums
    done
    sort sums | uniq -c
    [ "$(sort -u sums | wc -l)" = 1 ]
}
# What one run keeps and another removes are the song
whole() {
    unbraid -q -s drums -o stems song.wav && unbraid -q -r -s drums -o stems song.wav &&
        cli_tool sum song.wav stems/song.drums.wav stems/song.no-drums.wav | tee "$T/sum" &&
        awk '{ exit !($1 < -110) }' "$T/sum"
}

check "3 runs on a free machine" alike 3
load
check "20 runs beside two busy loops" alike 20
check "kept and removed by runs beside them add up to the song" whole
stop
plan
