# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# For script tests: results in the Test Anything Protocol, the bundle on
# LV2_PATH, and a folder that goes away at the end.

# shellcheck shell=sh disable=SC2034 # used by the tests
BUILD=$(cd "${BUILD:-build}" && pwd)
URI=urn:unbraid:stereo
T=$(mktemp -d)
trap 'finish' EXIT
mkdir "$T/lv2" && ln -s "$BUILD/unbraid.lv2" "$T/lv2/unbraid.lv2"
export LV2_PATH="$T/lv2:/usr/lib/lv2" LC_ALL=C.UTF-8
HOST=$BUILD/tests/host/host
WAVE=$BUILD/tests/host/wave
tests=0
screen='' # start_screen's X server

finish() {
    type stop >/dev/null 2>&1 && stop # Whatever the test started
    [ -z "$screen" ] || kill "$screen" 2>/dev/null
    rm -rf "$T"
}

# pass NAME / fail NAME / skip NAME REASON
pass() { tests=$((tests + 1)) && echo "ok $tests - $1"; }
fail() { tests=$((tests + 1)) && echo "not ok $tests - $1"; }
skip() { tests=$((tests + 1)) && echo "ok $tests - $1 # SKIP $2"; }

# check NAME COMMAND...: passes if the command succeeds; shows its output if not
check() {
    name=$1
    shift
    if "$@" >"$T/log" 2>&1; then
        pass "$name"
    else
        fail "$name"
        tail -n 15 "$T/log" | sed 's/^/# /'
    fi
}

# tries N COMMAND...: succeeds as soon as the command does, at the Nth try at the latest.  For
# hosts that fail now and then of their own accord: what is wrong with the plugin is wrong
# every time
tries() {
    left=$1
    shift
    while [ "$left" -gt 0 ]; do
        "$@" && return
        left=$((left - 1))
    done
    return 1
}

# start_jack: jackd with its dummy driver, which runs in real time; its number is in $jackd
start_jack() {
    export JACK_DEFAULT_SERVER="unbraid$$" JACK_NO_AUDIO_RESERVATION=1 JACK_NO_START_SERVER=1
    jackd -n "$JACK_DEFAULT_SERVER" -r -d dummy -r 48000 -p 1024 -C 2 -P 2 >"$T/jackd.log" 2>&1 &
    jackd=$!
    check "jackd starts" jack_wait -w -t 20
}

# start_screen: an X server that nobody sees; its number is in $screen
start_screen() {
    Xvfb -displayfd 6 -screen 0 2048x1200x24 -noreset -nolisten tcp 6>"$T/display" 2>"$T/xvfb.log" &
    screen=$!
    for _ in $(seq 100); do
        [ -s "$T/display" ] && break
        sleep 0.1
    done
    DISPLAY=:$(cat "$T/display")
    export DISPLAY
    [ "$DISPLAY" != : ]
}

# need_window: skip the whole file if the plugin was built without its window
need_window() {
    if [ ! -f "$BUILD/unbraid.lv2/unbraid_ui.so" ]; then
        echo "1..0 # SKIP built without the window"
        exit 0
    fi
}

# need PROGRAM...: skip the whole file if a program is not installed
need() {
    for program; do
        if ! command -v "$program" >/dev/null; then
            echo "1..0 # SKIP $program is not installed"
            exit 0
        fi
    done
}

# bundle FOLDER [MODEL]: a bundle of the plugins there, with a model of its own
bundle() {
    mkdir -p "$1/unbraid.lv2"
    cp "$BUILD"/unbraid.lv2/*.ttl "$BUILD/unbraid.lv2/unbraid.so" "$1/unbraid.lv2/"
    [ -z "${2:-}" ] || cp "$2" "$1/unbraid.lv2/default.safetensors"
}

# thin_bundle: from now on the plugins' own model is $T/thin, which is as the default but for an
# eighth of the filters, and random weights: for what is the same whatever the weights are
thin_bundle() {
    "$BUILD/tests/host/cli_tool" thin "$T/thin" "$BUILD/unbraid.lv2/default.safetensors" &&
        bundle "$T/thin.lv2" "$T/thin" && export LV2_PATH="$T/thin.lv2:/usr/lib/lv2"
}

# tell_grid: the default model's window and hop, in samples of its own rate, for render.h
tell_grid() {
    set -- $("$BUILD/unbraid" info --json "$BUILD/unbraid.lv2/default.safetensors" |
        sed -n 's/.*"rate":\([0-9]*\),"window":\([0-9]*\),"hop":\([0-9]*\).*/\1 \2 \3/p')
    export UB_MODEL_RATE="$1" UB_MODEL_WINDOW="$2" UB_MODEL_HOP="$3"
}

# same A B LAG LIMIT: B is A moved by LAG samples, to within LIMIT, as long as A
same() {
    "$WAVE" compare "$1" "$2" "$3" >"$T/same" && cat "$T/same" &&
        awk -v limit="$4" '{ exit !($1 == $2 && $3 != "nan" && $3 != "-nan" && $3 + 0 <= limit) }' "$T/same"
}

# differ A B LIMIT: A and B are further apart than LIMIT
differ() {
    "$WAVE" compare "$1" "$2" >"$T/same" && cat "$T/same" &&
        awk -v limit="$3" '{ exit !($3 + 0 > limit) }' "$T/same"
}

plan() { echo "1..$tests"; }
