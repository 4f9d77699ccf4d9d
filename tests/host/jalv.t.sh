#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# In real time: jalv under jackd's dummy driver, played to and recorded by
# ecasound.  Late frames and dropouts are the machine's affair and only reported.
. tests/host/lib.sh
need jackd jalv ecasound jack_wait jack_lsp

jackd='' jalv=''
stop() {
    exec 7>&-
    # shellcheck disable=SC2086 # none, one or two numbers
    kill $jalv $jackd 2>/dev/null
    wait 2>/dev/null
}

"$WAVE" make "$T/in.wav" 48000 384000
mkfifo "$T/fifo"
start_jack

# jalv takes commands on standard input, and ends at its end
stdbuf -oL jalv -n unbraid -c source=1 "$URI" <"$T/fifo" >"$T/jalv.log" 2>&1 &
jalv=$!
exec 7>"$T/fifo"
loads() {
    for _ in $(seq 100); do
        [ "$(jack_lsp 2>/dev/null | grep -c '^unbraid:\(in\|out\)_')" = 4 ] && return 0
        sleep 0.1
    done
    cat "$T/jalv.log"
    return 1
}
check "jalv loads the plugin" loads

runs() {
    ecasound -q -D -f:f32_le,2,48000 -b:1024 -G:jack,player,notransport -z:db,100000 \
        -a:play -i "$T/in.wav" -o jack_multi,unbraid:in_left,unbraid:in_right \
        -a:record -i jack_multi,unbraid:out_left,unbraid:out_right -o "$T/out.wav" -t:8 || return 1
    "$WAVE" compare "$T/out.wav" "$T/out.wav" | tee "$T/level"
    awk '{ exit !($1 > 300000 && $3 == 0 && $4 > 0.01) }' "$T/level"
}
check "it plays for eight seconds" runs
echo monitors >&7
sleep 0.5
sed -n 's/^\(> \)*\([A-Za-z_ ]* = [0-9.]*\)$/# \2/p' "$T/jalv.log" | tail -n 3
echo "# dropouts: $(grep -c XRun "$T/jackd.log")"

unloads() {
    exec 7>&- # jalv quits at the end of its input
    for _ in $(seq 100); do
        kill -0 "$jalv" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$jalv" 2>/dev/null && return 1
    wait "$jalv"
}
check "jalv unloads it" unloads
plan
