#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# How the command line is spoken to and how it answers.
# shellcheck disable=SC2016 # The dollars in single quotes are Perl's
here=$(pwd)
. tests/host/cli_lib.sh
wave make in.wav 44100 50000

usage() { # usage TEXT COMMAND...: refused, with a line about it and one about help
    text=$1
    shift
    status 2 "$@" && grep -q "^unbraid: .*$text" "$T/err" && grep -q "Try 'unbraid --help'" "$T/err"
}
check "usage: nothing given" usage "no FILE given" unbraid
check "usage: an unknown option" usage "nosuch" unbraid --nosuch in.wav
check "usage: an unknown letter" usage "invalid option -- 'x'" unbraid -x in.wav
check "usage: an option without its argument" usage "requires an argument" unbraid in.wav -o
check "usage: an unknown format" usage "no such format (expected one of wav, wav24" unbraid -f wma in.wav
for threads in 0 -1 two 1x 99999 ""; do
    check "usage: -j '$threads'" usage "expected 1 to 1024" unbraid -j "$threads" in.wav
done
check "usage: info with two models" usage "at most one MODEL" unbraid info a b
check "usage: score with one folder" usage "expected REF_DIR EST_DIR" unbraid score .
check "usage: score with an output" usage "does not know one of the options" unbraid score -o x . .
check "refused: an unknown source" refuse 2 "-s horns: no such source (expected one of vocals, drums, bass, other)" \
    unbraid -s horns in.wav
check "refused: an unknown backend" refuse 2 "abacus.*reference" unbraid -b abacus in.wav

check "an empty UNBRAID_BACKEND is none" env UNBRAID_BACKEND= unbraid -q -s vocals in.wav

help() { status 0 unbraid "$1" && grep -q 'Usage: unbraid' "$T/out" && [ ! -s "$T/err" ]; }
check "-h" help -h
check "--help" help --help
version() { status 0 unbraid --version && grep -Eqx 'unbraid [0-9]+\.[0-9]+\.[0-9]+' "$T/out"; }
check "--version" version
full() { unbraid --help >/dev/full 2>"$T/err"; [ $? = 1 ] && says "standard output cannot be written"; }
check "standard output on a full disk" full

cp "$(command -v unbraid)" "$T/alone"
check "no model: where it was looked for" refuse 1 "no model found (expected -m FILE, UNBRAID_MODEL or one of .*/home/.lv2/unbraid.lv2" \
    env -u UNBRAID_MODEL HOME=/home LV2_PATH=/nowhere "$T/alone" in.wav
check "a model that is not there" refuse 1 "nowhere" unbraid -m nowhere in.wav
head -c 1000 "$T/model" >cut.model
check "a model cut short" refuse 1 "cut.model" unbraid -m cut.model in.wav
check "a model that is a sound" refuse 1 "in.wav" unbraid -m in.wav in.wav
shares() {
    cli_tool network shares.model "$here/tests/golden/shares.json" &&
        status 0 unbraid info shares.model && grep "^masks .* powers of 1.5, .*: vocals drums bass hum$" "$T/out" &&
        status 0 unbraid info --json shares.model && grep '"shares": *{"sources": *\["vocals", *"drums", *"bass", *"hum"\], *"exponent": *1.5}' "$T/out" &&
        status 0 unbraid info "$T/model" && ! grep "^masks" "$T/out"
}
check "info: by what sources share a mix" shares
beside() {
    mkdir -p "$T/app/unbraid.lv2" && cp "$(command -v unbraid)" "$T/app/" &&
        cp "$T/small" "$T/app/unbraid.lv2/default.safetensors" &&
        env -u UNBRAID_MODEL "$T/app/unbraid" info | tee "$T/info" && grep -q "model .*/app/unbraid.lv2/default" "$T/info"
}
check "the model beside the program" beside
along() {
    env -u UNBRAID_MODEL HOME=/home "LV2_PATH=/nowhere:$T/app" "$T/alone" info | grep "model .*/app/unbraid.lv2/default"
}
check "the model where hosts are told to look for plugins" along
device() { # The library for GPUs, too, whichever model is used
    cp "$BUILD/tests/gpu/standin.so" "$T/app/unbraid.lv2/unbraid_cuda.so" &&
        env HOME=/home "LV2_PATH=/nowhere:$T/app" "$T/alone" info "$T/small" >"$T/info"
    rm "$T/app/unbraid.lv2/unbraid_cuda.so"
    grep "^gpu" "$T/info" && ! grep -q "^gpu  *none" "$T/info"
}
check "the library for GPUs beside it" device

# The file of the model is replaced while the first song is under way
held() {
    wave make first.wav 44100 1000000 && cp "$T/model" held.model && cli_tool model next.model 4 2 44100 9 &&
        unbraid -q -s vocals -o before in.wav || return 1
    status 0 sh -c 'unbraid -q -m held.model -s vocals -o held first.wav in.wav & pid=$!
        until ls held/.first.vocals.wav.* >held.log 2>&1; do kill -0 $pid || exit 3; done
        mv next.model held.model; wait $pid' && cmp before/in.vocals.wav held/in.vocals.wav || return 1
    unbraid -q -m held.model -s vocals -o next in.wav && ! cmp -s before/in.vocals.wav next/in.vocals.wav
}
check "all songs of a run have one model" held

quiet() { status 0 unbraid -q -s vocals in.wav && [ ! -s "$T/err" ] && [ ! -s "$T/out" ]; }
check "-q prints nothing" quiet
bare() { status 0 unbraid -s vocals in.wav && [ ! -s "$T/err" ] && [ "$(cat "$T/out")" = in.vocals.wav ]; }
check "no progress bar without a terminal" bare
# terminal COLUMNS TERM COMMAND: what it writes to such a terminal, a line each time, in "$T/lines"
terminal() {
    TERM=$2 script -qec "stty cols $1; $3" /dev/null >"$T/seen" 2>&1 &&
        tr '\r' '\n' <"$T/seen" | sed 's/\x1b\[K//g' >"$T/lines" && tail -n 3 "$T/lines"
}
# fits COLUMNS: no line is longer, in characters
fits() { perl -CSD -Mutf8 -e 'while (<STDIN>) { chomp; exit 1 if length > $ARGV[0] }' "$1" <"$T/lines"; }
if command -v script >/dev/null; then
    wave make long.wav 8000 4000000
    bar() {
        terminal 80 xterm "unbraid -m $T/small long.wav" && fits 79 &&
            grep -q '^long.wav \[[#.]*\]  *[0-9]* %  *[0-9]*:[0-9][0-9] left  *[0-9.]* x' "$T/lines"
    }
    check "a progress bar on a terminal" bar
    title="Für Élise – ein sehr langer Name 音楽.wav"
    narrow() {
        cp long.wav "$title" && for columns in 60 40 25 12; do
            terminal $columns xterm "unbraid -m $T/small '$title' >/dev/null" && fits $((columns - 1)) &&
                grep -q '[0-9] %' "$T/lines" && perl -CSD -ne 'exit 1 if /\x{FFFD}|\?/' <"$T/lines" || return 1
        done
    }
    check "it fits a narrow one, and names are cut between characters" narrow
    dumb() {
        terminal 80 dumb "unbraid -m $T/small long.wav >/dev/null" && grep -q '^long.wav: [0-9]*0 %$' "$T/lines" &&
            ! grep -q "$(printf '\033')" "$T/seen"
    }
    check "plain text where the terminal cannot go back" dumb
    quietly() { terminal 80 xterm "unbraid -q -m $T/small long.wav" && ! grep -q '%' "$T/lines"; }
    check "no progress bar with -q" quietly
fi

# json EXPRESSION: true in Perl of each object @o that standard output holds
json() {
    perl -MJSON::PP -e 'my @o = map { decode_json($_) } <STDIN>; exit !eval($ARGV[0])' "$1" <"$T/out"
}
separate_json() {
    cp in.wav 'in "quoted" é.wav'
    status 1 unbraid --json -s bass -s drums in.wav nowhere.wav 'in "quoted" é.wav' &&
        json '@o == 3 && $o[0]{file} eq "in.wav" && $o[0]{samples} == 50000 && $o[0]{rate} == 44100
            && @{$o[0]{outputs}} == 2 && $o[0]{outputs}[0]{part} eq "bass" && "@{$o[0]{outputs}[0]{sources}}" eq "bass"
            && $o[0]{outputs}[1]{file} eq "in.drums.wav" && $o[0]{latency_samples} > 0
            && $o[0]{times_real_time} > 0 && $o[0]{late_frames} == 0 && !$o[0]{outputs}[0]{remove}
            && $o[0]{backend} && $o[0]{model} && $o[1]{error} =~ /^nowhere.wav: cannot/
            && -s $o[2]{outputs}[0]{file}'
}
check "--json: an object for each file" separate_json
bytes() {
    odd=$(printf 'in\377.wav') && cp in.wav "$odd" && status 0 unbraid --json -s bass "$odd" &&
        json '$o[0]{file} eq "in?.wav"'
}
check "--json: a name that is not UTF-8" bytes
info_json() {
    status 0 unbraid info --json && json '"@{$o[0]{sources}}" eq "vocals drums bass other"
        && $o[0]{parameters} > 100 && (grep { $_->{name} eq $o[0]{backend} && $_->{available} } @{$o[0]{backends}})'
}
check "info --json" info_json
info() { status 0 unbraid info "$T/small" && grep -q 'sources  *vocals drums$' "$T/out" && grep -q '^  \* ' "$T/out"; }
check "info" info
credits() { # All of them, once, whole words, in lines of 80 columns
    status 0 unbraid info "$BUILD/unbraid.lv2/default.safetensors" && awk '/^(credits| {12})/ && length > 80 { exit 1 }' "$T/out" &&
        tr -s ' \n' '  ' <"$T/out" >"$T/flat" && unbraid info --json "$BUILD/unbraid.lv2/default.safetensors" |
        perl -MJSON::PP -ne 'print "$_\n" for @{decode_json($_)->{card}{credits}}' >"$T/credits" && [ -s "$T/credits" ] &&
        while read -r line; do [ "$(grep -oF "$line" "$T/flat" | wc -l)" = 1 ] || return 1; done <"$T/credits"
}
check "info: all of the credits" credits
before() { # Weights files of before had another word for them
    perl -0777 -pe '$n = unpack "Q<"; $head = substr $_, 8, $n; $head =~ s/own terms/custom-allowed/g;
        $_ = pack("Q<", length $head) . $head . substr $_, 8 + $n' "$BUILD/unbraid.lv2/default.safetensors" >before.model &&
        unbraid info before.model | tail -n +2 | tee "$T/info" | diff - "$T/own" && tr -s ' \n' '  ' <"$T/info" | grep -q 'own terms'
}
unbraid info "$BUILD/unbraid.lv2/default.safetensors" | tail -n +2 >"$T/own"
check "info: own terms, by an older word" before

unbraid -q -o est in.wav && unbraid -q -f flac -o other in.wav
mkdir ref && for s in vocals drums bass other; do cp est/in.$s.wav ref/$s.wav; done
scores() {
    status 0 unbraid score ref other && cat "$T/out" && [ "$(wc -l <"$T/out")" = 5 ] &&
        awk '$1 == "drums" && $2 > 60 && $3 > 40 { ok = 1 } END { exit !ok }' "$T/out"
}
check "score: names with the song's before them" scores
score_json() { status 0 unbraid score --json ref other && json '$o[0]{bass}{sdr} > 60 && $o[0]{bass}{usdr} > 40 && keys %{$o[0]} == 4'; }
check "score --json" score_json
score_bytes() {
    odd=$(printf 'v\366.wav') && mkdir -p one two && cp ref/bass.wav "one/$odd" && cp ref/bass.wav "two/$odd" &&
        status 0 unbraid score --json one two && json 'keys %{$o[0]} == 1 && exists $o[0]{"v?"}'
}
check "score --json: a name that is not UTF-8" score_bytes
perfect() { status 0 unbraid score ref est && grep -q 'vocals *inf' "$T/out"; }
check "score: perfect" perfect
partly() { rm ref/bass.wav other/in.drums.flac && status 0 unbraid score ref other && says "nothing for drums in other" && [ "$(wc -l <"$T/out")" = 3 ]; }
check "score: what both have" partly
rate() {
    wave make ref/vocals.wav 48000 50000 && status 1 unbraid score ref other &&
        grep -q "vocals.wav: has 48000 samples a second (expected 44100)" "$T/err"
}
check "score refused: other rates" rate
length() {
    wave make ref/vocals.wav 44100 40000 && status 1 unbraid score ref other &&
        grep -q "vocals.wav: has 40000 samples (expected 50000)" "$T/err"
}
check "score refused: other lengths" length
mkdir none
check "score refused: no sounds" refuse 1 "none: holds no sound files" unbraid score none est
mkdir apart && cp in.wav apart/
common() { status 1 unbraid score apart none && grep -q "no source in both" "$T/err"; }
check "score refused: nothing in common" common
check "score refused: no folder" refuse 1 "nowhere: cannot be read" unbraid score nowhere est
cp in.wav est/new.other.wav
check "score refused: two of one name" refuse 1 "both .* are other (expected one)" unbraid score ref est
plan
