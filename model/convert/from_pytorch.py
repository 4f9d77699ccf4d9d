# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Convert a checkpoint of Conditioned-U-Net-pytorch (W. Choi) to a weights file.

Takes a PyTorch Lightning checkpoint or a bare state_dict of its CUNET_Framework. What the tensors
do not tell is taken from the checkpoint's hyper-parameters, or from the options. Needs PyTorch.
"""

import argparse
import os
import re
import sys

import torch

from weights import Refused, Tensors, parameters, write

PREFIX = "spec2spec."
NORM = {"weight": "weight", "bias": "bias", "running_mean": "mean", "running_var": "var"}
CONTROL = "condition_generator.dense_control_block.linear."
SOURCES = ["vocals", "drums", "bass", "other"]


def load(path):
    """The state_dict and the hyper-parameters of a file."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling what is no checkpoint raises anything
        why = (str(error).splitlines() or [""])[0]
        raise Refused(f"cannot be read as a checkpoint: {why or type(error).__name__}") from error
    if not isinstance(found, dict):
        raise Refused("not a checkpoint (expected a state_dict, or a dictionary that holds one)")
    state = found.get("state_dict", found)
    if not any(str(key).startswith(f"{PREFIX}encoders.0.") for key in state):
        raise Refused(f"tensor {PREFIX}encoders.0.conv_layer.conv.weight is missing")
    return state, dict(found.get("hyper_parameters", {}))


def numbers(state, pattern):
    """The numbers that a pattern's group takes in the tensors' names, in order."""
    matches = (re.fullmatch(pattern, key) for key in state)
    return sorted({int(match[1]) for match in matches if match})


def count_layers(state):
    return len(numbers(state, re.escape(PREFIX) + r"encoders\.(\d+)\..*"))


def get(state, name):
    if name not in state:
        raise Refused(f"tensor {name} is missing")
    return state[name].detach().float().numpy()


def take(state, tensors, origin, name):
    """Take an affine map's or convolution's weight and bias."""
    for part in ("weight", "bias"):
        tensors.add(f"{name}.{part}", get(state, f"{origin}.{part}"), f"{origin}.{part}")


def take_norm(state, tensors, origin, name):
    for theirs, ours in NORM.items():
        tensors.add(f"{name}.norm.{ours}", get(state, f"{origin}.{theirs}"), f"{origin}.{theirs}")


def take_control(state, tensors):
    """Linear, ReLU; then Linear, ReLU, Dropout, BatchNorm for each further layer."""
    layers = []
    places = numbers(state, re.escape(PREFIX + CONTROL) + r"(\d+)\.weight")
    linear = [n for n in places if get(state, f"{PREFIX}{CONTROL}{n}.weight").ndim == 2]
    for n, place in enumerate(linear):
        take(state, tensors, f"{PREFIX}{CONTROL}{place}", f"control.{n}")
        if n:
            take_norm(state, tensors, f"{PREFIX}{CONTROL}{place + 3}", f"control.{n}")
        units = len(tensors.values[f"control.{n}.bias"])
        layers.append({"units": units, "activation": {"kind": "relu"},
                       "norm": {"eps": 1e-5} if n else None})  # fmt: skip
    for name in ("gamma", "beta"):
        take(state, tensors, f"{PREFIX}condition_generator.linear_{name}.0", f"film.{name}")
    return {"kind": "dense", "layers": layers}


def activation(name):
    """An activation by the name it has in the hyper-parameters."""
    kinds = {"leaky_relu": {"kind": "leaky_relu", "slope": 0.01}, "identity": {"kind": "linear"}}
    if name in ("relu", "sigmoid", "tanh"):
        return {"kind": name}
    if name not in kinds:
        raise Refused(f"activation {name} (expected leaky_relu, relu, sigmoid, tanh or identity)")
    return kinds[name]


def paddings(kernel, stride):
    """The checkpoint's own rules: zeros around the input, and the crop of the output."""
    pad, crop = [], []
    for k, s in zip(kernel, stride, strict=True):
        more = abs(k % 2 - s % 2)
        pad.append([(k - s + 1) // 2] * 2)
        crop.append([(k - s + more) // 2, (k - s + more) // 2 - more])
    return pad, crop


def take_layers(state, tensors, options):
    """The encoder's and the decoder's layers."""
    film = "simple" if options["film_simple"] else "complex"
    encoder, decoder = [], []
    count = count_layers(state)
    for n in range(count):
        origin = f"{PREFIX}encoders.{n}"
        take(state, tensors, f"{origin}.conv_layer.conv", f"encoder.{n}")
        take_norm(state, tensors, f"{origin}.bn_layer", f"encoder.{n}")
        weight = tensors.values[f"encoder.{n}.weight"]
        kernel = list(weight.shape[2:])
        pad, crop = paddings(kernel, options["stride"])
        shared = {"kernel": kernel, "stride": options["stride"], "norm": {"eps": 1e-5}}
        encoder.append({"filters": len(weight), **shared, "pad": pad, "film": film,
                        "activation": activation(options["encoder_activation"])})  # fmt: skip
    for n in range(count):
        origin = f"{PREFIX}decoders.{n}"
        take(state, tensors, f"{origin}.deconv_layer.deconv", f"decoder.{n}")
        take_norm(state, tensors, f"{origin}.bn_layer", f"decoder.{n}")
        kind = "last_activation" if n == count - 1 else "decoder_activation"
        decoder.append({"filters": tensors.values[f"decoder.{n}.weight"].shape[1], **shared,
                        "crop": crop, "skip": count - 1 - n if n else None, "film": "none",
                        "activation": activation(options[kind])})  # fmt: skip
    return encoder, decoder


def check_used(state, tensors):
    """Everything in the file must have been used, or be known not to matter."""
    used = set(tensors.origin.values())
    for key in state:
        if key not in used and not key.endswith(".num_batches_tracked") and "stft." not in key:
            raise Refused(f"tensor {key}: not known")


def convert(state, hyper, args):
    window = hyper.get("n_fft", args.n_fft)
    if "stft.stft.window" in state and len(state["stft.stft.window"]) != window:
        window = len(state["stft.stft.window"])
    options = {
        "stride": list(hyper.get("stride", (2, 2))),
        "encoder_activation": hyper.get("encoder_activation", "leaky_relu"),
        "decoder_activation": hyper.get("decoder_activation", "relu"),
        "last_activation": hyper.get("last_activation", "sigmoid"),
    }
    tensors = Tensors()
    control = take_control(state, tensors)
    pairs = len(tensors.values["film.gamma.bias"])
    options["film_simple"] = pairs == count_layers(state)
    encoder, decoder = take_layers(state, tensors, options)
    check_used(state, tensors)
    first = tensors.values["encoder.0.weight"]
    description = {
        "sources": args.sources.split(","),
        "stft": {"sample_rate": 44100, "channels": first.shape[1], "window": window,
                 "hop": hyper.get("hop_length", args.hop),
                 "frames": hyper.get("num_frame", args.frames),
                 "first_bin": 1, "bins": window // 2},
        "dropped_mask": 1.0,
        "input": {"scale": 1.0, "power": 1.0},
        "control": control, "encoder": encoder, "decoder": decoder,
    }  # fmt: skip
    return description, tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("output", help="weights file to write")
    parser.add_argument("--n-fft", type=int, default=2048, help="if the checkpoint does not say")
    parser.add_argument("--hop", type=int, default=512, help="likewise")
    parser.add_argument("--frames", type=int, default=128, help="likewise")
    parser.add_argument("--sources", default=",".join(SOURCES), help="in one-hot order")
    parser.add_argument("--f16", action="store_true", help="store half precision")
    args = parser.parse_args()
    card = {
        "name": os.path.basename(args.checkpoint),
        "credits": "W. Choi, Conditioned-U-Net-pytorch; trained by the checkpoint's author",
        "command": f"from_pytorch.py {os.path.basename(args.checkpoint)}",
    }
    try:
        description, tensors = convert(*load(args.checkpoint), args)
        write(args.output, description, tensors, card, "F16" if args.f16 else "F32")
    except Refused as error:
        sys.exit(f"unbraid: {args.checkpoint}: {error}")
    print(f"{args.output}: {parameters(description):,} parameters")


if __name__ == "__main__":
    main()
