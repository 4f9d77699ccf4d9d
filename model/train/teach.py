# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Teach a model one more source, in minutes on a CPU.

STEMS holds one folder a song, one audio file a stem. Stems with NAME in their file's name are the
source, all others its accompaniment; a song may have either alone. Of the generic network in the
weights file nothing changes: the new source is a few thousand numbers beside those of the others.
Every fourth song with both is kept to be scored on, before and after.
"""

import argparse
import json
import pathlib
import tempfile

import torch
from safetensors import safe_open

import export_films
import prepare
import tune
from prepare import AUDIO

CONFIG = {
    "seed": 1,
    "train": {
        "fall_minutes": 2, "learning_rate": 4e-3, "base_rate": 0.0, "warmup_steps": 20, "ema": 0.98,
        "quiet": 1.0, "precision": "bf16", "compile": False, "checkpoint_minutes": 5,
        "validate_minutes": 1e9, "validate_seconds": 600, "rescan_steps": 10**9,
    },
    "data": {
        "mixes": 4, "rows": 1, "level": 10.0, "level_spread": 3.0, "coherent": 0.5,
        "missing": 0.1, "resample": 0.4, "tilt": 0.4, "reverb": 0.1, "low_pass": 0.05, "blend": 0.0,
        "whole": 0.0, "backing": 0.0, "weights": {},
    },
}  # fmt: skip


def has(song, name):
    """(has the source, has an accompaniment): what the stems of a song are."""
    stems = [p.stem.upper() for p in song.iterdir() if p.suffix.lower() in AUDIO]
    return any(name in s for s in stems), any(name not in s for s in stems)


def make_pieces(stems, name, out):
    """The songs as pieces of two classes: vocals, which stands for the source, and other."""
    whole = 0
    for song in sorted(p for p in stems.iterdir() if p.is_dir()):
        there = has(song, name.upper())
        held = all(there) and whole % 4 == 3
        whole += all(there)
        prepare.make_stems({
            "input": str(song), "rules": [{"class": "vocals", "words": [name.upper()]}],
            "joined": False, "output": str(out / ("valid" if held else "train") / song.name),
            "about": {"source": "taught"},
        })  # fmt: skip
    if whole < 4:
        raise ValueError(f"{stems}: {whole} songs with {name} and other stems, expected 4 or more")


def open_file(path):
    """(description, tensors, card) of a weights file of version 2."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("format_version") != "2":
            raise ValueError(f"{path}: not a weights file of format version 2")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return json.loads(metadata["network"]), tensors, json.loads(metadata["card"])


def conditioned_network(description):
    """The number of the U-Net that has a control."""
    return next(k for k, net in enumerate(description["networks"]) if net["control"])


def film_of(tensors, k, column):
    """(gamma, beta) [PAIRS] that a corner of the file's control gives, by place."""
    order = export_films.file_order()
    pair = []
    for name in ("gamma", "beta"):
        weight, bias = (
            tensors[f"networks.{k}.film.{name}.{w}"].float() for w in ("weight", "bias")
        )
        value = torch.empty(len(order))
        value[order] = weight[:, column] + bias
        pair.append(value)
    return pair


def column_of(tensors, k, sources, name):
    """Which hidden unit of the control stands for a source alone."""
    alone = torch.tensor([float(s == name) for s in sources])
    weight, bias = (tensors[f"networks.{k}.control.0.{w}"].float() for w in ("weight", "bias"))
    return int((weight @ alone + bias).argmax())


def add_source(description, tensors, k, name, pair):
    """Give U-Net k a source with the (gamma, beta) `pair`, heard when it alone is asked for."""
    network, prefix = description["networks"][k], f"networks.{k}."
    old = len(network["sources"])
    weight, bias = tensors[f"{prefix}control.0.weight"], tensors[f"{prefix}control.0.bias"]
    # asked for beside others, those are what is heard
    fresh = torch.tensor([[-1.0] * old + [1.0]]).to(weight.dtype)
    weight = torch.nn.functional.pad(weight, (0, 1))
    tensors[f"{prefix}control.0.weight"] = torch.cat([weight, fresh])
    tensors[f"{prefix}control.0.bias"] = torch.nn.functional.pad(bias, (0, 1))
    order = export_films.file_order()
    for what, value in zip(("gamma", "beta"), pair, strict=True):
        name_of = f"{prefix}film.{what}"
        rest = tensors[f"{name_of}.bias"]
        column = (value[order] - rest.float()).to(rest.dtype)
        tensors[f"{name_of}.weight"] = torch.cat([tensors[f"{name_of}.weight"], column[:, None]], 1)
    network["sources"].append(name)  # not of those that share the mix: it is part of another
    network["control"]["layers"][0]["units"] += 1
    description["sources"].append(name)


def begin(run, data, pair):
    """Begin with the (gamma, beta) of another source."""
    audio, amounts = next(tune.batches(run, data))
    with torch.no_grad():
        run.network.films.table[0] = torch.stack([pair[0] - 1, pair[1]])
    tune.begin_units(run, audio, amounts)


def learn(generic, data, pair, name, settings):
    """((gamma, beta), SDR before, SDR after) of the new source; `settings` are of CONFIG."""
    with tempfile.TemporaryDirectory() as folder:
        run = tune.Tuning(settings, generic, pathlib.Path(folder), {name: "vocals"})
        begin(run, data, pair)
        before = tune.validate(run, data / "valid")[f"taught {name}"]
        tune.train(run, data)
        after = tune.validate(run, data / "valid")[f"taught {name}"]
        films = run.averaged().films
        return films.pairs(torch.ones(1, 1))[0].detach().unbind(0), before, after


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stems", type=pathlib.Path, help="folder of songs, each a folder of stems")
    parser.add_argument("name", help="of the source: a-z, A-Z, 0-9, _ and -")
    parser.add_argument("--weights", required=True, help="weights file to begin with")
    parser.add_argument("--output", required=True, help="weights file to write")
    parser.add_argument("--like", default="other", help="source to begin as (other)")
    parser.add_argument("--minutes", type=float, default=10, help="of learning (10)")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    description, tensors, card = open_file(args.weights)
    k = conditioned_network(description)
    sources = description["networks"][k]["sources"]
    if args.name in description["sources"] or args.like not in sources:
        parser.error(f"{args.name} has to be new, and {args.like} one of {', '.join(sources)}")
    settings = {**CONFIG, "sources": [args.name], "generic": k}
    settings["train"] = {**CONFIG["train"], "minutes": args.minutes, "threads": args.threads}
    pair = film_of(tensors, k, column_of(tensors, k, sources, args.like))
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder)
        make_pieces(args.stems, args.name, data)
        generic = export_films.generic_from_file(tensors, k)
        pair, before, after = learn(generic, data, pair, args.name, settings)
    add_source(description, tensors, k, args.name, pair)
    card["taught"] = [*card.get("taught", []), {"source": args.name, "sdr": [before, after]}]
    dtype = next(iter(tensors.values())).dtype
    export_films.write(args.output, description, tensors, card, dtype)
    print(f"{args.output}: {args.name} {after:.2f} dB, as {args.like} it had {before:.2f} dB")


if __name__ == "__main__":
    main()
