#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# What a song is taken apart into, and where to.
. tests/host/cli_lib.sh
wave make in.wav 44100 50000

# adds MIX A B: A and B add up to the mix to -110 dB; otherwise it says how far they are from it
adds() { cli_tool sum "$@" >"$T/sum" && cat "$T/sum" && awk '{ exit !($1 < -110) }' "$T/sum"; }

several() {
    unbraid -q -o one -s drums+vocals -s vocals -s DRUMS -s vocals+drums in.wav &&
        files one in.vocals+drums.wav in.vocals.wav in.drums.wav &&
        adds one/in.vocals+drums.wav one/in.vocals.wav one/in.drums.wav
}
check "several sources in one file" several
rest() {
    unbraid -q -o two -s vocals -s no-vocals -s no-drums+bass -s bass+drums in.wav &&
        files two in.vocals.wav in.no-vocals.wav in.drums+bass.wav in.no-drums+bass.wav &&
        adds in.wav two/in.vocals.wav two/in.no-vocals.wav &&
        adds in.wav two/in.drums+bass.wav two/in.no-drums+bass.wav
}
check "a stem and its rest in one run" rest
alike() { unbraid -q -r -s vocals -o three in.wav && cmp two/in.no-vocals.wav three/in.no-vocals.wav; }
check "the rest is the same alone" alike
every() { # As many as there can be: of eight sources each and its rest
    cli_tool model eight.model 8 2 44100 && set -- &&
        for source in vocals drums bass other source4 source5 source6 source7; do
            set -- "$@" -s $source -s no-$source
        done &&
        unbraid -q -m eight.model -o eight "$@" in.wav && [ "$(find eight -type f | wc -l)" = 16 ] &&
        adds in.wav eight/in.source7.wav eight/in.no-source7.wav &&
        refuse 2 "expected at most 16 files" unbraid -q -m eight.model -o eight "$@" -s vocals+bass in.wav
}
check "sixteen files, and no more" every
check "refused: one of several is none" refuse 2 "-s vocals+horns: no such source (expected one of vocals" \
    unbraid -s vocals+horns in.wav
check "refused: nothing" refuse 2 "-s no-: no such source" unbraid -s no- in.wav

halves="-s vocals+drums -s bass+other"
# shellcheck disable=SC2086 # words
sum() {
    unbraid -q --sum -o sum $halves in.wav && adds in.wav sum/in.vocals+drums.wav sum/in.bass+other.wav &&
        unbraid -q -o apart $halves in.wav && ! adds in.wav apart/in.vocals+drums.wav apart/in.bass+other.wav
}
check "--sum: stems add up to the song" sum
single() { # Each on its own is part of the same sum
    unbraid -q --sum -o sum in.wav && adds sum/in.vocals+drums.wav sum/in.vocals.wav sum/in.drums.wav &&
        adds sum/in.bass+other.wav sum/in.bass.wav sum/in.other.wav &&
        unbraid -q --sum -s vocals -o alone in.wav && cmp sum/in.vocals.wav alone/in.vocals.wav
}
check "--sum: one source as among all" single

unbraid -q -s vocals -o file in.wav
piped() { unbraid -o - -s vocals in.wav | cmp - file/in.vocals.wav; }
check "-o -: standard output" piped
through() { unbraid -q -f flac -o - -s vocals - <in.wav | unbraid -q -s vocals -o again - && [ -s again/stdin.vocals.wav ]; }
check "-o -: FLAC, from standard input" through
standard() { # standard TEXT OPTIONS: refused, and nothing written
    text=$1 && shift && refuse 2 "$text" unbraid -o - "$@" && [ ! -s "$T/out" ]
}
check "-o - refused: four stems" standard "4 stems of 1 files (expected one of one" in.wav
check "-o - refused: two songs" standard "1 stems of 2 files" -s vocals in.wav file/in.vocals.wav
check "-o - refused: --json" standard "cannot be with --json" --json -s vocals in.wav
if command -v script >/dev/null; then
    terminal() { script -qec "unbraid -o - -s vocals in.wav" /dev/null | grep "is a terminal"; }
    check "-o - refused: a terminal" terminal
fi
nothing() { status 1 unbraid -o - -s vocals text.wav && [ ! -s "$T/out" ]; }
echo text >text.wav
check "-o -: nothing of a song that failed" nothing
full() { unbraid -o - -s vocals in.wav >/dev/full 2>"$T/err"; [ $? = 1 ] && says "standard output cannot be written"; }
check "-o -: a full disk" full
closed() { # Whatever is opened must not get its place
    unbraid -o - -s vocals in.wav >&- 2>"$T/err"
    [ $? = 1 ] && says "standard output cannot be written"
}
check "-o -: standard output is closed" closed
both() { closed <&-; }
check "-o -: standard input is closed, too" both
onto() { cp in.wav onto.wav && refuse 2 "standard output: would be written over the input onto.wav" \
    sh -c 'unbraid -o - -s vocals onto.wav >>onto.wav' && cmp in.wav onto.wav; }
check "-o - refused: onto the input" onto

kept() {
    mkdir kept && echo old >kept/in.drums.wav && status 0 unbraid --no-clobber -s vocals -s drums -o kept in.wav &&
        [ "$(cat kept/in.drums.wav)" = old ] && cmp kept/in.vocals.wav file/in.vocals.wav &&
        [ "$(cat "$T/out")" = kept/in.vocals.wav ]
}
check "--no-clobber: what is there is kept, the rest made" kept
none() {
    echo old >kept/in.vocals.wav && status 0 unbraid -n -s vocals -s drums -o kept in.wav && [ ! -s "$T/out" ] &&
        [ "$(cat kept/in.vocals.wav)" = old ] && status 0 unbraid -n --json -s vocals -o kept in.wav &&
        grep -q '"file":"kept/in.vocals.wav".*"kept":true' "$T/out"
}
check "--no-clobber: nothing to be done" none
plan
