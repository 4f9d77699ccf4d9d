# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Both converters against the networks they convert, in TAP.

No trained files of these networks are published, so each is built from its specification and
filled with random numbers: W. Choi's in PyTorch, with its own names; G. Meseguer-Brocal's in
NumPy, as TensorFlow computes it, with images [bins][frames][channels]. Each is saved the way its
own program saves it, converted, and run by cli_masks.

    python3 tests/golden/check_convert.py build/tests/host/cli_masks
"""

import pathlib
import subprocess
import sys
import tempfile

import h5py
import make_golden
import numpy as np
import torch
from torch import nn

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "model/convert"))
import weights  # noqa: E402

LIMITS = {"reference": 1e-5, "native": 1e-4}
rng = np.random.default_rng(11)
results = []


def report(passed, name, note=""):
    results.append(passed)
    print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}", flush=True)
    for line in note.splitlines()[-5:]:
        print(f"# {line}")


# The PyTorch network


class Conv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 5, 2, 2)


class Deconv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.deconv = nn.ConvTranspose2d(inputs, outputs, 5, 2, 2, output_padding=1)


class Encoder(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv_layer = Conv(inputs, outputs)
        self.bn_layer = nn.BatchNorm2d(outputs)

    def forward(self, x, gamma, beta):
        x = self.bn_layer(self.conv_layer.conv(x))
        return nn.functional.leaky_relu(gamma.reshape(-1, 1, 1) * x + beta.reshape(-1, 1, 1))


class Decoder(nn.Module):
    def __init__(self, inputs, outputs, activation):
        super().__init__()
        self.deconv_layer = Deconv(inputs, outputs)
        self.bn_layer = nn.BatchNorm2d(outputs)
        self.activation = activation

    def forward(self, x):
        return self.activation(self.bn_layer(self.deconv_layer.deconv(x)))


class ControlBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Sequential(
            nn.Linear(4, 16), nn.ReLU(),
            nn.Linear(16, 64), nn.ReLU(), nn.Dropout(), nn.BatchNorm1d(64),
            nn.Linear(64, 256), nn.ReLU(), nn.Dropout(), nn.BatchNorm1d(256),
        )  # fmt: skip


class Control(nn.Module):
    def __init__(self, pairs):
        super().__init__()
        self.dense_control_block = ControlBlock()
        self.linear_gamma = nn.Sequential(nn.Linear(256, pairs), nn.Identity())
        self.linear_beta = nn.Sequential(nn.Linear(256, pairs), nn.Identity())


class Spectrum(nn.Module):
    def __init__(self, filters, depth, simple):
        super().__init__()
        widths = [filters * 2**n for n in range(depth)]
        self.splits = [1] * depth if simple else widths
        self.encoders = nn.ModuleList(map(Encoder, [2, *widths[:-1]], widths))
        outputs = [*widths[-2::-1], 2]
        inputs = [widths[-1], *(2 * w for w in widths[-2::-1])]
        acts = [nn.ReLU()] * (depth - 1) + [nn.Sigmoid()]
        self.decoders = nn.ModuleList(map(Decoder, inputs, outputs, acts))
        self.condition_generator = Control(sum(self.splits))

    def forward(self, x, condition):
        made = self.condition_generator
        hidden = made.dense_control_block.linear(condition[None])[0]
        gammas = made.linear_gamma(hidden).split(self.splits)
        betas = made.linear_beta(hidden).split(self.splits)
        outputs, x = [], x[None]
        for encoder, gamma, beta in zip(self.encoders, gammas, betas, strict=True):
            x = encoder(x, gamma, beta)
            outputs.append(x)
        x = self.decoders[0](x)
        for decoder, skip in zip(self.decoders[1:], outputs[-2::-1], strict=True):
            x = decoder(torch.cat([x, skip], 1))
        return x[0]


class Framework(nn.Module):
    def __init__(self, filters, depth, simple, n_fft):
        super().__init__()
        self.stft = nn.Module()
        self.stft.stft = nn.Module()
        self.stft.stft.window = nn.Parameter(torch.hann_window(n_fft), requires_grad=False)
        self.spec2spec = Spectrum(filters, depth, simple)
        with torch.no_grad():
            for name, value in self.state_dict().items():
                if name.endswith("running_var"):
                    value.copy_(0.1 + 0.2 * torch.rand(value.shape))
                elif name.endswith(("running_mean", "bias")):
                    value.copy_(0.4 * torch.rand(value.shape) - 0.2)


def convert(script, *args):
    done = subprocess.run(
        [sys.executable, "-B", ROOT / "model/convert" / script, *map(str, args)],
        capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode == 0, done.stdout + done.stderr


def compare(name, model, image, condition, expected):
    """Masks from backends against the expected one."""
    with tempfile.TemporaryDirectory() as folder:
        given, got = pathlib.Path(folder, "in"), pathlib.Path(folder, "out")
        given.write_bytes(image.astype("<f4").tobytes())
        for backend, limit in LIMITS.items():
            done = subprocess.run([MASKS, model, backend, given, got, *map(str, condition)],
                                  capture_output=True, text=True)  # fmt: skip
            if done.returncode:
                report(False, f"{name}: {backend}", done.stderr)
                continue
            mask = np.frombuffer(got.read_bytes(), "<f4").reshape(expected.shape)
            error = np.abs(mask - expected).max()
            report(
                bool(error < limit),
                f"{name}: {backend} within {limit:g}",
                f"error {error:.2g}, masks {expected.min():.3f} to {expected.max():.3f}",
            )


def check_pytorch(folder, name, filters, depth, simple, frames, bins, bare):
    torch.manual_seed(5)
    network = Framework(filters, depth, simple, 2 * bins).eval()
    state = {key: value.clone() for key, value in network.state_dict().items()}
    hyper = {"n_fft": 2 * bins, "hop_length": bins // 2, "num_frame": frames}
    checkpoint, model = folder / f"{name}.ckpt", folder / f"{name}.safetensors"
    torch.save(state if bare else {"state_dict": state, "hyper_parameters": hyper}, checkpoint)
    options = ["--n-fft", 2 * bins, "--hop", bins // 2, "--frames", frames] if bare else []
    done, text = convert("from_pytorch.py", checkpoint, model, *options)
    report(done, f"{name}: converts", text)
    image = rng.random((2, frames, bins), np.float32) ** 2
    condition = [0.0, 1.0, 0.25, 0.0]
    with torch.no_grad():
        expected = network.double().spec2spec(
            torch.from_numpy(image).double(), torch.tensor(condition, dtype=torch.float64)
        )
    compare(name, model, image, condition, expected.numpy())
    return checkpoint, state


# The Keras network, in NumPy


def conv2d(x, kernel, bias):
    """TensorFlow's Conv2D, stride 2, 'same': x [bins][frames][inputs]."""
    bins, frames = x.shape[0] // 2, x.shape[1] // 2
    x = np.pad(x, ((1, 2), (1, 2), (0, 0)))
    y = np.zeros((bins, frames, kernel.shape[3])) + bias
    for i in range(5):
        for j in range(5):
            y += x[i : i + 2 * bins : 2, j : j + 2 * frames : 2] @ kernel[i, j]
    return y


def conv2d_transpose(x, kernel, bias):
    """TensorFlow's Conv2DTranspose, stride 2, 'same': kernel [bins][frames][outputs][inputs]."""
    bins, frames = x.shape[:2]
    y = np.zeros((2 * bins + 3, 2 * frames + 3, kernel.shape[2]))
    for i in range(5):
        for j in range(5):
            y[i : i + 2 * bins : 2, j : j + 2 * frames : 2] += x @ kernel[i, j].T
    return y[1 : 1 + 2 * bins, 1 : 1 + 2 * frames] + bias


def conv1d(x, kernel, bias, same):
    """TensorFlow's Conv1D: x [positions][inputs], kernel [positions][inputs][outputs]."""
    x = np.pad(x, ((1, 2), (0, 0))) if same else x
    n = len(x) - len(kernel) + 1
    return sum(x[k : k + n] @ kernel[k] for k in range(len(kernel))) + bias


class Keras:
    """Makes layers as they are asked for, names them as Keras does, and computes them."""

    def __init__(self, filters, depth, control, simple):
        self.layers, self.made = {}, {}
        self.filters, self.depth, self.control, self.simple = filters, depth, control, simple

    def layer(self, kind, shapes, fan=1):
        """The next layer of a kind, random when first made."""
        n = self.made.get(kind, 0)
        self.made[kind] = n + 1
        name = f"{kind}_{n}" if n else kind
        if name not in self.layers:
            self.layers[name] = {
                part: (
                    0.5 + rng.random(shape)
                    if part in ("gamma", "moving_variance")
                    else rng.uniform(-1, 1, shape)
                    * (np.sqrt(4.0 / fan) if part == "kernel" else 0.2)
                ).astype(np.float32)
                for part, shape in shapes.items()
            }
        return {key: value.astype(np.float64) for key, value in self.layers[name].items()}

    def norm(self, x):
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        p = self.layer("batch_normalization", {name: x.shape[-1:] for name in names})
        scale = p["gamma"] / np.sqrt(p["moving_variance"] + 1e-3)
        return (x - p["moving_mean"]) * scale + p["beta"]

    def dense(self, x, units):
        p = self.layer("dense", {"kernel": (len(x), units), "bias": (units,)}, len(x))
        return x @ p["kernel"] + p["bias"]

    def conditions(self, vector, pairs):
        kind, sizes = self.control
        x = vector[:, None] if kind == "conv" else vector
        for n, units in enumerate(sizes):
            if kind == "conv":
                shapes = {"kernel": (4, x.shape[1], units), "bias": (units,)}
                p = self.layer("conv1d", shapes, 4 * x.shape[1])
                x = np.maximum(conv1d(x, p["kernel"], p["bias"], n < 2), 0)
            else:
                x = np.maximum(self.dense(x, units), 0)
            x = self.norm(x) if n else x
        x = x.reshape(-1)
        return self.dense(x, pairs), self.dense(x, pairs)

    def __call__(self, x, vector):
        """x [bins][frames][1]"""
        self.made = {}
        widths = [self.filters * 2**n for n in range(self.depth)]
        if self.control:
            gammas, betas = self.conditions(vector, self.depth if self.simple else sum(widths))
        skips = []
        for n, width in enumerate(widths):
            shapes = {"kernel": (5, 5, x.shape[2], width), "bias": (width,)}
            p = self.layer("conv2d", shapes, 25 * x.shape[2])
            x = self.norm(conv2d(x, p["kernel"], p["bias"]))
            if self.control:
                at = n if self.simple else slice(sum(widths[:n]), sum(widths[: n + 1]))
                x = x * gammas[at] + betas[at]
            x = np.where(x > 0, x, 0.2 * x)
            skips.append(x)
        for n in range(self.depth):
            x = np.concatenate([x, skips[-1 - n]], 2) if n else x
            last = n == self.depth - 1
            width = 1 if last else widths[-2 - n]
            shapes = {"kernel": (5, 5, width, x.shape[2]), "bias": (width,)}
            p = self.layer("conv2d_transpose", shapes, 25 * x.shape[2] / 4)
            x = self.norm(conv2d_transpose(x, p["kernel"], p["bias"]))
            x = 1 / (1 + np.exp(-x)) if last else np.maximum(x, 0)
        return x

    def save(self, path, whole):
        with h5py.File(path, "w") as file:
            root = file.create_group("model_weights") if whole else file
            root.attrs["layer_names"] = [name.encode() for name in self.layers]
            for name, parts in self.layers.items():
                group = root.create_group(name)
                group.attrs["weight_names"] = [f"{name}/{part}:0".encode() for part in parts]
                for part, values in parts.items():
                    group.create_dataset(f"{name}/{part}:0", data=values)


def check_keras(folder, name, control, simple, whole):
    frames, bins = 16, 64
    network = Keras(8, 3, control, simple)
    image = rng.random((1, frames, bins), np.float32) ** 2
    condition = [0.0, 1.0, 0.25, 0.0] if control else [1.0]
    expected = network(image[0].T[..., None].astype(np.float64), np.array(condition))
    source, model = folder / f"{name}.h5", folder / f"{name}.safetensors"
    network.save(source, whole)
    sources = [] if control else ["--sources", "vocals"]
    done, text = convert("from_keras.py", source, model, "--window", 2 * bins, "--hop", 32,
                         "--frames", frames, "--scale", 1, *sources)  # fmt: skip
    report(done, f"{name}: converts", text)
    compare(name, model, image, condition, expected[..., 0].T[None])
    return source


# What must be refused


def check_refused(folder, checkpoint, state, keras):
    def refuse(name, change, expected):
        broken = {key: value.clone() for key, value in state.items()}
        change(broken)
        torch.save(broken, folder / "broken.ckpt")
        done, text = convert("from_pytorch.py", folder / "broken.ckpt", folder / "broken.out")
        lines = text.count("\n") == 1
        report(not done and expected in text and lines, f"refused: {name}", text)

    conv = "spec2spec.encoders.1.conv_layer.conv"
    refuse("a missing tensor", lambda s: s.pop(f"{conv}.bias"), f"{conv}.bias is missing")
    refuse("a wrong shape", lambda s: s.update({f"{conv}.bias": torch.zeros(3)}), f"{conv}.bias")
    refuse("NaN", lambda s: s[f"{conv}.weight"][0, 0].fill_(np.nan), f"{conv}.weight: not every")
    refuse("a tensor too many", lambda s: s.update(extra=torch.zeros(1)), "tensor extra: not known")
    (folder / "text.ckpt").write_text("hello")
    done, text = convert("from_pytorch.py", folder / "text.ckpt", folder / "broken.out")
    report(not done and text.count("\n") == 1, "refused: not a checkpoint", text)
    done, text = convert("from_keras.py", folder / "text.ckpt", folder / "broken.out")
    report(not done and text.count("\n") == 1, "refused: not an HDF5 file", text)
    with h5py.File(keras, "r+") as file:
        del file["model_weights/conv2d_1/conv2d_1/bias:0"]
    done, text = convert("from_keras.py", keras, folder / "broken.out")
    report(not done and "conv2d_1/bias is missing" in text, "refused: a Keras tensor missing", text)
    report(not (folder / "broken.out").exists(), "nothing is written then")


def check_counts(folder):
    """Parameters of the published configurations, from the descriptions."""
    torch.manual_seed(5)
    for filters, simple, n_fft, published in (
        (24, False, 2048, 22895590),
        (32, False, 1024, 40338902),
        (32, True, 1024, 39305762),
    ):
        checkpoint, model = folder / "full.ckpt", folder / "full.safetensors"
        torch.save(Framework(filters, 6, simple, n_fft).state_dict(), checkpoint)
        done, text = convert("from_pytorch.py", checkpoint, model, "--n-fft", n_fft)
        report(done and f"{published:,} parameters" in text, f"{published:,} parameters", text)
    for control, simple, published in (
        (("dense", [16, 64, 256]), True, 9844847),
        (("dense", [16, 256, 1024]), False, 12159875),
        (("conv", [16, 32, 64]), True, 9834703),
        (("conv", [32, 64, 256]), False, 10416275),
    ):
        network = Keras(16, 6, control, simple)
        network(np.zeros((512, 128, 1)), np.zeros(4))
        network.save(folder / "full.h5", True)
        done, text = convert("from_keras.py", folder / "full.h5", folder / "full.safetensors")
        report(done and f"{published:,} parameters" in text, f"{published:,} parameters", text)


def check_several(folder, name):
    """The writer and the reader of version 2, on one of its golden networks."""
    description, vectors, _ = make_golden.later_cases()[name]
    tensors = weights.Tensors()
    for key, shape in weights.expected_shapes(description).items():
        tensors.add(key, make_golden.tensor(key, *shape).numpy(), key)
    model = folder / f"{name}.safetensors"
    weights.write(model, description, tensors, {"name": name})
    image = make_golden.magnitudes(description["stft"], description["stft"]["bins"])
    expected = make_golden.mask(description, vectors[-1], image)
    compare(f"version 2, {name}", model, image.numpy(), vectors[-1], expected)
    again, values, card = weights.read(model)
    same = all(np.array_equal(tensors.values[key], values[key]) for key in tensors.values)
    report(same and card == {"name": name} and again["networks"][0]["encoder"],
           f"version 2, {name}: is read as it was written")  # fmt: skip
    values.pop("networks.0.encoder.0.bias")
    tensors.values = values
    try:
        weights.write(model, description, tensors, {})
        report(False, f"version 2, {name}: a missing tensor is named")
    except weights.Refused as why:
        report("networks.0.encoder.0.bias" in str(why),
               f"version 2, {name}: a missing tensor is named", str(why))  # fmt: skip


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_pytorch(folder, "pytorch-simple", 8, 3, True, 16, 64, bare=True)
        checkpoint, state = check_pytorch(
            folder, "pytorch-complex", 8, 3, False, 16, 64, bare=False
        )
        check_pytorch(folder, "pytorch-full", 24, 6, False, 128, 1024, bare=False)
        keras = check_keras(folder, "keras-dense-simple", ("dense", [8, 16, 24]), True, True)
        check_keras(folder, "keras-dense-complex", ("dense", [8, 16, 24]), False, False)
        check_keras(folder, "keras-cnn-simple", ("conv", [8, 16, 24]), True, True)
        check_keras(folder, "keras-cnn-complex", ("conv", [8, 16, 24]), False, True)
        check_keras(folder, "keras-plain", None, True, True)
        check_refused(folder, checkpoint, state, keras)
        check_counts(folder)
        check_several(folder, "films")
        check_several(folder, "two")
    print(f"1..{len(results)}")
    return not all(results)


if __name__ == "__main__":
    MASKS = pathlib.Path(sys.argv[1]).resolve()
    sys.exit(main())
