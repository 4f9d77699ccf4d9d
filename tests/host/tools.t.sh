#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The bundle under lilv's and LV2's own tools.
. tests/host/lib.sh
bundle=$BUILD/unbraid.lv2

exports() {
    nm -D --defined-only "$bundle/unbraid.so" | awk '{ print $3 }' | sort >"$T/exports"
    cat "$T/exports"
    [ "$(cat "$T/exports")" = lv2_descriptor ]
}
check "the plugin exports lv2_descriptor alone" exports

if command -v lv2_validate >/dev/null; then
    # Its status is 0 whatever it finds
    valid() { lv2_validate "$bundle"/*.ttl 2>&1 | tee "$T/valid" && grep -q '^Found 0 errors' "$T/valid"; }
    check "lv2_validate finds nothing wrong" valid
else
    skip "lv2_validate" "not installed"
fi

if ! command -v lv2ls >/dev/null; then
    skip "lv2ls, lv2info, lv2apply, lv2bench" "lilv-utils is not installed"
    plan
    exit 0
fi

"$WAVE" make "$T/in.wav" 44100 60000
"$WAVE" make "$T/mono.wav" 44100 60000 1
lists() { lv2ls | tee "$T/ls" | grep -qx "$1"; }
clean_info() { lv2info "$1" >"$T/info" 2>"$T/err" && grep -q 'Has latency: *yes' "$T/info" && [ ! -s "$T/err" ]; }
benches() { lv2bench -n 20000 -b 512 "$1" 2>&1 | tee "$T/bench" && grep -q "$1" "$T/bench"; }
applies() { lv2apply -i "$2" -o "$T/out.wav" -c enabled 0 "$1" && same "$2" "$T/out.wav" "$latency" 1e-5; }

for uri in "$URI" urn:unbraid:mono urn:unbraid:stems urn:unbraid:mixer; do
    check "lv2ls lists $uri" lists "$uri"
    check "lv2info describes $uri without a complaint" clean_info "$uri"
    check "lv2bench runs $uri" benches "$uri"
done
latency=$("$HOST" -s amount=0 "$T/in.wav" "$T/host.wav" | awk '{ print $2 }')
check "lv2apply runs $URI" applies "$URI" "$T/in.wav"
check "lv2apply runs urn:unbraid:mono" applies urn:unbraid:mono "$T/mono.wav"
check "lv2apply runs urn:unbraid:mixer" applies urn:unbraid:mixer "$T/in.wav"
plan
