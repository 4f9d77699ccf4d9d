# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Fill in a template of the bundle's metadata: "@include FILE [KEY=WORD]..." lines, with each
# @KEY@ in the file, "_" in words for a space, running port numbers for @INDEX@, the version,
# and what is behind "@ui " if there is a window.
#
#   awk -v version=MAJOR.MINOR.MICRO -v ui=0|1 -v dir=FOLDER -f fill.awk TEMPLATE

function put(line, words,    file, included, n, i, word, pair) {
    if (line ~ /^@ui /) {
        if (ui)
            put(substr(line, 5), words)
        return
    }
    if (line ~ /^@include /) {
        sub(/^@include /, "", line)
        file = line
        sub(/ .*/, "", file)
        words = file == line ? words : substr(line, length(file) + 2)
        file = dir "/" file
        while ((getline included < file) > 0)
            put(included, words)
        close(file)
        return
    }
    n = split(words, word, " ")
    for (i = 1; i <= n; ++i) {
        split(word[i], pair, "=")
        gsub(/_/, " ", pair[2])
        gsub("@" pair[1] "@", pair[2], line)
    }
    if (line ~ /@INDEX@/)
        sub(/@INDEX@/, ports++, line)
    gsub(/@VERSION@/, version, line)
    gsub(/@MINOR@/, number[2], line)
    gsub(/@MICRO@/, number[3], line)
    print line
}

BEGIN { split(version, number, ".") }
{ put($0, "") }
