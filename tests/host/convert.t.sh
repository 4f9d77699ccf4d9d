#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The converters of other people's checkpoints. PYTHON names an interpreter
# that has what they need.
python=${PYTHON:-python3}
if ! "$python" -c 'import h5py, numpy, torch' 2>/dev/null; then
    echo "1..0 # SKIP $python has no h5py, numpy and torch"
    exit 0
fi
exec "$python" -B tests/golden/check_convert.py "${BUILD:-build}/tests/host/cli_masks"
