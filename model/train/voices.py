# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Singing of many voices from few voicebanks: pitch, formants and time are changed apart.

Pitch-synchronous overlap-add (E. Moulines and F. Charpentier 1990): grains of two periods around
marks a period apart are laid at the distance of the wanted pitch. Read faster or slower, a grain's
formants move as a longer or shorter throat would move them; consonants and breath are kept.
"""

import pathlib
from typing import NamedTuple

import numpy as np
from scipy import ndimage, signal

import effects
from pieces import RATE, decode
from render import Production, generator, trimmed

HOP = 220  # samples between the values of a pitch track, and between grains without a pitch
SIZE = 2048
LAGS = np.arange(RATE // 800, RATE // 80)
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 7, 10))
STACKS = ("solo", "solo", "double", "harmony", "octave", "choir")
MANNERS = ("sung", "sung", "sung", "stepped", "rough", "spoken")


def pitch_track(x):
    """Fundamental in Hz of mono x every HOP samples, 0 where there is none.

    For phrases of a nearly steady pitch: a second look is near the median of the first.
    """
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(x, SIZE // 2), SIZE)[::HOP]
    window = np.hanning(SIZE).astype(np.float32)
    level = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * SIZE)) ** 2)
    shape = np.fft.irfft(np.abs(np.fft.rfft(frames * window, 2 * SIZE)) ** 2)
    loud = shape[:, 0] > 1e-3 * np.quantile(shape[:, 0], 0.95)
    likeness = shape[:, LAGS] / (shape[:, :1] + 1e-9) / (level[LAGS] / level[0])
    peak = likeness == ndimage.maximum_filter1d(likeness, 3, axis=1, mode="constant", cval=2)
    # of a period and its multiples, the period; the slope from lag 0 is no peak
    likeness = np.where(peak, likeness - 0.08 * np.log2(LAGS / LAGS[0]), -1)
    first = likeness.argmax(1)
    voiced = loud & (likeness.max(1) > 0.45)
    if not voiced.any():
        return np.zeros(len(frames))
    middle = np.median(LAGS[first[voiced]])
    near = np.abs(np.log2(LAGS / middle)) < 0.4
    lags = LAGS[near][likeness[:, near].argmax(1)]
    voiced = loud & (likeness[:, near].max(1) > 0.4)
    return np.where(ndimage.median_filter(voiced, 5), RATE / ndimage.median_filter(lags, 5), 0)


def pitch_marks(x, track):
    """Samples in x a period apart, at peaks, and their periods (0 without a pitch)."""
    smooth = ndimage.uniform_filter1d(x, 40)
    places, periods, at = [], [], 0
    while at < len(x):
        pitch = track[min(at // HOP, len(track) - 1)]
        period = RATE / pitch if pitch else HOP
        if pitch:
            reach = int(0.15 * period)
            at = max(0, at - reach)
            at += int(smooth[at : at + 2 * reach + 1].argmax())
        places.append(at)
        periods.append(period if pitch else 0)
        at += max(1, int(period))
    return np.array(places), np.array(periods)


def grain_at(x, centre, half, formant):
    """A windowed grain of x, `half` samples to each side, read at the speed `formant`."""
    count = max(8, int(2 * half / formant))
    place = centre - half + np.arange(count) * formant
    return np.interp(place, np.arange(len(x)), x, 0, 0) * np.hanning(count)


def resing(rng, x, places, periods, position, pitch, formant):
    """Mono x, read where `position` says (samples of x) with `pitch` (Hz), for each new sample."""
    out, at = np.zeros(len(position) + 4 * SIZE), 0.0
    while at < len(position):
        now = int(at)
        where = position[now]
        near = min(np.searchsorted(places, where), len(places) - 1)
        half, step, centre = periods[near], RATE / pitch[now], places[near]
        if not half:  # noise: no grain twice, or it would sound
            half, step, centre = 1.5 * HOP, HOP, int(where + rng.uniform(-HOP, HOP))
        left = max(0, centre - int(half) - 8)
        piece = x[left : centre + int(half) + 8]
        grain = grain_at(piece, centre - left, int(half), formant)
        start = now - len(grain) // 2 + SIZE
        out[start : start + len(grain)] += grain * min(2.0, step * formant / half)
        at += step
    return out[SIZE : SIZE + len(position)].astype(np.float32)


class Singer(NamedTuple):
    """A voice of its own and how it sings."""

    centre: float  # of its register, in semitones (MIDI keys)
    formant: float  # above 1: a shorter throat than the voicebank's
    beat: float  # s
    glide: float  # s
    vibrato: float  # semitones
    rate: float  # Hz
    drift: float  # semitones
    manner: str


def draw_singer(rng):
    """Low and high voices, and a few small ones."""
    low = rng.random() < 0.45
    centre = rng.uniform(45, 57) if low else rng.uniform(56, 71)
    formant = rng.uniform(0.76, 0.94) if low else rng.uniform(0.9, 1.18)
    manner = str(rng.choice(MANNERS))
    stepped = manner == "stepped"
    return Singer(
        centre, formant * (1.15 if rng.random() < 0.08 else 1), rng.uniform(0.25, 0.6),
        0.004 if stepped else rng.uniform(0.03, 0.14), 0 if stepped else rng.uniform(0, 0.6),
        rng.uniform(4.5, 6.8), 0 if stepped else rng.uniform(0.02, 0.2), manner,
    )  # fmt: skip


def melody(rng, count, singer):
    """The pitch of each of `count` samples, in semitones."""
    scale, degree, key = SCALES[rng.integers(len(SCALES))], 0, rng.integers(12)
    notes = np.concatenate([np.array(scale) + 12 * octave for octave in range(11)]) + key - 12
    home = int(np.abs(notes - singer.centre).argmin())
    pitch, at = np.empty(count), 0
    while at < count:
        length = int(singer.beat * rng.choice((0.5, 0.5, 1, 1, 2, 3)) * RATE)
        degree = int(np.clip(degree + rng.integers(-2, 3), -4, 4))
        pitch[at : at + length] = notes[home + degree]
        at += length
    time = np.arange(count) / RATE
    if singer.manner == "spoken":
        wander = ndimage.gaussian_filter1d(rng.standard_normal(count // 441 + 2), 12)
        pitch = singer.centre - 3 + 12 * np.interp(time * 100, np.arange(len(wander)), wander)
    pitch = ndimage.uniform_filter1d(pitch, max(1, int(singer.glide * RATE)))
    slow = ndimage.gaussian_filter1d(rng.standard_normal(count // 441 + 2), 10)
    pitch += singer.drift * 5 * np.interp(time * 100, np.arange(len(slow)), slow)
    swell = np.clip(time % 1.6 / 0.8, 0, 1)
    return pitch + singer.vibrato * swell * np.sin(2 * np.pi * singer.rate * time)


def draw_stack(rng, kind):
    """The voices of a stack: (interval in semitones, gain, how far from the centre)."""
    if kind == "solo":
        return [(0, 1.0, 0.0)]
    if kind == "double":
        return [(0, 1.0, 0.0), (0, rng.uniform(0.3, 0.8), 0.9), (0, rng.uniform(0.3, 0.8), 0.9)]
    if kind == "harmony":
        more = rng.choice((3, 4, 5, 7, -5, -4, -3), rng.integers(1, 3), replace=False)
        return [(0, 1.0, 0.0), *((int(n), rng.uniform(0.3, 0.9), 0.7) for n in more)]
    if kind == "octave":
        return [(0, 1.0, 0.0), (int(rng.choice((-12, 12))), rng.uniform(0.2, 0.7), 0.3)]
    chord = rng.choice((0, 0, 3, 4, 7, -5, 12, -12), rng.integers(3, 6))
    return [(int(n), rng.uniform(0.5, 1), 1.0) for n in chord]


def stacked(rng, x, singer, voices):
    """A phrase, mono x, sung by every voice of a stack; float32 [samples][2]."""
    places, periods = pitch_marks(x, pitch_track(x))
    speeds = (1.4, 2.4) if singer.manner == "spoken" else (0.65, 1.6)
    count = int(len(x) / np.exp(rng.uniform(*np.log(speeds))))
    lead = melody(rng, count, singer)
    out = np.zeros((count + RATE // 8, 2), np.float32)
    for n, (interval, gain, width) in enumerate(voices):
        loose = 0.0 if n == 0 else 1.0
        position = np.linspace(0, len(x) - 1, count)
        pitch = lead + interval + loose * rng.uniform(-0.18, 0.18)
        if singer.manner == "rough":
            pitch = pitch + rng.uniform(0.3, 1.2) * rng.standard_normal(count)
        formant = singer.formant * np.exp(loose * rng.uniform(-0.08, 0.08))
        hertz = np.clip(440 * 2 ** ((pitch - 69) / 12), 65, 1200)
        voice = gain * resing(rng, x, places, periods, position, hertz, formant)
        start = int(loose * rng.uniform(0, 0.05) * RATE)
        out[start : start + count] += effects.pan(rng, np.repeat(voice[:, None], 2, 1), width)
    return out


def breath(rng):
    """Air that is drawn in; float32 [samples][2]."""
    count = int(rng.uniform(0.2, 0.5) * RATE)
    low, high = rng.uniform(500, 1500), rng.uniform(3000, 9000)
    sos = signal.butter(2, (low, high), "bandpass", fs=RATE, output="sos")
    noise = signal.sosfilt(sos, rng.standard_normal(count)) * np.hanning(count) ** 0.7
    return np.repeat(rng.uniform(0.02, 0.1) * noise[:, None], 2, 1).astype(np.float32)


def section(rng, paths, seconds):
    """About `seconds` of one singer; float32 [samples][2], and the files that were used."""
    singer, kind = draw_singer(rng), str(rng.choice(STACKS))
    parts, used, length = [], [], 0
    while length < seconds * RATE:
        path = str(paths[rng.integers(len(paths))])
        phrase = trimmed(decode(path))[:, 0]
        if len(phrase) < RATE // 4:
            continue
        part = stacked(rng, phrase, singer, draw_stack(rng, kind))
        parts.append(part * np.float32(rng.uniform(0.5, 1) / (np.abs(part).max() + 1e-9)))
        if rng.random() < 0.3:
            parts.append(breath(rng))
        if rng.random() < 0.5:
            parts.append(np.zeros((int(rng.uniform(0.05, 1.2) * RATE), 2), np.float32))
        used.append(path)
        length = sum(map(len, parts))
    return np.concatenate(parts), used


def voices_tasks(source, folder, out):
    """`pieces` pieces, each of all phrases of the folder by chance."""
    for n in range(source["pieces"]):
        yield {
            "maker": "voices", "input": str(folder), "seconds": source["seconds"],
            "output": str(out / "train" / f"{source['name']}-{n:03d}"),
        }  # fmt: skip


def make_voices(task):
    """Three singers one after the other, each with its own stack, manner and production."""
    rng, production = generator(pathlib.Path(task["output"]).name), Production(task)
    paths = sorted(p for p in pathlib.Path(task["input"]).rglob("*.wav")
                   if p.stat().st_size > 60_000)  # fmt: skip
    parts, files = [], []
    for _ in range(3):
        x, used = section(rng, paths, task["seconds"] / 3)
        parts.append(production.stem(rng, effects.colour(rng, x), "vocals"))
        files += used
    production.write({"vocals": np.concatenate(parts)}, sorted(set(files)))


MAKERS = {"voices": (voices_tasks, make_voices)}
