# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Spleeter's checkpoint, its network, and FiLM upon it."""

import functools
import itertools
import json
import os
import pathlib
import struct

import numpy as np
import pytest
import torch
from safetensors import safe_open

import export_films
import generic
from films import Films, corners, units
from tf_checkpoint import read_checkpoint

SOURCES = ["drums", "bass", "other"]


@functools.cache
def made_up():
    """Tensors of a checkpoint of two networks, with values that a network could have."""
    rng, tensors = np.random.default_rng(1), {}

    def values(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    for k in range(2):
        inputs = 2
        for i, filters in enumerate(generic.FILTERS):
            layer = generic.numbered("conv2d", 7 * k + i)
            tensors[f"{layer}/kernel"] = values(5, 5, inputs, filters) / (5 * inputs**0.5)
            tensors[f"{layer}/bias"] = 0.1 * values(filters)
            inputs = filters
        for i, filters in enumerate(generic.DECODED):
            layer = generic.numbered("conv2d_transpose", 6 * k + i)
            tensors[f"{layer}/kernel"] = values(5, 5, filters, inputs) / (3 * inputs**0.5)
            tensors[f"{layer}/bias"] = 0.1 * values(filters)
            inputs = 2 * filters
        layer = generic.numbered("conv2d", 7 * k + 6)
        tensors[f"{layer}/kernel"], tensors[f"{layer}/bias"] = values(4, 4, 1, 2), values(2)
        for i, width in enumerate([*generic.FILTERS, *generic.DECODED]):
            layer = generic.numbered("batch_normalization", 12 * k + i)
            tensors[f"{layer}/gamma"] = 1 + 0.2 * values(width)
            tensors[f"{layer}/beta"] = 0.2 * values(width)
            tensors[f"{layer}/moving_mean"] = 0.2 * values(width)
            tensors[f"{layer}/moving_variance"] = 0.5 + values(width) ** 2
    return tensors


def plain_convolution(x, kernel, bias, stride, dilation, before, size):
    """x [rows][columns][inputs] by its definition, kernel [rows][columns][inputs][outputs]."""
    padded = np.pad(x, ((before, 9), (before, 9), (0, 0)))
    y = np.zeros((*size, kernel.shape[3])) + bias
    for a, b in itertools.product(range(kernel.shape[0]), range(kernel.shape[1])):
        rows = padded[a * dilation :: stride][: size[0]]
        y += rows[:, b * dilation :: stride][:, : size[1]] @ kernel[a, b]
    return y


def plain_transposed(x, kernel, bias):
    """Every input adds the kernel [rows][columns][outputs][inputs] at twice its place, cropped."""
    rows, columns = x.shape[:2]
    y = np.zeros((2 * rows + 3, 2 * columns + 3, kernel.shape[2]))
    for a, b in itertools.product(range(5), range(5)):
        y[a : a + 2 * rows : 2, b : b + 2 * columns : 2] += x @ kernel[a, b].T
    return y[1:-2, 1:-2] + bias


def plain_mask(tensors, k, x):
    """The network by the words of its description, x [frames][bins][channels]."""
    w = {name: value.astype(np.float64) for name, value in tensors.items()}

    def norm(x, n):
        layer = generic.numbered("batch_normalization", 12 * k + n)
        gamma, beta, mean, variance = (
            w[f"{layer}/{q}"] for q in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta

    raw = []
    for i in range(6):
        layer = generic.numbered("conv2d", 7 * k + i)
        size = (x.shape[0] // 2, x.shape[1] // 2)
        raw.append(plain_convolution(x, w[f"{layer}/kernel"], w[f"{layer}/bias"], 2, 1, 1, size))
        x = norm(raw[i], i) if i < 5 else None
        x = np.where(x > 0, x, 0.2 * x) if i < 5 else None
    x = raw[5]
    for i in range(6):
        layer = generic.numbered("conv2d_transpose", 6 * k + i)
        x = norm(
            np.maximum(plain_transposed(x, w[f"{layer}/kernel"], w[f"{layer}/bias"]), 0), 6 + i
        )
        x = np.concatenate([raw[4 - i], x], 2) if i < 5 else x
    layer = generic.numbered("conv2d", 7 * k + 6)
    x = plain_convolution(x, w[f"{layer}/kernel"], w[f"{layer}/bias"], 1, 2, 3, x.shape[:2])
    return 1 / (1 + np.exp(-x))


def identity(rows=1):
    """FiLM that changes nothing."""
    pairs = torch.zeros(rows, 2, generic.PAIRS)
    pairs[:, 0] = 1
    return generic.split(pairs)


@pytest.mark.parametrize("k", [0, 1])
def test_the_network_is_the_one_described(k):
    tensors = made_up()
    x = torch.rand(1, 2, 64, 128, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        mask = generic.load_generic(tensors, k)(x)[0].numpy()
    expected = plain_mask(tensors, k, x[0].numpy().transpose(1, 2, 0)).transpose(2, 0, 1)
    assert expected.std() > 0.01 and np.abs(mask - expected).max() < 1e-5


@pytest.mark.skipif("SPLEETER" not in os.environ, reason="SPLEETER=FOLDER/2stems/model is not set")
def test_spleeters_own_weights_are_read():
    tensors = read_checkpoint(os.environ["SPLEETER"])
    for k in range(2):
        network = generic.load_generic(tensors, k)
        assert sum(x.numel() for x in network.state_dict().values()) > 9_800_000
        x = 10 * torch.rand(1, 2, 64, 128, generator=torch.Generator().manual_seed(1))
        expected = plain_mask(tensors, k, x[0].numpy().transpose(1, 2, 0)).transpose(2, 0, 1)
        assert np.abs(network(x)[0].numpy() - expected).max() < 1e-5
        assert torch.allclose(network(x, identity()), network(x), atol=1e-6)


def varint(value):
    out = b""
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, value):
    """A field of a protocol buffer message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(pairs):
    """A block whose keys share what they can, and its trailer."""
    out, before = b"", b""
    for key, value in pairs:
        shared = len(os.path.commonprefix([key, before]))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out, before = out + key[shared:] + value, key
    return out + struct.pack("<II", 0, 1) + bytes(5)


def write_bundle(prefix, tensors):
    """A checkpoint with a block a tensor."""
    data, pairs = b"", [(b"", field(1, 1))]
    for name, tensor in sorted(tensors.items()):
        dims = b"".join(field(2, field(1, size)) for size in tensor.shape)
        kind = 1 if tensor.dtype == np.float32 else 9
        entry = field(1, kind) + field(2, dims) + field(4, len(data)) + field(5, tensor.nbytes)
        pairs.append((name.encode(), entry + varint(6 << 3 | 5) + bytes(4)))
        data += tensor.tobytes()
    table, handles = b"", []
    for n in range(0, len(pairs), 2):
        piece = block(pairs[n : n + 2])
        handles.append((pairs[n + 1][0] if n + 1 < len(pairs) else b"~",
                        varint(len(table)) + varint(len(piece) - 5)))  # fmt: skip
        table += piece
    index = block(handles)
    place = varint(0) + varint(0) + varint(len(table)) + varint(len(index) - 5)
    footer = place + bytes(40 - len(place)) + struct.pack("<Q", 0xDB4775248B80FB57)
    prefix.with_suffix(".index").write_bytes(table + index + footer)
    prefix.with_suffix(".data-00000-of-00001").write_bytes(data)


def test_a_checkpoint_is_read(tmp_path):
    rng = np.random.default_rng(1)
    shapes = {"a/kernel": (2, 3, 200), "a/kind": (1,), "a_1/kernel": (3,), "b": ()}
    tensors = {k: rng.standard_normal(s).astype(np.float32) for k, s in shapes.items()}
    write_bundle(tmp_path / "model", {**tensors, "steps": np.array([5], np.int64)})
    found = read_checkpoint(tmp_path / "model")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert np.array_equal(found[name], tensor) and found[name].shape == tensor.shape


def test_a_checkpoint_that_is_cut_is_refused(tmp_path):
    write_bundle(tmp_path / "model", {"a": np.ones(8, np.float32)})
    path = tmp_path / "model.data-00000-of-00001"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match="tensor a lies past the end"):
        read_checkpoint(tmp_path / "model")
    path = tmp_path / "model.index"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not the index"):
        read_checkpoint(tmp_path / "model")


def test_a_corner_has_its_own_film_and_all_sources_none():
    films = Films(SOURCES)
    torch.nn.init.normal_(films.table)
    every = corners(3)
    assert torch.equal(films.hidden(every), torch.eye(len(every)))
    for n, amounts in enumerate(every):
        pair = films.pairs(amounts[None])[0]
        assert torch.equal(pair, torch.stack([1 + films.table[n, 0], films.table[n, 1]]))
    whole = films.pairs(torch.ones(1, 3))[0]
    assert torch.equal(whole[0], torch.ones(generic.PAIRS)) and not whole[1].any()


def test_units_are_the_spread_of_each_channel():
    network = generic.load_generic(made_up(), 1)
    x = torch.rand(2, 2, 64, 128, generator=torch.Generator().manual_seed(1))
    unit = units(network, x)
    assert unit.shape == (generic.PAIRS,)
    at = sum(generic.PLACES["encoder"])
    assert torch.allclose(unit[at : at + 16], network.first(x).std((0, 2, 3)))


def test_the_file_gives_the_same_masks(tmp_path, monkeypatch):
    """By the reader of descriptions that makes the golden masks."""
    tensors, films = made_up(), Films(SOURCES)
    torch.nn.init.normal_(films.table, std=0.3)
    torch.nn.init.uniform_(films.unit, 0.5, 2.0)
    base = {f"generic.{k}": v + 0.01 for k, v in generic.generic_state(tensors, 1).items()}
    average = {**{f"films.{k}": v for k, v in films.state_dict().items()}, **base}
    films, named = export_films.file_tensors(tensors, average, SOURCES)
    export_films.write(tmp_path / "a.safetensors", export_films.describe(films), named,
                       {"name": "a"}, torch.float32)  # fmt: skip
    monkeypatch.syspath_prepend(pathlib.Path(__file__).parents[2] / "tests/golden")
    import make_golden

    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        stored = {name: file.get_tensor(name).double() for name in file.keys()}  # noqa: SIM118
        description = json.loads(file.metadata()["network"])
    monkeypatch.setattr(make_golden, "tensor", lambda name, *shape: stored[name].reshape(shape))
    description["stft"].update(frames=64, bins=128)
    x = torch.rand(1, 2, 64, 128, generator=torch.Generator().manual_seed(1))
    accompaniment = generic.load_generic(tensors, 1)
    accompaniment.load_state_dict({k[8:]: v for k, v in base.items()})

    def read(*wanted):
        return torch.as_tensor(make_golden.mask(description, list(wanted), x[0].double()))

    def asked(*wanted):
        return accompaniment(x, films(torch.tensor([wanted]).float()))[0]

    with torch.no_grad():
        vocals, whole = generic.load_generic(tensors, 0)(x)[0], accompaniment(x)[0]
        drums, bass, other = ((asked(*row) + 1e-6) ** 1.5 for row in torch.eye(3).tolist())
        part = (1 + whole - vocals) / 2
        assert (read(1, 0, 0, 0) - (1 - part)).abs().max() < 1e-5
        assert (read(0, 1, 0, 0) - part * drums / (drums + bass + other)).abs().max() < 1e-4
        assert (read(1, 1, 1, 1) - 1).abs().max() < 1e-6
        description["mask"]["shares"] = None
        assert (read(1, 0, 0, 0) - vocals).abs().max() < 1e-5
        for wanted in ((0, 1, 0, 0), (0, 0, 1, 1), (0, 1, 1, 1)):
            expected = asked(*wanted[1:])
            assert expected.std() > 0.01, wanted
            assert (read(*wanted) - expected).abs().max() < 1e-5, wanted
