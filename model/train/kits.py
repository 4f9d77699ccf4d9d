# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Drums of single hits: a real kit through its microphones, and one-shots of drum machines.

A kit is {slot: hits from soft to loud}, a hit is float32 [samples][2].
"""

import pathlib
import re

import numpy as np
import soundfile

import effects
import midi
from pieces import RATE, decode
from render import KEYS, Production, generator, glide, performances

# General MIDI keys of each slot, and the slot that stands in for one that a kit lacks
SLOTS = {
    "kick": ((35, 36), "tom-low"), "snare": ((38, 40), "clap"), "rim": ((37,), "snare"),
    "clap": ((39,), "snare"), "closed": ((42, 44), "perc"), "open": ((46,), "closed"),
    "tom-high": ((48, 50), "tom-mid"), "tom-mid": ((45, 47), "tom-low"),
    "tom-low": ((41, 43), "kick"), "crash": ((49, 52, 55, 57), "open"),
    "ride": ((51, 53, 59), "closed"), "perc": (tuple(range(54, 82)), "rim"),
}  # fmt: skip
SLOT_OF = {key: slot for slot, (keys, _) in reversed(SLOTS.items()) for key in keys}

# the slot of a one-shot by the first pattern that its name has
NAMES = (
    ("kick", "kick"), ("rim|stick", "rim"), ("snare", "snare"), ("clap", "clap"),
    ("hihat-open|hihat-accent", "open"), ("hihat", "closed"), ("tom-h|tom-01", "tom-high"),
    ("tom-m|tom-02", "tom-mid"), ("tom", "tom-low"), ("crash|cymb|splash", "crash"),
    ("ride", "ride"), ("", "perc"),
)  # fmt: skip

# DrumGizmo's MuldjordKit: the slot of each instrument, and its close microphones
INSTRUMENTS = {
    "KdrumR": ("kick", ("KdrumR",)), "KdrumL": ("kick", ("KdrumL",)),
    "Snare": ("snare", ("Snare_top", "Snare_bottom")), "SnareRest": ("rim", ("Snare_top",)),
    "HihatClosed": ("closed", ("Hihat",)), "HihatOpen": ("open", ("Hihat",)),
    "Tom1": ("tom-high", ("Tom1",)), "Tom2": ("tom-high", ("Tom2",)),
    "Tom3": ("tom-mid", ("Tom3",)), "Tom4": ("tom-low", ("Tom4",)),
    "CrashL": ("crash", ()), "CrashR": ("crash", ()), "China": ("crash", ()),
    "RideL": ("ride", ("RideL",)), "RideR": ("ride", ("RideR",)),
}  # fmt: skip


class Shots:
    """One-shots of a folder; those of a slot are all as loud as each other."""

    def __init__(self, rng, folder):
        self.files, self.used = {}, set()
        for path in sorted(pathlib.Path(folder).rglob("*.wav")):
            slot = next(s for pattern, s in NAMES if re.search(pattern, path.name))
            self.files.setdefault(slot, []).append(path)
        # a machine has one sound a slot
        self.files = {slot: [paths[rng.integers(len(paths))]] for slot, paths in self.files.items()}
        self.layered = False

    def load(self, slot, n):
        self.used.add(str(self.files[slot][n]))
        return decode(self.files[slot][n])


class Microphones:
    """A multi-microphone kit of the layout INSTRUMENT/N-INSTRUMENT-MICROPHONE.flac, N by loudness.

    Balance and panning of the microphones are drawn once: from close and dry to far away.
    """

    def __init__(self, rng, folder):
        self.files, self.used, self.layered = {}, set(), True
        self.folder = next(pathlib.Path(folder).rglob("Snare")).parent
        self.close, self.far, self.room = rng.uniform(((-14,), (-20,), (-34,)), ((3,), (2,), (0,)))
        self.width, self.places = rng.uniform(0.3, 1), {}
        chosen = {}  # one of two kick drums, of three crashes
        for name in rng.permutation(sorted(INSTRUMENTS)):
            if (self.folder / name).is_dir():
                chosen.setdefault(INSTRUMENTS[name][0], name)
        for slot, name in chosen.items():
            close = INSTRUMENTS[name][1]
            numbers = sorted(
                int(p.name.split("-")[0]) for p in (self.folder / name).glob("*-OHL.flac")
            )
            self.files[slot] = [(name, n, close) for n in numbers]
            self.places[slot] = rng.uniform(-0.5, 0.5) * ("tom" in slot or "ride" in slot)

    def load(self, slot, n):
        name, number, close = self.files[slot][n]
        place = self.places[slot]
        lines = [(m, self.close, place) for m in close]
        lines += [("OHL", self.far, -self.width), ("OHR", self.far, self.width)]
        lines += [("AmbL", self.room, -self.width), ("AmbR", self.room, self.width)]
        found = []
        for microphone, gain, side in lines:
            path = self.folder / name / f"{number}-{name}-{microphone}.flac"
            if path.exists():
                self.used.add(str(path))
                x = soundfile.read(path, dtype="float32")[0][:, None]
                sides = np.float32([min(1, 1 - side), min(1, 1 + side)])
                found.append(x * sides * np.float32(10 ** (gain / 20)))
        out = np.zeros((max(map(len, found)), 2), np.float32)
        for x in found:
            out[: len(x)] += x
        return out


def slot_in(kit, slot):
    """The slot of a kit that plays a slot: itself, or what stands in for it; None for neither."""
    for _ in SLOTS:
        if slot in kit.files:
            return slot
        slot = SLOTS[slot][1]
    return None


def play(rng, kit, notes, seconds):
    """Notes (time s, slot, velocity 1 to 127) on a kit, with a tuning for each slot."""
    out = np.zeros((int((seconds + 2) * RATE), 2), np.float32)
    tuning = {slot: np.exp(rng.normal(0, 0.08)) for slot in SLOTS}
    balance = {slot: effects.decibels(rng, -5, 3) for slot in SLOTS}
    cache, closed = {}, [t for t, slot, _ in notes if slot == "closed"]
    for time, wanted, velocity in notes:
        slot = slot_in(kit, wanted)
        if slot is None:
            continue
        share = np.clip(velocity / 127 + rng.normal(0, 0.05), 0, 0.999)
        n = int(share * len(kit.files[slot]))
        if (slot, n) not in cache:
            x = kit.load(slot, n)[: 5 * RATE]
            position = np.arange(max(16, int(len(x) / tuning[slot])) - 8) * tuning[slot]
            cache[slot, n] = glide(x, position)
        x, at = cache[slot, n], int(time * RATE)
        if slot == "open":  # the pedal ends it
            end = next((t for t in closed if t > time), time + 9)
            x = x[: int((end - time) * RATE)]
        x = x[: len(out) - at]
        gain = balance[slot] * (velocity / 127) ** (0.5 if kit.layered else 1.5)
        out[at : at + len(x)] += x * np.float32(gain)
    return out


def performed(path, seconds):
    """Notes of a recorded performance."""
    division, events = midi.read(path)
    when = midi.seconds(division, events)
    notes = [
        (when(tick), SLOT_OF.get(KEYS.get(m[1], m[1])), m[2])
        for tick, m in events if m[0] >> 4 == 9 and m[2]
    ]  # fmt: skip
    return [n for n in notes if n[1] and n[0] < seconds]


def programmed(rng, seconds):
    """Notes of a drum machine: a bar of sixteen steps, repeated with changes and fills."""
    step = 60 / rng.uniform(84, 176) / 4
    swing = rng.choice((0.0, 0.0, 0.25)) * step
    kicks = (0, 4, 8, 12) if rng.random() < 0.5 else (0, *rng.choice((3, 6, 7, 8, 10, 11, 14), 2))
    back = rng.choice(("snare", "clap"))
    hats, each = (2, 6, 10, 14) if rng.random() < 0.5 else (), int(rng.choice((1, 2, 2, 4)))
    extra = [(int(s), str(rng.choice(("perc", "rim", "tom-mid", "clap"))))
             for s in rng.choice(16, rng.integers(0, 4))]  # fmt: skip
    notes = []
    for bar in range(int(seconds / step / 16) + 1):
        hits = [(s, "kick", 120) for s in kicks] + [(s, back, 112) for s in (4, 12)]
        hits += [(s, "closed", 100 if s % 4 == 0 else 70) for s in range(0, 16, each)]
        hits += [(s, "open", 90) for s in hats] + [(s, slot, 85) for s, slot in extra]
        if bar % 8 == 0:
            hits.append((0, "crash", 110))
        if bar % 8 == 7:
            fill = str(rng.choice(("snare", "tom-high", "tom-low")))
            hits = [h for h in hits if h[0] < 12]
            hits += [(s, fill, 80 + 8 * (s - 12)) for s in range(12, 16)]
        hits = [h for h in hits if rng.random() < 0.97]
        notes += [
            ((16 * bar + s) * step + swing * (s % 2), slot, int(v + rng.integers(-8, 8)))
            for s, slot, v in hits
        ]
    return sorted(n for n in notes if n[0] < seconds)


def kits_tasks(source, folder, out):
    """`pieces` pieces on the kits of the source."""
    scores = sorted(map(str, performances(source["scores"])))
    for n in range(source["pieces"]):
        yield {
            "maker": "kits", "layout": source["layout"], "seconds": source["seconds"],
            "input": [str(pathlib.Path(folder) / kit) for kit in source["kits"]], "scores": scores,
            "output": str(out / "train" / f"{source['name']}-{n:03d}"),
        }  # fmt: skip


def make_kits(task):
    """Three kits one after the other, performed or programmed, each produced for itself."""
    rng, production = generator(pathlib.Path(task["output"]).name), Production(task)
    parts, files, seconds = [], set(), task["seconds"] / 3
    for _ in range(3):
        real = task["layout"] == "microphones"
        folder = task["input"][rng.integers(len(task["input"]))]
        kit = (Microphones if real else Shots)(rng, folder)
        if rng.random() < (0.85 if real else 0.4):
            score = task["scores"][rng.integers(len(task["scores"]))]
            notes = performed(score, seconds)
            files.add(score)
        else:
            notes = programmed(rng, seconds)
        x = play(rng, kit, notes, seconds)
        if rng.random() < 0.25:
            x = effects.distort(rng, x)
        parts.append(production.stem(rng, x, "drums"))
        files |= kit.used
    production.write({"drums": np.concatenate(parts)}, sorted(files))


MAKERS = {"kits": (kits_tasks, make_kits)}
