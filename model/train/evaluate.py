# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Separate a song offline with PyTorch and score it against its stems, with anchors.

Anchors: the mix as every estimate, a quarter of the mix, and the ideal ratio mask (the ceiling
of any mask on this transform that keeps the phase of the mix).
"""

import argparse
import csv
import json
import pathlib
from typing import NamedTuple

import numpy as np
import soundfile
import torch

import metrics
import stft as transform
from model import SOURCES, load_weights


class Piece:
    """Stems of a song: a dictionary of class to float32 [channels][samples]."""

    def __init__(self, name, stems):
        self.name, self.stems = name, stems
        self.length = next(iter(stems.values())).shape[-1]

    def mix(self):
        """The sum of the stems."""
        return sum(self.stems.values())

    def excerpt(self, start, length):
        """A part of the song."""
        return Piece(self.name, {k: x[:, start : start + length] for k, x in self.stems.items()})


def load_piece(folder):
    """A piece of prepare.py, or a folder of stems as CLASS.wav or CLASS.flac."""
    stems = {}
    for name in SOURCES:
        for path in (folder / f"{name}.npy", folder / f"{name}.wav", folder / f"{name}.flac"):
            if path.exists() and path.suffix == ".npy":
                stems[name] = np.load(path, mmap_mode="r").T.astype(np.float32) / 32768
            elif path.exists():
                stems[name] = soundfile.read(path, dtype="float32", always_2d=True)[0].T
    if not stems:
        raise ValueError(f"{folder}: no stems (expected vocals, drums, bass or other)")
    return Piece(folder.name, stems)


class Placement(NamedTuple):
    """Where windows lie, in frames: see README.md."""

    step: int = 48
    ahead: int = 40
    fade: int = 16


def window_starts(count, frames, place):
    """First frame of each window, and its first frame in use, to cover `count` frames.

    Block k is the frames k * step to (k + 1) * step - 1; its window is the `frames` frames that
    end `ahead` frames after the block.
    """
    starts = [(k + 1) * place.step + place.ahead - frames for k in range(-(-count // place.step))]
    return starts, frames - place.ahead - place.step


def join(blocks, place):
    """[channels][frames][bins] from blocks of step + fade frames, each faded in over the last."""
    rising = torch.arange(1, place.fade + 1)[:, None] / (place.fade + 1)
    parts = []
    for n, block in enumerate(blocks):
        part = block[:, : place.step].clone()
        if n and place.fade:
            before = blocks[n - 1][:, place.step :]
            part[:, : place.fade] = before + rising * (part[:, : place.fade] - before)
        parts.append(part)
    return torch.cat(parts, 1)


@torch.no_grad()
def masks(network, magnitude, source, place, batch=8):
    """Masks [channels][frames][bins] of a whole song's magnitudes of the same shape."""
    description = network.description
    frames = description["stft"]["frames"]
    count = magnitude.shape[1]
    starts, first = window_starts(count, frames, place)
    before, after = max(0, -starts[0]), max(0, starts[-1] + frames - count)
    padded = torch.nn.functional.pad(magnitude, (0, 0, before, after))
    onehot = torch.zeros(1, len(description["sources"]))
    onehot[0, description["sources"].index(source)] = 1
    blocks = []
    for n in range(0, len(starts), batch):
        chunk = [padded[:, s + before : s + before + frames] for s in starts[n : n + batch]]
        out = network(torch.stack(chunk), onehot.expand(len(chunk), -1)).float()
        blocks.extend(out[:, :, first : first + place.step + place.fade])
    return join(blocks, place)[:, :count]


def separate(network, mix, sources, place=None):
    """Estimates of `sources` from float32 [channels][samples]: the offline reference."""
    stft = network.description["stft"]
    # a stream's first frame is the one that ends with the first hop, its last frames see the end
    early = stft["window"] // 2 - stft["hop"]
    padded = torch.nn.functional.pad(torch.from_numpy(mix), (early, stft["window"]))
    mixture = transform.forward(padded, stft, center=True)
    magnitude = transform.seen(mixture.abs(), stft)
    result = {}
    for source in sources:
        mask = masks(network, magnitude, source, place or Placement())
        full = transform.whole_mask(mask, network.description)
        audio = transform.inverse(full * mixture, stft, padded.shape[-1])
        result[source] = audio[:, early : early + mix.shape[-1]].numpy()
    return result


def network_estimates(network, piece, place=None):
    """Estimates of the sources that the piece has."""
    return separate(network, piece.mix(), list(piece.stems), place)


def ideal_estimates(piece, stft):
    """The ideal ratio mask |s| / sum |s| applied to the mix."""
    spectra = {
        k: transform.forward(torch.from_numpy(x), stft, True) for k, x in piece.stems.items()
    }
    total = sum(s.abs() for s in spectra.values()) + 1e-9
    mixture = sum(spectra.values())
    return {
        k: transform.inverse(s.abs() / total * mixture, stft, piece.length).numpy()
        for k, s in spectra.items()
    }


def score(piece, estimates, rate=44100):
    """{source: {metric: dB}}."""
    names = list(piece.stems)
    references = np.stack([piece.stems[n].T for n in names])
    guesses = np.stack([estimates[n].T for n in names])
    values = {
        "sdr_v4": metrics.sdr_v4(references, guesses, rate),
        "usdr": metrics.usdr(references, guesses),
        "si_sdr": metrics.si_sdr(references, guesses),
    }
    return {n: {m: float(v[i]) for m, v in values.items()} for i, n in enumerate(names)}


def anchors(piece, stft):
    """Scores of the mix, a quarter of it, and the ideal ratio mask."""
    mix = piece.mix()
    return {
        "mix": score(piece, dict.fromkeys(piece.stems, mix)),
        "mix / 4": score(piece, dict.fromkeys(piece.stems, mix / 4)),
        "ideal ratio mask": score(piece, ideal_estimates(piece, stft)),
    }


def medians(every):
    """Median over the pieces of {piece: {estimate: {source: {metric: dB}}}}."""
    result = {}
    for estimate in next(iter(every.values())):
        for source in SOURCES:
            found = [t[estimate][source] for t in every.values() if source in t[estimate]]
            if found:
                result.setdefault(estimate, {})[source] = {
                    metric: float(np.median([f[metric] for f in found])) for metric in found[0]
                }
    return result


def write_audio(folder, signals):
    """One 24-bit WAV file a signal."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, x in signals.items():
        soundfile.write(folder / f"{name}.wav", x.T, 44100, "PCM_24")


def write_table(path, table):
    """{estimate: {source: {metric: dB}}} as TSV."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["estimate", "source", "sdr_v4", "usdr", "si_sdr"])
        for estimate, sources in table.items():
            for source, values in sources.items():
                writer.writerow([estimate, source, *(f"{v:.3f}" for v in values.values())])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="weights file")
    parser.add_argument("pieces", nargs="+", type=pathlib.Path, help="folders of stems")
    for name, value in Placement()._asdict().items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"frames ({value})")
    parser.add_argument("--json", type=pathlib.Path, help="write every score here")
    parser.add_argument("--tsv", type=pathlib.Path, help="write the medians over the pieces here")
    parser.add_argument("--audio", type=pathlib.Path, help="write mix and estimates below here")
    args = parser.parse_args()
    network, _ = load_weights(args.weights)
    network = network.to(memory_format=torch.channels_last)
    every = {}
    for folder in args.pieces:
        piece = load_piece(folder)
        table = anchors(piece, network.description["stft"])
        place = Placement(args.step, args.ahead, args.fade)
        estimates = network_estimates(network, piece, place)
        table["network"] = score(piece, estimates)
        every[piece.name] = table
        if args.audio:
            write_audio(args.audio / piece.name, {"mix": piece.mix(), **estimates})
        for estimate, sources in table.items():
            line = ", ".join(f"{k} {v['sdr_v4']:.2f}" for k, v in sources.items())
            print(f"{piece.name}: {estimate}: {line}", flush=True)
    if args.json:
        args.json.write_text(json.dumps(every, indent=1))
    if args.tsv:
        write_table(args.tsv, medians(every))


if __name__ == "__main__":
    main()
