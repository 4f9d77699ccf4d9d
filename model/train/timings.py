# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Latency against SDR: songs separated by the C engine with timings of any kind."""

import argparse
import pathlib
import subprocess

import numpy as np

from evaluate import medians, score
from model import SOURCES
from songs import load_song


def separate(program, weights, timing, mix):
    """Estimates of all sources of float32 [2][samples], and the latency at 48 kHz in ms."""
    done = subprocess.run(
        [program, weights, timing], input=np.ascontiguousarray(mix.T).tobytes(),
        capture_output=True, check=True,
    )  # fmt: skip
    found = np.frombuffer(done.stdout, np.float32).reshape(-1, mix.shape[1], 2)
    return dict(zip(SOURCES, found.transpose(0, 2, 1), strict=True)), float(done.stderr)


def measure(program, weights, timing, pieces):
    """Medians over the pieces {source: {metric: dB}}, and the latency."""
    every = {}
    for piece in pieces:
        estimates, latency = separate(program, weights, timing, piece.mix())
        every[piece.name] = {timing: score(piece, estimates)}
    return medians(every)[timing], latency


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=pathlib.Path)
    parser.add_argument("program", type=pathlib.Path, help="tests/bench/bench_timing, as built")
    parser.add_argument("pieces", nargs="+", type=pathlib.Path, help="folders of stems")
    parser.add_argument("--seconds", type=float, help="score the middle of each piece alone")
    parser.add_argument(
        "--timings", nargs="+", required=True, metavar="L,S,F,D[,H]",
        help="look-ahead, step, fade and deadline in frames; hops that are heard of one (all)",
    )  # fmt: skip
    args = parser.parse_args()
    pieces = [load_song(path) for path in args.pieces]
    if args.seconds:
        pieces = [piece.middle(args.seconds) for piece in pieces]
    present = [name for name in SOURCES if any(name in piece.stems for piece in pieces)]
    print("| L, S, F, D, H | ms | " + " | ".join(present) + " | mean |")
    print("|---" * (len(present) + 3) + "|")
    for timing in args.timings:
        scores, latency = measure(args.program.resolve(), args.weights, timing, pieces)
        mean = {m: np.mean([scores[n][m] for n in present]) for m in ("sdr_v4", "usdr")}
        cells = [f"{s['sdr_v4']:.2f} ({s['usdr']:.2f})" for s in [*map(scores.get, present), mean]]
        print(f"| {timing} | {latency:.0f} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
