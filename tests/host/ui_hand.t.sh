#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The window by itself: what a hand does in it; and the same under valgrind, which finds no
# access out of bounds and no leak of ours
. tests/host/lib.sh
need Xvfb
need_window

hand() { "$@" "$BUILD/tests/host/check_ui_hand" "$BUILD/unbraid.lv2"; }

check "an X server starts" start_screen
check "the window does what a hand asks" hand env
if command -v valgrind >/dev/null; then
    check "valgrind has nothing to say" hand valgrind -q --error-exitcode=9 \
        --suppressions=tests/host/ui_hand.supp --leak-check=full --show-leak-kinds=definite \
        --errors-for-leak-kinds=definite
else
    skip "valgrind has nothing to say" "valgrind is not installed"
fi
plan
