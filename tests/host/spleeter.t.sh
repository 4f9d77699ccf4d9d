#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Spleeter's two-stem weights against its own figures, where 'make models' has put them.
# PYTHON names an interpreter that has what this needs.
python=${PYTHON:-python3}
model=${SPLEETER:-${XDG_DATA_HOME:-$HOME/.local/share}/unbraid/models/spleeter-2stems.safetensors}
if ! "$python" -c 'import numpy, soundfile' 2>/dev/null; then
    echo "1..0 # SKIP $python has no numpy and soundfile"
elif [ ! -f "$model" ]; then
    echo "1..0 # SKIP $model is not there ('make models' fetches it)"
else
    exec "$python" -B tests/golden/check_spleeter.py "${BUILD:-build}/tests/host/cli_masks" "$model"
fi
