#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Models of other shapes, in the plugins as on the command line: to the sample the same.
. tests/host/cli_lib.sh
wave make stereo.wav 44100 90000
wave make mono.wav 44100 90000 1

# agrees MODEL KIND: the plugin for a kind of file plays what the command line writes
agrees() {
    LV2_PATH=$PWD/$1.lv2 host -a -u "urn:unbraid:$2" -s source=1 "$2.wav" played.wav >said &&
        cat said && grep -q 'late 0 status [1-9]' said &&
        unbraid -q -m "$1" -s drums -o written "$2.wav" &&
        same written/"$2".drums.wav played.wav 0 0 && differ "$2.wav" played.wav 1e-3
}
while read -r model sources channels rate; do
    cli_tool model "$model" "$sources" "$channels" "$rate"
    bundle "$model.lv2" "$model"
    for kind in stereo mono; do
        check "$model: $sources sources, $channels channels at $rate Hz, in $kind" agrees "$model" $kind
    done
done <<EOF
same 4 2 44100
mono 4 1 44100
low 2 1 8192
other 3 2 48000
EOF

# Hosts size delay lines by the latency port's maximum
cli_tool model slow 2 1 4000
bundle slow.lv2 slow
too_long() {
    wave make fast.wav 192000 1000
    LV2_PATH=$PWD/slow.lv2 host fast.wav dry.wav >said 2>err
    cat said err
    grep -q 'status 0' said && [ "$(wc -l <err)" = 1 ] &&
        grep -q '^unbraid: .*latency of [0-9]* samples at 192000 Hz (expected at most 262144)' err
}
check "refused: a latency that the port cannot say" too_long

# A mono signal on both channels sounds in the stereo plugin as in the mono one
alike() {
    ffmpeg -v error -nostdin -y -i mono.wav -af "pan=stereo|c0=c0|c1=c0" -c:a pcm_f32le twins.wav &&
        LV2_PATH=$PWD/mono.lv2 host -a twins.wav both.wav &&
        LV2_PATH=$PWD/mono.lv2 host -a -u urn:unbraid:mono mono.wav one.wav &&
        ffmpeg -v error -nostdin -y -i one.wav -af "pan=stereo|c0=c0|c1=c0" -c:a pcm_f32le pair.wav &&
        same pair.wav both.wav 0 1e-6
}
if command -v ffmpeg >/dev/null; then
    check "a mono model: two equal channels sound as one" alike
fi
plan
