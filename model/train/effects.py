# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""What a mixing engineer does to a stem, at random. Signals are float32 [samples][2], 44.1 kHz."""

from typing import NamedTuple

import numpy as np
from scipy import signal

RATE = 44100


def decibels(rng, low, high):
    """A random gain."""
    return 10 ** (rng.uniform(low, high) / 20)


def reverb(rng, x, seconds, wet):
    """Convolution with a synthetic room: decaying stereo noise that darkens with time."""
    length = int(seconds * RATE)
    time = np.arange(length) / RATE
    noise = rng.standard_normal((length, 2)) * np.exp(-6.9 * time / seconds)[:, None]
    dark = signal.lfilter([0.25], [1, -0.75], noise, axis=0)
    fade = np.minimum(1, time / seconds)[:, None]
    room = noise * (1 - fade) + dark * fade
    room[: int(rng.uniform(0.002, 0.03) * RATE)] = 0
    room /= np.sqrt((room**2).sum(0, keepdims=True)) + 1e-9
    tail = signal.oaconvolve(x, room.astype(np.float32), axes=0)[: len(x)]
    return (x + wet * tail).astype(np.float32)


def equalise(rng, x, spread=5.0):
    """Three random peaking filters."""
    for _ in range(3):
        frequency, gain = (
            np.exp(rng.uniform(np.log(60), np.log(10000))),
            rng.uniform(-1, 1) * spread,
        )
        w, q, a = 2 * np.pi * frequency / RATE, rng.uniform(0.5, 1.5), 10 ** (gain / 40)
        alpha = np.sin(w) / (2 * q)
        b = np.array([1 + alpha * a, -2 * np.cos(w), 1 - alpha * a])
        den = np.array([1 + alpha / a, -2 * np.cos(w), 1 - alpha / a])
        x = signal.lfilter(b / den[0], den / den[0], x, axis=0).astype(np.float32)
    return x


def compress(rng, x, most):
    """Gain that follows the level with a random ratio; `most` is the exponent's limit."""
    level = np.abs(x).max(1)
    pole = np.exp(-1 / (rng.uniform(0.02, 0.15) * RATE))
    envelope = signal.lfilter([1 - pole], [1, -pole], level) + 1e-4
    reference = np.sqrt((envelope**2).mean()) + 1e-6
    gain = (envelope / reference) ** -rng.uniform(0, most)
    return (x * np.minimum(gain, 4)[:, None]).astype(np.float32)


def drive(rng, x):
    """Soft saturation."""
    amount = rng.uniform(1, 5)
    peak = np.abs(x).max() + 1e-9
    return (np.tanh(x / peak * amount) * peak / np.tanh(amount)).astype(np.float32)


def pan(rng, x, width):
    """A random place, up to `width` of the way to one side."""
    place = rng.uniform(-width, width)
    return x * np.float32([min(1, 1 - place), min(1, 1 + place)])


def level(rng, x, low, high):
    """Scale to a random loudness (dB RMS of full scale where the stem plays), without clipping."""
    blocks = x[: len(x) // 4410 * 4410].reshape(-1, 4410, 2)
    loud = np.sqrt((blocks**2).mean((1, 2)))
    peak = np.abs(x).max() + 1e-9
    playing = loud[loud > loud.max() * 0.1] if len(loud) and loud.max() > 0 else np.ones(1)
    target = 10 ** (rng.uniform(low, high) / 20)
    return x * np.float32(min(target / np.sqrt(np.mean(playing**2)), 0.95 / peak))


def distort(rng, x):
    """Hard saturation of a filtered copy, mixed with the dry sound."""
    peak = np.abs(x).max() + 1e-9
    hot = x / peak * rng.uniform(4, 25)
    hot = np.clip(hot, -1, 1) if rng.random() < 0.4 else np.tanh(hot + 0.2) - np.tanh(0.2)
    hot = signal.sosfilt(signal.butter(1, rng.uniform(2500, 9000), fs=RATE, output="sos"), hot, 0)
    wet = rng.uniform(0.3, 1.0)
    return ((1 - wet) * x + wet * peak * 0.5 * hot).astype(np.float32)


def narrow(rng, x):
    """The band of a telephone or a small radio."""
    band = (rng.uniform(200, 600), rng.uniform(2500, 5000))
    return signal.sosfilt(signal.butter(2, band, "bandpass", fs=RATE, output="sos"), x, 0).astype(
        np.float32
    )


def echo(rng, x):
    """Repeats that get duller; now and then only of some phrases, or from side to side."""
    step = int(rng.uniform(0.09, 0.55) * RATE)
    dull = signal.butter(1, rng.uniform(1500, 8000), fs=RATE, output="sos")
    sent = x
    if rng.random() < 0.4:
        open_ = np.repeat(rng.random(len(x) // RATE + 1) < 0.35, RATE)[: len(x)]
        sent = x * open_[:, None]
    out, gain, swap = x.copy(), rng.uniform(0.2, 0.6), rng.random() < 0.5
    for n in range(1, 5):
        sent = gain * signal.sosfilt(dull, sent, 0)[:, :: -1 if swap else 1]
        if n == 1 and swap:
            sent = sent * np.float32([1.3, 0.5])
        if n * step < len(x):
            out[n * step :] += sent[: len(x) - n * step]
    return out.astype(np.float32)


def chorus(rng, x):
    """Two copies with a delay that moves."""
    time, out = np.arange(len(x)) / RATE, x.copy()
    for side in (0, 1):
        swing = np.sin(2 * np.pi * rng.uniform(0.2, 1.5) * time + rng.uniform(0, 6.3))
        place = np.arange(len(x)) - RATE * (0.012 + rng.uniform(0.001, 0.005) * swing)
        out[:, side] += rng.uniform(0.4, 0.9) * np.interp(place, np.arange(len(x)), x[:, side])
    return (0.7 * out).astype(np.float32)


def colour(rng, x):
    """Effects that are heard as such, each at times."""
    for chance, effect in ((0.2, distort), (0.08, narrow), (0.15, chorus), (0.4, echo)):
        if rng.random() < chance:
            x = effect(rng, x)
    return x


class Template(NamedTuple):
    """How the stems of a piece are produced; dictionaries are by class."""

    levels: dict  # loudness, dB RMS of full scale where the stem plays: (low, high)
    rooms: dict  # most of the reverb, of the dry sound's level
    drive: dict  # chance of saturation
    compression: float = 0.6  # its chance
    ratio: float = 0.5  # most of the compressor's exponent
    reverb: float = 0.7  # its chance


def by_class(vocals, drums, bass, other):
    """A value for each class."""
    return {"vocals": vocals, "drums": drums, "bass": bass, "other": other}


PLAIN = Template(
    levels=by_class((-22, -16), (-22, -15), (-23, -17), (-24, -16)),
    rooms=by_class(0.8, 0.5, 0.1, 0.6),
    drive=by_class(0.15, 0.15, 0.4, 0.4),
)

# Loudness and production as they are usual, not measured
GENRES = {
    "pop": PLAIN._replace(
        levels=by_class((-18, -15), (-20, -16), (-22, -18), (-24, -19)), compression=0.9, ratio=0.6
    ),
    "rock": PLAIN._replace(
        levels=by_class((-21, -17), (-19, -15), (-21, -17), (-19, -15)),
        drive=by_class(0.3, 0.2, 0.6, 0.8), compression=0.8,
    ),
    "electronic": PLAIN._replace(
        levels=by_class((-23, -18), (-18, -14), (-20, -16), (-21, -16)),
        rooms=by_class(1.0, 0.4, 0.05, 1.0), compression=0.9, ratio=0.7,
    ),
    "ballad": PLAIN._replace(
        levels=by_class((-18, -14), (-27, -21), (-25, -20), (-22, -17)),
        rooms=by_class(1.2, 0.9, 0.2, 1.0), drive=by_class(0.02, 0.02, 0.1, 0.1), ratio=0.3,
        reverb=0.9,
    ),
    "jazz": PLAIN._replace(
        levels=by_class((-20, -16), (-25, -20), (-22, -18), (-21, -16)),
        drive=by_class(0.02, 0.02, 0.1, 0.1), compression=0.3, ratio=0.2,
    ),
}  # fmt: skip


def produce(rng, x, kind, template=PLAIN):
    """A random production of a stem of class `kind`."""
    x = equalise(rng, x)
    if rng.random() < template.compression:
        x = compress(rng, x, template.ratio)
    if rng.random() < template.drive[kind]:
        x = drive(rng, x)
    if rng.random() < template.reverb:
        x = reverb(rng, x, rng.uniform(0.3, 2.2), rng.uniform(0, template.rooms[kind]))
    x = pan(rng, x, 0.1 if kind in ("bass", "vocals") else 0.25)
    return level(rng, x, *template.levels[kind])
