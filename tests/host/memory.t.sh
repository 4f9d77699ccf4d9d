#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Page faults in run(). Whatever is larger than a page comes from the system, as it does at times.
. tests/host/lib.sh
thin_bundle
"$BUILD/tests/host/cli_tool" model "$T/other.safetensors" 4 2 22050
MALLOC_MMAP_THRESHOLD_=4096 "$BUILD/tests/host/check_memory" "$T/other.safetensors"
