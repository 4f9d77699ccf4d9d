# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Weights files of version 2 in PyTorch, against the words of their description."""

import pathlib
import sys

import numpy as np
import pytest
import torch

import evaluate
import export_films
from films import Films
from test_films import SOURCES, made_up
from unets import UNets
from weights import load_weights

sys.path.append(str(pathlib.Path(__file__).parents[2] / "tests/golden"))
import make_golden  # noqa: E402


@pytest.mark.parametrize("case", make_golden.later_cases())
def test_masks_are_those_of_the_description(case, monkeypatch):
    description, vectors, _ = make_golden.later_cases()[case]
    tensor, tensors = make_golden.tensor, {}

    def noted(name, *shape):
        tensors[name] = tensor(name, *shape).float()
        return tensor(name, *shape)

    monkeypatch.setattr(make_golden, "tensor", noted)
    x = make_golden.magnitudes(description["stft"], description["stft"]["bins"])
    expected = np.stack([make_golden.mask(description, list(v), x) for v in vectors])
    network = UNets(description, tensors).eval()
    mask = network(x.float().expand(len(vectors), -1, -1, -1), torch.from_numpy(vectors))
    assert expected.std() > 0.01 and np.abs(mask.numpy() - expected).max() < 1e-4


def test_a_file_is_read_and_separates(tmp_path):
    films = Films(SOURCES)
    torch.nn.init.normal_(films.table, std=0.2)
    average = {f"films.{k}": v for k, v in films.state_dict().items()}
    films, named = export_films.file_tensors(made_up(), average, SOURCES)
    path = tmp_path / "a.safetensors"
    export_films.write(path, export_films.describe(films), named, {"name": "a"})
    network, card = load_weights(path)
    assert card == {"name": "a"} and network.description["sources"] == ["vocals", *SOURCES]
    mix = (0.1 * np.random.default_rng(1).standard_normal((2, 44100))).astype(np.float32)
    wanted = {"vocals": ["vocals"], "rest": SOURCES, "nothing": [], "both": ["vocals", "bass"]}
    quiet = evaluate.separate(network, 0.1 * mix, wanted)
    loud = evaluate.separate(network, mix, wanted)
    assert not loud["nothing"].any() and np.abs(loud["both"]).max() > np.abs(loud["vocals"]).max()
    for name in wanted:
        assert np.abs(10 * quiet[name] - loud[name]).max() < 1e-5
