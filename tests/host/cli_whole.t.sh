#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Stems appear all together and whole, or what was there stays.
. tests/host/cli_lib.sh
wave make in.wav 48000 100000
wave make long.wav 8000 4000000

# Formats, and half the size of each one's stems in KiB
formats=$(unbraid --help | sed -n 's/.*-f, --format FORMAT *//p' | sed 's/(default)//; s/ or /, /; s/,//g')
room_for() { rm -rf size && unbraid -q -f "$1" -s vocals -o size in.wav && echo $(($(stat -c %s size/*) / 2048)); }

# full FORMAT: a limit for the file.  Many at once, so that what is written at the very end
# counts too: the limit must be where it was even if nothing was written in between
full() {
    kib=$(room_for "$1") && rm -rf full && mkdir full && suffix=$(ls size) && suffix=${suffix##*.} &&
        echo old >full/in.vocals."$suffix" &&
        status 1 prlimit --fsize=$((kib * 1024)) unbraid -q -f "$1" -o full in.wav &&
        says "in.[a-z]*.$suffix: cannot be written (File too large" &&
        files full "in.vocals.$suffix" && [ "$(cat "full/in.vocals.$suffix")" = old ]
}
last() { # last FORMAT: only the last byte has no room
    rm -rf last && unbraid -q -f "$1" -s vocals -o last in.wav && size=$(stat -c %s last/*) &&
        echo old >"$(echo last/*)" &&
        status 1 prlimit --fsize=$((size - 1)) unbraid -q -f "$1" -s vocals -o last in.wav &&
        says "cannot be written (File too large" && [ "$(cat last/*)" = old ]
}
# disk FORMAT: a file system of its own with room for half of one stem; `left` lists what is there
# afterwards
disk() {
    kib=$(room_for "$1") && rm -rf disk && mkdir disk &&
        status 1 unshare -rm sh -c "mount -t tmpfs -o size=${kib}k none disk &&
            unbraid -q -f $1 -s vocals -o disk in.wav; s=\$?; ls -A disk >left; exit \$s" &&
        says "in.vocals.*: cannot be written (No space left on device" && [ ! -s left ]
}
check "formats are known" test "$(echo "$formats" | wc -w)" -ge 5
for format in $formats; do
    check "a limit for files: $format" full "$format"
    check "no room for the last byte: $format" last "$format"
    if unshare -rm true 2>/dev/null; then
        check "a disk that fills up: $format" disk "$format"
    else
        skip "a disk that fills up: $format" "no name space can be made"
    fi
done

# old DIR NAME...: files with nothing but their names in them
old() {
    rm -rf "$1" && mkdir "$1" && cd "$1" && shift && for one; do echo "$one" >"$one"; done && cd ..
}
same_old() { (cd "$1" && shift && for one; do [ "$(cat "$one")" = "$one" ] || exit 1; done); }

# A folder comes in the way of the third stem while they are computed
blocked() {
    old way long.vocals.wav long.drums.wav long.other.wav
    status 1 sh -c "$1 unbraid -q -o way long.wav & pid=\$!
        until ls way/.long.other.wav.* >way.log 2>&1; do kill -0 \$pid || exit 3; done
        mkdir way/long.bass.wav; wait \$pid" && says "long.bass.wav: cannot be put in place (Is a directory" &&
        rmdir way/long.bass.wav && files way long.vocals.wav long.drums.wav long.other.wav &&
        same_old way long.vocals.wav long.drums.wav long.other.wav
}
check "one that cannot be put in place: all old ones stay" blocked ""
check "the same where a file can have but one name" blocked "LD_PRELOAD=$BUILD/tests/host/nolink.so"
fresh() {
    rm -rf new && mkdir new && status 1 sh -c 'unbraid -q -o new long.wav & pid=$!
        until ls new/.long.other.wav.* >new.log 2>&1; do kill -0 $pid || exit 3; done
        mkdir new/long.other.wav; wait $pid' && rmdir new/long.other.wav && [ -z "$(ls -A new)" ]
}
check "and no new one is left" fresh
replaced() { # All old ones go where all can
    old all in.vocals.wav in.drums.wav in.bass.wav in.other.wav && $1 unbraid -q -o all in.wav &&
        files all in.vocals.wav in.drums.wav in.bass.wav in.other.wav && [ "$(stat -c %s all/in.other.wav)" -gt 800000 ]
}
check "old ones are replaced" replaced ""
check "the same where a file can have but one name" replaced "env LD_PRELOAD=$BUILD/tests/host/nolink.so"

sticky() { # Only the owner may take a file out of such a folder
    chmod 755 "$T" "$T/work" "$T/model" && old sticky in.bass.wav && chmod 1777 sticky &&
        refuse 2 "in.bass.wav: is another user's and cannot be replaced" \
            setpriv --reuid=65534 --clear-groups unbraid -q -o sticky in.wav && same_old sticky in.bass.wav
}
if [ "$(id -u)" = 0 ] && setpriv --reuid=65534 --clear-groups true 2>/dev/null; then
    check "refused: another user's in a sticky folder" sticky
else
    skip "refused: another user's in a sticky folder" "no other user can be played"
fi

stopped() { # stopped SIGNAL NUMBER: while the stems are being written
    dir=stop$1
    mkdir "$dir" && echo old >"$dir/long.vocals.wav"
    # A shell has its background processes ignore SIGINT, and who runs the tests may ignore more
    perl -e '$SIG{$_} = "DEFAULT" for qw(INT TERM HUP); exec @ARGV' unbraid -q -m "$T/small" -o "$dir" long.wav &
    pid=$!
    until ls "$dir"/.long.drums.wav.* >/dev/null 2>&1; do kill -0 $pid || return 1; done
    kill -s "$1" $pid
    got=0
    wait $pid || got=$?
    echo "status $got"
    [ $got = $((128 + $2)) ] && [ "$(cat "$dir/long.vocals.wav")" = old ]
}
gone() { stopped "$@" && files "$dir" long.vocals.wav; }
check "interrupted: nothing left aside" gone INT 2
check "terminated: nothing left aside" gone TERM 15
check "hung up: nothing left aside" gone HUP 1
check "killed: the old file is whole" stopped KILL 9

plan
