# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Weights files of model/network/FORMAT.md: their tensors' names, and networks from them."""

import json

import torch

from model import UNet
from unets import UNets


def load_weights(path):
    """The network of a weights file of any version, with its tensors. Returns (network, card)."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        version = metadata.get("format_version") if metadata.get("format") == "unbraid" else None
        if version not in ("1", "2"):
            raise ValueError(f"{path}: not a weights file of format version 1 or 2")
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    description = json.loads(metadata["network"])
    if version == "2":
        network = UNets(description, tensors)
    else:
        network = UNet(description)
        network.load_state_dict(from_format(tensors, network), strict=True)
    return network.eval(), json.loads(metadata["card"])


def to_format(state):
    """State dict of a UNet to the tensor names of FORMAT.md."""
    renamed = {}
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        name = name.replace("running_mean", "mean").replace("running_var", "var")
        renamed[name] = tensor
    return renamed


def from_format(tensors, network):
    """Tensors named as in FORMAT.md to a state dict for `network`."""
    state = {}
    for name in network.state_dict():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.zeros((), dtype=torch.long)
            continue
        stored = name.replace("running_mean", "mean").replace("running_var", "var")
        if stored not in tensors:
            raise ValueError(f"tensor {stored} is missing")
        state[name] = tensors[stored]
    return state
