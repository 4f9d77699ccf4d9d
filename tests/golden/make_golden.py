# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Expected masks of random networks, computed by PyTorch in double precision.

For every case, NAME.json is a network description (model/network/FORMAT.md) and NAME.golden holds masks.
Weights and inputs are not stored: they come from a generator that tests/unit/make_model.c repeats.

NAME.golden: uint32 number of conditions, then for each condition float32 [sources], then
uint32 number of points and stride, then for each condition float32 masks at the flat
[channels][frames][bins] indices 0, stride, 2 * stride... All little endian. The bins of a network
with a band map are its bands; NAME-at-bins.golden holds, in the same form, what comes of magnitudes
and gives masks at the bins of the transform: the map to bands, the network, and the map back.

Needs PyTorch and NumPy:  python3 tests/golden/make_golden.py
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parents[1] / "model/train"))
from bands import spread_matrix  # noqa: E402

SEED = 7
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniform(name, count, seed=SEED):
    """SplitMix64 started from the name's FNV-1a hash; numbers from -1 to 1."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(state ^ seed) + GOLDEN * np.arange(1, count + 1, dtype=np.uint64)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0


def tensor(name, *shape):
    """The test tensor of that name (ub_test_fill), rounded to single precision."""
    size = int(np.prod(shape))
    center, spread = 0.0, 0.2
    if name.endswith("norm.weight") or name == "film.gamma.bias":
        center, spread = 1.0, 0.3
    elif name.endswith("norm.var"):
        center, spread = 1.0, 0.5
    elif name.endswith("weight"):
        fan = size / shape[1] / 4 if name.startswith("decoder") else size / shape[0]
        spread = np.sqrt(4.5 / fan)
    values = (center + spread * uniform(name, size)).astype(np.float32)
    return torch.from_numpy(values.astype(np.float64).reshape(shape))


def magnitudes(stft, bins):
    """The test input [channels][frames][bins]: 0 to 2, most of it small."""
    shape = (stft["channels"], stft["frames"], bins)
    u = uniform("input", int(np.prod(shape)))
    values = (2.0 * u * u).astype(np.float32).astype(np.float64)
    return torch.from_numpy(values.reshape(shape))


def activate(x, spec):
    kind = spec["kind"]
    if kind == "leaky_relu":
        return torch.where(x > 0, x, np.float64(np.float32(spec["slope"])) * x)
    return {"linear": lambda v: v, "relu": torch.relu, "sigmoid": torch.sigmoid,
            "tanh": torch.tanh}[kind](x)  # fmt: skip


def normalise(x, name, spec):
    """Batch normalisation over channels, the first axis of x."""
    if spec is None:
        return x
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)
    gain, offset, mean, var = (
        tensor(f"{name}.norm.{k}", x.shape[0]).reshape(shape)
        for k in ("weight", "bias", "mean", "var")
    )
    return (x - mean) / torch.sqrt(var + np.float64(np.float32(spec["eps"]))) * gain + offset


def conditions(net, vector, pairs):
    """gamma and beta, each [pairs]."""
    x = torch.tensor(vector, dtype=torch.float64)
    conv = net["control"]["kind"] == "conv"
    x = x[None] if conv else x
    for n, layer in enumerate(net["control"]["layers"]):
        name = f"control.{n}"
        bias = tensor(f"{name}.bias", layer["units"])
        if conv:
            weight = tensor(f"{name}.weight", layer["units"], len(x), layer["kernel"])
            x = F.conv1d(F.pad(x, layer["pad"])[None], weight, bias)[0]
        else:
            x = tensor(f"{name}.weight", layer["units"], len(x)) @ x + bias
        x = normalise(activate(x, layer["activation"]), name, layer["norm"])
    x = x.reshape(-1)
    return tuple(
        tensor(f"film.{k}.weight", pairs, len(x)) @ x + tensor(f"film.{k}.bias", pairs)
        for k in ("gamma", "beta")
    )


def finish(x, name, layer, film, at):
    """Normalisation, FiLM and activation of a layer; `at` counts the FiLM pairs used so far."""
    x = normalise(x, name, layer["norm"])
    n = {"none": 0, "simple": 1, "complex": layer["filters"]}[layer["film"]]
    if n:
        gamma, beta = (v[at[0] : at[0] + n].reshape(-1, 1, 1) for v in film)
        x = gamma * x + beta
        at[0] += n
    return activate(x, layer["activation"])


def encode(x, name, layer):
    weight = tensor(f"{name}.weight", layer["filters"], x.shape[0], *layer["kernel"])
    (top, bottom), (left, right) = layer["pad"]
    x = F.pad(x, (left, right, top, bottom))
    return F.conv2d(x[None], weight, tensor(f"{name}.bias", layer["filters"]), layer["stride"])[0]


def decode(x, name, layer):
    weight = tensor(f"{name}.weight", x.shape[0], layer["filters"], *layer["kernel"])
    bias = tensor(f"{name}.bias", layer["filters"])
    (top, bottom), (left, right) = layer["crop"]
    y = F.conv_transpose2d(x[None], weight, bias, layer["stride"])[0]
    return y[:, top : y.shape[1] - bottom, left : y.shape[2] - right]


def mask(net, vector, x):
    """Mask for magnitudes x, both [channels][frames][bins of the network]."""
    layers = net["encoder"] + net["decoder"]
    counts = {"none": 0, "simple": 1}
    pairs = sum(counts.get(layer["film"], layer["filters"]) for layer in layers)
    film = conditions(net, vector, pairs) if pairs else None
    at = [0]
    x = (np.float64(np.float32(net["input"]["scale"])) * x) ** np.float64(
        np.float32(net["input"]["power"])
    )
    skips = []
    for n, layer in enumerate(net["encoder"]):
        x = finish(encode(x, f"encoder.{n}", layer), f"encoder.{n}", layer, film, at)
        skips.append(x)
    for n, layer in enumerate(net["decoder"]):
        if layer["skip"] is not None:
            x = torch.cat([x, skips[layer["skip"]]])
        x = finish(decode(x, f"decoder.{n}", layer), f"decoder.{n}", layer, film, at)
    return x.numpy()


def mask_at_bins(net, vector):
    """The mask at the transform's bins for magnitudes there."""
    back = spread_matrix(net["stft"]["bins"], **net["bands"])
    there = torch.from_numpy((back / back.sum(1, keepdims=True)).T)
    return mask(net, vector, magnitudes(net["stft"], net["stft"]["bins"]) @ there) @ back


LEAKY = {"kind": "leaky_relu", "slope": 0.01}
RELU = {"kind": "relu"}
DENSE = {"kind": "dense", "layers": [
    {"units": 16, "activation": RELU, "norm": None},
    {"units": 32, "activation": RELU, "norm": {"eps": 1e-5}},
    {"units": 48, "activation": RELU, "norm": {"eps": 1e-5}},
]}  # fmt: skip

CONV = {"kind": "conv", "layers": [
    {"units": 6, "kernel": 4, "pad": [1, 2], "activation": RELU, "norm": None},
    {"units": 10, "kernel": 4, "pad": [1, 2], "activation": RELU, "norm": {"eps": 1e-3}},
    {"units": 14, "kernel": 4, "pad": [0, 0], "activation": RELU, "norm": {"eps": 1e-3}},
]}  # fmt: skip


def unet(stft, filters, kernel=(5, 5), stride=(2, 2), pad=((2, 2), (2, 2)),
         crop=((2, 1), (2, 1)), encoder="none", decoder="none", eps=1e-5, leaky=LEAKY,
         sources=4, last_film=None):  # fmt: skip
    """A regular U-Net: one encoder layer for each of `filters`, and as many decoder layers."""
    norm = {"eps": eps}
    net = {
        "sources": ["vocals", "drums", "bass", "other"][:sources],
        "stft": stft,
        "dropped_mask": 1.0,
        "input": {"scale": 1.0, "power": 1.0},
        "control": DENSE if encoder != "none" or decoder != "none" else None,
        "encoder": [], "decoder": [],
    }  # fmt: skip
    for n in filters:
        net["encoder"].append(
            {"filters": n, "kernel": kernel, "stride": stride, "pad": pad, "norm": norm,
             "film": encoder, "activation": leaky})  # fmt: skip
    for i, n in enumerate([*reversed(filters[:-1]), stft["channels"]]):
        last = i == len(filters) - 1
        net["decoder"].append(
            {"filters": n, "kernel": kernel, "stride": stride, "crop": crop,
             "skip": len(filters) - 1 - i if i else None, "norm": norm,
             "film": (last_film or "none") if last else decoder,
             "activation": {"kind": "sigmoid"} if last else RELU})  # fmt: skip
    return net


def grid(frames, bins, channels=2, first_bin=1):
    return {"sample_rate": 44100, "channels": channels, "window": 2 * bins, "hop": bins // 2,
            "frames": frames, "first_bin": first_bin, "bins": bins}  # fmt: skip


ONE_HOT = np.eye(4, dtype=np.float32)
MIXED = np.array([[1, 0, 0, 0], [0, 0.5, 1, 0], [0.3, 0.3, 0.2, 0.2]], dtype=np.float32)
KERAS = {"pad": ((1, 2), (1, 2)), "crop": ((1, 2), (1, 2)), "eps": 1e-3,
         "leaky": {"kind": "leaky_relu", "slope": 0.2}}  # fmt: skip


def cases():
    """Name: (description, conditions, points to keep per condition)"""
    widths = [24 * 2**n for n in range(6)]
    full = unet(grid(128, 1024), widths, encoder="complex")
    mono = unet(grid(16, 32, 1), [16, 32, 17], crop=((1, 2), (2, 1)), encoder="complex")
    mono["sources"], mono["stft"]["window"] = ["voice"], 70
    mono["dropped_mask"], mono["stft"]["hop"] = "nearest", 13
    mixed = unet(grid(12, 40), [5, 20], encoder="complex", decoder="complex", last_film="complex")
    mixed["encoder"][1].update(kernel=(3, 4), stride=(1, 2), pad=((1, 1), (1, 2)), norm=None)
    mixed["decoder"][0].update(kernel=(3, 4), stride=(1, 2), crop=((1, 1), (1, 1)))
    mixed["encoder"][0]["activation"] = {"kind": "tanh"}
    mixed["decoder"][0]["activation"] = {"kind": "linear"}
    conv = unet(grid(16, 64, 1, 0), [16, 32], encoder="simple", **KERAS)
    conv["control"] = CONV
    bands = {"bands": {"kept": 12, "count": 32}}
    bands.update(unet(grid(16, 96), [8, 24], encoder="complex"))
    bands["input"] = {"scale": 2.0, "power": 0.3}
    return {
        "full": (full, ONE_HOT, 8192),
        "simple": (unet(grid(32, 64), [8, 16, 32], encoder="simple"), MIXED, 4096),
        "decoder": (unet(grid(32, 64), [8, 16, 32], decoder="complex"), MIXED, 4096),
        "both": (mixed, MIXED, 960),
        "plain": (unet(grid(16, 64), [4, 24, 40], sources=1), ONE_HOT[:1, :1], 2048),
        "keras": (unet(grid(16, 64, 1, 0), [16, 32], encoder="complex", **KERAS), MIXED, 1024),
        "kernel4": (unet(grid(16, 32), [16, 48], (4, 4), pad=((1, 1), (1, 1)),
                         crop=((1, 1), (1, 1)), encoder="complex"), MIXED, 1024),
        "stride3": (unet(grid(18, 54), [7, 33], (7, 6), (3, 3), ((2, 2), (2, 1)),
                         ((3, 1), (1, 2)), encoder="complex"), MIXED, 1944),
        "conv": (conv, MIXED, 1024),
        "mono": (mono, np.array([[1], [0.4]], dtype=np.float32), 512),
        "bands": (bands, MIXED, 1024),
    }  # fmt: skip


def write_masks(name, vectors, whole, points):
    """NAME.golden: about `points` points of the mask for each condition."""
    stride = max(1, whole[0].size // points)
    stride += stride > 1 and 1 - stride % 2  # odd, so that points fall on all kinds of columns
    masks = [m.reshape(-1)[::stride].astype("<f4") for m in whole]
    with open(FOLDER / f"{name}.golden", "wb") as out:
        out.write(np.uint32(len(vectors)).tobytes() + vectors.astype("<f4").tobytes())
        out.write(np.array([len(masks[0]), stride], "<u4").tobytes())
        for m in masks:
            out.write(m.tobytes())
    spread = ", ".join(f"{m.min():.3f} to {m.max():.3f} sd {m.std():.3f}" for m in masks[:2])
    print(f"{name}: {len(masks)} x {len(masks[0])} points, {spread}")


def write(name, net, vectors, points):
    (FOLDER / f"{name}.json").write_text(json.dumps(net, indent=1) + "\n")
    image = magnitudes(net["stft"], net.get("bands", {}).get("count", net["stft"]["bins"]))
    write_masks(name, vectors, [mask(net, v, image) for v in vectors], points)
    if "bands" in net:
        size = image.shape[0] * image.shape[1] * net["stft"]["bins"]
        write_masks(f"{name}-at-bins", vectors, [mask_at_bins(net, v) for v in vectors], size)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", help="only these")
    args = parser.parse_args()
    for name, case in cases().items():
        if not args.cases or name in args.cases:
            write(name, *case)


if __name__ == "__main__":
    main()
