#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# ffmpeg's lv2 filter on a file.  It does not compensate latency.
. tests/host/lib.sh
need ffmpeg
ffmpeg -hide_banner -filters 2>/dev/null | grep -q ' lv2 ' || {
    echo "1..0 # SKIP ffmpeg is built without its lv2 filter"
    exit 0
}

thin_bundle
"$WAVE" make "$T/in.wav" 48000 240000
latency=$("$HOST" -s amount=0 "$T/in.wav" "$T/host.wav" | awk '{ print $2 }')
filter() {
    ffmpeg -nostdin -loglevel error -y -i "$T/in.wav" -af "lv2=p=urn\\\\:unbraid\\\\:$1:c=$2" \
        -c:a pcm_f32le "$T/out.wav"
}
delayed() { filter stereo "amount=0" && same "$T/in.wav" "$T/out.wav" "$latency" 1e-5; }
check "the mix comes back late by the latency" delayed
# ffmpeg never says that it is not in real time, and still no mask is missed
separated() {
    filter stereo "source=1" && "$HOST" -s source=1 "$T/in.wav" "$T/host.wav" &&
        same "$T/host.wav" "$T/out.wav" 0 1e-5
}
check "a source is the same as in the test host" separated
plan
