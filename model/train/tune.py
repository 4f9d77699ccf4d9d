# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Learn FiLM on a frozen generic network (films.py); run it again to resume.

The rate is constant after its warm-up and falls in a straight line over the last `fall_minutes` of
the budget, so a run can be given more time, or other values, when it is resumed.
"""

import argparse
import copy
import math
import pathlib

import numpy as np
import torch

import evaluate
import losses
import songs
from asked import TunedMixer, draw_amounts, images, in_parts, summed
from export_films import read_start
from films import Conditioned, Films, units
from generic import accompaniment, load_networks, stft_description
from loop import Resumable, run_steps
from pieces import prepared
from train import read_config

PLACE = evaluate.Placement(64, 32, 0)  # of windows in validation


class Tuning(Resumable):
    """Everything that a checkpoint holds.

    `classes` names the class of pieces that each source is, if its name does not. `teachers`, if
    there are any, are Spleeter's networks for vocals and accompaniment: where all sources are asked
    for, their accompaniment is learnt.
    """

    teachers = None

    def __init__(self, config, generic, folder, classes=None):
        self.config, self.folder = config, folder
        self.classes = classes or {source: source for source in config["sources"]}
        self.description = {"stft": stft_description(config["data"].get("frames", 128))}
        self.rng = np.random.default_rng(config["seed"])
        generic = generic.to(memory_format=self.layout())
        self.network = Conditioned(generic, Films(config["sources"]))
        generic.requires_grad_(config["train"]["base_rate"] > 0)
        self.begin_counting()
        self.fresh = True
        self.begin()
        path = folder / "checkpoint.pt"
        if path.exists():
            self.load(torch.load(path, weights_only=True))
        elif "start" in config:
            self.start(read_start(config["start"]))

    def layout(self):
        """What convolutions are fastest with."""
        half = self.config["train"]["precision"] == "bf16"
        return torch.channels_last if half else torch.contiguous_format

    def start(self, average):
        """Begin with what another run has learnt; units are measured anew."""
        self.network.load_state_dict(average, strict=False)
        self.begin()

    def begin(self):
        """Averages and optimiser for what is learnt."""
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        learnt = [(n, p) for n, p in self.network.named_parameters() if p.requires_grad]
        films = [p for n, p in learnt if n.startswith("films.")]
        rest = [p for n, p in learnt if not n.startswith("films.")]
        groups, train = [{"params": films, "share": 1.0}], self.config["train"]
        if rest:
            groups.append({"params": rest, "share": train["base_rate"] / train["learning_rate"]})
        self.optimiser = torch.optim.Adam(groups, train["learning_rate"])

    def load(self, state):
        """Go on; a checkpoint without what is learnt now gives what it has."""
        self.network.load_state_dict(state["learnt"], strict=False)
        self.average.update(state["average"])
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]
        if len(state["optimiser"]["param_groups"]) == len(self.optimiser.param_groups):
            self.optimiser.load_state_dict(state["optimiser"])
        self.fresh = False
        self.rng = np.random.default_rng((self.config["seed"], self.step))

    def save(self):
        self.write("checkpoint.pt", {
            "learnt": self.kept(self.network.state_dict()),
            "optimiser": self.optimiser.state_dict(),
            **self.counters(),
        })  # fmt: skip

    def kept(self, state):
        """Of a state dict of the network, what is learnt."""
        frozen = not self.config["train"]["base_rate"]
        return {k: v for k, v in state.items() if not (frozen and k.startswith("generic."))}

    def about(self):
        """What every file of the run holds: of the averaged values those that are learnt."""
        about = {name: self.config[name] for name in ("sources", "generic")}
        return {**about, "average": self.kept(self.average)}

    def rate(self):
        train = self.config["train"]
        left = train["minutes"] - self.seconds / 60
        fall = min(1.0, max(0.0, left / train["fall_minutes"]))
        return train["learning_rate"] * fall * min(1.0, (self.step + 1) / train["warmup_steps"])

    def follow(self):
        """Move the average towards what is learnt."""
        decay = min(self.config["train"]["ema"], (1 + self.step) / (10 + self.step))
        now = self.kept(self.network.state_dict())
        with torch.no_grad():
            torch._foreach_lerp_([self.average[n] for n in now], list(now.values()), 1 - decay)

    def wanted(self, mixture, target, amounts):
        """What a step is to give: what is true, or what the teachers say."""
        rows = (amounts == 1).all(2).flatten()
        if not self.teachers or not rows.any():
            return target
        again = mixture.repeat_interleave(amounts.shape[1], 0)[rows]
        target = target.clone()
        target[rows] = accompaniment(self.teachers, again.abs()) * again
        return target

    def averaged(self):
        """A network with the averaged values, for evaluation."""
        network = copy.deepcopy(self.network)
        network.load_state_dict(self.average)
        return network.eval()


def train_step(run, audio, amounts):
    """One step on audio [mixes][sources][2][samples]; returns the loss.

    With `sum` in the settings, what is asked for of a mix whose sum alone is known is one source a
    row, and the loss is that of their sum, times `sum`.
    """
    settings = run.config["train"]
    share = settings.get("sum", 0.0)
    if run.fresh:
        begin_units(run, audio, amounts)
    with torch.no_grad():
        mixture, target = images(run, audio, amounts)
        target = run.wanted(mixture, target, amounts)
        magnitude = mixture.abs().contiguous(memory_format=run.layout())
        rows = amounts.shape[1]
        again = mixture.repeat_interleave(rows, 0)
        cross = again.real * target.real + again.imag * target.imag
    asked, whole = in_parts(amounts) if share else (amounts, None)
    half = settings["precision"] == "bf16"
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        mask = run.network(magnitude, asked)
    mask, weight = summed(mask, whole, share) if share else (mask, 1.0)
    function = losses.compiled("mask") if settings["compile"] else losses.mask_square
    loss = function(
        mask, magnitude.repeat_interleave(rows, 0), target, cross, weight, settings["quiet"]
    )
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    for group in run.optimiser.param_groups:
        torch.nn.utils.clip_grad_norm_(group["params"], 1.0)
        group["lr"] = group["share"] * run.rate()
    run.optimiser.step()
    run.step += 1
    run.follow()
    return loss.detach()


def wanted_of(run, about):
    """{column: {source: amount}} of what validation asks of a piece."""
    wanted = {s: {s: 1.0} for s in run.config["sources"] if run.classes[s] in about["minutes"]}
    if about.get("joined"):
        wanted["bass+other"] = {"bass": 1.0, "other": 1.0}
    return wanted


def score(run, network, piece, wanted, place=PLACE):
    """Scores of what is `wanted` of a piece, at the level that the engine's follower gives it."""
    half = run.config["train"]["precision"] == "bf16"
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        estimates = evaluate.separate(network, piece.mix(), wanted, place)
    truth = {}
    for name, amounts in wanted.items():
        there = {run.classes[s]: amount for s, amount in amounts.items()}
        truth[name] = sum(there[c] * x for c, x in piece.stems.items() if there.get(c))
    return evaluate.score(songs.Piece(piece.name, truth), estimates)


def validate(run, folder):
    """SDR v4 of each source of each validation piece, median over the pieces of a source."""
    network, found = run.averaged(), {}
    for path, about in prepared(folder):
        piece = songs.load_piece(path).middle(run.config["train"]["validate_seconds"])
        for name, values in score(run, network, piece, wanted_of(run, about)).items():
            found.setdefault(f"{about['source']} {name}", []).append(values["sdr_v4"])
    return {column: float(np.nanmedian(values)) for column, values in found.items()}


def columns(run, folder):
    """What validation measures."""
    found = {}
    for _, about in prepared(folder):
        found.update(dict.fromkeys(f"{about['source']} {name}" for name in wanted_of(run, about)))
    return list(found)


def batches(run, data):
    """Training batches; the data set is read anew every `rescan_steps` steps."""
    options = run.config["data"]
    length = (run.description["stft"]["frames"] - 1) * run.description["stft"]["hop"]
    length += run.description["stft"]["window"]
    while True:
        mixer = TunedMixer(data / "train", length, options)
        for _ in range(run.config["train"]["rescan_steps"]):
            audio, held = mixer.batch(run.rng, options["mixes"])
            yield audio, draw_amounts(run.rng, held, run.config["sources"], options)


def begin_units(run, audio, amounts):
    """Measure, on a first batch, what offsets are worth; those there are stay what they were."""
    mixture, _ = images(run, audio, amounts)
    unit, films = units(run.network.generic, mixture.abs()), run.network.films
    with torch.no_grad():
        films.table[:, 1] *= films.unit / unit
    films.unit = unit
    run.begin()
    run.fresh = False


def train(run, data, last_step=None, minutes=math.inf):
    """Steps until the budget of time, `last_step` or `minutes` of this call are spent."""
    valid = data / "valid"
    run_steps(run, batches(run, data), train_step, lambda: validate(run, valid),
              columns(run, valid), last_step, minutes)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=pathlib.Path, help="TOML file of the run")
    parser.add_argument("weights", help="prefix of Spleeter's checkpoint: FOLDER/2stems/model")
    parser.add_argument("data", type=pathlib.Path, help="folder that prepare.py wrote")
    parser.add_argument("run", type=pathlib.Path, help="folder for checkpoint, log and curve")
    parser.add_argument("--minutes", type=float, default=math.inf,
                        help="stop after this time, to be resumed")  # fmt: skip
    args = parser.parse_args()
    args.run.mkdir(parents=True, exist_ok=True)
    config = read_config(args.config)
    networks = load_networks(args.weights)
    run = Tuning(config, copy.deepcopy(networks[config["generic"]]), args.run)
    if config["train"].get("teacher"):
        run.teachers = networks
    train(run, args.data, minutes=args.minutes)


if __name__ == "__main__":
    main()
