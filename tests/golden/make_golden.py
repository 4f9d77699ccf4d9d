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
Where a network sees a part of the transform, and its dropped mask is a mean over some bins,
NAME-whole.golden holds, in the same form, the masks of all of the transform's bins.

Needs PyTorch and NumPy:  python3 tests/golden/make_golden.py
"""

import argparse
import itertools
import json
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parents[1] / "model/train"))
from bands import spread_matrix  # noqa: E402
from stft import whole_mask  # noqa: E402

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
    if name.endswith(("norm.weight", "film.gamma.bias")):
        center, spread = 1.0, 0.3
    elif name.endswith("norm.var"):
        center, spread = 1.0, 0.5
    elif name.endswith("weight"):
        fan = size / shape[1] / 4 if "decoder." in name else size / shape[0]
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
            "tanh": torch.tanh, "elu": F.elu}[kind](x)  # fmt: skip


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


def conditions(net, prefix, vector, pairs):
    """gamma and beta, each [pairs]."""
    x = torch.tensor(vector, dtype=torch.float64)
    conv = net["control"]["kind"] == "conv"
    x = x[None] if conv else x
    for n, layer in enumerate(net["control"]["layers"]):
        name = f"{prefix}control.{n}"
        bias = tensor(f"{name}.bias", layer["units"])
        if conv:
            weight = tensor(f"{name}.weight", layer["units"], len(x), layer["kernel"])
            x = F.conv1d(F.pad(x, layer["pad"])[None], weight, bias)[0]
        else:
            x = tensor(f"{name}.weight", layer["units"], len(x)) @ x + bias
        x = normalise(activate(x, layer["activation"]), name, layer["norm"])
    x = x.reshape(-1)
    return tuple(
        tensor(f"{prefix}film.{k}.weight", pairs, len(x)) @ x + tensor(f"{prefix}film.{k}.bias", pairs)
        for k in ("gamma", "beta")
    )


def modulate(x, kind, film, at):
    """FiLM; `at` counts the pairs used so far."""
    n = {"none": 0, "simple": 1, "complex": len(x)}[kind]
    if n:
        gamma, beta = (v[at[0] : at[0] + n].reshape(-1, 1, 1) for v in film)
        x = gamma * x + beta
        at[0] += n
    return x


def finish(x, name, layer, film, at):
    """Normalisation, FiLM and activation of a layer, in its order."""
    if layer.get("order") == "activation_first":
        x = normalise(activate(x, layer["activation"]), name, layer["norm"])
        return modulate(x, layer["film"], film, at)
    x = modulate(normalise(x, name, layer["norm"]), layer["film"], film, at)
    return activate(x, layer["activation"])


def convolve(x, name, layer, stride=(1, 1), dilation=(1, 1)):
    weight = tensor(f"{name}.weight", layer["filters"], x.shape[0], *layer["kernel"])
    bias = tensor(f"{name}.bias", layer["filters"])
    (top, bottom), (left, right) = layer["pad"]
    x = F.pad(x, (left, right, top, bottom))
    return F.conv2d(x[None], weight, bias, stride, dilation=dilation)[0]


def transpose(x, name, layer):
    weight = tensor(f"{name}.weight", x.shape[0], layer["filters"], *layer["kernel"])
    bias = tensor(f"{name}.bias", layer["filters"])
    (top, bottom), (left, right) = layer["crop"]
    y = F.conv_transpose2d(x[None], weight, bias, layer["stride"])[0]
    return y[:, top : y.shape[1] - bottom, left : y.shape[2] - right]


def output(net, prefix, vector, x):
    """What one U-Net gives for its input x, both [channels][frames][bins]."""
    kinds = [layer["film"] for layer in net["encoder"] + net["decoder"]]
    kinds += [layer.get("skip_film", "none") for layer in net["encoder"]]
    filters = [layer["filters"] for layer in net["encoder"] + net["decoder"] + net["encoder"]]
    pairs = sum({"none": 0, "simple": 1}.get(k, n) for k, n in zip(kinds, filters, strict=True))
    film = conditions(net, prefix, vector, pairs) if pairs else None
    at = [0]
    skips = []
    for n, layer in enumerate(net["encoder"]):
        name = f"{prefix}encoder.{n}"
        raw = convolve(x, name, layer, layer["stride"])
        x = finish(raw, name, layer, film, at)
        skips.append(modulate(raw if layer.get("raw_skip") else x,
                              layer.get("skip_film", "none"), film, at))  # fmt: skip
    for n, layer in enumerate(net["decoder"]):
        name = f"{prefix}decoder.{n}"
        if layer["skip"] is not None:
            x = torch.cat([x, skips[layer["skip"]]])
        if layer.get("kind") == "conv":
            x = convolve(x, name, layer, dilation=layer["dilation"])
        else:
            x = transpose(x, name, layer)
        x = finish(x, name, layer, film, at)
    return x


def shared(net, vector, outputs, x):
    """The mask where every source's output has a part in it."""
    outputs = torch.stack(outputs)
    if net["mask"]["softmax"]:
        outputs = torch.softmax(outputs, 0)
    whole = 1.0
    if net["mask"]["ratio"]:
        exponent = np.float64(np.float32(net["mask"]["ratio"]["exponent"]))
        epsilon = np.float64(np.float32(net["mask"]["ratio"]["epsilon"]))
        powers = (outputs * x) ** exponent
        whole = powers.sum(0) + epsilon
        outputs = powers + epsilon / len(outputs)
    weights = torch.tensor(vector, dtype=torch.float64).reshape(-1, 1, 1, 1)
    return torch.clamp((weights * outputs).sum(0) / whole, max=1.0)


def whole_shares(net, x):
    """Masks [sources] of a model with shares, where all sources are computed."""
    listed, exponent = net["mask"]["shares"]["sources"], net["mask"]["shares"]["exponent"]
    masks, wholes = {}, {}
    for n, part in enumerate(net["networks"]):
        ours = [float(source in listed) for source in part["sources"]]
        if any(ours):
            wholes[n] = output(part, f"networks.{n}.", ours, x).clamp(0, 1)
        for i, source in enumerate(part["sources"]):
            masks[source] = output(part, f"networks.{n}.", np.eye(len(ours))[i], x)
    missing = (1 - sum(wholes.values())) / len(wholes)
    for n, whole in wholes.items():
        ours = [source for source in net["networks"][n]["sources"] if source in listed]
        powers = [(masks[source].clamp(0) + 1e-6) ** exponent for source in ours]
        for source, power in zip(ours, powers, strict=True):
            masks[source] = (whole + missing).clamp(0, 1) * power / sum(powers)
    return [masks[source] for source in net["sources"]]


def several(net, vector, x):
    """The mask of a model of version 2."""
    if net["mask"].get("shares"):
        weighted = [w * m for w, m in zip(vector, whole_shares(net, x), strict=True)]
        return torch.clamp(sum(weighted), max=1.0)
    is_shared = net["mask"]["softmax"] or net["mask"]["ratio"]
    outputs, total = {}, torch.zeros_like(x)
    for n, part in enumerate(net["networks"]):
        prefix = f"networks.{n}."
        places = [net["sources"].index(source) for source in part["sources"]]
        for i, place in enumerate(places if is_shared else ()):
            outputs[place] = output(part, prefix, np.eye(len(places))[i], x)
        weights = np.array([vector[place] for place in places], np.float64)
        if len(net["networks"]) == 1 and not is_shared:
            return torch.clamp(output(part, prefix, weights, x), max=1.0)
        levels = [] if is_shared else sorted({0.0, *weights})
        for below, amount in itertools.pairwise(levels):  # those of which as much is asked
            chosen = (weights >= amount).astype(np.float64)
            total += (amount - below) * output(part, prefix, chosen, x)
    if not is_shared:
        return torch.clamp(total, max=1.0)
    return shared(net, vector, [outputs[i] for i in range(len(outputs))], x)


def mask(net, vector, x):
    """Mask for magnitudes x, both [channels][frames][bins of the network]."""
    x = (np.float64(np.float32(net["input"]["scale"])) * x) ** np.float64(
        np.float32(net["input"]["power"])
    )
    return (several(net, vector, x) if "networks" in net else output(net, "", vector, x)).numpy()


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


def generic(filters, channels=2, sources=("vocals",), leaky=LEAKY, relu=RELU, film=False,
            order="activation_first", raw=True, last=None, eps=1e-3):  # fmt: skip
    """A U-Net of version 2, as Spleeter's are: skips and bottleneck from the raw convolutions, a
    last dilated one. With FiLM wherever it can be."""
    kind = "complex" if film else "none"
    norm = {"eps": eps}
    net = {"sources": list(sources), "control": DENSE if film else None,
           "encoder": [], "decoder": []}  # fmt: skip
    for i, n in enumerate(filters):
        deepest = i == len(filters) - 1
        net["encoder"].append(
            {"filters": n, "kernel": (5, 5), "stride": (2, 2), "pad": ((1, 2), (1, 2)),
             "norm": None if deepest and raw else norm, "film": kind, "order": "norm_first",
             "activation": {"kind": "linear"} if deepest and raw else leaky,
             "raw_skip": raw and not deepest, "skip_film": "none" if deepest else kind})  # fmt: skip
    for i, n in enumerate([*reversed(filters[:-1]), 1]):
        net["decoder"].append(
            {"kind": "transposed", "filters": n, "kernel": (5, 5), "stride": (2, 2),
             "crop": ((1, 2), (1, 2)), "skip": len(filters) - 1 - i if i else None,
             "norm": norm, "film": kind, "order": order, "activation": relu})  # fmt: skip
    net["decoder"].append(
        {"kind": "conv", "filters": channels, "kernel": (4, 4), "dilation": (2, 2),
         "pad": ((3, 3), (3, 3)), "skip": None, "norm": None, "film": kind,
         "order": "norm_first", "activation": last or {"kind": "sigmoid"}})  # fmt: skip
    return net


def model(stft, networks, softmax=False, exponent=None, epsilon=1e-10, dropped=0.0):
    return {
        "sources": [source for net in networks for source in net["sources"]],
        "stft": stft,
        "dropped_mask": dropped,
        "input": {"scale": 1.0, "power": 1.0},
        "level": None,
        "mask": {"softmax": softmax,
                 "ratio": {"exponent": exponent, "epsilon": epsilon} if exponent else None},
        "networks": networks,
    }  # fmt: skip


def grid(frames, bins, channels=2, first_bin=1):
    return {"sample_rate": 44100, "channels": channels, "window": 2 * bins, "hop": bins // 2,
            "frames": frames, "first_bin": first_bin, "bins": bins}  # fmt: skip


ONE_HOT = np.eye(4, dtype=np.float32)
MIXED = np.array([[1, 0, 0, 0], [0, 0.5, 1, 0], [0.3, 0.3, 0.2, 0.2]], dtype=np.float32)
KERAS = {"pad": ((1, 2), (1, 2)), "crop": ((1, 2), (1, 2)), "eps": 1e-3,
         "leaky": {"kind": "leaky_relu", "slope": 0.2}}  # fmt: skip


ELU = {"kind": "elu"}
LEAKY2 = {"kind": "leaky_relu", "slope": 0.2}
THREE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.2, 0.5]], dtype=np.float32)


def later_cases():
    """Those of format version 2."""
    small = [4, 12, 20]
    two = [generic(small, leaky=LEAKY2), generic(small, sources=["accompaniment"], leaky=LEAKY2)]
    elu = {"leaky": ELU, "relu": ELU}
    three = [generic(small, sources=[s], last={"kind": "linear"}, **elu) for s in ("a", "b", "c")]
    mixed = [generic(small, leaky=LEAKY2),
             generic(small, sources=["drums", "bass"], leaky=LEAKY2, film=True)]  # fmt: skip
    one = generic([5, 17], 1, ["x", "y", "z"], film=True, order="norm_first", raw=False, eps=1e-5)
    for layer in one["encoder"]:
        layer["order"] = "activation_first"
    one["encoder"][0]["skip_film"], one["decoder"][0]["film"] = "simple", "simple"
    scaled = model(grid(12, 40, 1), [one], exponent=1.5, epsilon=1e-3, dropped="nearest")
    scaled["input"] = {"scale": 0.5, "power": 0.5}
    more = [generic(small, leaky=LEAKY2),
            generic(small, sources=["drums", "bass", "piano"], leaky=LEAKY2, film=True),
            generic(small, sources=["hum"], leaky=LEAKY2)]  # fmt: skip
    shares = model(grid(24, 64), more)
    shares["mask"]["shares"] = {"sources": ["vocals", "hum", "bass", "drums"], "exponent": 1.5}
    FIVE = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0.5, 0, 1, 0.2, 1]],
                    dtype=np.float32)  # fmt: skip
    # of a window of 160 samples, of whose 81 bins three below and fourteen above are not seen
    part = model({**grid(16, 64, first_bin=3), "window": 160}, two[:1], dropped={"mean": 11})
    deep = generic([16, 32, 64, 128, 256, 512], leaky=LEAKY2)
    TWO = np.array([[1, 0], [0, 1], [0.25, 0.5]], dtype=np.float32)
    return {
        "two": (model(grid(16, 64, first_bin=0), two, exponent=2.0, dropped="mean"), TWO, 1024),
        "own": (model(grid(40, 64, first_bin=0), two), TWO, 2048),
        "softmax": (model(grid(16, 64), three, True, 2.0), THREE, 1024),
        "softmax-own": (model(grid(16, 64), three, True), THREE, 1024),
        "films": (model(grid(24, 64), mixed), THREE, 1024),
        "one": (scaled, THREE, 480),
        "shares": (shares, FIVE, 1024),
        "part": (part, ONE_HOT[:1, :1], 1024),
        "deep": (model(grid(64, 128, first_bin=0), [deep]), ONE_HOT[:1, :1], 4096),
    }  # fmt: skip


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
    if isinstance(net["dropped_mask"], dict):
        whole = [whole_mask(torch.from_numpy(mask(net, v, image)), net).numpy() for v in vectors]
        write_masks(f"{name}-whole", vectors, whole, whole[0].size)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", help="only these")
    args = parser.parse_args()
    for name, case in (cases() | later_cases()).items():
        if not args.cases or name in args.cases:
            write(name, *case)


if __name__ == "__main__":
    main()
