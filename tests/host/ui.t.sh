#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The window, on a screen that nobody sees
. tests/host/lib.sh
need Xvfb
if [ ! -f "$BUILD/unbraid.lv2/unbraid_ui.so" ]; then
    echo "1..0 # SKIP built without the window"
    exit 0
fi

screen=''
stop() {
    [ -z "$screen" ] || kill "$screen" 2>/dev/null
    wait 2>/dev/null
}
start_screen
echo "no weights" >"$T/broken.safetensors"
"$BUILD/tests/host/check_ui" "$BUILD/unbraid.lv2" "$T/broken.safetensors" "$BUILD/ui.ppm"
