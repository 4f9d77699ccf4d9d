# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Electronic arrangements: scores played on synthesisers and a drum machine of random patches."""

import pathlib
from typing import NamedTuple

import numpy as np
from scipy import signal

import effects
import kits
import midi
from pieces import RATE
from render import Production, generator, scores_for_training

FRAME = 256  # samples between the values of a filter's cutoff


class Patch(NamedTuple):
    """A sound: oscillators, the shape of its notes, and a filter that moves."""

    wave: str
    voices: int
    detune: float  # semitones between the outermost voices
    width: float  # pulse width, or the frequency ratio of FM
    depth: float  # of FM
    sub: float  # level of a sine an octave below
    attack: float  # s
    decay: float  # s to -60 dB
    sustain: float
    release: float  # s
    cutoff: float  # Hz
    steep: float  # order of the filter
    resonance: float
    sweep: float  # octaves above the cutoff at the start of a note
    fall: float  # s that the sweep takes
    wobble: float  # octaves of a slow movement
    gate: float  # notes are chopped this often a second, 0 for not at all


def draw_patch(rng, kind):
    """A patch for bass, pad, lead or pluck."""
    pad, pluck = kind == "pad", kind == "pluck"
    wave = str(rng.choice(("saw", "saw", "pulse", "fm", "triangle")))
    return Patch(
        wave, 1 if kind == "bass" and rng.random() < 0.6 else int(rng.integers(1, 7)),
        rng.uniform(0.05, 0.5), float(rng.choice((0.5, 1, 2, 3, 1.41))) if wave == "fm"
        else rng.uniform(0.1, 0.5),
        np.exp(rng.uniform(np.log(0.3), np.log(6))), rng.uniform(0, 1) * (rng.random() < 0.4),
        rng.uniform(0.1, 0.8) if pad else rng.uniform(0.001, 0.02),
        rng.uniform(0.1, 0.7) if pluck else rng.uniform(0.4, 4),
        0 if pluck else rng.uniform(0.4, 1), rng.uniform(0.2, 1) if pad else rng.uniform(0.02, 0.2),
        np.exp(rng.uniform(np.log(120), np.log(1200)) if kind == "bass"
               else rng.uniform(np.log(400), np.log(9000))),
        rng.uniform(1, 4), rng.uniform(0, 4), rng.uniform(0, 4), rng.uniform(0.05, 0.6),
        rng.uniform(0, 1.5) * (rng.random() < 0.5),
        rng.uniform(5, 10) * (pad and rng.random() < 0.3),
    )  # fmt: skip


def saw(phase, step):
    """A saw tooth of `phase` in cycles that grows by `step`, its jump rounded against aliases."""
    x = phase % 1
    out = 2 * x - 1
    rising, falling = x < step, x > 1 - step
    out[rising] -= 2 * (x[rising] / step) - (x[rising] / step) ** 2 - 1
    out[falling] -= ((x[falling] - 1) / step + 1) ** 2
    return out


def oscillate(patch, hertz, count, start):
    """`count` samples of one voice from the phase `start`."""
    phase = start + np.arange(count) * (hertz / RATE)
    if patch.wave == "saw":
        return saw(phase, hertz / RATE)
    if patch.wave == "pulse":
        return saw(phase, hertz / RATE) - saw(phase + patch.width, hertz / RATE)
    if patch.wave == "triangle":
        return 4 * np.abs(phase % 1 - 0.5) - 1
    index = patch.depth * np.exp(-np.arange(count) / RATE / patch.fall)
    return np.sin(2 * np.pi * phase + index * np.sin(2 * np.pi * patch.width * phase))


def note(rng, patch, key, length):
    """One note, float [samples][2]."""
    count = int((length + patch.release) * RATE)
    time = np.arange(count) / RATE
    out = np.zeros((count, 2))
    for n in range(patch.voices):
        place = 0 if patch.voices == 1 else 2 * n / (patch.voices - 1) - 1
        hertz = 440 * 2 ** ((key - 69 + place * patch.detune / 2) / 12)
        x = oscillate(patch, hertz, count, rng.uniform())
        out += x[:, None] * (1 - 0.7 * place, 1 + 0.7 * place)
    low = 440 * 2 ** ((key - 81) / 12)
    out += patch.voices * patch.sub * np.sin(2 * np.pi * low * time)[:, None]
    shape = patch.sustain + (1 - patch.sustain) * np.exp(-6.9 * time / patch.decay)
    shape *= np.minimum(1, time / patch.attack) * np.clip((time[-1] - time) / patch.release, 0, 1)
    if patch.gate:
        shape *= (time * patch.gate % 1 < 0.55) * 0.9 + 0.1
    return out * shape[:, None]


def swept(x, cutoff, patch):
    """x [samples][2] through a low-pass whose cutoff in Hz is given every FRAME samples."""
    _, _, spectrum = signal.stft(x.T, RATE, nperseg=4 * FRAME, noverlap=3 * FRAME)
    cutoff = np.resize(np.pad(cutoff, (0, 8), "edge"), spectrum.shape[-1])
    octaves = np.log2(np.maximum(1, np.arange(2 * FRAME + 1))[:, None] * RATE / 4 / FRAME / cutoff)
    gain = 1 / np.sqrt(1 + 4.0 ** (patch.steep * octaves))
    gain *= 1 + patch.resonance * np.exp(-((octaves / 0.25) ** 2))
    return signal.istft(spectrum * gain, RATE, nperseg=4 * FRAME, noverlap=3 * FRAME)[1].T[: len(x)]


def part(rng, patch, notes, seconds):
    """Notes (start s, length s, key, velocity) on a patch; float32 [samples][2]."""
    out = np.zeros((int((seconds + 3) * RATE), 2))
    time = np.arange(len(out) // FRAME + 1) * FRAME / RATE
    onsets = np.full(len(time), 9.0)
    for start, length, key, velocity in notes:
        x = note(rng, patch, key, min(length, 8)) * (velocity / 127) ** 1.5
        at = int(start * RATE)
        out[at : at + len(x)] += x[: len(out) - at]
        onsets[int(start * RATE / FRAME)] = 0
    since = np.arange(len(time)) - np.maximum.accumulate(
        np.where(onsets == 0, np.arange(len(time)), -(10**4))
    )
    octaves = patch.sweep * np.exp(-since * FRAME / RATE / patch.fall)
    octaves += patch.wobble * np.sin(2 * np.pi * rng.uniform(0.05, 2) * time + rng.uniform(0, 6))
    cutoff = np.clip(patch.cutoff * 2**octaves, 60, 18000)
    return swept(out, cutoff, patch).astype(np.float32)


def ducked(rng, x, kicks):
    """x with less level after each of the times `kicks`."""
    time = np.arange(len(x)) / RATE
    index = np.searchsorted(kicks, time, "right") - 1
    since = np.where(index >= 0, time - np.take(kicks, np.maximum(index, 0)), 9)
    gain = 1 - rng.uniform(0.4, 1) * np.exp(-((since / rng.uniform(0.08, 0.25)) ** 2))
    return (x * gain[:, None]).astype(np.float32)


class Machine:
    """A drum machine of sines that fall and of filtered noise: a kit of kits.py."""

    def __init__(self, rng):
        self.rng, self.layered = rng, False
        slots = ("kick", "snare", "clap", "closed", "open", "tom-low", "tom-high", "crash", "perc")
        self.files = {slot: [slot] for slot in slots}
        self.used = set()

    def noise(self, seconds, low, high):
        """Noise between two frequencies that decays, float [samples][2]."""
        count = int(seconds * RATE)
        band = signal.butter(2, (low, high), "bandpass", fs=RATE, output="sos")
        decay = np.exp(-6.9 * np.arange(count) / count)[:, None]
        return signal.sosfilt(band, self.rng.standard_normal((count, 2)), 0) * decay

    def fall(self, seconds, first, last):
        """A sine whose pitch falls, float [samples][2]."""
        time = np.arange(int(seconds * RATE)) / RATE
        speed = self.rng.uniform(0.01, 0.05)
        cycles = last * time + (first - last) * speed * (1 - np.exp(-time / speed))
        x = np.sin(2 * np.pi * cycles) * np.exp(-6.9 * time / seconds)
        return np.repeat(x[:, None], 2, 1)

    def load(self, slot, _):
        """One hit; a slot has one sound, which the caller keeps."""
        rng = self.rng
        if slot == "kick":
            x = self.fall(rng.uniform(0.2, 0.9), rng.uniform(150, 900), rng.uniform(38, 65))
            return np.tanh(x * rng.uniform(1, 4)).astype(np.float32)
        if slot.startswith("tom"):
            low = rng.uniform(70, 130) * (1.7 if slot == "tom-high" else 1)
            return self.fall(rng.uniform(0.2, 0.6), 2 * low, low).astype(np.float32)
        if slot == "snare":
            x = self.noise(rng.uniform(0.12, 0.4), rng.uniform(300, 1500), rng.uniform(7e3, 16e3))
            body = self.fall(0.12, 400, rng.uniform(150, 240))
            x[: len(body)] += rng.uniform(0.2, 1.5) * body
            return (0.6 * x).astype(np.float32)
        if slot == "clap":
            x = self.noise(rng.uniform(0.15, 0.5), rng.uniform(600, 1200), rng.uniform(2500, 9e3))
            for n in (1, 2, 3):
                x[n * 450 : n * 450 + 882] += self.noise(0.02, 900, 6000)[:882]
            return (0.7 * x).astype(np.float32)
        if slot == "perc":
            x = self.fall(rng.uniform(0.05, 0.2), 3000, rng.uniform(300, 1800))
            return x.astype(np.float32)
        seconds = {"closed": rng.uniform(0.03, 0.12), "open": rng.uniform(0.2, 0.5)}.get(slot, 1.8)
        return (0.4 * self.noise(seconds, rng.uniform(3e3, 8e3), 19e3)).astype(np.float32)


def scaled(notes, speed, transpose, seconds):
    """Notes at another tempo and pitch, the first `seconds`."""
    moved = [(s / speed, n / speed, key + transpose, v) for s, n, key, v in notes]
    return [n for n in moved if n[0] < seconds]


def synths_tasks(source, folder, out):
    """`pieces` pieces, from the scores in an order shuffled once, again and again."""
    scores = scores_for_training(folder, source["valid"])
    order = generator(source["name"]).permutation(len(scores))
    for n in range(source["pieces"]):
        score = scores[order[n % len(order)]]
        yield {
            "maker": "synths", "input": str(score), "seconds": source["seconds"],
            "output": str(out / "train" / f"{source['name']}-{n:03d}-{score.stem}"),
        }  # fmt: skip


def make_synths(task):
    """A score with every part on a patch of its own, the drums on a machine."""
    rng, production = generator(pathlib.Path(task["output"]).name), Production(task)
    division, events = midi.read(task["input"])
    speed, transpose = np.exp(rng.uniform(-0.25, 0.25)), int(rng.integers(-4, 5))
    parts = {}
    for kind, channel, *found in midi.played(division, events):
        parts.setdefault((kind, channel), []).append(found)
    drums, seconds = parts.pop(("drums", midi.DRUM_CHANNEL), []), task["seconds"]
    hits = [(t / speed, kits.SLOT_OF.get(key), v) for t, _, key, v in drums]
    hits = [h for h in hits if h[1] and h[0] < seconds]
    if not hits or rng.random() < 0.3:
        hits = kits.programmed(rng, seconds)
    kicks = [t for t, slot, _ in hits if slot == "kick"]
    pump = len(kicks) > 0 and rng.random() < 0.5
    stems = {"drums": kits.play(rng, Machine(rng), hits, seconds)}
    for (kind, _), notes in parts.items():
        notes = scaled(notes, speed, transpose, seconds)
        if len(notes) < 8:
            continue
        long = np.median([n for _, n, _, _ in notes]) > 0.6
        style = "bass" if kind == "bass" else "pad" if long else str(rng.choice(("lead", "pluck")))
        x = part(rng, draw_patch(rng, style), notes, seconds)
        x = effects.colour(rng, x) if kind == "other" else x
        x = effects.pan(rng, ducked(rng, x, kicks) if pump else x, 0.1 if kind == "bass" else 0.6)
        x /= np.sqrt((x**2).mean()) + 1e-9
        stems[kind] = stems.get(kind, 0) + x * np.float32(effects.decibels(rng, -8, 0))
    stems = {kind: production.stem(rng, x, kind) for kind, x in stems.items()}
    production.write(stems, [task["input"]])


MAKERS = {"synths": (synths_tasks, make_synths)}
