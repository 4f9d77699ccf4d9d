# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Write a checkpoint as a weights file (model/network/FORMAT.md), nothing folded, in F16."""

import argparse
import json
import os
import pathlib

import torch
from safetensors.torch import save

from model import UNet, describe
from weights import load_weights, to_format


def checked(state, dtype):
    """Tensors named as in FORMAT.md, converted; raises on any value that does not survive."""
    tensors = {}
    for name, tensor in to_format(state).items():
        value = tensor.detach().float()
        stored = value.to(dtype).contiguous()
        if not torch.isfinite(stored).all():
            raise ValueError(f"tensor {name}: not every value is finite in {dtype}")
        if name.endswith(".var") and (stored <= 0).any():
            # a variance below the smallest F16 number would become 0; the eps of the layer rules
            stored = stored.clamp_min(torch.finfo(dtype).tiny)
        tensors[name] = stored
    return tensors


def write_weights(path, network, card, dtype=torch.float16):
    """Write aside, read back and compare every tensor's shape, then rename."""
    tensors = checked(network.state_dict(), dtype)
    metadata = {
        "format": "unbraid",
        "format_version": "1",
        "network": json.dumps(network.description),
        "card": json.dumps(card),
    }
    aside = f"{path}.part"
    pathlib.Path(aside).write_bytes(save(tensors, metadata))
    again, _ = load_weights(aside)
    for name, tensor in to_format(again.state_dict()).items():
        if tensor.shape != tensors[name].shape or not torch.equal(tensor, tensors[name].float()):
            raise ValueError(f"{aside}: tensor {name} does not read back")
    os.replace(aside, path)


def blend(network, path, share):
    """Move the weights `share` of the way to those of a file, of the same shapes.

    Between the weights that a run began with and those it ended with lie some that are better than
    both on music of other kinds (M. Wortsman et al., "Robust fine-tuning of zero-shot models",
    CVPR 2022).
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share {share} of {path}: expected 0 to 1")
    other = load_weights(path)[0].state_dict()
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(other[name], share)


def randomise(network, seed):
    """Give every normalisation non-trivial statistics, so that tests notice a wrong one."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        noise = torch.rand(tensor.shape, generator=generator)
        if name.endswith("running_var") or name.endswith("norm.weight"):
            tensor.copy_(0.5 + noise)
        elif name.endswith("running_mean") or name.endswith("bias"):
            tensor.add_(0.4 * noise - 0.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", help="weights file to write")
    parser.add_argument("--checkpoint", help="checkpoint of train.py (its EMA weights are written)")
    parser.add_argument(
        "--blend",
        nargs=2,
        action="append",
        default=[],
        metavar=("WEIGHTS", "SHARE"),
        help="move the checkpoint's weights this far, 0 to 1, to those of a file; repeatable",
    )
    parser.add_argument("--card", help="JSON file with the training card")
    parser.add_argument("--f32", action="store_true", help="store single precision")
    parser.add_argument("--level", type=float, metavar="DB",
                        help="the level of sounds that the network wants: FORMAT.md")  # fmt: skip
    parser.add_argument("--random", type=int, metavar="SEED", help="random weights, for tests")
    parser.add_argument("--filters", type=int, default=16, help="first filters with --random")
    args = parser.parse_args()
    card = {"name": pathlib.Path(args.output).stem}
    if args.card:
        card = json.loads(pathlib.Path(args.card).read_text())
    if args.random is not None:
        torch.manual_seed(args.random)
        network = UNet(describe(args.filters))
        randomise(network, args.random)
    elif args.checkpoint:
        state = torch.load(args.checkpoint, map_location="cpu", weights_only=True)
        network = UNet(state["network"])
        network.load_state_dict(state["ema"])
        for path, share in args.blend:
            blend(network, path, float(share))
        card.setdefault("steps", state["step"])
    else:
        parser.error("one of --checkpoint and --random is needed")
    if args.level is not None:
        network.description["level"] = args.level
    write_weights(args.output, network, card, torch.float32 if args.f32 else torch.float16)
    size = os.path.getsize(args.output) / 2**20
    count = sum(t.numel() for t in to_format(network.state_dict()).values())
    print(f"{args.output}: {count} values, {size:.1f} MiB")


if __name__ == "__main__":
    main()
