#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# All of the sound of files of every kind, whatever they say of their length, and a word on
# what is missing.  ffmpeg's program says what there is.
. tests/host/cli_lib.sh
need ffmpeg
ff() { ffmpeg -v error -nostdin -y "$@"; }

# Loud, then calm: a guess from the beginning is far too short
ff -f lavfi -i "anoisesrc=d=0.5:a=0.5:r=44100:seed=1,aformat=channel_layouts=stereo" loud.wav
ff -f lavfi -i "sine=220:d=2.5:r=44100,volume=0.2,aformat=channel_layouts=stereo" calm.wav
ff -i loud.wav -i calm.wav -filter_complex "[0][1]concat=v=0:a=1" ok.wav
ff -i calm.wav -i loud.wav -filter_complex "[0][1]concat=v=0:a=1" b.wav

# adds_up FILE MIX: a stem and what is left without it add up to the mix, so both are as
# long as it, in step with it and whole.  What the program says is in "$T/err", its status in $got
adds_up() {
    stem=${1%.*} got=0
    rm -rf halves && { unbraid -q -o halves -s drums -s no-drums "$1" 2>"$T/err" || got=$?; }
    cat "$T/err" && cli_tool sum "$2" "halves/$stem.drums.wav" "halves/$stem.no-drums.wav" >"$T/sum" &&
        cat "$T/sum" && awk '{ exit !($1 < -110) }' "$T/sum"
}
decode() { ff -threads 1 -i "$1" -map a:0 -c:a pcm_f32le decoded.wav 2>/dev/null; }

# whole FILE [MIX]: every sample is separated, as ffmpeg decodes it or as in the mix, and nothing
# is complained about
whole() {
    mix=${2:-decoded.wav}
    [ -n "${2:-}" ] || decode "$1"
    adds_up "$1" "$mix" && [ ! -s "$T/err" ] && [ "$got" = 0 ]
}
# partly FILE TEXT: what ffmpeg decodes is separated, and it is said what is missing
partly() {
    decode "$1"
    adds_up "$1" decoded.wav && says "$1: $2" && [ "$got" = 1 ]
}
all() { check "whole: $1" whole "$@"; }
lacks() { check "cut: $1" partly "$@"; }

for kind in mp3 flac ogg opus aiff au caf w64 wv webm m4a tta; do
    ff -i ok.wav ok.$kind && ff -i b.wav b.$kind
    all ok.$kind
done
ff -i ok.wav -c:a alac alac.m4a && all alac.m4a
ff -i ok.wav -c:a alac alac.caf && all alac.caf
ff -i ok.wav -c:a adpcm_ms adpcm.wav && all adpcm.wav
ff -i ok.wav -rf64 always rf64.wav && all rf64.wav
ff -f lavfi -i testsrc=d=3:s=64x64 -i ok.wav -c:a libvorbis film.mkv && all film.mkv
ff -f lavfi -i testsrc=d=3:s=64x64 -i ok.wav -c:a aac film.mp4 && all film.mp4
ff -ss 1 -i film.mp4 -c copy part.mp4 && all part.mp4

# No length, or a wrong one
for order in ok b; do
    ff -i $order.wav -q:a 4 -write_xing 0 $order.vbr.mp3 && all $order.vbr.mp3
done
size=$(($(stat -c %s ok.wav)))
at=$(grep -abo data ok.wav | tail -n 1 | cut -d: -f1)
says_size() { # says_size FILE OCTAL: a WAV with these four bytes for the length of its sound
    { head -c $((at + 4)) ok.wav && printf "$2" && tail -c +$((at + 9)) ok.wav; } >"$1"
}
says_size zero.wav '\0\0\0\0' && all zero.wav ok.wav
says_size most.wav '\377\377\377\377' && all most.wav ok.wav
says_size half.wav '\377\377\377\177' && all half.wav ok.wav
for kind in aiff au caf w64 wav flac; do # A pipe cannot be wound back to write the length
    ff -i ok.wav -f $kind - | cat >pipe.$kind
    all pipe.$kind ok.wav
done
ff -i ok.wav -rf64 always -f wav - | cat >pipe64.wav && all pipe64.wav ok.wav

# Joined end to end
cat ok.mp3 b.vbr.mp3 >chain.mp3 && all chain.mp3
cat ok.ogg b.ogg >chain.ogg && all chain.ogg
cat ok.opus b.opus >chain.opus && all chain.opus
ff -i ok.wav -i b.wav -filter_complex "[0][1]concat=v=0:a=1" both.wav
cat ok.flac b.flac >chain.flac && all chain.flac both.wav
ff -i ok.wav -ar 22050 -c:a libvorbis low.ogg && cat ok.ogg low.ogg >rates.ogg
rates() { # The second at another rate: as long in time, if not bit for bit what ffmpeg's mixer makes
    decode rates.ogg && unbraid -q -s drums rates.ogg && wave compare decoded.wav rates.drums.wav |
        awk '{ print; exit !($1 - $2 < 64 && $2 - $1 < 64) }'
}
check "whole: another rate further on" rates

# Something behind the sound
for kind in wav flac mp3 ogg opus aiff m4a wv; do
    { cat ok.$kind && printf TAG && head -c 125 /dev/zero; } >tag.$kind
    { cat ok.$kind && seq 300; } >junk.$kind
    all tag.$kind && all junk.$kind
done
behind() {
    { cat ok.wav && head -c 100000 /dev/zero; } >more.wav &&
        status 0 unbraid -q -s drums more.wav && says "more.wav: 100000 bytes behind its sound are left out"
}
check "much behind the sound is told" behind

# Cut
ff -i ok.wav -movflags faststart first.m4a && mv first.m4a ok.m4a
for kind in wav flac mp3 aiff au caf w64 wv m4a webm mkv; do
    [ -f ok.$kind ] || mv film.$kind ok.$kind
    head -c $(($(stat -c %s ok.$kind) * 2 / 3)) ok.$kind >cut.$kind
    lacks cut.$kind "is cut or damaged: [0-9.]* s of sound could be read of the 3.0 s"
done
for kind in ogg opus; do
    head -c $(($(stat -c %s ok.$kind) * 2 / 3)) ok.$kind >cut.$kind
    lacks cut.$kind "is cut: its end is missing after [12].[0-9] s"
done
ff -i ok.wav ok.aac && head -c $(($(stat -c %s ok.aac) - 20)) ok.aac >cut.aac
lacks cut.aac "is cut: its end is missing after 3.0 s"
last() { # One sample too few
    head -c $((size - 4)) ok.wav >less.wav && status 1 unbraid -q -s drums less.wav && says "(1 samples are missing)"
}
check "cut: one sample" last

# Damaged half way
for kind in flac mp3 ogg; do
    cp ok.$kind hole.$kind
    seq 300 | dd of=hole.$kind bs=1 seek=$(($(stat -c %s ok.$kind) / 2)) conv=notrunc 2>/dev/null
    lacks hole.$kind "is cut or damaged: [0-9.]* s of sound could be read of the 3.0 s"
done
json() { # A script is told, too
    status 1 unbraid --json -s drums cut.wav && grep -q '"missing_samples":4[0-9]*,' "$T/out" &&
        grep -q '"file":"cut.drums.wav"' "$T/out"
}
check "--json: what is missing" json
plan
