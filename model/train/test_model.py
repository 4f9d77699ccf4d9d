# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""The network and its export."""

import pytest
import torch
from torch.nn import functional as F

from export import blend, randomise, write_weights
from model import UNet, describe
from weights import load_weights


def small(**more):
    description = describe(first_filters=4, depth=3, control=(4, 8), **more)
    description["stft"].update(frames=16, bins=32, window=64, hop=16)
    return description


@pytest.mark.parametrize("crop", [[2, 1], [1, 2], [0, 3]])
def test_crop_of_the_transposed_convolution(crop):
    torch.manual_seed(1)
    layer = UNet(small()).decoder[1]
    layer.spec["crop"] = [crop, crop]
    x = torch.randn(2, layer.weight.shape[0], 5, 7)
    full = F.conv_transpose2d(x, layer.weight, layer.bias, 2)
    (first, last) = crop
    expected = full[:, :, first : full.shape[2] - last, first : full.shape[3] - last]
    assert torch.allclose(layer.transposed(x), expected, atol=1e-5)


@pytest.mark.parametrize("film", ["none", "simple", "complex"])
def test_forward_shape_and_range(film):
    network = UNet(small(film=film)).eval()
    mask = network(torch.rand(3, 2, 16, 32), torch.eye(4)[:3])
    assert mask.shape == (3, 2, 16, 32)
    assert mask.min() > 0 and mask.max() < 1


def test_condition_changes_the_mask():
    network = UNet(small()).eval()
    randomise(network, 3)
    x = torch.rand(1, 2, 16, 32)
    masks = [network(x, torch.eye(4)[n : n + 1]) for n in range(4)]
    assert (masks[0] - masks[1]).abs().max() > 1e-4


def test_convolutional_control_is_the_sum_over_its_taps():
    description = small()
    layer = {"kernel": 4, "pad": [0, 0], "activation": {"kind": "relu"}, "norm": {"eps": 1e-5}}
    description["control"] = {"kind": "conv", "layers": [{"units": 8, **layer}]}
    network = UNet(description).eval()
    randomise(network, 4)
    onehot = torch.tensor([[0.0, 0, 1, 0]])
    control = network.control[0]
    heard = control.norm(torch.relu(control.weight[:, 0, 2] + control.bias)[None, :, None])
    expected = network.film["gamma"](heard.flatten(1))
    gamma = torch.cat([g.flatten() for g, _ in network.conditions(onehot) if g is not None])
    assert torch.allclose(gamma, expected.flatten(), atol=1e-6)


def test_control_statistics_are_of_single_sources():
    network = UNet(small()).train()
    randomise(network, 6)
    blends = torch.rand(6, 4, generator=torch.Generator().manual_seed(7))
    before = [g for g, _ in network.conditions(blends) if g is not None]
    for _ in range(400):
        network.conditions(torch.rand(3, 4))  # other rows, same statistics
    network.eval()
    after = [g for g, _ in network.conditions(blends) if g is not None]
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(before, after, strict=True))


def test_export_reads_back(tmp_path):
    network = UNet(small()).eval()
    randomise(network, 5)
    path = tmp_path / "w.safetensors"
    write_weights(str(path), network, {"name": "test"})
    again, card = load_weights(str(path))
    x, onehot = torch.rand(2, 2, 16, 32), torch.eye(4)[:2]
    assert card == {"name": "test"}
    assert torch.allclose(network(x, onehot), again(x, onehot), atol=1e-2)


def test_export_refuses_what_is_not_finite(tmp_path):
    network = UNet(small())
    with torch.no_grad():
        network.encoder[1].weight[0, 0, 0, 0] = 1e9
    with pytest.raises(ValueError, match="encoder.1.weight"):
        write_weights(str(tmp_path / "w.safetensors"), network, {})


def test_export_keeps_the_band_map(tmp_path):
    network = UNet(small(bands={"kept": 8, "count": 16})).eval()
    path = str(tmp_path / "w.safetensors")
    write_weights(path, network, {}, torch.float32)
    again, _ = load_weights(path)
    assert again.description["bands"] == {"kept": 8, "count": 16}
    x, onehot = torch.rand(2, 2, 16, 32), torch.eye(4)[:2]
    assert torch.equal(network(x, onehot), again(x, onehot))


def test_blend_lies_between(tmp_path):
    there, network = UNet(small()), UNet(small(bands={"kept": 8, "count": 16}))
    write_weights(str(tmp_path / "w.safetensors"), there, {}, torch.float32)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    blend(network, str(tmp_path / "w.safetensors"), 0.25)
    for name, value in there.state_dict().items():
        if value.dtype.is_floating_point:
            expected = 0.75 * before[name] + 0.25 * value
            assert torch.allclose(network.state_dict()[name], expected, atol=1e-6)
    with pytest.raises(ValueError, match="expected 0 to 1"):
        blend(network, str(tmp_path / "w.safetensors"), 2.0)


def test_bins_are_grouped_before_their_power():
    network = UNet(small(bands={"kept": 8, "count": 16}, scale=2.0, power=0.3)).eval()
    seen = []
    network.encoder[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = torch.rand(1, 2, 16, 32)
    network(x, torch.eye(4)[:1])
    assert torch.allclose(seen[0], (2 * network.map.group(x)) ** 0.3)
    assert not torch.allclose(seen[0], network.map.group((2 * x) ** 0.3), rtol=1e-3)
