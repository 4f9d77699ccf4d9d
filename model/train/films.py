# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""FiLM on a frozen generic network: a table of values for what can be asked of it.

Conditions are amounts [sources], here of drums, bass and other. The generator is dense, with one
hidden ReLU layer whose units stand for the corners of the cube of amounts: unit c is
1 - sum |amount - c|, so at a corner its own unit is 1 and every other one 0, and the output layer
is a table with a column for each corner. All sources at once are the generic network as it was.
"""

import itertools
import json
import pathlib

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import nn

from above import ABOVE
from generic import LEVEL, PAIRS, PLACES, split, stft_description


def corners(sources):
    """float32 [corners][sources]: every choice of at least one source but all; or the only one."""
    every = itertools.product((0.0, 1.0), repeat=sources)
    return torch.tensor([c for c in every if 0 < sum(c) < max(sources, 2)])


class Films(nn.Module):
    """Amounts to FiLM; `unit` [PAIRS] is what an offset of 1 is worth, the spread of a channel."""

    def __init__(self, sources):
        super().__init__()
        self.sources = sources
        self.register_buffer("corners", corners(len(sources)))
        self.register_buffer("unit", torch.ones(PAIRS))
        self.table = nn.Parameter(torch.zeros(len(self.corners), 2, PAIRS))

    def hidden(self, amounts):
        """[rows][corners] from [rows][sources]."""
        return torch.relu(1 - (amounts[:, None] - self.corners[None]).abs().sum(2))

    def pairs(self, amounts):
        """[rows][2][PAIRS]."""
        change = torch.einsum("rc,cgp->rgp", self.hidden(amounts), self.table)
        return torch.stack([1 + change[:, 0], self.unit * change[:, 1]], 1)

    def forward(self, amounts):
        return split(self.pairs(amounts))


class Conditioned(nn.Module):
    """A generic network and its films."""

    def __init__(self, generic, films):
        super().__init__()
        self.generic, self.films = generic, films

    @property
    def description(self):
        """What separating with it takes, as in FORMAT.md."""
        return {"sources": self.films.sources, "stft": stft_description(), "level": LEVEL,
                "dropped_mask": ABOVE}  # fmt: skip

    def forward(self, magnitude, amounts):
        """Masks [mixes * rows] of magnitudes [mixes] and amounts [mixes][rows][sources].

        Of amounts [mixes][sources], there is one row a mix.
        """
        rows = amounts.shape[1] if amounts.dim() == 3 else 1
        raw = self.generic.first(magnitude)
        raw = raw.repeat_interleave(rows, 0) if rows > 1 else raw
        films = self.films(amounts.reshape(-1, amounts.shape[-1]))
        return torch.sigmoid(self.generic.logits(raw, films).float())


@torch.no_grad()
def units(generic, magnitude):
    """float32 [PAIRS]: the spread of what each FiLM meets, on magnitudes as the network takes."""
    noted, conditioned = {}, generic.conditioned

    def noting(place, i, x, films):
        y = conditioned(place, i, x, films)
        noted[place, i] = y.float().std((0, 2, 3)).clamp_min(1e-3)
        return y

    generic.conditioned = noting
    generic(magnitude)
    del generic.conditioned  # the class's own again
    places = [(place, i) for place, widths in PLACES.items() for i in range(len(widths))]
    return torch.cat([noted[place] for place in places])


def write_learnt(path, state):
    """Write what a checkpoint of tune.py has learnt, the averaged values alone, as safetensors."""
    about = {name: state[name] for name in ("sources", "generic", "step")}
    tensors = {name: value.contiguous() for name, value in state["average"].items()}
    pathlib.Path(path).write_bytes(save(tensors, {"about": json.dumps(about)}))


def read_learnt(path):
    """{"average", "sources", "generic", "step"} of a checkpoint of tune.py or of write_learnt."""
    if pathlib.Path(path).suffix == ".pt":
        return torch.load(path, map_location="cpu", weights_only=True)
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["about"])
        return {**about, "average": {n: file.get_tensor(n) for n in file.keys()}}  # noqa: SIM118
