# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Score a weights file of any version by the C engine alone: the program's files, or the plugin.

Beside single sources: the song without its vocals ("no-vocals"), bass and other together where the
piece has its bass in other ("bass+other"), and the same at other levels.
"""

import argparse
import json
import pathlib

import numpy as np

import evaluate
from engine import RESPONSES, Engine
from songs import Piece, load_piece


def truths(piece, joined):
    """{what to ask the program for: its true sound}."""
    stems = piece.stems
    wanted = dict(stems)
    if len(stems) > 1 and "vocals" in stems:
        wanted["no-vocals"] = sum(x for name, x in stems.items() if name != "vocals")
    if joined:
        wanted["bass+other"] = stems["other"] + stems.get("bass", 0)
    return wanted


def by_program(engine, piece, joined, gain):
    """Scores of a piece at a gain of dB."""
    wanted, scale = truths(piece, joined), 10 ** (gain / 20)
    estimates = engine.program(scale * piece.mix(), tuple(wanted))
    estimates = {name: x / scale for name, x in estimates.items()}
    return evaluate.score(Piece(piece.name, wanted), estimates)


def by_plugin(engine, piece, response):
    """Scores of a piece's stems."""
    return evaluate.score(piece, engine.plugin(piece.mix(), response))


def is_joined(path):
    """Does the piece say that other holds a bass?"""
    about = path / "piece.json"
    return about.exists() and json.loads(about.read_text()).get("joined", False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="weights file")
    parser.add_argument("build", help="where make all hosts built the engine")
    parser.add_argument("pieces", nargs="+", type=pathlib.Path, help="folders of stems")
    parser.add_argument("--levels", type=float, nargs="*", default=[0.0], help="gains in dB (0)")
    parser.add_argument("--plugin", nargs="*", choices=RESPONSES, default=[], help="responses")
    parser.add_argument("--seconds", type=float, help="score the middle of each piece alone")
    args = parser.parse_args()
    engine, every = Engine(args.build, args.weights), {}
    for path in args.pieces:
        piece = load_piece(path)
        piece = piece.middle(args.seconds) if args.seconds else piece
        rows = {}
        for gain in args.levels:
            rows[f"program {gain:+.0f} dB"] = by_program(engine, piece, is_joined(path), gain)
        for response in args.plugin:
            rows[f"plugin {response}"] = by_plugin(engine, piece, response)
        for row, scores in rows.items():
            line = ", ".join(f"{k} {v['sdr_v4']:.2f} ({v['usdr']:.2f})" for k, v in scores.items())
            print(f"{piece.name}: {row}: {line}", flush=True)
            for name, values in scores.items():
                every.setdefault((row, name), []).append((values["sdr_v4"], values["usdr"]))
    if len(args.pieces) > 1:
        for (row, name), values in every.items():
            v4, usdr = np.nanmedian(values, 0)
            print(f"median of {len(values)}: {row}: {name} {v4:.2f} ({usdr:.2f})")


if __name__ == "__main__":
    main()
