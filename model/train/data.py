# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Random training mixes from the folders that prepare.py writes."""

import itertools
import json
import pathlib

import numpy as np
import torch
from scipy import fft, signal
from torch.utils.data import IterableDataset

from model import SOURCES


class Pieces:
    """The prepared pieces of a split, memory mapped."""

    def __init__(self, folder, weights):
        """`weights` maps a source name of the manifest to how often it is drawn (default 1)."""
        self.audio, self.rms, self.weight = {}, {}, {}
        for path in sorted(pathlib.Path(folder).glob("[!.]*/piece.json")):
            about = json.loads(path.read_text())
            piece = path.parent.name
            for name, minutes in about["minutes"].items():
                if minutes > 0.02:
                    key = (piece, name)
                    self.audio[key] = np.load(path.parent / f"{name}.npy", mmap_mode="r")
                    self.rms[key] = np.load(path.parent / f"{name}.rms.npy")
                    # between one vote a piece and one vote a minute
                    self.weight[key] = weights.get(about["source"], 1.0) * minutes**0.5
        self.by_class = {s: [k for k in self.audio if k[1] == s] for s in SOURCES}
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

    def cut(self, key, start, length):
        """float32 [2][length], zero-padded."""
        x = np.asarray(self.audio[key][start : start + length], np.float32).T / 32768
        return np.pad(x, ((0, 0), (0, length - x.shape[1])))


def decibels(rng, low, high):
    """A uniform random gain."""
    return 10 ** (rng.uniform(low, high) / 20)


def tilt(rng, x):
    """A gentle random shelf: one-pole split near 100 Hz to 4 kHz, +-6 dB between the halves."""
    spectrum = fft.rfft(x)
    frequency = np.linspace(0, 22050, spectrum.shape[1], dtype=np.float32)
    share = 1 / (1 + (frequency / np.exp(rng.uniform(np.log(100), np.log(4000)))) ** 2)
    response = share + (1 - share) * decibels(rng, -6, 6)
    return fft.irfft(spectrum * response.astype(np.float32), x.shape[1])


def restretch(rng, options):
    """A random speed (pitch and tempo together) as a length that resamples fast."""
    if rng.random() > options["resample"]:
        return 1.0
    return rng.uniform(1 / 1.15, 1.15)


class Mixer:
    """Draws [sources][channels][samples] of training audio."""

    def __init__(self, folder, length, options):
        self.pieces = Pieces(folder, options["weights"])
        self.length, self.options = fft.next_fast_len(length, real=True), options

    def taken(self, rng, key, start, speed):
        """`length` samples from `start` at `speed`."""
        if speed == 1.0:
            return self.pieces.cut(key, start, self.length)
        raw = fft.next_fast_len(int(self.length * speed), real=True)
        return signal.resample(self.pieces.cut(key, start, raw), self.length, axis=1)

    def vary(self, rng, x, spread):
        """Gain, polarity, channels, tone and width of one source."""
        x = x * np.float32(decibels(rng, -spread, spread) * rng.choice((-1, 1)))
        if rng.random() < 0.5:
            x = x[::-1]
        if rng.random() < self.options["tilt"]:
            x = tilt(rng, x)
        if rng.random() < 0.2:
            side = rng.uniform(0, 1)
            x = (1 - side / 2) * x + side / 2 * x[::-1]
        return x

    def coherent(self, rng):
        """All sources of one piece at one time."""
        pieces = self.pieces
        names = list(pieces.whole)
        weights = np.array([max(pieces.weight[p, s] for s in pieces.whole[p]) for p in names])
        piece = names[rng.choice(len(names), p=weights / weights.sum())]
        speed = restretch(rng, self.options)
        start = pieces.place(rng, (piece, rng.choice(pieces.whole[piece])), self.length)
        return {s: self.taken(rng, (piece, s), start, speed) for s in pieces.whole[piece]}

    def sample(self, rng):
        """One mix: float32 [sources][2][length or a little more]."""
        out = np.zeros((len(SOURCES), 2, self.length), np.float32)
        if self.pieces.whole and rng.random() < self.options["coherent"]:
            for name, x in self.coherent(rng).items():
                out[SOURCES.index(name)] = self.vary(rng, x, 4.0)
        else:
            for n, name in enumerate(SOURCES):
                if self.pieces.by_class[name]:
                    key = self.pieces.draw(rng, self.pieces.by_class[name])
                    start = self.pieces.place(rng, key, self.length)
                    x = self.taken(rng, key, start, restretch(rng, self.options))
                    out[n] = self.vary(rng, x, 12.0)
        keep = rng.random(len(SOURCES)) > self.options["missing"]
        if keep.any():
            out *= keep[:, None, None]
        return out * decibels(rng, -15, 6)


def pair_up(rng, mixes):
    """Two conditions for each mix, every condition equally often in each two mixes."""
    orders = [rng.permutation(len(SOURCES)) for _ in range((mixes + 1) // 2)]
    return np.concatenate(orders)[: 2 * mixes].reshape(mixes, 2)


class Batches(IterableDataset):
    """Batches of audio [mixes][sources][2][samples] and conditions [mixes][2], without end."""

    def __init__(self, folder, stft, options, seed):
        self.folder, self.options, self.seed = folder, options, seed
        self.length = (stft["frames"] - 1) * stft["hop"] + stft["window"]

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, info.id if info else 0))
        mixer = Mixer(self.folder, self.length, self.options)
        mixes = self.options["mixes"]
        for _ in itertools.count():
            audio = np.stack([mixer.sample(rng)[..., : self.length] for _ in range(mixes)])
            yield torch.from_numpy(audio), torch.from_numpy(pair_up(rng, mixes))
