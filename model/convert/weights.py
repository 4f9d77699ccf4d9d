# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Write a weights file (model/network/FORMAT.md, either version) from tensors that came from
elsewhere, and read one.

Nothing but NumPy is needed. Every tensor is checked against the description first; what does not
fit is refused by the name it has in the file that it came from.
"""

import json
import os
import struct

import numpy as np

TYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
SEVERAL = "networks"  # the key that a description of version 2 has


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
    """FiLM pairs of a layer, those of its skip connections included."""
    kinds = (layer["film"], layer.get("skip_film", "none"))
    return sum({"none": 0, "simple": 1, "complex": layer["filters"]}[kind] for kind in kinds)


def affine_shapes(name, weight, units, norm):
    shapes = {f"{name}.weight": weight, f"{name}.bias": (units,)}
    for part in ("weight", "bias", "mean", "var") if norm else ():
        shapes[f"{name}.norm.{part}"] = (units,)
    return shapes


def unet_shapes(unet, prefix, channels, sources):
    """The name and shape of every tensor of one U-Net, which gives that many sources."""
    shapes = {}
    for n, layer in enumerate(unet["encoder"]):
        shape = (layer["filters"], channels, *layer["kernel"])
        shapes |= affine_shapes(f"{prefix}encoder.{n}", shape, layer["filters"], layer["norm"])
        channels = layer["filters"]
    for n, layer in enumerate(unet["decoder"]):
        if layer["skip"] is not None:
            channels += unet["encoder"][layer["skip"]]["filters"]
        sides = (channels, layer["filters"])
        shape = (*(sides[::-1] if layer.get("kind") == "conv" else sides), *layer["kernel"])
        shapes |= affine_shapes(f"{prefix}decoder.{n}", shape, layer["filters"], layer["norm"])
        channels = layer["filters"]
    if unet["control"]:
        conv = unet["control"]["kind"] == "conv"
        units = 1 if conv else sources
        for n, layer in enumerate(unet["control"]["layers"]):
            shape = (layer["units"], units) + ((layer["kernel"],) if conv else ())
            shapes |= affine_shapes(f"{prefix}control.{n}", shape, layer["units"], layer["norm"])
            units = layer["units"]
        pairs = sum(film_pairs(layer) for layer in unet["encoder"] + unet["decoder"])
        for name in ("film.gamma", "film.beta"):
            shapes |= affine_shapes(prefix + name, (pairs, units), pairs, None)
    return shapes


def version(description):
    return 2 if SEVERAL in description else 1


def expected_shapes(description):
    """The name and shape of every tensor that a described network has."""
    channels = description["stft"]["channels"]
    if version(description) == 1:
        return unet_shapes(description, "", channels, len(description["sources"]))
    shapes = {}
    for n, unet in enumerate(description[SEVERAL]):
        shapes |= unet_shapes(unet, f"{SEVERAL}.{n}.", channels, len(unet["sources"]))
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
        "format": "unbraid", "format_version": str(version(description)),
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


def read(path):
    """Description, tensors by name (float32) and card of a weights file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    if metadata.get("format") != "unbraid" or metadata.get("format_version") not in ("1", "2"):
        raise Refused(f"{path}: not a weights file of format version 1 or 2")
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in TYPES:
            raise Refused(f"{path}: tensor {name}: type {entry['dtype']} (expected F32 or F16)")
        values = np.frombuffer(data[slice(*entry["data_offsets"])], TYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).astype(np.float32)
    return json.loads(metadata["network"]), tensors, json.loads(metadata["card"])


def parameters(description):
    """Trainable parameters, as papers and summaries count them: without mean and variance."""
    return sum(
        int(np.prod(shape))
        for name, shape in expected_shapes(description).items()
        if not name.endswith((".norm.mean", ".norm.var"))
    )
