#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Another model while the plugin plays, and in a session.
. tests/host/lib.sh
thin_bundle
"$BUILD/tests/host/cli_tool" model "$T/other.safetensors" 4 1 44100
head -c 100000 /dev/urandom >"$T/broken.safetensors"
"$BUILD/tests/host/check_model" "$T/other.safetensors" "$T/broken.safetensors"
