# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""The band map: bins as they are at low frequencies, ever wider bands above.

Fixed matrices: a band is the weighted mean of its bins, and the mask of a bin lies on the straight
line between the masks of the two bands whose centres are nearest, so masks have no steps.
"""

import numpy as np
import torch
from torch import nn


def centres(bins, kept, count):
    """Centres of `count` bands in units of bins: 0 to kept - 1, then a growing distance."""
    if not 0 < kept < count < bins:
        raise ValueError(f"band map of {bins} bins: kept {kept} and count {count} do not fit")
    distances, target = count - kept, bins - kept  # the last centre is that of the last bin
    low, high = 1.0, 2.0
    for _ in range(60):
        ratio = (low + high) / 2
        reach = (ratio ** np.arange(1, distances + 1)).sum()
        low, high = (ratio, high) if reach < target else (low, ratio)
    return np.concatenate([
        np.arange(kept), kept - 1 + np.cumsum(low ** np.arange(1, distances + 1)),
    ])  # fmt: skip


def spread_matrix(bins, kept, count):
    """[bands][bins]: the share of each band in the mask of each bin; columns sum to 1."""
    places, matrix = centres(bins, kept, count), np.zeros((count, bins))
    right = np.clip(np.searchsorted(places, np.arange(bins)), 1, count - 1)
    share = (np.arange(bins) - places[right - 1]) / (places[right] - places[right - 1])
    share = np.clip(share, 0, 1)
    matrix[right - 1, np.arange(bins)] = 1 - share
    matrix[right, np.arange(bins)] += share
    return matrix


class BandMap(nn.Module):
    """Images [batch][channels][frames][bins] to [..][bands] and masks back.

    Bins below `alone` are bands of their own and are not multiplied.
    """

    def __init__(self, bins, kept, count):
        super().__init__()
        back = spread_matrix(bins, kept, count)
        there = back / back.sum(1, keepdims=True)
        self.alone = kept - 1  # the last kept band has a share in bins above it
        matrices = {"there": there.T, "back": back}
        for name, matrix in matrices.items():  # of the description, so no part of a weights file
            upper = torch.from_numpy(matrix[self.alone :, self.alone :]).float().contiguous()
            self.register_buffer(name, upper, persistent=False)

    def apart(self, x, matrix):
        """x with `matrix` applied to the values from `alone` on."""
        return torch.cat([x[..., : self.alone], x[..., self.alone :] @ matrix], -1)

    def group(self, x):
        """Bins to bands."""
        return self.apart(x, self.there)

    def spread(self, mask):
        """Bands to bins, in single precision."""
        with torch.autocast(mask.device.type, enabled=False):
            return self.apart(mask.float(), self.back)


def band_map(description):
    """The BandMap of a description, or None."""
    bands = description.get("bands")
    return BandMap(description["stft"]["bins"], bands["kept"], bands["count"]) if bands else None
