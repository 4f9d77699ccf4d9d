# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Write a weights file (model/network/FORMAT.md) from tensors that came from elsewhere.

Nothing but NumPy is needed. Every tensor is checked against the description first; what does not
fit is refused by the name it has in the file that it came from.
"""

import json
import os
import struct

import numpy as np

TYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}


class Refused(Exception):
    """Something in the given file does not fit; the message is one line."""


class Tensors:
    """Tensors by the names of the weights file, each with its name where it came from."""

    def __init__(self):
        self.values = {}
        self.origin = {}

    def add(self, name, values, origin):
        self.values[name] = np.asarray(values, np.float32)
        self.origin[name] = origin


def film_pairs(layer):
    return {"none": 0, "simple": 1, "complex": layer["filters"]}[layer["film"]]


def affine_shapes(name, weight, units, norm):
    shapes = {f"{name}.weight": weight, f"{name}.bias": (units,)}
    for part in ("weight", "bias", "mean", "var") if norm else ():
        shapes[f"{name}.norm.{part}"] = (units,)
    return shapes


def expected_shapes(description):
    """The name and shape of every tensor that a described network has."""
    shapes = {}
    channels = description["stft"]["channels"]
    for n, layer in enumerate(description["encoder"]):
        shape = (layer["filters"], channels, *layer["kernel"])
        shapes |= affine_shapes(f"encoder.{n}", shape, layer["filters"], layer["norm"])
        channels = layer["filters"]
    for n, layer in enumerate(description["decoder"]):
        if layer["skip"] is not None:
            channels += description["encoder"][layer["skip"]]["filters"]
        shape = (channels, layer["filters"], *layer["kernel"])
        shapes |= affine_shapes(f"decoder.{n}", shape, layer["filters"], layer["norm"])
        channels = layer["filters"]
    if description["control"]:
        conv = description["control"]["kind"] == "conv"
        units = 1 if conv else len(description["sources"])
        for n, layer in enumerate(description["control"]["layers"]):
            shape = (layer["units"], units) + ((layer["kernel"],) if conv else ())
            shapes |= affine_shapes(f"control.{n}", shape, layer["units"], layer["norm"])
            units = layer["units"]
        pairs = sum(film_pairs(layer) for layer in description["encoder"] + description["decoder"])
        for name in ("film.gamma", "film.beta"):
            shapes |= affine_shapes(name, (pairs, units), pairs, None)
    return shapes


def check(description, tensors):
    """Refuse missing tensors, tensors too many, wrong shapes and values."""
    shapes = expected_shapes(description)
    for name, shape in shapes.items():
        if name not in tensors.values:
            raise Refused(f"tensor {name}: there is nothing to make it from")
        values, origin = tensors.values[name], tensors.origin[name]
        if values.shape != tuple(shape):
            raise Refused(f"tensor {origin}: makes {name} of {values.shape} (expected {shape})")
        if not np.isfinite(values).all():
            raise Refused(f"tensor {origin}: not every value is finite")
        if name.endswith("norm.var") and (values < 0).any():
            raise Refused(f"tensor {origin}: a variance is negative")
    for name in tensors.values.keys() - shapes.keys():
        raise Refused(f"tensor {tensors.origin[name]}: no place for it in the network")


def write(path, description, tensors, card, dtype="F32"):
    """Check everything, write aside and rename."""
    check(description, tensors)
    header = {"__metadata__": {
        "format": "unbraid", "format_version": "1",
        "network": json.dumps(description), "card": json.dumps(card),
    }}  # fmt: skip
    parts, at = [], 0
    for name in expected_shapes(description):
        with np.errstate(over="ignore"):
            stored = np.ascontiguousarray(tensors.values[name], TYPES[dtype])
        if not np.isfinite(stored).all():
            raise Refused(f"tensor {tensors.origin[name]}: a value is too large for {dtype}")
        parts.append(stored.tobytes())
        header[name] = {"dtype": dtype, "shape": list(stored.shape),
                        "data_offsets": [at, at + len(parts[-1])]}  # fmt: skip
        at += len(parts[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{path}.part", "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for part in parts:
            out.write(part)
    os.replace(f"{path}.part", path)


def parameters(description):
    """Trainable parameters, as papers and summaries count them: without mean and variance."""
    return sum(
        int(np.prod(shape))
        for name, shape in expected_shapes(description).items()
        if not name.endswith((".norm.mean", ".norm.var"))
    )
