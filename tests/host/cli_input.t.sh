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
ffmpeg -v error -f lavfi -i testsrc=d=1:s=64x64 film.mp4
printf '#EXTM3U\n#EXTINF:1,\nin.wav\n' >list.m3u8
printf 'ffconcat version 1.0\nfile in.wav\n' >list.txt

bad() { check "refused: $1" refuse 1 "$2" unbraid -s vocals "$1"; }
bad nowhere.wav "nowhere.wav: cannot be read (No such file"
bad empty.wav "empty.wav: is empty"
bad /dev/null "/dev/null: is empty"
bad folder "folder: is a directory"
bad text.wav "text.wav: is no sound file that can be read (no known kind of file)"
bad head.wav "head.wav: is no sound file"
bad film.mp4 "film.mp4: is no sound file that can be read (it has no sound)"
bad list.m3u8 "list.m3u8: is no sound file"
bad list.txt "list.txt: is no sound file"
bad none.wav "none.wav: holds no sound"
bad six.wav "six.wav: has 6 channels (expected 1 or 2"
bad slow.wav "slow.wav: has 6000 samples a second (expected 8000 to 192000)"
bad fast.wav "fast.wav: has 200000 samples a second"

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
    unbraid -q -o halves -s drums -s no-drums "$@" &&
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
oneline() { # Whatever the file is called
    odd=$(printf 'two\nlines\033[31m.wav') && mv poison.wav "$odd" && status 0 unbraid -q -s vocals "$odd" &&
        says "two?lines?\[31m.wav: warning: 3 samples are not finite"
}
check "that is one line" oneline

unbraid -q -o file -s vocals in.wav
piped() {
    "$@" | unbraid -q -o pipe -s vocals - && same file/in.vocals.wav pipe/stdin.vocals.wav 0 "$limit"
}
redirected() { unbraid -q -o pipe -s vocals - <in.wav && cmp file/in.vocals.wav pipe/stdin.vocals.wav; }
limit=0
check "standard input from a file" redirected
check "standard input from a pipe" piped cat in.wav
check "a WAV whose length is not known" piped ffmpeg -v error -nostdin -i in.wav -c:a pcm_f32le -f wav -
check "an RF64 whose length is not known" piped ffmpeg -v error -nostdin -i in.wav -c:a pcm_f32le -rf64 always -f wav -
limit=1e-3
check "a FLAC file from a pipe" piped cat in.flac
check "an MP4 whose index is at its end, from a pipe" sh -c 'ffmpeg -v error -i in.wav in.m4a && unbraid -q -o pipe -s vocals - <in.m4a'
convert in.wav in.mp3
lengthless() { # lengthless SAMPLES COMMAND...: through a pipe that cannot be wound back
    samples=$1 && shift && "$@" 2>"$T/err" | unbraid -q -o pipe -s vocals - &&
        wave compare in.wav pipe/stdin.vocals.wav | awk -v n="$samples" '{ print; exit $2 != n }'
}
if command -v mpg123 >/dev/null; then check "mpg123 -w -" lengthless 30000 mpg123 -q -w - in.mp3; fi
if command -v flac >/dev/null; then
    convert in.wav -f flac - | cat >unknown.flac
    check "flac -dc, of unknown length" lengthless 30000 flac -s -d -c unknown.flac
fi
check "refused: an empty pipe" refuse 1 "standard input: is empty" sh -c ': | unbraid -'
plan
