#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Ardour without a screen: a session with the plugin on a track and its source
# automated, exported; and the track bounced.
. tests/host/lib.sh
need ardour7-lua ardour7-export

"$WAVE" make "$T/in.wav" 48000 288000
"$WAVE" make "$T/left.wav" 48000 288000 1
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
# render FOLDER LABEL SAMPLE:VALUE...: $T/FOLDER.wav
render() {
    ardour "session made" ardour7-lua tests/host/ardour_session.lua "$T/$1" "$T/in.wav" "$URI" \
        "$2" "$3" &&
        ardour "Done" ardour7-export -b float -o "$T/$1.wav" "$T/$1" mix
}

aligned() { render dry amount "0:0" && same "$T/in.wav" "$T/dry.wav" 0 1e-5; }
check "an export through the plugin is aligned" aligned

for source in 0 1 2; do
    "$HOST" -a -s source=$source "$T/in.wav" "$T/$source.wav" >/dev/null
done
# While it plays or exports, Ardour runs a plugin at the time of the plugin's output, so a
# step that should be heard at a time must be drawn earlier by the latency
latency=$("$HOST" "$T/in.wav" "$T/host.wav" | awk '{ print $2 }')
steps="0:0,$((96123 - latency)):1,$((150000 - latency)):2,$((200001 - latency)):0"
exports() { render auto source "$steps"; }
check "an export with the source automated" exports
# Ardour also runs the plugin before the export begins, so frames fall elsewhere than in the
# test host's, and the sound is near but not the same
plays() {
    "$WAVE" nearest "$T/auto.wav" "$2" "$3" "$T/0.wav" "$T/1.wav" "$T/2.wav" \
        >"$T/near" && cat "$T/near" &&
        awk -v expected="$1" '{ exit !($1 == expected && $2 + 3 < $3) }' "$T/near"
}
check "the first source plays up to the first step" plays 0 86123 94623
check "the second plays after it" plays 1 97623 107623
check "and up to the next" plays 1 138500 148500
check "the third plays after that" plays 2 151500 161500
check "and up to the last" plays 2 188501 198501
check "the first again to the end" plays 0 201501 288000

# A bounce does not freewheel, so only the dry sound is certain
bounces() {
    ardour "track bounced" ardour7-lua tests/host/ardour_bounce.lua "$T/dry" || return 1
    left=$(find "$T/dry/interchange" -name 'stem%L.wav')
    right=$(find "$T/dry/interchange" -name 'stem%R.wav')
    [ -s "$right" ] && same "$T/left.wav" "$left" 0 1e-5
}
check "a bounce of the track is aligned" bounces
plan
