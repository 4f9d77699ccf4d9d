# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import above
import shares


@pytest.fixture
def before(tmp_path):
    network = {"stft": {"bins": 64}, "dropped_mask": "nearest", "networks": []}
    metadata = {"format": "unbraid", "format_version": "2", "network": json.dumps(network),
                "card": json.dumps({"name": "before"})}  # fmt: skip
    path = tmp_path / "before.safetensors"
    save_file({"a": torch.arange(5).half(), "b": torch.rand(2, 3).half()}, path, metadata)
    return path


@pytest.mark.parametrize(
    "options,value",
    [(("--bins", 64), {"mean": 64}), (("--all",), "mean"), (("--value", 0), 0.0)],
)
def test_the_mask_is_said_and_all_else_stays(before, tmp_path, call, options, value):
    after = tmp_path / "after.safetensors"
    call(above, before, after, *options)
    with safe_open(before, "pt") as a, safe_open(after, "pt") as b:
        assert json.loads(b.metadata()["network"]) == {
            **json.loads(a.metadata()["network"]), "dropped_mask": value,
        }  # fmt: skip
        assert a.metadata()["card"] == b.metadata()["card"]
    assert shares.read_file(after)[1] == shares.read_file(before)[1]


@pytest.mark.parametrize("bins", [0, 65])
def test_more_bins_than_there_are(before, call, bins):
    with pytest.raises(SystemExit):
        call(above, before, before, "--bins", bins)
