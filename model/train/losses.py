# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Training losses. Images are [batch][channels][frames][bins]; each loss returns one number.

`mixture` is the magnitude |x|, `target` the complex spectrum s and `cross` is Re(x* s); `weight` is
[batch][1][frames][1] or 1.0 and says how much each frame counts.
"""

import functools
import math

import torch

import stft as transform


def mask_square(mask, mixture, target, cross, weight, quiet):
    """Mean square distance from the ideal mask, weighted by power and, in part, by magnitude.

    The mask nearest to s is cross / |x|^2, and weighted by |x|^2 its square error is what SDR
    measures. The part that is weighted by |x| looks after quieter bins. Both are relative to the
    level of the mix. Square errors, because with absolute ones the best guess for a source that is
    silent in most bins is silence everywhere, and training ends there.
    """
    power = mixture.square()
    error = weight * (mask - (cross / (power + 1e-8)).clamp(0, 1)).square()
    axes = (1, 2, 3)
    loud = (power * error).sum(axes) / (power.sum(axes) + 1e-6)
    soft = (mixture * error).sum(axes) / (mixture.sum(axes) + 1e-3)
    return (loud + quiet * soft).mean()


def absolute(mask, mixture, target, cross, weight, quiet):
    """Absolute error of the magnitude, relative to the level of the mix."""
    error = weight * (mask * mixture - target.abs()).abs()
    return (error.sum((1, 2, 3)) / (mixture.sum((1, 2, 3)) + 1e-3)).mean()


def absolute_compressed(mask, mixture, target, cross, weight, quiet):
    """Absolute error of the magnitude to the power of 0.3, relative to that of the mix."""
    small = 1e-4
    scale = (mixture + small) ** 0.3
    error = weight * ((mask * mixture + small) ** 0.3 - (target.abs() + small) ** 0.3).abs()
    return (error.sum((1, 2, 3)) / scale.sum((1, 2, 3))).mean()


MAGNITUDE = {
    "mask": mask_square,
    "l1": absolute,
    "l1-compressed": absolute_compressed,
}


def in_time(mask, mixture, target, description):
    """Absolute error of the audio, relative to that of the mix; complex spectra of seen bins."""
    stft = description["stft"]
    above = stft["window"] // 2 + 1 - stft["first_bin"] - stft["bins"]
    ends = (stft["first_bin"], above)
    error = torch.nn.functional.pad(mask * mixture - target, ends)
    level = transform.overlap_add(torch.nn.functional.pad(mixture, ends), stft).abs()
    error = transform.overlap_add(error, stft).abs()
    return (error.sum((1, 2)) / (level.sum((1, 2)) + 1e-3)).mean()


@functools.cache
def compiled(kind):
    """A loss of MAGNITUDE as fused code."""
    return torch.compile(MAGNITUDE[kind])


def frame_weight(kind, batch, frames, generator):
    """[batch][1][frames][1] with mean 1, or 1.0.

    "even": every frame counts the same. "random": each window draws a look-ahead between 0 and
    half a window, small ones as often as large ones by ratio, and only the frames that are played
    with it count: a block of up to 48 frames, shorter with short look-aheads, as Live's are. Half
    of the windows count evenly.
    """
    if kind == "even":
        return 1.0
    if kind != "random":
        raise ValueError(f"look_ahead {kind!r}: expected even or random")
    draw = torch.rand(batch, 2, generator=generator)
    ahead = torch.exp(draw[:, 0] * math.log(frames / 2 + 1)) - 1
    block = (1.2 * ahead + 4).clamp(max=48 * frames / 128)
    back = torch.arange(frames - 1, -1, -1)[None]  # frames after this one
    used = ((back >= ahead[:, None].floor()) & (back < (ahead + block)[:, None])).float()
    used = torch.where(draw[:, 1:] < 0.5, used, torch.ones_like(used))
    return (used * frames / used.sum(1, keepdim=True))[:, None, :, None]
