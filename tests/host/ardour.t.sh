#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Ardour without a screen: a session with the plugin on a track and its source
# automated, exported; the track bounced; and the buffer size changed.
. tests/host/lib.sh
# the newest Ardour that there is; its programs have its version in their names
for version in 9 8 7 6; do
    command -v ardour$version-lua >/dev/null && break
done
need ardour$version-lua ardour$version-export

"$WAVE" make "$T/in.wav" 48000 288000 2 60
"$WAVE" make "$T/left.wav" 48000 288000 1 60
mkdir "$T/config" "$T/home"

# ardour SAYS PROGRAM ARGUMENT...: succeeds if the program gets as far as to say that.  What
# it does at its end is not ours: Ardour now and then trips over its own auditioner.
ardour() {
    says=$1
    shift
    XDG_CONFIG_HOME=$T/config HOME=$T/home timeout 120 "$@" >"$T/ardour.log" 2>&1
    tail -n 20 "$T/ardour.log"
    grep -q "$says" "$T/ardour.log"
}
# render FOLDER LABEL SAMPLE:VALUE...: $T/FOLDER.wav, through the plugin of $uri
uri=$URI
render() {
    rm -rf "${T:?}/$1" "${T:?}/$1.wav"
    ardour "session made" ardour$version-lua tests/host/ardour_session.lua "$T/$1" "$T/in.wav" "$uri" \
        "$2" "$3" &&
        ardour "Writing" ardour$version-export -b float -o "$T/$1.wav" "$T/$1" mix
}

aligned() { render dry amount "0:0" && same "$T/in.wav" "$T/dry.wav" 0 1e-5; }
check "an export through the plugin is aligned" tries 6 aligned
mixes() { uri=urn:unbraid:mixer && render mixer drums "0:0" && same "$T/in.wav" "$T/mixer.wav" 0 1e-5; }
check "an export through the mixer is the mix" tries 6 mixes
uri=$URI

# Of noises over a bass the default model makes some of each of these at any time, wherever its
# frames fall; what it takes for vocals comes and goes
for source in 3 1 2; do
    "$HOST" -a -s source=$source "$T/in.wav" "$T/$source.wav" >/dev/null
done
# While it plays or exports, Ardour runs a plugin at the time of the plugin's output, so a
# step that should be heard at a time must be drawn earlier by the latency
latency=$("$HOST" "$T/in.wav" "$T/host.wav" | awk '{ print $2 }')
steps="0:3,$((96123 - latency)):1,$((150000 - latency)):2,$((200001 - latency)):3"
exports() {
    render auto source "$steps" && "$WAVE" compare "$T/in.wav" "$T/auto.wav" | awk '{ exit !($4 > 0) }'
}
check "an export with the source automated" tries 6 exports
# Ardour also runs the plugin before the export begins, so frames fall elsewhere than in the
# test host's, by up to half a hop of 23 ms, and the sound is nearest but not the same
# plays FILE FIRST_SECOND_OR_THIRD FROM TO, counted from 0
plays() {
    "$WAVE" nearest "$1" "$3" "$4" "$T/3.wav" "$T/1.wav" "$T/2.wav" >"$T/near" &&
        cat "$T/near" &&
        awk -v expected="$2" '{ exit !($1 == expected && $2 < -4 && $2 + 3 < $3) }' "$T/near"
}
check "the first source plays up to the first step" plays "$T/auto.wav" 0 86123 94623
check "the second plays after it" plays "$T/auto.wav" 1 97623 107623
check "and up to the next" plays "$T/auto.wav" 1 138500 148500
check "the third plays after that" plays "$T/auto.wav" 2 151500 161500
check "and up to the last" plays "$T/auto.wav" 2 188501 198501
check "the first again to the end" plays "$T/auto.wav" 0 201501 288000

# bounce FOLDER: $T/FOLDER/left.wav
bounce() {
    rm -f "$T/$1"/interchange/*/audiofiles/*
    ardour "track bounced" ardour$version-lua tests/host/ardour_bounce.lua "$T/$1" &&
        mv "$(find "$T/$1/interchange" -name "*stem%L.wav")" "$T/$1/left.wav"
}
bounced() { bounce dry && same "$T/left.wav" "$T/dry/left.wav" 0 1e-5; }
check "a bounce of the track is aligned" tries 6 bounced

# It runs faster than real time without saying so, and the plugin at the time of its input.
# Ardour 8 ends a block where a step is, but often gives the new value to the block after next
# alone; its blocks are long when it bounces
block=8192
bounces() {
    bounce auto &&
        plays "$T/auto/left.wav" 0 9600 $((94623 - latency)) &&
        plays "$T/auto/left.wav" 1 $((97623 + block - latency)) $((148500 - latency)) &&
        plays "$T/auto/left.wav" 2 $((151500 + block - latency)) $((198501 - latency)) &&
        plays "$T/auto/left.wav" 0 $((201501 + block - latency)) 288000
}
check "a bounce of the automated track misses no mask" tries 6 bounces

# Blocks that Live has no time for: 9 frames for an answer instead of 3
live=$("$HOST" -s response=2 "$T/in.wav" "$T/host.wav" | awk '{ print $2 }')
follows() {
    rm -rf "$T/blocks"
    ardour "blocks changed" ardour$version-lua tests/host/ardour_blocks.lua "$T/blocks" "$URI" \
        Response 2 256 4096 256 &&
        sed -n 's/^blocks of.*latency[^0-9]*//p' "$T/ardour.log" | tr '\n' ' ' >"$T/latencies" &&
        [ "$(cat "$T/latencies")" = "$live $((live + 6 * 5573 / 10 + 1)) $live " ]
}
check "the latency follows the buffer size" tries 6 follows
plan
