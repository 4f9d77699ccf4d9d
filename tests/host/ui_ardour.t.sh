#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The window in Ardour, on a screen that nobody sees: a button and a slider, another size, and keys
# that are Ardour's.  Ardour itself may ask or fail here; then nothing is said of the plugin.
. tests/host/lib.sh
for version in 9 8 7 6; do
    command -v ardour$version-lua >/dev/null && break
done
need Xvfb xdotool ardour ardour$version-lua
need_window

ardour=''
stop() {
    # shellcheck disable=SC2086 # none, one or two numbers
    kill -9 $ardour $screen 2>/dev/null
    wait 2>/dev/null
}
places=$BUILD/tests/host/window_places
session=$T/session/mix.ardour
mkdir -p "$T/home" "$T/config/ardour$version"
export HOME="$T/home" XDG_CONFIG_HOME="$T/config" LV2_PATH="$T/lv2" NO_AT_BRIDGE=1

# A session with the window open, for an Ardour that was used before and has no sound card
makes() {
    rm -rf "$T/session" # of a try before
    "$WAVE" make "$T/in.wav" 48000 288000
    timeout 120 ardour$version-lua tests/host/ardour_session.lua "$T/session" "$T/in.wav" "$URI" \
        amount 0:1
    route=$(sed -n 's/.*<Route .*id="\([0-9]*\)".* name="track".*/\1/p' "$session")
    processor=$(sed -n 's/.*<Processor id="\([0-9]*\)" name="Unbraid".*/\1/p' "$session")
    sed -i "s|^</Session>|<Extra><UI><Window name=\"P-$route-$processor\" visible=\"1\" \
custom-ui=\"1\" x-off=\"300\" y-off=\"100\" x-size=\"860\" y-size=\"554\"/></UI></Extra></Session>|" "$session"
    touch "$T/config/ardour$version/.a$version"
    cat >"$T/config/ardour$version/config" <<XML
<Ardour><Config><Option name="try-autostart-engine" value="1"/>
<Option name="hide-dummy-backend" value="0"/></Config>
<Extra><AudioMIDISetup><EngineStates><State backend="None (Dummy)" driver="Normal Speed"
device="Silence" input-device="" output-device="" sample-rate="48000" buffer-size="1024"
n-periods="0" input-latency="0" output-latency="0" input-channels="2" output-channels="2"
lm-input="" lm-output="" active="1" use-buffered-io="0" midi-option="1 in, 1 out, Silence"
lru="1700000000"><MIDIDevices/></State></EngineStates></AudioMIDISetup></Extra></Ardour>
XML
    [ -n "$route" ] && [ -n "$processor" ]
}
# until COMMAND...: it succeeds within some time
until_it() {
    for _ in $(seq 100); do
        "$@" && return 0
        sleep 0.2
    done
    return 1
}
look() { "$places" "$URI" 3 >"$T/places" 2>/dev/null; }
point() { # KIND SYMBOL VALUE ALONG
    look
    # shellcheck disable=SC2046 # two numbers
    xdotool mousemove $(awk -v kind="$1" -v symbol="$2" -v value="$3" -v along="$4" \
        '$1 == kind && $2 == symbol && $3 == value {
            printf "%d %d\n", $4 + along * $6, $5 + $7 / 2; exit }' "$T/places")
}
kept() { grep -q "<Controllable name=\"$1\" .*value=\"$2\"" "$session"; }
sized() { look && grep -q "^window [0-9]* $1 " "$T/places"; }

check "an X server starts" start_screen
check "a session is made" tries 3 makes
ardour --no-splash --no-announcements "$session" >"$T/ardour.log" 2>&1 &
ardour=$!
if ! { until_it look || until_it look || until_it look; }; then
    skip "Ardour shows the window" "no window came: $(tail -n 1 "$T/ardour.log")"
    plan
    exit 0
fi
pass "Ardour shows the window"
sleep 3 # it is still at work on its own

works() {
    point choice source 1 0.5 && xdotool click 1 && sleep 1 && point slider gain 0 0.3 &&
        xdotool mousedown 1 && xdotool mousemove_relative 2000 0 && sleep 0.3 && xdotool mouseup 1 &&
        sleep 1 && xdotool key ctrl+s && until_it kept Source 1 && kept Gain 12
}
check "a button and a slider, kept by a key that is Ardour's" works
size() { # ROW of the list of sizes
    point size - 0 0.5 && xdotool click 1 && sleep 0.5 && point sizes - "$1" 0.5 && xdotool click 1
}
grows() { size 4 && until_it sized 1290 && sleep 2 && sized 1290; }
check "it has room for another size" grows
shrinks() { size 2 && until_it sized 860 && sleep 2 && sized 860; }
check "and for a smaller one again" shrinks
plan
