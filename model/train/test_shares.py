# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import shares

MASK = {"softmax": False, "ratio": None}


def write(path, version="2"):
    network = {"sources": ["vocals", "drums", "piano"], "mask": MASK, "networks": []}
    metadata = {"format": "unbraid", "format_version": version, "network": json.dumps(network),
                "card": json.dumps({"name": "before"})}  # fmt: skip
    tensors = {"a": torch.arange(5).half(), "b": torch.rand(2, 3).half()}
    save_file(tensors, path, metadata)
    return path


def about(path):
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    return json.loads(metadata["network"])["mask"], json.loads(metadata["card"])


def test_shares_are_said_and_tensors_stay(tmp_path, call):
    before, after = write(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    card = tmp_path / "card.json"
    card.write_text('{"name": "after"}')
    call(shares, before, after, "--sources", "vocals", "drums", "--card", card)
    value = {"sources": ["vocals", "drums"], "exponent": 1.5}
    assert about(after) == ({**MASK, "shares": value}, {"name": "after"})
    assert shares.read_file(after)[1] == shares.read_file(before)[1]
    assert int.from_bytes(after.read_bytes()[:8], "little") % 8 == 0
    with safe_open(before, "pt") as a, safe_open(after, "pt") as b:
        for name in a.keys():  # noqa: SIM118
            assert torch.equal(a.get_tensor(name), b.get_tensor(name))


def test_all_sources_share_a_mix_in_the_same_file(tmp_path, call):
    path = write(tmp_path / "a.safetensors")
    call(shares, path, path, "--exponent", 2)
    assert about(path)[0]["shares"] == shares.shares(["vocals", "drums", "piano"], 2.0)
    call(shares, path, path, "--own")
    assert about(path) == ({**MASK, "shares": None}, {"name": "before"})


def test_version_1_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not a weights file of format version 2"):
        shares.read_file(write(tmp_path / "a.safetensors", "1"))
