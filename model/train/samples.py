# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Parts of scores played on instruments of sampled notes."""

import pathlib
import re

import numpy as np

import midi
from pieces import RATE, decode
from render import Production, generator, glide, scores_for_training


def regions(path):
    """(sample file, key) of an SFZ file, by its pitch_keycenter or key; noises lie above 92."""
    text = re.sub(r"//.*", "", pathlib.Path(path).read_text(errors="replace"))
    group, found = {}, []
    for kind, body in re.findall(r"<(\w+)>([^<]*)", text):
        pairs = re.findall(r"(\w+)=(.+?)(?=\s+\w+=|\s*\n|\s*$)", body)
        values = {k: v.strip() for k, v in pairs}
        if kind == "group":
            group = values
        elif kind == "region":
            merged = {**group, **values}
            key = merged.get("pitch_keycenter", merged.get("key", ""))
            sample = pathlib.Path(path).parent / merged.get("sample", "").replace("\\", "/")
            if key.isdigit() and int(key) < 93 and sample.is_file():
                found.append((str(sample), int(key)))
    return found


def sampled_tasks(source, folder, out):
    """Some scores with a part for the source's class, played on the instruments in turn."""
    instruments = [p for p in sorted(pathlib.Path(folder).rglob("*.sfz"))
                   if p.stem in source.get("instruments", [p.stem]) and regions(p)]  # fmt: skip
    scores = scores_for_training(source["scores"], source["valid"])
    order = generator(source["name"]).permutation(len(scores))[: source["parts"]]
    for n, score in enumerate(scores[k] for k in order):
        instrument = instruments[n % len(instruments)]
        yield {
            "maker": source["kind"], "input": str(score), "instrument": str(instrument),
            "seconds": source["seconds"],
            "output": str(out / "train" / f"{source['name']}-{instrument.stem}-{score.stem}"),
        }  # fmt: skip


def play_samples(rng, notes, samples):
    """Notes (start s, length s, key, velocity) on (file, key) samples; and the files played."""
    cache = {}
    out = np.zeros((int((max(s + n for s, n, _, _ in notes) + 2) * RATE), 2), np.float32)
    for start, length, key, velocity in notes:
        near = min(abs(key - k) for _, k in samples)
        path, centre = samples[rng.choice([i for i, (_, k) in enumerate(samples)
                                           if abs(key - k) == near])]  # fmt: skip
        if path not in cache:
            cache[path] = decode(path)
        x, speed = cache[path], 2 ** ((key - centre) / 12)
        count = min(int(len(x) / speed), int((length + 0.05) * RATE))
        tone = glide(x[: int(count * speed) + 8], np.arange(count) * speed)
        release = min(count, int(0.05 * RATE))
        tone[count - release :] *= np.linspace(1, 0, release, dtype=np.float32)[:, None]
        at = int(start * RATE)
        tone = tone[: len(out) - at]
        out[at : at + len(tone)] += tone * np.float32((velocity / 127) ** 1.5)
    return out, list(cache)


def make_bass(task):
    """A bass part of a score played on sampled notes."""
    rng, production = generator(pathlib.Path(task["output"]).name), Production(task)
    notes = midi.notes_of("bass", *midi.read(task["input"]))
    notes = [n for n in notes if n[0] < task["seconds"]]
    samples = [s for s in regions(task["instrument"]) if s[1] < 68]
    if len(notes) < 16:
        return
    transpose = int(rng.integers(-3, 4))
    notes = [(s, n, min(key + transpose, 60), v) for s, n, key, v in notes]
    out, files = play_samples(rng, notes, samples)
    production.write({"bass": production.stem(rng, out, "bass")}, [task["input"], *files])


def make_solo(task):
    """The busiest part of a score but drums and bass, within the range of sampled notes."""
    rng, production = generator(pathlib.Path(task["output"]).name), Production(task)
    channels = {}
    for kind, channel, *note in midi.played(*midi.read(task["input"])):
        if kind == "other" and note[0] < task["seconds"]:
            channels.setdefault(channel, []).append(note)
    notes = max(channels.values(), key=len, default=[])
    samples = regions(task["instrument"])
    if len(notes) < 16:
        return
    low, transpose = min(k for _, k in samples), int(rng.integers(12))
    width = (max(k for _, k in samples) - low) // 12 * 12
    notes = [(s, n, low + (key + transpose - low) % width, v) for s, n, key, v in notes]
    out, files = play_samples(rng, notes, samples)
    production.write({"other": production.stem(rng, out, "other")}, [task["input"], *files])


MAKERS = {"bass": (sampled_tasks, make_bass), "solo": (sampled_tasks, make_solo)}
