# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Convert a Keras .h5 file of the original Conditioned-U-Net to a weights file.

G. Meseguer-Brocal's cunet: a whole model or its weights alone, conditioned (dense or convolutional
control, simple or complex FiLM) or a plain U-Net for one source. Needs h5py and NumPy only.

Keras images are [batch][bins][frames][channels], so kernels are [bins][frames]... and are turned
round here. Its 'same' padding is 1 before and 2 after for a 5x5 kernel and a stride of 2.

The network was trained on spectrograms whose whole track was scaled to a maximum of 1. A stream
cannot know that maximum: --scale sets a fixed factor instead, by default the one that takes a
full-scale sine to 1. For an exact comparison, scale the track first and convert with --scale 1.
"""

import argparse
import os
import re
import sys

import h5py
import numpy as np

from weights import Refused, Tensors, parameters, write

SOURCES = "bass,drums,rest,vocals"
EPS = {"eps": 1e-3}
LEAKY = {"kind": "leaky_relu", "slope": 0.2}
RELU = {"kind": "relu"}
NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "mean", "moving_variance": "var"}


def load(path):
    """{layer: {variable: values}} of all layers that have any."""
    layers = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            *_, layer, variable = name.split("/")
            layers.setdefault(layer, {})[variable.split(":")[0]] = np.asarray(item, np.float32)

    try:
        with h5py.File(path, "r") as file:
            file.get("model_weights", file).visititems(visit)
    except OSError as error:
        raise Refused(f"not an HDF5 file: {str(error).splitlines()[0]}") from error
    return layers


def in_order(layers, kind):
    """Names of the layers of a kind in the order in which they were made."""
    found = [re.fullmatch(rf"{kind}(?:_(\d+))?", name) for name in layers]
    return [m[0] for m in sorted((m for m in found if m), key=lambda m: int(m[1] or 0))]


class Reader:
    """Hands out layers of each kind one after the other."""

    def __init__(self, layers):
        self.layers = layers
        kinds = ("conv2d", "conv2d_transpose", "dense", "conv1d", "batch_normalization")
        self.left = {kind: in_order(layers, kind) for kind in kinds}
        self.tensors = Tensors()

    def next(self, kind):
        if not self.left[kind]:
            raise Refused(f"a {kind} layer is missing")
        return self.left[kind].pop(0)

    def values(self, layer, variable):
        if variable not in self.layers[layer]:
            raise Refused(f"tensor {layer}/{variable} is missing")
        return self.layers[layer][variable]

    def affine(self, kind, name, axes):
        """Take a kernel, with its axes put in our order, and its bias."""
        layer = self.next(kind)
        kernel = self.values(layer, "kernel")
        if kernel.ndim != len(axes):
            raise Refused(f"tensor {layer}/kernel: {kernel.ndim} axes (expected {len(axes)})")
        self.tensors.add(f"{name}.weight", kernel.transpose(axes), f"{layer}/kernel")
        self.tensors.add(f"{name}.bias", self.values(layer, "bias"), f"{layer}/bias")
        return self.tensors.values[f"{name}.weight"].shape

    def norm(self, name):
        layer = self.next("batch_normalization")
        for theirs, ours in NORM.items():
            self.tensors.add(f"{name}.norm.{ours}", self.values(layer, theirs),
                             f"{layer}/{theirs}")  # fmt: skip


def same(kernel, stride):
    """TensorFlow's 'same' padding where the stride divides the input's size: [before, after]."""
    total = max(kernel - stride, 0)
    return [total // 2, total - total // 2]


def read_control(reader, sources):
    """The condition generator: None for a plain U-Net."""
    kind = "conv1d" if reader.left["conv1d"] else "dense"
    count = len(reader.left[kind]) - (2 if kind == "dense" else 0)
    if not reader.left["dense"]:
        return None
    layers = []
    length = len(sources)
    for n in range(count):
        layer = {}
        if kind == "conv1d":
            units, _, kernel = reader.affine(kind, f"control.{n}", (2, 1, 0))
            pad = [0, 0] if n == count - 1 else same(kernel, 1)
            layer = {"kernel": kernel, "pad": pad}
            length += sum(pad) - kernel + 1
        else:
            units, _ = reader.affine(kind, f"control.{n}", (1, 0))
        layers.append({"units": units, **layer, "activation": RELU, "norm": EPS if n else None})
        if n:
            reader.norm(f"control.{n}")
    reader.affine("dense", "film.gamma", (1, 0))
    reader.affine("dense", "film.beta", (1, 0))
    return {"kind": "conv" if kind == "conv1d" else "dense", "layers": layers}


def read_layers(reader, film):
    encoder, decoder = [], []
    count = len(reader.left["conv2d"])
    for n in range(count):
        filters, _, *kernel = reader.affine("conv2d", f"encoder.{n}", (3, 2, 1, 0))
        reader.norm(f"encoder.{n}")
        pads = [same(k, 2) for k in kernel]
        encoder.append({"filters": filters, "kernel": kernel, "stride": [2, 2], "pad": pads,
                        "norm": EPS, "film": film, "activation": LEAKY})  # fmt: skip
    for n in range(count):
        _, filters, *kernel = reader.affine("conv2d_transpose", f"decoder.{n}", (3, 2, 1, 0))
        reader.norm(f"decoder.{n}")
        pads = [same(k, 2) for k in kernel]
        last = {"kind": "sigmoid"} if n == count - 1 else RELU
        decoder.append({"filters": filters, "kernel": kernel, "stride": [2, 2], "crop": pads,
                        "skip": count - 1 - n if n else None, "norm": EPS, "film": "none",
                        "activation": last})  # fmt: skip
    return encoder, decoder


def convert(layers, args):
    sources = args.sources.split(",")
    reader = Reader(layers)
    control = read_control(reader, sources)
    pairs = len(reader.tensors.values["film.gamma.bias"]) if control else 0
    film = "none" if not control else (
        "simple" if pairs == len(reader.left["conv2d"]) else "complex")  # fmt: skip
    encoder, decoder = read_layers(reader, film)
    for kind, left in reader.left.items():
        if left:
            raise Refused(f"tensor {left[0]}/kernel: a {kind} layer too many")
    scale = args.scale if args.scale is not None else 4.0 / args.window
    return {
        "sources": sources,
        "stft": {"sample_rate": args.rate, "channels": 1, "window": args.window, "hop": args.hop,
                 "frames": args.frames, "first_bin": 0, "bins": args.window // 2},
        "dropped_mask": "nearest",
        "input": {"scale": scale, "power": 1.0},
        "control": control, "encoder": encoder, "decoder": decoder,
    }, reader.tensors  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help=".h5 file")
    parser.add_argument("output", help="weights file to write")
    parser.add_argument("--sources", default=SOURCES, help="in one-hot order; one for a U-Net")
    parser.add_argument("--scale", type=float, help="of the input (default 4 / window)")
    parser.add_argument("--rate", type=int, default=8192)
    parser.add_argument("--window", type=int, default=1024)
    parser.add_argument("--hop", type=int, default=256)
    parser.add_argument("--frames", type=int, default=128)
    parser.add_argument("--f16", action="store_true", help="store half precision")
    args = parser.parse_args()
    try:
        description, tensors = convert(load(args.model), args)
        card = {
            "name": os.path.basename(args.model),
            "credits": "G. Meseguer-Brocal and G. Peeters, Conditioned-U-Net, ISMIR 2019",
            "command": f"from_keras.py {os.path.basename(args.model)}",
            "input": f"scaled by the fixed factor {description['input']['scale']:.6g}, where "
            "training scaled each whole track to a maximum of 1",
        }
        write(args.output, description, tensors, card, "F16" if args.f16 else "F32")
    except Refused as error:
        sys.exit(f"unbraid: {args.model}: {error}")
    print(f"{args.output}: {parameters(description):,} parameters")


if __name__ == "__main__":
    main()
