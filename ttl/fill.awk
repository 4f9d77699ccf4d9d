# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Fill in a template of the bundle's metadata: "@include FILE" lines, running
# port numbers for @INDEX@, the version, and what is behind "@ui " if there is a window.
#
#   awk -v version=MAJOR.MINOR.MICRO -v ui=0|1 -v dir=FOLDER -f fill.awk TEMPLATE

function put(line,    file, included) {
    if (line ~ /^@ui /) {
        if (ui)
            put(substr(line, 5))
        return
    }
    if (line ~ /^@include /) {
        file = dir "/" substr(line, 10)
        while ((getline included < file) > 0)
            put(included)
        close(file)
        return
    }
    if (line ~ /@INDEX@/)
        sub(/@INDEX@/, ports++, line)
    gsub(/@VERSION@/, version, line)
    gsub(/@MINOR@/, number[2], line)
    gsub(/@MICRO@/, number[3], line)
    print line
}

BEGIN { split(version, number, ".") }
{ put($0) }
