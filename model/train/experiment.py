# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Train small variants side by side and tabulate what each choice is worth.

A trial, a variant with a seed, that has a result is not run again, so the command can be stopped
and repeated. With the same seed every variant sees the same draws for the same number of steps,
unless its data are what it changes.
"""

import argparse
import csv
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
import songs
from data import Batches
from model import SOURCES, UNet, describe, multiply_adds
from pieces import prepared
from train import Run, train_step

TIMINGS = {
    "Studio": evaluate.Placement(48, 40, 16),
    "Balanced": evaluate.Placement(8, 16, 0),
    "Live": evaluate.Placement(2, 3, 0),
}


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
    """The middle of the first validation pieces."""
    paths = [path for path, _ in prepared(folder)][: plan["pieces"]]
    return [songs.load_piece(path).middle(plan["excerpt"]) for path in paths]


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
    blends = plan.get("blends", False) and not config.get("dedicated")
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


def mean_of(trials, timing, column, metric):
    """A score in the mean of the trials of a variant, or None."""
    found = [t["sdr"][timing][column][metric] for t in trials if column in t["sdr"][timing]]
    return float(np.mean(found)) if found else None


def against(trials, reference, timing):
    """How much better than `reference` with the same seed: mean and standard error, in dB.

    The difference of a seed is that of the uSDR in the mean of all columns.
    """
    known = {t["seed"]: t["sdr"].get(timing, {}) for t in reference}
    gains = []
    for t in trials:
        mine, other = t["sdr"][timing], known.get(t.get("seed"), {})
        shared = [c for c in mine if c in other]
        if shared:
            gains.append(np.mean([mine[c]["usdr"] - other[c]["usdr"] for c in shared]))
    if trials == reference or not gains:
        return ""
    error = f" ± {np.std(gains, ddof=1) / len(gains) ** 0.5:.2f}" if len(gains) > 1 else ""
    return f"{np.mean(gains):+.2f}{error}"


def size_of(trials):
    """Cells about the cost of a variant."""
    if "loss" not in trials[0]:
        return [""] * 5
    loss, seconds = (np.mean([t[k] for t in trials]) for k in ("loss", "seconds_a_step"))
    return [
        str(len(trials)), f"{loss:.4f}", f"{seconds:.2f}",
        f"{trials[0]['multiply_adds'] / 1e6:.0f}", f"{trials[0]['parameters'] / 1e6:.2f}",
    ]  # fmt: skip


def table(question, results):
    """Header and rows of a question; the first variant is what others are compared with."""
    shown = [v for v in [*question["variants"], "mix / 4", "ideal ratio mask"] if v in results]
    reference = results[shown[0]]
    columns = list(reference[0]["sdr"]["Studio"])
    rows = [["variant", "timing", *columns, "against the first",
             "seeds", "loss", "s a step", "M multiply-adds", "M parameters"]]  # fmt: skip
    for variant in shown:
        trials = results[variant]
        for timing in TIMINGS if question.get("timings") else ["Studio"]:
            if timing not in trials[0]["sdr"]:
                continue
            cells = []
            for column in columns:
                v4, usdr = (mean_of(trials, timing, column, m) for m in ("sdr_v4", "usdr"))
                cells.append("" if v4 is None else f"{v4:.2f} ({usdr:.2f})")
            gain = against(trials, reference, timing)
            rows.append([variant, timing, *cells, gain, *size_of(trials)])
    return rows


def write_tables(plan, folder):
    """Every question as TSV, and all of them as tables.md."""
    results = {}
    for path in sorted((folder / "results").glob("*.json")):
        about = json.loads(path.read_text())
        results.setdefault(about["variant"], []).append(about)
    text = [
        "# Tables",
        "",
        f"{plan['steps']} steps of {2 * plan['base']['data']['mixes']} windows.",
    ]
    for question in plan["question"]:
        used = (None, *seeds_of(plan, question))  # anchors have none
        asked = {v: [t for t in trials if t.get("seed") in used] for v, trials in results.items()}
        asked = {v: trials for v, trials in asked.items() if trials}
        if not any(v in asked for v in question["variants"]):
            continue
        rows = table(question, asked)
        with open(folder / f"{question['name']}.tsv", "w", newline="") as file:
            csv.writer(file, delimiter="\t", lineterminator="\n").writerows(rows)
        lines = ["| " + " | ".join(r) + " |" for r in rows]
        text += ["", f"## {question['title']}", "", lines[0], "|---" * len(rows[0]) + "|"]
        text += lines[1:]
    (folder / "tables.md").write_text("\n".join(text) + "\n")


def result_path(folder, variant, seed=None):
    """Where the result of a trial, or of an anchor, lies."""
    name = variant.replace(" / ", "-").replace(" ", "-")
    return folder / "results" / (f"{name}.json" if seed is None else f"{name}.{seed}.json")


def seeds_of(plan, question):
    """The seeds of a question's trials."""
    return question.get("seeds", plan["seeds"])


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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=pathlib.Path, help="TOML file (experiments/experiments.toml)")
    parser.add_argument("data", type=pathlib.Path, help="folder that prepare.py wrote")
    parser.add_argument("folder", type=pathlib.Path, help="folder for results and tables")
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="run these variants alone")
    parser.add_argument("--steps", type=int, help="steps of a variant, in the place of the plan's")
    args = parser.parse_args()
    plan = tomllib.loads(args.plan.read_text())
    plan["steps"] = args.steps or plan["steps"]
    timed = {v for q in plan["question"] if q.get("timings") for v in q["variants"]}
    plan["timings"] = lambda name: name in timed
    pieces = excerpts(args.data / "valid", plan)
    for name, seed in trials(plan, args.only):
        if result_path(args.folder, name, seed).exists():
            continue
        config = {**changed(plan["base"], plan["variant"][name]), "seed": seed}
        result = run_trial(name, config, plan, args.data, pieces)
        write_result(args.folder, result)
        line = ", ".join(f"{k} {v['sdr_v4']:.2f}" for k, v in result["sdr"]["Studio"].items())
        cost = f"{result['seconds_a_step']} s a step"
        print(f"{name}, seed {seed}: loss {result['loss']}, {cost}; {line}", flush=True)
    if not result_path(args.folder, "mix / 4").exists():
        stft = describe(**plan["base"]["network"])["stft"]
        for row in anchor_rows(pieces, stft).values():
            write_result(args.folder, row)
    write_tables(plan, args.folder)


if __name__ == "__main__":
    main()
