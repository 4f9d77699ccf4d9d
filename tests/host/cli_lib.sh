# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# For tests of the command line: the program on the path, small models, and a
# folder to work in.

# shellcheck shell=sh
. tests/host/lib.sh
PATH=$BUILD:$BUILD/tests/host:$PATH
unset UNBRAID_BACKEND
mkdir "$T/work" && cd "$T/work" || exit 1
cli_tool model "$T/model" 4 2 44100
cli_tool model "$T/small" 2 2 8000
export UNBRAID_MODEL="$T/model" XDG_DATA_HOME="$T/data"

# status N COMMAND...: ends with status N; what it said is in "$T/out" and "$T/err"
status() {
    wanted=$1 got=0
    shift
    "$@" >"$T/out" 2>"$T/err" || got=$?
    cat "$T/err"
    echo "status $got, wanted $wanted"
    [ "$got" = "$wanted" ]
}

# says TEXT: standard error was one line, an error of the program's that holds TEXT
says() {
    [ "$(wc -l <"$T/err")" = 1 ] && grep -q "^unbraid: .*$1" "$T/err"
}

# refuse N TEXT COMMAND...: status N and one line with TEXT, and no file made
refuse() {
    number=$1 text=$2
    shift 2
    find . >"$T/before"
    status "$number" "$@" && says "$text" && find . | diff "$T/before" -
}

# files DIR NAME...: these are there and no others, hidden ones too
files() {
    (cd "$1" && find . -type f | sed 's,^./,,' | sort) >"$T/have"
    shift
    printf '%s\n' "$@" | sort | diff - "$T/have"
}
