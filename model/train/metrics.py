# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Separation metrics. Signals are float [sources][samples][channels].

SDR as in museval 0.4 (BSSEval v4): in v4 the spatial, interference and artefact errors add up
to estimate - reference, so the SDR of a frame needs no distortion filter.
"""

import numpy as np


def framewise_sdr(references, estimates, rate):
    """SDR in dB [sources][frames] of 1 s frames; NaN where a reference or estimate is silent."""
    frames = max(1, references.shape[1] // rate)
    result = np.full((len(references), frames), np.nan)
    for t in range(frames):
        part = slice(t * rate, (t + 1) * rate)
        r = references[:, part].astype(np.float64)
        e = estimates[:, part].astype(np.float64)
        if (np.abs(r).sum((1, 2)) == 0).any() or (np.abs(e).sum((1, 2)) == 0).any():
            continue
        with np.errstate(divide="ignore"):
            result[:, t] = 10 * np.log10((r**2).sum((1, 2)) / ((e - r) ** 2).sum((1, 2)))
    return result


def sdr_v4(references, estimates, rate):
    """Median of the framewise SDR, per source."""
    return np.nanmedian(framewise_sdr(references, estimates, rate), axis=1)


def usdr(references, estimates):
    """10 log10 of energy over error energy of the whole track, per source (Mitsufuji 2021)."""
    r, e = references.astype(np.float64), estimates.astype(np.float64)
    small = 1e-7
    return 10 * np.log10(((r**2).sum((1, 2)) + small) / (((e - r) ** 2).sum((1, 2)) + small))


def si_sdr(references, estimates):
    """Scale-invariant SDR of the whole track, per source (Le Roux 2019)."""
    r, e = references.astype(np.float64), estimates.astype(np.float64)
    scale = (r * e).sum((1, 2), keepdims=True) / ((r**2).sum((1, 2), keepdims=True) + 1e-20)
    target = scale * r
    return 10 * np.log10((target**2).sum((1, 2)) / (((e - target) ** 2).sum((1, 2)) + 1e-20))
