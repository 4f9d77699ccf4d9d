#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The house is as model/README.md says: a room includes nothing above it; and one style.
. tests/host/lib.sh

# Each room, and what it may include beside itself, by how the path begins
cat >"$T/rooms" <<'EOF2'
dsp/
model/file/
model/import/      model/file/
model/network/     model/file/
model/conv/        model/file/ model/network/
model/backend/     model/file/ model/network/ model/conv/ model/cuda/abi.h dsp/memory.h
model/engine/      model/file/ model/network/ model/backend/ dsp/
model/cuda/        model/file/half.h dsp/clock.h
gui/               dsp/tap.h
plugin/            dsp/ model/
plugin/shell/      dsp/ model/ plugin/stream.h plugin/models.h gui/report.h gui/controls.h
plugin/lv2/        plugin/shell/ gui/report.h
plugin/lv2/ui/     plugin/shell/ plugin/lv2/ gui/ plugin/models.h
plugin/cli/        dsp/ model/ plugin/stream.h plugin/models.h
EOF2

# Includes that lead where the file's room, the longest that its path begins with, may not
strays() {
    grep -rn '^#include "' dsp model gui plugin --include='*.[ch]' --include='*.cu' |
        awk -F'"' '
            FNR == NR { n = split($0, word, " "); may[word[1]] = $0; next }
            { room = ""
              for (r in may) if (index($1, r) == 1 && length(r) > length(room)) room = r
              n = split(may[room], begin, " "); fine = 0
              for (i = 1; i <= n; ++i) if (index($2, begin[i]) == 1) fine = 1
              if (!fine) { bad = 1; print $1 $2 } }
            END { exit bad }' "$T/rooms" -
}

# Includes of LV2's headers where no format should be known
no_lv2() {
    ! grep -rn '^#include <lv2/' dsp model plugin --include='*.[ch]' | grep -v '^plugin/lv2/'
}

formatted() {
    git ls-files '*.[ch]' '*.cu' | xargs "$format" --dry-run -Werror
}

# The page on it names no file that is gone
paged() {
    [ "$(wc -l <model/README.md)" -le 60 ] && grep -o '`[a-z0-9_/]*/[a-z0-9_]*\.[ch]`' model/README.md | tr -d '`' |
        while read -r file; do
            [ -f "$file" ] || [ -f "model/$file" ] || { echo "$file"; false; } || exit 1
        done
}

check "a room includes nothing above it" strays
check "model/README.md is of this house" paged
check "plugin/lv2 alone knows LV2" no_lv2
format=$(command -v clang-format-14 || command -v clang-format || true)
case $("${format:-false}" --version 2>/dev/null) in
*'version 14.'*) check "files are formatted" formatted ;;
*) skip "files are formatted" "clang-format 14 is not installed" ;;
esac
plan
