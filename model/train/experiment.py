# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Train small variants side by side and tabulate what each choice is worth.

A trial, a variant with a seed, that has a result is not run again, so the command can be stopped
and repeated. With the same seed every variant sees the same draws for the same number of steps,
unless its data are what it changes.
"""

import argparse
import functools
import json
import math
import os
import pathlib
import time
import tomllib

import numpy as np
import torch
from torch import nn

import evaluate
import film_trials
import generic
import songs
from data import Batches
from model import SOURCES, UNet, describe, multiply_adds
from pieces import prepared
from tables import TIMINGS, seeds_of, write_tables
from train import Run, train_step


class Dedicated(nn.Module):
    """A U-Net without conditions for each source; rows go to the network that they ask for."""

    def __init__(self, description):
        super().__init__()
        self.description = description
        self.networks = nn.ModuleList(UNet(description) for _ in SOURCES)

    def forward(self, magnitude, onehot):
        mask = torch.zeros_like(magnitude)
        asked = onehot.argmax(1)
        for n in asked.unique().tolist():
            rows = asked == n
            mask[rows] = self.networks[n](magnitude[rows], onehot[rows])
        return mask


class Trial(Run):
    """A run whose learning rate falls over its steps, and that may be of four networks."""

    def __init__(self, config, folder, steps):
        self.steps = steps
        super().__init__(config, folder)

    def build(self):
        return (Dedicated if self.config.get("dedicated") else UNet)(self.description)

    def rate(self):
        train = self.config["train"]
        warm = min(1.0, (self.step + 1) / train["warmup_steps"])
        return (
            train["learning_rate"] * warm * 0.5 * (1 + math.cos(math.pi * self.step / self.steps))
        )


def changed(base, changes):
    """A copy of nested tables with some values replaced."""
    result = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(base.get(key), dict) and key != "bands"
        result[key] = changed(base[key], value) if nested else value
    return result


def excerpts(folder, plan):
    """[(piece, contents of piece.json)], the middle of the first validation pieces."""
    chosen = prepared(folder)[: plan["pieces"]]
    return [(songs.load_piece(path).middle(plan["excerpt"]), about) for path, about in chosen]


def grouped(scores):
    """Medians of the real piece (the first) and of the rendered ones: {"real vocals": {..}}."""
    rows = {}
    for group, part in (("real", scores[:1]), ("rendered", scores[1:])):
        for name in (*SOURCES, *(f"without {s}" for s in SOURCES)):
            found = [s[name] for s in part if name in s]
            if found:
                rows[f"{group} {name}"] = {
                    metric: float(np.nanmedian([f[metric] for f in found]))
                    for metric in ("sdr_v4", "usdr")
                }
    return rows


def measure(network, pieces, place, blends=False):
    """Scores of the pieces, grouped; with `blends`, of one blend of each too."""
    scores = [evaluate.score(p, evaluate.network_estimates(network, p, place)) for p in pieces]
    if blends:
        scores = [
            s | evaluate.score_blend(network, p, place) for s, p in zip(scores, pieces, strict=True)
        ]
    return grouped(scores)


def run_trial(name, config, plan, data, pieces):
    """Train and measure a variant with a seed; its result as a table."""
    torch.set_num_threads(config["train"]["threads"])
    run = Trial(config, pathlib.Path("/nonexistent"), plan["steps"])
    source = iter(Batches(data / "train", run.description["stft"], config["data"], config["seed"]))
    losses, seconds = [], 0.0
    for _ in range(plan["steps"]):
        batch = next(source)
        clock = time.process_time()
        losses.append(float(train_step(run, *batch)))
        seconds += time.process_time() - clock
    network = run.averaged()
    blends = plan["blends"](name) and not config.get("dedicated")
    timings = {"Studio": measure(network, pieces, TIMINGS["Studio"], blends)}
    if plan["timings"](name):  # short steps cost much: on two of the pieces
        for timing in ("Balanced", "Live"):
            timings[timing] = measure(network, pieces[:2], TIMINGS[timing])
    return {
        "variant": name,
        "seed": config["seed"],
        "steps": plan["steps"],
        "seconds_a_step": round(seconds / plan["steps"], 3),
        "loss": round(float(np.mean(losses[-plan["steps"] // 5 :])), 4),
        "curve": [
            round(float(np.mean(p)), 4) for p in np.array_split(losses, min(10, len(losses)))
        ],
        "parameters": sum(p.numel() for p in network.parameters()),
        "multiply_adds": multiply_adds(run.description),
        "sdr": timings,
    }


def anchor_rows(pieces, stft):
    """Results of the anchors, in the form of a variant's."""
    every = [evaluate.anchors(p, stft) for p in pieces]
    return {
        name: {"variant": name, "sdr": {"Studio": grouped([e[name] for e in every])}}
        for name in every[0]
    }


def result_path(folder, variant, seed=None):
    """Where the result of a trial, or of an anchor, lies."""
    name = variant.replace(" / ", "-").replace(" ", "-")
    return folder / "results" / (f"{name}.json" if seed is None else f"{name}.{seed}.json")


def trials(plan, only):
    """(variant, seed) of every trial of the plan, those with the first seeds first."""
    wanted = {}
    for question in plan["question"]:
        for variant in question["variants"]:
            for place, seed in enumerate(seeds_of(plan, question)):
                if not only or variant in only:
                    wanted.setdefault((variant, seed), place)
    return sorted(wanted, key=wanted.get)


def write_result(folder, result):
    """One JSON file a trial, written aside and renamed."""
    path = result_path(folder, result["variant"], result.get("seed"))
    path.parent.mkdir(exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(result, indent=1) + "\n")
    os.replace(aside, path)


def answers(question, key):
    """Does any question that has the `key` ask for a variant?"""
    return lambda name: any(q.get(key) and name in q["variants"] for q in question)


def prepare_trials(plan, args):
    """A function of (name, config) that runs a trial; anchors are written first."""
    excerpted = excerpts(args.data / "valid", plan)
    if "film" in plan["base"]:
        networks = generic.load_networks(args.weights)
        return functools.partial(film_trials.run_trial, plan=plan, data=args.data,
                                 pieces=excerpted, networks=networks)  # fmt: skip
    pieces = [piece for piece, _ in excerpted]
    if not result_path(args.folder, "mix / 4").exists():
        stft = describe(**plan["base"]["network"])["stft"]
        for row in anchor_rows(pieces, stft).values():
            write_result(args.folder, row)
    return functools.partial(run_trial, plan=plan, data=args.data, pieces=pieces)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=pathlib.Path, help="TOML file (experiments/experiments.toml)")
    parser.add_argument("data", type=pathlib.Path, help="folder that prepare.py wrote")
    parser.add_argument("folder", type=pathlib.Path, help="folder for results and tables")
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="run these variants alone")
    parser.add_argument("--steps", type=int, help="steps of a variant, in the place of the plan's")
    parser.add_argument("--weights", help="prefix of Spleeter's checkpoint, for trials upon it")
    args = parser.parse_args()
    plan = tomllib.loads(args.plan.read_text())
    plan["steps"] = args.steps or plan["steps"]
    plan["timings"] = answers(plan["question"], "timings")
    plan["blends"] = answers(plan["question"], "blends")
    run = prepare_trials(plan, args)
    for name, seed in trials(plan, args.only):
        if result_path(args.folder, name, seed).exists():
            continue
        config = {**changed(plan["base"], plan["variant"][name]), "seed": seed}
        if "start" in config:
            config["start"] = args.plan.parent / config["start"]
        result = run(name, config)
        write_result(args.folder, result)
        line = ", ".join(f"{k} {v['sdr_v4']:.2f}" for k, v in result["sdr"]["Studio"].items())
        cost = f"{result['seconds_a_step']} s a step"
        print(f"{name}, seed {seed}: loss {result['loss']}, {cost}; {line}", flush=True)
    write_tables(plan, args.folder)


if __name__ == "__main__":
    main()
