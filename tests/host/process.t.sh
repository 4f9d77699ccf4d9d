#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The plugin in a process of others, and where a process may do little.
. tests/host/cli_lib.sh
bundle "$T/app" "$T/model"
export LV2_PATH="$T/app"

check "loading the plugin changes nothing else" check_process load "$BUILD/unbraid.lv2/unbraid.so"
check "a child after fork()" check_process fork

# alone COMMAND...: as a user who may start no more threads
alone() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=65534 --clear-groups prlimit --nproc=1 "$@"
    else
        prlimit --nproc=1 "$@"
    fi
}
wave make in.wav 44100 20000
chmod -R a+rwX "$T"
threads() {
    refuse 1 "engine: no thread can be started" alone unbraid -o . in.wav
}
plugin() { # there is none, and nothing worse
    alone "$HOST" in.wav out.wav >"$T/said" 2>"$T/err"
    [ $? = 1 ] && cat "$T/said" "$T/err" &&
        grep -q '^unbraid: no thread can be started (is their number limited?)$' "$T/err"
}
if alone true 2>/dev/null; then
    check "no threads: one line, and no file is left" threads
    check "no threads: the plugin says so" plugin
else
    skip "no threads" "setpriv or prlimit is not there or not permitted"
fi
plan
