# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Teaching a weights file a new source."""

import numpy as np
import pytest
import soundfile
import torch

import export_films
import generic
import teach
from conftest import run_command, tone
from films import Films
from test_films import SOURCES, made_up


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A weights file, and the same with a source more."""
    tmp_path = tmp_path_factory.mktemp("taught")
    films, rng = Films(SOURCES), np.random.default_rng(1)
    torch.nn.init.normal_(films.table, std=0.2)
    average = {f"films.{k}": v for k, v in films.state_dict().items()}
    films, named = export_films.file_tensors(made_up(), average, SOURCES)
    export_films.write(tmp_path / "a.safetensors", export_films.describe(films), named, {})
    for n in range(4):
        (tmp_path / "stems" / f"song {n}").mkdir(parents=True)
        for name, span in {"Piano left": (800, 900), "pad": (200, 300), "kick": (60, 70)}.items():
            path = tmp_path / "stems" / f"song {n}" / f"{name}.wav"
            soundfile.write(path, tone(rng, 4, *span), 44100)
    with pytest.MonkeyPatch.context() as patch:
        run_command(patch, teach, tmp_path / "stems", "piano", "--weights",
                    tmp_path / "a.safetensors", "--output", tmp_path / "b.safetensors",
                    "--minutes", "0.02")  # fmt: skip
    return teach.open_file(tmp_path / "a.safetensors"), teach.open_file(tmp_path / "b.safetensors")


def hidden(tensors, amounts):
    """What the control's units say."""
    weight, bias = (tensors[f"networks.1.control.0.{w}"].float() for w in ("weight", "bias"))
    return torch.relu(weight @ torch.tensor(amounts) + bias)


def test_the_new_source_is_beside_the_old_ones(taught):
    (_, before, _), (description, after, card) = taught
    assert description["sources"] == ["vocals", *SOURCES, "piano"]
    assert description["networks"][1]["sources"] == [*SOURCES, "piano"]
    assert description["mask"]["shares"]["sources"] == ["vocals", *SOURCES]
    assert card["taught"][0]["source"] == "piano"
    assert hidden(after, [0.0, 0, 0, 1]).tolist() == [0, 0, 0, 0, 0, 0, 1]
    for amounts in ([1.0, 0, 0], [0, 1, 1], [0.5, 0.25, 0]):
        for more in (0.0, 1.0):
            now = hidden(after, [*map(float, amounts), more])
            assert torch.equal(now[:6], hidden(before, list(map(float, amounts))))
            assert now[6] == max(0.0, more - sum(amounts))
    for name, value in before.items():
        if "control" not in name and "film" not in name:
            assert torch.equal(after[name], value)


def test_it_began_as_other_and_has_learnt(taught):
    (_, before, _), (_, after, _) = taught
    column = teach.column_of(before, 1, SOURCES, "other")
    old = torch.stack(teach.film_of(before, 1, column))
    new = torch.stack(teach.film_of(after, 1, 6))
    assert 0 < (new - old).abs().mean() < 0.1


def test_the_network_of_a_file_is_the_one_that_was_written(taught):
    (_, tensors, _), _ = taught
    network, expected = export_films.generic_from_file(tensors, 1), made_up()
    x = torch.rand(1, 2, 64, 128, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        difference = network(x) - generic.load_generic(expected, 1)(x)
    assert difference.abs().max() < 5e-3


def test_too_few_songs_are_refused(tmp_path):
    (tmp_path / "one").mkdir()
    soundfile.write(tmp_path / "one" / "piano.wav", np.zeros((44100, 2)), 44100)
    with pytest.raises(ValueError, match="0 songs with piano and other stems"):
        teach.make_pieces(tmp_path, "piano", tmp_path / "out")
