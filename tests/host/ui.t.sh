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
Xvfb -displayfd 6 -screen 0 2048x1200x24 -nolisten tcp 6>"$T/display" 2>"$T/xvfb.log" &
screen=$!
for _ in $(seq 100); do
    [ -s "$T/display" ] && break
    sleep 0.1
done
DISPLAY=:$(cat "$T/display")
export DISPLAY
echo "no weights" >"$T/broken.safetensors"
"$BUILD/tests/host/check_ui" "$BUILD/unbraid.lv2" "$T/broken.safetensors" "$BUILD/ui.ppm"
