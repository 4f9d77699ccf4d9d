# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Weights files of model/network/FORMAT.md: their tensors' names, and networks from them."""

import json

import torch

from model import UNet


def load_weights(path):
    """Build the network of a weights file and load its tensors. Returns (network, card)."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        if metadata.get("format") != "unbraid" or metadata.get("format_version") != "1":
            raise ValueError(f"{path}: not a weights file of format version 1")
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    network = UNet(json.loads(metadata["network"]))
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
