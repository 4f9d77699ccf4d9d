# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Train a network; run it again with the same arguments to resume from the last checkpoint."""

import argparse
import csv
import math
import os
import pathlib
import time
import tomllib

import matplotlib
import numpy as np
import torch
from torch.utils.data import DataLoader

import evaluate
import stft as transform
from data import Batches
from model import UNet, describe

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

FIELDS = ("minutes", "step", "rate", "loss", "vocals", "drums", "bass", "other")


class Run:
    """Everything that a checkpoint holds: network, its moving average, optimiser and counters."""

    def __init__(self, config, folder):
        self.config, self.folder = config, folder
        torch.manual_seed(config["seed"])
        self.description = describe(**config["network"])
        self.network = UNet(self.description).to(memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(),
            config["train"]["learning_rate"],
            weight_decay=config["train"]["weight_decay"],
            fused=True,
        )
        self.step, self.seconds = 0, 0.0
        path = folder / "checkpoint.pt"
        if path.exists():
            self.load(torch.load(path, weights_only=True))

    def load(self, state):
        """Take over a checkpoint."""
        if state["network"] != self.description:
            raise ValueError(f"{self.folder}: the checkpoint is of another network")
        self.network.load_state_dict(state["weights"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average, self.step, self.seconds = state["ema"], state["step"], state["seconds"]

    def save(self):
        """Write the checkpoint aside, then rename."""
        aside = self.folder / "checkpoint.part"
        torch.save(
            {
                "network": self.description,
                "weights": self.network.state_dict(),
                "ema": self.average,
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
            },
            aside,
        )
        os.replace(aside, self.folder / "checkpoint.pt")

    def rate(self):
        """Learning rate: warm-up by steps, then cosine over the budget of time."""
        train = self.config["train"]
        fraction = min(1.0, self.seconds / 60 / train["minutes"])
        warm = min(1.0, (self.step + 1) / train["warmup_steps"])
        return train["learning_rate"] * warm * 0.5 * (1 + math.cos(math.pi * fraction))

    def follow(self):
        """Move the average towards the weights and the normalisation statistics."""
        decay = min(self.config["train"]["ema"], (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - decay)
                else:
                    self.average[name].copy_(value)

    def averaged(self):
        """A network with the averaged weights, for evaluation."""
        network = UNet(self.description).to(memory_format=torch.channels_last)
        network.load_state_dict(self.average)
        return network.eval()


def loss_of(mask, mixture, cross, weight):
    """Mean square distance from the ideal mask, weighted by power and, in part, by magnitude.

    `mixture` is the magnitude |x| and `cross` is Re(x* s): the mask nearest to s
    is cross / |x|^2, and weighted by |x|^2 its square error is what SDR measures. The part that
    is weighted by |x| looks after quieter bins. Both are relative to the level of the mix. Square
    errors, because with absolute ones the best guess for a source that is silent in most bins is
    silence everywhere, and training ends there.
    """
    power = mixture.square()
    error = (mask - (cross / (power + 1e-8)).clamp(0, 1)).square()
    axes = (1, 2, 3)
    loud = (power * error).sum(axes) / (power.sum(axes) + 1e-6)
    quiet = (mixture * error).sum(axes) / (mixture.sum(axes) + 1e-3)
    return (loud + weight * quiet).mean()


fused_loss = torch.compile(loss_of)


def train_step(run, audio, conditions):
    """One step on audio [mixes][sources][2][samples]; returns the loss."""
    stft = run.description["stft"]
    with torch.no_grad():
        mixture = transform.seen(transform.forward(audio.sum(1), stft, center=False), stft)
        mixes = torch.arange(len(audio))[:, None].expand_as(conditions)
        wanted = audio[mixes.flatten(), conditions.flatten()]
        target = transform.seen(transform.forward(wanted, stft, center=False), stft)
        mixture, target = torch.view_as_real(mixture), torch.view_as_real(target)
        mixture = mixture.repeat_interleave(conditions.shape[1], 0)
        cross = (mixture * target).sum(-1)
        mixture = mixture.square().sum(-1).sqrt()
        onehot = torch.eye(audio.shape[1])[conditions.flatten()]
    with torch.autocast("cpu", torch.bfloat16):
        mask = run.network(mixture.contiguous(memory_format=torch.channels_last), onehot)
    loss = fused_loss(mask.float(), mixture, cross, run.config["train"]["quiet"])
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    for group in run.optimiser.param_groups:
        group["lr"] = run.rate()
    run.optimiser.step()
    run.step += 1
    run.follow()
    return loss.item()


def validate(run, folder, seconds=60):
    """SDR of the sources that the first validation piece has, on an excerpt of it."""
    piece = evaluate.load_piece(sorted(folder.glob("[!.]*/piece.json"))[0].parent)
    start = max(0, (piece.length - seconds * 44100) // 2)
    piece = piece.excerpt(start, seconds * 44100)
    frames = run.description["stft"]["frames"]
    place = evaluate.Placement(frames // 2, frames // 4, 0)
    with torch.autocast("cpu", torch.bfloat16):
        scores = evaluate.score(piece, evaluate.network_estimates(run.averaged(), piece, place))
    return {name: values["sdr_v4"] for name, values in scores.items()}


def draw_curve(folder):
    """The log as a figure."""
    with open(folder / "log.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    minutes = [float(r["minutes"]) for r in rows]
    left.plot(minutes, [float(r["loss"]) for r in rows])
    left.set(xlabel="training time (min)", ylabel="training loss", yscale="log")
    for name in FIELDS[4:]:
        points = [(m, float(r[name])) for m, r in zip(minutes, rows, strict=True) if r[name]]
        if points:
            right.plot(*zip(*points, strict=True), marker=".", label=name)
    right.set(xlabel="training time (min)", ylabel="SDR on a validation excerpt (dB)")
    if right.lines:
        right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(folder / "curve.png", dpi=80)
    pyplot.close(figure)


def write_row(folder, run, loss, scores):
    """Append a line to the log and redraw the curve."""
    path = folder / "log.tsv"
    fresh = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, delimiter="\t")
        if fresh:
            writer.writeheader()
        writer.writerow({
            "minutes": f"{run.seconds / 60:.2f}", "step": run.step, "rate": f"{run.rate():.2e}",
            "loss": f"{loss:.4f}", **{k: f"{v:.2f}" for k, v in scores.items() if v == v},
        })  # fmt: skip
    draw_curve(folder)


def batches(run, data):
    """Training batches; the data set is read anew every `rescan_steps` steps."""
    options = run.config["data"]
    while True:
        source = Batches(
            data / "train", run.description["stft"], options, run.config["seed"] * 10**6 + run.step
        )
        loader = DataLoader(source, None, num_workers=options["workers"])
        for n, batch in enumerate(loader):
            if n == run.config["train"]["rescan_steps"]:
                break
            yield batch


def train(run, data, last_step=None):
    """Steps until the budget of time (or `last_step`) is spent."""
    settings = run.config["train"]
    torch.set_num_threads(settings["threads"])
    losses, clock = [], time.monotonic()
    saved = logged = validated = run.seconds
    for audio, conditions in batches(run, data):
        losses.append(train_step(run, audio, conditions))
        now = time.monotonic()
        run.seconds, clock = run.seconds + now - clock, now
        done = run.seconds >= settings["minutes"] * 60 or run.step == last_step
        check = done or run.seconds - validated > settings["validate_minutes"] * 60
        if check or run.seconds - logged > 60:
            scores = validate(run, data / "valid") if check else {}
            write_row(run.folder, run, float(np.mean(losses)), scores)
            print(f"{run.seconds / 60:.1f} min, step {run.step}, loss {np.mean(losses):.4f}",
                  scores or "", flush=True)  # fmt: skip
            losses, logged = [], run.seconds
            validated = run.seconds if check else validated
        if done or run.seconds - saved > settings["checkpoint_minutes"] * 60:
            run.save()
            saved = run.seconds
        if done:
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="TOML file of the run (see config.toml)")
    parser.add_argument("data", type=pathlib.Path, help="folder that prepare.py wrote")
    parser.add_argument("run", type=pathlib.Path, help="folder for checkpoint, log and curve")
    args = parser.parse_args()
    with open(args.config, "rb") as file:
        config = tomllib.load(file)
    args.run.mkdir(parents=True, exist_ok=True)
    train(Run(config, args.run), args.data)


if __name__ == "__main__":
    main()
