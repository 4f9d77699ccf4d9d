# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Band map, losses and the runner of experiments."""

import json
import tomllib

import numpy as np
import pytest
import torch

import bands
import experiment
import film_trials
import generic
import losses
import stft as transform
import tables
from generic import PAIRS, PLACES, load_generic
from model import describe, multiply_adds
from test_films import made_up

PLAN = """
steps = 2
seeds = [1, 2]
excerpt = 2
pieces = 1
[base]
network = { first_filters = 2, depth = 4, control = [4, 8], bands = { kept = 32, count = 64 } }
[base.train]
minutes = 1e9
learning_rate = 1e-3
warmup_steps = 2
weight_decay = 0.0
ema = 0.5
loss = "mask"
quiet = 1.0
look_ahead = "even"
precision = "f32"
compile = false
threads = 1
[base.data]
mixes = 2
workers = 0
coherent = 0.5
missing = 0.2
resample = 0.0
tilt = 0.3
reverb = 0.0
low_pass = 0.0
blend = 0.0
backing = 0.0
weights = {}
[[question]]
name = "loss"
title = "Loss"
variants = ["base", "dedicated"]
blends = true
[[question]]
name = "time"
title = "Time"
variants = ["base", "time"]
seeds = [1]
[variant]
base = {}
time = { train = { loss = "time" } }
dedicated = { network = { film = "none" }, dedicated = true }
"""


def test_bands_keep_low_bins_and_widen_above():
    places = bands.centres(1024, 140, 256)
    assert np.array_equal(places[:140], np.arange(140)) and places[-1] == pytest.approx(1023)
    assert (np.diff(places, 2)[140:] > 0).all()


def test_band_map_keeps_flat_and_low_images():
    band_map = bands.BandMap(1024, 140, 256)
    flat = torch.full((1, 2, 3, 1024), 0.25)
    assert torch.allclose(band_map.group(flat), torch.full((1, 2, 3, 256), 0.25), atol=1e-6)
    assert torch.allclose(band_map.spread(band_map.group(flat)), flat, atol=1e-6)
    low = torch.zeros(1, 1, 1, 1024)
    low[..., :130] = torch.rand(130)
    assert torch.allclose(band_map.spread(band_map.group(low))[..., :130], low[..., :130])


def test_band_map_multiplies_by_its_matrix():
    band_map, matrix = bands.BandMap(1024, 140, 256), bands.spread_matrix(1024, 140, 256)
    bins, mask = torch.rand(3, 1024), torch.rand(3, 256)
    there = torch.from_numpy(matrix / matrix.sum(1, keepdims=True)).float()
    assert torch.allclose(band_map.group(bins), bins @ there.T, atol=1e-6)
    assert torch.allclose(band_map.spread(mask), mask @ torch.from_numpy(matrix).float(), atol=1e-6)


def test_band_map_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="kept 300 and count 256"):
        bands.BandMap(1024, 300, 256)


def test_multiply_adds_of_known_networks():
    assert multiply_adds(describe(24)) == 3420979200
    banded = describe(24, bands={"kept": 140, "count": 256})
    assert multiply_adds(banded) * 4 == multiply_adds(describe(24))


@pytest.mark.parametrize("kind", ["mask", "l1", "l1-compressed"])
def test_losses_are_least_at_the_truth(kind):
    torch.manual_seed(1)
    mixture, truth = torch.rand(2, 2, 8, 16) + 0.1, torch.rand(2, 2, 8, 16)
    target, cross = truth * mixture, truth * mixture.square()

    def loss(mask):
        return losses.MAGNITUDE[kind](mask, mixture, target, cross, 1.0, 1.0)

    assert loss(truth) < 1e-4 < loss(truth + 0.1) < loss(truth + 0.3)


def test_loss_in_time_is_least_at_the_truth():
    description = describe()
    description["stft"].update(window=64, hop=16, frames=8, bins=32)
    torch.manual_seed(2)
    mixture = torch.randn(1, 2, 8, 32, dtype=torch.complex64)
    truth = torch.rand(1, 2, 8, 32)
    near, far = (losses.in_time(truth + e, mixture, truth * mixture, description)
                 for e in (0.0, 0.2))  # fmt: skip
    assert near < 1e-6 < far


def test_overlap_add_gives_the_middle_back():
    stft = {"window": 64, "hop": 16}
    x = torch.randn(2, 64 + 16 * 20)
    y = transform.overlap_add(transform.forward(x, stft, center=False), stft)
    assert torch.allclose(x[:, 64:-64], y[:, 64:-64], atol=1e-5)


def test_random_look_ahead_weighs_late_frames_more():
    weight = losses.frame_weight("random", 4000, 128, torch.Generator().manual_seed(1))
    mean = weight.mean((0, 1, 3))
    assert weight.mean() == pytest.approx(1.0, abs=1e-3)
    assert mean[-3:].min() > 1.5 and mean[:32].max() < 0.8
    assert losses.frame_weight("even", 4, 128, None) == 1.0


def test_experiments_run_resume_and_tabulate(prepared, tmp_path, call, capsys):
    (tmp_path / "plan.toml").write_text(PLAN)
    call(experiment, tmp_path / "plan.toml", prepared, tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == 5
    result = json.loads((tmp_path / "results" / "dedicated.2.json").read_text())
    assert result["steps"] == 2 and result["seed"] == 2
    assert "real drums" in result["sdr"]["Studio"]
    rows = (tmp_path / "loss.tsv").read_text().splitlines()
    header, *rows = [r.split("\t") for r in rows]
    blend, gain, seeds = (
        header.index(n) for n in ("real without vocals", "against the first", "seeds")
    )
    assert [bool(r[blend]) for r in rows] == [True, False, False, False]
    assert [bool(r[gain]) for r in rows] == [False, True, False, False]
    assert [r[seeds] for r in rows] == ["2", "2", "", ""]
    assert [r[0] for r in rows] == ["base", "dedicated", "mix / 4", "ideal ratio mask"]
    call(experiment, tmp_path / "plan.toml", prepared, tmp_path)
    assert capsys.readouterr().out == ""


def test_variants_are_compared_seed_by_seed():
    def trial(seed, *dbs):
        return {"seed": seed, "sdr": {"Studio": {n: {"usdr": d} for n, d in enumerate(dbs)}}}

    first, other = (
        [trial(1, 1.0, 3.0), trial(2, 4.0, 4.0)],
        [trial(1, 2.0, 3.0), trial(2, 5.5, 4.0)],
    )
    assert tables.against(other, first, "Studio") == "+0.62 ± 0.12"
    assert tables.against(first, first, "Studio") == ""
    assert tables.against(other[:1], first, "Studio") == "+0.50"


UPON = """
steps = 2
seeds = [1]
excerpt = 2
pieces = 1
[base]
generic = 1
sources = ["drums", "bass", "other"]
film = { generator = "table", places = ["encoder", "decoder"], learnt = "films", teacher = false }
[base.train]
learning_rate = 1e-2
base_rate = 0.0
warmup_steps = 1
ema = 0.5
quiet = 1.0
precision = "f32"
compile = false
threads = 1
rescan_steps = 100
[base.data]
mixes = 1
rows = 3
frames = 64
level = 10.0
level_spread = 3.0
coherent = 1.0
missing = 0.0
resample = 0.0
tilt = 0.0
reverb = 0.0
low_pass = 0.0
blend = 0.0
whole = 0.0
backing = 0.0
weights = {}
[[question]]
name = "generators"
title = "Generators"
variants = ["base", "sum", "hidden"]
blends = true
[[question]]
name = "deeper"
title = "Deeper"
variants = ["base", "weights", "low-rank", "own"]
[variant]
base = {}
sum = { film = { generator = "sum" } }
hidden = { film = { generator = "hidden" }, data = { partial = 0.5 } }
low-rank = { film = { learnt = "low-rank", rank = 2 }, train = { base_rate = 1e-3 } }
own = { film = { learnt = "own" }, train = { base_rate = 1e-3 } }
[variant.weights]
film = { learnt = "weights", teacher = true }
train = { base_rate = 1e-3 }
data = { whole = 1.0 }
"""


@pytest.fixture
def networks():
    """Spleeter's two, made up."""
    return [load_generic(made_up(), k) for k in range(2)]


def test_trials_upon_generic_networks(prepared, networks, tmp_path, call, capsys, monkeypatch):
    monkeypatch.setattr(generic, "load_networks", lambda prefix: networks)
    (tmp_path / "plan.toml").write_text(UPON)
    call(experiment, tmp_path / "plan.toml", prepared, tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == 6
    results = {
        name: json.loads((tmp_path / "results" / f"{name}.1.json").read_text())
        for name in ("base", "sum", "hidden", "weights", "low-rank", "own")
    }
    learnt = {name: result["parameters"] for name, result in results.items()}
    assert learnt["base"] == 6 * 2 * PAIRS and learnt["sum"] == 3 * 2 * PAIRS
    assert learnt["own"] - learnt["base"] == 3 * (learnt["weights"] - learnt["base"])
    assert "half of drums" in results["base"]["sdr"]["Studio"]
    assert "half of drums" not in results["own"]["sdr"]["Studio"]
    header, first, *_ = (tmp_path / "deeper.tsv").read_text().splitlines()
    assert "without vocals" in header and first.startswith("base\t")


def trial(networks, film, train=None):
    """A variant that has not begun."""
    plan = tomllib.loads(UPON)["base"]
    config = experiment.changed(plan, {"seed": 1, "film": film, "train": train or {}})
    return film_trials.Trial(config, networks, 2)


def test_adapters_begin_as_nothing_and_places_without_values_keep_none(networks):
    x, amounts = torch.rand(1, 2, 64, 128), torch.eye(3)[None]
    plain = trial(networks, {}).network(x, amounts)
    for learnt in ("low-rank", "own"):
        run = trial(networks, {"learnt": learnt, "rank": 2}, {"base_rate": 1e-3})
        mask = run.network(x, amounts)
        assert torch.allclose(mask, plain, atol=1e-6)
        mask.square().mean().backward()
    table = run.network.films.table
    at = sum(PLACES["encoder"])
    assert (table.grad[:, :, :at] != 0).any() and (table.grad[:, :, at : at + 16] == 0).all()


def test_a_teacher_answers_for_all_sources_at_once(networks):
    run = trial(networks, {"teacher": True})
    mixture = torch.randn(1, 2, 64, 128, dtype=torch.complex64)
    target, amounts = torch.zeros(2, *mixture.shape[1:], dtype=mixture.dtype), torch.ones(1, 2, 3)
    amounts[0, 0] = torch.tensor([1.0, 0, 1])
    with torch.no_grad():
        taught = run.wanted(mixture, target, amounts)
        vocals, rest = (network(mixture.abs()).square() for network in networks)
    assert torch.equal(taught[0], target[0]) and torch.equal(target[1], target[0])
    assert torch.allclose(taught[1], (rest / (vocals + rest) * mixture)[0], atol=1e-6)
    assert trial(networks, {}).wanted(mixture, target, amounts) is target
