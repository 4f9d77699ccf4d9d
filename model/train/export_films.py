# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Write a checkpoint of tune.py as a weights file (model/network/FORMAT.md, version 2).

Two U-Nets: Spleeter's vocals network as it is, and the accompaniment's under FiLM.
"""

import argparse
import json
import os
import pathlib

import torch
from safetensors import safe_open
from safetensors.torch import save

from above import ABOVE
from films import Films, read_learnt, write_learnt
from generic import (
    DECODED,
    EPS,
    FILTERS,
    LEVEL,
    PLACES,
    SLOPE,
    Generic,
    generic_state,
    stft_description,
)
from shares import shares
from tf_checkpoint import read_checkpoint


def layers(film):
    """(encoder, decoder) of a description, with FiLM ("complex") or without ("none")."""
    encoder, decoder = [], []
    for n, filters in enumerate(FILTERS):
        deepest = n == len(FILTERS) - 1
        leaky = {"kind": "leaky_relu", "slope": SLOPE}
        encoder.append({
            "filters": filters, "kernel": [5, 5], "stride": [2, 2], "pad": [[1, 2], [1, 2]],
            "order": "norm_first", "norm": None if deepest else {"eps": EPS}, "film": film,
            "activation": {"kind": "linear"} if deepest else leaky,
            "raw_skip": not deepest, "skip_film": "none" if deepest else film,
        })  # fmt: skip
    for n, filters in enumerate(DECODED):
        decoder.append({
            "kind": "transposed", "filters": filters, "kernel": [5, 5], "stride": [2, 2],
            "crop": [[1, 2], [1, 2]], "skip": 5 - n if n else None, "norm": {"eps": EPS},
            "film": film, "order": "activation_first", "activation": {"kind": "relu"},
        })  # fmt: skip
    decoder.append({
        "kind": "conv", "filters": 2, "kernel": [4, 4], "dilation": [2, 2],
        "pad": [[3, 3], [3, 3]], "skip": None, "norm": None, "film": film, "order": "norm_first",
        "activation": {"kind": "sigmoid"},
    })  # fmt: skip
    return encoder, decoder


def describe(films):
    """The description of the file: vocals, then what the films give."""
    units = {"units": len(films.corners), "activation": {"kind": "relu"}, "norm": None}
    networks = []
    for sources, film in ((["vocals"], "none"), (films.sources, "complex")):
        encoder, decoder = layers(film)
        control = {"kind": "dense", "layers": [units]} if film == "complex" else None
        networks.append({"sources": sources, "control": control, "encoder": encoder,
                         "decoder": decoder})  # fmt: skip
    sources = ["vocals", *films.sources]
    return {
        "sources": sources,
        "stft": stft_description(),
        "dropped_mask": ABOVE,
        "input": {"scale": 1.0, "power": 1.0},
        "level": LEVEL,
        "mask": {"softmax": False, "ratio": None, "shares": shares(sources)},
        "networks": networks,
    }


def network_tensors(state):
    """Tensors of a generic network by the names of a U-Net in the file."""
    tensors = {}
    for name, value in state.items():
        part, _, what = name.rpartition(".")
        part = part.replace("last", "decoder.6")
        if what in ("scale", "offset"):
            # at rest: weight / sqrt(1 + eps) and bias
            rest = (1 + EPS) ** 0.5 if what == "scale" else 1.0
            what = {"scale": "weight", "offset": "bias"}[what]
            tensors[f"{part}.norm.{what}"] = value * rest
            tensors[f"{part}.norm.mean"] = torch.zeros_like(value)
            tensors[f"{part}.norm.var"] = torch.ones_like(value)
            continue
        if part.startswith("decoder.") and what == "weight" and part[8:] in "12345":
            # Spleeter has the skip connection first, the file last
            value = value.roll(value.shape[0] // 2, 0)
        tensors[f"{part}.{what}"] = value
    return tensors


def generic_from_file(tensors, k):
    """The generic network that is U-Net k of a file's tensors: network_tensors the other way."""
    prefix, state = f"networks.{k}.", {}
    for name, value in tensors.items():
        if not name.startswith((f"{prefix}encoder", f"{prefix}decoder")):
            continue
        part, _, what = name[len(prefix) :].rpartition(".")
        value = value.float()
        if part.endswith("norm"):
            if what == "var":
                part, given = part.removesuffix(".norm"), prefix + part
                scale = tensors[f"{given}.weight"].float() / (value + EPS).sqrt()
                state[f"{part}.scale"] = scale
                mean = tensors[f"{given}.mean"].float()
                state[f"{part}.offset"] = tensors[f"{given}.bias"].float() - mean * scale
            continue
        if part.startswith("decoder.") and what == "weight" and part[8:] in "12345":
            value = value.roll(value.shape[0] // 2, 0)
        state[f"{part.replace('decoder.6', 'last')}.{what}"] = value
    network = Generic()
    network.load_state_dict(state)
    return network.requires_grad_(False).eval()


def file_order():
    """[PAIRS] places of pairs by place, in the file's order: layers, a film before its skip's."""
    starts, at = {}, 0
    for place, widths in PLACES.items():
        for n, width in enumerate(widths):
            starts[place, n] = range(at, at + width)
            at += width
    order = [(place, n) for n in range(6) for place in ("encoder", "skip") if (place, n) in starts]
    order += [("decoder", n) for n in range(6)] + [("logits", 0)]
    return torch.tensor([at for place in order for at in starts[place]])


def film_tensors(films):
    """Tensors of the control and the FiLM: its hidden layer says which corner is near."""
    # 1 - sum |a - c| for amounts a from 0 to 1
    table, order = films.table.detach(), file_order()
    return {
        "control.0.weight": 2 * films.corners - 1,
        "control.0.bias": 1 - films.corners.sum(1),
        "film.gamma.weight": table[:, 0, order].T,
        "film.gamma.bias": torch.ones(table.shape[2]),
        "film.beta.weight": (films.unit * table[:, 1])[:, order].T,
        "film.beta.bias": torch.zeros(table.shape[2]),
    }


def file_tensors(tensors, average, sources):
    """(films, {name: float32 tensor}) of the file, from Spleeter's tensors and a checkpoint."""
    films = Films(sources)
    films.load_state_dict({k[6:]: v for k, v in average.items() if k.startswith("films.")})
    tuned = {k[8:]: v for k, v in average.items() if k.startswith("generic.")}
    second = {**generic_state(tensors, 1), **tuned}
    parts = [network_tensors(generic_state(tensors, 0)),
             {**network_tensors(second), **film_tensors(films)}]  # fmt: skip
    named = {f"networks.{k}.{n}": v for k, part in enumerate(parts) for n, v in part.items()}
    return films, named


def write(path, description, tensors, card, dtype=torch.float16):
    """Write aside, then rename."""
    stored = {name: value.to(dtype).contiguous() for name, value in tensors.items()}
    for name, value in stored.items():
        if not torch.isfinite(value).all():
            raise ValueError(f"tensor {name}: not every value is finite in {dtype}")
    metadata = {"format": "unbraid", "format_version": "2",
                "network": json.dumps(description), "card": json.dumps(card)}  # fmt: skip
    aside = pathlib.Path(f"{path}.part")
    aside.write_bytes(save(stored, metadata))
    os.replace(aside, path)


def read_start(path):
    """{name: tensor} of what a run of tune.py begins with: what another learnt, or a weights file.

    Offsets of a weights file have no unit but 1.
    """
    if pathlib.Path(path).suffix == ".pt":
        return read_learnt(path)["average"]
    with safe_open(path, "pt") as file:
        if "network" not in file.metadata():
            return read_learnt(path)["average"]
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        networks = json.loads(file.metadata()["network"])["networks"]
    k = next(n for n, network in enumerate(networks) if network["control"])
    films, order = Films(networks[k]["sources"]), file_order()
    control = {name.removeprefix(f"networks.{k}."): x for name, x in tensors.items()}
    if not torch.equal(control["control.0.weight"], 2 * films.corners - 1):
        raise ValueError(f"{path}: sources were added to this file; begin with one of tune.py")
    with torch.no_grad():
        for n, name in enumerate(("gamma", "beta")):
            films.table[:, n, order] = control[f"film.{name}.weight"].T
    average = {f"films.{name}": x for name, x in films.state_dict().items()}
    generic = generic_from_file(tensors, k).state_dict()
    return {**average, **{f"generic.{name}": x for name, x in generic.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", help="weights file to write")
    parser.add_argument("weights", help="prefix of Spleeter's checkpoint: FOLDER/2stems/model")
    parser.add_argument("checkpoint", help="checkpoint of tune.py, or what --learnt wrote")
    parser.add_argument("--learnt", help="write the averaged values alone too, to go on from")
    parser.add_argument("--card", help="JSON file with the training card")
    parser.add_argument("--f32", action="store_true", help="store single precision")
    args = parser.parse_args()
    state = read_learnt(args.checkpoint)
    if args.learnt:
        write_learnt(args.learnt, state)
    films, tensors = file_tensors(read_checkpoint(args.weights), state["average"], state["sources"])
    card = {"name": pathlib.Path(args.output).stem}
    if args.card:
        card = json.loads(pathlib.Path(args.card).read_text())
    card.setdefault("steps", state["step"])
    dtype = torch.float32 if args.f32 else torch.float16
    write(args.output, describe(films), tensors, card, dtype)
    size, count = os.path.getsize(args.output) / 2**20, sum(t.numel() for t in tensors.values())
    print(f"{args.output}: {count} values, {size:.1f} MiB")


if __name__ == "__main__":
    main()
