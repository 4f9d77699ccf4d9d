# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Pieces made from MIDI files, samples and voicebanks.

Every piece has its own random generator, seeded by its name, so the same folders give the same
pieces whatever the order.
"""

import pathlib
import subprocess
import tempfile
import zlib

import numpy as np
from scipy import ndimage

import effects
import midi
from pieces import CODERS, RATE, coded, decode, digest, write_piece

BIT_RATES = (64000, 96000, 128000, 192000)
KITS = (0, 8, 16, 24, 25, 32, 40)
# drum keys of an electronic kit (edges, rims) that General MIDI lacks
KEYS = {22: 42, 26: 46, 58: 43, 55: 49, 52: 57}


def generator(name):
    """The random generator of a piece."""
    return np.random.default_rng(zlib.crc32(name.encode()))


class Production:
    """What the whole of a piece has in common, drawn by its name, and how it is written.

    The draws are apart from those of the piece, which are the same with and without.
    """

    def __init__(self, task):
        self.task, rng = task, generator(f"{task['output'].rsplit('/', 1)[1]} production")
        genre, coder = str(rng.choice(sorted(effects.GENRES))), str(rng.choice(sorted(CODERS)))
        rate, lossy = int(rng.choice(BIT_RATES)), rng.random() < task.get("lossy", 0)
        self.genre = genre if task.get("genres") else None
        self.coder = (coder, rate) if lossy else None

    def stem(self, rng, x, kind):
        """A produced stem."""
        return effects.produce(rng, x, kind, effects.GENRES.get(self.genre, effects.PLAIN))

    def write(self, stems, inputs):
        """Write the piece, made from the files `inputs`."""
        about = {**self.task["about"], "files": {pathlib.Path(p).name: digest(p) for p in inputs}}
        if self.genre:
            about["genre"] = self.genre
        if self.coder:
            about["coder"] = self.coder
            stems = {name: coded(x, *self.coder) for name, x in stems.items()}
        write_piece(self.task["output"], stems, about)


def synthesise(division, events, soundfont):
    """Play events with fluidsynth; float32 [samples][2]."""
    # fluidsynth plays until every voice has ended: silence what the cut left hanging
    silence = [(events[-1][0] + division, bytes([0xB0 | c, 120, 0])) for c in range(16)]
    with tempfile.TemporaryDirectory() as folder:
        score, wave = f"{folder}/a.mid", f"{folder}/a.wav"
        midi.write(score, division, events + silence)
        command = ["fluidsynth", "-ni", "-q", "-g", "0.4", "-r", str(RATE), "-R", "0", "-C", "0"]
        command += ["-F", wave, soundfont, score]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        return decode(wave)


def neighbours(rng):
    """A random replacement of General MIDI programs within their family of eight."""
    swap = {p: p // 8 * 8 + int(rng.integers(8)) for p in range(128)}
    chance = rng.choice((0.0, 0.7))
    use = {p: rng.random() < chance for p in range(128)}
    return lambda channel, program: (
        int(rng.choice(KITS)) if channel == midi.DRUM_CHANNEL
        else swap[program] if use[program] else program
    )  # fmt: skip


def midi_tasks(source, folder, out):
    """One piece a MIDI file and variation; of `files` files alone, if the source says so."""
    paths = sorted(pathlib.Path(folder).rglob("*.mid"))
    if "files" in source:
        paths = [paths[n] for n in generator(source["name"]).permutation(len(paths))]
    for path in paths[: source.get("files")]:
        if path.stem in source.get("skip", []):
            continue
        held = path.stem in source.get("valid", [])
        for take in range(1 if held else source["takes"]):
            name = f"{source['name']}-{path.stem}-{take}"
            yield {
                "maker": "midi", "input": str(path), "soundfont": source["soundfont"],
                "seconds": source["seconds"],
                "output": str(out / ("valid" if held else "train") / name),
            }  # fmt: skip


def make_midi(task):
    """An arrangement: drums, bass and the rest by General MIDI channel and program."""
    rng, production = generator(pathlib.Path(task["output"]).name), Production(task)
    division, events = midi.read(task["input"])
    kit = bytes([0xC0 | midi.DRUM_CHANNEL, int(rng.choice(KITS))])
    convert = midi.seconds(division, events)
    events = [(0, kit)] + [e for e in events if convert(e[0]) < task["seconds"]]
    classes, notes = midi.split(events, neighbours(rng))
    stems = {
        name: production.stem(rng, synthesise(division, stem, task["soundfont"]), name)
        for name, stem in classes.items() if notes[name] > 8
    }  # fmt: skip
    if stems:
        production.write(stems, [task["input"]])


def performances(folder):
    """The drum performances of a folder that are long enough, MIDI files."""
    paths = sorted(p for p in pathlib.Path(folder).rglob("*.mid") if "beat" in p.name)
    return [p for p in paths if p.stat().st_size > 3000]


def scores_for_training(folder, valid):
    """The MIDI files of a folder but those kept for validation."""
    return [p for p in sorted(pathlib.Path(folder).rglob("*.mid")) if p.stem not in valid]


def drum_tasks(source, folder, out):
    """Pieces of several drum performances each."""
    paths = performances(folder)
    order = generator(source["name"]).permutation(len(paths))[: source["performances"]]
    for n in range(0, len(order), source["group"]):
        chosen = [str(paths[k]) for k in order[n : n + source["group"]]]
        yield {
            "maker": "drums", "input": chosen,
            "soundfont": source["soundfont"], "seconds": source["seconds"],
            "output": str(out / "train" / f"{source['name']}-{n:04d}"),
        }  # fmt: skip


def make_drums(task):
    """Drum performances one after another, each with its own kit, tuning and production."""
    rng, production = generator(pathlib.Path(task["output"]).name), Production(task)
    parts = []
    for path in task["input"]:
        division, events = midi.read(path)
        convert = midi.seconds(division, events)
        events = [e for e in events if convert(e[0]) < task["seconds"]]
        events = [
            (t, bytes([m[0], KEYS.get(m[1], m[1]), m[2]]) if m[0] >> 4 in (8, 9) else m)
            for t, m in events
        ]
        kit = bytes([0xC0 | midi.DRUM_CHANNEL, int(rng.choice(KITS))])
        x = synthesise(division, [(0, kit)] + [e for e in events if e[1][0] >> 4 != 0xC],
                       task["soundfont"])  # fmt: skip
        tuning = rng.uniform(0.85, 1.2)
        x = glide(x, np.arange(int(len(x) / tuning), dtype=np.float64) * tuning)
        parts.append(production.stem(rng, x, "drums"))
    production.write({"drums": np.concatenate(parts)}, task["input"])


def glide(x, position):
    """x [samples][2] read at fractional sample positions, by cubic interpolation."""
    return np.stack(
        [ndimage.map_coordinates(x[:, c], [position], order=3, mode="constant") for c in (0, 1)], 1
    ).astype(np.float32)


def sing(rng, x):
    """A syllable phrase bent to a melody: a new note every 0.25 to 0.7 s, glides, vibrato.

    Speed and pitch change together, within -4 to +4 semitones, so formants move a little too.
    """
    transpose, scale = rng.integers(-2, 3), (-4, -2, 0, 2, 4)
    count = int(len(x) * 1.4)
    cents = np.zeros(count)
    at, note = 0, 0
    while at < count:
        length = int(rng.uniform(0.25, 0.7) * RATE)
        note = int(np.clip(note + rng.integers(-2, 3), -2, 2))
        cents[at : at + length] = 100 * np.clip(transpose + scale[note + 2] / 2, -4, 4)
        at += length
    cents = ndimage.uniform_filter1d(cents, int(0.05 * RATE))
    time = np.arange(count) / RATE
    depth = rng.uniform(0, 40) * np.clip(time / 0.5, 0, 1)
    cents += depth * np.sin(2 * np.pi * rng.uniform(4.8, 6.5) * time + rng.uniform(0, 6.3))
    position = np.cumsum(2 ** (cents / 1200))
    return glide(x, position[position < len(x) - 1])


def voice_tasks(source, folder, out):
    """Pieces of `group` phrases each, in an order shuffled once."""
    paths = sorted(p for p in pathlib.Path(folder).rglob("*.wav") if p.stat().st_size > 150_000)
    order = generator(source["name"]).permutation(len(paths))[: source["phrases"]]
    for n in range(0, len(order), source["group"]):
        chosen = [str(paths[k]) for k in order[n : n + source["group"]]]
        yield {
            "maker": "voice", "input": chosen,
            "output": str(out / "train" / f"{source['name']}-{n:04d}"),
        }  # fmt: skip


def trimmed(x):
    """Without the silence before and after, mono in both channels."""
    x = x.mean(1)
    loud = np.flatnonzero(np.abs(x) > 0.03 * np.abs(x).max())
    x = x[max(0, loud[0] - 2000) : loud[-1] + 2000] if len(loud) else x[:0]
    return np.repeat(x[:, None] / (np.abs(x).max() + 1e-9), 2, 1).astype(np.float32)


def make_voice(task):
    """Phrases joined with short rests, some doubled or in harmony, then produced."""
    rng, production = generator(pathlib.Path(task["output"]).name), Production(task)
    parts = []
    for path in task["input"]:
        phrase = trimmed(decode(path))
        if len(phrase) < RATE // 2:
            continue
        lead = sing(rng, phrase)
        if rng.random() < 0.3:
            second = sing(rng, phrase)[: len(lead)]
            other = np.zeros_like(lead)
            other[: len(second)] = effects.pan(rng, second, 0.8)
            lead = lead + rng.uniform(0.3, 0.8) * other
        parts += [lead, np.zeros((int(rng.uniform(0, 0.6) * RATE), 2), np.float32)]
    x = production.stem(rng, np.concatenate(parts).astype(np.float32), "vocals")
    production.write({"vocals": x}, task["input"])


MAKERS = {
    "midi": (midi_tasks, make_midi),
    "drums": (drum_tasks, make_drums),
    "voice": (voice_tasks, make_voice),
}
