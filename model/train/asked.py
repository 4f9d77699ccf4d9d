# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""What tune.py asks of mixes: amounts of sources, and the images that answer them."""

import numpy as np
import torch

import stft as transform
from data import Mixer
from model import SOURCES


def at_level(magnitude, level):
    """The gain [mixes] that brings magnitudes [mixes][2][frames][bins] to an RMS of `level`."""
    return level / (magnitude.square().mean((1, 2, 3)) + 1e-6).sqrt()


def draw_amounts(rng, held, sources, options):
    """What is asked of each mix, float32 [mixes][rows][sources].

    Single sources, as often each; with the chance `blend` a pair, with the chance `whole` all of
    them, with the chance `partial` any amount of each. `held` [mixes] is what stands for a mix's
    other: with "joined" it has the bass too, and as much of those two is asked for; with "backing"
    it is all but vocals, so all sources are.
    """
    mixes, rows = len(held), options["rows"]
    some = rng.spawn(1)[0]  # apart, so that all other draws are the same with and without
    amounts = np.zeros((mixes, rows, len(sources)), np.float32)
    for n in range(mixes):
        both = held[n] == "joined"
        joined = [sources.index(name) for name in ("bass", "other")] if both else []
        order = rng.permutation(len(sources))[:rows]
        for r, chosen in enumerate(order):
            amounts[n, r, chosen] = 1
            chance = rng.random()
            if chance < options["blend"]:
                amounts[n, r] = 1 - amounts[n, r]
            elif chance > 1 - options["whole"]:
                amounts[n, r] = 1
            elif some.random() < options.get("partial", 0):
                amounts[n, r] = some.uniform(0, 1, len(sources))
                amounts[n, r, joined] = amounts[n, r, joined].mean() if joined else 0
            if joined and np.ptp(amounts[n, r, joined]):
                amounts[n, r] = 0
                amounts[n, r, joined] = 1
        if held[n] == "backing":
            amounts[n] = 1
    return torch.from_numpy(amounts)


def in_parts(amounts):
    """(amounts, bool [mixes]): a mix whose rows all ask for all sources asks for one in each.

    Of such a mix, as of one over a backing, no more is known than the sum of its sources.
    """
    mixes, rows, sources = amounts.shape
    if rows != sources:
        raise ValueError(f"{rows} rows, {sources} sources: a sum takes as many rows as sources")
    whole = (amounts == 1).all(2).all(1)
    return torch.where(whole[:, None, None], torch.eye(sources), amounts), whole


def summed(mask, whole, share):
    """Masks [mixes * rows], and the weights of their losses, where sums count `share`.

    In a mix that is `whole` [mixes], each row is the sum of all.
    """
    mask = mask.unflatten(0, (len(whole), -1))
    rows = mask.shape[1]
    where = whole[:, None, None, None, None]
    mask = torch.where(where, mask.sum(1, keepdim=True), mask).flatten(0, 1)
    weight = torch.where(whole, share, 1.0).repeat_interleave(rows)
    return mask, weight[:, None, None, None]


class TunedMixer(Mixer):
    """Mixes, and what each has in the place of `other`: "other", "joined" or "backing"."""

    def batch(self, rng, mixes):
        self.drawn = []
        audio, _ = super().batch(rng, mixes)
        keys = [place.get("other", ((None, "other"),))[0] for place in self.drawn]
        joined = self.pieces.joined
        return audio, ["joined" if piece in joined else name for piece, name in keys]

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
