#!/usr/bin/python3
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Measures the stems that make_song.py wrote: check_song.py SONG_DIR

Prints loudness and peak of each stem and of the mix, and how far the sung notes are from the
written ones (bars where one voice sings alone). Exit status 1 if something is out of bounds.
Needs what make_song.py needs.
"""
import os
import subprocess
import sys

import numpy as np

import make_song
import score

RATE = make_song.RATE
WINDOW, HOP = 4096, 441


def read(path):
    """[2][frames] of an Ogg Vorbis file, as 16-bit samples."""
    raw = subprocess.run(["oggdec", "-Q", "-R", "-o", "-", path], check=True,
                         capture_output=True).stdout
    return np.frombuffer(raw, "<i2").reshape(-1, 2).T / 32768.0


def pitch(frame):
    """(Hz, clarity) by the normalised square difference of McLeod and Wyvill, 2005."""
    frame = frame - frame.mean()
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frame, 2 * WINDOW)) ** 2)[:WINDOW]
    energy = np.cumsum(frame ** 2)
    overlap = energy[::-1] + energy[-1] - np.concatenate([[0], energy[:-1]])
    first = RATE // 600
    nsdf = (2 * correlation / (overlap + 1e-9))[first:RATE // 90]
    peaks = [i for i in range(1, len(nsdf) - 1) if nsdf[i - 1] < nsdf[i] >= nsdf[i + 1]]
    best = max((nsdf[i] for i in peaks), default=0)
    if best < .6:
        return 0.0, 0.0
    i = next(i for i in peaks if nsdf[i] > .93 * best)
    left, middle, right = nsdf[i - 1:i + 2]
    return RATE / (first + i + .5 * (left - right) / (left - 2 * middle + right)), middle


def sung_errors(vocals, syllables):
    """Cents from the written note, the median over each note's middle; NaN if no pitch is heard."""
    mono, errors = vocals.mean(axis=0), []
    for start, length, key in (note for _, notes in syllables for note in notes):
        edge = min(.1, .3 * length)
        places = range(int((start + edge) * RATE) - WINDOW // 2,
                       int((start + length - edge) * RATE) - WINDOW // 2, HOP)
        heard = [hz for hz, clear in (pitch(mono[p:p + WINDOW]) for p in places) if clear > 0]
        written = 440 * 2 ** ((key - 69) / 12)
        errors.append(1200 * np.log2(np.median(heard) / written) if heard else np.nan)
    return np.array(errors)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check_song.py SONG_DIR")
    stems = {n: read(os.path.join(sys.argv[1], n + ".ogg")) for n in make_song.ORDER}
    stems["mix"] = sum(stems.values())
    for name, audio in stems.items():
        peak = 20 * np.log10(np.abs(audio).max())
        print(f"{name:7s} {make_song.loudness(audio):6.1f} LUFS  peak {peak:6.1f} dBFS  "
              f"{audio.shape[1]} frames")
    alone = score.lead(0, score.CHORUS) + score.lead(score.TAG + 1)
    errors = np.abs(sung_errors(stems["vocals"], alone))
    print(f"sung    {len(errors)} notes, median {np.nanmedian(errors):.1f} cents off, "
          f"worst {np.max(errors):.1f}")
    ok = np.abs(stems["mix"]).max() <= 10 ** (-1 / 20) and bool(np.all(errors < 50))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
