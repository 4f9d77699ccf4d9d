# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""How much of music Spleeter takes for vocals, to tell backings from songs that somebody sings.

Of every track: minutes, the level of the vocals that its vocals network hears against that of the
music, in dB, and of the same in single seconds the 95th percentile: a voice that comes in now and
then is a small part of a track, but most of some seconds. A folder of stems with vocals has two
rows, one of them without. experiments/backings.md says what is how loud.
"""

import argparse
import csv
import pathlib
import sys

import numpy as np
import torch

import evaluate
from films import Conditioned, Films
from generic import load_generic
from pieces import RATE, decode
from songs import load_piece
from tf_checkpoint import read_checkpoint

PLACE = evaluate.Placement(64, 32, 0)
QUIET = 1e-4  # of the track's mean power (-40 dB), below which a second does not play


def load_vocals(prefix):
    """Spleeter's vocals network, as `evaluate.separate` takes it."""
    network = Conditioned(load_generic(read_checkpoint(prefix), 0), Films(["vocals"]))
    return network.to(memory_format=torch.channels_last)


def powers(x):
    """Mean square of each second of float [2][samples]."""
    seconds = x[:, : x.shape[1] // RATE * RATE].reshape(2, -1, RATE)
    return np.square(seconds, dtype=np.float64).mean((0, 2))


def levels(music, vocals):
    """(of the whole, 95th percentile of the seconds that play) of vocals against music, in dB."""
    whole, part = powers(music), powers(vocals)
    playing = whole >= QUIET * whole.mean()
    seconds = part[playing] / (whole[playing] + 1e-12)
    found = part.sum() / (whole.sum() + 1e-12), np.percentile(seconds, 95)
    return tuple(10 * float(np.log10(ratio + 1e-12)) for ratio in found)


def heard(network, music):
    """`levels` of what the network hears in float32 [2][samples]."""
    with torch.autocast("cpu", torch.bfloat16):  # changes levels by 0.02 dB
        estimate = evaluate.separate(network, music, {"vocals": ["vocals"]}, PLACE)
    return levels(music, estimate["vocals"])


def tracks(path):
    """(name, float32 [2][samples]) of a file, or of a folder of stems with and without vocals."""
    if path.is_file():
        yield path.name, np.ascontiguousarray(decode(path).T)
        return
    piece = load_piece(path)
    yield piece.name, piece.mix()
    if "vocals" in piece.stems and len(piece.stems) > 1:
        del piece.stems["vocals"]
        yield f"{piece.name} without vocals", piece.mix()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="prefix of Spleeter's checkpoint: FOLDER/2stems/model")
    parser.add_argument("tracks", nargs="+", type=pathlib.Path, help="files, or folders of stems")
    args = parser.parse_args()
    torch.set_num_threads(1)
    network = load_vocals(args.weights)
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(["track", "minutes", "vocals dB", "95 % of seconds dB"])
    for path in args.tracks:
        for name, music in tracks(path):
            minutes = music.shape[1] / RATE / 60
            writer.writerow([name, f"{minutes:.1f}", *(f"{x:.1f}" for x in heard(network, music))])
            sys.stdout.flush()


if __name__ == "__main__":
    main()
