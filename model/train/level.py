# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""The gain of each frame that a network with a level is fed: "Level" in model/network/FORMAT.md."""

import math

import torch

LONG, BRIEF = 3.0, 0.2  # s, of the mean that is the level, and of a burst
RISE = 0.1  # of a burst's power, below which the level never is
GATE = 1e-7  # of the wanted power, below which a frame is silence
FAULT = 1e5  # and above which it is no sound either


def powers(magnitude, stft):
    """Mean squares [frames] of the sound in magnitudes [channels][frames][bins], in double."""
    squares = magnitude.double().square().sum(-1).mean(0)
    return squares * 16 / (3 * stft["window"] ** 2)


def gains(magnitude, description):
    """Gains [frames] for a stream's magnitudes from its first frame on, t = -1."""
    level = description.get("level")
    if level is None:
        return torch.ones(magnitude.shape[1], device=magnitude.device)
    stft, target = description["stft"], 10 ** (level / 10)
    hop = stft["hop"] / stft["sample_rate"]
    count, mean, burst, found = 0, 0.0, 0.0, []
    for power in powers(magnitude, stft).tolist():
        if GATE * target < power < FAULT * target:
            count += 1
            burst += max(1 / count, hop / BRIEF) * (power - burst)
            mean += max(1 / count, hop / LONG) * (power - mean)
            mean = max(mean, RISE * burst)
        found.append(math.sqrt(target / mean) if count else 1.0)
    return torch.tensor(found, device=magnitude.device)
