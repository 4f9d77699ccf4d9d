# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Spleeter's U-Net as a frozen generic network, and FiLM that makes it separate other sources.

R. Hennequin, A. Khlif, F. Voituret and M. Moussallam, "Spleeter: a fast and efficient music source
separation tool with pre-trained models", JOSS 2020; FiLM as in G. Meseguer-Brocal and G. Peeters,
"Conditioned-U-Net", ISMIR 2019. Images are [batch][channels][frames][bins].

Of encoder layer i the convolution's output raw_i goes, before its normalisation and activation, to
the skip (or, from the deepest, to the decoder); a decoder layer is activated, then normalised. FiLM
is a scale and an offset for every channel of: the encoder's normalised outputs, the raw outputs
that skip, the decoder's normalised outputs, and the last logits.
"""

import torch
from torch import nn
from torch.nn import functional as F

from tf_checkpoint import read_checkpoint

FILTERS = (16, 32, 64, 128, 256, 512)
BINS = 1024
WINDOW, HOP = 4096, 1024
LEVEL = -15.0  # dB of full scale that sound is brought to
EPS = 1e-3
SLOPE = 0.2
ENCODED = FILTERS[:5]  # normalised outputs that go on in the encoder
DECODED = (256, 128, 64, 32, 16, 1)
PLACES = {"encoder": ENCODED, "skip": FILTERS, "decoder": DECODED, "logits": (2,)}
PAIRS = sum(sum(widths) for widths in PLACES.values())


def stft_description(frames=128):
    """The transform, as in FORMAT.md."""
    return {"sample_rate": 44100, "channels": 2, "window": WINDOW, "hop": HOP,
            "frames": frames, "first_bin": 0, "bins": BINS}  # fmt: skip


def numbered(kind, n):
    """TensorFlow's name of a layer."""
    return kind if n == 0 else f"{kind}_{n}"


def norm_of(tensors, n):
    """(scale, offset) of a batch normalisation at rest."""
    layer = numbered("batch_normalization", n)
    gamma, beta, mean, var = (
        tensors[f"{layer}/{name}"] for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / (var + EPS) ** 0.5
    return scale, beta - mean * scale


def generic_state(tensors, k):
    """State dict of `Generic` from network k of a Spleeter checkpoint (read_checkpoint)."""
    state = {}

    def put(name, kind, n):
        layer = numbered(kind, n)
        state[f"{name}.weight"] = tensors[f"{layer}/kernel"].transpose(3, 2, 0, 1)
        state[f"{name}.bias"] = tensors[f"{layer}/bias"]

    for i in range(6):
        put(f"encoder.{i}", "conv2d", 7 * k + i)
        put(f"decoder.{i}", "conv2d_transpose", 6 * k + i)
        state[f"decoder.{i}.scale"], state[f"decoder.{i}.offset"] = norm_of(tensors, 12 * k + 6 + i)
        if i < 5:
            state[f"encoder.{i}.scale"], state[f"encoder.{i}.offset"] = norm_of(tensors, 12 * k + i)
    put("last", "conv2d", 7 * k + 6)
    return {name: torch.from_numpy(x.copy()) for name, x in state.items()}


class Layer(nn.Module):
    """Weights of a convolution and, where `norm`, the folded normalisation."""

    def __init__(self, shape, filters, norm):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(*shape))
        self.bias = nn.Parameter(torch.empty(filters))
        if norm:
            self.scale = nn.Parameter(torch.empty(filters))
            self.offset = nn.Parameter(torch.empty(filters))


def per_channel(x, scale, offset):
    """scale * x + offset, both [batch or 1][channels]."""
    return torch.addcmul(offset[..., None, None], scale[..., None, None], x)


class Generic(nn.Module):
    """Magnitudes and FiLM to masks. `films` is what `split` makes of [batch][2][PAIRS], or None."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        inputs = 2
        for i, filters in enumerate(FILTERS):
            self.encoder.append(Layer((filters, inputs, 5, 5), filters, i < 5))
            inputs = filters
        for filters in DECODED:
            self.decoder.append(Layer((inputs, filters, 5, 5), filters, True))
            inputs = 2 * filters
        self.last = Layer((2, 1, 4, 4), 2, False)

    def first(self, magnitude):
        """The first convolution, which no FiLM comes before."""
        return self.convolve(0, magnitude)

    def convolve(self, i, x):
        layer = self.encoder[i]
        return F.conv2d(F.pad(x, (1, 2, 1, 2)), layer.weight, layer.bias, 2)

    def transposed(self, i, x):
        """Cropped by 1 before and 2 after."""
        layer = self.decoder[i]
        y = F.conv_transpose2d(x, layer.weight, layer.bias, 2, 1)
        return y[:, :, :-1, :-1]

    def conditioned(self, place, i, x, films):
        """x, normalised where there is a normalisation, and under FiLM."""
        layer = {"encoder": self.encoder, "decoder": self.decoder}.get(place)
        scale, offset = (layer[i].scale[None], layer[i].offset[None]) if layer else (None, None)
        if films:
            gamma, beta = films[place][i]
            scale, offset = (gamma * scale, gamma * offset + beta) if layer else (gamma, beta)
        return x if scale is None else per_channel(x, scale, offset)

    def logits(self, raw, films=None):
        """From the first convolution's output [batch][16][frames / 2][bins / 2]."""
        skips = [self.conditioned("skip", 0, raw, films)]
        for i in range(5):
            x = F.leaky_relu(self.conditioned("encoder", i, raw, films), SLOPE)
            raw = self.convolve(i + 1, x)
            skips.append(self.conditioned("skip", i + 1, raw, films))
        x = skips[5]
        for i in range(6):
            x = self.conditioned("decoder", i, torch.relu(self.transposed(i, x)), films)
            x = torch.cat([skips[4 - i], x], 1) if i < 5 else x
        x = F.conv2d(x, self.last.weight, self.last.bias, padding=3, dilation=2)
        return self.conditioned("logits", 0, x, films)

    def forward(self, magnitude, films=None):
        """The mask of each magnitude [batch][2][frames][BINS]."""
        return torch.sigmoid(self.logits(self.first(magnitude), films).float())


def split(pairs):
    """{place: [(gamma, beta) of each layer]} from [batch][2][PAIRS]."""
    films, at = {}, 0
    for place, widths in PLACES.items():
        films[place] = []
        for width in widths:
            films[place].append(pairs[:, :, at : at + width].unbind(1))
            at += width
    return films


def load_generic(tensors, k):
    """A frozen network."""
    network = Generic()
    network.load_state_dict(generic_state(tensors, k))
    return network.requires_grad_(False).eval()


def load_networks(prefix):
    """Spleeter's two networks, vocals and accompaniment, from a checkpoint PREFIX.*."""
    tensors = read_checkpoint(prefix)
    return [load_generic(tensors, k) for k in range(2)]


def accompaniment(networks, magnitude):
    """Spleeter's own mask of what is not vocals: a ratio of both networks' powers."""
    vocals, rest = (network(magnitude).square() for network in networks)
    return rest / (vocals + rest + 1e-10)
