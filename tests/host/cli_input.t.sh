#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The command line with inputs of every kind: the right result or one line.
. tests/host/cli_lib.sh
need ffmpeg
convert() { ffmpeg -v error -nostdin -y -i "$@"; }

wave make in.wav 44100 30000
: >empty.wav
echo "not a sound" >text.wav
head -c 44 in.wav >head.wav
wave make none.wav 44100 0
mkdir folder
convert in.wav -ac 6 six.wav
convert in.wav -ar 6000 slow.wav
convert in.wav -ar 200000 fast.wav
convert in.wav in.flac
head -c 60000 in.flac >cut.flac
convert in.wav -c:a aac in.m4a

bad() { check "refused: $1" refuse 1 "$2" unbraid -s vocals "$1"; }
bad nowhere.wav "nowhere.wav: cannot be read (No such file"
bad empty.wav "empty.wav: is empty"
bad /dev/null "/dev/null: is empty"
bad folder "folder: is a directory"
bad text.wav "text.wav: is no sound file"
bad head.wav "head.wav: is no sound file"
bad in.m4a "in.m4a: is no sound file"
bad none.wav "none.wav: holds no sound"
bad six.wav "six.wav: has 6 channels (expected 1 or 2"
bad slow.wav "slow.wav: has 6000 samples a second (expected 8000 to 192000)"
bad fast.wav "fast.wav: has 200000 samples a second"
bad cut.flac "cut.flac: is damaged after 0.2 s (expected 0.7 s)"

good_with_bad() {
    status 1 unbraid -s vocals empty.wav in.wav text.wav && [ -s in.vocals.wav ] &&
        [ "$(grep -c '^unbraid: ' "$T/err")" = 2 ]
}
check "a bad file does not keep the others from being done" good_with_bad

# A stem and what is left without it add up to the input: so both are as long as
# it, in step with it and whole
halves() {
    stem=$(basename "$1")
    stem=${stem%.*}
    rm -rf halves
    unbraid -q -o halves -s drums "$@" && unbraid -q -r -o halves -s drums "$@" &&
        cli_tool sum "$1" "halves/$stem.drums.wav" "halves/$stem.no-drums.wav" >"$T/sum" &&
        cat "$T/sum" && awk '{ exit !($1 < -110) }' "$T/sum"
}
check "a stem and the rest are the input" halves in.wav
for rate in 8000 11025 22050 48000 88200 96000 192000; do
    wave make rate.wav $rate $((rate / 2 + 1))
    check "the same at $rate Hz" halves rate.wav
done
wave make one.wav 44100 1
check "the same for one sample" halves one.wav
wave make mono.wav 44100 30000 1
check "the same for a mono file" halves mono.wav
cli_tool model mono.model 2 1 44100
check "the same for a stereo file with a mono model" halves in.wav -m mono.model
check "the same for a mono file with a mono model" halves mono.wav -m mono.model

channels() { unbraid -q -o ch -s drums "$1" && wave compare "$1" "ch/${1%.wav}.drums.wav"; }
check "a mono file gives mono stems" channels mono.wav

twins() { # Both channels of a stereo file alike: as the mono file
    convert mono.wav -ac 2 -af "pan=stereo|c0=c0|c1=c0" -c:a pcm_f32le twins.wav
    unbraid -q -s vocals mono.wav twins.wav
    convert mono.vocals.wav -af "pan=stereo|c0=c0|c1=c0" -c:a pcm_f32le twice.wav
    convert twins.vocals.wav -af "pan=stereo|c0=.5*c0+.5*c1|c1=.5*c0+.5*c1" -c:a pcm_f32le mean.wav
    same twice.wav mean.wav 0 1e-5
}
check "mono is taken as two equal channels" twins

silence() {
    convert in.wav -af volume=0 -c:a pcm_f32le silent.wav
    unbraid -q silent.wav || return 1
    for source in vocals drums bass other; do
        same silent.wav silent.$source.wav 0 0 || return 1
    done
}
check "silence gives silence" silence

poison() {
    cli_tool poison in.wav poison.wav
    status 0 unbraid -q -s vocals poison.wav && says "warning: 3 samples are not finite" &&
        same poison.vocals.wav poison.vocals.wav 0 0
}
check "samples that are not finite are taken as 0, with a warning" poison

decoded() {
    convert in.wav "in.$1" && unbraid -q -o decoded -s vocals "in.$1" &&
        wave compare in.wav decoded/in.vocals.wav | awk '{ print; exit $1 != $2 }'
}
check "an Ogg file is read" decoded ogg
# The length of an MP3 without a count of its frames is a guess
mp3() {
    decoded mp3 && ffmpeg -v error -i in.wav -write_xing 0 guess.mp3 &&
        unbraid -q -o decoded -s vocals guess.mp3
}
if strings -a "$(ldconfig -p | awk '/libsndfile.so.1/ { print $NF; exit }')" | grep -q mpg123; then
    check "MP3 files are read" mp3
fi
kinds() {
    convert in.wav in.aiff
    unbraid -q -s vocals -o flac in.flac && unbraid -q -s vocals -o aiff in.aiff &&
        same flac/in.vocals.wav aiff/in.vocals.wav 0 1e-3
}
check "FLAC and AIFF files are read" kinds

unbraid -q -o file -s vocals in.wav
piped() {
    "$@" | unbraid -q -o pipe -s vocals - && same file/in.vocals.wav pipe/stdin.vocals.wav 0 "$limit"
}
redirected() { unbraid -q -o pipe -s vocals - <in.wav && cmp file/in.vocals.wav pipe/stdin.vocals.wav; }
limit=0
check "standard input from a file" redirected
check "standard input from a pipe" piped cat in.wav
check "a WAV whose length is not known" piped ffmpeg -v error -nostdin -i in.wav -c:a pcm_f32le -f wav -
limit=1e-3
check "a FLAC file from a pipe" piped cat in.flac
check "refused: an empty pipe" refuse 1 "standard input: is empty" sh -c ': | unbraid -'
plan
