# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""One step of training, resuming, export and evaluation."""

import csv
import json

import numpy as np
import pytest
import torch

import evaluate
import export
import metrics
import stft as transform
from conftest import copy_run, tiny_config
from export import write_weights
from model import UNet, describe
from train import Run, read_config, spectra, train
from weights import load_weights


def small_stft(description):
    """The description with a transform of 32 frames and 256 bins."""
    description["stft"].update(window=512, hop=128, frames=32, bins=256)
    return description


def describe_small(monkeypatch):
    monkeypatch.setattr("train.describe", lambda **given: small_stft(describe(**given)))


@pytest.fixture(scope="module")
def trained_once(prepared, tmp_path_factory):
    """A run of two steps."""
    with pytest.MonkeyPatch.context() as patch:
        describe_small(patch)
        run = Run(tiny_config(), tmp_path_factory.mktemp("trained"))
        train(run, prepared, last_step=2)
    return run


@pytest.fixture
def trained(trained_once, tmp_path, monkeypatch):
    describe_small(monkeypatch)
    return copy_run(trained_once, tmp_path)


def test_two_steps_write_checkpoint_log_and_curve(trained):
    names = {p.name for p in trained.folder.iterdir()}
    assert names == {"checkpoint.pt", "best.pt", "log.tsv", "curve.png"}
    with open(trained.folder / "log.tsv") as file:
        row = list(csv.DictReader(file, delimiter="\t"))[-1]
    assert row["step"] == "2" and row["loss"] and row["test vocals"]


def test_blends_are_trained_towards_sums(trained):
    audio = torch.randn(2, 4, 2, 4480, generator=torch.Generator().manual_seed(1))
    amounts = torch.tensor([[[0.0, 1, 0, 0], [1, 0.5, 0, 1]], [[0, 0, 1, 1], [0, 0, 0, 1]]])
    mixture, target, rows = spectra(trained, audio, amounts)
    wanted = audio[0, 0] + 0.5 * audio[0, 1] + audio[0, 3]
    expected = torch.stft(wanted, 512, 128, window=torch.hann_window(512), center=False,
                          return_complex=True).transpose(1, 2)[..., 1:]  # fmt: skip
    assert torch.allclose(target[1], expected, atol=1e-3)
    assert torch.equal(rows[1], amounts[0, 1]) and torch.equal(mixture[0], mixture[1])
    assert not torch.allclose(mixture[1], mixture[2])


def test_a_blend_is_validated(trained):
    with open(trained.folder / "log.tsv") as file:
        assert list(csv.DictReader(file, delimiter="\t"))[-1]["test without vocals"]


def test_a_run_resumes(trained, prepared):
    again = Run(trained.config, trained.folder)
    assert again.step == 2 and again.seconds == trained.seconds
    train(again, prepared, last_step=3)
    assert again.step == 3


def test_a_run_begins_with_given_weights(trained, tmp_path):
    write_weights(str(tmp_path / "w.safetensors"), trained.averaged(), {}, torch.float32)
    config = {**trained.config, "start": str(tmp_path / "w.safetensors")}
    config["network"] = {**config["network"], "bands": {"kept": 64, "count": 128}}
    again = Run(config, tmp_path / "new")
    assert again.step == 0 and again.network.map
    for name, value in again.network.state_dict().items():
        if value.dtype.is_floating_point:
            assert torch.equal(value, trained.average[name]) and torch.equal(
                value, again.average[name]
            )
    config["network"] = {"first_filters": 8, "depth": 4, "control": [4, 8]}
    with pytest.raises(ValueError, match="not the one of the configuration"):
        Run(config, tmp_path / "new")


def test_start_is_relative_to_the_configuration(tmp_path):
    (tmp_path / "c.toml").write_text('start = "w.safetensors"')
    assert read_config(tmp_path / "c.toml")["start"] == tmp_path / "w.safetensors"


def test_the_best_average_is_kept(trained):
    trained.keep_best({"a b": 90.0, "c d": float("nan")})
    assert torch.load(trained.folder / "best.pt")["scores"]["a b"] == 90.0
    trained.keep_best({"a b": 89.0})
    assert torch.load(trained.folder / "best.pt")["scores"]["a b"] == 90.0


def test_checkpoint_of_another_network_is_refused(trained):
    config = {**trained.config, "network": {"first_filters": 8, "depth": 4, "control": [4, 8]}}
    with pytest.raises(ValueError, match="another network"):
        Run(config, trained.folder)


def test_export_and_evaluate(trained, prepared, tmp_path, call):
    weights, scores = tmp_path / "w.safetensors", tmp_path / "s.json"
    call(export, weights, "--checkpoint", trained.folder / "checkpoint.pt")
    call(evaluate, weights, prepared / "valid" / "three", "--step", 8, "--ahead", 4, "--fade", 2,
         "--json", scores, "--tsv", tmp_path / "s.tsv", "--audio", tmp_path / "audio")  # fmt: skip
    table = json.loads(scores.read_text())["three"]
    assert table["ideal ratio mask"]["vocals"]["sdr_v4"] > table["mix"]["vocals"]["sdr_v4"] + 5
    assert set(table["network"]) == {"vocals", "drums", "bass", "other"}
    assert (tmp_path / "audio" / "three" / "drums.wav").exists()
    assert load_weights(str(weights))[1]["steps"] == 2


def test_a_mask_of_one_gives_the_mix_back():
    description = small_stft(describe(4, 4, control=(4, 8)))
    description["decoder"][-1]["activation"] = {"kind": "linear"}
    network = UNet(description).eval()
    with torch.no_grad():
        network.decoder[-1].weight.zero_()
        network.decoder[-1].bias.fill_(1)
    mix = np.random.default_rng(1).standard_normal((2, 30000)).astype(np.float32)
    out = evaluate.separate(network, mix, {"bass": ["bass"]}, evaluate.Placement(8, 4, 2))["bass"]
    assert np.abs(out - mix).max() < 1e-5


def test_windows_cover_every_frame_once():
    starts, first = evaluate.window_starts(100, 32, evaluate.Placement(8, 4, 2))
    frames = [s + first + n for s in starts for n in range(8)]
    assert frames[:100] == list(range(100))
    assert all(s + 32 == k * 8 + 8 + 4 for k, s in enumerate(starts))


def test_blocks_fade_into_each_other():
    blocks = [torch.full((1, 6, 1), float(n)) for n in range(3)]
    joined = evaluate.join(blocks, evaluate.Placement(4, 4, 2)).flatten()
    third = 1 / 3
    expected = [0, 0, 0, 0, third, 2 * third, 1, 1, 1 + third, 1 + 2 * third, 2, 2]
    assert torch.allclose(joined, torch.tensor(expected))


@pytest.mark.parametrize(
    "dropped,first,last",
    [("nearest", 2.0, 9.0), ({"mean": 2}, 1.5, 5.0), ("mean", 16 / 7, 16 / 7), (0.5, 0.5, 0.5)],
)
def test_bins_that_the_network_does_not_see(dropped, first, last):
    description = {"stft": {"window": 16, "first_bin": 1, "bins": 7}, "dropped_mask": dropped}
    mask = torch.tensor([[[2.0, 1, 1, 1, 1, 1, 9]]])
    whole = transform.whole_mask(mask, description)
    assert whole.shape == (1, 1, 9) and whole[0, 0, 1:8].equal(mask[0, 0])
    assert whole[0, 0, [0, 8]].tolist() == pytest.approx([first, last])


def test_sdr_equals_museval():
    museval = pytest.importorskip("museval")
    rng = np.random.default_rng(1)
    references = rng.standard_normal((2, 4 * 8000, 2))
    references[0, 8000:16000] = 0
    estimates = references + rng.uniform(0.1, 1, (2, 1, 1)) * rng.standard_normal(references.shape)
    expected = museval.metrics.bss_eval(
        references, estimates, window=8000, hop=8000, framewise_filters=False,
        bsseval_sources_version=False,
    )[0]  # fmt: skip
    ours = metrics.framewise_sdr(references, estimates, 8000)
    assert np.allclose(ours, expected, atol=1e-3, equal_nan=True)
