# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Packing, parts, and a whole call of training on another machine."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import torch

import pack
import parts

HERE = pathlib.Path(pack.__file__).parent

CONFIG = """
seed = 1
[network]
first_filters = 2
depth = 4
control = [4, 8]
[train]
minutes = 1
learning_rate = 1e-3
warmup_steps = 2
weight_decay = 0.0
ema = 0.9
loss = "mask"
quiet = 1.0
look_ahead = "random"
precision = "f32"
compile = false
threads = 1
checkpoint_minutes = 5
validate_minutes = 5
validate_seconds = 4
rescan_steps = 1000
[data]
mixes = 1
workers = 0
coherent = 0.5
missing = 0.2
resample = 0.5
tilt = 0.5
reverb = 0.5
low_pass = 0.5
blend = 0.5
weights = {}
"""


def test_packing_keeps_what_is_lossless_and_nearly_the_rest(prepared, tmp_path):
    paths = pack.pack(prepared, tmp_path / "archives", 2**20, [], 0.4, jobs=1)
    assert len(paths) > 1 and all(p.stat().st_size <= 2**20 for p in paths)
    pack.unpack(tmp_path / "data", paths, jobs=1)
    exact, close = ("valid/three/bass.npy", "train/one/bass.npy")
    before, after = (np.load(f / exact) for f in (prepared, tmp_path / "data"))
    assert np.array_equal(before, after)
    before, after = (np.load(f / close).astype(float) for f in (prepared, tmp_path / "data"))
    assert before.shape == after.shape
    assert 0 < ((after - before) ** 2).sum() < 0.02 * (before**2).sum()
    rms = [np.load(f / "train/one/bass.rms.npy") for f in (prepared, tmp_path / "data")]
    assert np.allclose(*rms, rtol=0.1)


def test_parts_join_to_the_same_file_and_damage_is_seen(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(2500))
    parts.split(path, tmp_path / "parts", 1000)
    assert len(json.loads((tmp_path / "parts" / "parts.json").read_text())["parts"]) == 3
    parts.join(tmp_path / "parts", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    (tmp_path / "parts" / "part-001").write_bytes(bytes(1000))
    with pytest.raises(ValueError, match="do not make the file"):
        parts.join(tmp_path / "parts", tmp_path / "bad")
    assert not (tmp_path / "bad").exists()


def call(config, work, out):
    """A call of 0.6 s of training."""
    done = subprocess.run(
        [HERE / "device_run", config, work, out, "0.01", "cpu"],
        capture_output=True, text=True, env={**os.environ, "PYTHON": sys.executable},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    parts.join(out / "parts", out / "checkpoint.pt")
    return torch.load(out / "checkpoint.pt", weights_only=True)


def test_a_run_goes_on_from_the_parts_that_came_back(prepared, tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    pack.pack(prepared, tmp_path / "one" / "archives", 2**22, [], 0.4, jobs=1)
    first = call(tmp_path / "config.toml", tmp_path / "one", tmp_path / "out1")
    assert {"log.tsv", "curve.png", "weights"} <= {p.name for p in (tmp_path / "out1").iterdir()}
    pack.pack(prepared, tmp_path / "two" / "archives", 2**22, [], 0.4, jobs=1)
    os.rename(tmp_path / "out1" / "parts", tmp_path / "two" / "parts")
    second = call(tmp_path / "config.toml", tmp_path / "two", tmp_path / "out2")
    assert second["step"] > first["step"] >= 1 and second["seconds"] > first["seconds"]
