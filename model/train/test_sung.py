# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""How loud a network's vocals are against music, on noise and a network that is made up."""

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

import sung
from films import Conditioned, Films
from generic import load_generic
from pieces import RATE
from test_films import made_up


def noise(seconds, gain=0.1):
    """float32 [2][samples]."""
    x = np.random.default_rng(1).standard_normal((2, seconds * RATE))
    return (gain * x).astype(np.float32)


def test_levels_are_of_seconds_that_play():
    music = noise(20)
    music[:, 10 * RATE :] *= 1e-3  # -60 dB: whatever is heard there, nothing plays
    vocals = 0.01 * music
    vocals[:, 10 * RATE :] = music[:, 10 * RATE :]
    assert sung.levels(music, vocals) == pytest.approx((-40, -40), abs=0.1)
    vocals[:, 2 * RATE : 3 * RATE] = 0.5 * music[:, 2 * RATE : 3 * RATE]
    whole, loudest = sung.levels(music, vocals)
    assert whole == pytest.approx(-16, abs=0.1) and -10 < loudest < -6
    assert max(sung.levels(0 * music, 0 * music)) < -100


class Half(nn.Module):
    """A network whose mask is 0.5 for vocals."""

    def __init__(self):
        super().__init__()
        self.description = Conditioned(None, Films(["vocals"])).description
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, magnitude, amounts):
        assert (amounts == 1).all()
        return torch.full_like(magnitude, 0.5)


def test_files_and_stems_are_rows(tmp_path, call, capsys, monkeypatch):
    monkeypatch.setattr(sung, "load_vocals", lambda prefix: Half())
    soundfile.write(tmp_path / "a.wav", noise(3).T, RATE)
    (tmp_path / "b").mkdir()
    for name in ("vocals", "other"):
        soundfile.write(tmp_path / "b" / f"{name}.wav", noise(3).T, RATE)
    call(sung, "prefix", tmp_path / "a.wav", tmp_path / "b")
    rows = [row.split("\t") for row in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows[1:]] == ["a.wav", "b", "b without vocals"]
    assert all(float(x) == pytest.approx(-6, abs=0.3) for row in rows[1:] for x in row[2:])


def test_the_network_is_that_of_vocals_as_it_was(monkeypatch):
    monkeypatch.setattr(sung, "read_checkpoint", lambda prefix: made_up())
    magnitude = torch.rand(1, 2, 64, 1024)
    with torch.no_grad():
        mask = sung.load_vocals("prefix")(magnitude, torch.ones(1, 1))
        vocals, rest = (load_generic(made_up(), k)(magnitude) for k in range(2))
    assert torch.allclose(mask, vocals, atol=1e-5) and (mask - rest).abs().max() > 1e-3
