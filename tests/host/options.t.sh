#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
. tests/host/lib.sh
bundle "$T/app" "$BUILD/unbraid.lv2/default.safetensors"
export LV2_PATH="$T/app"
"$BUILD/tests/host/check_options" "$T/app/unbraid.lv2/default.safetensors"
