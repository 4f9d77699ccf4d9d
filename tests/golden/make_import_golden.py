# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Expected masks of imported networks, computed by PyTorch in double precision, as Spleeter does.

Nothing of ours is between: tensors have the names and the order that TensorFlow gives them, and layers
follow spleeter/model/functions/unet.py. Weights and inputs come from the generator that
tests/unit/make_checkpoint.c repeats.

import-N.golden: of a checkpoint of N networks, float32 masks [networks][points] at the flat
[channels][frames][bins] indices 0, STRIDE, 2 * STRIDE... of one window, little endian.

Needs PyTorch and NumPy:  python3 tests/golden/make_import_golden.py
"""

import numpy as np
import torch
from make_golden import FOLDER, magnitudes, uniform
from torch.nn import functional as F

FILTERS = (2, 3, 4, 5, 6, 7)  # ub_test_spleeter_filters
STFT = {"channels": 2, "frames": 128}
BINS = 1024
STRIDE = 997


def tensor(kind, number, part, *shape):
    name = f"{kind}_{number}/{part}" if number else f"{kind}/{part}"
    x = uniform(name, int(np.prod(shape)))
    values = (1 + 0.5 * x if part == "moving_variance" else 0.4 * x).astype(np.float32)
    return torch.from_numpy(values.astype(np.float64).reshape(shape))


def normalise(x, number):
    size = x.shape[1]
    gamma, beta, mean, variance = (
        tensor("batch_normalization", number, part, size)[:, None, None]
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    return (x - mean) / torch.sqrt(variance + 1e-3) * gamma + beta


def kernel(kind, number, *shape):
    """From [height][width][a][b] to [b][a][height][width]."""
    return tensor(kind, number, "kernel", *shape).permute(3, 2, 0, 1)


def unet(x, k, elu):
    """What the last convolution gives of x [1][channels][frames][bins]."""
    raw = []
    for i, filters in enumerate(FILTERS):
        weight = kernel("conv2d", 7 * k + i, 5, 5, x.shape[1], filters)
        bias = tensor("conv2d", 7 * k + i, "bias", filters)
        raw.append(F.conv2d(F.pad(x, (1, 2, 1, 2)), weight, bias, stride=2))
        x = normalise(raw[i], 12 * k + i)
        x = F.elu(x) if elu else F.leaky_relu(x, np.float64(np.float32(0.2)))
    x = raw[5]
    for i, filters in enumerate((*FILTERS[4::-1], 1)):
        weight = kernel("conv2d_transpose", 6 * k + i, 5, 5, filters, x.shape[1])
        bias = tensor("conv2d_transpose", 6 * k + i, "bias", filters)
        frames, bins = 2 * x.shape[2], 2 * x.shape[3]
        x = F.conv_transpose2d(x, weight, bias, stride=2)[:, :, 1 : 1 + frames, 1 : 1 + bins]
        x = normalise(F.elu(x) if elu else F.relu(x), 12 * k + 6 + i)
        if i < 5:
            x = torch.cat([raw[4 - i], x], 1)
    weight = kernel("conv2d", 7 * k + 6, 4, 4, 1, 2)
    bias = tensor("conv2d", 7 * k + 6, "bias", 2)
    return F.conv2d(x, weight, bias, dilation=2, padding=3)


def masks(networks):
    x = magnitudes(STFT, BINS)
    out = torch.cat([unet(x[None], k, networks > 2) for k in range(networks)])
    out = torch.softmax(out, 0) if networks == 5 else torch.sigmoid(out)
    power = (out * x) ** 2
    return (power + 1e-10 / networks) / (power.sum(0) + 1e-10)


def main():
    for networks in (2, 4, 5):
        points = masks(networks).reshape(networks, -1)[:, ::STRIDE]
        path = FOLDER / f"import-{networks}.golden"
        path.write_bytes(points.numpy().astype("<f4").tobytes())
        print(f"{path.name}: {points.shape[1]} points, from {points.min():.3f} to {points.max():.3f}")


if __name__ == "__main__":
    main()
