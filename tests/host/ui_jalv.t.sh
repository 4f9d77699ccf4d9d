#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The window in a real host, jalv.gtk3 with suil: every control is worked with a mouse and keys,
# and what the plugin's ports are given is looked at.
. tests/host/lib.sh
need Xvfb jackd jack_wait jalv.gtk3 xdotool
need_window

jackd='' jalv=''
stop() {
    # shellcheck disable=SC2086 # none to three numbers
    kill $jalv $jackd $screen 2>/dev/null
    wait 2>/dev/null
}
places=$BUILD/tests/host/window_places

# The plugins' bundle, with a library that listens before theirs
mkdir -p "$T/heard.lv2/unbraid.lv2" "$T/home" "$T/config" "$T/data"
ln -s "$BUILD"/unbraid.lv2/* "$T/heard.lv2/unbraid.lv2/"
ln -sf "$BUILD/tests/host/overhear.so" "$T/heard.lv2/unbraid.lv2/unbraid.so"
ln -s "$BUILD/unbraid.lv2/light.safetensors" "$T/home/mine.safetensors"
echo "no weights" >"$T/home/broken.safetensors"
export LV2_PATH="$T/heard.lv2" HOME="$T/home" XDG_DATA_HOME="$T/data" XDG_CONFIG_HOME="$T/config" \
    NO_AT_BRIDGE=1 GSETTINGS_BACKEND=memory \
    UB_OVERHEAR_REAL="$BUILD/unbraid.lv2/unbraid.so" UB_OVERHEAR_LOG="$T/heard"

# opens URI: jalv has the plugin's window, and $T/places what lies where in it
opens() {
    uri=$1
    rm -f "$T/heard"
    jalv.gtk3 "$uri" >"$T/jalv.log" 2>&1 &
    jalv=$!
    for _ in $(seq 200); do
        cp "$T/places" "$T/before" 2>/dev/null
        look 3 && [ -s "$T/heard" ] &&
            cmp -s "$T/before" "$T/places" && return 0 # it stands still
        sleep 0.1
    done
    tail -n 20 "$T/jalv.log"
    return 1
}
closes() {
    kill "$jalv"
    wait "$jalv" 2>/dev/null
    jalv=''
}

# point KIND SYMBOL VALUE ALONG DOWN: the pointer to that share of a thing's width and height
point() {
    # shellcheck disable=SC2046 # two numbers
    set -- $(awk -v kind="$1" -v symbol="$2" -v value="$3" -v along="$4" -v down="$5" \
        '$1 == kind && $2 == symbol && $3 == value {
            printf "%d %d\n", $4 + along * $6, $5 + down * $7
        }' "$T/places")
    [ $# = 2 ] || return 1
    marked=$(wc -l <"$T/heard")
    xdotool mousemove "$1" "$2"
}
keys() {
    marked=$(wc -l <"$T/heard")
    xdotool key "$@"
}
# told SYMBOL CONDITION: the plugin is given a value v of which that is true, and no other after it
told() {
    for _ in $(seq 100); do
        tail -n +$((marked + 1)) "$T/heard" | awk -v symbol="$1" '$1 == symbol { v = $2; n = 1 }
            END { exit !(n && '"$2"') }' && return 0
        sleep 0.05
    done
    echo "$1: expected $2, the plugin was told:"
    tail -n +$((marked + 1)) "$T/heard"
    return 1
}

# Everything of a kind, with FUNCTION VALUE SYMBOL MIN MAX DEFAULT
each() { # KIND FUNCTION
    awk -v kind="$1" '$1 == kind { print $3, $2, $8, $9, $10 }' "$T/places" >"$T/each"
    while read -r value symbol min max def; do
        "$2" "$value" "$symbol" "$min" "$max" "$def" <"/dev/null" || return 1
    done <"$T/each"
}

# Each of its buttons but the one that is chosen already, and then that
choose_other() { [ "$1" = "$5" ] || choose "$@"; }
choose_default() { [ "$1" != "$5" ] || choose "$@"; }
choose() { point choice "$2" "$1" 0.5 0.5 && xdotool click 1 && told "$2" "v == $1"; }
choices() { each choice choose_other && each choice choose_default; }

turn_switch() {
    point switch "$2" 0 0.5 0.5 && xdotool click 1 && told "$2" "v == $((1 - $5))" &&
        point switch "$2" 0 0.5 0.5 && xdotool click 1 && told "$2" "v == $5"
}

# The wheel, a drag as far as it goes, the wheel back, and the other button, which resets
turn() { # KIND X Y BACK SYMBOL MIN MAX DEFAULT END
    away=$(awk -v min="$6" -v def="$8" 'BEGIN { print (def > min ? "5 <" : "4 >") }')
    point "$1" "$5" 0 0.3 0.5 && xdotool click "${away% *}" && told "$5" "v ${away#* } $8" &&
        point "$1" "$5" 0 0.3 0.5 && xdotool mousedown 1 mousemove "$2" "$3" mouseup 1 &&
        told "$5" "v == $9" &&
        point "$1" "$5" 0 0.3 0.5 && xdotool click "$4" && told "$5" "v != $9" &&
        point "$1" "$5" 0 0.3 0.5 && xdotool click 3 && told "$5" "v == $8"
}
turn_slider() { turn slider 2047 0 5 "$2" "$3" "$4" "$5" "$4"; }
turn_fader() { turn fader 0 1199 4 "$2" "$3" "$4" "$5" "$3"; }

# All that a slider or fader can do else.  A second press within a third of a second is a double
# click
pause() { sleep 0.4; }
gestures() { # KIND SYMBOL MIN MAX DEFAULT TYPED VALUE
    xdotool keyup shift
    point "$1" "$2" 0 0.3 0.5 && xdotool click --repeat 2 --delay 60 1 || return 1
    keys Home && told "$2" "v == $3" && keys Up && told "$2" "v > $3 && v < $3 + ($4 - $3) / 10" &&
        keys Next && keys End && told "$2" "v == $4" && keys Delete && told "$2" "v == $5" || return 1
    pause
    keys Home && told "$2" "v == $3" && point "$1" "$2" 0 0.3 0.5 &&
        xdotool keydown shift mousedown 1 && xdotool mousemove_relative -- 40 -40 &&
        told "$2" "v > $3 && v < $3 + ($4 - $3) / 10" && xdotool mouseup 1 keyup shift || return 1
    pause
    point "$1" "$2" 0 0.3 0.5 && xdotool click --repeat 2 --delay 60 1 && told "$2" "v == $5" || return 1
    pause
    point "$1" "$2" 0 0.95 0.5 && xdotool click 1 && xdotool type -- "$6" && keys Return && told "$2" "v == $7" &&
        point "$1" "$2" 0 0.3 0.5 && xdotool click 3 && told "$2" "v == $5"
}

# seen KIND MORE: whether what is amiss is said there, with the pointer elsewhere
seen() {
    # shellcheck disable=SC2046 # four numbers
    set -- "$2" $(awk -v kind="$1" '$1 == kind { print $4, $5, $6, $7; exit }' "$T/places")
    xdotool mousemove 2000 1100
    for _ in $(seq 400); do # a model takes its time
        [ "$("$places" see "$2" "$3" "$4" "$5")" "$1" 0 ] && return 0
        sleep 0.05
    done
    return 1
}
counts_anew() { seen late -gt && point late - 0 0.5 0.5 && xdotool click 1 && seen late -eq; }
freezes() {
    seen picture -eq && point picture - 0 0.5 0.5 && xdotool click 1 && seen picture -gt &&
        point picture - 0 0.5 0.5 && xdotool click 1 && seen picture -eq
}

# look ROWS: $T/places, with as many rows in the list of models
look() { "$places" "$uri" "$1" >"$T/places" 2>/dev/null; }
# pick LIST ROW, and what the list of models does with the bundle's two, and a way to any other file
pick() { point "$1" - 0 0.5 0.5 && xdotool click 1 && pick_row "$2" "$3"; }
pick_row() { point "$1" - "$2" 0.5 0.5 && xdotool click 1; }
picks() { pick model row 1 && told model 'v ~ /light.safetensors$/' && pick model row 0 && told model 'v == ""'; }
# The folder above, and a file that is a model, and one that is not
opens_file() {
    pick model row 2 && look 3 && pick_row row 2 && told model 'v ~ /mine.safetensors$/' &&
        seen status -eq && pick model row 2 && pick_row row 1 &&
        told model 'v ~ /broken.safetensors$/' && seen status -gt &&
        pick model row 0 && told model 'v == ""' && seen status -eq
}

# Tab goes on, and back with shift
tabs() {
    point slider amount 0 0.3 0.5 && xdotool click 1 && keys Tab Home && told strength 'v == 0.5' &&
        keys shift+Tab Home && told amount 'v == 0' && keys Delete Tab Delete && told strength 'v == 1'
}
# The wheel over buttons
wheels() {
    point choice response 0 0.5 0.5 && xdotool click 5 && told response 'v == 1' &&
        xdotool click 4 && told response 'v == 0'
}

# A size of the list, which the plugin keeps, is the one that the window has then
resizes() {
    pick size sizes 5 && told scale 'v == 2' || return 1
    for _ in $(seq 100); do
        look 3 && grep -q '^window [0-9]* 1720 1040 2$' "$T/places" && break
        sleep 0.05
    done
    sleep 2 # the window around it comes after
    grep -q '^window [0-9]* 1720 1040 2$' "$T/places" && point choice source 1 0.5 0.5 &&
        xdotool click 1 && told source 'v == 1'
}

check "an X server starts" start_screen
start_jack
for plugin in stereo stems mixer; do
    check "jalv shows the window of Unbraid $plugin" opens "urn:unbraid:$plugin"
    [ -s "$T/heard" ] || continue
    check "$plugin: every choice" choices
    check "$plugin: every switch" each switch turn_switch
    check "$plugin: every slider, by wheel, drag and the other button" each slider turn_slider
    check "$plugin: strength by keys, shift, double click and typing" \
        gestures slider strength 0.5 3 1 1,5 1.5
    check "$plugin: late masks are counted anew" counts_anew
    check "$plugin: the picture is held and goes on" freezes
    check "$plugin: a model of the list" picks
    case $plugin in
    stereo)
        check "the wheel over buttons" wheels
        check "Tab" tabs
        check "a file that is chosen, and one that is refused" opens_file
        check "another size" resizes
        ;;
    mixer)
        check "mixer: every fader" each fader turn_fader
        check "mixer: a fader by keys, shift, double click and typing" \
            gestures fader vocals_gain -60 12 0 -3,5 -3.5
        ;;
    esac
    closes
done
plan
