# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""The folder format of the data set: reading audio in, writing pieces.

One folder a piece, with one CLASS.npy (int16 [samples][2], 44.1 kHz) for each class that the
piece has, CLASS.rms.npy (loudness of each half second, to find where the class plays), and
piece.json. A class is a source, or "backing": music without vocals of which there is no more than
the mix.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import soundfile

RATE = 44100
BLOCK = RATE // 2
CLASSES = ("vocals", "drums", "bass", "other", "backing")
CODERS = {"libmp3lame": "mp3", "aac": "m4a", "libvorbis": "ogg"}  # ffmpeg's names, file suffixes


def decode(path):
    """Any audio file as float32 [samples][2] at 44.1 kHz."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "2", "-ar", str(RATE)]
    raw = subprocess.run([*command, "-f", "f32le", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.float32).reshape(-1, 2)


def coded(x, coder, rate):
    """x [samples][2] after a lossy coder of ffmpeg at `rate` bits a second, in time with x."""
    with tempfile.TemporaryDirectory() as folder:
        wave, path = f"{folder}/a.wav", f"{folder}/a.{CODERS[coder]}"
        soundfile.write(wave, x, RATE, "FLOAT")
        command = ["ffmpeg", "-v", "error", "-i", wave, "-c:a", coder, "-b:a", str(rate), path]
        subprocess.run(command, check=True, capture_output=True)
        y = decode(path)[: len(x)]
    return np.pad(y, ((0, len(x) - len(y)), (0, 0)))


def digest(path):
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def loudness(x):
    """RMS of each half second of float [samples][2]."""
    blocks = x[: len(x) // BLOCK * BLOCK].reshape(-1, BLOCK, 2)
    return np.sqrt((blocks.astype(np.float64) ** 2).mean((1, 2))).astype(np.float32)


def prepared(folder):
    """[(path, contents of piece.json)] of the pieces in a folder, by name."""
    paths = sorted(pathlib.Path(folder).glob("[!.]*/piece.json"))
    return [(path.parent, json.loads(path.read_text())) for path in paths]


def write_piece(folder, stems, about):
    """Write a piece aside and rename it into place, so that a running loader sees all or nothing.

    `stems` maps class to float [samples][2]; one gain for all keeps the mix below full scale.
    """
    folder = pathlib.Path(folder)
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    length = max(len(x) for x in stems.values())
    stems = {name: np.pad(x, ((0, length - len(x)), (0, 0))) for name, x in stems.items()}
    peak = max(np.abs(sum(stems.values())).max(), *(np.abs(x).max() for x in stems.values()))
    gain = min(1.0, 0.99 / float(peak)) if peak > 0 else 1.0
    minutes = {}
    for name, x in stems.items():
        np.save(aside / f"{name}.npy", np.round(x * gain * 32767).astype(np.int16))
        rms = loudness(x * gain)
        np.save(aside / f"{name}.rms.npy", rms)
        minutes[name] = round(float((rms > 1e-3).sum()) * BLOCK / RATE / 60, 3)
    about = {**about, "samples": length, "gain": gain, "minutes": minutes}
    (aside / "piece.json").write_text(json.dumps(about, indent=1))
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(aside, folder)
    return minutes
