#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Every level of instructions that this processor has: the unit tests that depend on them, and
# what is promised from one to another.  Runs in the repository's root.
. tests/host/lib.sh
PATH=$BUILD:$BUILD/tests/host:$PATH
model=$BUILD/unbraid.lv2/default.safetensors
levels=$(unbraid info "$model" | sed -n 's/^cpu .*(UNBRAID_CPU: \(.*\))$/\1/p')

# unit LEVEL FOLDER TEST [PATTERN]
unit() {
    UNBRAID_CPU=$1 CMOCKA_MESSAGE_OUTPUT=TAP "$BUILD/$2/test_$3" ${4:+"$4"} >"$T/tap" 2>&1 ||
        { grep -v '^ok' "$T/tap" && return 1; }
}
# Magnitudes as music has them, many small ones: [channels][frames][bins]
values=$(unbraid info "$model" |
    sed -n 's/.* \([0-9]*\) frames x \([0-9]*\) b.* x \([0-9]*\) channels$/\1 \2 \3/p' |
    awk '{ print $1 * $2 * $3 }')
perl -e 'srand 1; print pack "f", 40 * rand() ** 8 for 1 .. $ARGV[0]' "$values" >"$T/input"
masks() {
    for i in 0 1 2 3; do
        # shellcheck disable=SC2046 # four numbers
        UNBRAID_CPU=$1 cli_masks "$model" native "$T/input" "$T/mask.$i" \
            $(for k in 0 1 2 3; do echo $((k == i)); done) || return 1
    done
    cat "$T"/mask.? >"$T/$1.masks"
}
near() { # near A B: to 1e-5, of four conditions
    perl -e 'local $/; my $n = 4 * shift; my ($a, $b) = map { open F, "<", $_; binmode F; [unpack "f*", <F>] } @ARGV;
        my $most = 0; my $sum = 0;
        for (0 .. $#$a) { my $d = abs($a->[$_] - $b->[$_]); $most = $d if !($d <= $most); $sum += $a->[$_] }
        printf "%d values, mean %.3f, most different by %.1e\n", scalar @$a, $sum / @$a, $most;
        exit !($n > 0 && @$a == $n && @$b == @$a && $sum > 0 && $most <= 1e-5)' "$values" "$1" "$2"
}
song() { # song LEVEL: the same samples on one thread and on three
    for threads in 1 3 2; do
        UNBRAID_CPU=$1 unbraid -q -m "$T/model" -j $threads -o "$T" "$T/song.wav" || return 1
        cat "$T"/song.*.wav | cksum >>"$T/$1.sums"
    done
    cat "$T/$1.sums" && [ "$(sort -u "$T/$1.sums" | wc -l)" = 1 ]
}

cli_tool model "$T/model" 4 2 44100
wave make "$T/song.wav" 44100 100000
for level in $levels; do
    for test in conv pixels; do # these read and write memory by themselves
        check "$level: test_$test" unit "$level" asan/tests/unit "$test"
    done
    check "$level: test_golden" unit "$level" tests/unit golden 'masks_are_right_native*'
    check "$level: test_trail" unit "$level" tests/unit trail
    check "$level: test_backends" unit "$level" tests/unit backends
    check "$level: a song is the same on any number of threads" song "$level"
    check "$level: masks" masks "$level"
    [ "$level" = plain ] || check "$level: masks are those of plain instructions" near "$T/plain.masks" "$T/$level.masks"
done
for level in avx2 avx512; do
    case " $levels " in
    *" $level "*) ;;
    *) skip "$level" "this processor does not have it" ;;
    esac
done

wrong() {
    UNBRAID_CPU=sse5 unbraid info "$model" >"$T/out" 2>"$T/err"
    [ $? = 1 ] && cat "$T/err" &&
        grep -q '^unbraid: UNBRAID_CPU=sse5: not known or not on this processor (expected plain' "$T/err"
}
check "a level that is not known is refused" wrong
plan
