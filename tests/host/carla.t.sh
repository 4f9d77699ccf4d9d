#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Carla without a screen, where it is installed: as a client of jackd's dummy driver, with the
# plugin in its own process and in a bridge, and with Carla's own dummy driver.  CARLA_PREFIX
# says where it is installed, or which folder it was built in.
. tests/host/lib.sh
need jackd jack_wait jack_bufsize jack_freewheel ecasound python3

for prefix in ${CARLA_PREFIX:-/usr/local /usr}; do
    for folder in "$prefix/lib/carla" "$prefix/bin"; do
        [ -z "${carla:-}" ] && [ -e "$folder/libcarla_standalone2.so" ] && carla=$folder
    done
done
if [ -z "${carla:-}" ]; then
    echo "1..0 # SKIP Carla is not installed (CARLA_PREFIX says where)"
    exit 0
fi

stop() {
    kill "$jackd" 2>/dev/null
    wait 2>/dev/null
}
start_jack

# Its discovery tells of all plugins, and complains of nothing
finds() {
    "$carla/carla-discovery-native" lv2 "$T/lv2/unbraid.lv2" >"$T/found" 2>"$T/err"
    cat "$T/err"
    [ ! -s "$T/err" ] && for uri in "$URI" urn:unbraid:mono urn:unbraid:stems urn:unbraid:mixer; do
        grep -q "carla-discovery::label::.*$uri\$" "$T/found" || return 1
    done
}
check "Carla's discovery finds the plugins" finds

# carla DRIVER [bridge]: commands on standard input, see carla.py
carla() {
    (cd "$T" && timeout 180 python3 "$OLDPWD/tests/host/carla.py" "$carla" "$@") >"$T/said" 2>&1
    status=$?
    cat "$T/said"
    return $status
}
# latency SYMBOL=VALUE...: of the plugin with these settings, at 48 kHz
latency() {
    for setting; do set -- "$@" -s "$setting" && shift; done
    "$HOST" "$@" "$T/in.wav" "$T/host.wav" | awk '{ print $2 }'
}

"$WAVE" make "$T/in.wav" 48000 240000
"$BUILD/tests/host/cli_tool" model "$T/other.safetensors" 4 1 44100
studio=$(latency response=0) live=$(latency response=2) balanced=$(latency response=1)
bundle "$T/small" "$T/other.safetensors"
other=$(LV2_PATH=$T/small latency response=1)

# The ports as they are in a generic window
described() {
    carla Dummy <<EOF
add $URI
describe 0
EOF
    grep -qx 'source \[\]: 0 Vocals, 1 Drums, 2 Bass, 3 Other, 4 Blend' "$T/said" &&
        grep -qx 'gain \[dB\]: ' "$T/said" && grep -qx 'latency \[frames\]: ' "$T/said"
}
check "Carla names settings and units" described

# The player's own sound is recorded beside the plugin's; long blocks, so that none is dropped
cat >"$T/play" <<EOF
rm -f out.wav ref.wav
ecasound -q -D -f:f32_le,2,48000 -b:4096 -G:jack,player,notransport -z:db,100000 \\
    -a:play -i in.wav -o "jack_multi,Unbraid:In left,Unbraid:In right" \\
    -a:record -i "jack_multi,Unbraid:Out left,Unbraid:Out right" -o out.wav \\
    -a:beside -i jack_multi,player:out_1,player:out_2 -o ref.wav -t:5
EOF
plays() {
    carla JACK "$@" <<EOF
shell jack_bufsize 4096 2>/dev/null
add $URI
set 0 amount 0
active 0 1
lags 0 $studio
shell sh ./play
shell jack_bufsize 1024 2>/dev/null
EOF
    same "$T/ref.wav" "$T/out.wav" "$studio" 1e-5 && awk '{ exit !($4 > 0.1) }' "$T/same"
}
# The model's latency tells which one plays
keeps() {
    rm -rf "$T/project" && mkdir "$T/project" && carla JACK "$@" <<EOF
add $URI
active 0 1
model 0 $T/other.safetensors
set 0 source 3
set 0 mode 1
set 0 amount 0.25
set 0 gain -6
set 0 blend_bass 0.5
set 0 response 1
lags 0 $other
save $T/project/kept.carxp
load $T/project/kept.carxp
until 0 source 3
until 0 mode 1
until 0 amount 0.25
until 0 gain -6
until 0 blend_bass 0.5
until 0 response 1
idle 1
lags 0 $other
model 0 $T/lv2/unbraid.lv2/default.safetensors
lags 0 $balanced
save $T/project/kept.carxp
load $T/project/kept.carxp
idle 1
lags 0 $balanced
EOF
}
comes_and_goes() {
    carla JACK "$@" <<EOF
add $URI
add urn:unbraid:stems
active 0 1
active 1 1
program 0 Drums alone, live
until 0 source 1
until 0 response 2
lags 0 $live
lags 1 $studio
active 1 0
remove 0
active 0 1
add urn:unbraid:mono
active 1 1
clone 1
lags 2 $studio
until 2 status 1
remove 1
remove 0
add urn:unbraid:mixer
active 1 1
program 1 Karaoke
until 1 vocals_mute 1
lags 1 $studio
EOF
}
for how in '' bridge; do
    where=${how:+, in a bridge}
    # shellcheck disable=SC2086 # none or one
    check "sound comes back at the latency$where" tries 3 plays $how
    # shellcheck disable=SC2086
    check "a project keeps the model and the ports$where" keeps $how
    # shellcheck disable=SC2086
    check "plugins come and go while others play$where" comes_and_goes $how
done

# Long blocks make Live's deadline, of 3 frames, one of 9
changes() {
    carla JACK <<EOF
add $URI
active 0 1
set 0 response 2
lags 0 $live
shell jack_bufsize 4096 2>/dev/null
lags 0 $((live + 6 * 5573 / 10 + 1))
shell jack_bufsize 1024 2>/dev/null
lags 0 $live
shell jack_freewheel y
until 0 freewheel 1
shell jack_freewheel n
until 0 freewheel 0
EOF
}
check "it follows the buffer size, and is told of freewheeling" changes
plan
