# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Train a network; run it again with the same arguments to resume from the last checkpoint."""

import argparse
import math
import pathlib
import tomllib

import numpy as np
import torch
from torch.utils.data import DataLoader

import evaluate
import losses
import songs
import stft as transform
from data import Batches
from loop import Resumable, run_steps
from model import SOURCES, UNet, describe
from pieces import prepared
from weights import load_weights


class Run(Resumable):
    """Everything that a checkpoint holds: network, its moving average, optimiser and counters."""

    def __init__(self, config, folder, device="cpu"):
        """Begin, with the weights of the file config["start"] if there is one, or go on."""
        self.config, self.folder, self.device = config, folder, device
        torch.manual_seed(config["seed"])
        self.description = describe(**config["network"])
        self.network = self.build()
        if "start" in config:
            self.network.load_state_dict(starting_state(config["start"], self.description))
        self.chance = torch.Generator().manual_seed(config["seed"])
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(),
            config["train"]["learning_rate"],
            weight_decay=config["train"]["weight_decay"],
            fused=True,
        )
        self.begin_counting()
        path = folder / "checkpoint.pt"
        if path.exists():
            self.load(torch.load(path, map_location=device, weights_only=True))

    def layout(self):
        """What convolutions are fastest with: channels first in single precision on a CPU."""
        first = self.device == "cpu" and self.config["train"]["precision"] == "f32"
        return torch.contiguous_format if first else torch.channels_last

    def build(self):
        """The network of the configuration."""
        return UNet(self.description).to(self.device, memory_format=self.layout())

    def load(self, state):
        """Take over a checkpoint."""
        if state["network"] != self.description:
            raise ValueError(f"{self.folder}: the checkpoint is of another network")
        self.network.load_state_dict(state["weights"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average, self.step, self.seconds = state["ema"], state["step"], state["seconds"]
        self.best = state["best"]

    def save(self):
        """Write what the run goes on from."""
        self.write("checkpoint.pt", {
            "weights": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            **self.counters(),
        })  # fmt: skip

    def about(self):
        """What every file of the run holds."""
        return {"network": self.description, "ema": self.average}

    def rate(self):
        """Learning rate: warm-up by steps, then cosine over the budget of time."""
        train = self.config["train"]
        fraction = min(1.0, self.seconds / 60 / train["minutes"])
        warm = min(1.0, (self.step + 1) / train["warmup_steps"])
        return train["learning_rate"] * warm * 0.5 * (1 + math.cos(math.pi * fraction))

    def follow(self):
        """Move the average towards the weights and the normalisation statistics."""
        decay = min(self.config["train"]["ema"], (1 + self.step) / (10 + self.step))
        floating, now = [], []
        for name, value in self.network.state_dict().items():
            if value.dtype.is_floating_point:
                floating.append(self.average[name])
                now.append(value)
            else:
                self.average[name].copy_(value)
        with torch.no_grad():
            torch._foreach_lerp_(floating, now, 1 - decay)

    def averaged(self):
        """A network with the averaged weights, for evaluation."""
        network = self.build()
        network.load_state_dict(self.average)
        return network.eval()


def starting_state(path, description):
    """State dict of a weights file for a network that is the same but for its band map."""
    known, _ = load_weights(path)
    same = [{k: v for k, v in d.items() if k != "bands"} for d in (known.description, description)]
    if same[0] != same[1]:
        raise ValueError(f"{path}: its network is not the one of the configuration")
    return known.state_dict()


def compute(run, mixture, conditions):
    """The masks, in the precision of the configuration."""
    half = run.config["train"]["precision"] == "bf16"
    with torch.autocast(run.device, torch.bfloat16, enabled=half):
        image = mixture.contiguous(memory_format=run.layout())
        return run.network(image, conditions).float()


def spectra(run, audio, conditions):
    """Complex spectra of the mix and of what is wanted of it, and the condition, of each row."""
    stft = run.description["stft"]
    mixture = transform.seen(transform.forward(audio.sum(1), stft, center=False), stft)
    wanted = (conditions @ audio.flatten(2)).unflatten(2, audio.shape[2:]).flatten(0, 1)
    target = transform.seen(transform.forward(wanted, stft, center=False), stft)
    return mixture.repeat_interleave(conditions.shape[1], 0), target, conditions.flatten(0, 1)


def loss_of(run, mixture, target, conditions):
    """The loss that the configuration names."""
    settings = run.config["train"]
    if settings["loss"] == "time":
        mask = compute(run, mixture.abs(), conditions)
        return losses.in_time(mask, mixture, target, run.description)
    frames = run.description["stft"]["frames"]
    weight = losses.frame_weight(settings["look_ahead"], len(conditions), frames, run.chance)
    if torch.is_tensor(weight):
        weight = weight.to(run.device)
    cross = mixture.real * target.real + mixture.imag * target.imag
    magnitude = mixture.abs()
    mask = compute(run, magnitude, conditions)
    kind = settings["loss"]
    function = losses.compiled(kind) if settings["compile"] else losses.MAGNITUDE[kind]
    return function(mask, magnitude, target, cross, weight, settings["quiet"])


def train_step(run, audio, conditions):
    """One step on audio [mixes][sources][2][samples]; returns the loss on the device."""
    with torch.no_grad():
        images = spectra(run, audio.to(run.device), conditions.to(run.device))
    loss = loss_of(run, *images)
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    for group in run.optimiser.param_groups:
        group["lr"] = run.rate()
    run.optimiser.step()
    run.step += 1
    run.follow()
    return loss.detach()


def columns(folder):
    """What validation measures: "SOURCE CLASS" and "SOURCE without CLASS", as the pieces come."""
    found = {}
    for _, about in prepared(folder):
        names = [name for name in SOURCES if name in about["minutes"]]
        blends = [f"without {names[0]}"] if len(names) > 2 else []
        found.update(dict.fromkeys(f"{about['source']} {name}" for name in names + blends))
    return list(found)


def validate(run, folder):
    """SDR of each column: median over the source's pieces, on the middle of each."""
    network, frames, found = run.averaged(), run.description["stft"]["frames"], {}
    place = evaluate.Placement(frames // 2, frames // 4, 0)
    half = run.config["train"]["precision"] == "bf16"
    for path, about in prepared(folder):
        piece = songs.load_piece(path).middle(run.config["train"]["validate_seconds"])
        with torch.autocast(run.device, torch.bfloat16, enabled=half):
            scores = evaluate.score(piece, evaluate.network_estimates(network, piece, place))
            if len(piece.stems) > 2:
                scores.update(evaluate.score_blend(network, piece, place))
        for name, values in scores.items():
            found.setdefault(f"{about['source']} {name}", []).append(values["sdr_v4"])
    return {column: float(np.nanmedian(values)) for column, values in found.items()}


def batches(run, data):
    """Training batches; the data set is read anew every `rescan_steps` steps."""
    options = run.config["data"]
    while True:
        source = Batches(
            data / "train", run.description["stft"], options,
            run.config["seed"] * 10**6 + run.step, run.device,
        )  # fmt: skip
        workers = options["workers"] if run.device == "cpu" else 0
        loader = DataLoader(source, None, num_workers=workers)
        for n, batch in enumerate(loader):
            if n == run.config["train"]["rescan_steps"]:
                break
            yield batch


def train(run, data, last_step=None, minutes=math.inf):
    """Steps until the budget of time, `last_step` or `minutes` of this call are spent."""
    valid = data / "valid"
    run_steps(run, batches(run, data), train_step, lambda: validate(run, valid), columns(valid),
              last_step, minutes)  # fmt: skip


def read_config(path):
    """The tables of a configuration file; `start` is relative to it."""
    config = tomllib.loads(path.read_text())
    if "start" in config:
        config["start"] = path.parent / config["start"]
    return config


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=pathlib.Path, help="TOML file of the run (see config.toml)")
    parser.add_argument("data", type=pathlib.Path, help="folder that prepare.py wrote")
    parser.add_argument("run", type=pathlib.Path, help="folder for checkpoint, log and curve")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--minutes", type=float, default=math.inf,
                        help="stop after this time, to be resumed")  # fmt: skip
    args = parser.parse_args()
    args.run.mkdir(parents=True, exist_ok=True)
    config = read_config(args.config)
    train(Run(config, args.run, args.device), args.data, minutes=args.minutes)


if __name__ == "__main__":
    main()
