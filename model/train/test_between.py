# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import between


def write(path, values, name):
    metadata = {"format": "unbraid", "format_version": "2", "network": "{}",
                "card": json.dumps({"name": name})}  # fmt: skip
    save_file({"a": values.half(), "b": values[:2].float()}, path, metadata)
    return path


def test_values_lie_between_and_the_rest_is_the_seconds(tmp_path, call):
    first = write(tmp_path / "a.safetensors", torch.tensor([0.0, 1.0, -2.0]), "old")
    second = write(tmp_path / "b.safetensors", torch.tensor([1.0, 1.0, 2.0]), "new")
    out = tmp_path / "c.safetensors"
    call(between, first, second, "0.25", out)
    tensors = load_file(out)
    assert tensors["a"].dtype == torch.float16
    assert tensors["a"].tolist() == [0.25, 1.0, -1.0]
    assert tensors["b"].tolist() == [0.25, 1.0]
    assert json.loads(between.read_file(out)[0]["__metadata__"]["card"]) == {"name": "new"}


def test_other_tensors_are_refused(tmp_path):
    first = write(tmp_path / "a.safetensors", torch.zeros(3), "old")
    second = write(tmp_path / "b.safetensors", torch.zeros(4), "new")
    with pytest.raises(ValueError, match="tensors differ"):
        between.between(between.read_file(first), between.read_file(second), 0.5)
