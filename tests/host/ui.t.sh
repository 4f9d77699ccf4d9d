#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The window, on a screen that nobody sees
. tests/host/lib.sh
need Xvfb
need_window
start_screen
echo "no weights" >"$T/broken.safetensors"
"$BUILD/tests/host/check_ui" "$BUILD/unbraid.lv2" "$T/broken.safetensors" "$BUILD/ui.ppm"
