# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Runs of tune.py: what is asked of mixes, what is learnt and what is kept."""

import numpy as np
import pytest
import torch

import evaluate
import export_films
import generic
import tune
from asked import TunedMixer, draw_amounts, in_parts, summed
from conftest import copy_run, tone
from films import corners, read_learnt, write_learnt
from pieces import write_piece
from test_films import SOURCES, made_up


def test_what_is_asked_of_a_mix():
    rng = np.random.default_rng(1)
    options = {"rows": 3, "blend": 0.0, "whole": 0.0}
    amounts = draw_amounts(rng, ["other"] * 400, SOURCES, options)
    assert (amounts.sum(2) == 1).all() and (amounts.sum(1) == 1).all()
    amounts = draw_amounts(rng, ["joined"] * 400, SOURCES, {**options, "blend": 0.5})
    assert (amounts[..., 1] == amounts[..., 2]).all() and (amounts.sum(2) > 0).all()
    options = {"rows": 2, "blend": 0.5, "whole": 0.1}
    amounts = draw_amounts(rng, ["other"] * 400, SOURCES, options)
    assert 0.4 < (amounts.sum(2) == 2).float().mean() < 0.6
    assert 0.05 < (amounts.sum(2) == 3).float().mean() < 0.2
    assert (draw_amounts(rng, ["backing"] * 9, SOURCES, options) == 1).all()


def test_of_a_backing_all_is_asked_for(tmp_path, settings):
    rng, about = np.random.default_rng(1), {"source": "test"}
    write_piece(tmp_path / "train" / "a", {"vocals": tone(rng, 3, 300, 400)}, about)
    write_piece(tmp_path / "train" / "b", {"backing": tone(rng, 3, 500, 600)}, about)
    settings["data"] |= {"backing": 1.0, "coherent": 0.0}
    mixer = TunedMixer(tmp_path / "train", 4096, settings["data"])
    audio, held = mixer.batch(rng, 3)
    assert held == ["backing"] * 3 and audio[:, SOURCES.index("other") + 1].abs().amax() > 0


def level(x):
    """dB of audio [2][samples]."""
    return 10 * float(x.square().mean().log10())


def test_many_voices_are_heard_over_many_backings(tmp_path, settings):
    rng, heard = np.random.default_rng(1), set()
    for name, low in (("vocals", 300), ("backing", 2000)):
        for n in range(3):
            about, tones = {"source": f"{name}-{n}"}, (low + 500 * n, low + 500 * n + 1)
            write_piece(tmp_path / "train" / f"{name}-{n}", {name: tone(rng, 3, *tones)}, about)
    settings["data"] |= {"backing": 0.5, "coherent": 0.0}
    mixer = TunedMixer(tmp_path / "train", 22050, settings["data"])
    audio, held = mixer.batch(rng, 200)
    assert 0.4 < np.mean([name == "backing" for name in held]) < 0.6
    vocals, other = (audio[:, n] for n in (0, SOURCES.index("other") + 1))
    backed = [n for n, name in enumerate(held) if name == "backing"]
    assert all((other[n] == 0).all() for n in range(200) if n not in backed)
    apart = np.array([level(vocals[n]) - level(other[n]) for n in backed])
    assert abs(np.median(apart)) < 3 and 4 < apart.std() < 10 and np.abs(apart).max() < 20
    for n in backed:
        peaks = (torch.fft.rfft(x[n, 0]).abs().argmax() * 2 for x in (vocals, other))
        heard.add(tuple(int(peak) // 500 for peak in peaks))
    assert heard == {(v, b) for v in (0, 1, 2) for b in (4, 5, 6)}


def test_any_amounts_change_no_other_draw():
    options = {"rows": 3, "blend": 0.3, "whole": 0.1}
    none, some = (
        draw_amounts(
            np.random.default_rng(1), ["other", "joined"] * 200, SOURCES, {**options, **more}
        )
        for more in ({}, {"partial": 0.5})
    )
    same = (none == some).all(2)
    assert 0.6 < same.float().mean() < 0.8 and (none[~same].sum(1) < 3).all()
    assert (some[1::2, :, 1] == some[1::2, :, 2]).all() and (some != some.round()).any()


def tiny_settings():
    """A run that takes seconds."""
    return {
        "seed": 1, "generic": 1, "sources": SOURCES,
        "train": {
            "minutes": 5, "fall_minutes": 1, "learning_rate": 1e-2, "base_rate": 0.0,
            "warmup_steps": 1, "ema": 0.5,
            "quiet": 1.0, "precision": "f32", "threads": 1, "checkpoint_minutes": 5,
            "validate_minutes": 5, "validate_seconds": 4, "rescan_steps": 3, "compile": False,
        },
        "data": {
            "mixes": 1, "rows": 3, "level": 10.0, "level_spread": 3.0, "coherent": 1.0,
            "missing": 0.0, "resample": 0.0, "tilt": 0.0, "reverb": 0.0, "low_pass": 0.0,
            "blend": 0.0, "whole": 0.0, "backing": 0.0, "weights": {},
        },
    }  # fmt: skip


@pytest.fixture
def settings():
    return tiny_settings()


@pytest.fixture(scope="module")
def tuned_once(prepared, tmp_path_factory):
    """A run of two steps."""
    folder = tmp_path_factory.mktemp("tuned")
    run = tune.Tuning(tiny_settings(), generic.load_generic(made_up(), 1), folder)
    tune.train(run, prepared, last_step=2)
    return run


@pytest.fixture
def tuned(tuned_once, tmp_path):
    return copy_run(tuned_once, tmp_path)


def test_two_steps_change_films_alone(tuned, settings):
    before = generic.generic_state(made_up(), 1)
    for name, value in tuned.network.generic.state_dict().items():
        assert torch.equal(value, before[name])
    asked = tuned.network.films.table.abs().sum((1, 2))
    assert (asked[corners(3).sum(1) == 1] > 0).all() and not asked[corners(3).sum(1) == 2].any()
    assert (tuned.folder / "best.pt").exists() and (tuned.folder / "curve.png").exists()
    again = tune.Tuning(settings, generic.load_generic(made_up(), 1), tuned.folder)
    assert again.step == 2 and torch.equal(again.network.films.table, tuned.network.films.table)
    assert torch.equal(again.network.films.unit, tuned.network.films.unit)


def test_a_run_begins_with_what_another_has_learnt(tuned, settings, tmp_path):
    state = read_learnt(tuned.folder / "checkpoint.pt")
    write_learnt(tmp_path / "learnt.safetensors", state)
    settings["start"] = tmp_path / "learnt.safetensors"
    (tmp_path / "new").mkdir()
    run = tune.Tuning(settings, generic.load_generic(made_up(), 1), tmp_path / "new")
    again = read_learnt(tmp_path / "learnt.safetensors")
    assert again["sources"] == SOURCES and again["step"] == 2 and run.step == 0
    for name, value in state["average"].items():
        assert torch.equal(run.network.state_dict()[name], value)
        assert torch.equal(run.average[name], value)


def test_a_run_begins_with_a_weights_file(tuned, prepared, settings, tmp_path):
    state = read_learnt(tuned.folder / "checkpoint.pt")
    films, named = export_films.file_tensors(made_up(), state["average"], SOURCES)
    settings["start"] = tmp_path / "a.safetensors"
    export_films.write(settings["start"], export_films.describe(films), named, {}, torch.float32)
    (tmp_path / "new").mkdir()
    run = tune.Tuning(settings, generic.load_generic(made_up(), 1), tmp_path / "new")
    every, expected = corners(3), films.pairs(corners(3))
    assert torch.allclose(run.network.films.pairs(every), expected, atol=1e-6)
    tune.begin_units(run, *next(tune.batches(run, prepared)))
    assert (run.network.films.unit != 1).any()
    assert torch.allclose(run.network.films.pairs(every), expected, atol=1e-5)
    assert torch.equal(run.average["films.table"], run.network.films.table)
    for name, value in generic.generic_state(made_up(), 1).items():
        assert torch.allclose(run.network.generic.state_dict()[name], value, atol=1e-6)


def test_the_generic_network_can_be_tuned_from_films_on(tuned, prepared, settings):
    settings["train"]["base_rate"] = 1e-4
    run = tune.Tuning(settings, generic.load_generic(made_up(), 1), tuned.folder)
    assert torch.equal(run.network.films.table, tuned.network.films.table)
    tune.train(run, prepared, last_step=3)
    before = generic.generic_state(made_up(), 1)
    moved = {n: (v - before[n]).abs().max() for n, v in run.network.generic.state_dict().items()}
    assert all(0 < change < 2e-4 for change in moved.values())
    again = tune.Tuning(settings, generic.load_generic(made_up(), 1), tuned.folder)
    for name, value in run.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name])
    assert any((again.average[f"generic.{n}"] != v).any() for n, v in before.items())


def test_of_a_sum_every_source_is_asked_for():
    amounts = torch.stack([torch.ones(3, 3), torch.eye(3).flip(0), torch.ones(3, 3)])
    amounts[2, 1, 0] = 0
    asked, whole = in_parts(amounts)
    assert whole.tolist() == [True, False, False]
    assert torch.equal(asked[0], torch.eye(3)) and torch.equal(asked[1:], amounts[1:])
    mask = torch.rand(9, 2, 4, 5)
    found, weight = summed(mask, whole, 0.3)
    assert torch.allclose(found[:3], mask[:3].sum(0).expand(3, -1, -1, -1))
    assert torch.equal(found[3:], mask[3:])
    assert torch.allclose(weight.flatten(), torch.tensor([0.3] * 3 + [1.0] * 6))
    with pytest.raises(ValueError, match="2 rows, 3 sources"):
        in_parts(amounts[:, :2])


def first_loss(settings, folder, audio, amounts, **more):
    """The loss of a run's first step, and what it has changed of the films."""
    settings = {**settings, "train": {**settings["train"], **more}}
    run = tune.Tuning(settings, generic.load_generic(made_up(), 1), folder)
    loss = float(tune.train_step(run, audio, amounts))
    return loss, run.network.films.table.detach().abs().sum((1, 2))


def test_the_loss_of_a_backing_may_be_on_sums(settings, tmp_path):
    rng = np.random.default_rng(1)
    audio = torch.zeros(2, 4, 2, 4096 + 63 * 1024)
    for n, x in ((0, audio[0, 0]), (1, audio[0, 3]), (2, audio[1, 1]), (3, audio[1, 2])):
        x.copy_(torch.from_numpy(tone(rng, 2, 300 * n + 50, 300 * n + 90).T[:, : x.shape[1]]))
    settings["data"]["level_spread"] = 0.0
    single, whole = corners(3).sum(1) == 1, corners(3).sum(1) > 1
    backed, labelled = (audio[:1], torch.ones(1, 3, 3)), (audio[1:], torch.eye(3)[None])
    both = audio, torch.cat([backed[1], labelled[1]])
    plain, table = first_loss(settings, tmp_path, *backed)
    assert not table.any()  # all at once are the generic network
    sums, table = first_loss(settings, tmp_path, *backed, sum=0.3)
    assert (table[single] > 0).all() and not table[whole].any()
    half, _ = first_loss(settings, tmp_path, *backed, sum=0.15)
    assert sums == pytest.approx(2 * half) and sums != pytest.approx(0.3 * plain)
    other, _ = first_loss(settings, tmp_path, *labelled)
    assert first_loss(settings, tmp_path, *labelled, sum=0.3)[0] == pytest.approx(other)
    mean, _ = first_loss(settings, tmp_path, *both, sum=0.3)
    assert mean == pytest.approx((sums + other) / 2, rel=1e-3)


def test_no_level_changes_an_estimate(tuned):
    rng = np.random.default_rng(1)
    mix = (0.1 * rng.standard_normal((2, 44100))).astype(np.float32)
    loud, quiet = (
        evaluate.separate(tuned.network, gain * mix, {"bass": {"bass": 1.0}}, tune.PLACE)["bass"]
        for gain in (1.0, 0.01)
    )
    assert np.abs(0.01 * loud - quiet).max() < 1e-6 and np.abs(loud).max() > 1e-3
