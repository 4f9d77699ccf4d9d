# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""A model of format version 2 (model/network/FORMAT.md): several U-Nets and one mask, at rest."""

import torch
from torch import nn
from torch.nn import functional as F

from model import activate


class UNets(nn.Module):
    """Magnitudes [batch][channels][frames][bins] and amounts [batch][sources] to masks."""

    def __init__(self, description, tensors):
        """`tensors` by the names of the file."""
        super().__init__()
        self.description, self.map = description, None
        self.names = {name: name.replace(".", "/") for name in tensors}
        for name, value in tensors.items():
            kept = nn.Parameter(value, requires_grad=False)
            self.register_parameter(self.names[name], kept)

    def tensor(self, name):
        return getattr(self, self.names[name])

    def dense(self, name, x):
        return F.linear(x, self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias"))

    def normalise(self, x, name, spec):
        """Batch normalisation, where there is one."""
        if spec is None:
            return x
        values = (self.tensor(f"{name}.norm.{k}") for k in ("mean", "var", "weight", "bias"))
        return F.batch_norm(x, *values, eps=spec["eps"])

    def conditions(self, net, prefix, amounts):
        """(gamma, beta), each [batch][pairs]."""
        control = net["control"]
        x = amounts[:, None] if control["kind"] == "conv" else amounts
        for n, layer in enumerate(control["layers"]):
            name = f"{prefix}control.{n}"
            if control["kind"] == "conv":
                weight, bias = self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias")
                x = F.conv1d(F.pad(x, layer["pad"]), weight, bias)
            else:
                x = self.dense(name, x)
            x = self.normalise(activate(x, layer["activation"]), name, layer["norm"])
        return [self.dense(f"{prefix}film.{k}", x.flatten(1)) for k in ("gamma", "beta")]

    def convolve(self, x, name, layer):
        """The convolution of a layer with its bias."""
        weight, bias = self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias")
        if layer.get("kind") == "transposed":
            (top, bottom), (left, right) = layer["crop"]
            y = F.conv_transpose2d(x, weight, bias, layer["stride"])
            return y[:, :, top : y.shape[2] - bottom, left : y.shape[3] - right]
        (top, bottom), (left, right) = layer["pad"]
        stride, dilation = layer.get("stride", 1), layer.get("dilation", 1)
        x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, weight, bias, stride, dilation=dilation)

    def finish(self, x, name, layer, modulate):
        """Normalisation, FiLM and activation, in the layer's order."""
        if layer["order"] == "activation_first":
            x = activate(x, layer["activation"])
            return modulate(self.normalise(x, name, layer["norm"]), layer["film"])
        x = modulate(self.normalise(x, name, layer["norm"]), layer["film"])
        return activate(x, layer["activation"])

    def output(self, k, amounts, x):
        """What U-Net k gives."""
        net, prefix = self.description["networks"][k], f"networks.{k}."
        film = self.conditions(net, prefix, amounts) if net["control"] else None
        at, skips = 0, []

        def modulate(x, kind):
            nonlocal at
            count = {"none": 0, "simple": 1, "complex": x.shape[1]}[kind]
            at += count
            if not count:
                return x
            gamma, beta = (v[:, at - count : at, None, None] for v in film)
            return gamma * x + beta

        for n, layer in enumerate(net["encoder"]):
            raw = self.convolve(x, f"{prefix}encoder.{n}", layer)
            x = self.finish(raw, f"{prefix}encoder.{n}", layer, modulate)
            skips.append(modulate(raw if layer["raw_skip"] else x, layer["skip_film"]))
        for n, layer in enumerate(net["decoder"]):
            x = x if layer["skip"] is None else torch.cat([x, skips[layer["skip"]]], 1)
            x = self.convolve(x, f"{prefix}decoder.{n}", layer)
            x = self.finish(x, f"{prefix}decoder.{n}", layer, modulate)
        return x

    def asked(self, amounts, x):
        """The mask where every U-Net's output is one: a run of each for each amount."""
        total, networks = torch.zeros_like(x), self.description["networks"]
        if len(networks) == 1:
            return self.output(0, amounts, x).clamp(max=1.0)
        for k, net in enumerate(networks):
            wanted = amounts[:, [self.description["sources"].index(s) for s in net["sources"]]]
            levels = F.pad(wanted.sort(1).values, (1, 0))
            for below, amount in zip(levels.T[:-1], levels.T[1:], strict=True):
                if (amount > below).any():
                    chosen = (wanted >= amount[:, None]).float()
                    share = (amount - below)[:, None, None, None]
                    total = total + share * self.output(k, chosen, x)
        return total.clamp(max=1.0)

    def shared(self, amounts, x):
        """The mask where every source's output has a part in it."""
        outputs, settings = {}, self.description["mask"]
        for k, net in enumerate(self.description["networks"]):
            for one, source in zip(torch.eye(len(net["sources"])), net["sources"], strict=True):
                outputs[source] = self.output(k, one.to(x.device).expand(len(x), -1), x)
        every = torch.stack([outputs[source] for source in self.description["sources"]])
        every = torch.softmax(every, 0) if settings["softmax"] else every
        if settings["ratio"]:
            epsilon = settings["ratio"]["epsilon"]
            powers = (every * x) ** settings["ratio"]["exponent"]
            every = (powers + epsilon / len(powers)) / (powers.sum(0) + epsilon)
        return torch.einsum("bs,sbcft->bcft", amounts, every).clamp(max=1.0)

    def parts(self, amounts, x):
        """The mask where sources share the mix."""
        settings, masks, wholes = self.description["mask"]["shares"], {}, {}
        for k, net in enumerate(self.description["networks"]):
            listed = torch.tensor([float(s in settings["sources"]) for s in net["sources"]])
            for one, source in zip(torch.eye(len(listed)), net["sources"], strict=True):
                masks[source] = self.output(k, one.to(x.device).expand(len(x), -1), x)
            if listed.any():
                listed = listed.to(x.device).expand(len(x), -1)
                wholes[k] = self.output(k, listed, x).clamp(0, 1)
        lack = (1 - sum(wholes.values())) / len(wholes)
        for k, whole in wholes.items():
            net = self.description["networks"][k]
            ours = [s for s in net["sources"] if s in settings["sources"]]
            powers = {s: (masks[s].clamp(min=0) + 1e-6) ** settings["exponent"] for s in ours}
            scale = (whole + lack).clamp(0, 1) / sum(powers.values())
            masks.update({s: scale * power for s, power in powers.items()})
        every = torch.stack([masks[source] for source in self.description["sources"]])
        return torch.einsum("bs,sbcft->bcft", amounts, every).clamp(max=1.0)

    def forward(self, magnitude, amounts):
        """The mask of what each row of amounts asks for."""
        given, mask = self.description["input"], self.description["mask"]
        x = magnitude * given["scale"]
        x = x if given["power"] == 1.0 else x ** given["power"]
        each = self.shared if mask["softmax"] or mask["ratio"] else self.asked
        each = self.parts if mask.get("shares") else each
        return each(amounts, x)
