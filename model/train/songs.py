# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Songs with their stems, to score on."""

import subprocess

import numpy as np
import soundfile

from model import SOURCES

# streams of a MUSDB18 file NAME.stem.mp4; stream 0 is the mix
STEM_STREAMS = {"drums": 1, "bass": 2, "other": 3, "vocals": 4}


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

    def middle(self, seconds, rate=44100):
        """The middle of the song, or all of a shorter one."""
        length = int(seconds * rate)
        return self.excerpt(max(0, (self.length - length) // 2), length)


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


def decode_stream(path, stream):
    """float32 [2][samples] at 44.1 kHz of one audio stream of a file."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:a:{stream}"]
    command += ["-ac", "2", "-ar", "44100", "-f", "f32le", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.float32).reshape(-1, 2).T


def load_stem_file(path):
    """A NAME.stem.mp4 of MUSDB18."""
    stems = {name: decode_stream(path, stream) for name, stream in STEM_STREAMS.items()}
    length = min(x.shape[1] for x in stems.values())
    return Piece(path.name.removesuffix(".stem.mp4"), {k: x[:, :length] for k, x in stems.items()})


def musdb_songs(folder):
    """Paths of the test songs of MUSDB18 (files) or MUSDB18-HQ (folders)."""
    test = folder / "test"
    found = sorted(test.glob("*.stem.mp4")) + sorted(p.parent for p in test.glob("*/vocals.wav"))
    if not found:
        raise ValueError(f"{folder}: no MUSDB18 (expected test/*.stem.mp4 or test/*/vocals.wav)")
    return found


def load_song(path):
    """A folder of stems or a MUSDB18 file."""
    return load_stem_file(path) if path.is_file() else load_piece(path)
