#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# What the command line writes: which files, in which format, whole or not at all.
. tests/host/cli_lib.sh
need ffmpeg
wave make in.wav 44100 50000
wave make long.wav 8000 4000000

all() { unbraid in.wav >list && files . in.wav in.vocals.wav in.drums.wav in.bass.wav in.other.wav list long.wav && grep -qx in.bass.wav list; }
check "all sources beside the input, their names on standard output" all
removed() { unbraid -q -r -s vocals -s bass -s vocals -o removed in.wav && files removed in.no-vocals.wav in.no-bass.wav; }
check "some removed, into a new folder" removed

one() {
    for source in vocals drums bass other; do
        unbraid -q -s $source -o one in.wav && same in.$source.wav one/in.$source.wav 0 1e-6 || return 1
    done
    differ in.vocals.wav in.drums.wav 1e-3
}
check "one source at a time gives what all at once give" one
again() { unbraid -q -j 1 -o again in.wav && cmp again/in.other.wav in.other.wav; }
check "the same bytes again, with one thread" again
many() {
    cli_tool model seven.model 7 2 44100 && unbraid -q -m seven.model -o seven in.wav &&
        [ "$(find seven -type f | wc -l)" = 7 ] && unbraid -q -m seven.model -s source5 -o alone in.wav &&
        same seven/in.source5.wav alone/in.source5.wav 0 1e-6
}
check "a model of seven sources" many

# Encoded samples are within LIMIT of the float ones
format() { unbraid -q -f "$1" -s drums -o "$1" in.wav && same in.drums.wav "$1/in.drums.$2" 0 "$3"; }
check "24-bit WAV" format wav24 wav 2e-7
check "16-bit WAV" format wav16 wav 4e-5
check "FLAC" format flac flac 2e-7
check "Ogg Vorbis" format ogg ogg 0.2
loud() {
    ffmpeg -v error -nostdin -y -i in.wav -af volume=4 -c:a pcm_f32le loud.wav && status 0 unbraid -q -f wav24 -r -s vocals loud.wav &&
        says "output samples were clipped (-f wav keeps them)" && status 0 unbraid -q -r -s vocals loud.wav &&
        [ ! -s "$T/err" ]
}
check "clipping is told" loud

cp in.wav a.wav && cp in.wav a.vocals.wav
check "refused: an output over an input" refuse 2 "a.vocals.wav: would be written over the input a.vocals.wav" \
    unbraid -s vocals a.wav a.vocals.wav
rm a.vocals.wav && ln in.wav a.vocals.wav
check "refused: an output over an input by another name" refuse 2 "written over the input in.wav" \
    sh -c 'unbraid -s vocals in.wav a.wav'
rm a.wav a.vocals.wav
mkdir sub && cp in.wav sub/in.wav
check "refused: two inputs with one output" refuse 2 "in.vocals.wav: would be written for two inputs" \
    unbraid -s vocals -o . in.wav sub/in.wav
check "refused: the same input twice" refuse 2 "would be written for two inputs" unbraid in.wav ./in.wav
mkdir sub/in.vocals.wav
check "refused: a folder in the output's place" refuse 2 "in.vocals.wav: is there and is no file" unbraid sub/in.wav
check "refused: no folder to write to" refuse 2 "-o no/where: cannot be made" unbraid -o no/where in.wav
check "refused: a file as the folder" refuse 2 "cannot be written" unbraid -o list in.wav

# names NAME: a song of that name, and its stem beside it
names() { cp in.wav "./$1.wav" && status 0 unbraid -q -s bass -- "$1.wav" && [ -s "./$1.bass.wav" ] && rm "./$1.wav" "./$1.bass.wav"; }
check "a name that begins with a dash" names -dash
check "a name with a new line and spaces" names "two
lines, "
check "a name as long as can be" names "$(printf '%0246d' 0)"
cp in.wav "$(printf '%0250d' 0).wav"
check "refused: a name that is too long for its stems" refuse 1 "cannot be written (File name too long)" \
    unbraid -q -s bass "$(printf '%0250d' 0).wav"
rm "$(printf '%0250d' 0).wav"

# Ten times the length, at most 3 MiB more
memory() {
    wave make short.wav 8000 400000
    short=$(cli_tool peak unbraid -q -m "$T/small" -o short short.wav) &&
        long=$(cli_tool peak unbraid -q -m "$T/small" -o long long.wav) &&
        echo "$short $long KiB" && [ $((long - short)) -lt 3072 ]
}
check "memory does not grow with the length" memory
plan
