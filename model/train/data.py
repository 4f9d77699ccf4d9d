# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Random training mixes from the folders that prepare.py writes.

Chance is drawn on the CPU; cuts are made and changed in batches on whatever device holds the
pieces, so the same draws give the same mixes anywhere.
"""

import itertools
import warnings
import zlib

import numpy as np
import torch
from torch.utils.data import IterableDataset

from model import SOURCES
from pieces import CLASSES, prepared


class Pieces:
    """The prepared pieces of a split: memory mapped on a CPU, whole in the memory of a GPU."""

    def __init__(self, folder, options, device="cpu"):
        """`options`: weights, sources (all, if left out), fraction, entire; see config.toml."""
        weights, chosen = options["weights"], options.get("sources")
        fraction = options.get("fraction", 1.0)
        self.audio, self.rms, self.weight = {}, {}, {}
        self.joined = set()  # pieces in whose other something plays the bass
        for path, about in prepared(folder):
            piece = path.name
            if about.get("joined"):
                self.joined.add(piece)
            if chosen and about["source"] not in chosen:
                continue
            if (zlib.crc32(piece.encode()) % 1000 >= 1000 * fraction
                    and about["source"] not in options.get("entire", [])):  # fmt: skip
                continue
            for name, minutes in about["minutes"].items():
                if minutes > 0.02:
                    key = (piece, name)
                    self.audio[key] = load(path / f"{name}.npy", device)
                    self.rms[key] = np.load(path / f"{name}.rms.npy")
                    # between one vote a piece and one vote a minute
                    self.weight[key] = weights.get(about["source"], 1.0) * minutes**0.5
        self.by_class = {s: [k for k in self.audio if k[1] == s] for s in CLASSES}
        pieces = {k[0] for k in self.audio}
        self.whole = {p: [s for s in SOURCES if (p, s) in self.audio] for p in sorted(pieces)}
        self.whole = {p: names for p, names in self.whole.items() if len(names) > 1}
        if not self.audio:
            raise ValueError(f"{folder}: no prepared pieces (expected */piece.json)")

    def draw(self, rng, keys):
        """One of `keys` by weight."""
        weights = np.array([self.weight[k] for k in keys])
        return keys[rng.choice(len(keys), p=weights / weights.sum())]

    def place(self, rng, key, length):
        """A start sample near which the class plays."""
        playing = np.flatnonzero(self.rms[key] > 1e-3)
        block = rng.choice(playing) if len(playing) else 0
        start = int(block * 22050 + rng.integers(-length // 2, length // 2))
        return max(0, min(start, len(self.audio[key]) - length))

    def cut(self, key, start, out):
        """Fill float32 out [2][samples], zeros past the end, -1 to 1."""
        x = self.audio[key][start : start + out.shape[1]]
        out[:, : len(x)] = x.T
        out[:, len(x) :] = 0
        out /= 32768


def load(path, device):
    """int16 [samples][2] of a .npy file."""
    if device == "cpu":
        with warnings.catch_warnings():  # nobody writes to the mapped file
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            return torch.from_numpy(np.load(path, mmap_mode="r"))
    return torch.from_numpy(np.load(path)).to(device)


def decibels(rng, low, high, size=None):
    """Uniform random gains."""
    return 10 ** (rng.uniform(low, high, size) / 20)


def tilt(x, corner, gain):
    """A shelf for each row of x [rows][2][samples]: `gain` well above `corner` Hz."""
    spectrum = torch.fft.rfft(x)
    frequency = torch.linspace(0, 22050, spectrum.shape[-1], device=x.device)
    share = 1 / (1 + (frequency / corner[:, None, None]) ** 2)
    return torch.fft.irfft(spectrum * (share + (1 - share) * gain[:, None, None]), x.shape[-1])


def low_pass(x, cutoff):
    """A steep low-pass at `cutoff` Hz for each row of x [rows][..][samples], as lossy coders do."""
    spectrum = torch.fft.rfft(x)
    frequency = torch.linspace(0, 22050, spectrum.shape[-1], device=x.device)
    cutoff = cutoff.reshape(-1, *[1] * (x.dim() - 1))
    return torch.fft.irfft(spectrum / (1 + (frequency / cutoff) ** 48), x.shape[-1])


def add_room(x, room):
    """x [rows][2][samples] plus its convolution with `room` [rows][2][taps]."""
    size = x.shape[-1] + room.shape[-1]
    wet = torch.fft.irfft(torch.fft.rfft(x, size) * torch.fft.rfft(room, size), size)
    return x + wet[..., : x.shape[-1]]


def draw_room(rng, taps=30000):
    """A room as decaying noise of energy `wet`**2, float32 [2][taps]: 0.2 to 0.7 s to -60 dB."""
    time = np.arange(taps) / 44100
    noise = rng.standard_normal((2, taps)) * np.exp(-6.9 * time / rng.uniform(0.2, 0.7))
    noise[:, : int(rng.uniform(0.002, 0.03) * 44100)] = 0
    wet = rng.uniform(0.05, 0.5)
    return (wet * noise / np.sqrt((noise**2).sum(1, keepdims=True))).astype(np.float32)


def at_speed(x, speed, length):
    """`length` samples of x [2][samples] read at `speed`, by cubic interpolation."""
    place = torch.arange(length, device=x.device, dtype=torch.float64) * speed
    whole = place.long().clamp(1, x.shape[1] - 3)
    t = (place - whole).float()
    a, b, c, d = (x[:, whole + n] for n in (-1, 0, 1, 2))
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


class Mixer:
    """Draws audio [mixes][sources][channels][samples] for training."""

    def __init__(self, folder, length, options, device="cpu"):
        self.pieces = Pieces(folder, options, device)
        self.length, self.options, self.device = length, options, device
        weight = self.pieces.weight
        self.whole = np.array([
            max(weight[p, s] for s in names) for p, names in self.pieces.whole.items()
        ])  # fmt: skip

    def speed(self, rng):
        """A random speed: pitch and tempo change together."""
        return rng.uniform(1 / 1.2, 1.2) if rng.random() < self.options["resample"] else 1.0

    def coherent(self, rng):
        """All sources of one piece at one time: {source: (key, start, speed)}."""
        names = list(self.pieces.whole)
        piece = names[rng.choice(len(names), p=self.whole / self.whole.sum())]
        speed = self.speed(rng)
        sources = self.pieces.whole[piece]
        start = self.pieces.place(rng, (piece, rng.choice(sources)), self.length)
        return {s: ((piece, s), start, speed) for s in sources}

    def scattered(self, rng):
        """Every source from a piece and a time of its own."""
        return {name: self.somewhere(rng, name) for name in SOURCES if self.pieces.by_class[name]}

    def backed(self, rng):
        """Vocals over a backing, which takes the place of other."""
        return {"vocals": self.somewhere(rng, "vocals"), "other": self.somewhere(rng, "backing")}

    def somewhere(self, rng, name):
        """A (key, start, speed) where a class plays."""
        key = self.pieces.draw(rng, self.pieces.by_class[name])
        return key, self.pieces.place(rng, key, self.length), self.speed(rng)

    def kind(self, rng):
        """How to draw a mix, and the range of its gains in dB."""
        chance = rng.random()
        if self.pieces.whole and chance < self.options["coherent"]:
            return self.coherent, 6.0
        there = self.pieces.by_class["vocals"] and self.pieces.by_class["backing"]
        if there and chance > 1 - self.options["backing"]:
            return self.backed, 9.0
        return self.scattered, 12.0

    def fill(self, out, key, start, speed):
        """out [2][samples] from a place of a piece."""
        if speed == 1.0:
            self.pieces.cut(key, start, out)
            return
        raw = torch.empty(2, int(self.length * speed) + 4, device=self.device)
        self.pieces.cut(key, start, raw)
        out.copy_(at_speed(raw, speed, self.length))

    def vary(self, rng, x, spreads):
        """Gain, polarity, channels, tone, room, width, presence and level of x, and its top end.

        `spreads` [mixes][sources] are the ranges of the gains in dB.
        """
        mixes, sources = x.shape[:2]
        shape = (mixes, sources)
        gain = 10 ** (rng.uniform(-1, 1, shape) * spreads / 20) * rng.choice((-1, 1), shape)
        swap = rng.random(shape) < 0.5
        side = np.where(rng.random(shape) < 0.2, rng.uniform(0, 1, shape), 0) / 2
        keep = rng.random(shape) > self.options["missing"]
        gain = gain * (keep | ~keep.any(1, keepdims=True)) * decibels(rng, -15, 6, (mixes, 1))
        tilted = np.flatnonzero(rng.random(shape).ravel() < self.options["tilt"])
        corner = np.exp(rng.uniform(np.log(100), np.log(4000), len(tilted)))
        shelf = decibels(rng, -6, 6, len(tilted))
        there = {"device": self.device, "dtype": torch.float32}
        # [channel out][channel in]: width, then swapped channels
        across = np.where(swap, 1 - side, side) * gain
        direct = np.where(swap, side, 1 - side) * gain
        across, direct = (torch.tensor(g, **there)[..., None, None] for g in (across, direct))
        x = (direct * x + across * x.flip(2)).flatten(0, 1)
        if len(tilted):
            rows = torch.tensor(tilted, device=self.device)
            x[rows] = tilt(x[rows], torch.tensor(corner, **there), torch.tensor(shelf, **there))
        return self.spoil(rng, x, shape)

    def spoil(self, rng, x, shape):
        """Some sources of x [mixes * sources][2][samples] in a room, some mixes without treble."""
        roomy = np.flatnonzero(rng.random(len(x)) < self.options["reverb"])
        if len(roomy):
            rows = torch.tensor(roomy, device=self.device)
            rooms = torch.from_numpy(np.stack([draw_room(rng) for _ in roomy])).to(self.device)
            x[rows] = add_room(x[rows], rooms)
        x = x.unflatten(0, shape)
        dull = np.flatnonzero(rng.random(shape[0]) < self.options["low_pass"])
        if len(dull):
            rows = torch.tensor(dull, device=self.device)
            cutoff = rng.uniform(10000, 19000, len(dull)).astype(np.float32)
            x[rows] = low_pass(x[rows], torch.from_numpy(cutoff).to(self.device))
        return x

    def batch(self, rng, mixes):
        """float32 [mixes][sources][2][samples], and bool [mixes]: is all but vocals a backing?"""
        x = torch.zeros(mixes, len(SOURCES), 2, self.length, device=self.device)
        spreads, backed = np.empty((mixes, len(SOURCES))), np.zeros(mixes, bool)
        for n in range(mixes):
            draw, spreads[n] = self.kind(rng)
            backed[n] = draw == self.backed
            for name, place in draw(rng).items():
                self.fill(x[n, SOURCES.index(name)], *place)
        return self.vary(rng, x, spreads), backed


def draw_blend(rng):
    """Amounts [sources] of two to four sources: in half of the blends 1, in others 0 to 1 each."""
    amounts = np.zeros(len(SOURCES), np.float32)
    chosen = rng.permutation(len(SOURCES))[: rng.choice((2, 3, 4), p=(0.5, 0.35, 0.15))]
    amounts[chosen] = 1 if rng.random() < 0.5 else rng.uniform(0, 1, len(chosen))
    return amounts


def draw_conditions(rng, blends, backed, chance):
    """Two conditions for each mix, float32 [mixes][2][sources]: what of each source is wanted.

    Single sources, every one equally often in each two mixes; then each becomes a blend with a
    `chance`. `blends` is a generator apart, so mixes and sources are the same with and without.
    Where `backed` [mixes] is true, only vocals, and the blend of all else, are known.
    """
    mixes, single = len(backed), np.eye(len(SOURCES), dtype=np.float32)
    orders = [rng.permutation(len(SOURCES)) for _ in range((mixes + 1) // 2)]
    wanted = single[np.concatenate(orders)[: 2 * mixes]]
    for row in wanted:
        if blends.random() < chance:
            row[:] = draw_blend(blends)
    wanted = wanted.reshape(mixes, 2, len(SOURCES))
    vocals = single[SOURCES.index("vocals")]
    wanted[backed] = vocals, 1 - vocals
    return wanted


class Batches(IterableDataset):
    """Batches without end: audio [mixes][sources][2][samples], conditions [mixes][2][sources]."""

    def __init__(self, folder, stft, options, seed, device="cpu"):
        self.folder, self.options, self.seed, self.device = folder, options, seed, device
        self.length = (stft["frames"] - 1) * stft["hop"] + stft["window"]

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, info.id if info else 0))
        mixer = Mixer(self.folder, self.length, self.options, self.device)
        mixes, chance, blends = self.options["mixes"], self.options["blend"], rng.spawn(1)[0]
        for _ in itertools.count():
            audio, backed = mixer.batch(rng, mixes)
            yield audio, torch.from_numpy(draw_conditions(rng, blends, backed, chance))
