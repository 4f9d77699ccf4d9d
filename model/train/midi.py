# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Standard MIDI files: read, split by instrument class, write.

Events are (tick, bytes) with running status resolved; meta and system events keep their bytes.
"""

import struct

DRUM_CHANNEL = 9
BASS_PROGRAMS = range(32, 40)


def variable(data, at):
    """A variable-length number and the position after it."""
    value = 0
    while True:
        byte = data[at]
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            return value, at


def read_track(data):
    """Events of one track chunk."""
    events, tick, at, status = [], 0, 0, 0
    while at < len(data):
        delta, at = variable(data, at)
        tick += delta
        if data[at] >= 0x80:
            status, at = data[at], at + 1
        if status in (0xFF, 0xF0, 0xF7):
            head = at
            at += status == 0xFF
            size, at = variable(data, at)
            events.append((tick, bytes([status]) + data[head : at + size]))
            at += size
        else:
            size = 1 if status >> 4 in (0xC, 0xD) else 2
            events.append((tick, bytes([status]) + data[at : at + size]))
            at += size
    return events


def read(path):
    """(ticks a quarter, all events in order of time)."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"MThd":
        raise ValueError(f"{path}: not a MIDI file")
    size, _, tracks, division = struct.unpack(">IHHH", data[4:14])
    at, events = 8 + size, []
    for _ in range(tracks):
        size = struct.unpack(">I", data[at + 4 : at + 8])[0]
        events += read_track(data[at + 8 : at + 8 + size])
        at += 8 + size
    ended = [e for e in events if e[1][:2] != b"\xff\x2f"]
    return division, sorted(ended, key=lambda e: e[0])


def write(path, division, events):
    """One track, format 0."""
    body, last = bytearray(), 0
    for tick, message in [*events, (events[-1][0] + division, b"\xff\x2f\x00")]:
        delta, last = tick - last, tick
        groups = [delta & 0x7F]
        while delta := delta >> 7:
            groups.insert(0, delta & 0x7F | 0x80)
        body += bytes(groups) + message
    head = struct.pack(">4sIHHH4sI", b"MThd", 6, 0, 1, division, b"MTrk", len(body))
    with open(path, "wb") as file:
        file.write(head + body)


def class_of(channel, program):
    """The instrument class of a General MIDI channel and (0-based) program."""
    if channel == DRUM_CHANNEL:
        return "drums"
    return "bass" if program in BASS_PROGRAMS else "other"


def split(events, change_program=lambda channel, program: program):
    """{class: events} with the notes of the class only, and the count of its notes.

    `change_program` may put another instrument of the same class in place.
    """
    programs = [0] * 16
    classes = {name: [] for name in ("drums", "bass", "other")}
    notes = dict.fromkeys(classes, 0)
    for tick, message in events:
        status, channel = message[0] >> 4, message[0] & 15
        if status == 0xC:
            programs[channel] = message[1]
            new = change_program(channel, message[1])
            message = bytes([message[0], new])
        if status == 9 and message[2] > 0:
            name = class_of(channel, programs[channel])
            classes[name].append((tick, message))
            notes[name] += 1
        else:
            for stem in classes.values():
                stem.append((tick, message))
    return classes, notes


def seconds(division, events):
    """A function from tick to seconds."""
    points = [(0, 0.0, 0.5)]
    for tick, message in events:
        if message[:2] == b"\xff\x51":
            last, time, quarter = points[-1]
            now = time + (tick - last) / division * quarter
            points.append((tick, now, int.from_bytes(message[3:6], "big") / 1e6))

    def convert(tick):
        last, time, quarter = next(p for p in reversed(points) if p[0] <= tick)
        return time + (tick - last) / division * quarter

    return convert


def played(division, events):
    """Every note in order: (class, channel, start s, length s, key, velocity)."""
    convert, last = seconds(division, events), events[-1][0] if events else 0
    programs, sounding, notes = [0] * 16, {}, []

    def end(key, tick):
        kind, start, velocity = sounding.pop(key)
        notes.append((kind, key[0], start, convert(tick) - start, key[1], velocity))

    for tick, message in events:
        status, channel = message[0] >> 4, message[0] & 15
        if status == 0xC:
            programs[channel] = message[1]
        elif status in (8, 9):
            key = (channel, message[1])
            if key in sounding:
                end(key, tick)
            if status == 9 and message[2]:
                sounding[key] = (class_of(channel, programs[channel]), convert(tick), message[2])
    for key in list(sounding):
        end(key, last)
    return sorted(notes, key=lambda note: note[2:])


def notes_of(kind, division, events):
    """Notes (start s, length s, key, velocity) of a class."""
    return [note[2:] for note in played(division, events) if note[0] == kind]
