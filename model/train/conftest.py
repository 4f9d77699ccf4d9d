# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""A tiny data set, a tiny configuration, and commands without a process of their own."""

import copy
import functools
import shutil
import sys

import numpy as np
import pytest

from pieces import RATE, write_piece


def tone(rng, seconds, low, high):
    """A noisy tone, float32 [samples][2]."""
    time = np.arange(int(seconds * RATE)) / RATE
    x = np.sin(2 * np.pi * rng.uniform(low, high) * time) + 0.1 * rng.standard_normal(len(time))
    return np.repeat(0.1 * x[:, None], 2, 1).astype(np.float32)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Two training pieces and one for validation."""
    data, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(1)
    about = {"source": "test"}
    full = {"vocals": (400, 900), "drums": (2000, 9000), "bass": (50, 90), "other": (900, 2000)}
    stems = {name: tone(rng, 4, *span) for name, span in full.items()}
    write_piece(data / "train" / "one", stems, about)
    write_piece(data / "train" / "two", {"bass": tone(rng, 3, 50, 90)}, about)
    write_piece(data / "valid" / "three", stems, about)
    return data


def run_command(monkeypatch, module, *arguments):
    """A command here: a process would import PyTorch again."""
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    module.main()


@pytest.fixture
def call(monkeypatch):
    """call(module, *arguments) runs a command."""
    return functools.partial(run_command, monkeypatch)


def copy_run(run, folder):
    """A run that was made once for many tests, with a folder of its own to go on in."""
    again = copy.copy(run)
    again.folder = shutil.copytree(run.folder, folder, dirs_exist_ok=True)
    return again


def tiny_config():
    """A network and a run that take a second."""
    return {
        "seed": 1,
        "network": {"first_filters": 4, "depth": 4, "control": [4, 8]},
        "train": {
            "minutes": 5, "learning_rate": 1e-3, "warmup_steps": 2, "weight_decay": 0.0,
            "ema": 0.9, "quiet": 1.0, "threads": 1, "checkpoint_minutes": 5,
            "validate_minutes": 5, "validate_seconds": 4, "rescan_steps": 3, "precision": "f32",
            "loss": "mask", "look_ahead": "random", "compile": False,
        },
        "data": {
            "mixes": 2, "workers": 0, "coherent": 0.5, "missing": 0.2, "resample": 0.5,
            "tilt": 0.5, "reverb": 0.5, "low_pass": 0.5, "blend": 0.5, "backing": 0.2,
            "weights": {},
        },
    }  # fmt: skip


@pytest.fixture
def config():
    return tiny_config()
