# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""The demo song "Strand by Strand": key of G, 104 beats a minute, fifteen bars.

Words, melody and chords are the project's own. Every part is a list of MIDI notes
(start beat, beats, key, velocity); the voice is a list of sung syllables.
"""
import struct

TEMPO = 104.0
BEAT = 60.0 / TEMPO
BARS = 15
INTRO, VERSE, LIFT, CHORUS, TAG, LAST = 0, 2, 6, 8, 12, 14

# bass note and upper notes of each bar's chord
CHORDS = [(43, (59, 62, 67, 69)), (36, (60, 64, 67, 74)),                            # intro
          (43, (59, 62, 67, 71)), (42, (57, 62, 66, 69)),                            # verse
          (40, (59, 62, 64, 67)), (36, (60, 64, 67, 71)),
          (45, (60, 64, 67, 69)), (38, (62, 66, 67, 69)),                            # lift
          (36, (60, 64, 67, 72)), (38, (62, 66, 69, 74)),                            # chorus
          (43, (62, 67, 71, 74)), (40, (59, 64, 67, 71)),
          (36, (60, 64, 67, 72)), (38, (57, 62, 67, 69)), (43, (59, 62, 67, 74))]    # tag

# bar, phones of one syllable, (beat, beats, key) of its notes
WORDS = [
    (2, "f ao r", (0, 1, 59)), (2, "th r eh d z", (1, 1, 62)), (2, "ah v", (2, .5, 59)),
    (2, "s aw n d", (2.5, 1, 57)), (2, "ih n", (3.5, .5, 55)),
    (3, "w ah n", (0, 1, 57)), (3, "l ao ng", (1, 1, 54)), (3, "l ay n", (2, 1.5, 57)),
    (4, "ae n d", (.5, .5, 55)), (4, "w ah n", (1, 1, 55)), (4, "ah v", (2, .5, 55)),
    (4, "dh eh m", (2.5, 1, 57)), (4, "ih z", (3.5, .5, 59)),
    (5, "m ay n", (0, 1, 62), (1, .5, 60), (1.5, 1.5, 59)),
    (6, "p uh l", (0, 1, 60)), (6, "w ah n", (1, .5, 60)), (6, "l uw s", (1.5, 1.5, 64)),
    (6, "l eh t", (3, .5, 62)), (6, "ih t", (3.5, .5, 60)),
    (7, "ao l", (0, 1, 57)), (7, "k ah m", (1, 1, 59)), (7, "k l ih r", (2, 1.75, 62)),
    (8, "ah n", (0, .5, 62)), (8, "b r ey d", (.5, 1.5, 64)), (8, "dh ax", (2, .5, 62)),
    (8, "m y uw", (2.5, .5, 64)), (8, "z ih k", (3, 1, 62)),
    (9, "s t r ae n d", (0, 1, 66)), (9, "b ay", (1, .5, 64)), (9, "s t r ae n d", (1.5, 2, 62)),
    (10, "ah n", (0, .5, 62)), (10, "b r ey d", (.5, 1.5, 67)), (10, "dh ax", (2, .5, 66)),
    (10, "m y uw", (2.5, .5, 64)), (10, "z ih k", (3, 1, 62)),
    (11, "hh ih r", (0, .5, 64)), (11, "ih n", (.5, .5, 62)), (11, "m ay", (1, .5, 59)),
    (11, "hh ae n d", (1.5, 2, 62)),
    (12, "ah n", (0, .5, 64)), (12, "b r ey d", (.5, 1.5, 64)), (12, "dh ax", (2, .5, 62)),
    (12, "m y uw", (2.5, .5, 60)), (12, "z ih k", (3, 1, 57)),
    (13, "l eh t", (.5, .5, 57)), (13, "ih t", (1, 1, 59)),
    (13, "r ih ng", (2, 2, 57), (4, 3, 55)),
]

SCALE = [k for k in range(30, 90) if k % 12 in (0, 2, 4, 6, 7, 9, 11)]    # G major


def lead(first=0, last=BARS, degrees=0, late=0.0):
    """Sung syllables of bars first..last, moved by scale degrees and `late` seconds."""
    move = lambda key: SCALE[SCALE.index(key) + degrees]
    return [(phones.split(), [((bar * 4 + b) * BEAT + late, d * BEAT, move(k))
                              for b, d, k in notes])
            for bar, phones, *notes in WORDS if first <= bar < last]


def drums():
    kick, snare, stick, hat, open_hat, crash, ride, shaker = 36, 38, 37, 42, 46, 49, 51, 70
    notes = []
    hit = lambda bar, beat, key, vel: notes.append((bar * 4 + beat, .2, key, vel))
    for bar in range(BARS - 1):
        chorus, lift = bar >= CHORUS, LIFT <= bar < CHORUS
        if bar == 0:
            for eighth in range(8):
                hit(bar, eighth / 2, hat, 74 if eighth % 2 == 0 else 52)
            continue
        kicks = (0, 1.5, 2, 2.75) if chorus else (0, 2, 2.5) if not lift else (0,)
        for beat in kicks:
            hit(bar, beat, kick, 112 if beat in (0, 2) else 92)
        if lift:
            hit(bar, 2, snare, 104)
        else:
            for beat in (1, 3):
                hit(bar, beat, snare if bar >= VERSE else stick, 112 if chorus else 100)
            hit(bar, 3.75, snare, 36)
        for eighth in range(8):
            key = ride if chorus else hat
            if eighth == 7 and bar % 2 == 1 and not lift:
                key = open_hat
            hit(bar, eighth / 2, key, (84 if eighth % 2 == 0 else 60) + (8 if chorus else 0))
        if chorus or lift:
            for sixteenth in range(16):
                hit(bar, sixteenth / 4, shaker, 58 if sixteenth % 4 == 2 else 38)
    for bar in (VERSE, CHORUS, TAG):
        hit(bar, 0, crash, 104)
    for i, key in enumerate((38, 38, 48, 48, 45, 45, 41, 41)):           # fill into the chorus
        hit(CHORUS - 1, 2 + i / 4, key, 88 + 4 * i)
    for i, key in enumerate((48, 45, 41)):                               # and into the verse
        hit(VERSE - 1, 3.25 + i / 4, key, 96)
    hit(LAST, 0, kick, 116)
    hit(LAST, 0, crash, 108)
    return notes


def bass():
    notes = []
    for bar, (root, _) in enumerate(CHORDS):
        up = CHORDS[bar + 1][0] if bar + 1 < BARS else root
        if bar == 0:
            continue
        if bar == LAST:
            line = [(0, 3.5, root)]
        elif LIFT <= bar < CHORUS:
            line = [(0, 1.9, root), (2, 1.4, root), (3.5, .45, root + 7)]
        elif bar >= CHORUS:
            line = [(0, .9, root), (1, .4, root + 12), (1.5, .5, root), (2, .7, root),
                    (2.75, .25, root), (3, .5, root + 7),
                    (3.5, .45, up - 1 if up > root else up + 2)]
        else:
            line = [(0, 1.4, root), (1.5, .4, root), (2, .9, root), (3, .4, root + 7),
                    (3.5, .45, up + 2 if up < root else up - 1)]
        notes += [(bar * 4 + b, d, key, 104 if b in (0, 2) else 90) for b, d, key in line]
    return notes


def piano():
    notes = []
    for bar, (_, chord) in enumerate(CHORDS):
        stabs = [(0, 3.8)] if bar == LAST else [(0, 1.4), (1.5, .4), (2.5, 1.4)]
        if LIFT <= bar < CHORUS:
            stabs = [(0, 1.9), (2, 1.9)]
        for beat, length in stabs:
            for i, key in enumerate(chord):
                touch = (84 if beat == 0 else 70) - 3 * i
                notes.append((bar * 4 + beat + .012 * i, length, key, touch))
    return notes


def guitar():
    """Picked eighths through the chord, from the verse on."""
    notes = []
    for bar in range(VERSE, LAST):
        chord = CHORDS[bar][1]
        order = (0, 2, 3, 2, 1, 3, 2, 1) if bar < CHORUS else (0, 3, 1, 3, 2, 3, 1, 3)
        for i, which in enumerate(order):
            notes.append((bar * 4 + i / 2, .9, chord[which], 82 if i % 4 == 0 else 66))
    return notes + [(LAST * 4 + .06 * i, 3.8, key, 84)
                    for i, key in enumerate((55, 59, 62, 67, 71))]


def strings():
    """A pad from the lift on."""
    return [(bar * 4, 4.05 if bar < LAST else 3.0, key, 70 if bar < CHORUS else 84)
            for bar in range(LIFT, BARS) for key in CHORDS[bar][1]]


def bells():
    """The hook of the intro, back in the chorus."""
    hook = [(0, 79), (.5, 78), (1.5, 74), (2.5, 71), (3, 74)]
    answer = [(0, 76), (.5, 74), (1.5, 72), (2.5, 67), (3, 71)]
    notes = []
    for bar, line in ((0, hook), (1, answer), (9, [(2.5, 78), (3, 81), (3.5, 78)]),
                      (11, [(2.5, 79), (3, 76), (3.5, 74)]), (14, [(0, 79), (.5, 83), (1, 86)])):
        notes += [(bar * 4 + b, .9, key, 84) for b, key in line]
    return notes


def midi_file(notes, program, channel, rng):
    """A type 0 MIDI file of one part; rng loosens timing (5 ms) and touch (4 %) a little."""
    division, events, next_on = 480, [], {}
    for start, length, key, velocity in sorted(notes, reverse=True):
        start = max(0.0, start + rng.normal(0, .005) / BEAT)
        velocity = int(min(127, max(1, round(velocity * rng.normal(1, .04)))))
        on, off = round(start * division), round((start + length) * division)
        off = min(off, next_on.get(key, off + 1) - 1)    # a late "off" would end the next note
        next_on[key] = on
        events += [(on, 1, bytes([0x90 | channel, key, velocity])),
                   (off, 0, bytes([0x80 | channel, key, 0]))]
    events.sort()
    tempo = round(60e6 / TEMPO)
    body = b"\x00\xff\x51\x03" + struct.pack(">I", tempo)[1:]
    body += b"\x00" + bytes([0xC0 | channel, program])
    now = 0
    for tick, _, message in events:
        delta, now = tick - now, tick
        coded = [delta & 127]
        while delta > 127:
            delta >>= 7
            coded.insert(0, delta & 127 | 128)
        body += bytes(coded) + message
    body += b"\x00\xff\x2f\x00"
    return (b"MThd" + struct.pack(">IHHH", 6, 0, 1, division)
            + b"MTrk" + struct.pack(">I", len(body)) + body)
