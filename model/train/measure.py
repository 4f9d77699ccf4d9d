# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Score a weights file of any version by the C engine alone: the program's files, or the plugin.

Beside single sources: the song without its vocals ("no-vocals"), bass and other together where the
piece has its bass in other ("bass+other"), the same at other levels, and of what is above some
frequency alone.
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
    """(what is asked for, its estimates) of a piece at a gain of dB."""
    wanted, scale = truths(piece, joined), 10 ** (gain / 20)
    estimates = engine.program(scale * piece.mix(), tuple(wanted))
    return Piece(piece.name, wanted), {name: x / scale for name, x in estimates.items()}


def high(signals, hz, rate=44100):
    """What of signals {name: [channels][samples]} is at `hz` and above."""
    result = {}
    for name, x in signals.items():
        spectrum = np.fft.rfft(x)
        spectrum[..., np.fft.rfftfreq(x.shape[-1], 1 / rate) < hz] = 0
        result[name] = np.fft.irfft(spectrum, x.shape[-1])
    return result


def scores(row, piece, estimates, above):
    """{row: scores} of all sound, and in a second row of that above so many Hz."""
    result = {row: evaluate.score(piece, estimates)}
    if above:
        part = Piece(piece.name, high(piece.stems, above))
        result[f"{row}, above {above:g} Hz"] = evaluate.score(part, high(estimates, above))
    return result


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
    parser.add_argument("--above", type=float, metavar="HZ", help="score what is above it, too")
    parser.add_argument("--plugin", nargs="*", choices=RESPONSES, default=[], help="responses")
    parser.add_argument("--seconds", type=float, help="score the middle of each piece alone")
    args = parser.parse_args()
    engine, every = Engine(args.build, args.weights), {}
    for path in args.pieces:
        piece = load_piece(path)
        piece = piece.middle(args.seconds) if args.seconds else piece
        rows = {}
        for gain in args.levels:
            found = by_program(engine, piece, is_joined(path), gain)
            rows |= scores(f"program {gain:+.0f} dB", *found, args.above)
        for response in args.plugin:
            found = engine.plugin(piece.mix(), response)
            rows |= scores(f"plugin {response}", piece, found, args.above)
        for row, table in rows.items():
            line = ", ".join(f"{k} {v['sdr_v4']:.2f} ({v['usdr']:.2f})" for k, v in table.items())
            print(f"{piece.name}: {row}: {line}", flush=True)
            for name, values in table.items():
                every.setdefault((row, name), []).append((values["sdr_v4"], values["usdr"]))
    if len(args.pieces) > 1:
        for (row, name), values in every.items():
            v4, usdr = np.nanmedian(values, 0)
            print(f"median of {len(values)}: {row}: {name} {v4:.2f} ({usdr:.2f})")


if __name__ == "__main__":
    main()
