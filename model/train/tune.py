# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Learn FiLM on a frozen generic network (films.py); run it again to resume.

The rate is constant after its warm-up and falls in a straight line over the last `fall_minutes` of
the budget, so a run can be given more time, or other values, when it is resumed.
"""

import argparse
import copy
import math
import os
import pathlib
import time
import tomllib

import numpy as np
import torch

import evaluate
import losses
import songs
import stft as transform
from data import Mixer
from export_films import read_start
from films import Films, units
from generic import load_generic, stft_description
from log import write_row
from model import SOURCES
from pieces import prepared
from tf_checkpoint import read_checkpoint

LAST = torch.channels_last


class Conditioned(torch.nn.Module):
    """A generic network and its films."""

    def __init__(self, generic, films):
        super().__init__()
        self.generic, self.films = generic, films

    def forward(self, magnitude, amounts):
        """Masks [mixes * rows] of magnitudes [mixes] and amounts [mixes][rows][sources]."""
        rows = amounts.shape[1]
        raw = self.generic.first(magnitude.contiguous(memory_format=LAST))
        raw = raw.repeat_interleave(rows, 0) if rows > 1 else raw
        return torch.sigmoid(self.generic.logits(raw, self.films(amounts.flatten(0, 1))).float())


def at_level(magnitude, level):
    """The gain [mixes] that brings magnitudes [mixes][2][frames][bins] to an RMS of `level`."""
    return level / (magnitude.square().mean((1, 2, 3)) + 1e-6).sqrt()


class Tuning:
    """Everything that a checkpoint holds.

    `classes` names the class of pieces that each source is, if its name does not.
    """

    def __init__(self, config, generic, folder, classes=None):
        self.config, self.folder = config, folder
        self.classes = classes or {source: source for source in config["sources"]}
        self.description = {"stft": stft_description()}
        self.rng = np.random.default_rng(config["seed"])
        generic = generic.to(memory_format=LAST)
        self.network = Conditioned(generic, Films(config["sources"]))
        generic.requires_grad_(config["train"]["base_rate"] > 0)
        self.step, self.seconds, self.best = 0, 0.0, -math.inf
        self.fresh = True
        self.begin()
        path = folder / "checkpoint.pt"
        if path.exists():
            self.load(torch.load(path, weights_only=True))
        elif "start" in config:
            self.start(read_start(config["start"]))

    def start(self, average):
        """Begin with what another run has learnt; units are measured anew."""
        self.network.load_state_dict(average, strict=False)
        self.begin()

    def learnt(self):
        """The part of the network that is learnt: its films, or all of it."""
        return self.network if self.config["train"]["base_rate"] else self.network.films

    def begin(self):
        """Averages and optimiser for what is learnt."""
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        groups = [{"params": list(self.network.films.parameters()), "share": 1.0}]
        train = self.config["train"]
        if train["base_rate"]:
            share = train["base_rate"] / train["learning_rate"]
            groups.append({"params": list(self.network.generic.parameters()), "share": share})
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
            "seconds": self.seconds, "best": self.best,
        })  # fmt: skip

    def kept(self, state):
        """Of a state dict of the network, what is learnt."""
        frozen = not self.config["train"]["base_rate"]
        return {k: v for k, v in state.items() if not (frozen and k.startswith("generic."))}

    def write(self, name, more):
        """Write the averaged values of what is learnt and `more` aside, then rename."""
        aside = self.folder / f"{name}.part"
        about = {"sources": self.config["sources"], "generic": self.config["generic"]}
        average = self.kept(self.average)
        torch.save({**about, "average": average, "step": self.step, **more}, aside)
        os.replace(aside, self.folder / name)

    def keep_best(self, scores):
        mean = float(np.nanmean(list(scores.values())))
        if mean > self.best:
            self.best = mean
            self.write("best.pt", {"scores": scores})

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

    def averaged(self):
        """A network with the averaged values, for evaluation."""
        network = copy.deepcopy(self.network)
        network.load_state_dict(self.average)
        return network.eval()


def draw_amounts(rng, both, sources, rows, blend, whole):
    """What is asked of each mix, float32 [mixes][rows][sources].

    Single sources, as often each; with the chance `blend` a pair, with the chance `whole` all of
    them. Where `both` [mixes] is true, the mix has its bass in other, and those two are asked for
    together.
    """
    mixes = len(both)
    amounts = np.zeros((mixes, rows, len(sources)), np.float32)
    for n in range(mixes):
        order = rng.permutation(len(sources))[:rows]
        for r, chosen in enumerate(order):
            amounts[n, r, chosen] = 1
            chance = rng.random()
            if chance < blend:
                amounts[n, r] = 1 - amounts[n, r]
            elif chance > 1 - whole:
                amounts[n, r] = 1
            joined = [sources.index(name) for name in ("bass", "other")] if both[n] else []
            if joined and amounts[n, r, joined].sum() == 1:
                amounts[n, r] = 0
                amounts[n, r, joined] = 1
    return torch.from_numpy(amounts)


class TunedMixer(Mixer):
    """Mixes, and which of them hold a bass in `other`."""

    def batch(self, rng, mixes):
        self.drawn = []
        audio, _ = super().batch(rng, mixes)
        pieces = [place.get("other", ((None,),))[0][0] for place in self.drawn]
        return audio, [piece in self.pieces.joined for piece in pieces]

    def kind(self, rng):
        draw, spread = super().kind(rng)

        def noted(rng):
            self.drawn.append(draw(rng))
            return self.drawn[-1]

        return noted, spread


def images(run, audio, amounts):
    """Spectra of mixes [mixes][2][frames][bins] and of what is wanted [mixes * rows]."""
    stft = run.description["stft"]
    places = [SOURCES.index(run.classes[source]) for source in run.config["sources"]]
    wanted = torch.einsum("mrs,msct->mrct", amounts, audio[:, places]).flatten(0, 1)
    mixture = transform.seen(transform.forward(audio.sum(1), stft, center=False), stft)
    target = transform.seen(transform.forward(wanted, stft, center=False), stft)
    gain = at_level(mixture.abs(), run.config["data"]["level"])
    chance = torch.from_numpy(run.rng.normal(0, run.config["data"]["level_spread"], len(audio)))
    scale = (gain * 10 ** (chance.clamp(-12, 12).float() / 20))[:, None, None, None]
    return mixture * scale, target * scale.repeat_interleave(amounts.shape[1], 0)


def train_step(run, audio, amounts):
    """One step on audio [mixes][sources][2][samples]; returns the loss."""
    with torch.no_grad():
        mixture, target = images(run, audio, amounts)
        magnitude = mixture.abs()
        rows = amounts.shape[1]
        again = mixture.repeat_interleave(rows, 0)
        cross = again.real * target.real + again.imag * target.imag
    half = run.config["train"]["precision"] == "bf16"
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        mask = run.network(magnitude, amounts)
    settings = run.config["train"]
    function = losses.compiled("mask") if settings["compile"] else losses.mask_square
    loss = function(
        mask, magnitude.repeat_interleave(rows, 0), target, cross, 1.0, settings["quiet"]
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


@torch.no_grad()
def song_masks(network, magnitude, amounts, half, batch=8):
    """Masks [2][frames][bins] of a song's magnitudes: windows of 128 frames, their middle used."""
    count = magnitude.shape[1]
    blocks = -(-count // 64)
    padded = torch.nn.functional.pad(magnitude, (0, 0, 32, 64 * blocks - count + 32))
    windows = padded.unfold(1, 128, 64).permute(1, 0, 3, 2)
    parts = []
    for chunk in windows.split(batch):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            mask = network(chunk, amounts.expand(len(chunk), 1, -1))
        parts.append(mask[:, :, 32:96])
    return torch.cat(list(torch.cat(parts)), 1)[:, :count]


def separate(network, mix, wanted, level, half=True):
    """Estimates of `wanted`, {name: sources}, from float32 [2][samples]."""
    stft = stft_description()
    audio = torch.from_numpy(mix)
    mixture = transform.forward(audio, stft, center=True)
    magnitude = transform.seen(mixture.abs(), stft)
    magnitude = magnitude * at_level(magnitude[None], level)
    above = stft["window"] // 2 + 1 - stft["bins"]
    result = {}
    for name, sources in wanted.items():
        amounts = torch.tensor([float(s in sources) for s in network.films.sources])
        mask = song_masks(network, magnitude, amounts, half)
        mask = torch.cat([mask, mask[..., -1:].expand(*mask.shape[:-1], above)], -1)
        result[name] = transform.inverse(mask * mixture, stft, mix.shape[-1]).numpy()
    return result


def wanted_of(run, about):
    """{column: sources} of what validation asks of a piece."""
    wanted = {s: [s] for s in run.config["sources"] if run.classes[s] in about["minutes"]}
    if about.get("joined"):
        wanted["bass+other"] = ["bass", "other"]
    return wanted


def validate(run, folder):
    """SDR v4 of each source of each validation piece, median over the pieces of a source."""
    network, found = run.averaged(), {}
    for path, about in prepared(folder):
        piece = songs.load_piece(path).middle(run.config["train"]["validate_seconds"])
        wanted = wanted_of(run, about)
        estimates = separate(network, piece.mix(), wanted, run.config["data"]["level"])
        truth = {}
        for name, sources in wanted.items():
            there = [run.classes[s] for s in sources if run.classes[s] in piece.stems]
            truth[name] = sum(piece.stems[c] for c in there)
        for name, values in evaluate.score(songs.Piece(piece.name, truth), estimates).items():
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
            audio, both = mixer.batch(run.rng, options["mixes"])
            ways = (options[name] for name in ("rows", "blend", "whole"))
            yield audio, draw_amounts(run.rng, both, run.config["sources"], *ways)


def begin_units(run, audio, amounts):
    """Measure, on a first batch, what offsets are worth; those there are stay what they were."""
    mixture, _ = images(run, audio, amounts)
    unit, films = units(run.network.generic, mixture.abs()), run.network.films
    with torch.no_grad():
        films.table[:, 1] *= films.unit / unit
    films.unit = unit
    run.begin()
    run.fresh = False


def report(run, data, measured, recent, check):
    """A row of the log; with validation, if `check`."""
    scores = validate(run, data / "valid") if check else {}
    scores = {name: value for name, value in scores.items() if name in measured}
    if scores:
        run.keep_best(scores)
    loss = float(torch.stack(recent).mean())
    write_row(run, measured, loss, scores)
    rounded = {name: round(value, 2) for name, value in scores.items()}
    print(
        f"{run.seconds / 60:.1f} min, step {run.step}, loss {loss:.4f}", rounded or "", flush=True
    )


def train(run, data, last_step=None, minutes=math.inf):
    """Steps until the budget of time, `last_step` or `minutes` of this call are spent."""
    settings = run.config["train"]
    torch.set_num_threads(settings["threads"])
    recent, clock = [], time.monotonic()
    began = saved = logged = validated = run.seconds
    measured = columns(run, data / "valid")
    for audio, amounts in batches(run, data):
        if run.fresh:
            begin_units(run, audio, amounts)
        recent.append(train_step(run, audio, amounts))
        now = time.monotonic()
        run.seconds, clock = run.seconds + now - clock, now
        done = run.seconds >= settings["minutes"] * 60 or run.step == last_step
        done = done or run.seconds - began >= minutes * 60
        check = done or run.seconds - validated > settings["validate_minutes"] * 60
        if check or run.seconds - logged > 60:
            report(run, data, measured, recent, check)
            recent, logged = [], run.seconds
            validated = run.seconds if check else validated
            clock = time.monotonic()
        if done or run.seconds - saved > settings["checkpoint_minutes"] * 60:
            run.save()
            saved = run.seconds
        if done:
            return


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
    config = tomllib.loads(args.config.read_text())
    if "start" in config:
        config["start"] = args.config.parent / config["start"]
    generic = load_generic(read_checkpoint(args.weights), config["generic"])
    train(Tuning(config, generic, args.run), args.data, minutes=args.minutes)


if __name__ == "__main__":
    main()
