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
from engine import RESPONSES, Engine
from level import gains
from model import SOURCES
from songs import Piece, load_song, musdb_songs
from weights import load_weights


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
    rising = torch.arange(1, place.fade + 1, device=blocks[0].device)[:, None] / (place.fade + 1)
    parts = []
    for n, block in enumerate(blocks):
        part = block[:, : place.step].clone()
        if n and place.fade:
            before = blocks[n - 1][:, place.step :]
            part[:, : place.fade] = before + rising * (part[:, : place.fade] - before)
        parts.append(part)
    return torch.cat(parts, 1)


@torch.no_grad()
def masks(network, magnitude, condition, place, batch=8):
    """Masks [channels][frames][bins] of a whole song's magnitudes of the same shape.

    `condition` [sources]: how much of each source is wanted.
    """
    description = network.description
    frames = description["stft"]["frames"]
    count = magnitude.shape[1]
    starts, first = window_starts(count, frames, place)
    before, after = max(0, -starts[0]), max(0, starts[-1] + frames - count)
    padded = torch.nn.functional.pad(magnitude, (0, 0, before, after))
    condition = torch.tensor(condition, dtype=torch.float32, device=magnitude.device)
    blocks = []
    for n in range(0, len(starts), batch):
        chunk = [padded[:, s + before : s + before + frames] for s in starts[n : n + batch]]
        out = network(torch.stack(chunk), condition.expand(len(chunk), -1)).float()
        blocks.extend(out[:, :, first : first + place.step + place.fade])
    return join(blocks, place)[:, :count]


def separate(network, mix, wanted, place=None):
    """Estimates of `wanted`, names and their sources, from float32 [channels][samples].

    The offline reference. Several sources are a blend: one run of the network for their sum, or
    for as much of each as a dictionary says.
    """
    stft = network.description["stft"]
    # a stream's first frame is the one that ends with the first hop, its last frames see the end
    early = stft["window"] // 2 - stft["hop"]
    there = next(network.parameters()).device
    padded = torch.from_numpy(mix).to(there)
    padded = torch.nn.functional.pad(padded, (early, stft["window"]))
    mixture = transform.forward(padded, stft, center=True)
    magnitude = transform.seen(mixture.abs(), stft)
    magnitude = gains(magnitude, network.description)[:, None] * magnitude
    result = {}
    for name, sources in wanted.items():
        amounts = sources if isinstance(sources, dict) else dict.fromkeys(sources, 1.0)
        condition = [amounts.get(s, 0.0) for s in network.description["sources"]]
        mask = masks(network, magnitude, condition, place or Placement())
        full = transform.whole_mask(mask, network.description)
        audio = transform.inverse(full * mixture, stft, padded.shape[-1])
        result[name] = audio[:, early : early + mix.shape[-1]].cpu().numpy()
    return result


def network_estimates(network, piece, place=None):
    """Estimates of the sources that the piece has."""
    return separate(network, piece.mix(), {name: [name] for name in piece.stems}, place)


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


def score_blend(network, piece, place=None):
    """Scores of all stems but the first, wanted as one blend: {"without FIRST": {metric: dB}}."""
    first, *rest = piece.stems
    name = f"without {first}"
    estimate = separate(network, piece.mix(), {name: rest}, place)
    return score(Piece(piece.name, {name: sum(piece.stems[n] for n in rest)}), estimate)


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


def estimates_of(piece, network, place, engine):
    """{row of the table: {source: audio}}: PyTorch, and the engine in every way asked for."""
    rows = {"network": network_estimates(network, piece, place)}
    if engine:
        mix = piece.mix()
        rows["program"] = engine.program(mix)
        for response in RESPONSES:
            rows[f"plugin {response}"] = engine.plugin(mix, response)
    return rows


def report(piece, table):
    """One line an estimate."""
    for estimate, sources in table.items():
        line = ", ".join(
            f"{k} {v['sdr_v4']:.2f} ({v['usdr']:.2f}, {v['si_sdr']:.2f})"
            for k, v in sources.items()
        )
        print(f"{piece}: {estimate}: {line}", flush=True)


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="weights file")
    parser.add_argument("pieces", nargs="*", type=pathlib.Path, help="folders of stems")
    parser.add_argument("--musdb", type=pathlib.Path, help="score the test songs of MUSDB18 (-HQ)")
    parser.add_argument(
        "--engine", metavar="BUILD", help="separate by the C engine too, as make all hosts built it"
    )
    for name, value in Placement()._asdict().items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"frames ({value})")
    parser.add_argument("--seconds", type=float, help="score the middle of each piece alone")
    parser.add_argument("--json", type=pathlib.Path, help="write every score here")
    parser.add_argument("--tsv", type=pathlib.Path, help="write the medians over the pieces here")
    parser.add_argument("--audio", type=pathlib.Path, help="write mix and estimates below here")
    args = parser.parse_args()
    args.pieces += musdb_songs(args.musdb) if args.musdb else []
    if not args.pieces:
        parser.error("no pieces (expected folders or --musdb)")
    return args


def main():
    args = arguments()
    network, _ = load_weights(args.weights)
    network = network.to(memory_format=torch.channels_last)
    engine = Engine(args.engine, args.weights) if args.engine else None
    place = Placement(args.step, args.ahead, args.fade)
    every = {}
    for path in args.pieces:
        piece = load_song(path)
        if args.seconds:
            piece = piece.middle(args.seconds)
        table = anchors(piece, network.description["stft"])
        found = estimates_of(piece, network, place, engine)
        table.update({row: score(piece, estimates) for row, estimates in found.items()})
        every[piece.name] = table
        if args.audio:
            write_audio(args.audio / piece.name, {"mix": piece.mix(), **found["network"]})
        report(piece.name, table)
    if len(every) > 1:
        report("median", medians(every))
    if args.json:
        args.json.write_text(json.dumps(every, indent=1))
    if args.tsv:
        write_table(args.tsv, medians(every))


if __name__ == "__main__":
    main()
