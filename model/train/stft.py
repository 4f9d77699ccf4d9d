# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""The transform of a network description, and the network's view of it."""

import torch


def window(stft, device):
    """The periodic Hann window."""
    return torch.hann_window(stft["window"], device=device)


def forward(audio, stft, center):
    """Complex [..., frames, bins]; with `center`, frame t is centred on sample t * hop."""
    if center:
        half = stft["window"] // 2
        audio = torch.nn.functional.pad(audio, (half, half))
    return torch.fft.rfft(
        audio.unfold(-1, stft["window"], stft["hop"]) * window(stft, audio.device)
    )


def inverse(spectrum, stft, length):
    """Audio [..., length] of a centred transform."""
    flat = spectrum.reshape(-1, *spectrum.shape[-2:]).transpose(1, 2)
    audio = torch.istft(flat, stft["window"], stft["hop"], window=window(stft, flat.device),
                        length=length)  # fmt: skip
    return audio.reshape(*spectrum.shape[:-2], length)


def overlap_add(spectrum, stft):
    """Windowed overlap-add [..., samples] of uncentred frames, at the level of the input."""
    frames = torch.fft.irfft(spectrum, stft["window"]) * window(stft, spectrum.device)
    flat = frames.reshape(-1, *frames.shape[-2:]).transpose(1, 2)
    length = (frames.shape[-2] - 1) * stft["hop"] + stft["window"]
    audio = torch.nn.functional.fold(
        flat, (1, length), (1, stft["window"]), stride=(1, stft["hop"])
    )
    gain = stft["hop"] / window(stft, spectrum.device).square().sum()
    return gain * audio.reshape(*spectrum.shape[:-2], length)


def seen(spectrum, stft):
    """The bins that the network sees."""
    return spectrum[..., stft["first_bin"] : stft["first_bin"] + stft["bins"]]


def whole_mask(mask, description):
    """The mask of every bin from that of the bins that the network sees."""
    stft, dropped = description["stft"], description["dropped_mask"]
    nearest = {"nearest": 1, "mean": stft["bins"]}
    count = dropped["mean"] if isinstance(dropped, dict) else nearest.get(dropped)
    below = stft["first_bin"]
    above = stft["window"] // 2 + 1 - below - stft["bins"]
    if count:
        ends = [end.mean(-1, keepdim=True) for end in (mask[..., :count], mask[..., -count:])]
    else:
        ends = [torch.full_like(mask[..., :1], dropped)] * 2
    parts = [ends[0].expand(*mask.shape[:-1], below), mask, ends[1].expand(*mask.shape[:-1], above)]
    return torch.cat(parts, -1)
