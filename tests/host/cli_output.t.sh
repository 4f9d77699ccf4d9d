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
deep() { unbraid -q -s vocals -o a/new//folder/ in.wav && files a new/folder/in.vocals.wav; }
check "into folders that are all new" deep
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

# bitrate FORMAT KBPS: within a twentieth of it, and as long as the song
ffmpeg -v error -nostdin -i in.wav -ar 48000 high.wav
bitrate() {
    unbraid -q -f "$1" -B "$2" -s drums -o "$1$2" high.wav && file=$(echo "$1$2"/*) &&
        ffprobe -v error -show_entries format=bit_rate -of csv=p=0 "$file" |
        awk -v wanted="$2" '{ print; r = $1 / 1000 / wanted; exit !(r > 0.95 && r < 1.05) }' &&
        ffmpeg -v error -nostdin -y -i "$file" -c:a pcm_f32le decoded.wav &&
        wave compare high.wav decoded.wav | awk '{ print; exit $1 != $2 }'
}
encoder() { # encoder FORMAT: whether this libsndfile has it
    unbraid -q -f "$1" -s drums -o has high.wav 2>/dev/null
}
if encoder mp3; then
    for rate in 64 128 320; do check "MP3, $rate kbit/s" bitrate mp3 $rate; done
    check "refused: a bitrate that MP3 has not" refuse 1 "cannot have 330 kbit/s at 44100 samples a second (expected 32 to 320)" \
        unbraid -q -f mp3 -B 330 -s drums in.wav
fi
if encoder opus; then
    check "Opus, 256 kbit/s" bitrate opus 256
    check "refused: a rate that Opus has not" refuse 1 "44100 samples a second cannot be written as opus" \
        unbraid -q -f opus -s drums in.wav
fi
tagged() {
    ffmpeg -v error -nostdin -y -i high.wav -metadata title="Ttl é" -metadata artist=Art -metadata album=Alb -metadata date=2021 \
        -metadata track=3 -metadata genre=Rock -metadata comment=Com tagged.flac || return 1
    for format in wav wav24 flac ogg mp3 opus; do
        encoder $format || continue
        unbraid -q -f $format -s drums -o tagged tagged.flac &&
            ffprobe -v error -show_entries format_tags:stream_tags -of default=nk=0 tagged/*.${format%24} | tr a-z A-Z |
            grep -c "=TTL é$\|=ART$\|=ALB$\|=2021$\|TRACK=3$\|=ROCK$\|=COM$" | grep -qx 7 || return 1
        rm tagged/*
    done
}
check "tags are carried to the stems" tagged
broadcast() {
    ffmpeg -v error -nostdin -i in.wav -write_bext 1 -metadata description=Desc -metadata originator=Rec \
        -metadata originator_reference=REF -metadata origination_date=2024-01-02 -metadata origination_time=03:04:05 \
        -metadata time_reference=5000000000 bext.wav
    fields() { ffprobe -v error -show_entries format_tags -of compact "$1" | tr '|' '\n' | grep -v 'history\|encoder=' | sort; }
    unbraid -q -s drums bext.wav && fields bext.wav >want && grep -q time_reference=5000000000 want && fields bext.drums.wav | diff want -
}
check "a broadcast wave file's time stamp is carried to the stems" broadcast

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
check "refused: no folder to write to" refuse 2 "-o list/where: cannot be made (Not a directory" unbraid -o list/where in.wav
check "refused: a file as the folder" refuse 2 "-o list: is a file (expected a folder)" unbraid -o list in.wav

# names NAME: a song of that name, and its stem beside it
unsuffixed() {
    cp in.wav "01. Intro" && cp in.wav "02. Part two.WAV" && status 0 unbraid -q -s bass "01. Intro" "02. Part two.WAV" &&
        [ -s "01. Intro.bass.wav" ] && [ -s "02. Part two.bass.wav" ]
}
check "what is no suffix is kept" unsuffixed
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
