# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""The conditioned U-Net, built from the network description of model/network/FORMAT.md.

G. Meseguer-Brocal and G. Peeters, "Conditioned-U-Net: introducing a control mechanism in the
U-Net for multiple source separations", ISMIR 2019. Images are [batch][channels][frames][bins].
"""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from bands import band_map

SOURCES = ["vocals", "drums", "bass", "other"]


def describe(
    first_filters=16,
    depth=6,
    power=0.3,
    scale=1.0,
    slope=0.2,
    control=(16, 64, 256),
    film="complex",
    film_place="encoder",
    bands=None,
):
    """The project's own network as a FORMAT.md description.

    `bands` = {"kept": bins, "count": bands} groups the bins (see bands.py).
    """
    places = {"encoder": (True, False), "decoder": (False, True), "both": (True, True)}
    films = [film if used else "none" for used in places[film_place]]
    norm = {"eps": 1e-5}
    leaky = {"kind": "leaky_relu", "slope": slope}
    widths = [first_filters * 2**n for n in range(depth)]
    encoder = [
        {"filters": width, "kernel": [5, 5], "stride": [2, 2], "pad": [[2, 2], [2, 2]],
         "norm": norm, "film": films[0], "activation": leaky}
        for width in widths
    ]  # fmt: skip
    decoder = []
    for n in range(depth):
        last = n == depth - 1
        decoder.append(
            {"filters": 2 if last else widths[depth - 2 - n], "kernel": [5, 5], "stride": [2, 2],
             "crop": [[2, 1], [2, 1]], "skip": None if n == 0 else depth - 1 - n,
             "norm": None if last else norm, "film": "none" if last else films[1],
             "activation": {"kind": "sigmoid"} if last else leaky}
        )  # fmt: skip
    layers = [
        {"units": units, "activation": {"kind": "relu"}, "norm": None if n == 0 else norm}
        for n, units in enumerate(control)
    ]
    grouping = {"bands": bands} if bands else {}
    return copy.deepcopy({
        **grouping,
        "sources": SOURCES,
        "stft": {"sample_rate": 44100, "channels": 2, "window": 2048, "hop": 512,
                 "frames": 128, "first_bin": 1, "bins": 1024},
        "dropped_mask": "nearest",
        "input": {"scale": scale, "power": power},
        "control": None if film == "none" else {"kind": "dense", "layers": layers},
        "encoder": encoder,
        "decoder": decoder,
    })  # fmt: skip


def activate(x, spec):
    """Apply the activation of a description."""
    kind = spec["kind"]
    if kind == "linear":
        return x
    if kind == "leaky_relu":
        return F.leaky_relu(x, spec["slope"])
    if kind == "sigmoid":
        return torch.sigmoid(x.float())  # a mask deserves more than the 8 bits of bfloat16
    return {"relu": torch.relu, "tanh": torch.tanh, "elu": F.elu}[kind](x)


def film_pairs(layer):
    """Number of (gamma, beta) pairs that a layer takes."""
    return {"none": 0, "simple": 1, "complex": layer["filters"]}[layer["film"]]


class Encode(nn.Module):
    """Strided convolution and its normalisation; weight [filters][inputs][kernel][kernel]."""

    def __init__(self, inputs, spec):
        super().__init__()
        self.spec = spec
        self.weight = nn.Parameter(torch.empty(spec["filters"], inputs, *spec["kernel"]))
        self.bias = nn.Parameter(torch.zeros(spec["filters"]))
        self.norm = nn.BatchNorm2d(spec["filters"], spec["norm"]["eps"]) if spec["norm"] else None
        nn.init.kaiming_normal_(self.weight, a=0.2)

    def forward(self, x):
        (top, bottom), (left, right) = self.spec["pad"]
        if top == bottom and left == right:
            x = F.conv2d(x, self.weight, self.bias, self.spec["stride"], (top, left))
        else:
            x = F.pad(x, (left, right, top, bottom))
            x = F.conv2d(x, self.weight, self.bias, self.spec["stride"])
        return self.norm(x) if self.norm else x


class Decode(nn.Module):
    """Transposed convolution and its normalisation; weight [inputs][filters][kernel][kernel]."""

    def __init__(self, inputs, spec):
        super().__init__()
        self.spec = spec
        self.weight = nn.Parameter(torch.empty(inputs, spec["filters"], *spec["kernel"]))
        self.bias = nn.Parameter(torch.zeros(spec["filters"]))
        self.norm = nn.BatchNorm2d(spec["filters"], spec["norm"]["eps"]) if spec["norm"] else None
        (kt, kf), (st, sf) = spec["kernel"], spec["stride"]
        # every output sample sees about kernel / stride of the taps of each input channel
        nn.init.normal_(self.weight, std=(2.0 * st * sf / (inputs * kt * kf)) ** 0.5)

    def transposed(self, x):
        """The transposed convolution with bias, cropped."""
        (top, bottom), (left, right) = self.spec["crop"]
        stride = self.spec["stride"]
        more = (top - bottom, left - right)
        if all(0 <= m < s for m, s in zip(more, stride, strict=True)):
            return F.conv_transpose2d(x, self.weight, self.bias, stride, (top, left), more)
        y = F.conv_transpose2d(x, self.weight, self.bias, stride)
        return y[:, :, top : y.shape[2] - bottom, left : y.shape[3] - right]

    def forward(self, x):
        x = self.transposed(x)
        return self.norm(x) if self.norm else x


class ControlLayer(nn.Module):
    """Affine map, or convolution over positions, then activation and batch normalisation.

    Dense: [batch][inputs], weight [units][inputs]; conv: [batch][inputs][positions], weight
    [units][inputs][kernel].
    """

    def __init__(self, inputs, spec, convolve):
        super().__init__()
        self.spec = spec
        taps = [spec["kernel"]] if convolve else []
        self.weight = nn.Parameter(torch.empty(spec["units"], inputs, *taps))
        self.bias = nn.Parameter(torch.zeros(spec["units"]))
        self.norm = nn.BatchNorm1d(spec["units"], spec["norm"]["eps"]) if spec["norm"] else None
        nn.init.kaiming_normal_(self.weight)

    def forward(self, x, known):
        """In training, the first `known` rows alone give the statistics of the normalisation."""
        if self.weight.dim() == 3:
            x = F.conv1d(F.pad(x, self.spec["pad"]), self.weight, self.bias)
        else:
            x = F.linear(x, self.weight, self.bias)
        x = activate(x, self.spec["activation"])
        return self.normalise(x, known) if self.norm else x

    def normalise(self, x, known):
        """Batch normalisation over all axes but that of the units."""
        if not self.training:
            return self.norm(x)
        norm = self.norm
        axes = [n for n in range(x.dim()) if n != 1]
        variance, mean = torch.var_mean(x[:known], axes, correction=0)
        with torch.no_grad():
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(variance, norm.momentum)
        gain = norm.weight * torch.rsqrt(variance + norm.eps)
        offset = norm.bias - mean * gain
        shape = (-1, *[1] * (x.dim() - 2))
        return x * gain.reshape(shape) + offset.reshape(shape)


class UNet(nn.Module):
    """Magnitudes [batch][channels][frames][bins] and amounts of the sources to masks.

    A row [sources] of amounts is one-hot for a source alone; others ask for a blend of sources.
    """

    def __init__(self, description):
        super().__init__()
        self.description = description
        width = description["stft"]["channels"]
        self.map = band_map(description)
        self.encoder, self.decoder, self.control = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for spec in description["encoder"]:
            self.encoder.append(Encode(width, spec))
            width = spec["filters"]
        for spec in description["decoder"]:
            skip = spec["skip"]
            extra = 0 if skip is None else description["encoder"][skip]["filters"]
            self.decoder.append(Decode(width + extra, spec))
            width = spec["filters"]
        self.pairs = [film_pairs(s) for s in description["encoder"] + description["decoder"]]
        if sum(self.pairs):
            self.convolve = description["control"]["kind"] == "conv"
            units = 1 if self.convolve else len(description["sources"])
            for spec in description["control"]["layers"]:
                self.control.append(ControlLayer(units, spec, self.convolve))
                units = spec["units"]
            self.film = nn.ModuleDict(
                {name: nn.Linear(units, sum(self.pairs)) for name in ("gamma", "beta")}
            )
            for name, value in (("gamma", 1.0), ("beta", 0.0)):
                nn.init.normal_(self.film[name].weight, std=0.02)
                nn.init.constant_(self.film[name].bias, value)

    def conditions(self, amounts):
        """(gamma, beta) for every layer, each [batch][pairs of the layer][1][1]."""
        if not sum(self.pairs):
            return [(None, None)] * len(self.pairs)
        # statistics of the single sources, whatever a batch asks for
        known = amounts.shape[1] if self.training else 0
        x = torch.cat([torch.eye(amounts.shape[1], device=amounts.device)[:known], amounts])
        if self.convolve:
            x = x[:, None]
        for layer in self.control:
            x = layer(x, known)
        x = x[known:].flatten(1)
        gamma, beta = (
            self.film[name](x)[:, :, None, None].split(self.pairs, 1) for name in ("gamma", "beta")
        )
        return list(zip(gamma, beta, strict=True))

    def finish(self, x, spec, pair):
        """FiLM, then activation."""
        if spec["film"] != "none":
            x = pair[0].to(x.dtype) * x + pair[1].to(x.dtype)
        return activate(x, spec["activation"])

    def forward(self, magnitude, amounts):
        """The mask of what each row of amounts asks for."""
        given = self.description["input"]
        x = self.map.group(magnitude) if self.map else magnitude
        x = x * given["scale"]
        x = x if given["power"] == 1.0 else x ** given["power"]
        with torch.autocast(x.device.type, enabled=False):
            pairs = self.conditions(amounts)
        outputs = []
        for layer, pair in zip(self.encoder, pairs, strict=False):
            x = self.finish(layer(x), layer.spec, pair)
            outputs.append(x)
        for layer, pair in zip(self.decoder, pairs[len(self.encoder) :], strict=True):
            skip = layer.spec["skip"]
            x = x if skip is None else torch.cat([x, outputs[skip]], 1)
            x = self.finish(layer(x), layer.spec, pair)
        return self.map.spread(x) if self.map else x


def image_bins(description):
    """Values in a frame of what the layers see: bins, or the bands that they are grouped to."""
    return description.get("bands", {}).get("count", description["stft"]["bins"])


def multiply_adds(description):
    """Multiply-adds of the convolutions of one window."""
    stft = description["stft"]
    bins = image_bins(description)
    network, total = UNet(description), 0

    def count(layer, given, result):
        nonlocal total
        image = result if isinstance(layer, Encode) else given[0]
        total += layer.weight.numel() * image.shape[2] * image.shape[3]

    for layer in [*network.encoder, *network.decoder]:
        layer.register_forward_hook(count)
    network.map = None
    with torch.no_grad():
        image = torch.zeros(1, stft["channels"], stft["frames"], bins)
        network.eval()(image, torch.eye(len(description["sources"]))[:1])
    return total
