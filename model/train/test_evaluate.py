# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Scores, songs, and that the C engine separates as PyTorch does."""

import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
import torch

import above
import evaluate
import measure
import metrics
import songs
from conftest import tone
from engine import OUTPUTS, Engine
from weights import load_weights

ROOT = pathlib.Path(evaluate.__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
BUILT = (BUILD / "unbraid").exists() and (BUILD / "tests" / "host" / "host").exists()


def song(seconds=4):
    """Four tones that move apart."""
    rng = np.random.default_rng(7)
    spans = {"vocals": (300, 900), "drums": (2000, 9000), "bass": (50, 90), "other": (900, 2000)}
    return songs.Piece("tones", {k: tone(rng, seconds, *v).T for k, v in spans.items()})


def test_si_sdr_ignores_level_and_sdr_does_not():
    rng = np.random.default_rng(1)
    reference = rng.standard_normal((1, 9000, 2))
    estimate = reference + 0.1 * rng.standard_normal(reference.shape)
    whole, half = metrics.si_sdr(reference, estimate), metrics.si_sdr(reference, 0.5 * estimate)
    assert whole == pytest.approx(20, abs=0.3) and half == pytest.approx(whole, abs=1e-6)
    assert metrics.usdr(reference, 0.5 * estimate) < 7


def test_musdb_of_both_layouts(tmp_path):
    piece, test = song(1), tmp_path / "test"
    (test / "B").mkdir(parents=True)
    for name, x in {"mixture": piece.mix(), **piece.stems}.items():
        soundfile.write(test / "B" / f"{name}.wav", x.T, 44100, "PCM_16")
    streams = ["mixture", *sorted(songs.STEM_STREAMS, key=songs.STEM_STREAMS.get)]
    command = ["ffmpeg", "-v", "error"]
    for name in streams:
        command += ["-i", test / "B" / f"{name}.wav"]
    for n in range(len(streams)):
        command += ["-map", str(n)]
    subprocess.run([*command, "-c:a", "aac", "-b:a", "256k", test / "A.stem.mp4"], check=True)
    found = [songs.load_song(p) for p in songs.musdb_songs(tmp_path)]
    assert [p.name for p in found] == ["A", "B"]
    for other in found:
        assert set(other.stems) == set(piece.stems)
        for name, x in piece.stems.items():
            got = other.stems[name]
            length = min(x.shape[1], got.shape[1])
            match = np.corrcoef(x[0, 5000 : length - 5000], got[0, 5000 : length - 5000])[0, 1]
            assert match > 0.9


def test_musdb_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="no MUSDB18"):
        songs.musdb_songs(tmp_path)


@pytest.mark.skipif(not BUILT, reason="needs make all hosts (BUILD names the folder)")
def test_the_engine_scores_as_pytorch_does():
    weights = ROOT / "model" / "weights" / "light.safetensors"
    network, _ = load_weights(str(weights))
    torch.set_num_threads(1)
    piece, engine = song(), Engine(BUILD, weights)
    mix = piece.mix()
    ways = {
        evaluate.Placement(): engine.program(mix),
        evaluate.Placement(8, 16, 0): engine.plugin(mix, "Balanced"),
    }
    for place, estimates in ways.items():
        assert set(estimates) == set(OUTPUTS)
        expected = evaluate.score(piece, evaluate.network_estimates(network, piece, place))
        for name, values in evaluate.score(piece, estimates).items():
            for metric, value in values.items():
                assert value == pytest.approx(expected[name][metric], abs=0.05), (name, metric)


@pytest.mark.skipif(not BUILT, reason="needs make all hosts (BUILD names the folder)")
def test_the_engine_goes_on_above_as_pytorch_does(tmp_path, call):
    weights = tmp_path / "mean.safetensors"
    call(above, ROOT / "model" / "weights" / "default.safetensors", weights, "--bins", 100)
    network, _ = load_weights(str(weights))
    torch.set_num_threads(1)
    mix = (0.1 * np.random.default_rng(3).standard_normal((2, 44100))).astype(np.float32)
    place = evaluate.Placement(16, 29, 8)  # Studio's with frames so far apart
    found = measure.high(Engine(BUILD, weights).program(mix, ("drums",)), 11100)["drums"]
    power = np.square(found).mean()
    assert power > 1e-5
    # and not as the highest bin alone
    for dropped, least, most in (({"mean": 100}, 0, 1e-6), ("nearest", 1e-3, np.inf)):
        network.description["dropped_mask"] = dropped
        other = evaluate.separate(network, mix, {"drums": ["drums"]}, place)
        error = np.square(found - measure.high(other, 11100)["drums"]).mean()
        assert least <= error / power < most, dropped


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_a_stream_that_is_not_there(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((100, 2)), 44100)
    with pytest.raises(subprocess.CalledProcessError):
        songs.decode_stream(tmp_path / "a.wav", 3)
