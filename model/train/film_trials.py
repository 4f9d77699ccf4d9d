# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Trials of experiment.py upon Spleeter's weights: variants of tune.py's runs.

What a variant may change, beside the values of a configuration of tune.py, is in its table `film`:
the `generator` of the values and the `places` that have any, and what of the generic network is
learnt at `base_rate`: "weights", "low-rank" (adapters of `rank` in its deepest layers) or "own"
(a network for each source). With `teacher`, all sources at once are Spleeter's own accompaniment.
"""

import copy
import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

import tune
from films import Conditioned, Films
from generic import PAIRS, PLACES
from tables import TIMINGS

DEEP = ("encoder.4", "encoder.5", "decoder.0", "decoder.1")  # nine tenths of all weights


class Sum(Films):
    """Linear in the amounts: values of its own for each source alone."""

    def __init__(self, sources):
        super().__init__(sources)
        self.corners = torch.eye(len(sources))
        self.table = nn.Parameter(torch.zeros(len(sources), 2, PAIRS))

    def hidden(self, amounts):
        return amounts


class Hidden(Films):
    """A hidden layer that is learnt, of 16 units, in the place of one that knows the corners."""

    def __init__(self, sources):
        super().__init__(sources)
        self.inner = nn.Linear(len(sources), 16)
        self.table = nn.Parameter(torch.zeros(16, 2, PAIRS))

    def hidden(self, amounts):
        return torch.relu(self.inner(amounts))


GENERATORS = {"sum": Sum, "hidden": Hidden}


class LowRank(nn.Module):
    """What is added to a convolution's weights [a][b][5][5]: a product of rank `rank`."""

    def __init__(self, weight, rank):
        super().__init__()
        self.left = nn.Parameter(torch.zeros(weight.shape[0], rank))
        self.right = nn.Parameter(torch.randn(rank, weight[0].numel()) / weight[0].numel() ** 0.5)

    def forward(self, weight):
        return weight + (self.left @ self.right).reshape(weight.shape)


class Own(Conditioned):
    """A generic network for each source; several sources are the sum of theirs."""

    def __init__(self, generic, films):
        super().__init__(generic, films)
        self.others = nn.ModuleList(copy.deepcopy(generic) for _ in films.sources[1:])

    def forward(self, magnitude, amounts):
        rows = amounts.reshape(len(magnitude), -1, amounts.shape[-1])
        flat, count = rows.flatten(0, 1), rows.shape[1]
        magnitude = magnitude.repeat_interleave(count, 0)
        alone, total = torch.eye(flat.shape[1]), torch.zeros_like(magnitude)
        for n, generic in enumerate([self.generic, *self.others]):
            used = flat[:, n] > 0
            if used.any():
                films = self.films(alone[n].expand(int(used.sum()), -1))
                mask = torch.sigmoid(generic.logits(generic.first(magnitude[used]), films))
                total = total.index_add(
                    0, used.nonzero()[:, 0], flat[used, n, None, None, None] * mask
                )
        return total


def kept_pairs(places):
    """float32 [PAIRS]: 1 for the pairs of `places`, of generic.PLACES."""
    parts = [torch.full((sum(w),), float(place in places)) for place, w in PLACES.items()]
    return torch.cat(parts)


class Trial(tune.Tuning):
    """A run whose learning rate falls over its steps, of a variant."""

    def __init__(self, config, networks, steps):
        """`networks`: Spleeter's two, vocals and accompaniment."""
        torch.manual_seed(config["seed"])
        self.steps, self.film = steps, config["film"]
        self.teachers = networks if self.film["teacher"] else None
        generic = copy.deepcopy(networks[config["generic"]])
        super().__init__(config, generic, pathlib.Path("/nonexistent"))
        self.vary()
        self.begin()

    def vary(self):
        """Make the network that of the variant."""
        generic, films, kind = self.network.generic, self.network.films, self.film["generator"]
        films = films if kind == "table" else GENERATORS[kind](films.sources)
        self.network = (Own if self.film["learnt"] == "own" else Conditioned)(generic, films)
        kept = kept_pairs(self.film["places"])
        films.table.register_hook(lambda gradient: kept * gradient)
        if self.film["learnt"] == "low-rank":
            generic.requires_grad_(False)
            for layer in map(generic.get_submodule, DEEP):
                adapter = LowRank(layer.weight, self.film["rank"])
                parametrize.register_parametrization(layer, "weight", adapter)
                layer.parametrizations.weight.original.requires_grad_(False)

    def rate(self):
        train = self.config["train"]
        warm = min(1.0, (self.step + 1) / train["warmup_steps"])
        fall = 0.5 * (1 + math.cos(math.pi * self.step / self.steps))
        return train["learning_rate"] * warm * fall


def asked_of(run, about, blends):
    """{column: {source: amount}} of what is asked of a piece."""
    asked = tune.wanted_of(run, about)
    if about.get("joined"):
        del asked["other"]
    if "vocals" in about["minutes"]:
        asked["without vocals"] = dict.fromkeys(run.config["sources"], 1.0)
    if blends and not about.get("joined"):
        asked["drums + bass"] = {"drums": 1.0, "bass": 1.0}
        asked["half of drums"] = {"drums": 0.5}
        asked["bass + half of other"] = {"bass": 1.0, "other": 0.5}
    return asked


def measure(run, pieces, blends):
    """({column: {metric: mean over the pieces}}, {piece: {column: {metric: dB}}})."""
    network, every, found = run.averaged(), {}, {}
    for piece, about in pieces:
        asked = asked_of(run, about, blends)
        scores = tune.score(run, network, piece, asked, TIMINGS["Studio"])
        every[piece.name] = {column: round(values["usdr"], 3) for column, values in scores.items()}
        for column, values in scores.items():
            found.setdefault(column, []).append(values)
    means = {
        column: {m: float(np.nanmean([v[m] for v in values])) for m in ("sdr_v4", "usdr")}
        for column, values in found.items()
    }
    return means, every


def run_trial(name, config, plan, data, pieces, networks):
    """Train and measure a variant with a seed; its result as a table."""
    torch.set_num_threads(config["train"]["threads"])
    run = Trial(config, networks, plan["steps"])
    losses, seconds = [], 0.0
    for audio, amounts in tune.batches(run, data):
        if run.step == plan["steps"]:
            break
        clock = time.process_time()
        losses.append(float(tune.train_step(run, audio, amounts)))
        seconds += time.process_time() - clock
    means, every = measure(run, pieces, plan["blends"](name))
    learnt = sum(p.numel() for p in run.network.parameters() if p.requires_grad)
    return {
        "variant": name, "seed": config["seed"], "steps": plan["steps"],
        "seconds_a_step": round(seconds / max(1, plan["steps"]), 3),
        "loss": round(float(np.mean(losses[-plan["steps"] // 5 :])), 4) if losses else 0.0,
        "curve": [round(float(np.mean(p)), 4) for p in np.array_split(losses, 10) if len(p)],
        "parameters": learnt, "sdr": {"Studio": means}, "pieces": every,
    }  # fmt: skip
