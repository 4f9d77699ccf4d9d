# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Spleeter's own weights against what Spleeter makes of the demo song, in TAP.

The figures are those of its networks run by PyTorch, straight from the checkpoint, as Spleeter runs
them: on windows of 512 frames, one after the other, with nothing above the networks' bins. Here
the same is done with the masks of an imported model.

    python3 tests/golden/check_spleeter.py build/tests/host/cli_masks MODEL.safetensors
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import soundfile

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "model/convert"))
import weights

FRAMES = 512
WINDOW, HOP, BINS = 4096, 1024, 1024
EXPECTED = {"vocals": 6.171, "accompaniment": 8.206}  # uSDR, dB
LIMIT = 0.002
HANN = np.hanning(WINDOW + 1)[:-1]


def song():
    """Its four stems, [samples][channels]."""
    folder = ROOT / "tests/demo/song"
    stems = [soundfile.read(folder / f"{name}.ogg", always_2d=True)[0]
             for name in ("vocals", "drums", "bass", "other")]  # fmt: skip
    shortest = min(map(len, stems))
    return [stem[:shortest] for stem in stems]


def transform(x):
    """[channels][frames][bins]; frame t is centred on sample t * HOP."""
    padded = np.pad(x.T, ((0, 0), (WINDOW // 2, WINDOW)))
    count = len(x) // HOP + 1
    return np.stack([np.fft.rfft(padded[:, t * HOP : t * HOP + WINDOW] * HANN)
                     for t in range(count)], axis=1)  # fmt: skip


def sound(spectrum, length):
    out = np.zeros((len(spectrum), spectrum.shape[1] * HOP + WINDOW))
    total = np.zeros(out.shape[1])
    for t in range(spectrum.shape[1]):
        at = slice(t * HOP, t * HOP + WINDOW)
        out[:, at] += np.fft.irfft(spectrum[:, t]) * HANN
        total[at] += HANN**2
    kept = slice(WINDOW // 2, WINDOW // 2 + length)
    return (out[:, kept] / np.maximum(total[kept], 1e-9)).T


def masks(program, model, magnitude, condition, folder):
    """[channels][frames][BINS] of whole windows, one after the other."""
    given, got = folder / "in", folder / "out"
    count = magnitude.shape[1]
    padded = np.pad(magnitude, ((0, 0), (0, -count % FRAMES), (0, 0)))
    parts = []
    for t in range(0, padded.shape[1], FRAMES):
        given.write_bytes(padded[:, t : t + FRAMES].astype("<f4").tobytes())
        subprocess.run([program, model, "native", given, got, *condition], check=True)
        parts.append(np.frombuffer(got.read_bytes(), "<f4").reshape(2, FRAMES, BINS))
    return np.concatenate(parts, axis=1)[:, :count]


def whole_windows(path, folder):
    """The model with windows of FRAMES, on which its weights do not depend."""
    description, values, card = weights.read(path)
    description["stft"]["frames"] = FRAMES
    tensors = weights.Tensors()
    for name, tensor in values.items():
        tensors.add(name, tensor, name)
    weights.write(folder / "model.safetensors", description, tensors, card)
    return folder / "model.safetensors", description["sources"]


def main():
    program, path = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    stems = song()
    truth = {"vocals": stems[0], "accompaniment": sum(stems[1:])}
    spectrum = transform(sum(stems))
    magnitude = np.abs(spectrum[:, :, :BINS])
    passed = []
    with tempfile.TemporaryDirectory() as name:
        model, sources = whole_windows(path, pathlib.Path(name))
        for i, source in enumerate(sources):
            condition = [str(int(k == i)) for k in range(len(sources))]
            mask = masks(program, model, magnitude, condition, pathlib.Path(name))
            heard = np.zeros_like(spectrum)
            heard[:, :, :BINS] = mask * spectrum[:, :, :BINS]
            error = truth[source] - sound(heard, len(stems[0]))
            usdr = 10 * np.log10(np.sum(truth[source] ** 2) / np.sum(error**2))
            passed.append(abs(usdr - EXPECTED[source]) < LIMIT)
            print(f"{'ok' if passed[-1] else 'not ok'} {len(passed)} - {source} as Spleeter's")
            print(f"# uSDR {usdr:.4f} dB (Spleeter's {EXPECTED[source]})", flush=True)
    print(f"1..{len(passed)}")
    return not all(passed)


if __name__ == "__main__":
    sys.exit(main())
